// How figures are written. Units of the server: nanoseconds, bytes, counts per second.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

const none = "–";
const known = (n) => typeof n === "number" && Number.isFinite(n);

export const count = (n) => (known(n) ? whole.format(n) : none);

// rate has a decimal where it tells something.
export function rate(n) {
  if (!known(n)) return none;
  return n > 0 && n < 10 ? tenth.format(n) : whole.format(n);
}

export function bytes(n) {
  if (!known(n)) return none;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (Math.abs(n) >= 1024 && i < units.length - 1) (n /= 1024), i++;
  return `${i > 0 && n < 100 ? tenth.format(n) : whole.format(n)}\u202f${units[i]}`;
}

// duration takes nanoseconds.
export function duration(n) {
  if (!known(n)) return none;
  if (n <= 0) return "0";
  if (n < 1e6) return `${whole.format(n / 1e3)}\u202fµs`;
  if (n < 1e9) return `${n < 1e7 ? tenth.format(n / 1e6) : whole.format(n / 1e6)}\u202fms`;
  if (n < 60e9) return `${tenth.format(n / 1e9)}\u202fs`;
  return span(n / 1e9);
}

// span takes seconds, and says how long something goes on, roughly.
export function span(s) {
  s = Math.max(0, Math.round(s));
  if (s < 60) return `${s}\u202fs`;
  if (s < 3600) return `${Math.floor(s / 60)}\u202fmin`;
  if (s < 86400) return `${Math.floor(s / 3600)}\u202fh ${Math.floor((s % 3600) / 60)}\u202fmin`;
  return `${Math.floor(s / 86400)}\u202fd ${Math.floor((s % 86400) / 3600)}\u202fh`;
}

export const percent = (share) => (known(share) ? `${share > 0 && share < 0.1 ? tenth.format(share * 100) : whole.format(share * 100)}\u202f%` : none);

// moment is a time in the browser's zone: of today the clock's, else with its day.
export function moment(at, now) {
  const t = new Date(at);
  if (Number.isNaN(t.getTime())) return none;
  return now - t < 12 * 3600e3 ? clock.format(t) : day.format(t);
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
