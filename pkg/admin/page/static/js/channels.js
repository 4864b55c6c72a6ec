// The table of channels and their workflows.

import { actOnChannel, doing } from "./actions.js";
import { byID, el, keyed, list, setAttribute, setText } from "./dom.js";
import { bytes, count, duration, rate } from "./format.js";
import { button, cells, header, mark, state } from "./parts.js";

const figures = [
  { name: "rate", label: "Messages/s", kind: "n" },
  { name: "p50", label: "p50", kind: "n" },
  { name: "p99", label: "p99", kind: "n" },
  { name: "inFlight", label: "In flight", kind: "n" },
  { name: "buffered", label: "Buffered", kind: "n" },
  { name: "delivered", label: "Delivered", kind: "n" },
  { name: "handled", label: "Handled", kind: "n" },
  { name: "failed", label: "Failed", kind: "n" },
];
const columns = [{ label: "Channel and workflows", kind: "name" }, { label: "State" }, ...figures, { label: "Actions", kind: "actions", hidden: true }];

function figuresOf(x) {
  return {
    rate: rate(x.messagesPerSecond),
    p50: duration(x.latency?.count > 0 ? x.latency.p50_ns : null),
    p99: duration(x.latency?.count > 0 ? x.latency.p99_ns : null),
    inFlight: count(x.counts?.inFlight),
    buffered: bytes(x.bufferedBytes),
    delivered: count(x.counts?.delivered),
    handled: count(x.counts?.handled),
    failed: count(x.counts?.failed),
  };
}

function markCounts(row, counts) {
  mark(row.of.failed, counts?.failed > 0 ? "bad" : null);
  mark(row.of.handled, counts?.handled > 0 ? "warn" : null);
}

function workflowRow() {
  const id = el("span", { class: "id" });
  const way = el("small");
  const shown = state();
  const row = cells(figures);
  const node = el("tr", { role: "row", class: "workflow" }, el("th", { role: "rowheader", scope: "row", class: "name" }, id, way), el("td", { role: "cell", class: "where" }, shown.node), ...row.nodes, el("td", { role: "cell", class: "actions" }));
  return {
    node,
    update(w) {
      setText(id, w.id || "(workflow without an id)");
      setText(way, `${w.consumer} → ${w.producer}`);
      setAttribute(way, "title", w.class);
      shown.update(w.state);
      row.update(figuresOf(w));
      markCounts(row, w.counts);
    },
  };
}

const stoppable = ["started", "starting", "paused"];

function channelRows(first, changed) {
  let channel = first;
  const act = (action) => actOnChannel(channel, action, changed);
  const id = el("span", { class: "id" });
  const connections = el("small");
  const error = el("span", { class: "error" });
  const shown = state();
  const row = cells(figures);
  const startStop = button("", () => act(stoppable.includes(channel.state) ? "stop" : "start"));
  const pauseResume = button("", () => act(channel.state === "paused" ? "resume" : "pause"));
  const restart = button("", () => act("restart"));
  const buttons = el("span", { role: "group" }, startStop.node, pauseResume.node, restart.node);
  const head = el("tr", { role: "row", class: "channel" },
    el("th", { role: "rowheader", scope: "rowgroup", class: "name" }, id, connections, error), el("td", { role: "cell", class: "where" }, shown.node), ...row.nodes, el("td", { role: "cell", class: "actions" }, buttons));
  const node = el("tbody", { role: "rowgroup" }, head);
  return {
    node,
    update(c) {
      channel = c;
      const workflows = list(c.workflows);
      setText(id, c.id);
      setText(connections, [c.consumeConnection, c.produceConnection].filter(Boolean).join(" → "));
      setText(error, c.error ?? "");
      const busy = doing(c.id);
      shown.update(busy ? "busy" : c.state);
      if (busy) setText(shown.node.lastChild, busy);
      setAttribute(node, "aria-busy", busy ? "true" : null);
      // One workflow's figures are the channel's.
      row.update(workflows.length === 1 ? Object.fromEntries(figures.map(({ name }) => [name, ""])) : { ...figuresOf({ ...c, messagesPerSecond: sum(workflows, "messagesPerSecond"), bufferedBytes: sum(workflows, "bufferedBytes") }), p50: "", p99: "" });
      markCounts(row, workflows.length === 1 ? null : c.counts);
      const ready = !busy && c.state !== "stopping";
      startStop.update(stoppable.includes(c.state) ? "Stop" : "Start", ready);
      pauseResume.update(c.state === "paused" ? "Resume" : "Pause", ready && ["started", "paused"].includes(c.state));
      restart.update("Restart", ready && ["started", "paused", "failed"].includes(c.state));
      setAttribute(buttons, "aria-label", `Channel ${c.id}`);
      keyed(node, [null, ...workflows], (w) => (w === null ? "channel" : `workflow ${w.id}`), (w) => (w === null ? { node: head } : workflowRow()));
    },
  };
}

const sum = (all, name) => all.reduce((n, x) => n + (x[name] || 0), 0);

// channels draws those of a state whenever it is called. changed is called when something is to be drawn before the next state.
export function channels(changed) {
  const table = byID("channel-table");
  const head = { node: header(columns) };
  return (status) => {
    const all = list(status.channels);
    setText(byID("channel-count"), count(all.length));
    byID("no-channels").hidden = all.length > 0;
    table.hidden = all.length === 0;
    keyed(table, [null, ...all], (c) => (c === null ? "head" : `channel ${c.id}`), (c) => (c === null ? head : channelRows(c, changed)));
  };
}
