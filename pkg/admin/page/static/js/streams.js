// Streams and their shards: where records were predicted to go, where they landed, and which shards get too much.

import { byID, el, keyed, list, setAttribute, setText, visible } from "./dom.js";
import { bytes, count, duration, percent, plural, rate, span } from "./format.js";
import { bar, cells, header, mark } from "./parts.js";

const shardFigures = [
  { name: "load", label: "Share of load", kind: "load" },
  { name: "rate", label: "Records/s", kind: "n" },
  { name: "bytes", label: "Bytes/s", kind: "n" },
  { name: "predicted", label: "Predicted", kind: "n" },
  { name: "landed", label: "Landed", kind: "n" },
  { name: "throttled", label: "Throttled", kind: "n" },
  { name: "failed", label: "Failed", kind: "n" },
  { name: "buffered", label: "Buffered", kind: "n" },
  { name: "pace", label: "Paced at", kind: "n" },
];

// few is how many shards are shown until all are asked for: the busiest.
const few = 16;

// astray is the part of a shard's records from which on it is worth a look that they did not land where they were predicted to: a few do when
// a stream is resharded.
const astray = 0.01;

const keySpace = 2n ** 128n;

// rangeOf is the part of the hash key space that a shard has, from 0 to 1. Hash keys are too large for numbers.
function rangeOf(shard) {
  try {
    return Number(((BigInt(shard.ending_hash_key) - BigInt(shard.starting_hash_key) + 1n) * 1_000_000n) / keySpace) / 1e6;
  } catch {
    return undefined;
  }
}

// shardName sets off the digits that tell shards apart from the zeros before them.
function shardName(node, id) {
  if (node.dataset.id === id) return;
  node.dataset.id = id;
  const [, zeros, rest] = /^(shardId-0*)(.*)$/s.exec(id) ?? [null, "", id];
  node.replaceChildren(el("span", { class: "zeros", text: zeros }), visible(rest === "" ? "0" : rest));
  if (rest === "") node.firstChild.textContent = zeros.slice(0, -1);
}

function shardRow() {
  const id = el("span", { class: "id" });
  const hot = el("small", { class: "hot" });
  const keys = el("small", { class: "keys" });
  const figure = cells(shardFigures);
  const share = el("span");
  const even = el("small");
  const filled = bar();
  figure.of.load.append(share, " ", even, filled.node);
  const more = el("tr", { role: "row", class: "more" }, el("td", { role: "cell", colspan: shardFigures.length + 1 }, hot, keys));
  const node = el("tbody", { role: "rowgroup" }, el("tr", { role: "row" }, el("th", { role: "rowheader", scope: "row", class: "name" }, id), ...figure.nodes), more);
  return {
    node,
    update({ shard, total, warning, landed, range }) {
      shardName(id, shard.shard_id);
      setText(hot, warning ? `Hot: ${warning.reason}` : "");
      setText(keys, list(shard.hot_keys).length > 0 ? `Hottest keys: ${shard.hot_keys.map((k) => `${k.key} ${percent(k.share)}`).join(", ")}` : "");
      const part = total > 0 ? shard.records_per_second / total : 0;
      setText(share, percent(part));
      setText(even, range === undefined ? "" : `range ${percent(range)}`);
      more.hidden = hot.textContent === "" && keys.textContent === "";
      figure.of.load.title = "its part of the stream's records per second, and of the hash key space";
      filled.update(part, range, warning ? "warn" : null);
      figure.update({
        rate: rate(shard.records_per_second),
        bytes: bytes(shard.bytes_per_second),
        predicted: count(shard.stored),
        landed: landed ? count(shard.landed) : "",
        throttled: count(shard.throttled),
        failed: count(shard.failed),
        buffered: count(shard.buffered + shard.in_flight),
        pace: percent(shard.rate_percent / 100),
      });
      figure.of.landed.hidden = !landed;
      mark(figure.of.landed, landed && Math.abs(shard.landed - shard.stored) > astray * Math.max(shard.landed, shard.stored) ? "warn" : null);
      mark(figure.of.throttled, shard.throttled > 0 ? "warn" : null);
      mark(figure.of.failed, shard.failed > 0 ? "bad" : null);
      figure.of.failed.title = codes(shard.errors_by_code);
    },
  };
}

const codes = (by) => Object.entries(by ?? {}).sort((a, b) => b[1] - a[1]).map(([code, n]) => `${code} ${count(n)}`).join(", ");

