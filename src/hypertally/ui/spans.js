// Ranges of days by their names in the URL: 30d, and of the calendar 2026-10, 2026-Q4, 2026.

import { shiftDay } from "./clock.js";

const COUNT = /^(\d+)d$/;
const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;
const QUARTER = /^(\d{4})-Q([1-4])$/;
const YEAR = /^(19[7-9]\d|2\d{3})$/;
const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );
const LISTED = { month: 24, quarter: 12, year: 6 }; // so many are offered, the newest first

export const CALENDAR = { month: "Month", quarter: "Quarter", year: "Year" };
export const ALL = "all";

const today = () => new Date().toISOString().slice(0, 10);
const two = (number) => String(number).padStart(2, "0");

/** The kind of a name: count, month, quarter, year; null for any other text. */
export function spanKind(name) {
  if (COUNT.test(name)) return "count";
  if (MONTH.test(name)) return "month";
  if (QUARTER.test(name)) return "quarter";
  return YEAR.test(name) ? "year" : null;
}

/** A number for each month, quarter or year, such that the next one is one higher. */
function numberOf(name) {
  const kind = spanKind(name);
  if (kind === "month") return Number(name.slice(0, 4)) * 12 + Number(name.slice(5)) - 1;
  if (kind === "quarter") return Number(name.slice(0, 4)) * 4 + Number(name.at(-1)) - 1;
  return Number(name);
}

function nameOf(kind, number) {
  if (kind === "month") return `${Math.floor(number / 12)}-${two((number % 12) + 1)}`;
  if (kind === "quarter") return `${Math.floor(number / 4)}-Q${(number % 4) + 1}`;
  return String(number);
}

/** The first and the last day. A count ends with today, or with the given day. */
function spanBounds(name, last = today()) {
  const kind = spanKind(name);
  if (kind === "count") return { from: shiftDay(last, 1 - Number.parseInt(name, 10)), to: last };
  const number = numberOf(name);
  const months = { month: 1, quarter: 3, year: 12 }[kind];
  const dayOf = (n) => `${Math.floor((n * months) / 12)}-${two(((n * months) % 12) + 1)}-01`;
  return { from: dayOf(number), to: shiftDay(dayOf(number + 1), -1) };
}

/** The month, quarter or year of today. */
export function currentSpan(kind) {
  const day = today();
  if (kind === "year") return day.slice(0, 4);
  if (kind === "quarter") return `${day.slice(0, 4)}-Q${Math.ceil(Number(day.slice(5, 7)) / 3)}`;
  return day.slice(0, 7);
}

/** The span so many later; null beyond the current one. */
export function shiftSpan(name, by) {
  const kind = spanKind(name);
  const number = numberOf(name) + by;
  return number > numberOf(currentSpan(kind)) ? null : nameOf(kind, number);
}

/** The newest spans of a kind, and the shown one. */
export function listedSpans(kind, shown) {
  const newest = numberOf(currentSpan(kind));
  const names = Array.from({ length: LISTED[kind] }, (_, back) => nameOf(kind, newest - back));
  return names.includes(shown) ? names : [...names, shown];
}

/** "30 days", "October 2026", "Q4 2026", "2026". */
export function spanLabel(name) {
  const kind = spanKind(name);
  if (name === ALL) return "All";
  if (kind === "count") return name === "1d" ? "1 day" : `${Number.parseInt(name, 10)} days`;
  if (kind === "month") return `${MONTHS[Number(name.slice(5)) - 1]} ${name.slice(0, 4)}`;
  return kind === "quarter" ? `${name.slice(5)} ${name.slice(0, 4)}` : name;
}

/** The span that a URL names, if it is a count that the page offers or one of the calendar. */
export function spanOf(text, counts, first) {
  if (counts.includes(text)) return text;
  const kind = spanKind(text ?? "");
  const begun = CALENDAR[kind] && numberOf(text) <= numberOf(currentSpan(kind));
  return begun ? text : first;
}

/** The parameters of a request; `parameter` is what the path calls a count of days. */
export function spanSearch(name, parameter) {
  if (name === ALL) return {};
  const kind = spanKind(name);
  if (kind === "count" && parameter) return { [parameter]: name };
  return kind === "month" ? { month: name } : spanBounds(name);
}
