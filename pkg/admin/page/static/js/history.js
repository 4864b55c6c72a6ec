// The last ten minutes, as columns for the plots. The server samples them whether or not a page is open; a page takes what the server has when
// it is connected, and one sample each second from then on.

export const minutes = 10;
const span = minutes * 60;
// gap is how many seconds between two samples break the lines.
const gap = 3.5;

// columns are the fields of a sample. The server's history has them too, as lists.
const columns = ["time", "records", "messages", "lately", "p50", "p99", "failed", "throttled", "inWorkflows", "inProducers"];
const listOf = (name) => (name === "time" ? "times" : name);

export class History {
  constructor() {
    this.data = columns.map(() => []);
    this.since = null; // the run of the program that the last samples are from
    this.apart = false; // whether the next sample is from another run, which nothing joins to the last one
    this.waiting = null; // samples that came since the server was asked for its history; null when nothing is awaited
  }

  // expect keeps samples back until load brings what was before them.
  expect() {
    this.waiting = [];
  }

  // load takes the server's history in place of what the page has of that time, or null when the server does not tell.
  load(history) {
    const came = this.waiting ?? [];
    this.waiting = null;
    const times = history?.times ?? [];
    if (times.length > 0) {
      if (this.data[0].at(-1) > times.at(-1)) this.clear(); // a clock was set back
      const kept = this.data[0].findIndex((t) => t >= times[0]);
      if (kept >= 0) for (const c of this.data) c.length = kept;
    }
    if (history) {
      this.apart = this.since !== null && history.since !== this.since;
      this.since = history.since;
    }
    times.forEach((_, i) => this.add(Object.fromEntries(columns.map((name) => [name, history[listOf(name)][i]]))));
    for (const s of came) if (times.length === 0 || s.time > times.at(-1)) this.add(s);
  }

  // add takes a sample, and leaves out what is older than ten minutes.
  add(sample) {
    if (this.waiting) {
      this.waiting.push(sample);
      return;
    }
    const times = this.data[0];
    const before = times.at(-1);
    if (sample.time === before) return;
    if (sample.time < before) this.clear(); // a clock was set back
    else if (this.apart || sample.time - before > gap) this.push({ time: (before + sample.time) / 2 });
    this.apart = false;
    this.push(sample);
    let old = 0;
    while (times[old] < sample.time - span) old++;
    if (old > 0) for (const c of this.data) c.splice(0, old);
  }

  push(sample) {
    columns.forEach((name, i) => this.data[i].push(sample[name] ?? null));
  }

  clear() {
    for (const c of this.data) c.length = 0;
  }

  // take is the columns of these names, times first.
  take(names) {
    return [this.data[0], ...names.map((n) => this.data[columns.indexOf(n)])];
  }
}
