// Overview: the headline figures of the org, their charts by day, the statement, the days.

import { Ago } from "../../clock.js";
import { Series } from "../../components/charts/Series.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Figure } from "../../components/Figure.js";
import { Fold } from "../../components/Fold.js";
import { Completeness } from "../../components/Mark.js";
import { proofOf } from "../../components/proof_link.js";
import { SpanPicker } from "../../components/SpanPicker.js";
import { Switch } from "../../components/Switch.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { intervalOf } from "../../vocabulary/intervals.js";
import { descriptionOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import { spanKind, spanLabel, spanOf } from "../../spans.js";
import { FirstPulls } from "../service/FirstPulls.js";
import { FirstVisit } from "../service/FirstVisit.js";
import { StoryList } from "../service/Stories.js";
import { SINGLE_CHARTS, SPLITS } from "./chart_layers.js";
import { completenessColumn, DAY_FIELDS, dayCell, dayColumn } from "./day_columns.js";
import { rangePath } from "./ProofRange.js";
import { Statement } from "./Statement.js";

const RANGES = ["7d", "30d", "90d"];
const HEADLINES = ["dau_average", "legs_volume_usd", "gross_realised_pnl_usd", "fees_usd", "fills"];
const NOTES = { legs_volume_usd: "both sides of internal trades counted" };
const PARTS = [
  "unique_volume_usd",
  "internal_volume_usd",
  "perp_volume_usd",
  "hip3_volume_usd",
  "spot_volume_usd",
  "outcome_volume_usd",
];
const REASON = "Unknown because at least one day of the range is unknown: click to see which.";
const SIDE_FIELDS = new Set(["taker_volume_usd", "maker_volume_usd"]);
const DAYS_HIDDEN = [
  "events",
  "wallets",
  "internal_volume_usd",
  "other_volume_usd",
  "average_volume_per_user_usd",
  "builder_fees_usd",
];

function Headline({ field, range, total, days, small }) {
  const dayField = field === "dau_average" ? "dau" : field;
  return html`<${Figure} field=${field} label=${labelOf(field)} description=${descriptionOf(field)}
    kind=${kindOf(field)} small=${small}
    value=${total?.[field] ?? null} interval=${intervalOf(total, field)}
    reason=${REASON} href=${proofOf("range", range, field)}
    completeness=${total?.completeness} completenessDays=${total}
    days=${small ? null : days} dayField=${dayField}
    note=${small ? null : NOTES[field]} />`;
}

const COLUMNS_OF_STATEMENT = [
  ["today", "Today so far"],
  ["previous", "Previous day"],
  ["7d", "7 days"],
  ["30d", "30 days"],
  ["90d", "90 days"],
];

/**
 * The figures of a day open the proof of the day, the others the proof of their range. What the
 * answer of the chosen range holds comes from there, so that it agrees with the cards.
 */
function statementColumns(summary, range, answer) {
  const spans =
    spanKind(range) === "count"
      ? COLUMNS_OF_STATEMENT
      : [...COLUMNS_OF_STATEMENT, [range, spanLabel(range)]];
  return spans.map(([key, label]) => {
    const newest = summary[key];
    const day = answer?.days.find((row) => row.day === newest?.day) ?? newest;
    const total = (key === range && answer?.total) || summary.ranges?.[key];
    const title = key === "today" && day && !day.partial ? "Newest day" : label;
    return {
      key,
      label: title,
      span: day?.day ?? (total && `${total.from} to ${total.to}`),
      values: total ?? day,
      short: key,
      hrefOf: (field) =>
        total
          ? proofOf("range", key, field)
          : day && proofOf("global", day.day, field === "dau_average" ? "dau" : field),
    };
  });
}

function Days({ feed }) {
  const days = [...feed.data.days].reverse();
  const hrefOf = (day, field) => proofOf("global", day.day, field);
  const first = ["dau", "legs_volume_usd", "unique_volume_usd"].map((field) =>
    dayColumn(field, hrefOf),
  );
  const columns = [
    { key: "day", label: "Day", kind: "day", cell: dayCell },
    ...first,
    ...DAY_FIELDS.map((field) => dayColumn(field, hrefOf, { hidden: SIDE_FIELDS.has(field) })),
    ...DAYS_HIDDEN.map((field) => dayColumn(field, hrefOf, { hidden: true })),
    completenessColumn,
  ];
  return html`<${Table} name="days" title="Days" columns=${columns} rows=${days} old=${feed.old}
    file=${`days-${feed.data.from}-${feed.data.to}`}
    rowClass=${(day) => (day.partial ? "partial" : "")} />`;
}

const CHARTS_COUNT = `${1 + SINGLE_CHARTS.length} charts`;

function Charts({ feed, split }) {
  const { days } = feed.data;
  const hrefOf = (day, field) => proofOf("global", day.day, field);
  const chooser = html`<${Switch} name="split" label="Split volume by" current=${split}
    items=${Object.keys(SPLITS).map((key) => [key, SPLITS[key].label])} first="kind" />`;
  return html`<div class="charts">
    <div class="wide"><${Series} key=${split} name="volume" title="Volume, USD"
      description=${descriptionOf("legs_volume_usd")} days=${days} layers=${SPLITS[split].layers}
      hrefOf=${hrefOf} old=${feed.old} actions=${chooser} /></div>
    ${SINGLE_CHARTS.map(
      ({ name, title, layers }) => html`<${Series} key=${name} name=${name} title=${title}
      description=${descriptionOf(layers[0].field)} days=${days} layers=${layers} hrefOf=${hrefOf}
        old=${feed.old} />`,
    )}
  </div>`;
}

export function Overview({ route }) {
  const range = spanOf(route.query.get("range"), RANGES, "30d");
  const split = SPLITS[route.query.get("split")] ? route.query.get("split") : "kind";
  const summary = useFeed("/api/v1/dashboard/summary");
  const days = useFeed(rangePath(range));
  const total = days.data?.total;
  if (summary.data?.tracked_wallets === 0) return html`<${NoWallets} />`;
  return html`<header class="page-head">
      <h1>Overview</h1>
      ${
        total &&
        html`<span class="muted">${total.from} to ${total.to}, UTC days, as of${" "}
          <${Ago} iso=${days.data.as_of} /></span>
        <${Completeness} share=${total.completeness} days=${total} always />`
      }
      <span class="grow"></span>
      <${SpanPicker} name="range" label="Range" current=${range} first="30d" counts=${RANGES} />
    </header>
    <${FirstVisit} />
    <${StoryList} />
    <${FirstPulls} />
    <${Failure} feed=${summary} what="the summary" />
    ${!total && days.loading && html`<${Skeleton} shape="figures" rows=${5} />`}
    ${
      total &&
      html`
      <div class="figures">${HEADLINES.map(
        (field) => html`<${Headline} key=${field} field=${field}
        range=${range} total=${total} days=${days.old ? null : days.data?.days} />`,
      )}</div>
      <div class="figures parts">${PARTS.map(
        (field) => html`<${Headline} key=${field}
        field=${field} range=${range} total=${total} small />`,
      )}</div>`
    }
    <${Failure} feed=${days} what="the days" />
    ${!days.data && days.loading && html`<${Skeleton} shape="chart" rows=${1} />`}
    ${
      days.data &&
      html`<${Fold} name="charts" title="Charts" count=${CHARTS_COUNT}>
        <${Charts} feed=${days} split=${split} /><//>`
    }
    ${
      summary.data &&
      html`<${Fold} name="statement" title="Statement" count="by range of days"><${Statement}
        title="Statement" columns=${statementColumns(
        summary.data,
        range,
        days.old ? null : days.data,
      )}
      current=${range} /><//>`
    }
    ${
      days.data &&
      html`<${Fold} name="days" title="Days" count=${String(days.data.days.length)}>
        <${Days} feed=${days} /><//>`
    }`;
}

function NoWallets() {
  return html`<header class="page-head"><h1>Overview</h1></header>
    <${Empty} title="No wallets are tracked yet" command="hypertally wallets add 0x…">
      Add a wallet, or a file of them with <code>hypertally wallets import FILE</code>. Its
      fills are fetched from the exchange right away, and the first figures appear here.
    <//>`;
}
