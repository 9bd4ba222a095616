// Columns of the table of pressure: one row per asset.

import { coinCell, timeCell } from "../../components/cells.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { pixels } from "../../vocabulary/decimal.js";

const WIDTH = 96;
const HEIGHT = 20;
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

export function pressureColumns(coins) {
  const largest = Math.max(0, ...coins.map((coin) => Math.abs(pixels(coin.net_usd_left) ?? 0)));
  const left = { unit: "coin", kind: "size" };
  return [
    {
      key: "asset",
      label: "Asset",
      cell: (row) => html`<a class="asset" href=${here({ asset: row.asset })}
        title=${`Show ${row.asset} alone`} data-exact=${row.asset}>${coinCell(row)}</a>`,
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
