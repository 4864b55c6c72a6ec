// Pieces that several parts of the page are made of.

import { el, setAttribute, setText } from "./dom.js";

// state shows one of the adapter's states by shape, colour and word.
export function state() {
  const word = el("span");
  const node = el("span", { class: "state" }, el("i", { class: "glyph", "aria-hidden": "true" }), word);
  return {
    node,
    update(value) {
      setAttribute(node, "data-state", value);
      setText(word, value ?? "unknown");
    },
  };
}

// cells makes the cells of a row; update takes their texts by name. On a phone a cell stands alone, with its column's name before it.
export function cells(columns) {
  const all = columns.map(({ name, label, kind }) => [name, el("td", { role: "cell", class: kind, "data-label": label })]);
  return {
    nodes: all.map(([, node]) => node),
    of: Object.fromEntries(all),
    update(texts) {
      for (const [name, node] of all) if (name in texts) setText(node, texts[name]);
    },
  };
}

// header is the head of a table with these columns.
export const header = (columns) =>
  el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...columns.map(({ label, kind, hidden }) => el("th", { role: "columnheader", scope: "col", class: kind }, el("span", { class: hidden ? "unseen" : null, text: label })))));

// mark shows that a figure is not what it should be.
export const mark = (node, kind) => setAttribute(node, "data-mark", kind);

// bar fills a part of its width; tick, if given, is where it would be if all were even.
export function bar() {
  const fill = el("i");
  const tick = el("b");
  const node = el("span", { class: "bar", "aria-hidden": "true" }, fill, tick);
  return {
    node,
    update(share, even, kind) {
      fill.style.width = `${Math.min(100, Math.max(0, share * 100))}%`;
      tick.hidden = even === undefined;
      if (even !== undefined) tick.style.left = `${Math.min(100, even * 100)}%`;
      setAttribute(node, "data-mark", kind);
    },
  };
}

// button keeps the focus while it can not be pressed: it says so instead of being disabled.
export function button(label, press, properties = {}) {
  const node = el("button", { type: "button", text: label, ...properties, onclick: () => node.getAttribute("aria-disabled") !== "true" && press(node) });
  return {
    node,
    update(text, enabled = true) {
      setText(node, text);
      setAttribute(node, "aria-disabled", enabled ? null : "true");
    },
  };
}
