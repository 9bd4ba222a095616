// The slices of one TWAP in time: at which price each traded, and how much was done by when.
// The table of slices below them says the same in figures.

import { utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { TimePlot } from "../../components/charts/TimePlot.js";
import { html, useMemo, useState } from "../../preact.js";
import { group, pixels } from "../../vocabulary/decimal.js";
import { priced } from "../../vocabulary/number_text.js";

const EDGE = 0.015; // of the span, so that the first and last slice are not cut

const seconds = (iso) => Date.parse(iso) / 1000;

/** From its beginning to its end, or to its last slice if that came later. */
function spanOf(twap, times) {
  const from = seconds(twap.started_at);
  const to = Math.max(seconds(twap.ends_at), times.at(-1) ?? 0);
  const edge = (to - from) * EDGE;
  return [from - edge, to + edge];
}

function level(value, [from, to], more) {
  const at = pixels(value);
  return at === null ? [] : [{ from: [from, at], to: [to, at], ...more }];
}

function priceLines(twap, span) {
  const arrival = { colour: "arrival", dashed: true, at: "left" };
  const named = (word, price) => `${word} ${group(priced(price))}`;
  const above = pixels(twap.vwap) >= pixels(twap.arrival_price);
  return [
    ...level(twap.arrival_price, span, {
      ...arrival,
      label: twap.arrival_price && named("arrival", twap.arrival_price),
      under: above,
    }),
    ...level(twap.vwap, span, {
      colour: "slice",
      label: twap.vwap && named("own VWAP", twap.vwap),
      under: !above,
    }),
  ];
}

/** The straight way from nothing at its start to everything at its end. */
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

/** `slices` oldest first, each with `so_far`. */
export function SliceCharts({ twap, slices, old }) {
  const [hovered, setHovered] = useState(null);
  const [zoom, setZoom] = useState(null);
  const times = useMemo(() => slices.map((slice) => seconds(slice.at)), [slices]);
  const prices = useMemo(() => slices.map((slice) => pixels(slice.price)), [slices]);
  const done = useMemo(() => slices.map((slice) => pixels(slice.so_far)), [slices]);
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
    Whole life</button>`;
  return html`<div class=${`slice-charts ${old ? "old" : ""}`}>
    <section class="series" data-series="prices">
      <header class="table-bar"><h2 title="Notional divided by size of each slice">Price of the
        slices</h2>
        <${Readout} slice=${slice} field="price" kind="price" />
        <span class="grow"></span>${zoom && reset}</header>
      <${Key} items=${[
        ["slice", "a slice, and own VWAP"],
        ...(twap.arrival_price === null ? [] : [["arrival", "arrival price", true]]),
      ]} />
      <${TimePlot} ...${shared} values=${prices} shape="points" ink="slice" lines=${levels}
        label="Price of each slice over time. The table of slices says the same." />
    </section>
    <section class="series" data-series="executed">
      <header class="table-bar"><h2 title="Sizes of the slices, added up">Executed,
        ${" "}${twap.asset}</h2>
        <${Readout} slice=${slice} field="so_far" kind="size" unit=${twap.asset} />
        <span class="grow"></span></header>
      <${Key} items=${[
        ["slice", "executed so far"],
        ["schedule", "schedule", true],
      ]} />
      <${TimePlot} ...${shared} values=${done} shape="steps" ink="slice" lines=${schedule} zero
        label="Executed size over time against the schedule. The table of slices says the same." />
    </section>
  </div>`;
}
