// Coverage: the fills known to be missing, over all wallets of the org.

import { Ago } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Pager } from "../../components/Pager.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { gapColumns } from "../activity/gap_columns.js";

const PER_PAGE = 100;

function Counts({ data, summary }) {
  const rows = [
    [
      "Tracked wallets",
      html`<${Amount} value=${summary?.tracked_wallets} kind="count" reason="Not loaded yet" />`,
    ],
    [
      "Behind schedule",
      html`<${Amount} value=${summary?.wallets_behind} kind="count" reason="Not loaded yet" />`,
    ],
    ["All complete until", html`<${Ago} iso=${summary?.proven_until} />`],
    [
      "Conflicts",
      html`<${Amount} value=${data.conflicts} kind="count"
        note="Rows with the same key and different content: both are kept." />`,
    ],
    [
      "Rejected rows",
      html`<${Amount} value=${data.rejects} kind="count"
        note="Rows that could not be decoded: kept with the reason." />`,
    ],
  ];
  return html`<dl class="terms columns">${rows.map(
    ([term, value]) => html`<div key=${term}><dt>
    ${term}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

/** What a source of TWAPs has brought, refused and cost: its objects, rows, rejects and age. */
function TwapSource({ source, title, rowsName }) {
  const count = (value, note) => html`<${Amount} value=${value} kind="count" note=${note} />`;
  const rows = [
    ["Objects read", count(source.objects)],
    ["Failed", count(source.failed)],
    ["Skipped", count(source.skipped, "Objects that hold something else.")],
    [rowsName, count(source.rows_new)],
    ["Rejected rows", count(source.rows_rejected)],
    ["Last read", html`<${Ago} iso=${source.last_read_at} />`],
    ["Newest object", html`<${Ago} iso=${source.newest_object_at} />`],
    [
      "Cost so far, USD",
      html`<${Amount} value=${source.cost_usd} kind="usd"
        note="Requests and transfer at list prices." />`,
    ],
  ];
  const problems = [
    ...source.unread.map(({ object, reason }) => `${object}: ${reason}`),
    ...source.reject_reasons.map(({ reason, rows: n }) => `${n} rows rejected: ${reason}`),
  ];
  return html`<section><h2>${title}</h2><dl class="terms columns">${rows.map(
    ([term, value]) => html`<div key=${term}><dt>${term}</dt><dd>${value}</dd></div>`,
  )}</dl>${
    problems.length > 0 &&
    html`<ul>${problems.map((problem) => html`<li key=${problem}>${problem}</li>`)}</ul>`
  }</section>`;
}

function NoGaps({ tracked }) {
  if (tracked === 0) {
    return html`<${Empty} title="No wallets are tracked yet"
      command="hypertally wallets add 0x…" />`;
  }
  return html`<${Empty} title="No gaps are known" command="hypertally verify">
    The fills that were read lead from position to position without a break.
    To compute every figure again from the fills and compare:<//>`;
}

export function Coverage({ route }) {
  const cursor = route.query.get("cursor");
  const feed = useFeed(
    `/api/v1/coverage?limit=${PER_PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
  );
  const summary = useFeed("/api/v1/dashboard/summary").data;
  const { data } = feed;
  const steps = [
    ["Newest", cursor && here({ cursor: null })],
    ["Older", data?.next && here({ cursor: data.next })],
  ];
  return html`<header class="page-head"><h1>Coverage</h1><span
    class="muted">Fills that are known to be missing</span></header>
    <${Failure} feed=${feed} what="the gaps" />
    ${!data && feed.loading && html`<${Skeleton} rows=${10} />`}
    ${data && html`<${Counts} data=${data} summary=${summary} />`}
    ${data && !data.gaps.length && html`<${NoGaps} tracked=${summary?.tracked_wallets} />`}
    ${
      data?.gaps.length > 0 &&
      html`<${Table} name="gaps" title="Gaps"
      columns=${gapColumns({ wallets: true })} rows=${data.gaps} old=${feed.old}
        list="/api/v1/coverage" pager=${html`<${Pager} steps=${steps}>Newest first<//>`} />`
    }
    ${data?.twap_source && html`<${TwapSource}
      source=${data.twap_source} title="TWAP source" rowsName="Statuses" />`}
    ${
      data?.fill_archive?.last_read_at &&
      html`<${TwapSource} source=${data.fill_archive} title="Archive of fills"
      rowsName="Fills of TWAPs" />`
    }`;
}
