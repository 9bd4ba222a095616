// Columns of tables of gaps: what is known to be missing from a record.

import { utc } from "../../clock.js";
import { coinCell, walletCell } from "../../components/cells.js";
import { html } from "../../preact.js";
import { gapWords } from "../../vocabulary/measures.js";

/** The API's date for "since the beginning". */
const BEGINNING = "1970-01-01";

function gapTime(iso, openText) {
  if (!iso || iso.startsWith(BEGINNING)) return html`<span class="muted">${openText}</span>`;
  return html`<time datetime=${iso} title=${iso} data-exact=${iso}>${utc(iso)}</time>`;
}

const NO_SIZE = () => "The missing size is not known for this kind of gap.";

/** The columns of a table of gaps; `wallets` shows the wallet of each gap. */
export function gapColumns({ wallets } = {}) {
  const columns = [
    { key: "wallet", label: "Wallet", cell: walletCell },
    {
      key: "coin",
      label: "Coin",
      cell: (row) => (row.coin && coinCell(row)) || html`<span class="muted">every coin</span>`,
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
      cell: (row) => gapTime(row.from, "the beginning"),
    },
    {
      key: "to",
      label: "To",
      unit: "UTC",
      kind: "time",
      cell: (row) => gapTime(row.to, "still open"),
    },
    {
      key: "missing_size_coin",
      label: "Missing size",
      unit: "coin",
      kind: "size",
      reason: NO_SIZE,
    },
  ];
  return wallets ? columns : columns.slice(1);
}
