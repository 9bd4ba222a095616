// One signal of smart money: what it called for, all its scores, and every wallet behind it.

import { Ago, utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Empty } from "../../components/Empty.js";
import { Digest, Facts } from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Completeness } from "../../components/Mark.js";
import { proofOf } from "../../components/proof_link.js";
import { Switch } from "../../components/Switch.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { link } from "../../route.js";
import { percent } from "../../vocabulary/decimal.js";
import { aboutOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import { lockWords, scoreOf, SMART_MEASURES, smartReason } from "../../vocabulary/smart_money.js";
import { CONTRIBUTOR_COLUMNS, contributorRow } from "./columns.js";
import { Playbook } from "./Playbook.js";
import { Counts, OBSERVED } from "./ProofSignal.js";
import { Scores } from "./Scores.js";
import { Versions } from "./Versions.js";

const PERIOD_MS = 300_000;
const CONTRIBUTORS_MAX = 500;
const GAUGED = new Set(["cas.value", "dispersion.value", "ecs.value"]);
const FIRST = "smart_money/1";

/** The period so many before or after. */
function moved(at, periods) {
  return new Date(Date.parse(at) + periods * PERIOD_MS).toISOString().slice(0, 19) + "Z";
}

function Head({ asset, at, signal, definition }) {
  const step = (words, periods) => {
    const query = definition === "first" ? { definition } : {};
    return html`<a class="quiet" href=${link(`smart-money/${asset}/${moved(at, periods)}`, query)}>
      ${words}</a>`;
  };
  return html`<header class="page-head"><h1>${asset} signal</h1>
    <span class="muted"><span data-exact=${at}>${utc(at)} UTC</span>, <${Ago} iso=${at} /></span>
    ${signal && html`<${Completeness} share=${signal.completeness} always words=${OBSERVED} />`}
    <span class="grow"></span>
    ${step("Period before", -1)}${step("Next", 1)}
    <a class="quiet" href=${link("smart-money", { asset: asset === "HYPE" ? null : asset })}>Smart
      money</a>
    <${Switch} name="definition" label="Definition" now=${definition} first="second"
      items=${[["second", "v2"], ["first", "v1"]]} />
  </header>`;
}

function More({ signal, hrefOf }) {
  const rows = Object.keys(SMART_MEASURES)
    .filter((path) => !GAUGED.has(path))
    .map((path) => [
      html`<span title=${aboutOf(path)}>${labelOf(path)}</span>`,
      html`<${Amount} value=${scoreOf(signal, path)} kind=${kindOf(path)} href=${hrefOf(path)}
        reason=${smartReason(signal, path)} />`,
    ]);
  return html`<section><h2>All scores</h2><${Facts} rows=${rows} /></section>`;
}

function reachWords(yes, needs) {
  if (yes === null || yes === undefined) return "unknown";
  return yes ? `in reach: ${needs} wallets make it` : "out of reach, whatever they do";
}

/** How far the wallets that hold a position could move each score. */
function Reach({ reach }) {
  if (!reach || reach.exposed === undefined) return null;
  const range = (name) =>
    html`<${Amount} value=${reach[`${name}_lowest`]} kind="score" reason="No extreme" /> to
      ${" "}<${Amount} value=${reach[`${name}_highest`]} kind="score" reason="No extreme" />`;
  return html`<section><h2>Reach</h2><${Facts} rows=${[
    ["Exposed", `${reach.exposed} of ${reach.wallets} wallets`],
    ["CAS", range("cas")],
    ["Dispersion", range("dispersion")],
    ["Exits", range("ecs")],
    ["A side", reachWords(reach.long_in_reach, reach.long_needs)],
    ["A strong side", reachWords(reach.strong_in_reach, reach.strong_needs)],
    ["High exits", reachWords(reach.exit_high_in_reach, reach.exit_high_needs)],
  ]} /></section>`;
}

function Record({ signal }) {
  return html`<section><h2>Record</h2><${Facts} rows=${[
    ["Definition", signal.definition],
    ["Observed", `${signal.observed} of ${signal.wallets}, coverage ${percent(signal.coverage)}`],
    ["Mark", html`<${Amount} value=${signal.mark_price} kind="price"
      reason=${smartReason(signal, "mark_price")} /> USD`],
    ["Epsilon", html`at least <${Amount} value=${signal.epsilon} /> ${signal.asset}`],
    ["Snapshots", html`<${Digest} value=${signal.digest} />`],
  ]} /></section>`;
}

function Shown({ feed, asset, at }) {
  const { signal, contributors } = feed.data;
  const hrefOf = (path) => proofOf("signal", asset, signal.at, path);
  return html`${
      signal.locked &&
      html`<p class="warning-line" role="status">Locked: ${lockWords(signal.locked)}. No score was
        formed, and the playbook is ${signal.playbook.bias} / ${signal.playbook.risk}.</p>`
    }
    <div class=${`smart-one ${feed.old ? "old" : ""}`}>
      <section><${Playbook} playbook=${signal.playbook} /></section>
      <section><${Scores} asset=${asset} signal=${signal} hrefOf=${hrefOf} alone /></section>
    </div>
    <${Versions} asset=${asset} at=${signal.at} to=${moved(signal.at, 1)} />
    <div class="smart-facts"><${More} signal=${signal} hrefOf=${hrefOf} />
      <section><h2>Wallets by what they did</h2><${Counts} counts=${signal.counts} /></section>
      <div class="stacked"><${Reach} reach=${signal.reach} /><${Record} signal=${signal} /></div>
    </div>
    <${Table} name="contributors" title="Contributors" columns=${CONTRIBUTOR_COLUMNS}
      rows=${contributors.map(contributorRow)} old=${feed.old}
      note=${feed.data.next && `the ${CONTRIBUTORS_MAX} that move CAS most`}
      file=${`contributors-${asset}-${at}`} />`;
}

export function SmartSignal({ route, asset, at }) {
  const definition = route.query.get("definition") === "first" ? "first" : "second";
  const search = new URLSearchParams({ limit: CONTRIBUTORS_MAX });
  if (definition === "first") search.set("definition", FIRST);
  const feed = useFeed(`/api/v1/smart-money/signals/${asset}/${at}?${search}`);
  const { data } = feed;
  if (feed.error?.status === 404 && !data) {
    return html`<${Head} asset=${asset} at=${at} definition=${definition} />
      <${Empty} title="No signal is stored for this period"
        command="hypertally smart-money --once">${feed.error.message}<//>`;
  }
  return html`<${Head} asset=${asset} at=${at} signal=${data?.signal} definition=${definition} />
    <${Failure} feed=${feed} what="the signal" />
    ${!data && feed.loading && html`<${Skeleton} rows=${12} />`}
    ${data && html`<${Shown} feed=${feed} asset=${asset} at=${at} />`}`;
}
