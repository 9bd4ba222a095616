// CAS over the last hours: a line over its bands, interrupted where CAS is unknown.

import { utc } from "../../clock.js";
import { html, useState } from "../../preact.js";
import { pixels, round } from "../../vocabulary/decimal.js";

const WIDTH = 300;
const HEIGHT = 64;
const PERIOD_MS = 300_000;
const HOUR_MS = 3_600_000;
const EDGES = [25, 40, 60, 75];

const y = (score) => (HEIGHT - (score / 100) * HEIGHT).toFixed(1);

/** Groups of consecutive periods with a known score. */
function segmentsOf(points) {
  const segments = [];
  let last = null;
  for (const point of points) {
    if (point.value === null) continue;
    if (last === null || point.ms - last > PERIOD_MS) segments.push([]);
    segments.at(-1).push(point);
    last = point.ms;
  }
  return segments;
}

const pathOf = (segment, x) =>
  segment.map((point, n) => `${n ? "L" : "M"}${x(point.ms)} ${y(point.value)}`).join(" ");

/** The period under the pointer. */
function nearest(event, points, from, span) {
  const box = event.currentTarget.getBoundingClientRect();
  const ms = from + ((event.clientX - box.left) / box.width) * span;
  return points.reduce(
    (best, point) => (best && Math.abs(best.ms - ms) <= Math.abs(point.ms - ms) ? best : point),
    null,
  );
}

function Readout({ point, hours }) {
  if (!point) return html`<span>CAS, ${hours}</span>`;
  const value = point.value === null ? "–" : round(point.signal.cas.value, 2);
  return html`<span><span data-exact=${point.signal.at}>${utc(point.signal.at).slice(11, 16)}
    </span> UTC, CAS ${value}${point.signal.locked ? ", locked" : ""}</span>`;
}

/** `from` and `to` (milliseconds) are the same for all assets, so that the lines compare. */
export function CasLine({ asset, signals, from, to, old }) {
  const [point, setPoint] = useState(null);
  const span = to - from;
  const points = signals.map((signal) => ({
    signal,
    ms: Date.parse(signal.at),
    value: pixels(signal.cas.value),
  }));
  const x = (ms) => (((ms - from) / span) * WIDTH).toFixed(1);
  const clock = (ms) => new Date(ms).toISOString().slice(11, 16);
  const known = points.filter(({ value }) => value !== null).length;
  const hours = `${span / HOUR_MS} h to ${clock(to)} UTC`;
  const label = `CAS of ${asset}, ${hours}, ${known} known periods. The button Table lists them.`;
  return html`<div class=${`cas-line ${old ? "old" : ""}`} data-line=${asset}>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img"
      aria-label=${label} onPointerMove=${(event) => setPoint(nearest(event, points, from, span))}
      onPointerLeave=${() => setPoint(null)}>
      <rect class="neutral" x="0" width=${WIDTH} y=${y(60)} height=${y(40) - y(60)} />
      ${EDGES.map((edge) => html`<path key=${edge} class="edge" d=${`M0 ${y(edge)} H${WIDTH}`} />`)}
      ${segmentsOf(points).map((segment) =>
        segment.length > 1
          ? html`<path key=${segment[0].ms} class="line" d=${pathOf(segment, x)} />`
          : html`<path key=${segment[0].ms} class="line lone" d=${`${pathOf(segment, x)} h0.1`} />`,
      )}
      ${point && html`<path class="cross" d=${`M${x(point.ms)} 0 V${HEIGHT}`} />`}
    </svg>
    <p class="cas-foot muted"><${Readout} point=${point} hours=${hours} />
      <span class="grow"></span><span>${known === 0 ? "no score known" : ""}</span></p>
  </div>`;
}
