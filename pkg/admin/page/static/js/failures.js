// The last failures, newest first. Those that say the same are one entry with a count, so that one outage does not hide all others.

import { byID, el, keyed, setAttribute, setText } from "./dom.js";
import { count, moment, plural } from "./format.js";

const kept = 200; // as many as the server keeps
const few = 10;

const same = (f) => JSON.stringify([f.channel, f.workflow, f.errorCode, f.stream, f.shardId, f.handled, f.reason]);
const one = (f) => JSON.stringify([f.at, f.channel, f.workflow, f.message]);
const isOne = (f, g) => f.at === g.at && f.message === g.message && f.channel === g.channel && f.workflow === g.workflow;

export class Failures {
  constructor() {
    this.all = []; // newest first
    this.fresh = []; // those of this connection, which a list on its way may not have yet
  }

  // connected forgets what only an earlier connection, to an earlier run perhaps, has told.
  connected() {
    this.fresh = [];
  }

  // replace takes the server's list.
  replace(failures) {
    const known = new Set(failures.map(one));
    this.all = [...this.fresh.filter((f) => !known.has(one(f))), ...failures].slice(0, kept);
  }

  add(failure) {
    if (this.all.some((f) => isOne(f, failure))) return;
    this.fresh = [failure, ...this.fresh].slice(0, kept);
    this.all = [failure, ...this.all].slice(0, kept);
  }

  // groups are the failures that say the same, {failure, n, first}, by their latest.
  groups() {
    const by = new Map();
    for (const f of this.all) {
      const g = by.get(same(f));
      if (g) (g.n++, (g.first = f));
      else by.set(same(f), { failure: f, n: 1, first: f });
    }
    return [...by.values()];
  }
}

function entry() {
  const time = el("time");
  const times = el("span", { class: "times" });
  const where = el("span", { class: "id" });
  const outcome = el("span", { class: "tag" });
  const reason = el("p", { class: "reason" });
  const remedy = el("p", { class: "remedy" });
  const about = el("p", { class: "about" });
  const node = el("li", { class: "failure" }, el("div", { class: "at" }, time, times), el("div", { class: "what" }, el("p", { class: "head" }, where, outcome), reason, remedy, about));
  return {
    node,
    update({ failure: f, n, first, now }) {
      setText(time, moment(f.at, now));
      setAttribute(time, "datetime", f.at);
      setText(times, n > 1 ? `× ${count(n)} since ${moment(first.at, now)}` : "");
      setText(where, [f.channel, f.workflow].filter(Boolean).join(" / "));
      setText(outcome, f.handled ? "taken by an error handler" : "left with its source");
      setAttribute(outcome, "data-mark", f.handled ? "warn" : "bad");
      setText(reason, f.reason);
      setText(remedy, f.remedy ?? "");
      const parts = [f.errorCode, f.attempts > 0 && plural(f.attempts, "attempt"), f.stream && `stream ${f.stream}`, f.shardId, f.message && `message ${f.message}`];
      setText(about, parts.filter(Boolean).join(" · "));
    },
  };
}

// failures draws those of a list whenever it is called.
export function failures(changed) {
  let all = false;
  const place = byID("failure-list");
  const more = byID("more-failures");
  more.addEventListener("click", () => ((all = !all), changed()));
  return (list, now) => {
    const groups = list.groups();
    setText(byID("failure-count"), list.all.length >= kept ? `last ${kept}` : count(list.all.length));
    byID("no-failures").hidden = groups.length > 0;
    keyed(place, (all ? groups : groups.slice(0, few)).map((g) => ({ ...g, now })), (g) => same(g.failure), entry);
    more.hidden = groups.length <= few;
    setText(more, all ? "Show fewer" : `Show ${count(groups.length - few)} more`);
  };
}
