// The filters of TWAPs: range of time, wallet, asset, status. The URL holds all of them.

import { shiftDay } from "../../clock.js";
import { CoinField } from "../../coin_field.js";
import { Fold } from "../../components/Fold.js";
import { Switch } from "../../components/Switch.js";
import { html, useEffect, useState } from "../../preact.js";
import { go, here } from "../../route.js";

const RANGES = [
  ["1d", "1 day"],
  ["7d", "7 days"],
  ["30d", "30 days"],
];
const FIRST_RANGE = "7d";
const STATUSES = [
  ["all", "All"],
  ["activated", "Running"],
  ["finished", "Finished"],
  ["terminated", "Terminated"],
  ["error", "Failed"],
];
const FIELDS = ["wallet", "asset", "from", "to"];
/** The parameters of the URL to remove when a filter changes: a page of other rows is useless. */
export const RESET_PAGE = { cursor: null };

const STEP_MS = 5 * 60_000; // a range up to now moves in these steps, so that requests are equal
const DAY_MS = 86_400_000;

function steppedNow() {
  return Math.floor(Date.now() / STEP_MS) * STEP_MS;
}

/** The present time in steps; it stops while `paused`. */
function useSteppedNow(paused) {
  const [now, setNow] = useState(steppedNow);
  useEffect(() => {
    if (paused) return undefined;
    const timer = setInterval(() => setNow(steppedNow()), STEP_MS / 10);
    return () => clearInterval(timer);
  }, [paused]);
  return now;
}

export const dayStart = (day) => `${day}T00:00:00Z`;

/** The chosen days, or the last days up to now; `range` is null for chosen days. */
export function useTimeRange(query) {
  const [from, to] = [query.get("from"), query.get("to")];
  const requested = query.get("range");
  const range = RANGES.some(([key]) => key === requested) ? requested : FIRST_RANGE;
  const now = useSteppedNow(query.has("cursor"));
  if (from || to) {
    const first = from ?? shiftDay(to, -parseInt(FIRST_RANGE, 10));
    return { range: null, start: dayStart(first), end: to && dayStart(shiftDay(to, 1)) };
  }
  const start = new Date(now - parseInt(range, 10) * DAY_MS).toISOString();
  return { range, start: start.replace(".000Z", "Z"), end: null };
}

/** The parameters of the API request for the filters in the URL. */
export function searchOf(query, { start, end }, more) {
  const search = new URLSearchParams(more);
  // A cursor holds the time range of its first page.
  if (!query.has("cursor")) search.set("start", start);
  if (end && !query.has("cursor")) search.set("end", end);
  for (const name of ["wallet", "asset", "status", "cursor"]) {
    if (query.get(name)) search.set(name, query.get(name));
  }
  return search;
}

export const isFiltered = (query) => ["wallet", "asset", "status"].some((name) => query.get(name));

const RANGE_WORDS = Object.fromEntries(RANGES);

/** The filters; on a phone they fold to a line that says what is set. */
export function Filters({ query, range, children }) {
  const set = [...FIELDS, "status"].filter((name) => query.get(name)).length;
  const words = [RANGE_WORDS[range], set && `${set} set`].filter(Boolean).join(", ");
  return html`<${Fold} name="filters" title="Filters" count=${words}>
    <div class="row filters">${children}</div><//>`;
}

export function RangeChoice({ range }) {
  return html`<${Switch} name="range" label="Range" items=${RANGES} current=${range}
    first=${FIRST_RANGE} clears=${{ from: null, to: null, ...RESET_PAGE }} />`;
}

export function StatusChoice({ query }) {
  return html`<${Switch} name="status" label="Status" items=${STATUSES}
    current=${query.get("status") ?? "all"} first="all" clears=${RESET_PAGE} />`;
}

/** The form of the filters; `only` names the fields it shows. */
export function Filter({ query, only = FIELDS }) {
  const value = (name) => query.get(name) ?? "";
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const values = Object.fromEntries(only.map((name) => [name, form.get(name).trim() || null]));
    const days = values.from || values.to ? { range: null } : {};
    go(here({ ...values, ...days, ...RESET_PAGE }));
  };
  const cleared = { ...Object.fromEntries(only.map((name) => [name, null])), ...RESET_PAGE };
  const fields = {
    wallet: html`<label key="wallet">Wallet <input name="wallet" value=${value("wallet")} size="16"
      placeholder="0x…" pattern="\\s*0[xX][0-9a-fA-F]{40}\\s*" autocomplete="off"
      spellcheck=${false} title="A whole address: 0x and 40 digits" /></label>`,
    asset: html`<${CoinField} key="asset" name="asset" label="Asset" value=${value("asset")} />`,
    from: html`<label key="from">From <input name="from" type="date"
      value=${value("from")} /></label>`,
    to: html`<label key="to">To <input name="to" type="date" value=${value("to")} /></label>`,
  };
  return html`<form class="filter" key=${only.map(value).join(" ")} onSubmit=${submit}>
    ${only.map((name) => fields[name])}
    <button type="submit">Show</button>
    ${only.some(value) && html`<a class="quiet" href=${here(cleared)}>Clear</a>`}
  </form>`;
}
