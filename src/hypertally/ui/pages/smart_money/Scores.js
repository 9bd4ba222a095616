// The three scores of a signal on their gauges, and further figures below the gauges.

import { Amount } from "../../components/Amount.js";
import { Gauge } from "../../components/Gauge.js";
import { Term, Word } from "../../components/Term.js";
import { html } from "../../preact.js";
import { percent, pixels, round } from "../../vocabulary/decimal.js";
import { descriptionOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import {
  bandTone,
  bandWords,
  levelWords,
  SCALES,
  scoreOf,
  smartReason,
} from "../../vocabulary/smart_money.js";

const GAUGES = { "cas.value": "CAS", "dispersion.value": "Dispersion", "ecs.value": "Exits" };
const HERDING_MIN = 10;
const TRENDS = { rising: "▲ rising", falling: "▼ falling", flat: "▬ flat" };
const TREND_DESCRIPTION =
  "CAS compared with the mean of three earlier periods; a difference of five is a trend.";

function Trend({ signal }) {
  if (!signal) return null;
  if (signal.trend === null) {
    return html`<span class="null" title=${smartReason(signal, "trend")}>trend unknown</span>`;
  }
  return html`<span title=${TREND_DESCRIPTION}>${TRENDS[signal.trend]}</span>`;
}

/** The score of version 1 for the same wallets. */
function VersionOneScore({ first, path }) {
  const value = first?.[path.split(".")[0]] ?? null;
  const title = "Version 1 (smart_money/1) of the same period";
  return html`<span class="version-1 muted" title=${title}>version 1: <${Amount}
    value=${value} kind="score"
    reason="Unknown because version 1 has no figure for this period" /></span>`;
}

function Band({ band, reason, words, title }) {
  if (band === null) return html`<span class="null" title=${reason}>band unknown</span>`;
  return html`<span class=${`band-name ${bandTone(band)}`} title=${title}>${words}</span>`;
}

/** How many wallets make a stand-off of so much dispersion. */
function enoughText({ active, active_needed: needed } = {}) {
  if (typeof needed !== "number") return undefined;
  return `${active} wallets bought or sold; high dispersion needs ${needed}`;
}

function Score({ asset, signal, first, path, hrefOf, alone }) {
  const [group] = path.split(".");
  const { band = null, lower, upper } = signal?.[group] ?? {};
  const value = scoreOf(signal, path);
  const reason = smartReason(signal, path);
  const bandReason = smartReason(signal, `${group}.band`);
  // CAS alone has a fallback value, shown while too few wallets are observed.
  const shown = value ?? signal?.[group].shown ?? null;
  const fallbackText = shown === null ? "" : `Shown as ${round(shown, 0)}. `;
  const bounds =
    lower &&
    upper &&
    html`<span class="bounds muted"
    title="The lowest and the highest possible score, whatever the unobserved wallets did"
    data-lower=${lower} data-upper=${upper}>${round(lower, 1)} to ${round(upper, 1)}</span>`;
  return html`<div class="score" data-score=${path}>
    <div class="score-line"><${Word} look="score-name"
        meaning=${`${labelOf(path)}. ${descriptionOf(path)}`}>${GAUGES[path]}<//>
      <span class="score-value" aria-live="polite"><${Amount} value=${shown} kind=${kindOf(path)}
        reason=${reason} href=${signal && hrefOf(path)} /></span>
      ${
        value !== null &&
        html`<${Band} band=${band} reason=${bandReason} title=${enoughText(signal?.[group])}
          words=${levelWords(group, band, signal?.[group])} />`
      }
      ${path === "cas.value" && html`<${Trend} signal=${signal} />`}
      <span class="grow"></span>${bounds}
      ${!alone && html`<${VersionOneScore} first=${first} path=${path} />`}</div>
    <${Gauge} label=${`${labelOf(path)} of ${asset}`} value=${shown} lower=${lower} upper=${upper}
      band=${bandWords(band)} bands=${SCALES[path]} reason=${reason} />
    ${value === null && html`<p class="why-null muted">${fallbackText}${reason}</p>`}
  </div>`;
}

export function Scores({ asset, signal, first, hrefOf, alone }) {
  return html`<div class="scores">${Object.keys(GAUGES).map(
    (path) => html`<${Score} key=${path} asset=${asset} signal=${signal} first=${first}
      path=${path} hrefOf=${hrefOf} alone=${alone} />`,
  )}</div>`;
}

/** Herding is a test: it only says whether more wallets moved one way than chance explains. */
function herdingText({ h, sign, n }) {
  if (h === null) return null;
  if (pixels(h) <= 0 || n < HERDING_MIN) return "no direction beyond chance";
  return sign > 0 ? "herding into buying" : "herding into selling";
}

/** Exits whose fills are not read yet may have been forced: how many of all they are. */
function forcedNotKnown({ left, unexplained }) {
  const many = unexplained ? `: ${unexplained} of ${left} exits` : "";
  return `forced not known yet${many}`;
}

export function ScoreNotes({ signal, hrefOf }) {
  if (!signal) return null;
  const { herding } = signal;
  const unknownFigure = (words, path) =>
    html`<a class="null" href=${hrefOf(path)} title=${smartReason(signal, path)}>${words}</a>`;
  const figure = (name, path) => {
    const value = scoreOf(signal, path);
    if (value === null) return unknownFigure(`${name} unknown`, path);
    return html`${name} <${Amount} value=${value} kind=${kindOf(path)} href=${hrefOf(path)} />`;
  };
  const { z, percentile } = signal.ecs;
  const usual =
    z === null && percentile === null
      ? unknownFigure("unknown", "ecs.z")
      : html`${figure("z", "ecs.z")}, ${figure("percentile", "ecs.percentile")}`;
  const forced =
    scoreOf(signal, "ecs.forced") === null && !signal.locked
      ? unknownFigure(forcedNotKnown(signal.ecs), "ecs.forced")
      : figure("forced", "ecs.forced");
  return html`<dl class="score-notes">
    <div><${Term}>Herding<//><dd>${figure("H", "herding.h")}${
      herding.h !== null && `, ${herding.n} active: ${herdingText(herding)}`
    }</dd></div>
    <div><${Term}>Exits vs usual<//><dd>${usual},
      ${" "}${forced}</dd></div>
    <div><${Term}>Observed<//>
      <dd>${signal.observed} of ${signal.wallets} at both ends, ${signal.exposed} with a
        position; coverage at the end ${percent(signal.coverage)}</dd></div>
  </dl>`;
}
