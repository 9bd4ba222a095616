// A headline figure: label, value, note, and a sparkline. The value opens its proof.

import { html } from "../preact.js";
import { pixels } from "../vocabulary/decimal.js";
import { meaningOf } from "../vocabulary/glossary.js";
import { intervalOf } from "../vocabulary/intervals.js";
import { Amount } from "./Amount.js";
import { Completeness } from "./Mark.js";

const WIDTH = 120;
const HEIGHT = 28;

/** One bar per day; a partial day is paler, and so is what is known of an incomplete one. */
function Sparkline({ days, field }) {
  const values = days.map((day) => pixels(day[field] ?? intervalOf(day, field)?.known));
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const top = Math.max(0, ...known);
  const bottom = Math.min(0, ...known);
  const y = (value) => ((top - value) / (top - bottom || 1)) * (HEIGHT - 2) + 1;
  const step = WIDTH / days.length;
  const bar = (value, n) => {
    if (value === null) return null;
    const height = Math.max(Math.abs(y(value) - y(0)), 0.6);
    const isPale = days[n].partial || days[n][field] === null;
    const kind = `${value < 0 ? "below" : ""} ${isPale ? "partial" : ""}`;
    return html`<rect key=${n} class=${kind} x=${(n * step + step * 0.14).toFixed(2)}
      y=${Math.min(y(value), y(0)).toFixed(2)} width=${(step * 0.72).toFixed(2)}
      height=${height.toFixed(2)} />`;
  };
  return html`<svg class="sparkline" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none"
    aria-hidden="true">${values.map(bar)}</svg>`;
}

export function Figure({
  field,
  label,
  value,
  kind,
  description,
  reason,
  href,
  completeness,
  completenessNote,
  completenessDays,
  days,
  dayField,
  note,
  small,
  interval,
}) {
  return html`<div class=${`figure ${small ? "small" : ""}`} data-field=${field}>
    <div class="figure-label" data-term=${description || meaningOf(label)}>${label}</div>
    <div class="figure-value" aria-live="polite">
      <${Amount} value=${value} kind=${kind} short reason=${reason} href=${href}
        interval=${interval} />
      ${
        value === null && interval
          ? null
          : value === null
          ? !small &&
            href &&
            html`<a class="why"
        href=${href}>unknown: see why</a>`
          : completeness !== undefined &&
            html`<${Completeness}
        share=${completeness} description=${completenessNote} days=${completenessDays} />`
      }
    </div>
    ${note && html`<div class="figure-note">${note}</div>`}
    ${days && html`<${Sparkline} days=${days} field=${dayField ?? field} />`}
  </div>`;
}
