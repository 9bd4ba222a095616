// The health of the position feed over the last 24 hours.

import { utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { timeCell } from "../../components/cells.js";
import { TermList } from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Mark } from "../../components/Mark.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { percent } from "../../vocabulary/decimal.js";
import { HEALTH_LEVELS } from "../../vocabulary/smart_money.js";

const COLUMNS = [
  { key: "from", label: "From", unit: "UTC", kind: "time", cell: timeCell("from") },
  { key: "to", label: "To", unit: "UTC", kind: "time", cell: timeCell("to") },
  {
    key: "state",
    label: "State",
    cell: (row) => html`<span data-exact=${row.state}><${Mark}
      level=${HEALTH_LEVELS[row.state] ?? "idle"}>${row.state}<//></span>`,
  },
  {
    key: "coverage_least",
    label: "Lowest coverage",
    kind: "share",
    cell: (row) =>
      row.coverage_least === null
        ? html`<${Amount} value=${null} reason="Unknown because no minute was recorded." />`
        : html`<span data-exact=${row.coverage_least}>${percent(row.coverage_least)}</span>`,
  },
  { key: "checks", label: "Checks", kind: "count" },
  { key: "reason", label: "Reason", kind: "because" },
];

const MINUTE_STATES = [
  ["success", "Complete"],
  ["partial", "Partial"],
  ["failed", "Failed"],
  ["unrecorded", "Not recorded"],
];

function History() {
  const feed = useFeed("/api/v1/smart-money/health");
  const { data } = feed;
  return html`<${Failure} feed=${feed} what="the history of the feed" />
    ${!data && feed.loading && html`<${Skeleton} rows=${3} />`}
    ${
      data &&
      html`<${TermList} rows=${MINUTE_STATES.map(([key, label]) => [
        `${label}, min`,
        html`<${Amount} value=${String(data.minutes[key])} kind="count" />`,
      ])} />
      <${Table} name="health" columns=${COLUMNS} old=${feed.old}
        rows=${data.states.map((row) => ({ ...row, id: row.from }))}
        note=${`to ${utc(data.as_of)} UTC`} />`
    }`;
}

export function FeedHistory({ route }) {
  const open = route.query.get("feed") === "open";
  return html`<section class="feed-history" data-part="feed-history">
    <header class="table-bar"><h2>Position feed, 24 hours</h2><span class="grow"></span>
      <a class="quiet" href=${here({ feed: open ? null : "open" })}
        aria-expanded=${String(open)}>${open ? "Hide history" : "Show history"}</a></header>
    ${
      open
        ? html`<${History} />`
        : html`<p class="muted">How completely positions were recorded, minute by minute.</p>`
    }
  </section>`;
}
