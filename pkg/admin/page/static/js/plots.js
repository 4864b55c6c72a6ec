// The four plots over the last ten minutes. They share the time that the pointer, or the arrow keys, are at.

import { byID, el, setText } from "./dom.js";
import { bytes, duration, rate, moment } from "./format.js";
import { minutes } from "./history.js";

const specs = [
  { title: "Throughput", unit: "per second", write: rate, least: 1, series: [["records", "records", 1], ["messages", "messages", 2]] },
  { title: "Latency", unit: "slowest workflow", more: "p50 and p99 count since the start", write: duration, least: 1e6, series: [["lately", "mean of 10\u202fs", 1], ["p50", "p50", 4], ["p99", "p99", 2]] },
  { title: "Errors", unit: "per second", write: rate, least: 1, series: [["failed", "failed", 3], ["throttled", "throttled", 1]] },
  { title: "Buffered", unit: "not yet delivered", write: bytes, least: 1024, base: 2, series: [["inProducers", "producers", 1], ["inWorkflows", "workflows", 2]] },
];

// fewest is how many minutes a plot spans at least.
const fewest = 3;

// height is that of a canvas in CSS pixels: where plots stand below each other they are flatter.
const narrow = matchMedia("(max-width: 38rem)");
const height = () => (narrow.matches ? 96 : 132);

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// ceiling is a round number above the largest value, so that the axis does not move with each of them.
function ceiling(most, { least, base = 10 }) {
  const top = Math.max(most, least);
  const unit = base ** Math.floor(Math.log(top) / Math.log(base));
  const steps = base === 2 ? [1, 1.5, 2] : [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
  return unit * (steps.find((m) => unit * m >= top) ?? base);
}

// moved passes on what the hand does. Browsers also tell of a pointer that rests while the page moves below it: that must not take the
// cursor from the keyboard, nor hide the latest values.
const moved = (_, __, handle) => (e) => (e.movementX === 0 && e.movementY === 0 ? null : handle(e));

class Plot {
  constructor(spec, parent, key) {
    this.spec = spec;
    this.values = spec.series.map(([, label, shade]) => {
      const value = el("b", { text: "–" });
      return { value, node: el("span", { class: "key", "data-shade": shade }, el("span", {}, el("i", { "aria-hidden": "true" }), label), value) };
    });
    this.when = el("span", { class: "when" });
    this.box = el("div", { class: "canvas", role: "img", tabindex: "0", "aria-label": spec.title, onkeydown: (e) => this.key(e), onblur: () => this.at(null) });
    parent.append(
      el("figure", { class: "plot" },
        el("figcaption", {}, el("span", { class: "title" }, el("h3", { text: spec.title }), el("small", { text: spec.unit, title: spec.more }), this.when), el("span", { class: "keys" }, ...this.values.map((v) => v.node))),
        this.box),
    );
    const axis = () => colour("--ink-2");
    const grid = { stroke: () => colour("--line"), width: 1 };
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    this.plot = new window.uPlot(
      {
        width: Math.max(200, this.box.clientWidth),
        height: height(),
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, bind: { mousemove: moved }, sync: { key }, points: { size: 6 } },
        scales: {
          x: { time: true, range: () => [this.from, this.now] },
          y: { range: (_, __, most) => [0, ceiling(most ?? 0, spec)] },
        },
        axes: [
          { stroke: axis, grid: { show: false }, ticks: { ...grid, size: 4 }, font, size: 22, gap: 3, space: 64, values: (_, at) => at.map((t) => moment(t * 1000, this.now * 1000).slice(0, 5)), incrs: [60, 120, 300] },
          { stroke: axis, grid, ticks: { show: false }, font, size: 58, gap: 6, splits: (_, __, low, high) => [low, high / 2, high], values: (_, at) => at.map(spec.write) },
        ],
        series: [
          {},
          ...spec.series.map(([name, label, shade]) => ({ label, width: 1.5, stroke: () => colour(`--plot-${shade}`), fill: shade === 1 && name !== "throttled" ? () => colour("--plot-fill") : undefined, points: { show: false } })),
        ],
        hooks: { setCursor: [() => this.head()] },
      },
      [[], ...spec.series.map(() => [])],
      this.box,
    );
    // A finger does not move before it is there.
    this.plot.over.addEventListener("pointerdown", (e) => {
      const i = e.pointerType === "touch" ? this.plot.posToIdx(e.offsetX) : undefined;
      if (this.plot.data[0][i] !== undefined) this.at(i);
    });
    this.now = 0;
    this.from = -minutes * 60;
    new ResizeObserver(() => this.box.clientWidth > 0 && this.plot.setSize({ width: this.box.clientWidth, height: height() })).observe(this.box);
  }

  draw(history, now) {
    this.now = now;
    // A page that was just opened shows what it has on most of its width.
    this.from = Math.max(now - minutes * 60, Math.min(history.take([])[0][0] ?? now, now - fewest * 60));
    this.plot.setData(history.take(this.spec.series.map(([name]) => name)));
    this.head();
  }

  // head writes the values at the cursor, else the latest.
  head() {
    if (!this.plot) return; // uPlot calls while it is made
    const times = this.plot.data[0];
    const chosen = this.plot.cursor.idx;
    const i = chosen ?? times.length - 1;
    const of = (n) => (i < 0 ? null : (this.plot.data[n + 1][i] ?? null));
    this.values.forEach(({ value }, n) => setText(value, this.spec.write(of(n))));
    setText(this.when, chosen == null ? "" : moment(times[chosen] * 1000, this.now * 1000));
    const told = this.spec.series.map(([, label], n) => `${label} ${this.spec.write(of(n))}, at most ${this.spec.write(this.most(n))}`);
    this.box.setAttribute("aria-label", `${this.spec.title} of the last ${minutes} minutes, ${[this.spec.unit, this.spec.more].filter(Boolean).join(", ")}: ${told.join("; ")}. Arrow keys move through time.`);
  }

  most(n) {
    return this.plot.data[n + 1].reduce((a, b) => (b !== null && (a === null || b > a) ? b : a), null);
  }

  key(e) {
    const last = this.plot.data[0].length - 1;
    const i = this.plot.cursor.idx ?? last + 1;
    const next = { ArrowLeft: i - 1, ArrowRight: i + 1, PageUp: i - 60, PageDown: i + 60, Home: 0, End: last }[e.key];
    if (e.key === "Escape") this.at(null);
    else if (next !== undefined && last >= 0) this.at(Math.max(0, Math.min(last, next)));
    else return;
    e.preventDefault();
  }

  at(i) {
    const left = i === null ? -10 : this.plot.valToPos(this.plot.data[0][i], "x");
    this.plot.setCursor({ left, top: i === null ? -10 : 10 }, true, true);
  }
}

// plots draws a history whenever it is called with it.
export function plots() {
  const all = specs.map((s) => new Plot(s, byID("plots"), "time"));
  // Colours are read when something is drawn.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all.forEach((p) => p.plot.redraw(false)));
  return (history, now) => all.forEach((p) => p.draw(history, now));
}
