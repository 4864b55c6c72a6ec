// Messages that were written to a directory because they failed: to read, to send again, to drop.

import { get, pathOf, post } from "./api.js";
import { ask, show, textBlock } from "./dialogs.js";
import { byID, el, keyed, list, setAttribute, setText } from "./dom.js";
import { bytes, count, moment, plural } from "./format.js";
import { say, tell, warn } from "./notices.js";

const few = 25;
// listed is how many the server lists at most.
const listed = 1000;
// regularly is how often the list is asked for, in ms, besides when a message fails and when something was done.
const regularly = 30_000;
const soon = 1_500;
// apart is how long after one list the next is asked for, at the least: in an outage each of them is long.
const apart = 3_000;

const keyOf = (m) => JSON.stringify([m.dir, m.name]);

export class FailedMessages {
  constructor() {
    this.all = [];
    this.chosen = new Set();
    this.shown = few;
    this.busy = false;
    this.now = Date.now();
    this.timer = 0;
    this.next = Infinity; // when the list is asked for, in ms
    this.last = -Infinity; // when it was
    this.progress = "";
    this.place = byID("failed-list");
    this.everyone = byID("failed-all");
    this.everyone.addEventListener("change", () => {
      this.chosen = new Set(this.everyone.checked ? this.all.map(keyOf) : []);
      this.draw();
    });
    byID("failed-retry").addEventListener("click", () => this.act("retry", this.selected()));
    byID("failed-drop").addEventListener("click", () => this.act("drop", this.selected()));
    byID("more-failed").addEventListener("click", () => {
      this.shown = Infinity;
      this.draw();
    });
  }

  selected() {
    return this.all.filter((m) => this.chosen.has(keyOf(m)));
  }

  // refreshSoon asks once for many failures that come together, and does not put it off for those that follow.
  refreshSoon(after = soon) {
    const at = Math.max(Date.now() + after, this.last + apart);
    if (at >= this.next) return;
    clearTimeout(this.timer);
    this.next = at;
    this.timer = setTimeout(() => this.refresh(), at - Date.now());
  }

  async refresh() {
    clearTimeout(this.timer);
    this.next = Infinity;
    this.last = Date.now();
    try {
      this.all = list(await get("api/failed"));
      setText(byID("failed-error"), "");
    } catch (error) {
      setText(byID("failed-error"), `The failed messages can not be listed: ${error.message}`);
    }
    this.refreshSoon(regularly);
    const there = new Set(this.all.map(keyOf));
    this.chosen = new Set([...this.chosen].filter((k) => there.has(k)));
    this.draw();
  }

  // show takes the server's time, in ms.
  show(now) {
    this.now = now;
    this.draw();
  }

  draw() {
    const n = this.chosen.size;
    setText(byID("failed-count"), this.all.length >= listed ? `the newest ${count(listed)}` : count(this.all.length));
    byID("failed-none").hidden = this.all.length > 0;
    byID("failed-some").hidden = this.all.length === 0;
    this.everyone.checked = n > 0 && n === this.all.length;
    this.everyone.indeterminate = n > 0 && n < this.all.length;
    setText(byID("failed-chosen"), this.progress || (n > 0 ? `${plural(n, "message")} selected` : "Select all"));
    for (const id of ["failed-retry", "failed-drop"]) setAttribute(byID(id), "aria-disabled", n === 0 || this.busy ? "true" : null);
    keyed(this.place, this.all.slice(0, this.shown), keyOf, () => this.row());
    const more = byID("more-failed");
    more.hidden = this.all.length <= this.shown;
    setText(more, `Show ${count(this.all.length - this.shown)} more`);
  }

  row() {
    let message = null;
    const box = el("input", {
      type: "checkbox",
      onchange: () => {
        if (box.checked) this.chosen.add(keyOf(message));
        else this.chosen.delete(keyOf(message));
        this.draw();
      },
    });
    const name = el("button", { type: "button", class: "link id", onclick: () => this.open(message) });
    const about = el("p", { class: "about" });
    const reason = el("p", { class: "reason" });
    const node = el("li", {}, el("label", { class: "pick" }, box), el("div", {}, name, reason, about));
    return {
      node,
      update: (m) => {
        message = m;
        box.checked = this.chosen.has(keyOf(m));
        setAttribute(box, "aria-label", `Select ${m.name}`);
        setText(name, m.name);
        setText(reason, m.reason ?? "");
        const from = [m.channel, m.workflow].filter(Boolean).join(" / ");
        setText(about, [moment(m.at, this.now), bytes(m.bytes), from, m.errorCode, m.attempts > 0 && plural(m.attempts, "attempt"), m.directory].filter(Boolean).join(" · "));
      },
    };
  }

  async open(m) {
    try {
      const d = await get(pathOf("failed", m.dir, m.name));
      const pairs = Object.entries(d.metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
      show({
        title: m.name,
        text: d.reason ?? "",
        details: [
          d.remedy ? el("p", { class: "remedy", text: d.remedy }) : null,
          el("h3", { text: "Metadata" }),
          pairs.length > 0 ? el("dl", { class: "pairs" }, ...pairs.flatMap(([k, v]) => [el("dt", { text: k }), el("dd", { text: String(v) })])) : el("p", { text: "There is none." }),
          el("h3", { text: `Payload${d.base64 ? ", not text, in Base64" : ""}${d.truncated ? ", its beginning" : ""}` }),
          textBlock(d.payload ?? ""),
        ].filter(Boolean),
      });
    } catch (error) {
      warn(`${m.name} can not be shown: ${error.message}`);
    }
  }

  async act(action, messages) {
    if (messages.length === 0 || this.busy) return;
    const what = messages.length === 1 ? messages[0].name : plural(messages.length, "failed message");
    const retry = action === "retry";
    const text = retry
      ? "Each is put where its workflow takes it again. What was delivered in part the first time is delivered twice."
      : "Each is removed for good, with its metadata. This can not be undone.";
    if (!(await ask({ title: `${retry ? "Retry" : "Drop"} ${what}?`, text, yes: retry ? "Retry" : "Drop for good", danger: !retry }))) return;
    this.busy = true;
    this.draw();
    say(retry ? "Retrying…" : "Dropping…");
    let done = 0;
    const errors = [];
    // One after the other: the server bounds how much is asked of it at a time.
    for (const [i, m] of messages.entries()) {
      this.progress = messages.length > 1 ? `${retry ? "Retrying" : "Dropping"} ${count(i + 1)} of ${count(messages.length)}…` : "";
      this.draw();
      try {
        await patiently(() => post(pathOf("failed", m.dir, m.name, action)));
        done++;
      } catch (error) {
        errors.push(`${m.name}: ${error.message}`);
      }
    }
    this.busy = false;
    this.progress = "";
    if (done > 0) tell(`${plural(done, "failed message")} ${retry ? "given to be tried again" : "dropped"}.`);
    if (errors.length > 0) warn(`${plural(errors.length, "failed message")} could not be ${retry ? "retried" : "dropped"}: ${errors.slice(0, 3).join("; ")}${errors.length > 3 ? "; …" : ""}`);
    await this.refresh();
  }
}

// patiently tries again while the server says that there are too many requests.
async function patiently(request) {
  for (let tries = 0; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (error.status !== 429 || tries >= 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
