// Columns of the tables that list TWAPs.

import { utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Address, sideCell, timeCell } from "../../components/cells.js";
import { Completeness } from "../../components/Mark.js";
import { html } from "../../preact.js";
import { link } from "../../route.js";
import { aboutOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import { twapReason } from "../../vocabulary/twaps.js";
import { Progress, TwapState } from "./Progress.js";

export const FOUND = "The share found, slice by slice, of what it executed.";
const SOURCES = {
  slices: "Summed over its slices.",
  status: "What its last status says: it is over, and the range holds its whole life.",
};

/** A TWAP as a row of a table: what it executed in the range stands beside the rest. */
export function rowOf(twap) {
  const { size, notional, fees, fees_usd, slices, source } = twap.executed;
  return {
    ...twap,
    id: `${twap.twap_id}:${twap.wallet}`,
    executed_size: size,
    executed_notional: notional,
    fees,
    fees_usd,
    slices,
    source,
  };
}

/** The year is left out where there is little room. */
function dated(iso) {
  const text = utc(iso);
  return html`<span class="wide-only">${text.slice(0, 5)}</span>${text.slice(5)}`;
}

function opening(key, write) {
  return (row) =>
    html`<a class="num" href=${link(`twaps/${row.twap_id}`)} title=${`Open TWAP ${row.twap_id}`}
      data-exact=${row[key]}>${write(row[key])}</a>`;
}

/** A figure of a TWAP as a column; `hrefOf` opens its proof. */
function figure(field, hrefOf, more = {}) {
  return {
    key: field,
    label: labelOf(field),
    kind: kindOf(field),
    about: aboutOf(field),
    href: (row) => hrefOf(row, field),
    reason: (row) => twapReason(row, field),
    ...more,
  };
}

export const STARTED = {
  key: "started_at",
  label: "Started",
  unit: "UTC",
  kind: "time",
  cell: opening("started_at", dated),
};
export const NUMBER = {
  key: "twap_id",
  label: "TWAP",
  sortable: false,
  cell: opening("twap_id", String),
};
export const WALLET = {
  key: "wallet",
  label: "Wallet",
  cell: (row) => html`<${Address} wallet=${row.wallet} />`,
};
export const ASSET = { key: "asset", label: "Asset" };
export const SIDE = { key: "side", label: "Side", cell: sideCell };
const STATE = {
  key: "status",
  label: "Status",
  cell: (row) => html`<${TwapState} twap=${row} />`,
};

const FOUND_COLUMN = {
  key: "completeness",
  label: "Found",
  kind: "share",
  about: FOUND,
  cell: (row) =>
    row.completeness === null
      ? html`<${Amount} value=${null} reason=${twapReason(row, "completeness")} />`
      : html`<${Completeness} share=${row.completeness} always words=${FOUND} />`,
};

export function feesNote({ fees }) {
  return Object.entries(fees ?? {})
    .map(([token, amount]) => `${amount} ${token}`)
    .join("\n");
}

export function twapColumns(hrefOf) {
  const progress = (row) =>
    html`<${Progress} twap=${row} href=${hrefOf(row, "progress")} tab=${-1} />`;
  const bySource = (row) => SOURCES[row.source];
  return [
    STARTED,
    NUMBER,
    WALLET,
    ASSET,
    SIDE,
    STATE,
    figure("size_requested", hrefOf, { unit: "coin" }),
    figure("executed_size", hrefOf, { unit: "coin", note: bySource }),
    figure("progress", hrefOf, { cell: progress }),
    figure("vwap", hrefOf, { mixed: true }),
    figure("arrival_slippage_bps", hrefOf, { unit: "bps" }),
    figure("fees_usd", hrefOf, { unit: "USD", note: feesNote }),
    FOUND_COLUMN,
    ...hiddenColumns(hrefOf, bySource),
  ];
}

const HIDDEN = [
  ["market_slippage_bps", { unit: "bps" }],
  ["arrival_price", { mixed: true }],
  ["market_vwap", { mixed: true }],
  ["schedule_lag"],
  ["slices"],
  ["slices_expected"],
  ["slices_missed"],
];

function hiddenColumns(hrefOf, bySource) {
  return [
    figure("executed_notional", hrefOf, { unit: "quote", note: bySource }),
    ...HIDDEN.map(([field, more]) => figure(field, hrefOf, more)),
    { key: "duration_minutes", label: "Asked for", unit: "min", kind: "count" },
    { key: "ends_at", label: "Ends", unit: "UTC", kind: "time", cell: timeCell("ends_at") },
    {
      key: "ended_at",
      label: "Ended",
      unit: "UTC",
      kind: "time",
      cell: timeCell("ended_at", "It runs, or the source does not say when it ended."),
    },
    { key: "source", label: "Executed by", reason: (row) => twapReason(row, "executed_size") },
    { key: "definition", label: "Definition" },
    { key: "digest", label: "Digest" },
  ].map((column) => ({ hidden: true, ...column }));
}

/** The few columns that fit beside other things. */
export function compactColumns(hrefOf) {
  const kept = new Set(
    "started_at asset side status size_requested progress arrival_slippage_bps fees_usd".split(" "),
  );
  return twapColumns(hrefOf).map((column) => ({ ...column, hidden: !kept.has(column.key) }));
}