// facts are the figures of a stream, as pairs.
function factsOf(s) {
  const per = s.kinesis_records > 0 ? s.stored / s.kinesis_records : null;
  return [
    ["Records/s", rate(s.records_per_second)],
    ["Bytes/s", bytes(s.bytes_per_second)],
    ["p50", duration(s.latency?.count > 0 ? s.latency.p50_ns : null)],
    ["p99", duration(s.latency?.count > 0 ? s.latency.p99_ns : null)],
    ["Stored", count(s.stored)],
    ["Failed", count(s.failed), s.failed > 0 && "bad"],
    ["Retries", count(s.retries)],
    ["Throttled", count(s.throttled), s.throttled > 0 && "warn"],
    ["Wrong shard", count(s.wrong_shard)],
    ["Buffered", count(s.buffered + s.retrying)],
    ["In flight", count(s.in_flight)],
    ["Aggregation", s.aggregating ? (per === null ? "on" : `${rate(per)} per Kinesis record`) : "off"],
    ["Request p50", duration(s.request_time?.count > 0 ? s.request_time.p50_ns : null)],
  ];
}

function fact([name]) {
  const value = el("dd");
  return {
    node: el("div", {}, el("dt", { text: name }), value),
    update([, text, marked]) {
      setText(value, text);
      mark(value, marked || null);
    },
  };
}

function streamPart() {
  const name = el("h3");
  const about = el("small");
  const facts = el("dl");
  const errors = el("p", { class: "codes" });
  const head = header([{ label: "Shard", kind: "name" }, ...shardFigures]);
  const landedHead = head.querySelectorAll("th")[shardFigures.findIndex((f) => f.name === "landed") + 1];
  const table = el("table", { role: "table" });
  let all = false;
  let last = null;
  const more = el("button", { type: "button", class: "quiet", onclick: () => ((all = !all), update(last)) });
  const node = el("article", { class: "stream" }, el("header", {}, name, about), facts, errors, table, more);
  function update(s) {
    last = s;
    const shards = list(s.stream.shards);
    const landed = shards.some((x) => typeof x.landed === "number");
    setText(name, s.stream.stream);
    setText(about, [`connection ${s.connection}`, plural(s.stream.open_shards ?? 0, "open shard"), s.stream.open_shards > 0 ? `shard map ${span(s.stream.shard_map_age_ns / 1e9)} old` : "shard map not there yet"].join(" · "));
    keyed(facts, factsOf(s.stream), ([n]) => n, fact);
    setText(errors, s.stream.errors_by_code ? `Failed attempts: ${codes(s.stream.errors_by_code)}` : "");
    const total = shards.reduce((n, x) => n + (x.records_per_second || 0), 0);
    const shown = all || shards.length <= few ? shards : busiest(shards, s.hot);
    landedHead.hidden = !landed;
    table.hidden = shards.length === 0;
    setAttribute(table, "aria-label", `Shards of ${s.stream.stream}`);
    const rows = shown.map((shard) => ({ shard, total, landed, warning: s.hot.get(shard.shard_id), range: rangeOf(shard) }));
    keyed(table, [null, ...rows], (x) => (x ? `shard ${x.shard.shard_id}` : "head"), (x) => (x ? shardRow() : { node: head }));
    more.hidden = shards.length <= few;
    setText(more, all ? `Show the ${few} busiest only` : `Show all ${count(shards.length)} shards; these are the busiest`);
  }
  return { node, update };
}

// busiest are few shards in the order that they have, those with a warning first of all.
function busiest(shards, hot) {
  const weight = (x) => (hot.has(x.shard_id) ? Infinity : x.records_per_second + x.throttled / 1e6);
  const chosen = new Set([...shards].sort((a, b) => weight(b) - weight(a)).slice(0, few));
  return shards.filter((x) => chosen.has(x));
}

export function streams() {
  const place = byID("stream-list");
  return (status) => {
    const all = list(status.connections).flatMap((c) => list(c.producer?.streams).map((stream) => ({ connection: c.id, stream, hot: new Map() })));
    for (const h of list(status.hotShards)) all.find((s) => s.connection === h.connection && s.stream.stream === h.stream)?.hot.set(h.shardId, h);
    setText(byID("stream-count"), count(all.length));
    byID("no-streams").hidden = all.length > 0;
    keyed(place, all, (s) => JSON.stringify([s.connection, s.stream.stream]), streamPart);
  };
}
