// Pressure: what the running TWAPs still have to buy and sell, asset by asset.

import { Ago, utc } from "../../clock.js";
import { timeCell } from "../../components/cells.js";
import { TimePlot } from "../../components/charts/TimePlot.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html, useMemo } from "../../preact.js";
import { go, here } from "../../route.js";
import { pixels, trim } from "../../vocabulary/decimal.js";
import { write } from "../../vocabulary/number_text.js";
import { RUNNING_COLUMNS } from "./slice_columns.js";

const STALE_MS = 86_400_000;
const LISTED_MAX = 200; // the API lists no more
const WIDTH = 96;
const HEIGHT = 20;
const INGEST = "hypertally twap ingest --incremental";
const NO_PRICE = () => "Unknown because no price of the asset is stored.";

/** A bar to the left for sells, to the right for buys, in proportion to the largest. */
function NetBar({ value, largest }) {
  const share = largest > 0 ? pixels(value) / largest : 0;
  const size = Math.abs(share) * 50;
  const left = share < 0 ? 50 - size : 50;
  return html`<span class="net-bar" aria-hidden="true"><span class="axis"></span><span
    class=${share < 0 ? "sell" : "buy"}
    style=${{ left: `${left.toFixed(2)}%`, width: `${size.toFixed(2)}%` }}>
    </span></span>`;
}

/** A small line of the size left over time. */
function ForecastLine({ forecast }) {
  const values = forecast.map((point) => pixels(point.net_size_left));
  if (values.length < 2) return null;
  const top = Math.max(0, ...values);
  const bottom = Math.min(0, ...values);
  const y = (value) => (((top - value) / (top - bottom || 1)) * (HEIGHT - 4) + 2).toFixed(1);
  const x = (n) => ((n / (values.length - 1)) * WIDTH).toFixed(1);
  const line = values.map((value, n) => `${n ? "L" : "M"}${x(n)} ${y(value)}`).join(" ");
  return html`<svg class="forecast-line" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} width=${WIDTH}
    height=${HEIGHT} aria-hidden="true"><path class="axis" d=${`M0 ${y(0)} H${WIDTH}`} /><path
    class="line" d=${line} /></svg>`;
}

function Basis({ coin }) {
  const { observed, running } = coin;
  const title = `The size left of ${observed} of ${running} TWAPs is known from their slices,
of the others from their schedule: requested size × share of the time left.`;
  const kind = observed === running ? "slices" : observed > 0 ? "mixed" : "schedule";
  return html`<span class=${`basis ${kind}`} title=${title}
    data-exact=${String(observed)}>${observed} of ${running}</span>`;
}

function columnsOf(coins) {
  const largest = Math.max(0, ...coins.map((coin) => Math.abs(pixels(coin.net_usd_left) ?? 0)));
  const left = { unit: "coin", kind: "size" };
  return [
    {
      key: "asset",
      label: "Asset",
      cell: (row) => html`<a class="asset" href=${here({ asset: row.asset })}
        title=${`Show ${row.asset} alone`} data-exact=${row.asset}>${row.asset}</a>`,
    },
    { key: "running", label: "Running", kind: "count" },
    { key: "buy_size_left", label: "To buy", ...left },
    { key: "sell_size_left", label: "To sell", ...left },
    {
      key: "net_size_left",
      label: "Net",
      unit: "coin",
      kind: "net",
      description: "To buy minus to sell.",
    },
    {
      key: "net_usd_left",
      label: "Net",
      unit: "USD",
      kind: "net_usd",
      reason: NO_PRICE,
      note: (row) => `at ${row.price_usd}, ${row.price_source}`,
    },
    {
      key: "bar",
      label: "Sell | buy",
      description: "Net in USD, in proportion to the largest of the assets.",
      sortable: false,
      cell: (row) =>
        row.net_usd_left !== null &&
        html`<${NetBar} value=${row.net_usd_left} largest=${largest} />`,
    },
    {
      key: "observed",
      label: "From slices",
      description: "Number of TWAPs whose size left is known from slices instead of the schedule.",
      cell: (row) => html`<${Basis} coin=${row} />`,
    },
    {
      key: "forecast",
      label: "Forecast",
      description: "Net size left until the last TWAP ends, if each continues at an even pace.",
      sortable: false,
      cell: (row) => html`<${ForecastLine} forecast=${row.forecast} />`,
    },
    {
      key: "last_ends_at",
      label: "Last end",
      unit: "UTC",
      kind: "time",
      cell: timeCell("last_ends_at"),
    },
    {
      key: "price_usd",
      label: "Price",
      unit: "USD",
      kind: "price",
      reason: NO_PRICE,
      hidden: true,
    },
    { key: "price_source", label: "Price source", hidden: true, reason: NO_PRICE },
  ];
}

function StatusesKnownUntil({ data }) {
  const until = data.statuses_known_until;
  if (!until) return html`<span class="warning-line">No statuses are stored</span>`;
  return html`<span class="muted">statuses known until <span title=${until}
    data-exact=${until}>${utc(until).slice(0, 16)} UTC</span>, <${Ago} iso=${until} /></span>`;
}

