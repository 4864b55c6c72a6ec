// The page: what comes from the server is kept, and drawn once for each picture that the browser shows.

import { get } from "./api.js";
import { offerLogLevel, prepareActions } from "./actions.js";
import { channels } from "./channels.js";
import { connections } from "./connections.js";
import { byID, el, keyed, list, setAttribute, setText } from "./dom.js";
import { FailedMessages } from "./failed.js";
import { Failures, failures } from "./failures.js";
import { moment } from "./format.js";
import { History } from "./history.js";
import { say, warn } from "./notices.js";
import { plots } from "./plots.js";
import { streams } from "./streams.js";
import { follow } from "./stream.js";
import { judge, uptime } from "./verdict.js";

const history = new History();
const failing = new Failures();
const failed = new FailedMessages();
let status = null;
let lost = null; // {since, again, reason} while there is no connection
let told = ""; // the verdict as screen readers were told
let asking = null; // the request for the server's history that counts

let asked = false;
function changed() {
  if (asked) return;
  asked = true;
  // Not called while the page is hidden: what came meanwhile is drawn once when it is looked at.
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
}

// channelChanged draws what an action has made of a channel before the next state says so.
function channelChanged(channel) {
  if (channel?.id !== undefined && status) status.channels = list(status.channels).map((c) => (c.id === channel.id ? channel : c));
  changed();
}

const parts = { channels: channels(channelChanged), streams: streams(), connections: connections(), failures: failures(changed), plots: plots() };

// changedSoon draws once for all that comes within a moment, such as an outage's failures.
let timer = 0;
function changedSoon() {
  timer ||= setTimeout(() => {
    timer = 0;
    changed();
  }, 200);
}

// entitle writes the short form into the browser's tab, where it is read while the page is hidden and nothing is drawn.
function entitle() {
  let mark = "";
  if (lost) mark = "? not connected";
  else if (status) {
    const { level, short } = judge(status, failing.all);
    mark = `${{ ok: "✓", warn: "!", bad: "✗" }[level]} ${short}`;
  }
  if (mark) document.title = `${mark} · adapterd`;
}

function draw() {
  drawConnection();
  if (!status) return;
  const now = Date.parse(status.now);
  drawVerdict(judge(status, failing.all));
  setText(byID("document"), (status.document ?? "").split(/[\\/]/).pop());
  setAttribute(byID("document"), "title", status.document);
  setText(byID("version"), [status.version, uptime(status)].filter(Boolean).join(" · "));
  parts.channels(status);
  parts.streams(status);
  parts.connections(status);
  parts.failures(failing, now);
  failed.show(now);
  parts.plots(history, now / 1000);
}

function point() {
  const node = el("li");
  const link = el("a");
  return {
    node,
    update(p) {
      setAttribute(node, "data-mark", p.level);
      if (p.to && !link.isConnected) node.replaceChildren(link);
      const text = p.to ? link : node;
      setAttribute(link, "href", p.to && `#${p.to}`);
      setText(text, p.text);
    },
  };
}

function drawVerdict(v) {
  const box = byID("verdict");
  setAttribute(box, "data-level", v.level);
  setText(byID("verdict-head"), v.head);
  setText(byID("verdict-rate"), v.throughput ? `; ${v.throughput}; ` : ".");
  const link = byID("verdict-failures");
  setText(link, v.failures ? `${v.failures.text}.` : "");
  setAttribute(link, "href", v.failures?.n > 0 && "#failures");
  keyed(byID("points"), v.points, (p) => `${p.to} ${p.text}`, point);
  // Rates change each second. Only what has become of the adapter is worth being read out.
  const qualities = [v.head, ...v.points.filter((p) => p.level === "bad").map((p) => p.text)].join(". ");
  if (qualities !== told) {
    if (told !== "") say(qualities);
    told = qualities;
  }
}

function drawConnection() {
  const banner = byID("lost");
  setAttribute(document.body, "data-lost", lost ? "" : null);
  setText(byID("live"), lost ? "not connected" : status ? "live" : "connecting…");
  setAttribute(byID("live"), "data-live", lost ? "no" : status ? "yes" : "soon");
  if (!lost) {
    banner.hidden = true;
    return;
  }
  // The text of an alert is read out whenever it changes, so the seconds have a place of their own.
  setText(byID("lost-text"), `No connection to adapterd since ${moment(lost.since, Date.now())}: ${lost.reason}. ${status ? "What is shown is from then." : ""}`);
  const seconds = Math.ceil((lost.again - Date.now()) / 1000);
  setText(byID("lost-again"), seconds > 0 ? `Next try in ${seconds}\u202fs.` : "Trying now…");
  banner.hidden = false;
}

async function refreshFailures() {
  try {
    failing.replace(list(await get("api/failures")));
    entitle();
    changed();
  } catch (error) {
    warn(`The last failures can not be listed: ${error.message}`);
  }
}

// refreshHistory fills the plots with what the server has seen while nobody was connected.
async function refreshHistory() {
  const turn = (asking = {});
  let known = null;
  try {
    known = await get("api/history");
  } catch (error) {
    warn(`What was before can not be plotted: ${error.message}`);
  }
  if (turn !== asking) return; // another connection has asked meanwhile
  history.load(known);
  changed();
}

prepareActions();
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && changed());

const tryNow = follow({
  live() {
    if (lost) say("Connected again.");
    lost = null;
    failing.connected();
    history.expect();
    // One after the other, and only now: a token has been asked for by then, if one is needed.
    refreshHistory().then(refreshFailures).then(() => failed.refresh()).then(offerLogLevel);
    changed();
  },
  lost(how) {
    lost = how;
    entitle();
    changed();
  },
  event(name, value) {
    if (name === "status") {
      status = value;
      entitle();
      changed();
    } else if (name === "sample") {
      history.add(value);
      changed();
    } else if (name === "failure") {
      failing.add(value);
      failed.refreshSoon();
      changedSoon();
    }
  },
});
byID("try-now").addEventListener("click", () => {
  if (lost) lost.again = Date.now();
  changed();
  tryNow();
});
setInterval(() => lost && changed(), 1000);
