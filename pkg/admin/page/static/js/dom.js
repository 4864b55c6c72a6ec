// Elements and their texts. Nothing here takes markup: what a server says ends up in text nodes and attributes, so it can not become elements
// or scripts, whatever it holds.

// el makes an element. Properties that begin with "on" are listeners, "text" is its text; all others are attributes, left out if null or false.
export function el(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") setText(node, value);
    else setAttribute(node, key, value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

export function setAttribute(node, key, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(key);
  else if (node.getAttribute(key) !== String(value)) node.setAttribute(key, value === true ? "" : value);
}

// Characters that turn the direction of a text, or can not be seen, could make an id look like another.
const unseen = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// visible writes them by their numbers.
export const visible = (text) => String(text ?? "").replace(unseen, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

// setText touches a node only if something changes: a selection in it, and what a screen reader is at, stay.
export function setText(node, text) {
  text = visible(text);
  if (node.textContent !== text) node.textContent = text;
}

export const byID = (id) => document.getElementById(id);

const rows = new WeakMap();

// keyed makes the children of parent be one for each item, in their order. A child lives as long as its key: focus, selections and open
// details survive a new state. make(item) returns the node, with a function update(item) if it changes later.
export function keyed(parent, items, keyOf, make) {
  const old = rows.get(parent) ?? new Map();
  const next = new Map();
  for (const item of items) {
    let key = keyOf(item);
    while (next.has(key)) key += "+"; // ids may be there twice
    const row = old.get(key) ?? make(item);
    next.set(key, row);
    row.update?.(item);
  }
  for (const [key, row] of old) if (!next.has(key)) row.node.remove();
  let place = null;
  for (const row of [...next.values()].reverse()) {
    // Moved only if it is not there yet: a node that is put in anew loses the focus.
    if (row.node.parentNode !== parent || row.node.nextSibling !== place) parent.insertBefore(row.node, place);
    place = row.node;
  }
  rows.set(parent, next);
}

export const list = (x) => (Array.isArray(x) ? x : []);
