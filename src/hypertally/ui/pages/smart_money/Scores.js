// The three scores of a signal on their gauges, and what else is known of them in quiet words.

import { Amount } from "../../components/Amount.js";
import { Gauge } from "../../components/Gauge.js";
import { html } from "../../preact.js";
import { percent, pixels, round } from "../../vocabulary/decimal.js";
import { aboutOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import { bandTone, bandWords, SCALES, scoreOf, smartReason } from "../../vocabulary/smart_money.js";

const GAUGES = { "cas.value": "CAS", "dispersion.value": "Dispersion", "ecs.value": "Exits" };
const HERDING_MIN = 10;
const TRENDS = { rising: "▲ rising", falling: "▼ falling", flat: "▬ flat" };
const TREND_ABOUT = "CAS against the mean of the three periods before; five points make a trend.";

function Trend({ signal }) {
  if (!signal) return null;
  if (signal.trend === null) {
    return html`<span class="trend null" title=${smartReason(signal, "trend")}>trend –</span>`;
  }
  return html`<span class="trend" title=${TREND_ABOUT}>${TRENDS[signal.trend]}</span>`;
}

/** What the first definition said of the same wallets. */
function Before({ first, path }) {
  const value = first?.[path.split(".")[0]] ?? null;
  const about = "The first definition (smart_money/1) of the same period";
  return html`<span class="first muted" title=${about}>v1 <${Amount} value=${value} kind="score"
    reason="Unknown: the first definition has no figure for this period" /></span>`;
}

function Band({ band, reason }) {
  if (band === null) return html`<span class="null" title=${reason}>band –</span>`;
  return html`<span class=${`band-name ${bandTone(band)}`}>${bandWords(band)}</span>`;
}

function Score({ asset, signal, first, path, hrefOf, alone }) {
  const [group] = path.split(".");
  const { band = null, lower, upper } = signal?.[group] ?? {};
  const value = scoreOf(signal, path);
  const reason = smartReason(signal, path);
  // Of CAS alone: 50 stands for it while too few wallets answer to say more.
  const shown = value ?? signal?.[group].shown ?? null;
  const bounds = lower && upper && html`<span class="bounds muted"
    title="The least and the most it can be, whatever the wallets that were not observed did"
    data-lower=${lower} data-upper=${upper}>${round(lower, 1)} to ${round(upper, 1)}</span>`;
  return html`<div class="score" data-score=${path}>
    <div class="score-line"><span class="score-name"
        title=${`${labelOf(path)}. ${aboutOf(path)}`}>${GAUGES[path]}</span>
      <span class="score-value" aria-live="polite"><${Amount} value=${shown} kind=${kindOf(path)}
        reason=${reason} href=${signal && hrefOf(path)} /></span>
      ${value !== null && html`<${Band} band=${band} reason=${smartReason(signal, `${group}.band`)} />`}
      ${path === "cas.value" && html`<${Trend} signal=${signal} />`}
      <span class="grow"></span>${bounds}
      ${!alone && html`<${Before} first=${first} path=${path} />`}</div>
    <${Gauge} label=${`${labelOf(path)} of ${asset}`} value=${shown} lower=${lower} upper=${upper}
      band=${bandWords(band)} bands=${SCALES[path]} reason=${reason} />
    ${
      value === null &&
      html`<p class="why-null muted">${shown === null ? reason : `Shown as ${round(shown, 0)}: ${reason}`}</p>`
    }
  </div>`;
}

export function Scores({ asset, signal, first, hrefOf, alone }) {
  return html`<div class="scores">${Object.keys(GAUGES).map(
    (path) => html`<${Score} key=${path} asset=${asset} signal=${signal} first=${first}
      path=${path} hrefOf=${hrefOf} alone=${alone} />`,
  )}</div>`;
}

/** A test, not a size: it only says whether the wallets went one way more than chance has it. */
function herdingWords({ h, sign, n }) {
  if (h === null) return null;
  if (pixels(h) <= 0 || n < HERDING_MIN) return "not more one way than chance has it";
  return sign > 0 ? "they herd into buying" : "they herd into selling";
}

export function Quiet({ signal, hrefOf }) {
  if (!signal) return null;
  const { herding } = signal;
  const one = (path) => html`<${Amount} value=${scoreOf(signal, path)} kind=${kindOf(path)}
    reason=${smartReason(signal, path)} href=${hrefOf(path)} />`;
  return html`<dl class="quiet-facts">
    <div><dt title=${aboutOf("herding.h")}>Herding</dt><dd>H ${one("herding.h")}${
      herding.h !== null && `, ${herding.n} active: ${herdingWords(herding)}`
    }</dd></div>
    <div><dt title="How unusual so many exits are">Exits against usual</dt><dd>z ${one("ecs.z")},
      ${" "}percentile ${one("ecs.percentile")}, forced ${one("ecs.forced")}</dd></div>
    <div><dt title="Wallets observed at both ends of the period, of the universe">Observed</dt>
      <dd>${signal.observed} of ${signal.wallets}, ${signal.exposed} exposed, coverage
        ${" "}${percent(signal.coverage)}</dd></div>
  </dl>`;
}
