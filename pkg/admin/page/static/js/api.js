// Requests to the server that the page came from.

import { askToken } from "./dialogs.js";

const stored = "adapterd.token";

// Refused is an answer that is no success. body is what came with it.
export class Refused extends Error {
  constructor(status, body) {
    super(body?.error || `the server answered ${status}`);
    this.status = status;
    this.body = body;
  }
}

// The token lives as long as this tab, and nobody but this origin's pages in it can read it.
let token = sessionStorage.getItem(stored) ?? "";
let asking = null;

// newToken asks the operator, once for all requests that were refused. used is the token that did not do.
async function newToken(used) {
  if (token !== used) return; // another request has asked meanwhile
  asking ??= askToken(used !== "").then((given) => {
    token = given;
    sessionStorage.setItem(stored, given);
    asking = null;
  });
  await asking;
}

// patience is how long an answer may take to begin, in ms. Actions may take as long as a channel takes to drain.
const patience = 15_000;

// ask is fetch. What each browser says in its own words when nothing answers, it says in ours.
async function ask(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    throw error instanceof TypeError ? new Error(`no answer from ${location.host}`, { cause: error }) : error;
  }
}

async function once(path, options) {
  if (options.method === "POST") return ask(path, options);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error("the server does not answer")), patience);
  try {
    return await ask(path, { ...options, signal: options.signal ? AbortSignal.any([options.signal, late.signal]) : late.signal });
  } finally {
    clearTimeout(timer);
  }
}

// request asks until the token is right. It throws Refused, or an Error that says why there is no answer.
export async function request(path, options = {}) {
  for (;;) {
    const used = token;
    const headers = { ...options.headers };
    if (used) headers.Authorization = `Bearer ${used}`;
    const answer = await once(path, { ...options, headers, cache: "no-store", credentials: "same-origin" });
    if (answer.ok) return answer;
    const body = await answer.json().catch(() => null);
    if (answer.status !== 401) throw new Refused(answer.status, body);
    await newToken(used);
  }
}

export const get = async (path) => (await request(path)).json();

// post sends the header that pages of other sites can not send, with a body in JSON if there is one.
export async function post(path, body) {
  const headers = { "X-Adapterd": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return (await request(path, { method: "POST", headers, body: body === undefined ? undefined : JSON.stringify(body) })).json();
}

export const pathOf = (...parts) => ["api", ...parts.map((p) => encodeURIComponent(p))].join("/");
