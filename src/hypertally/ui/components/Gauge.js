// A score on its scale of 0 to 100: its bands, its value, and the possible range of the value
// if all wallets that were not observed had gone one way.

import { html } from "../preact.js";
import { compare, pixels, round } from "../vocabulary/decimal.js";

const position = (value) => `${Math.min(Math.max(pixels(value), 0), 100).toFixed(2)}%`;

/** `bands`: [from, name, tone] from 0 upwards. */
function Bands({ bands }) {
  return bands.map(([from, name, tone], n) => {
    const to = bands[n + 1]?.[0] ?? 100;
    return html`<span key=${name} class=${`band ${tone}`} title=${`${name}: ${from} to ${to}`}
      style=${{ left: `${from}%`, width: `${to - from}%` }}></span>`;
  });
}

function Ticks({ bands }) {
  return html`<span class="gauge-ticks" aria-hidden="true">${bands
    .slice(1)
    .map(([from]) => html`<span key=${from} style=${{ left: `${from}%` }}>${from}</span>`)}</span>`;
}

function PossibleRange({ lower, upper }) {
  if (lower === null || lower === undefined || upper === null || upper === undefined) return null;
  const width = Math.max(0, Math.min(pixels(upper), 100) - Math.max(pixels(lower), 0));
  return html`<span class="possible-range"
    style=${{ left: position(lower), width: `${width.toFixed(2)}%` }}>
    </span>`;
}

function meterText({ value, lower, upper, band, reason }) {
  if (value === null || value === undefined) return reason ?? "unknown";
  const bounded = lower && upper && compare(lower, upper) !== 0;
  const range = bounded ? `, between ${round(lower, 2)} and ${round(upper, 2)}` : "";
  return `${round(value, 2)}${band ? `, ${band}` : ""}${range}`;
}

export function Gauge({ label, value, lower, upper, band, bands, reason }) {
  const known = value !== null && value !== undefined;
  const text = meterText({ value, lower, upper, band, reason });
  // A meter must have a value: without one it is a picture that says so.
  const meaning = known
    ? {
        role: "meter",
        "aria-label": label,
        "aria-valuemin": "0",
        "aria-valuemax": "100",
        "aria-valuenow": round(value, 2),
        "aria-valuetext": text,
      }
    : { role: "img", "aria-label": `${label}: ${text}` };
  return html`<div class=${`gauge ${known ? "" : "unknown"}`} ...${meaning} title=${text}>
    <span class="gauge-track"><${Bands} bands=${bands} />
      <${PossibleRange} lower=${lower} upper=${upper} />
      ${known && html`<span class="needle" style=${{ left: position(value) }}></span>`}</span>
    <${Ticks} bands=${bands} />
  </div>`;
}
