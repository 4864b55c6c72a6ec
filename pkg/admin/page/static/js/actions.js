// What an operator does. Each action is confirmed, and its outcome is told.

import { get, pathOf, post } from "./api.js";
import { ask, show } from "./dialogs.js";
import { byID, el, list } from "./dom.js";
import { plural } from "./format.js";
import { say, tell, warn } from "./notices.js";

// underWay are the channels that something is done to.
const underWay = new Map();
export const doing = (id) => underWay.get(id);

// channelActions say what each of them does, before it is done. past is what is told after.
const channelActions = {
  start: { doing: "starting…", past: "runs", text: () => "Its connections and workflows start, and it takes messages from its sources again." },
  stop: {
    doing: "stopping…",
    past: "is stopped",
    danger: true,
    text: (c) => `It takes nothing new and brings ${under(c)} to an end. What comes meanwhile stays with its sources. It stays stopped until it is started again.`,
  },
  restart: { doing: "restarting…", past: "runs again", danger: true, text: (c) => `It takes nothing new, brings ${under(c)} to an end, stops, and starts again with its connections.` },
  pause: { doing: "pausing…", past: "is paused", text: () => "It takes no new messages. What is under way goes on, and its connections stay open." },
  resume: { doing: "resuming…", past: "runs", text: () => "It takes messages from its sources again." },
};

const under = (c) => (c.counts?.inFlight > 0 ? `the ${plural(c.counts.inFlight, "message")} under way` : "what is under way");

// actOnChannel calls changed when the channel is to be drawn anew, with its state if the server has told it.
export async function actOnChannel(channel, action, changed) {
  const about = channelActions[action];
  const name = action[0].toUpperCase() + action.slice(1);
  if (!(await ask({ title: `${name} channel ${channel.id}?`, text: about.text(channel), yes: `${name} channel`, danger: about.danger }))) return;
  underWay.set(channel.id, about.doing);
  changed();
  say(`Channel ${channel.id}: ${about.doing}`);
  let now = null;
  try {
    now = await post(pathOf("channels", channel.id, action));
    tell(`Channel ${channel.id} ${about.past}.`);
  } catch (error) {
    warn(`Channel ${channel.id} could not be made to ${action}: ${error.message}`);
  } finally {
    underWay.delete(channel.id);
    changed(now);
  }
}

// working disables a button of the page's head while its action goes on.
async function working(node, act) {
  if (node.getAttribute("aria-disabled") === "true") return;
  node.setAttribute("aria-disabled", "true");
  try {
    await act();
  } finally {
    node.removeAttribute("aria-disabled");
  }
}

async function flush() {
  if (!(await ask({ title: "Flush all producers?", text: "Everything that is buffered is sent now, instead of waiting for a fuller request. Nothing is lost or stopped.", yes: "Flush" }))) return;
  say("Flushing…");
  try {
    await post("api/flush");
    tell("Flushed: what was buffered has its result.");
  } catch (error) {
    warn(`The flush did not end well: ${error.message}`);
  }
}

async function reload() {
  const text = "The document is read and checked anew. Channels that have changed are drained and started as it has them now; the others go on. With an error in it nothing changes.";
  if (!(await ask({ title: "Reload the document?", text, yes: "Reload" }))) return;
  say("Reloading…");
  try {
    const done = await post("api/reload");
    if (done.error) return void warn(`The document was not taken over: ${done.error}`);
    const replaced = list(done.replaced);
    const others = (ids) => list(ids).filter((id) => !replaced.includes(id));
    const parts = [["replaced", replaced], ["started", others(done.started)], ["stopped", others(done.stopped)], ["shared parts renewed:", list(done.shared)]].filter(([, ids]) => ids.length > 0);
    tell(parts.length > 0 ? `Reloaded: ${parts.map(([what, ids]) => `${what} ${ids.join(", ")}`).join("; ")}.` : "Reloaded: nothing has changed.");
  } catch (error) {
    const problems = list(error.body?.problems);
    if (problems.length === 0) return void warn(`The document was not taken over: ${error.message}`);
    const place = (p) => [p.file, p.line || null, p.line ? p.column || null : null].filter(Boolean).join(":");
    show({
      title: "The document was refused; nothing has changed",
      text: error.message,
      details: [el("ul", { class: "problems" }, ...problems.map((p) => el("li", { "data-mark": p.severity === "error" ? "bad" : "warn" }, el("code", { text: place(p) }), el("span", { text: `${p.severity ?? "error"}: ${p.message}` }))))],
    });
  }
}

const levels = ["trace", "debug", "info", "warn", "error"];

// offerLogLevel shows the select if the program's level can be changed.
export async function offerLogLevel() {
  const select = byID("log-level");
  let current = "";
  const take = (level) => {
    current = level;
    const all = levels.includes(level) ? levels : [...levels, level];
    if (select.options.length !== all.length) select.replaceChildren(...all.map((l) => el("option", { value: l, text: l })));
    select.value = level;
  };
  try {
    take((await get("api/log-level")).level);
  } catch {
    byID("log-level-part").hidden = true;
    return;
  }
  byID("log-level-part").hidden = false;
  select.onchange = async () => {
    try {
      take((await post("api/log-level", { level: select.value })).level);
      tell(`The log level is ${current}.`);
    } catch (error) {
      warn(`The log level stays ${current}: ${error.message}`);
      select.value = current;
    }
  };
}

export function prepareActions() {
  byID("flush").addEventListener("click", (e) => working(e.currentTarget, flush));
  byID("reload").addEventListener("click", (e) => working(e.currentTarget, reload));
}
