// Totals of the TWAPs in a window, by wallet or by asset.

import { Amount } from "../../components/Amount.js";
import { Address } from "../../components/cells.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Switch } from "../../components/Switch.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { write } from "../../vocabulary/number_text.js";
import { Filter, RangeChoice, useWindow } from "./filters.js";
import { SpanShown } from "./list.js";

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
  ["end_unknown", "End not said"],
];

function keyColumn(by) {
  if (by === "wallet") {
    return {
      key: "wallet",
      label: "Wallet",
      cell: (row) => html`<${Address} wallet=${row.wallet} />`,
    };
  }
  return { key: "asset", label: "Asset" };
}

/** A sum over TWAPs covers those of which it is known; how many stands beside it. */
function covered(field, kind) {
  return (row) => {
    const [known, twaps] = [row[`${field}_known`], row.twaps];
    const words =
      known < twaps && `Summed over ${known} of ${twaps} TWAPs: of the others it is not known.`;
    return html`<${Amount} value=${row[field]} kind=${kind} note=${words}
      reason="Not known of any of them." />${
        words &&
        row[field] !== null &&
        html` <span class="tag" title=${words}>${known} of
          ${" "}${twaps}</span>`
      }`;
  };
}

function columnsOf(by) {
  const other = by === "asset" ? "wallet" : "asset";
  const list = (row) => here({ view: null, by: null, [by]: row[by], [other]: null });
  const counted = (row) =>
    html`<a class="num" href=${list(row)} title="List them" data-exact=${String(row.twaps)}>
      ${write(row.twaps, "count")}</a>`;
  return [
    keyColumn(by),
    { key: "twaps", label: "TWAPs", kind: "count", cell: counted },
    ...COUNTS.map(([key, label]) => ({ key, label, kind: "count" })),
    {
      key: "executed_notional",
      label: "Executed",
      unit: "quote",
      kind: "quote",
      about: "Price × size of what they executed in the range, in the quote token.",
      cell: covered("executed_notional", "quote"),
    },
    {
      key: "fees_usd",
      label: "Fees",
      unit: "USD",
      kind: "fee",
      about: "Known of TWAPs of tracked wallets, if their fee tokens have a price.",
      cell: covered("fees_usd", "fee"),
    },
    ...KNOWN.map(([key, label, about]) => ({ key, label, kind: "count", hidden: true, about })),
  ];
}

export function TwapTotals({ route, chooser }) {
  const { query } = route;
  const by = query.get("by") === "wallet" ? "wallet" : "asset";
  const asked = useWindow(query);
  const search = new URLSearchParams({ by, start: asked.start, limit: ROWS_MAX });
  if (asked.end) search.set("end", asked.end);
  const feed = useFeed(`/api/v1/twaps/summary?${search}`);
  const data = feed.data?.by === by ? feed.data : null;
  const rows = data?.rows.map((row) => ({ ...row, id: row[by] })) ?? [];
  return html`<header class="page-head"><h1>TWAPs</h1><${SpanShown} data=${data} />${chooser}
    </header>
    <div class="row filters"><${Switch} name="by" label="By" items=${KINDS} now=${by}
      first="asset" /><${RangeChoice} range=${asked.range} /><${Filter} query=${query}
        only=${["from", "to"]} /></div>
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
      file=${`twap-totals-${by}`} />`
    }`;
}
