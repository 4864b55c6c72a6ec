// Server-sent events, read from fetch: unlike EventSource it can bear a token, and says why it was refused.

import { request } from "./api.js";

// silence is how long nothing may come, in ms, before the connection counts as lost. The server sends a state each second.
const silence = 10_000;
const longestWait = 5_000;

// splitter cuts what comes into events, {name, data}, whatever the pieces are cut into.
export function splitter() {
  let rest = "";
  let name = "";
  let data = [];
  return (piece) => {
    const out = [];
    rest += piece;
    // A line may end with \r\n, and its \n may be in the next piece.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) out.push({ name: name || "message", data: data.join("\n") });
        name = "";
        data = [];
        continue;
      }
      const at = line.indexOf(":");
      const field = at < 0 ? line : line.slice(0, at);
      const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
    }
    return out;
  };
}

// follow listens as long as the page is there. on.event(name, value) gets each event, on.live() is called when the first of a connection has
// come, on.lost({since, again, reason}) when there is none, with the time of the next try in ms. It returns a function that tries now.
export function follow(on) {
  let tryNow = () => {};
  const wait = (ms) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      tryNow = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function listen(told) {
    const abort = new AbortController();
    let timer = 0;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(new Error("nothing has come for 10 s")), silence);
    };
    try {
      const answer = await request("api/events", { headers: { Accept: "text/event-stream" }, signal: abort.signal });
      alive();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      const split = splitter();
      for (;;) {
        const { done, value } = await reader.read().catch((error) => {
          throw error instanceof TypeError ? new Error("the connection broke", { cause: error }) : error;
        });
        if (done) throw new Error("the server ended the connection");
        alive();
        for (const event of split(value)) {
          told();
          on.event(event.name, JSON.parse(event.data));
        }
      }
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  (async () => {
    let since = null;
    for (let tries = 0; ; tries++) {
      try {
        await listen(() => {
          if (since !== null || tries === 0) on.live();
          since = null;
          tries = 1;
        });
      } catch (error) {
        since ??= Date.now();
        // Many pages must not come back in the same moment.
        const pause = Math.min(longestWait, 500 * 2 ** Math.min(tries, 6)) * (0.75 + Math.random() / 2);
        on.lost({ since, again: Date.now() + pause, reason: error.message });
        await wait(pause);
      }
    }
  })();
  // Timers of a hidden page may be a minute late. Whoever looks at it again must not wait for them.
  document.addEventListener("visibilitychange", () => document.hidden || tryNow());
  window.addEventListener("online", () => tryNow());
  return () => tryNow();
}
