// Small marks with a shape and a colour: how complete a figure is, how healthy the system is.

import { html } from "../preact.js";
import { percent, pixels } from "../vocabulary/decimal.js";
import { completenessWords, isCompleteSoFar } from "../vocabulary/measures.js";

const RADIUS = 5;
const CIRCUMFERENCE = 2 * Math.PI * RADIUS;

/**
 * An open ring with its percentage; a complete figure shows it only with `always`.
 * `days`: what has the day of the figure, or its first and last one: the rest of today is no lack.
 */
export function Completeness({ share, always = false, description, reasons, days }) {
  const known = share !== null && share !== undefined;
  const filled = known ? pixels(share) : 0;
  if (filled >= 1 && !always) return null;
  const text = known ? percent(share) : "–";
  const soFar = known && Boolean(days) && isCompleteSoFar(share, days);
  const title = [description ?? completenessWords(share, soFar), ...(reasons ?? [])].join("\n");
  const dash = `${(CIRCUMFERENCE * filled).toFixed(2)} ${CIRCUMFERENCE.toFixed(2)}`;
  return html`<span class=${`ring ${filled >= 1 || soFar ? "whole" : ""}`} title=${title}>
    <svg viewBox="0 0 14 14" width="12" height="12" aria-hidden="true">
      <circle class="track" cx="7" cy="7" r=${RADIUS} />
      <circle class="arc" cx="7" cy="7" r=${RADIUS} stroke-dasharray=${dash}
        transform="rotate(-90 7 7)" />
    </svg>
    <span data-part="ring-text" data-exact=${known ? String(share) : ""}>${text}</span>
  </span>`;
}

const SHAPES = {
  good: html`<circle cx="6" cy="6" r="4.5" />`,
  warning: html`<path d="M6 1 L11.4 10.6 H0.6 Z" />`,
  halt: html`<path d="M1.5 1.5 h9 v9 h-9 Z" />`,
  idle: html`<circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.6" />`,
};

/** level: good, warning, halt or idle. */
export function Mark({ level, title, children }) {
  return html`<span class=${`mark ${level}`} title=${title}>
    <svg viewBox="0 0 12 12" width="10" height="10" fill="currentColor" aria-hidden="true">
      ${SHAPES[level]}
    </svg>
    <span data-part="mark-text">${children}</span>
  </span>`;
}
