// How often the side of a band was right. Hidden until asked for: it is a record, not advice.

import { Amount } from "../../components/Amount.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Switch } from "../../components/Switch.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { percent, round } from "../../vocabulary/decimal.js";
import { bandTone, bandWords } from "../../vocabulary/smart_money.js";

const HORIZONS = ["5m", "1h", "4h", "24h"];
const HORIZON_NAMES = { "5m": "5 min", "1h": "1 h", "4h": "4 h", "24h": "24 h" };

/** A rate is rounded; only a completeness is cut. */
const rounded = (share) => percent(round(share, 3));

const reasonOf = (row) => `Unknown because ${row.unknown ?? "there is no rate"}.`;

function bandCell(row) {
  const tone = bandTone(row.band);
  const shape = tone === "gain" ? "▲ " : tone === "loss" ? "▼ " : "";
  return html`<span class=${tone} data-exact=${row.band}>${shape}${bandWords(row.band)}</span>`;
}

function rateCell(row) {
  if (row.rate === null) return html`<${Amount} value=${null} reason=${reasonOf(row)} />`;
  return html`<span data-exact=${row.rate} title=${row.rate}>${rounded(row.rate)}</span>`;
}

function intervalCell(row) {
  if (row.lower === null) return html`<${Amount} value=${null} reason=${reasonOf(row)} />`;
  return html`<span data-exact=${`${row.lower} ${row.upper}`}
    title=${`${row.lower} to ${row.upper}`}>${rounded(row.lower)} – ${rounded(row.upper)}</span>`;
}

const COLUMNS = [
  { key: "asset", label: "Asset" },
  { key: "band", label: "Band", cell: bandCell },
  {
    key: "rate",
    label: "Right",
    kind: "share",
    description: "Share of the signals after which the price moved in the direction of the band.",
    cell: rateCell,
  },
  {
    key: "between",
    label: "95% interval",
    kind: "share",
    sortable: false,
    description: "Wilson interval: the true share probably lies in this interval.",
    cell: intervalCell,
  },
  { key: "hits", label: "Hits", kind: "count", reason: reasonOf },
  {
    key: "n_apart",
    label: "Independent",
    unit: "n",
    kind: "count",
    description: "Signals whose periods after the signal do not overlap.",
  },
  { key: "n", label: "All", kind: "count", description: "All signals whose outcome is known." },
];

function Rates({ horizon }) {
  const feed = useFeed(`/api/v1/smart-money/outcomes?horizon=${horizon}`);
  const { data } = feed;
  const choice = html`<${Switch} name="outcomes" label="After" current=${horizon} first=${null}
    items=${HORIZONS.map((name) => [name, HORIZON_NAMES[name]])} />`;
  const rows = (data?.rates ?? []).map((row) => ({ ...row, id: `${row.asset} ${row.band}` }));
  return html`<${Failure} feed=${feed} what="the hit rates" />
    ${!data && feed.loading && html`<${Skeleton} rows=${8} />`}
    ${
      data &&
      html`<${Table} name="rates" columns=${COLUMNS} rows=${rows} old=${feed.old}
        note="of the last 366 days" file=${`hit-rates-${horizon}`} actions=${choice} />`
    }`;
}

/** Nothing is loaded while closed: a year of outcomes is the largest answer of the page. */
export function Outcomes({ route }) {
  const requested = route.query.get("outcomes");
  const horizon = HORIZONS.includes(requested) ? requested : null;
  return html`<section class="outcomes" data-part="outcomes">
    <header class="table-bar"><h2>How often the advice was right</h2>
      <span class="muted">
        ${horizon && `the price ${HORIZON_NAMES[horizon]} after a signal`}</span>
      <span class="grow"></span>
      <a class="quiet" href=${here({ outcomes: horizon ? null : "1h" })}
        aria-expanded=${String(Boolean(horizon))}>
        ${horizon ? "Hide" : "Show"} hit rates</a></header>
    ${
      horizon
        ? html`<${Rates} horizon=${horizon} />`
        : html`<p class="muted">How often the side of a band was right, with the 95% interval.</p>`
    }
  </section>`;
}
