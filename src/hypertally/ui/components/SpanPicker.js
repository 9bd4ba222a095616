// The choice of a range of days: so many up to today, or a month, quarter or year.

import { html } from "../preact.js";
import { go, here } from "../route.js";
import {
  CALENDAR,
  currentSpan,
  listedSpans,
  shiftSpan,
  spanKind,
  spanLabel,
} from "../spans.js";
import { Switch } from "./Switch.js";

/** `name` is the parameter of the URL; `counts` are offered beside the calendar. */
export function SpanPicker({ name, label, counts, current, first, clears = {} }) {
  const kind = spanKind(current);
  const items = [
    ...counts.map((count) => [count, spanLabel(count)]),
    ...Object.entries(CALENDAR).map(([key, text]) => [
      kind === key ? current : currentSpan(key),
      text,
    ]),
  ];
  return html`<div class="span-picker">
    <${Switch} name=${name} label=${label} current=${current} first=${first} clears=${clears}
      items=${items} />
    ${
      CALENDAR[kind] &&
      html`<${Stepper} name=${name} kind=${kind} current=${current} clears=${clears} />`
    }
  </div>`;
}

function Stepper({ name, kind, current, clears }) {
  const noun = CALENDAR[kind].toLowerCase();
  const step = (by, text, label) => {
    const next = shiftSpan(current, by);
    if (!next) return html`<span class="off" aria-disabled="true">${text}</span>`;
    return html`<a href=${here({ ...clears, [name]: next })} aria-label=${label}>${text}</a>`;
  };
  const choose = (event) => go(here({ ...clears, [name]: event.target.value }));
  return html`<nav class="stepper" aria-label=${CALENDAR[kind]}>
    ${step(-1, "‹", `Previous ${noun}`)}
    <select aria-label=${`Choose the ${noun}`} value=${current} onChange=${choose}>
      ${listedSpans(kind, current).map(
        (span) => html`<option key=${span} value=${span} selected=${span === current}>
          ${spanLabel(span)}</option>`,
      )}
    </select>
    ${step(1, "›", `Next ${noun}`)}
  </nav>`;
}
