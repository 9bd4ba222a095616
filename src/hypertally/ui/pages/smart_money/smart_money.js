// Smart money: the positions and the advice of the most successful wallets in HYPE, BTC and ETH.

import { Ago, utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Fold } from "../../components/Fold.js";
import { Mark } from "../../components/Mark.js";
import { Mask } from "../../components/Mask.js";
import { Switch } from "../../components/Switch.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { go, here, link } from "../../route.js";
import { percent } from "../../vocabulary/decimal.js";
import { HEALTH_LEVELS, smartReason } from "../../vocabulary/smart_money.js";
import { ActiveAlerts, Alerts } from "../alerts/alerts.js";
import { SmartAsset } from "./asset.js";
import { ContributorTable } from "./ContributorTable.js";
import { lineColumns } from "./columns.js";
import { FeedHistory } from "./feed_history.js";
import { Outcomes } from "./hit_rates.js";
import { Universe } from "./universe.js";

const PERIOD_MS = 300_000;
const HOUR_MS = 3_600_000;
const HOURS = { "6h": 6, "24h": 24 };
const SIGNALS_MAX = 300; // a day has 288
const CONTRIBUTORS_MAX = 500;
const ASSETS = ["HYPE", "BTC", "ETH"];
const COMMAND = "hypertally smart-money --once --refresh-universe";

function HealthLine({ health }) {
  const { state, last_success: last, coverage, reason, effect } = health;
  return html`<p class="health-line" data-part="health">
    <${Mark} level=${HEALTH_LEVELS[state] ?? "idle"} title=${reason}>${state}<//>
    ${
      (state === "healthy" || !last) &&
      html`<span>last snapshot ${
        last ? html`<span data-exact=${last}><${Ago} iso=${last} /></span>` : "never"
      }</span>`
    }
    <span>coverage ${
      coverage === null
        ? html`<${Amount} value=${null} reason=${`Unknown because ${reason}.`} />`
        : html`<span data-exact=${coverage} title=${coverage}>${percent(coverage)}</span>`
    }</span>
    <span class="muted">${state === "healthy" ? effect : `${reason}: ${effect}`}</span>
  </p>`;
}

/** The signals of all assets in the hours up to the newest period. */
function useLines(asOf, hours) {
  const to = Math.floor(Date.parse(asOf) / PERIOD_MS) * PERIOD_MS;
  const from = to - hours * HOUR_MS;
  const iso = (ms) => new Date(ms).toISOString().slice(0, 19) + "Z";
  const afterNewest = to + PERIOD_MS / 5; // so that the newest period is included
  const search = new URLSearchParams({ limit: SIGNALS_MAX, from: iso(from), to: iso(afterNewest) });
  const feeds = ASSETS.map((asset) => useFeed(`/api/v1/smart-money/signals/${asset}?${search}`));
  const lines = feeds.map(({ data, old }) => data && { signals: data.signals, from, to, old });
  return { feeds, lines: Object.fromEntries(ASSETS.map((asset, n) => [asset, lines[n]])) };
}

/** All periods, newest first, the assets side by side. */
function lineRows(lines) {
  const rows = new Map();
  for (const asset of ASSETS) {
    for (const signal of lines[asset]?.signals ?? []) {
      const row = rows.get(signal.at) ?? { id: signal.at, at: signal.at, reasons: {} };
      row[asset] = signal.cas.value;
      row.reasons[asset] = smartReason(signal, "cas.value");
      rows.set(signal.at, row);
    }
  }
  return [...rows.values()].sort((a, b) => (a.at < b.at ? 1 : -1));
}

function Contributors({ row, route }) {
  const { asset, signal } = row;
  const path = signal && `/api/v1/smart-money/signals/${asset}/${signal.at}`;
  const feed = useFeed(path && `${path}?limit=${CONTRIBUTORS_MAX}`);
  const { data } = feed;
  if (!signal) return null;
  return html`<${Failure} feed=${feed} what="the contributors" />
    ${!data && feed.loading && html`<${Skeleton} rows=${8} />`}
    ${data && html`<${AssetContributors} feed=${feed} asset=${asset} route=${route} />`}`;
}

