// The one line that is read first: whether all is well, and if not, what is the matter. It is made of states and failures alone, so it says
// the same on every page that looks at the same adapter.

import { list } from "./dom.js";
import { bytes, count, duration, plural, rate, span } from "./format.js";

const recent = 10 * 60e3;
// keptFailures is how many the server keeps at most: when all are recent there may have been more.
const keptFailures = 200;

const names = (ids) => (ids.length > 3 ? `${ids.slice(0, 3).join(", ")} and ${ids.length - 3} more` : ids.join(", "));

function channelsOf(channels) {
  const running = channels.filter((c) => c.state === "started");
  const n = channels.length;
  if (n === 0) return "There is no channel";
  if (running.length === n) return n === 1 ? `Channel ${channels[0].id} runs` : n === 2 ? "Both channels run" : `All ${count(n)} channels run`;
  const others = ["failed", "paused", "stopped", "stopping", "starting"]
    .map((state) => [state, channels.filter((c) => c.state === state).map((c) => c.id)])
    .filter(([, ids]) => ids.length > 0)
    .map(([state, ids]) => `${names(ids)} ${{ failed: "failed", paused: ids.length > 1 ? "are paused" : "is paused" }[state] ?? `${ids.length > 1 ? "are" : "is"} ${state}`}`);
  return [`${running.length === 0 ? "No channel runs" : `${count(running.length)} of ${count(n)} channels ${running.length === 1 ? "runs" : "run"}`}`, ...others].join("; ");
}

function throughputOf(status) {
  const sum = (all, of) => all.reduce((n, x) => n + (of(x) || 0), 0);
  const producers = list(status.connections).map((c) => c.producer).filter(Boolean);
  if (producers.length > 0) return `${rate(sum(producers.flatMap((p) => list(p.streams)), (s) => s.records_per_second))}\u00a0records/s`;
  return `${rate(sum(list(status.channels).flatMap((c) => list(c.workflows)), (w) => w.messagesPerSecond))}\u00a0messages/s`;
}

function failuresOf(failures, now) {
  const late = failures.filter((f) => now - Date.parse(f.at) < recent);
  if (late.length === 0) return { text: "nothing failed in the last 10\u00a0min", n: 0, lost: 0 };
  const more = late.length >= keptFailures ? " or more" : "";
  const lost = late.filter((f) => !f.handled).length;
  const taken = lost === 0 ? (late.length === 1 ? ", taken by an error handler" : ", all taken by error handlers") : "";
  return { text: `${count(late.length)}${more} ${late.length === 1 ? "message" : "messages"} failed in the last 10\u00a0min${taken}`, n: late.length, lost };
}

// matters are the things to look at: {level, text, to}, worst first. to is the id of a part of the page.
function matters(status, now) {
  const out = [];
  const add = (level, text, to) => out.push({ level, text, to });
  const channels = list(status.channels);
  const failed = channels.filter((c) => c.error);
  for (const c of failed) add("bad", `Channel ${c.id}: ${c.error}`, "channels");
  // What is said of a channel above, or by the line on top, is not said again.
  const said = (reason) => failed.some((c) => reason.includes(c.error)) || channels.some((c) => reason === `channel ${c.id} is ${c.state}`) || reason === `the adapter is ${status.state}`;
  for (const reason of list(status.notReady)) if (!said(reason)) add(status.state === "starting" ? "warn" : "bad", reason, "channels");
  for (const c of list(status.connections)) {
    if (c.state === "failed") add("bad", `Connection ${c.id} failed`, "connections");
    const p = c.producer;
    if (!p) continue;
    if (p.blocked_puts > 0)
      add("warn", `${plural(p.blocked_puts, "put waits", "puts wait")} for room in connection ${c.id}: ${count(p.outstanding_records)} records and ${bytes(p.outstanding_bytes)} are outstanding`, "connections");
    for (const s of list(p.streams))
      if (s.shard_map_error) add("warn", `The shard map of ${s.stream}, ${duration(s.shard_map_age_ns)} old, can not be renewed: ${s.shard_map_error}`, "streams");
  }
  for (const h of list(status.hotShards)) add("warn", `Hot shard ${h.shardId} of ${h.stream}: ${h.reason}`, "streams");
  if (status.lastReload?.error) add("warn", `The last reload was refused: ${status.lastReload.error}`, null);
  return out.sort((a, b) => (a.level === b.level ? 0 : a.level === "bad" ? -1 : 1));
}

// judge is what to show on top: level is ok, warn or bad.
export function judge(status, failures) {
  const now = Date.parse(status.now);
  const channels = list(status.channels);
  const points = matters(status, now);
  if (channels.length === 0 && status.state !== "started") {
    const text = { starting: "The adapter is starting", failed: "The adapter did not start", stopping: "The adapter is stopping", stopped: "The adapter has stopped" }[status.state] ?? `The adapter is ${status.state}`;
    return { level: status.state === "failed" ? "bad" : "warn", head: text, points, short: text };
  }
  const failing = failuresOf(failures, now);
  const running = channels.filter((c) => c.state === "started").length;
  // One that the document does not start may well be stopped.
  const missing = channels.some((c) => c.state !== "started" && (c.autoStart || c.state !== "stopped"));
  const bad = points.some((p) => p.level === "bad") || channels.some((c) => c.state === "failed") || status.state === "failed";
  const warn = points.length > 0 || missing || status.state === "stopping" || failing.n > 0 || channels.length === 0;
  return {
    level: bad || failing.lost > 0 ? "bad" : warn ? "warn" : "ok",
    head: status.state === "stopping" ? "The adapter is stopping" : channelsOf(channels),
    throughput: throughputOf(status),
    failures: failing,
    points,
    short: `${count(running)}/${count(channels.length)} channels`,
  };
}

export const uptime = (status) => {
  const s = (Date.parse(status.now) - Date.parse(status.startedAt)) / 1000;
  return Number.isFinite(s) && s < 1e9 ? `up ${span(s)}` : ""; // the zero time is long ago
};
