// What a signal calls for, as shapes and words: its side, its risk, the rule that fired, and what
// is nearest to changing it.

import { html } from "../../preact.js";
import { round, trim } from "../../vocabulary/decimal.js";
import { missWords, ruleWords } from "../../vocabulary/smart_money.js";

const SIDES = {
  Long: ["gain", html`<path d="M6 1.4 L11 10.2 H1 Z" />`],
  Short: ["loss", html`<path d="M6 10.6 L11 1.8 H1 Z" />`],
  "No-trade": ["muted", html`<path d="M1.5 4.9 h9 v2.2 h-9 Z" />`],
};
/** A fuller shield is a warier one. */
const RISKS = {
  Normal: html`<circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor"
    stroke-width="1.4" />`,
  Reduced: html`<circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor"
      stroke-width="1.4" /><path d="M6 1.6 a4.4 4.4 0 0 1 0 8.8 Z" />`,
  Defensive: html`<circle cx="6" cy="6" r="5" />`,
};
const RISK_TONES = { Normal: "muted", Reduced: "some", Defensive: "much" };

function Shape({ children, size = 12 }) {
  return html`<svg viewBox="0 0 12 12" width=${size} height=${size} fill="currentColor"
    aria-hidden="true">${children}</svg>`;
}

/** "Long" with its shape; `small` for the first definition's beside. */
export function Bias({ bias, risk, small }) {
  const [tone, shape] = SIDES[bias] ?? SIDES["No-trade"];
  return html`<span class=${`call ${small ? "small" : ""}`}>
    <span class=${`bias ${tone}`} data-exact=${bias}><${Shape} size=${small ? 9 : 15}>${shape}<//>
      ${" "}${bias}</span>
    <span class=${`risk ${RISK_TONES[risk]}`} data-exact=${risk}><${Shape} size=${small ? 9 : 12}>
      ${RISKS[risk]}<//>${" "}${risk}${small ? "" : " risk"}</span>
  </span>`;
}

const points = (value) => trim(round(value, 2));

/** Of a playbook that follows from no scores there is no threshold to speak of. */
const WITHOUT_SCORES = /^(unknown_input|held|thin_coverage|missing_over_\d+|masked|locked:.*)$/;

function writtenMiss({ nearest_miss: miss, rule }) {
  if (!miss && WITHOUT_SCORES.test(rule)) return "Which threshold is nearest cannot be said.";
  if (!miss) return missWords(null);
  return missWords(miss, { threshold: points(miss.threshold), distance: points(miss.distance) });
}

const FLAGS = [
  ["add_exposure_long", "add to longs"],
  ["add_exposure_short", "add to shorts"],
  ["tighten_stops_long", "tighten stops of longs"],
  ["tighten_stops_short", "tighten stops of shorts"],
];
const UNKNOWN_FLAG = "Unknown: no known score decides it";

export function Flags({ playbook }) {
  const on = FLAGS.filter(([name]) => playbook[name] === true).map(([, words]) => words);
  const unknown = FLAGS.filter(([name]) => playbook[name] === null);
  const title = `${UNKNOWN_FLAG}: ${unknown.map(([, words]) => words).join(", ")}`;
  return html`<p class="flags"><span class="muted">It calls to:</span>${" "}
    ${on.length ? on.join(", ") : "nothing"}${
      unknown.length > 0 &&
      html`<span class="muted" title=${title}>${` (${unknown.length} unknown)`}</span>`
    }</p>`;
}

export function Playbook({ playbook }) {
  return html`<div class="playbook" data-rule=${playbook.rule}>
    <${Bias} bias=${playbook.bias} risk=${playbook.risk} />
    <p class="rule" title=${playbook.rule}>${ruleWords(playbook.rule)}</p>
    <p class="muted miss">${writtenMiss(playbook)}</p>
    <${Flags} playbook=${playbook} />
  </div>`;
}
