// Columns of tables of slices, of statuses, and of running TWAPs.

import { Ago, utc } from "../../clock.js";
import { timeCell } from "../../components/cells.js";
import { Tokens } from "../../components/Evidence.js";
import { html } from "../../preact.js";
import { TwapState } from "./Progress.js";
import { ASSET, feesNote, NUMBER, SIDE, STARTED, WALLET } from "./twap_columns.js";

/** Every figure of a slice opens the proof at `href`. */
export function sliceColumns(href) {
  const columns = [
    {
      key: "at",
      label: "Time",
      unit: "UTC",
      kind: "time",
      cell: (row) =>
        html`<time datetime=${row.at} title=${row.at} data-exact=${row.at}>
          ${utc(row.at, { milliseconds: true })}</time>`,
    },
    { key: "size", label: "Size", unit: "coin", kind: "size" },
    { key: "price", label: "Price", kind: "price", description: "Notional divided by size." },
    { key: "notional", label: "Notional", kind: "size", description: "In the quote token." },
    {
      key: "so_far",
      label: "Executed so far",
      unit: "coin",
      kind: "size",
      description: "Sum of the sizes of all slices up to this one.",
    },
    {
      key: "fees_usd",
      label: "Fees",
      unit: "USD",
      kind: "fee",
      reason: () => "Unknown because a fee token has no price.",
      note: feesNote,
    },
    {
      key: "fees",
      label: "Fees by token",
      hidden: true,
      cell: (row) => html`<${Tokens} amounts=${row.fees} />`,
    },
    { key: "fills", label: "Fills", kind: "count" },
    { key: "oid", label: "Order id" },
  ];
  return columns.map((column) => ({ sortable: false, href: () => href, ...column }));
}

function payload(row) {
  return html`<details class="payload"><summary>show</summary><pre
    tabindex="0">${JSON.stringify(row.raw, null, 2)}</pre></details>`;
}

const NOT_GIVEN = () => "The source does not give this.";

export const STATUS_COLUMNS = [
  {
    key: "event_at",
    label: "Happened",
    unit: "UTC",
    kind: "time",
    cell: timeCell("event_at", "The source gives only the start time of the TWAP."),
  },
  { key: "status", label: "Status", cell: (row) => html`<${TwapState} twap=${row} verbatim />` },
  {
    key: "size_executed",
    label: "Executed",
    unit: "coin",
    kind: "size",
    description: "Since the start of the TWAP.",
    reason: NOT_GIVEN,
  },
  {
    key: "notional_executed",
    label: "Notional",
    kind: "size",
    description: "Since the start of the TWAP.",
    reason: NOT_GIVEN,
  },
  { key: "size_requested", label: "Requested", unit: "coin", kind: "size", hidden: true },
  { key: "duration_minutes", label: "Duration", unit: "min", kind: "count", hidden: true },
  {
    key: "s3_object_key",
    label: "Source",
    cell: (row) =>
      row.s3_object_key
        ? html`<code class="clip wide" title=${row.s3_object_key}
            data-exact=${row.s3_object_key}>${row.s3_object_key}</code>`
        : html`<span class="muted">the exchange</span>`,
  },
  {
    key: "inserted_at",
    label: "Stored",
    kind: "time",
    cell: (row) => html`<${Ago} iso=${row.inserted_at} />`,
  },
  { key: "raw", label: "Raw data", cell: payload },
].map((column) => ({ sortable: false, ...column }));

/** Columns of the fills of slices; a content that does not count is said to be none. */
export const FILL_COLUMNS = [
  {
    key: "time",
    label: "Time",
    unit: "UTC",
    kind: "time",
    cell: (row) =>
      html`<time datetime=${row.time} title=${row.time} data-exact=${row.time}>
        ${utc(row.time, { milliseconds: true })}</time>`,
  },
  { key: "sz", label: "Size", unit: "coin", kind: "size" },
  { key: "px", label: "Price", kind: "price" },
  { key: "fee", label: "Fee", kind: "fee", reason: NOT_GIVEN },
  { key: "fee_token", label: "Fee token" },
  {
    key: "source",
    label: "Source",
    description: "Who gave the fill: the exchange, or an object of an archive of fills.",
    cell: (row) =>
      html`<code class="clip wide" title=${row.source}
        data-exact=${row.source}>${row.source}</code>${
        row.counts ? "" : html` <span class="muted">beside the one that counts</span>`
      }`,
  },
  { key: "oid", label: "Order id", hidden: true },
  { key: "tid", label: "Trade id", hidden: true },
].map((column) => ({ sortable: false, ...column }));

const BASES = {
  slices: "Requested size minus the size of its slices.",
  schedule: "Requested size × share of the time left: the slices of this wallet are not recorded.",
};

export const RUNNING_COLUMNS = [
  {
    key: "completes_at",
    label: "Completes",
    unit: "UTC",
    kind: "time",
    description: "Expected end if it continues at its present pace.",
    cell: timeCell("completes_at"),
  },
  NUMBER,
  WALLET,
  ASSET,
  SIDE,
  { key: "size_left", label: "Left", unit: "coin", kind: "size" },
  { key: "size_requested", label: "Requested", unit: "coin", kind: "size" },
  {
    key: "basis",
    label: "Left according to",
    description: "How the size left is known: from the slices, or from the schedule.",
    cell: (row) => html`<span class=${`basis ${row.basis}`} title=${BASES[row.basis]}
      data-exact=${row.basis}>${row.basis}</span>`,
  },
  STARTED,
  { key: "ends_at", label: "Ends", unit: "UTC", kind: "time", cell: timeCell("ends_at") },
];
