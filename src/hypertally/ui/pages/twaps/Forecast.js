// The forecast of the net size left of one asset, as a chart or a table.

import { assetText, timeCell } from "../../components/cells.js";
import { TimePlot } from "../../components/charts/TimePlot.js";
import { Table } from "../../components/Table.js";
import { html, useMemo } from "../../preact.js";
import { go, here } from "../../route.js";
import { pixels, trim } from "../../vocabulary/decimal.js";
import { write } from "../../vocabulary/number_text.js";

const FORECAST_COLUMNS = [
  { key: "at", label: "At", unit: "UTC", kind: "time", cell: timeCell("at") },
  { key: "net_size_left", label: "Net left", unit: "coin", kind: "net" },
].map((column) => ({ sortable: false, ...column }));

const sizeLeft = (coin) => `Net size of ${assetText(coin)} left`;

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
    label=${`${sizeLeft(coin)} over time. The button Table shows the figures.`} />`;
}

export function Forecast({ coin, route, old }) {
  if (coin.forecast.length < 2) return null;
  const asTable = route.query.get("forecast.as") === "table";
  const switchView = () => go(here({ "forecast.as": asTable ? null : "table" }), { replace: true });
  const button = html`<button type="button" class="quiet" onClick=${switchView}>
    ${asTable ? "Chart" : "Table"}</button>`;
  const title = sizeLeft(coin);
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
