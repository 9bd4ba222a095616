// The state of a TWAP as a shape and a word, and a bar of its progress with a mark where the
// schedule says it should be.

import { Amount } from "../../components/Amount.js";
import { html } from "../../preact.js";
import { percent, pixels } from "../../vocabulary/decimal.js";
import { write } from "../../vocabulary/number_text.js";
import { stateOf, stateWords, twapReason } from "../../vocabulary/twaps.js";

const SHAPES = {
  running: html`<path d="M3 1.5 L10.5 6 L3 10.5 Z" />`,
  unreported: html`<path d="M3 1.5 L10.5 6 L3 10.5 Z" fill="none" stroke="currentColor"
    stroke-width="1.4" stroke-linejoin="round" />`,
  finished: html`<circle cx="6" cy="6" r="4.5" />`,
  terminated: html`<path d="M1.5 1.5 h9 v9 h-9 Z" fill="none" stroke="currentColor"
    stroke-width="1.6" />`,
  error: html`<path d="M2 2 L10 10 M10 2 L2 10" fill="none" stroke="currentColor"
    stroke-width="2.2" stroke-linecap="round" />`,
  slices: html`<path d="M2 6 h8" fill="none" stroke="currentColor" stroke-width="2" />`,
  other: html`<circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.6" />`,
};

/** `verbatim` shows the status as the source writes it: for the events of a TWAP. */
export function TwapState({ twap, verbatim }) {
  const state = stateOf(verbatim ? { ...twap, elapsed_share: null } : twap);
  const [word, sentence] = verbatim ? [twap.status] : stateWords(twap);
  return html`<span class=${`state ${state}`} title=${sentence} data-exact=${twap.status}>
    <svg viewBox="0 0 12 12" width="10" height="10" fill="currentColor" aria-hidden="true">
      ${SHAPES[state]}
    </svg><span>${word}</span>
  </span>`;
}

function scheduleText(twap) {
  if (stateOf(twap) !== "running") return undefined;
  const elapsed = `${percent(twap.elapsed_share)} of the time elapsed`;
  return [elapsed, write(twap.schedule_lag, "lag")].filter(Boolean).join(": ");
}

/** The bar alone; a running TWAP has a mark where the schedule says it should be. */
export function ProgressBar({ twap, wide }) {
  const state = stateOf(twap);
  const done = Math.min(pixels(twap.progress) ?? 0, 1);
  const due = state === "running" ? pixels(twap.elapsed_share) : null;
  return html`<span class=${`bar ${state} ${wide ? "wide" : ""}`} aria-hidden="true"
    title=${scheduleText(twap)}>
    <span class="done" style=${{ width: `${(done * 100).toFixed(2)}%` }}></span>
    ${
      due !== null &&
      html`<span class="due" style=${{ left: `${(due * 100).toFixed(2)}%` }}>
      </span>`
    }
  </span>`;
}

export function Progress({ twap, href, tab }) {
  return html`<span class="progress"><${ProgressBar} twap=${twap} />
    <${Amount} value=${twap.progress} kind="share" href=${href} tab=${tab}
      reason=${twapReason(twap, "progress")} note=${scheduleText(twap)} /></span>`;
}
