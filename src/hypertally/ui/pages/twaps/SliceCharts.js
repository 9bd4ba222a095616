// Charts of the slices of one TWAP: the price of each slice, and the executed size over time.
// The table of slices below shows the same figures.

import { utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { assetText } from "../../components/cells.js";
import { TimePlot } from "../../components/charts/TimePlot.js";
import { html, useMemo, useState } from "../../preact.js";
import { group, pixels } from "../../vocabulary/decimal.js";
import { priceText } from "../../vocabulary/number_text.js";

const EDGE = 0.015; // share of the span, so that the first and last slice are not cut off

const seconds = (iso) => Date.parse(iso) / 1000;

/** From the start to the planned end, or to the last slice if that came later. */
function spanOf(twap, times) {
  const from = seconds(twap.started_at);
  const to = Math.max(seconds(twap.ends_at), times.at(-1) ?? 0);
  const edge = (to - from) * EDGE;
  return [from - edge, to + edge];
}

function horizontalLine(value, [from, to], more) {
  const y = pixels(value);
  return y === null ? [] : [{ from: [from, y], to: [to, y], ...more }];
}

function priceLines(twap, span) {
  const arrival = { colour: "arrival", dashed: true, at: "left" };
  const labelOf = (word, price) => `${word} ${group(priceText(price))}`;
  const above = pixels(twap.vwap) >= pixels(twap.arrival_price);
  return [
    ...horizontalLine(twap.arrival_price, span, {
      ...arrival,
      label: twap.arrival_price && labelOf("arrival", twap.arrival_price),
      under: above,
    }),
    ...horizontalLine(twap.vwap, span, {
      colour: "slice",
      label: twap.vwap && labelOf("own VWAP", twap.vwap),
      under: !above,
    }),
  ];
}

/** The schedule: a straight line from zero at the start to the whole size at the end. */
function scheduleLines(twap) {
  const line = {
    from: [seconds(twap.started_at), 0],
    to: [seconds(twap.ends_at), pixels(twap.size_requested)],
    colour: "schedule",
    dashed: true,
  };
  return [line];
}

function Readout({ slice, field, kind, unit }) {
  if (!slice) return null;
  return html`<span class="muted readout" aria-live="off">
    <span data-exact=${slice.at}>${utc(slice.at, { milliseconds: true })}</span>
    ${" "}<${Amount} value=${slice[field]} kind=${kind} /> ${unit}</span>`;
}

function Key({ items }) {
  return html`<ul class="chart-key">${items.map(
    ([ink, text, dashed]) => html`<li key=${text}><span
      class=${`stroke fill-${ink} ${dashed ? "dashed" : ""}`}></span>${text}</li>`,
  )}</ul>`;
}

/** `slices` are sorted oldest first; each has the size executed so far. */
export function SliceCharts({ twap, slices, old }) {
  const [hovered, setHovered] = useState(null);
  const [zoom, setZoom] = useState(null);
  const times = useMemo(() => slices.map((slice) => seconds(slice.at)), [slices]);
  const prices = useMemo(() => slices.map((slice) => pixels(slice.price)), [slices]);
  const executed = useMemo(() => slices.map((slice) => pixels(slice.so_far)), [slices]);
  const whole = useMemo(() => spanOf(twap, times), [twap, times]);
  const levels = useMemo(() => priceLines(twap, whole), [twap, whole]);
  const schedule = useMemo(() => scheduleLines(twap), [twap]);
  const shared = {
    times,
    span: zoom ?? whole,
    group: `twap-${twap.twap_id}`,
    onHover: setHovered,
    onZoom: setZoom,
  };
  const slice = slices[hovered];
  const reset = html`<button type="button" class="quiet" onClick=${() => setZoom(null)}>
    Whole TWAP</button>`;
  return html`<div class=${`slice-charts ${old ? "old" : ""}`}>
    <section class="series" data-series="prices">
      <header class="table-bar"><h2 title="Notional of each slice divided by its size">Price of the
        slices</h2>
        <${Readout} slice=${slice} field="price" kind="price" />
        <span class="grow"></span>${zoom && reset}</header>
      <${Key} items=${[
        ["slice", "a slice, and own VWAP"],
        ...(twap.arrival_price === null ? [] : [["arrival", "arrival price", true]]),
      ]} />
      <${TimePlot} ...${shared} values=${prices} shape="points" ink="slice" lines=${levels}
        label="Price of each slice over time. The table of slices shows the same figures." />
    </section>
    <section class="series" data-series="executed">
      <header class="table-bar"><h2 title="Sizes of the slices, added up">Executed,
        ${" "}${assetText(twap)}</h2>
        <${Readout} slice=${slice} field="so_far" kind="size" unit=${assetText(twap)} />
        <span class="grow"></span></header>
      <${Key} items=${[["slice", "executed so far"], ["schedule", "schedule", true]]} />
      <${TimePlot} ...${shared} values=${executed} shape="steps" ink="slice" lines=${schedule} zero
        label="Executed size and schedule over time. The table of slices shows the same figures." />
    </section>
  </div>`;
}
