// Every table of the page: sorting, choosing columns, CSV, arrow keys from cell to cell.
//
// A column is { key, label, unit?, kind?, description?, cell?(row), href?(row), reason?(row),
// note?(row), hidden?, sortable?, mixed? }; numbers of a mixed column have no common scale and are
// not aligned. The URL holds sort and columns under the table's name. `list` is the address of
// the whole list in the API, where the rows are a part of one.

import { html, useRef } from "../preact.js";
import { current, go, here } from "../route.js";
import { compare, parse } from "../vocabulary/decimal.js";
import { meaningOf } from "../vocabulary/glossary.js";
import { intervalOf } from "../vocabulary/intervals.js";
import { priceText } from "../vocabulary/number_text.js";
import { Amount } from "./Amount.js";
import { SaveCsv } from "./SaveCsv.js";
import { Scroll } from "./Scroll.js";

const NUMBERS = new Set(
  "usd pnl fee count mean size share price net net_usd quote bps lag score effect".split(" "),
);
const ALIGNED = new Set(["size", "price", "net"]);
const isNumber = (column) => NUMBERS.has(column.kind);

function comparison(column) {
  if (isNumber(column)) return (a, b) => compare(a[column.key], b[column.key]);
  return (a, b) => String(a[column.key] ?? "").localeCompare(String(b[column.key] ?? ""));
}

/** The sorted rows; unknown values come last in both directions. */
export function sorted(rows, columns, sort) {
  const column = sort && columns.find(({ key }) => key === sort.key);
  if (!column) return rows;
  const order = comparison(column);
  const unknown = (row) => row[column.key] === null || row[column.key] === undefined;
  return [...rows].sort((a, b) => {
    if (unknown(a) || unknown(b)) return Number(unknown(a)) - Number(unknown(b));
    return sort.down ? order(b, a) : order(a, b);
  });
}

export function sortOf(name) {
  const text = current().query.get(`${name}.sort`);
  if (!text) return null;
  const [key, direction] = text.split(":");
  return { key, down: direction !== "up" };
}

function nextSort(name, column) {
  const sort = sortOf(name);
  const first = isNumber(column) || column.kind === "time" ? "down" : "up";
  if (sort?.key !== column.key) return `${column.key}:${first}`;
  const other = sort.down ? "up" : "down";
  return other === first ? null : `${column.key}:${other}`;
}

function visibleColumns(name, columns) {
  const text = current().query.get(`${name}.columns`);
  const keys = text === null ? null : new Set(text.split(","));
  return columns.filter((column) => (keys ? keys.has(column.key) : !column.hidden));
}

function Chooser({ name, columns, shown }) {
  const keys = new Set(shown.map((column) => column.key));
  const flip = (key) => {
    const next = columns.map((c) => c.key).filter((k) => (k === key ? !keys.has(k) : keys.has(k)));
    if (next.length) go(here({ [`${name}.columns`]: next.join(",") }), { replace: true });
  };
  return html`<details class="chooser">
    <summary class="quiet">Columns</summary>
    <div class="chooser-list">
      ${columns.map(
        (column) => html`<label key=${column.key}>
          <input type="checkbox" checked=${keys.has(column.key)}
            onChange=${() => flip(column.key)} />
          ${column.label}
        </label>`,
      )}
    </div>
  </details>`;
}

function Head({ name, column, sort, onSort }) {
  const active = sort?.key === column.key;
  const meaning = column.description || meaningOf(column.label);
  const order = active ? (sort.down ? "descending" : "ascending") : undefined;
  const arrow = active ? (sort.down ? "↓" : "↑") : "";
  const unit = column.unit && html`<span class="unit">${column.unit}</span>`;
  const label = html`<span>${column.label}</span>${unit}`;
  const click = () =>
    onSort(column) ||
    go(here({ [`${name}.sort`]: nextSort(name, column), [`${name}.page`]: null }));
  return html`<th scope="col" class=${isNumber(column) ? "n" : ""} aria-sort=${order}
    data-key=${column.key}>
    ${
      column.sortable === false
        ? html`<span class="th" data-term=${meaning} tabindex=${meaning ? 0 : undefined}>
          ${label}</span>`
        : html`<button type="button" class="th" data-term=${meaning} onClick=${click}>
          ${label}<span class="arrow" aria-hidden="true">${arrow}</span>
        </button>`
    }
  </th>`;
}

