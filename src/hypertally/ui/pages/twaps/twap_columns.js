// Columns of tables of TWAPs.

import { utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { coinCell, sideCell, timeCell, walletCell } from "../../components/cells.js";
import { Completeness } from "../../components/Mark.js";
import { html } from "../../preact.js";
import { link } from "../../route.js";
import { descriptionOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import { arrivalWords, twapReason } from "../../vocabulary/twaps.js";
import { Progress, TwapState } from "./Progress.js";

export const FOUND = "Share of the executed size for which the slices are stored.";
const SOURCES = {
  slices: "Sum over the slices.",
  "some slices": "At least so much: only slices that an archive holds are known.",
  status: "From the last status: the TWAP has ended, and the range holds all of it.",
};

/** A TWAP as a row of a table, with the figures executed in the range as fields of the row. */
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

/** A time without its year on narrow screens. */
function startTime(iso) {
  const text = utc(iso);
  return html`<span class="wide-only">${text.slice(0, 5)}</span>${text.slice(5)}`;
}

function twapLinkCell(key, write) {
  return (row) =>
    html`<a class="num" href=${link(`twaps/${row.twap_id}`)} title=${`Open TWAP ${row.twap_id}`}
      data-exact=${row[key]}>${write(row[key])}</a>`;
}

/** A column of a figure; `hrefOf` opens the proof of the figure. */
function figureColumn(field, hrefOf, more = {}) {
  return {
    key: field,
    label: labelOf(field),
    kind: kindOf(field),
    description: descriptionOf(field),
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
  cell: twapLinkCell("started_at", startTime),
};
export const NUMBER = {
  key: "twap_id",
  label: "TWAP",
  sortable: false,
  cell: twapLinkCell("twap_id", String),
};
export const WALLET = {
  key: "wallet",
  label: "Wallet",
  cell: walletCell,
};
export const ASSET = { key: "asset", label: "Asset", cell: coinCell };
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
  description: FOUND,
  cell: (row) =>
    row.completeness === null
      ? html`<${Amount} value=${null} reason=${twapReason(row, "completeness")} />`
      : html`<${Completeness} share=${row.completeness} always description=${FOUND} />`,
};

export function feesNote({ fees }) {
  return Object.entries(fees ?? {})
    .map(([token, amount]) => `${amount} ${token}`)
    .join("\n");
}

export function twapColumns(hrefOf) {
  const progress = (row) =>
    html`<${Progress} twap=${row} href=${hrefOf(row, "progress")} tab=${-1} />`;
  const sourceNote = (row) => SOURCES[row.source];
  return [
    STARTED,
    NUMBER,
    WALLET,
    ASSET,
    SIDE,
    STATE,
    figureColumn("size_requested", hrefOf, { unit: "coin" }),
    figureColumn("executed_size", hrefOf, { unit: "coin", note: sourceNote }),
    figureColumn("progress", hrefOf, { cell: progress }),
    figureColumn("vwap", hrefOf, { mixed: true }),
    figureColumn("arrival_slippage_bps", hrefOf, {
      unit: "bps",
      note: (row) => arrivalWords(row.arrival_basis),
    }),
    figureColumn("fees_usd", hrefOf, { unit: "USD", note: feesNote }),
    FOUND_COLUMN,
    ...hiddenColumns(hrefOf, sourceNote),
  ];
}

const HIDDEN = [
  ["market_slippage_bps", { unit: "bps" }],
  ["arrival_price", { mixed: true, note: (row) => arrivalWords(row.arrival_basis) }],
  ["market_vwap", { mixed: true }],
  ["schedule_lag"],
  ["slices"],
  ["slices_expected"],
  ["slices_missed"],
];

function hiddenColumns(hrefOf, sourceNote) {
  return [
    figureColumn("executed_notional", hrefOf, { unit: "quote", note: sourceNote }),
    ...HIDDEN.map(([field, more]) => figureColumn(field, hrefOf, more)),
    { key: "duration_minutes", label: "Duration", unit: "min", kind: "count" },
    { key: "ends_at", label: "Ends", unit: "UTC", kind: "time", cell: timeCell("ends_at") },
    {
      key: "ended_at",
      label: "Ended",
      unit: "UTC",
      kind: "time",
      cell: timeCell("ended_at", "The TWAP is running, or the source does not give its end."),
    },
    {
      key: "source",
      label: "Executed according to",
      reason: (row) => twapReason(row, "executed_size"),
    },
    { key: "definition", label: "Definition" },
    { key: "digest", label: "Digest" },
  ].map((column) => ({ hidden: true, ...column }));
}

/** The few columns shown on the page of a wallet. */
export function compactColumns(hrefOf) {
  const visible = new Set(
    "started_at asset side status size_requested progress arrival_slippage_bps fees_usd".split(" "),
  );
  return twapColumns(hrefOf).map((column) => ({ ...column, hidden: !visible.has(column.key) }));
}
