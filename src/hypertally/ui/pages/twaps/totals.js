// Totals of the TWAPs in a range of time, by wallet or by asset.

import { Amount } from "../../components/Amount.js";
import { coinCell, walletCell } from "../../components/cells.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Switch } from "../../components/Switch.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { write } from "../../vocabulary/number_text.js";
import { Filter, Filters, RangeChoice, useTimeRange } from "./filters.js";
import { ShownRange } from "./list.js";

const ROWS_MAX = 100;
const KINDS = [
  ["asset", "By asset"],
  ["wallet", "By wallet"],
];
const KNOWN = [
  ["executed_notional_known", "Executed known", "TWAPs whose executed notional is known."],
  ["fees_usd_known", "Fees known", "TWAPs whose fees are known in USD."],
];
const COUNTS = [
  ["finished", "Finished"],
  ["running", "Running"],
  ["terminated", "Terminated"],
  ["failed", "Failed"],
  ["end_unknown", "End not reported"],
];

function keyColumn(by) {
  if (by === "wallet") {
    return {
      key: "wallet",
      label: "Wallet",
      cell: walletCell,
    };
  }
  return { key: "asset", label: "Asset", cell: coinCell };
}

/** A sum over the TWAPs with a known figure; a tag counts them when some are unknown. */
function partialSumCell(field, kind) {
  return (row) => {
    const [known, twaps] = [row[`${field}_known`], row.twaps];
    const note = known < twaps && `Sum over ${known} of ${twaps} TWAPs: the others are unknown.`;
    return html`<${Amount} value=${row[field]} kind=${kind} note=${note}
      reason="Unknown for all of these TWAPs." />${
        note &&
        row[field] !== null &&
        html` <span class="tag" title=${note}>${known} of
          ${" "}${twaps}</span>`
      }`;
  };
}

function columnsOf(by) {
  const other = by === "asset" ? "wallet" : "asset";
  const listHref = (row) => here({ view: null, by: null, [by]: row[by], [other]: null });
  const countCell = (row) =>
    html`<a class="num" href=${listHref(row)} title="List these TWAPs"
      data-exact=${String(row.twaps)}>
      ${write(row.twaps, "count")}</a>`;
  return [
    keyColumn(by),
    { key: "twaps", label: "TWAPs", kind: "count", cell: countCell },
    ...COUNTS.map(([key, label]) => ({ key, label, kind: "count" })),
    {
      key: "executed_notional",
      label: "Executed",
      unit: "quote",
      kind: "quote",
      description: "Price × size executed in the range, in the quote token.",
      cell: partialSumCell("executed_notional", "quote"),
    },
    {
      key: "fees_usd",
      label: "Fees",
      unit: "USD",
      kind: "fee",
      description: "Known for TWAPs of tracked wallets whose fee tokens have a price.",
      cell: partialSumCell("fees_usd", "fee"),
    },
    ...KNOWN.map(([key, label, description]) => ({
      key,
      label,
      kind: "count",
      hidden: true,
      description,
    })),
  ];
}

export function TwapTotals({ route, chooser }) {
  const { query } = route;
  const by = query.get("by") === "wallet" ? "wallet" : "asset";
  const timeRange = useTimeRange(query);
  const search = new URLSearchParams({ by, start: timeRange.start, limit: ROWS_MAX });
  if (timeRange.end) search.set("end", timeRange.end);
  const path = `/api/v1/twaps/summary?${search}`;
  const feed = useFeed(path);
  const data = feed.data?.by === by ? feed.data : null;
  const rows = data?.rows.map((row) => ({ ...row, id: row[by] })) ?? [];
  return html`<header class="page-head"><h1>TWAPs</h1><${ShownRange} data=${data} />${chooser}
    </header>
    <div class="row"><${Switch} name="by" label="By" items=${KINDS} current=${by}
      first="asset" /></div>
    <${Filters} query=${query} range=${timeRange.range}><${RangeChoice} range=${timeRange.range}
      /><${Filter} query=${query} only=${["from", "to"]} /><//>
    <${Failure} feed=${feed} what="the totals" />
    ${!data && feed.loading && html`<${Skeleton} rows=${10} />`}
    ${
      data &&
      !rows.length &&
      html`<${Empty} title="No TWAPs are stored in this range"
      command="hypertally twap ingest --incremental" />`
    }
    ${
      rows.length > 0 &&
      html`<${Table} name="totals" columns=${columnsOf(by)} rows=${rows}
      old=${feed.old} title=${by === "asset" ? "By asset" : "By wallet"}
      file=${`twap-totals-${by}`} list=${wholeList(path)} />`
    }`;
}
