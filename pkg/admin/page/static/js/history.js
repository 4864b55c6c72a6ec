// The last ten minutes, as columns for the plots. The server keeps no history, so it begins when the page does; a page that is loaded again
// in the same tab goes on with what it had.

import { list } from "./dom.js";

export const minutes = 10;
const span = minutes * 60;
const stored = "adapterd.history";
// gap is how many seconds between two states break the lines.
const gap = 3.5;

export const columns = ["t", "records", "messages", "lately", "p50", "p99", "failed", "throttled", "inWorkflows", "inProducers"];

// lately is over how many seconds the mean latency is taken.
const lately = 10;

// timed are those whose latency is known, {key, latency}: the workflows, or the streams if nothing tells how long messages take.
function timed(status) {
  const known = (all) => all.filter((x) => x.latency?.count > 0);
  const workflows = known(list(status.channels).flatMap((c) => list(c.workflows).map((w) => ({ key: JSON.stringify([c.id, w.id]), latency: w.latency }))));
  if (workflows.length > 0) return workflows;
  return known(list(status.connections).flatMap((c) => list(c.producer?.streams).map((s) => ({ key: JSON.stringify([c.id, s.stream]), latency: s.latency }))));
}

// sampleOf takes from a state what is plotted. counts are totals, from which rates are made.
export function sampleOf(status) {
  const workflows = list(status.channels).flatMap((c) => list(c.workflows));
  const producers = list(status.connections).map((c) => c.producer).filter(Boolean);
  const streams = producers.flatMap((p) => list(p.streams));
  const sum = (all, of) => all.reduce((n, x) => n + (of(x) || 0), 0);
  // Quantiles can not be added up: those of the slowest are shown.
  const slowest = timed(status).reduce((a, { latency: b }) => (a && a.p99_ns >= b.p99_ns ? a : b), null);
  return {
    t: Date.parse(status.now) / 1000,
    records: producers.length > 0 ? sum(streams, (s) => s.records_per_second) : null,
    messages: sum(workflows, (w) => w.messagesPerSecond),
    p50: slowest ? slowest.p50_ns : null,
    p99: slowest ? slowest.p99_ns : null,
    inWorkflows: sum(workflows, (w) => w.bufferedBytes),
    inProducers: producers.length > 0 ? sum(producers, (p) => p.outstanding_bytes) : null,
    failedTotal: (status.counts?.failed || 0) + (status.counts?.handled || 0),
    throttledTotal: producers.length > 0 ? sum(streams, (s) => s.throttled) : null,
  };
}

export class History {
  constructor() {
    this.data = columns.map(() => []);
    this.last = null;
    this.of = "";
    this.sums = new Map(); // of those whose latency is known, what it was in the last seconds: [{t, count, sum}], oldest first
  }

  // meanLately is how long messages took in the last seconds where they took longest. The server counts latencies since its start, so its
  // quantiles hardly move after a while; the means of two moments tell the mean between them.
  meanLately(status, t) {
    const next = new Map();
    let most = null;
    for (const { key, latency } of timed(status)) {
      const now = { t, count: latency.count, sum: latency.count * latency.mean_ns };
      const past = (this.sums.get(key) ?? []).filter((p) => t - p.t <= lately && p.count <= now.count);
      const n = past.length > 0 ? now.count - past[0].count : 0;
      if (n > 0) most = Math.max(most ?? 0, (now.sum - past[0].sum) / n);
      next.set(key, [...past, now]);
    }
    this.sums = next;
    return most;
  }

  // add takes a state, and leaves out what is older than ten minutes.
  add(status) {
    const of = `${status.document}|${status.startedAt}`;
    if (this.of !== of) {
      // Another run has other counts. Its lines begin anew beside those of the one before.
      this.last = null;
      this.sums.clear();
      this.of = of;
    }
    const s = sampleOf(status);
    if (!Number.isFinite(s.t)) return;
    const times = this.data[0];
    const before = times.at(-1);
    if (before !== undefined && s.t < before) this.clear(); // a clock was set back
    else if (before !== undefined && s.t === before) return;
    else if (before !== undefined && s.t - before > gap) this.push({ t: before + 1 });
    const per = (total) => {
      if (!this.last || s[total] === null || this.last[total] === null) return null;
      // Totals of a stream that was not used for long begin anew.
      return Math.max(0, s[total] - this.last[total]) / (s.t - this.last.t);
    };
    this.push({ ...s, lately: this.meanLately(status, s.t), failed: per("failedTotal"), throttled: per("throttledTotal") });
    this.last = s;
    let old = 0;
    while (times[old] < s.t - span) old++;
    if (old > 0) for (const c of this.data) c.splice(0, old);
  }

  push(sample) {
    columns.forEach((name, i) => this.data[i].push(sample[name] ?? null));
  }

  clear() {
    for (const c of this.data) c.length = 0;
    this.sums.clear();
    this.last = null;
  }

  // take is the columns of these names, times first.
  take(names) {
    return [this.data[0], ...names.map((n) => this.data[columns.indexOf(n)])];
  }

  save() {
    try {
      sessionStorage.setItem(stored, JSON.stringify({ of: this.of, data: this.data }));
    } catch {
      // No room: the next page begins anew.
    }
  }

  restore() {
    try {
      const { of, data } = JSON.parse(sessionStorage.getItem(stored) ?? "null") ?? {};
      if (Array.isArray(data) && data.length === columns.length && data.every((c) => c.length === data[0].length)) {
        this.of = String(of);
        this.data = data;
      }
    } catch {
      sessionStorage.removeItem(stored);
    }
  }
}
