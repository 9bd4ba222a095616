// Columns that several tables share, and the way an address is written everywhere.

import { utc } from "../clock.js";
import { html } from "../preact.js";
import { link } from "../route.js";
import { sideWords } from "../vocabulary/twaps.js";
import { aboutOf, gapWords, kindOf, labelOf, reasonOf } from "../vocabulary/measures.js";
import { Completeness } from "./Mark.js";

/** Short in tables (`whole`: where there is room), whole on hover and copy; a link to its page. */
export function Address({ wallet, whole = false }) {
  const short = `${wallet.slice(0, 8)}…${wallet.slice(-6)}`;
  const text = whole
    ? html`<span class="wide-only">${wallet}</span><span class="narrow">${short}</span>`
    : short;
  return html`<a class="address" href=${link(`wallets/${wallet}`)} title=${wallet}
    data-exact=${wallet}>${text}</a>`;
}

/** A figure of a day as a column whose every cell opens its proof. */
export function dayColumn(field, hrefOf, more = {}) {
  return {
    key: field,
    label: labelOf(field),
    unit: field.endsWith("_usd") ? "USD" : undefined,
    kind: kindOf(field),
    about: aboutOf(field),
    href: (row) => hrefOf(row, field),
    reason: (row) => reasonOf(row, field),
    ...more,
  };
}

export const completenessColumn = {
  key: "completeness",
  label: "Complete",
  kind: "share",
  about: "The share of the time that is proved by the record.",
  cell: (row) => html`<${Completeness} share=${row.completeness} always />`,
};

export function dayCell(row) {
  const state = row.partial ? "so far" : row.closed === false ? "moving" : null;
  const why = row.partial
    ? "The day is not over."
    : "The record is not proved to the end of the day.";
  return html`<span data-exact=${row.day}>${row.day}</span>
    ${row.restated > 0 && html` <span class="restated" title=${`Restated ${row.restated}×`}>
      </span>`}
    ${state && html` <span class="tag" title=${why}>${state}</span>`}`;
}

export function sideCell(row) {
  const word = sideWords(row.side);
  return html`<span class=${`side ${word}`} data-exact=${row.side}>${word}</span>`;
}

function forced(row) {
  if (!row.liquidation) return row.dir;
  const { method, mark_px: mark } = row.liquidation;
  return html`${row.dir} <span class="tag warning"
    title=${`Liquidation, ${method}, at mark ${mark}`}>forced</span>`;
}

const flag = (row) => (row.crossed === null ? null : row.crossed ? "taker" : "maker");

export function fillColumns({ day } = {}) {
  const when = (row) =>
    html`<time datetime=${row.time} title=${row.time} data-exact=${row.time}>
      ${day ? row.time.slice(11, 23) : utc(row.time, { milliseconds: true })}</time>`;
  return [
    { key: "time", label: "Time", unit: "UTC", kind: "time", cell: when },
    { key: "coin", label: "Coin" },
    { key: "side", label: "Side", cell: sideCell },
    { key: "dir", label: "Direction", cell: forced },
    { key: "px", label: "Price", kind: "size" },
    { key: "sz", label: "Size", kind: "size" },
    {
      key: "notional",
      label: "Notional",
      kind: "size",
      about: "Price × size, in the quote token.",
    },
    {
      key: "closed_pnl",
      label: "Closed PnL",
      kind: "pnl",
      reason: () => "The exchange sent none.",
    },
    { key: "fee", label: "Fee", kind: "size" },
    { key: "fee_token", label: "In" },
    {
      key: "builder_fee",
      label: "Builder fee",
      kind: "size",
      hidden: true,
      reason: () => "No builder took part.",
    },
    {
      key: "deployer_fee",
      label: "Deployer fee",
      kind: "size",
      hidden: true,
      reason: () => "No deployer fee was charged.",
    },
    { key: "crossed", label: "Role", cell: flag },
    { key: "start_position", label: "Position before", kind: "size", hidden: true },
    { key: "twap_id", label: "TWAP", hidden: true, reason: () => "Not part of a TWAP." },
    { key: "oid", label: "Order id", hidden: true },
    { key: "tid", label: "Trade id", hidden: true, reason: () => "The exchange sent none." },
    {
      key: "hash",
      label: "Transaction",
      hidden: true,
      cell: (row) => html`<code class="clip" title=${row.hash}>${row.hash}</code>`,
    },
    { key: "cloid", label: "Client order id", hidden: true },
    { key: "fingerprint", label: "Fingerprint", hidden: true },
    { key: "page_id", label: "Page", hidden: true },
    {
      key: "ingested_at",
      label: "Stored",
      kind: "time",
      hidden: true,
      cell: (row) => utc(row.ingested_at),
    },
  ].map((column) => ({ sortable: false, ...column }));
}

/** Before this nothing can have happened: the API's way to say "since the beginning". */
const BEGINNING = "1970-01-01";

function gapEnd(iso, open) {
  if (!iso || iso.startsWith(BEGINNING)) return html`<span class="muted">${open}</span>`;
  return html`<time datetime=${iso} title=${iso} data-exact=${iso}>${utc(iso)}</time>`;
}

const MISSING_UNKNOWN = () => "The missing size is not known for this kind of gap.";

/** The columns of a list of gaps; `wallets` where it is over more than one. */
export function gapColumns({ wallets } = {}) {
  const columns = [
    { key: "wallet", label: "Wallet", cell: (row) => html`<${Address} wallet=${row.wallet} />` },
    {
      key: "coin",
      label: "Coin",
      cell: (row) => row.coin || html`<span class="muted">every coin</span>`,
    },
    {
      key: "kind",
      label: "Kind",
      cell: (row) => html`<span data-exact=${row.kind}>${gapWords(row.kind)}</span>`,
    },
    {
      key: "from",
      label: "From",
      unit: "UTC",
      kind: "time",
      cell: (row) => gapEnd(row.from, "the beginning"),
    },
    { key: "to", label: "To", unit: "UTC", kind: "time", cell: (row) => gapEnd(row.to, "open") },
    {
      key: "missing_size_coin",
      label: "Missing size",
      unit: "coin",
      kind: "size",
      reason: MISSING_UNKNOWN,
    },
  ];
  return wallets ? columns : columns.slice(1);
}

/** Figures of a list of days, the widest first; the rest waits in the column chooser. */
export const DAY_FIELDS = [
  "fills",
  "spot_volume_usd",
  "perp_volume_usd",
  "hip3_volume_usd",
  "outcome_volume_usd",
  "taker_volume_usd",
  "maker_volume_usd",
  "gross_realised_pnl_usd",
  "fees_usd",
];
export const DAY_FIELDS_HIDDEN = [
  "events",
  "forced_fills",
  "coins",
  "other_volume_usd",
  "spot_closed_pnl_usd",
  "outcome_closed_pnl_usd",
  "builder_fees_usd",
];
