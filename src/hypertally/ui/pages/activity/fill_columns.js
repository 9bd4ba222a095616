// Columns of tables of fills.

import { utc } from "../../clock.js";
import { coinCell, sideCell } from "../../components/cells.js";
import { html } from "../../preact.js";

function directionCell(row) {
  if (!row.liquidation) return row.dir;
  const { method, mark_px: mark } = row.liquidation;
  return html`${row.dir} <span class="tag warning"
    title=${`Liquidation, ${method}, at mark price ${mark}`}>forced</span>`;
}

const roleOf = (row) => (row.crossed === null ? null : row.crossed ? "taker" : "maker");

export function fillColumns({ day } = {}) {
  const timeCell = (row) =>
    html`<time datetime=${row.time} title=${row.time} data-exact=${row.time}>
      ${day ? row.time.slice(11, 23) : utc(row.time, { milliseconds: true })}</time>`;
  return [
    { key: "time", label: "Time", unit: "UTC", kind: "time", cell: timeCell },
    { key: "coin", label: "Coin", cell: coinCell },
    { key: "side", label: "Side", cell: sideCell },
    { key: "dir", label: "Direction", cell: directionCell },
    { key: "px", label: "Price", kind: "size" },
    { key: "sz", label: "Size", kind: "size" },
    {
      key: "notional",
      label: "Notional",
      kind: "size",
      description: "Price × size, in the quote token.",
    },
    {
      key: "closed_pnl",
      label: "Closed PnL",
      kind: "pnl",
      reason: () => "The exchange gave none.",
    },
    { key: "fee", label: "Fee", kind: "size" },
    { key: "fee_token", label: "Fee token" },
    {
      key: "builder_fee",
      label: "Builder fee",
      kind: "size",
      hidden: true,
      reason: () => "No builder was involved.",
    },
    {
      key: "deployer_fee",
      label: "Deployer fee",
      kind: "size",
      hidden: true,
      reason: () => "No deployer fee was charged.",
    },
    { key: "crossed", label: "Role", cell: roleOf },
    { key: "start_position", label: "Position before", kind: "size", hidden: true },
    { key: "twap_id", label: "TWAP", hidden: true, reason: () => "Not part of a TWAP." },
    { key: "oid", label: "Order id", hidden: true },
    { key: "tid", label: "Trade id", hidden: true, reason: () => "The exchange gave none." },
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