function Stale({ data }) {
  const until = data.statuses_known_until;
  if (!until || Date.parse(data.as_of) - Date.parse(until) <= STALE_MS) return null;
  return html`<p class="warning-line" role="status">The newest status is from ${utc(until)} UTC,
    more than a day ago: TWAPs that started since then are missing here, and some of the TWAPs
    below may have ended. Import newer statuses: <code>${INGEST}</code></p>`;
}

const FORECAST_COLUMNS = [
  { key: "at", label: "At", unit: "UTC", kind: "time", cell: timeCell("at") },
  { key: "net_size_left", label: "Net left", unit: "coin", kind: "net" },
].map((column) => ({ sortable: false, ...column }));

function ForecastPlot({ coin }) {
  const { forecast } = coin;
  const times = useMemo(() => forecast.map(({ at }) => Date.parse(at) / 1000), [forecast]);
  const values = useMemo(() => forecast.map((point) => pixels(point.net_size_left)), [forecast]);
  const span = [times[0], times.at(-1)];
  const zero = useMemo(
    () => [{ from: [span[0], 0], to: [span[1], 0], colour: "line-strong" }],
    [forecast],
  );
  return html`<${TimePlot} times=${times} values=${values} lines=${zero} shape="line" ink="slice"
    span=${span} zero
    label=${`Net size of ${coin.asset} left over time. The button Table shows the figures.`} />`;
}

function Forecast({ coin, route, old }) {
  if (coin.forecast.length < 2) return null;
  const asTable = route.query.get("forecast.as") === "table";
  const switchView = () => go(here({ "forecast.as": asTable ? null : "table" }), { replace: true });
  const button = html`<button type="button" class="quiet" onClick=${switchView}>
    ${asTable ? "Chart" : "Table"}</button>`;
  const title = `Net size of ${coin.asset} left`;
  if (asTable) {
    return html`<${Table} name="forecast" title=${title} columns=${FORECAST_COLUMNS} fixed
      rows=${coin.forecast} old=${old} file=${`forecast-${coin.asset}`} actions=${button} />`;
  }
  return html`<section class=${`series ${old ? "old" : ""}`} data-series="forecast">
    <header class="table-bar"><h2 title="If each TWAP continues at an even pace">${title}</h2>
      <span class="muted">${write(trim(coin.net_size_left), "net")} now</span>
      <span class="grow"></span>${button}</header>
    <${ForecastPlot} coin=${coin} /></section>`;
}

function Running({ data, asset, old }) {
  const rows = data.running
    .filter((row) => !asset || row.asset === asset)
    .map((row) => ({ ...row, id: `${row.twap_id}:${row.wallet}` }));
  const cut = data.running.length >= LISTED_MAX && `the first ${LISTED_MAX} to end`;
  const all = html`<a class="quiet" href=${here({ asset: null })}>All assets</a>`;
  const title = asset ? `Running TWAPs in ${asset}` : "Running TWAPs";
  return html`<${Table} name="running" title=${title}
    columns=${RUNNING_COLUMNS} rows=${rows} old=${old} note=${cut} actions=${asset && all} />`;
}

function Shown({ feed, route }) {
  const { data, old } = feed;
  const asset = route.query.get("asset");
  const coin = data.coins.find((candidate) => candidate.asset === asset);
  const rows = data.coins.map((row) => ({ ...row, id: row.asset }));
  return html`<${Table} name="pressure" title="By asset" columns=${columnsOf(data.coins)}
      rows=${rows} old=${old} rowClass=${(row) => (row.asset === asset ? "chosen" : "")} />
    ${
      asset &&
      !coin &&
      html`<p class="muted">No TWAP runs in ${asset}.${" "}
      <a href=${here({ asset: null })}>All assets</a></p>`
    }
    ${coin && html`<${Forecast} key=${asset} coin=${coin} route=${route} old=${old} />`}
    <${Running} data=${data} asset=${coin && asset} old=${old} />`;
}

export function Pressure({ route, chooser }) {
  const feed = useFeed("/api/v1/twaps/pressure");
  const { data } = feed;
  return html`<header class="page-head"><h1>TWAPs</h1>
      ${
        data &&
        html`<span class="muted">as of ${utc(data.as_of)} UTC</span><${StatusesKnownUntil}
        data=${data} />`
      }
      ${chooser}</header>
    <${Failure} feed=${feed} what="the pressure" />
    ${!data && feed.loading && html`<${Skeleton} rows=${10} />`}
    ${data && html`<${Stale} data=${data} />`}
    ${
      data &&
      !data.coins.length &&
      html`<${Empty} title="No running TWAP is known"
      command=${INGEST}>Import newer statuses from the exchange's archive:<//>`
    }
    ${data?.coins.length > 0 && html`<${Shown} feed=${feed} route=${route} />`}`;
}
