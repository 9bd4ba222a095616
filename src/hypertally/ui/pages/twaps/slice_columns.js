// Columns of what a TWAP is made of: its slices, its statuses, and what it still has to do.

import { Ago, utc } from "../../clock.js";
import { timeCell } from "../../components/cells.js";
import { Tokens } from "../../components/Evidence.js";
import { html } from "../../preact.js";
import { TwapState } from "./Progress.js";
import { ASSET, feesNote, NUMBER, SIDE, STARTED, WALLET } from "./twap_columns.js";

/** `href`: the proof that every figure of a slice belongs to. */
export function sliceColumns(href) {
  const each = [
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
    { key: "price", label: "Price", kind: "price", about: "Notional divided by size." },
    { key: "notional", label: "Notional", kind: "size", about: "In the quote token." },
    {
      key: "so_far",
      label: "Executed so far",
      unit: "coin",
      kind: "size",
      about: "The sizes of the slices up to this one, added.",
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
  return each.map((column) => ({ sortable: false, href: () => href, ...column }));
}

function payload(row) {
  return html`<details class="payload"><summary>payload</summary><pre
    tabindex="0">${JSON.stringify(row.raw, null, 2)}</pre></details>`;
}

const SAID_NOTHING = () => "The source does not say.";

export const STATUS_COLUMNS = [
  {
    key: "event_at",
    label: "Happened",
    unit: "UTC",
    kind: "time",
    cell: timeCell("event_at", "The source gives only the start of the TWAP."),
  },
  { key: "status", label: "Status", cell: (row) => html`<${TwapState} twap=${row} asSaid />` },
  {
    key: "size_executed",
    label: "Executed",
    unit: "coin",
    kind: "size",
    about: "Since the TWAP began.",
    reason: SAID_NOTHING,
  },
  {
    key: "notional_executed",
    label: "Notional",
    kind: "size",
    about: "Since the TWAP began.",
    reason: SAID_NOTHING,
  },
  { key: "size_requested", label: "Requested", unit: "coin", kind: "size", hidden: true },
  { key: "duration_minutes", label: "Asked for", unit: "min", kind: "count", hidden: true },
  {
    key: "s3_object_key",
    label: "From",
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
  { key: "raw", label: "As it came", cell: payload },
].map((column) => ({ sortable: false, ...column }));

const BASES = {
  slices: "Requested less what its slices traded.",
  schedule: "Requested × the share of its time that is left: its slices are not followed.",
};

export const RUNNING_COLUMNS = [
  {
    key: "completes_at",
    label: "Completes",
    unit: "UTC",
    kind: "time",
    about: "When it will be done if it goes on as it does.",
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
    label: "Left by",
    about: "How the size that is left is known.",
    cell: (row) => html`<span class=${`basis ${row.basis}`} title=${BASES[row.basis]}
      data-exact=${row.basis}>${row.basis}</span>`,
  },
  STARTED,
  { key: "ends_at", label: "Ends", unit: "UTC", kind: "time", cell: timeCell("ends_at") },
];
