// What happened, said once: to the eye in a corner, and to screen readers by a live region. What went wrong stays until it is dismissed.

import { byID, el, visible } from "./dom.js";

const shown = 7_000;
const most = 5;

function put(kind, text) {
  const box = byID(kind === "bad" ? "alerts" : "notices");
  // What is said again stands there once.
  for (const old of [...box.children]) if (old.firstChild.textContent === visible(text)) old.remove();
  const close = el("button", { type: "button", class: "quiet", "aria-label": "Dismiss", text: "×", onclick: () => notice.remove() });
  const notice = el("div", { class: "notice", "data-kind": kind }, el("span", { text }), close);
  box.append(notice);
  while (box.children.length > most) box.firstChild.remove();
  return notice;
}

export function tell(text) {
  const notice = put("ok", text);
  setTimeout(() => notice.remove(), shown);
}

export const warn = (text) => put("bad", text);

// say is for screen readers alone: changes that the eye sees anyway.
export function say(text) {
  byID("said").textContent = text;
}
