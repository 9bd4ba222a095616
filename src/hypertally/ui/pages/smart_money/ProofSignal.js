// The proof of a score of smart money: definition, counts, snapshots, the effect of each wallet.

import { Ago, utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Address } from "../../components/cells.js";
import { Copy } from "../../components/Copy.js";
import { curlOf, Definition, Digest, Restatements, TermList } from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Completeness } from "../../components/Mark.js";
import { cursorButtons } from "../../components/Pager.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html, useState } from "../../preact.js";
import { current, link } from "../../route.js";
import { descriptionOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import {
  CLASS_ORDER,
  classSide,
  classWords,
  scoreOf,
  smartReason,
} from "../../vocabulary/smart_money.js";
import { CONTRIBUTOR_COLUMNS, contributorRow } from "./columns.js";

const CONTRIBUTORS_PER_PAGE = 100;
const VERSIONS = { first: "smart_money/1", second: "smart_money/2" };
export const OBSERVED =
  "Share of the wallets that were observed at the start and at the end of the period.";
/** The columns shown in a proof, besides the effect on the score that is explained. */
const COLUMNS = ["wallet", "class", "before_coin", "now_coin"];
const PERIODS = { "5m": "five minutes", "15m": "15 minutes", "1h": "hour", "4h": "four hours" };
const EFFECTS = {
  "cas.value": "effect_cas",
  cas_usd: "effect_cas_usd",
  "dispersion.value": "effect_dispersion",
  "dispersion.size": "effect_dispersion_size",
  "ecs.value": "effect_ecs",
};

/** Herding is a test among few: how many wallets it counts, and which way they went. */
function HerdingCount({ herding, counts }) {
  if (!herding?.n) return null;
  const side = herding.sign < 0 ? -1 : 1;
  const went = Object.entries(counts).filter(([name]) => classSide(name) === side);
  const wallets = went.reduce((sum, [, count]) => sum + count, 0);
  return html`<p data-part="herding-count">${wallets} of the ${herding.n} active wallets
    ${" "}${side < 0 ? "sold" : "bought"}.</p>`;
}

function Head({ asset, at, field, signal, counts }) {
  const value = scoreOf(signal, field);
  return html`<div class="proof-head"><h2>${labelOf(field)}</h2>
    <p class="muted">${asset}, the ${PERIODS[signal?.horizon] ?? "period"} to
      ${" "}<a href=${link(`smart-money/${asset}/${at}`)}>
      ${utc(at)} UTC</a>${signal && `, ${signal.definition}`}</p>
    ${
      signal &&
      html`<p class="proof-value"><${Amount} value=${value} kind=${kindOf(field)}
          reason=${smartReason(signal, field)} />
        <${Completeness} share=${signal.completeness} always description=${OBSERVED} /></p>
      ${value === null && html`<p class="warning-line">${smartReason(signal, field)}</p>`}
      ${
        field === "herding.h" &&
        html`<${HerdingCount} herding=${signal.herding} counts=${counts} />`
      }`
    }
  </div>`;
}

/** The counts in the order of the classes of version 2; other classes come last. */
function ordered(counts) {
  const rank = (name) => (CLASS_ORDER.indexOf(name) + 1 || CLASS_ORDER.length + 1) - 1;
  return Object.entries(counts).sort(([a], [b]) => rank(a) - rank(b));
}

export function Counts({ counts }) {
  return html`<${TermList} rows=${ordered(counts).map(([name, wallets]) => [
    html`<span title=${name} data-class=${name}>${classWords(name)}</span>`,
    html`<${Amount} value=${String(wallets)} kind="count" />`,
  ])} />`;
}

const NO_USUAL_SHARE = "Unknown because fewer than 500 periods of the last seven days are stored.";
const EXIT_SIDES = [
  ["all", "All holders"],
  ["long", "Holders of longs"],
  ["short", "Holders of shorts"],
];

function ExitCounts({ exits }) {
  const rows = EXIT_SIDES.filter(([side]) => exits[side]).map(([side, words]) => {
    const { left, exposed, forced, unexplained, p0 } = exits[side];
    const forcedWords =
      unexplained > 0
        ? `${forced} more are known to be forced, ` +
          `of ${unexplained} of those that left it is not known yet`
        : `${forced} more were forced`;
    return [
      words,
      html`${left} of ${exposed} holders, ${forcedWords};
        usual share <${Amount} value=${p0} reason=${NO_USUAL_SHARE} />`,
    ];
  });
  return rows.length > 0 && html`<h3>Exits</h3><${TermList} rows=${rows} />`;
}

function Anomalies({ list }) {
  if (!list.length) return html`<p class="muted">No anomaly is known in these snapshots.</p>`;
  return list.map(
    ({ wallet, label, tags, kind, minute, dirties }) =>
      html`<p class="warning-line" key=${`${wallet}${kind}`}>
        ${utc(minute)} UTC, <${Address} wallet=${wallet} label=${label}
          tags=${tags} />:
        ${" "}${kind.replaceAll("_", " ")}, ${dirties ? "excluded" : "included"}</p>`,
  );
}

function Inputs({ inputs, wallets }) {
  const counted = inputs.sealed.length
    ? html`sealed in the archive (${inputs.sealed.join(" and ")}), of ${wallets}`
    : html`<${Amount} value=${String(inputs.count)} kind="count" /> of ${wallets}`;
  return html`<section><h3>Inputs</h3>
    <${TermList} rows=${[
      [
        "Snapshots",
        html`${counted}
        ${" "}wallets at ${inputs.minutes.map((minute) => utc(minute).slice(11, 16)).join(" and ")}
        ${" "}UTC`,
      ],
      inputs.digest && ["Digest", html`<${Digest} value=${inputs.digest} />`],
      [
        "Watched wallets",
        inputs.universe_run_id === null ? "none" : `run ${inputs.universe_run_id}`,
      ],
    ]} />
    <h3>Gaps</h3><${Anomalies} list=${inputs.anomalies} />
  </section>`;
}

function Effects({ feed, field, cursor, setCursor, name, list }) {
  const { data } = feed;
  const ownEffect = EFFECTS[field] ?? "effect_cas";
  const visible = new Set([...COLUMNS, ownEffect]);
  const columns = CONTRIBUTOR_COLUMNS.map((column) => ({
    ...column,
    hidden: !visible.has(column.key),
  }));
  const pager = cursorButtons({ cursor, next: data.next, setCursor });
  return html`<section><h3>Wallets</h3><${Table} name="proof-contributors"
    title="Effect of each wallet" columns=${columns} rows=${data.contributors.map(contributorRow)}
    old=${feed.old} file=${name} list=${list} pager=${pager} /></section>`;
}

export function SignalProof({ asset, at, field, session }) {
  const [cursor, setCursor] = useState(null);
  const search = new URLSearchParams({ limit: CONTRIBUTORS_PER_PAGE });
  const { query } = current();
  const definition = VERSIONS[query.get("definition")];
  if (definition) search.set("definition", definition);
  if (query.get("horizon")) search.set("horizon", query.get("horizon"));
  if (cursor) search.set("cursor", cursor);
  const path = `/api/v1/smart-money/signals/${asset}/${at}/explain?${search}`;
  const feed = useFeed(path);
  const { data } = feed;
  return html`<${Head} asset=${asset} at=${at} field=${field} signal=${data?.value}
      counts=${data?.counts} />
    <${Failure} feed=${feed} what="the proof" role=${session?.role} />
    ${!data && feed.loading && html`<${Skeleton} rows=${10} />`}
    ${
      data &&
      html`${
        data.definition
          ? html`<${Definition} definition=${data.definition} field=${field} />`
          : html`<section><h3>Definition</h3><p>${descriptionOf(field)}</p></section>`
      }
      <section><h3>Wallets by action</h3><${Counts} counts=${data.counts} />
        <${ExitCounts} exits=${data.exits} /></section>
      <${Inputs} inputs=${data.inputs} wallets=${data.value.wallets} />
      <${Restatements} list=${data.restatements} field=${field} />
      <${Effects} feed=${feed} field=${field} cursor=${cursor} setCursor=${setCursor}
        list=${wholeList(path)} name=${`contributors-${asset}-${at}`} />
      <footer class="proof-foot"><span class="muted">${
        data.computed_at ? html`Computed <${Ago} iso=${data.computed_at} />` : ""
      }</span><span class="grow"></span>
        <${Copy} text=${curlOf(path, session)} label="Copy as curl" /></footer>`
    }`;
}
