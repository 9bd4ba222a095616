// The advice of a signal as shapes and words: bias, risk, the rule behind it, the nearest change
// of an input that would change it, and the advice for open positions.

import { html } from "../../preact.js";
import { meaningOf } from "../../vocabulary/glossary.js";
import { percent, round, trim } from "../../vocabulary/decimal.js";
import { bandWords, missWords, ruleWords } from "../../vocabulary/smart_money.js";

const SIDES = {
  Long: ["gain", html`<path d="M6 1.4 L11 10.2 H1 Z" />`],
  Short: ["loss", html`<path d="M6 10.6 L11 1.8 H1 Z" />`],
  "No-trade": ["muted", html`<path d="M1.5 4.9 h9 v2.2 h-9 Z" />`],
};
/** The fuller the shape, the more defensive the risk. */
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

/** Bias and risk with their shapes; `small` for the advice of version 1. */
export function Bias({ bias, risk, small }) {
  const [tone, shape] = SIDES[bias] ?? SIDES["No-trade"];
  return html`<span class=${`advice ${small ? "small" : ""}`}>
    <span class=${`bias ${tone}`} data-exact=${bias}><${Shape} size=${small ? 9 : 15}>${shape}<//>
      ${" "}${bias}</span>
    <span class=${`risk ${RISK_TONES[risk]}`} data-exact=${risk}
      data-term=${small ? undefined : meaningOf(risk)} tabindex=${small ? undefined : 0}><${Shape}
      size=${small ? 9 : 12}>${RISKS[risk]}<//>${" "}${risk}${small ? "" : " risk"}</span>
  </span>`;
}

const points = (value) => trim(round(value, 2));

/** Rules that apply when scores are unknown: then no threshold is the nearest. */
const WITHOUT_SCORES =
  /^(unknown_|held|thin_|missing_over_|masked|locked:|too_few_|trend_unknown|nobody_)/;

function nearestChange({ nearest_miss: miss, rule }) {
  if (!miss && WITHOUT_SCORES.test(rule)) return "The nearest threshold is unknown.";
  if (!miss) return missWords(null);
  return missWords(miss, { threshold: points(miss.threshold), distance: points(miss.distance) });
}

const FLAGS = [
  ["add_exposure_long", "add to longs"],
  ["add_exposure_short", "add to shorts"],
  ["tighten_stops_long", "tighten stops on longs"],
  ["tighten_stops_short", "tighten stops on shorts"],
];
const UNKNOWN_FLAG = "Unknown because the scores that decide it are unknown";

function Flags({ playbook }) {
  const on = FLAGS.filter(([name]) => playbook[name] === true).map(([, words]) => words);
  const unknown = FLAGS.filter(([name]) => playbook[name] === null);
  const title = `${UNKNOWN_FLAG}: ${unknown.map(([, words]) => words).join(", ")}`;
  return html`<p class="flags"><span class="muted">Open positions:</span>${" "}
    ${on.length ? on.join(", ") : "leave as they are"}${
      unknown.length > 0 &&
      html`<span class="muted" title=${title}>${` (${unknown.length} unknown)`}</span>`
    }</p>`;
}

/** How often the side of the band was right before. */
function PastHits({ hits }) {
  if (!hits) return null;
  const { band, rate, lower, upper, n_apart: n, unknown, horizon } = hits;
  const share = (value) => percent(round(value, 3));
  const known =
    rate === null
      ? `unknown because ${unknown}`
      : `right in ${share(rate)} (95%: ${share(lower)} – ${share(upper)}, n ${n})`;
  return html`<p class="muted" data-part="past-hits"
    title="The price after the same horizon, of the 30 days before; signals that do not overlap">
    ${bandWords(band)} over ${horizon} before: ${known}</p>`;
}

/** The inputs that are unknown although a flag is decided. */
function UnknownInputs({ playbook }) {
  const names = [...new Set(Object.values(playbook.unknown_inputs ?? {}).flat())];
  if (!names.length) return null;
  return html`<p class="muted" data-part="unknown-inputs">Unknown: ${names.join(", ")}</p>`;
}

/** `signal` has the playbook and the reasons of unknown scores. */
export function Playbook({ signal, hits }) {
  const { playbook } = signal;
  return html`<div class="playbook" data-rule=${playbook.rule}>
    <${Bias} bias=${playbook.bias} risk=${playbook.risk} />
    <p class="rule" title=${playbook.rule}>${ruleWords(signal)}</p>
    <p class="muted nearest-change">${nearestChange(playbook)}</p>
    <${Flags} playbook=${playbook} />
    <${UnknownInputs} playbook=${playbook} />
    <${PastHits} hits=${hits} />
  </div>`;
}
