// Dialogs: they hold the focus while they are open, Escape refuses, and the focus goes back to where it was.

import { byID, el, setText } from "./dom.js";

// holding has what ends the question that a dialog shows.
const holding = new WeakMap();

// hold opens a dialog and resolves to what it was closed with: true by the button yes, else false. The focus begins at the button first.
//
// Browsers tell of a closing a moment after it. By then the dialog may show the next question already, so a new question refuses the one
// before: what was asked of one channel is never answered for another.
function hold(dialog, first, yes) {
  holding.get(dialog)?.(false);
  const before = document.activeElement;
  return new Promise((resolve) => {
    const ended = new AbortController();
    const end = (wanted) => {
      ended.abort();
      holding.delete(dialog);
      if (dialog.open) dialog.close();
      if (before?.isConnected) before.focus();
      resolve(wanted);
    };
    holding.set(dialog, end);
    const on = (node, event, handle) => node?.addEventListener(event, handle, { signal: ended.signal });
    on(yes, "click", () => end(true));
    on(dialog, "click", (e) => e.target.closest("[data-close]") && end(false));
    on(dialog, "close", () => dialog.open || end(false));
    dialog.showModal();
    first.focus();
  });
}

// ask resolves to whether the operator wants it.
export function ask({ title, text, yes, danger = false }) {
  const button = byID("confirm-yes");
  setText(byID("confirm-title"), title);
  setText(byID("confirm-text"), text);
  setText(button, yes);
  button.className = danger ? "danger" : "primary";
  // Enter pressed once too often must not stop a channel.
  return hold(byID("confirm"), byID("confirm-no"), button);
}

// show has something to read. details are elements below the text.
export function show({ title, text = "", details = [] }) {
  setText(byID("reader-title"), title);
  setText(byID("reader-text"), text);
  byID("reader-details").replaceChildren(...details);
  return hold(byID("reader"), byID("reader-close"));
}

// askToken resolves to a token. It can not be refused: without one there is nothing to see.
export function askToken(wrong) {
  const dialog = byID("token");
  const field = byID("token-field");
  setText(byID("token-wrong"), wrong ? "The server did not accept that token." : "");
  field.setAttribute("aria-invalid", String(wrong));
  field.value = "";
  return new Promise((resolve) => {
    const form = byID("token-form");
    const keepOpen = (e) => e.preventDefault();
    const take = (e) => {
      e.preventDefault();
      const given = field.value.trim();
      if (given === "") return;
      form.removeEventListener("submit", take);
      dialog.removeEventListener("cancel", keepOpen);
      field.value = "";
      dialog.close();
      resolve(given);
    };
    form.addEventListener("submit", take);
    dialog.addEventListener("cancel", keepOpen);
    if (!dialog.open) dialog.showModal();
    field.focus();
  });
}

// textBlock keeps the line breaks of a text, such as a payload or the errors of a document.
export const textBlock = (text) => el("pre", { text, tabindex: "0" });
