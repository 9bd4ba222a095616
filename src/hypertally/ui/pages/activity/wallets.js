// Wallets: every wallet the org tracks, with a search for a part of an address.

import { Ago } from "../../clock.js";
import { Address } from "../../components/cells.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Pager } from "../../components/Pager.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { go, here } from "../../route.js";

const PER_PAGE = 100;
const NO_FILL = () => "Unknown because no fill of this wallet is stored.";

const COLUMNS = [
  {
    key: "wallet",
    label: "Wallet",
    cell: (row) => html`<${Address} wallet=${row.wallet} whole />`,
  },
  {
    key: "label",
    label: "Label",
    description: "What the org calls the wallet: hypertally wallets label.",
    cell: (row) => html`<span data-exact=${row.label ?? ""}>${row.label}</span>`,
  },
  { key: "days_active", label: "Days active", kind: "count", reason: NO_FILL },
  {
    key: "first_fill_at",
    label: "First fill",
    kind: "time",
    reason: NO_FILL,
    cell: (row) =>
      row.first_fill_at
        ? html`<span title=${row.first_fill_at}>${row.first_fill_at.slice(0, 10)}</span>`
        : html`<${Ago} />`,
  },
  {
    key: "last_fill_at",
    label: "Last fill",
    kind: "time",
    reason: NO_FILL,
    cell: (row) => html`<${Ago} iso=${row.last_fill_at} />`,
  },
  {
    key: "proven_until",
    label: "Complete until",
    kind: "time",
    description: "All fills up to this time are proved to be stored.",
    cell: (row) => html`<${Ago} iso=${row.proven_until} />`,
  },
  {
    key: "from_day",
    label: "Tracked from",
    kind: "day",
    reason: () => "From its first fill on.",
    description: "First day on which the wallet counts in the figures of the org.",
  },
  { key: "to_day", label: "Until", kind: "day", reason: () => "Still tracked." },
];

function Filter({ query }) {
  const submit = (event) => {
    event.preventDefault();
    go(here({ query: new FormData(event.target).get("query").trim() || null, cursor: null }));
  };
  return html`<form class="filter" role="search" onSubmit=${submit}>
    <label>Part of an address <input name="query" value=${query} placeholder="0x…"
      pattern="\\s*(0[xX])?[0-9a-fA-F]{0,40}\\s*"
      title="Digits 0 to 9 and a to f, with or without 0x"
      autocomplete="off" spellcheck=${false} /></label>
    <button type="submit">Find</button>
    ${query && html`<a class="quiet" href=${here({ query: null, cursor: null })}>All</a>`}
  </form>`;
}

/** The digits an address can have; any other query is not worth a request. */
const PART_OF_ADDRESS = /^(0x)?[0-9a-f]{0,40}$/i;

function NoWallets({ query }) {
  if (!query) {
    return html`<${Empty} title="No wallets are tracked yet"
      command="hypertally wallets add 0x…" />`;
  }
  if (!PART_OF_ADDRESS.test(query)) {
    return html`<${Empty} title=${`“${query}” is not part of an address`}>Addresses have the digits
      0 to 9 and a to f.<//>`;
  }
  return html`<${Empty} title=${`No tracked wallet has “${query}” in its address`}
    command="hypertally wallets add 0x…" />`;
}

export function Wallets({ route }) {
  const query = route.query.get("query") ?? "";
  const cursor = route.query.get("cursor");
  const search = new URLSearchParams({ limit: PER_PAGE });
  if (query) search.set("query", query);
  if (cursor) search.set("cursor", cursor);
  const valid = PART_OF_ADDRESS.test(query);
  const feed = useFeed(valid ? `/api/v1/wallets?${search}` : null);
  const data = valid ? feed.data : { wallets: [] };
  const rows = data?.wallets.map((row) => ({ ...row, id: row.wallet })) ?? [];
  const pager =
    (cursor || data?.next) &&
    html`<${Pager} steps=${[
      ["First", cursor && here({ cursor: null })],
      ["Next", data?.next && here({ cursor: data.next })],
    ]} />`;
  return html`<header class="page-head"><h1>Wallets</h1><span class="grow"></span><${Filter}
    key=${query} query=${query} /></header>
    <${Failure} feed=${feed} what="the wallets" />
    ${!data && feed.loading && html`<${Skeleton} rows=${12} />`}
    ${data && !rows.length && html`<${NoWallets} query=${query} />`}
    ${
      rows.length > 0 &&
      html`<${Table} name="wallets" columns=${COLUMNS} rows=${rows} old=${feed.old} pager=${pager}
      list=${wholeList(`/api/v1/wallets?${search}`)}
      title=${query ? `With “${query}”` : "Tracked wallets"} />`
    }`;
}
