// One signal of smart money: its advice, all its scores, and every wallet behind it.

import { Ago, utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Empty } from "../../components/Empty.js";
import { Digest, TermList } from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Fold } from "../../components/Fold.js";
import { Completeness } from "../../components/Mark.js";
import { proofOf } from "../../components/proof_link.js";
import { Switch } from "../../components/Switch.js";
import { Word } from "../../components/Term.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { link } from "../../route.js";
import { percent } from "../../vocabulary/decimal.js";
import { descriptionOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import { lockWords, scoreOf, SMART_MEASURES, smartReason } from "../../vocabulary/smart_money.js";
import { StoryNotes } from "../service/Stories.js";
import { ContributorTable } from "./ContributorTable.js";
import { Playbook } from "./Playbook.js";
import { Counts, OBSERVED } from "./ProofSignal.js";
import { Scores } from "./Scores.js";
import { Versions } from "./Versions.js";

const PERIOD_MS = 300_000;
const CONTRIBUTORS_MAX = 500;
const GAUGED = new Set(["cas.value", "dispersion.value", "ecs.value"]);
const VERSIONS = { first: "smart_money/1", second: "smart_money/2", third: "smart_money/3" };
const HORIZONS = ["5m", "15m", "1h", "4h"];

/** The end of the period so many periods later. */
function laterPeriod(at, periods) {
  return new Date(Date.parse(at) + periods * PERIOD_MS).toISOString().slice(0, 19) + "Z";
}

function Head({ asset, at, signal, definition, horizon }) {
  const periodLink = (label, periods) => {
    const query = {
      ...(definition === "third" ? {} : { definition }),
      ...(horizon === "5m" ? {} : { horizon }),
    };
    const place = `smart-money/${asset}/${laterPeriod(at, periods)}`;
    return html`<a class="quiet" href=${link(place, query)}>
      ${label}</a>`;
  };
  return html`<header class="page-head"><h1>${asset} signal</h1>
    <span class="muted"><span data-exact=${at}>${utc(at)} UTC</span>, <${Ago} iso=${at} /></span>
    ${
      signal &&
      html`<${Completeness} share=${signal.completeness} always description=${OBSERVED} />`
    }
    <span class="grow"></span>
    ${periodLink("Previous period", -1)}${periodLink("Next period", 1)}
    <a class="quiet" href=${link("smart-money", { asset: asset === "HYPE" ? null : asset })}>Smart
      money</a>
    ${
      definition === "third" &&
      html`<${Switch} name="horizon" label="Horizon" current=${horizon} first="5m"
        items=${HORIZONS.map((name) => [name, name])} />`
    }
    <${Switch} name="definition" label="Definition" current=${definition} first="third"
      items=${[["third", "v3"], ["second", "v2"], ["first", "v1"]]} />
  </header>`;
}

function OtherScores({ signal, hrefOf }) {
  const rows = Object.keys(SMART_MEASURES)
    .filter((path) => !GAUGED.has(path))
    .map((path) => [
      html`<${Word} meaning=${descriptionOf(path)}>${labelOf(path)}<//>`,
      html`<${Amount} value=${scoreOf(signal, path)} kind=${kindOf(path)} href=${hrefOf(path)}
        reason=${smartReason(signal, path)} />`,
    ]);
  return html`<section><h2>All scores</h2><${TermList} rows=${rows} /></section>`;
}

function possibleText(possible, walletsNeeded) {
  if (possible === null || possible === undefined) return "unknown";
  return possible ? `possible: ${walletsNeeded} wallets are needed` : "not possible";
}

/** How far the wallets with a position could move each score in the next period. */
function PossibleScores({ reach }) {
  if (!reach || reach.exposed === undefined) return null;
  const range = (name) =>
    html`<${Amount} value=${reach[`${name}_lowest`]} kind="score"
      reason="Unknown because no wallet holds a position" /> to
      ${" "}<${Amount} value=${reach[`${name}_highest`]} kind="score"
        reason="Unknown because no wallet holds a position" />`;
  return html`<section><h2>Possible scores</h2><${TermList} rows=${[
    ["With a position", `${reach.exposed} of ${reach.wallets} wallets`],
    ["CAS", range("cas")],
    ["Dispersion", range("dispersion")],
    ["Exits", range("ecs")],
    ["Long or short", possibleText(reach.long_in_reach, reach.long_needs)],
    ["Strong long or short", possibleText(reach.strong_in_reach, reach.strong_needs)],
    ["High exits", possibleText(reach.exit_high_in_reach, reach.exit_high_needs)],
  ]} /></section>`;
}

function Record({ signal }) {
  return html`<section><h2>Record</h2><${TermList} rows=${[
    ["Definition", signal.definition],
    [
      "Observed",
      `${signal.observed} of ${signal.wallets} wallets at both ends; ` +
      `coverage at the end ${percent(signal.coverage)}`,
    ],
    [
      "Mark price",
      html`<${Amount} value=${signal.mark_price} kind="price"
      reason=${smartReason(signal, "mark_price")} /> USD`,
    ],
    ["Smallest change counted", html` <${Amount} value=${signal.epsilon} /> ${signal.asset}`],
    ["Snapshots", html`<${Digest} value=${signal.digest} />`],
  ]} /></section>`;
}

const MINUTE_CHARS = "2026-01-01T00:00".length;
const sameMinute = (one, other) => one.slice(0, MINUTE_CHARS) === other.slice(0, MINUTE_CHARS);

function Shown({ feed, path, asset, at, route }) {
  const { signal, contributors, hit_rate: hits } = feed.data;
  const hrefOf = (path) => proofOf("signal", asset, signal.at, path);
  return html`${
    signal.locked &&
    html`<p class="warning-line" role="status">Locked: ${lockWords(signal.locked)}. No scores were
        computed; the advice is ${signal.playbook.bias} / ${signal.playbook.risk}.</p>`
  }
    <${StoryNotes} of=${(story) =>
      story.kind === "herding" && story.coin === asset && sameMinute(story.at, signal.at)} />
    <div class=${`signal-summary ${feed.old ? "old" : ""}`}>
      <section><${Playbook} signal=${signal} hits=${hits} /></section>
      <section><${Scores} asset=${asset} signal=${signal} hrefOf=${hrefOf} alone /></section>
    </div>
    <${Versions} asset=${asset} at=${signal.at} to=${laterPeriod(signal.at, 1)}
      later=${signal.definition === VERSIONS.third ? VERSIONS.third : VERSIONS.second} />
    <${Fold} name="terms" title="All scores, wallets by action, record" count="4 lists">
      <div class="signal-terms"><${OtherScores} signal=${signal} hrefOf=${hrefOf} />
        <section><h2>Wallets by action</h2><${Counts} counts=${signal.counts} /></section>
        <div class="stacked"><${PossibleScores} reach=${signal.reach} /><${Record} signal=${signal}
          /></div>
      </div><//>
    <${ContributorTable} title="Contributors" contributors=${contributors} route=${route}
      old=${feed.old} note=${feed.data.next && `the ${CONTRIBUTORS_MAX} largest moves`}
      file=${`contributors-${asset}-${at}`} list=${wholeList(path)} />`;
}

export function SmartSignal({ route, asset, at }) {
  const requested = route.query.get("definition");
  const definition = VERSIONS[requested] ? requested : "third";
  const asked = route.query.get("horizon");
  const horizon = definition === "third" && HORIZONS.includes(asked) ? asked : "5m";
  const search = new URLSearchParams({
    limit: CONTRIBUTORS_MAX,
    definition: VERSIONS[definition],
    horizon,
  });
  const path = `/api/v1/smart-money/signals/${asset}/${at}?${search}`;
  const feed = useFeed(path);
  const { data } = feed;
  if (feed.error?.status === 404 && !data) {
    return html`<${Head} asset=${asset} at=${at} definition=${definition} horizon=${horizon} />
      <${Empty} title="No signal is stored for this period"
        command="hypertally smart-money --once">${feed.error.message}<//>`;
  }
  return html`<${Head} asset=${asset} at=${at} signal=${data?.signal} definition=${definition}
    horizon=${horizon} />
    <${Failure} feed=${feed} what="the signal" />
    ${!data && feed.loading && html`<${Skeleton} rows=${12} />`}
    ${data && html`<${Shown} feed=${feed} path=${path} asset=${asset} at=${at} route=${route} />`}`;
}