/** The length of the longest fraction of a column of sizes, to align the decimal points. */
function placesOf(column, rows) {
  if (!ALIGNED.has(column.kind) || column.mixed) return undefined;
  const text = column.kind === "price" ? priceText : (value) => value;
  return rows.reduce(
    (most, row) => Math.max(most, parse(text(row[column.key]))?.fraction.length ?? 0),
    0,
  );
}

function Cell({ column, row, places }) {
  if (column.cell) return column.cell(row);
  const value = row[column.key];
  if (isNumber(column)) {
    return html`<${Amount} value=${value} kind=${column.kind} places=${places}
      href=${column.href?.(row)} tab=${-1} reason=${column.reason?.(row)}
      interval=${intervalOf(row, column.key)} restated=${column.restated?.(row)}
      note=${column.note?.(row)} />`;
  }
  if (value === null || value === undefined)
    return html`<${Amount} value=${null} reason=${column.reason?.(row)} />`;
  return html`<span data-exact=${String(value)}>${String(value)}</span>`;
}

const MOVES = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };

/** Move the focus to another cell: to its link or button, if there is one. */
export function moveFocus(event, table) {
  const cell = document.activeElement.closest?.("td, th");
  const inside = cell && table.contains(cell);
  const rows = [...table.rows];
  let row = inside ? cell.parentElement.rowIndex : 0;
  let column = inside ? cell.cellIndex : 0;
  if (MOVES[event.key]) {
    row += MOVES[event.key][0];
    column += inside ? MOVES[event.key][1] : 0;
  } else if (event.key === "Home") column = 0;
  else if (event.key === "End") column = rows[row].cells.length - 1;
  else return;
  event.preventDefault();
  const target = rows[Math.min(Math.max(row, 0), rows.length - 1)];
  const next = target.cells[Math.min(Math.max(column, 0), target.cells.length - 1)];
  const focus = next.querySelector("a, button, summary") ?? next;
  if (focus.tabIndex < 0) focus.tabIndex = -1; // a heading that Tab reaches stays within its reach
  focus.focus();
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
}

export function Table({
  name,
  title,
  columns,
  rows,
  old,
  onSort,
  sort: defaultSort,
  order = true,
  file,
  list,
  note,
  pager,
  actions,
  rowClass,
  fixed,
}) {
  const table = useRef(null);
  const shown = visibleColumns(name, columns);
  const sort = sortOf(name) ?? defaultSort ?? null;
  const ordered = order ? sorted(rows, columns, sortOf(name)) : rows;
  const places = new Map(shown.map((column) => [column.key, placesOf(column, rows)]));
  const key = (event) => moveFocus(event, table.current);
  return html`<section class=${`table ${old ? "old" : ""}`} data-table=${name}
    aria-busy=${Boolean(old)}>
    <header class="table-bar">
      ${title && html`<h2>${title}</h2>`}
      ${note && html`<span class="muted">${note}</span>`}
      <span class="grow"></span>
      ${actions}
      ${!fixed && html`<${Chooser} name=${name} columns=${columns} shown=${shown} />`}
      <${SaveCsv} key=${list} name=${`${file ?? name}.csv`} list=${list} columns=${columns}
        rows=${ordered} />
    </header>
    <${Scroll} label=${`${title ?? name}: arrow keys move between cells`} onKeyDown=${key}>
      <table ref=${table}>
        <thead><tr>${shown.map(
          (column) => html`<${Head} key=${column.key} name=${name} column=${column}
          sort=${sort} onSort=${onSort ?? (() => false)} />`,
        )}</tr></thead>
        <tbody>${ordered.map(
          (row, n) => html`<tr key=${row.id ?? n} class=${rowClass?.(row) ?? ""}>
          ${shown.map(
            (
              column,
            ) => html`<td key=${column.key} class=${isNumber(column) ? "n" : (column.kind ?? "")}
            data-key=${column.key}><${Cell} column=${column} row=${row}
              places=${places.get(column.key)} /></td>`,
          )}
        </tr>`,
        )}</tbody>
      </table>
    <//>
    ${pager && html`<footer class="pager">${pager}</footer>`}
  </section>`;
}
