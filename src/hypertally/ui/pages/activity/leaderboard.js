// Leaderboard: wallets ranked by one figure over whole UTC days.

import { Ago } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { walletCell } from "../../components/cells.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Pager } from "../../components/Pager.js";
import { proofOf } from "../../components/proof_link.js";
import { SpanPicker } from "../../components/SpanPicker.js";
import { Switch } from "../../components/Switch.js";
import { sorted, sortOf, Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { go, here } from "../../route.js";
import { intervalOf } from "../../vocabulary/intervals.js";
import { kindOf } from "../../vocabulary/measures.js";
import { spanOf } from "../../spans.js";
import { completenessColumn, dayColumn } from "./day_columns.js";
import { RANKS_PER_PAGE, rankSearch, WINDOWS } from "./ProofRange.js";
import { Chosen } from "./words.js";

const RANKED_MAX = 1000; // the API lists no more
const RANKINGS = {
  volume: ["Volume", "volume_usd", "By volume"],
  perp_volume: ["Perp", "perp_volume_usd", "By perp volume"],
  spot_volume: ["Spot", "spot_volume_usd", "By spot volume"],
  hip3_volume: ["HIP-3", "hip3_volume_usd", "By HIP-3 volume"],
  fills: ["Fills", "fills", "By fills"],
  pnl: ["PnL", "gross_realised_pnl_usd", "By gross realised PnL"],
  fees: ["Fees", "fees_usd", "By fees"],
};
const FIELDS = [
  "volume_usd",
  "perp_volume_usd",
  "spot_volume_usd",
  "hip3_volume_usd",
  "gross_realised_pnl_usd",
  "fees_usd",
  "fills",
  "days_active",
];
const HIDDEN = [
  "taker_volume_usd",
  "maker_volume_usd",
  "outcome_volume_usd",
  "other_volume_usd",
  "coins_max",
];
const RANK_OF = Object.fromEntries(Object.entries(RANKINGS).map(([by, [, field]]) => [field, by]));

function columnsOf() {
  const hrefOf = (row, field) => proofOf("span", row.wallet, field);
  const reason = () =>
    "Unknown because at least one day of the window is unknown: click to see which.";
  return [
    { key: "rank", label: "#", kind: "count", sortable: true },
    { key: "wallet", label: "Wallet", cell: walletCell },
    ...FIELDS.map((field) => dayColumn(field, hrefOf, { reason })),
    ...HIDDEN.map((field) => dayColumn(field, hrefOf, { reason, hidden: true })),
    {
      key: "last_fill_at",
      label: "Last fill",
      kind: "time",
      cell: (row) => html`<${Ago} iso=${row.last_fill_at} />`,
    },
    completenessColumn,
  ];
}

/** A heading with a ranking of its own asks the server to rank; others sort the shown rows. */
function rankBy(by) {
  return (column) => {
    const next = RANK_OF[column.key];
    if (!next || (next === by && !sortOf("ranks"))) return false;
    go(here({ by: next === "volume" ? null : next, page: null, "ranks.sort": null }));
    return true;
  };
}

function Unranked({ data, by }) {
  const groups = data.unranked ?? [];
  if (!groups.length) return null;
  const [, field] = RANKINGS[by];
  const total = groups.map(
    ({ wallets, reason }) =>
      html`<li key=${reason}><${Amount} value=${wallets} kind="count" /> wallets: ${reason}</li>`,
  );
  const wallets = data.unpriced_wallets.slice(0, RANKS_PER_PAGE).map(
    (row) => html`<li key=${row.wallet}>${walletCell(row)}: <${Amount}
      value=${null} kind=${kindOf(field)} short interval=${intervalOf(row, field)}
      href=${proofOf("span", row.wallet, field)} /></li>`,
  );
  return html`<div class="aside"><h3>Not ranked</h3><ul>${total}</ul><ul>
    ${wallets}</ul></div>`;
}

function pagerOf(data, page) {
  const ranked = Math.min(data.eligible, RANKED_MAX);
  const last = Math.max(1, Math.ceil(ranked / RANKS_PER_PAGE));
  const step = (n) =>
    n >= 1 && n <= last && n !== page ? here({ page: n === 1 ? null : n }) : null;
  const from = Math.min((page - 1) * RANKS_PER_PAGE + 1, ranked);
  const to = Math.min(page * RANKS_PER_PAGE, ranked);
  return html`<${Pager} steps=${[
    ["First", step(1)],
    ["Previous", page > 1 ? step(page - 1) : null],
    ["Next", step(page + 1)],
  ]}>
    ${from} to ${to} of <${Amount} value=${data.eligible} kind="count" /> ranked wallets<//>`;
}

function Ranks({ feed, path, by, span, page }) {
  const { data } = feed;
  if (!data.wallets.length) {
    return html`<${Empty} title="No wallet traded in this window" command="hypertally status">
      The ranking counts whole days before today. Choose a longer window, or see in the status
      which wallets are still being fetched:<//>`;
  }
  const columns = columnsOf();
  const pageRows = data.wallets.slice((page - 1) * RANKS_PER_PAGE, page * RANKS_PER_PAGE);
  const rows = sorted(pageRows, columns, sortOf("ranks")).map((row) => ({
    ...row,
    id: row.wallet,
  }));
  const [, field, title] = RANKINGS[by];
  return html`<${Table} name="ranks" title=${title} columns=${columns} rows=${rows} order=${false}
    sort=${{ key: field, down: true }} onSort=${rankBy(by)} old=${feed.old}
    file=${`leaderboard-${by}-${span}`}
    list=${wholeList(path)} pager=${pagerOf(data, page)} />`;
}

export function Leaderboard({ route }) {
  const { query } = route;
  const by = RANKINGS[query.get("by")] ? query.get("by") : "volume";
  const span = spanOf(query.get("window"), WINDOWS, "7d");
  const page = Math.max(1, Number(query.get("page")) || 1);
  const path = `/api/v1/wallets/top?${rankSearch(query)}`;
  const feed = useFeed(path);
  const { data } = feed;
  const clears = { page: null, "ranks.sort": null };
  return html`<header class="page-head"><h1>Leaderboard</h1><${Chosen} query=${query} />
      ${
        data &&
        html`<span class="muted">${data.from} to ${data.to},${" "}
          ${data.partial ? "UTC days with today so far" : "whole UTC days"}</span>`
      }
      <span class="grow"></span>
      <${SpanPicker} name="window" label="Window" current=${span} first="7d" clears=${clears}
        counts=${WINDOWS} />
    </header>
    <div class="row"><${Switch} name="by" label="Rank by" current=${by} first="volume"
      clears=${clears}
      items=${Object.entries(RANKINGS).map(([key, [text]]) => [key, text])} /></div>
    <${Failure} feed=${feed} what="the ranking" />
    ${!data && feed.loading && html`<${Skeleton} rows=${12} />`}
    ${data && html`<${Ranks} feed=${feed} path=${path} by=${by} span=${span} page=${page} />`}
    ${data && html`<${Unranked} data=${data} by=${by} />`}`;
}