function AssetContributors({ feed, asset, route }) {
  const { data } = feed;
  const { at, locked } = data.signal;
  const choice = html`<${Switch} name="asset" label="Contributors of" current=${asset}
    first=${ASSETS[0]} items=${ASSETS.map((name) => [name, name])} />`;
  const open = html`<a class="quiet" href=${link(`smart-money/${asset}/${at}`)}>This signal</a>`;
  const limit = data.next ? `the ${CONTRIBUTORS_MAX} largest moves` : "";
  const none = locked ? "none: the signal is locked" : "no wallet held or traded";
  const note = [`${utc(at)} UTC`, limit, !data.contributors.length && none].filter(Boolean);
  return html`<${ContributorTable} title=${`Contributors, ${asset}`} note=${note.join(", ")}
    contributors=${data.contributors} route=${route} old=${feed.old}
    file=${`contributors-${asset}-${at}`} list=${`/api/v1/smart-money/signals/${asset}/${at}`}
    actions=${html`${choice}${open}`} />`;
}

function Screen({ feed, route }) {
  const { data, old } = feed;
  const range = HOURS[route.query.get("trend")] ? route.query.get("trend") : "6h";
  const asTable = route.query.get("trend.as") === "table";
  const { feeds, lines } = useLines(data.as_of, HOURS[range]);
  const requested = route.query.get("asset");
  const chosen = data.assets.find(({ asset }) => asset === requested) ?? data.assets[0];
  const failed = feeds.find(({ error }) => error);
  const switchView = () => go(here({ "trend.as": asTable ? null : "table" }), { replace: true });
  return html`<div class="table-bar"><${HealthLine} health=${data.health} /><span
      class="grow"></span><span class="muted">CAS over</span>
      <${Switch} name="trend" label="CAS over" current=${range} first="6h"
        items=${[["6h", "6 h"], ["24h", "24 h"]]} />
      <button type="button" class="quiet"
        onClick=${switchView}>${asTable ? "Lines" : "Table"}</button></div>
    ${failed && html`<${Failure} feed=${failed} what="CAS over time" />`}
    <${Mask} masked=${data.masked}>
      <div class=${`smart-assets ${old ? "old" : ""}`}>${data.assets.map(
        (row) => html`<${SmartAsset} key=${row.asset} row=${row} line=${lines[row.asset]}
          chosen=${row === chosen} />`,
      )}</div><//>
    ${
      asTable &&
      html`<${Table} name="trend" title="CAS by period" columns=${lineColumns(ASSETS)}
        rows=${lineRows(lines)} file=${`cas-${range}`} />`
    }
    <${Fold} name="contributors" title="Contributors" count=${chosen.asset}><${Contributors}
      key=${chosen.asset} row=${chosen} route=${route} /><//>
    <${Fold} name="alerts" title="Alerts" count="the newest changes"><${Alerts} /><//>
    <${Fold} name="record" title="Watched wallets" count="past advice, position feed"
      holds=${["universe", "outcomes", "feed"]}><div
      class="smart-foot"><${Universe} universe=${data.universe} route=${route} />
      <div class="stacked"><${Outcomes} route=${route} />
        <${FeedHistory} route=${route} /></div></div><//>`;
}

export function SmartMoney({ route }) {
  const feed = useFeed("/api/v1/smart-money");
  const { data } = feed;
  return html`<header class="page-head"><h1>Smart money</h1>
      ${data && html`<span class="muted">as of ${utc(data.as_of)} UTC, five-minute periods</span>`}
    </header>
    <${ActiveAlerts} />
    <${Failure} feed=${feed} what="smart money" />
    ${!data && feed.loading && html`<${Skeleton} shape="figures" rows=${3} />`}
    ${
      data &&
      !data.universe &&
      html`<${HealthLine} health=${data.health} />
      <${Empty} title="No wallets are watched yet" command=${COMMAND}>A running worker chooses the
        wallets from the leaderboard every six hours and records their positions every minute. To
        start once by hand:<//>
      <${Alerts} />`
    }
    ${data?.universe && html`<${Screen} feed=${feed} route=${route} />`}`;
}
