// The table of connections, and how full the producers of those to Kinesis are.

import { byID, el, keyed, list, setText } from "./dom.js";
import { bytes, count } from "./format.js";
import { bar, cells, header, mark, state } from "./parts.js";

const figures = [
  { name: "users", label: "Used by", kind: "wide" },
  { name: "records", label: "Outstanding records", kind: "n wide" },
  { name: "bytes", label: "Outstanding bytes", kind: "n wide" },
  { name: "requests", label: "Requests", kind: "n" },
  { name: "blocked", label: "Waiting puts", kind: "n" },
  { name: "duplicates", label: "Possible duplicates", kind: "n" },
];
const columns = [{ label: "Connection", kind: "name" }, { label: "State" }, ...figures];

// full is the part of a bound from which on it is worth a look.
const full = 0.8;

function row() {
  const id = el("span", { class: "id" });
  const kind = el("small");
  const shown = state();
  const figure = cells(figures);
  const [users, ...others] = figures.map((f) => figure.of[f.name]);
  // Texts of cells with a bar are in a node of their own.
  const records = withBar(figure.of.records);
  const size = withBar(figure.of.bytes);
  const node = el("tr", { role: "row" }, el("th", { role: "rowheader", scope: "row", class: "name" }, id, kind), el("td", { role: "cell", class: "where" }, shown.node), users, ...others);
  return {
    node,
    update(c) {
      setText(id, c.id);
      setText(kind, c.class);
      shown.update(c.state);
      const p = c.producer;
      figure.update({ users: list(c.usedBy).join(", "), requests: p ? `${count(p.requests_in_flight)} of ${count(p.max_connections)}` : "", blocked: p ? count(p.blocked_puts) : "", duplicates: p ? count(p.possible_duplicates) : "" });
      records(p, p?.outstanding_records, p?.max_outstanding_records, count);
      size(p, p?.outstanding_bytes, p?.max_outstanding_bytes, bytes);
      mark(figure.of.blocked, p?.blocked_puts > 0 ? "warn" : null);
    },
  };
}

function withBar(cell) {
  const text = el("span");
  const filled = bar();
  return (there, n, most, write) => {
    if (!there) return cell.replaceChildren();
    if (cell.firstChild !== text) cell.replaceChildren(text, filled.node);
    setText(text, `${write(n)} of ${write(most)}`);
    const share = most > 0 ? n / most : 0;
    filled.update(share, undefined, share >= full ? "warn" : null);
  };
}

export function connections() {
  const table = byID("connection-table");
  table.append(header(columns));
  const body = table.appendChild(el("tbody", { role: "rowgroup" }));
  return (status) => {
    const all = list(status.connections);
    setText(byID("connection-count"), count(all.length));
    table.hidden = all.length === 0;
    byID("no-connections").hidden = all.length > 0;
    keyed(body, all, (c) => c.id, row);
  };
}
