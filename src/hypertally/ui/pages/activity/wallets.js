// Wallets: every wallet the org tracks, with a search by address and by what the org calls them.

import { Ago } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Address } from "../../components/cells.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Pager } from "../../components/Pager.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { go, here } from "../../route.js";
import { Chosen, setChosen, Words } from "./words.js";

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
  {
    key: "tags",
    label: "Tags",
    description: "Click a tag to see its wallets. hypertally wallets tag gives one.",
    sortable: false,
    cell: (row) => html`<${Words} name="tag" words=${row.tags} />`,
  },
  {
    key: "groups",
    label: "Groups",
    description: "Click a group to see its wallets. hypertally wallets group makes one.",
    sortable: false,
    cell: (row) => html`<${Words} name="group" words=${row.groups} />`,
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
    <label>Search <input name="query" value=${query} placeholder="0x…, label, tag, note"
      maxlength="64" title="Part of an address, a label, a tag, a group or a note"
      autocomplete="off" spellcheck=${false} /></label>
    <button type="submit">Find</button>
    ${query && html`<a class="quiet" href=${here({ query: null, cursor: null })}>All</a>`}
  </form>`;
}

/** How many wallets there are, and how many of them this page shows. */
function Count({ total, shown }) {
  const exact = (count) => html`<${Amount} value=${String(count)} kind="count" />`;
  return html`<span data-part="count">${exact(total)} ${total === 1 ? "wallet" : "wallets"}${
    shown < total && html`, ${exact(shown)} of them on this page`
  }</span>`;
}

function NoWallets({ query, chosen }) {
  if (chosen) {
    return html`<${Empty} title="No tracked wallet is of this choice"><a
      href=${here({ tag: null, group: null, cursor: null })}>Show all wallets</a><//>`;
  }
  if (!query) {
    return html`<${Empty} title="No wallets are tracked yet"
      command="hypertally wallets add 0x…" />`;
  }
  return html`<${Empty} title=${`No tracked wallet has “${query}” in its address or name`}
    command="hypertally wallets add 0x…" />`;
}

const NAMES = new Set(["label", "tags", "groups"]);

/** The columns; names that no shown wallet has are left to the choice of columns. */
const columnsOf = (rows) =>
  COLUMNS.map((column) => ({
    ...column,
    hidden: NAMES.has(column.key) && !rows.some((row) => row[column.key]?.length),
  }));

export function Wallets({ route }) {
  const query = route.query.get("query") ?? "";
  const cursor = route.query.get("cursor");
  const search = new URLSearchParams({ limit: PER_PAGE });
  if (query) search.set("query", query);
  if (cursor) search.set("cursor", cursor);
  const chosen = setChosen(search, route.query);
  const feed = useFeed(`/api/v1/wallets?${search}`);
  const { data } = feed;
  const rows = data?.wallets.map((row) => ({ ...row, id: row.wallet })) ?? [];
  const pager =
    (cursor || data?.next) &&
    html`<${Pager} steps=${[
      ["First", cursor && here({ cursor: null })],
      ["Next", data?.next && here({ cursor: data.next })],
    ]} />`;
  return html`<header class="page-head"><h1>Wallets</h1><${Chosen} query=${route.query} />
    <span class="grow"></span><${Filter} key=${query} query=${query} /></header>
    <${Failure} feed=${feed} what="the wallets" />
    ${!data && feed.loading && html`<${Skeleton} rows=${12} />`}
    ${data && !rows.length && html`<${NoWallets} query=${query} chosen=${chosen} />`}
    ${
      rows.length > 0 &&
      html`<${Table} name="wallets" columns=${columnsOf(rows)} rows=${rows} old=${feed.old}
      pager=${pager}
      list=${wholeList(`/api/v1/wallets?${search}`)}
      title=${query ? `With “${query}”` : "Tracked wallets"}
      note=${html`<${Count} total=${data.total} shown=${rows.length} />`} />`
    }`;
}
