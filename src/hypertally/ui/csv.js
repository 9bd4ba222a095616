// Tables as CSV files. A list of the API is saved whole: the server sends all rows of the filter,
// not only those of the shown page. A table that is made here is saved as it stands, but for a text
// that a spreadsheet would run as a formula: it begins with an apostrophe, as the API writes it.

const BYTE_ORDER_MARK = "\ufeff"; // without it Excel reads names in letters of its own
const QUOTE = 0x22;
const LINE_FEED = 0x0a;
// What spreadsheets take for the beginning of a formula, in the full width of Asian fonts too.
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const HARMLESS = /^([+-]?\d+(\.\d+)?([eE][+-]?\d+)?|@\d+)$/; // a number; the coin @107
const PARAMETERS_OF_PAGE = ["limit", "cursor"];

function cell(value) {
  if (value === null || value === undefined) return "";
  const plain = typeof value === "object" ? JSON.stringify(value) : String(value);
  const text = FORMULA.test(plain) && !HARMLESS.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The names that the API puts beside an address or a coin are columns of their own. */
const BESIDE = { wallet: ["label", "tags"], coin: ["coin_name"], asset: ["asset_name"] };

function withNames(columns, rows) {
  const keys = new Set(columns.map((column) => column.key));
  return columns.flatMap((column) => {
    const names = (BESIDE[column.key] ?? []).filter(
      (name) => !keys.has(name) && rows.some((row) => row[name] !== undefined),
    );
    return [column, ...names.map((key) => ({ key }))];
  });
}

function toCsv(shown, rows) {
  const columns = withNames(shown, rows);
  const lines = [columns.map((column) => cell(column.key)).join(",")];
  for (const row of rows) lines.push(columns.map((column) => cell(row[column.key])).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

function save(name, parts) {
  const url = URL.createObjectURL(new Blob([BYTE_ORDER_MARK, ...parts], { type: "text/csv" }));
  const anchor = Object.assign(document.createElement("a"), { href: url, download: name });
  anchor.click();
  // The browser reads the file after the click is over.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The address of a whole list, from the address of one of its pages. */
export function wholeList(path) {
  const [address, search] = path.split("?");
  const query = new URLSearchParams(search);
  for (const name of PARAMETERS_OF_PAGE) query.delete(name);
  return query.size ? `${address}?${query}` : address;
}

/** Counts the lines of CSV that come in parts; a line break inside quotes ends no line. */
class LineCounter {
  constructor() {
    this.lines = 0;
    this.quoted = false;
  }

  add(bytes) {
    for (const byte of bytes) {
      if (byte === QUOTE) this.quoted = !this.quoted;
      else if (byte === LINE_FEED && !this.quoted) this.lines += 1;
    }
  }
}

async function fetchList(path) {
  const response = await fetch(path, { headers: { accept: "text/csv" } });
  if (response.ok) return response;
  // A proxy may answer in HTML: then only the status is known.
  const { detail } = await response.json().catch(() => ({}));
  throw new Error(detail ?? `the server answered ${response.status}`);
}

/** Save a list of the API and return its number of rows; `onRows` is told how many came so far. */
export async function saveList(name, path, onRows) {
  const response = await fetchList(path);
  const counter = new LineCounter();
  const parts = [];
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    counter.add(part.value);
    parts.push(part.value);
    onRows(Math.max(counter.lines - 1, 0));
  }
  save(name, parts);
  return Math.max(counter.lines - 1, 0);
}

/** Save rows that are at hand: every column, every value as the API sent it. */
export function saveRows(name, columns, rows) {
  save(name, [toCsv(columns, rows)]);
  return rows.length;
}
