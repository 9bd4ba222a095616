// The proof of a figure over many days: its days, each of which has a proof of its own.

import { Amount } from "../../components/Amount.js";
import { Address } from "../../components/cells.js";
import { Copy } from "../../components/Copy.js";
import { curlOf, Unit } from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Completeness } from "../../components/Mark.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { current, here } from "../../route.js";
import { intervalOf } from "../../vocabulary/intervals.js";
import { dayFieldOf, descriptionOf, kindOf, labelOf, reasonOf } from "../../vocabulary/measures.js";
import { ALL, spanOf, spanSearch } from "../../spans.js";
import { setChosen } from "./words.js";

const DAYS_MAX = 1000;
const DAY_PARTS = ["spot_volume_usd", "perp_volume_usd", "outcome_volume_usd", "other_volume_usd"];
const SPLIT_BY_KIND = new Set(["volume_usd", "legs_volume_usd"]);

/** How a figure is computed from its days. */
function ruleOf(field) {
  if (field === "dau_average")
    return "The mean of the listed days; only bounds are known if one of the days is unknown.";
  if (field === "coins_max") return "The highest of the listed days.";
  if (field === "days_active") return "The number of listed days that have fills.";
  return "The sum of the listed days; only bounds are known if one of the days is unknown.";
}

function columnsOf(fields, hrefOf) {
  return [
    { key: "day", label: "Day", kind: "day" },
    ...fields.map((field) => ({
      key: field,
      label: labelOf(field),
      unit: field.endsWith("_usd") ? "USD" : null,
      kind: kindOf(field),
      href: (day) => hrefOf(day, field),
      reason: (day) => reasonOf(day, field),
      restated: (day) => day.restated,
    })),
    {
      key: "completeness",
      label: "Complete",
      kind: "share",
      cell: (day) => html`<${Completeness} share=${day.completeness}
        days=${day} always />`,
    },
    {
      key: "digest",
      label: "Digest",
      cell: (day) => html`<code class="clip" title=${day.digest}>${day.digest ?? "–"}</code>`,
    },
  ];
}

/** The versions of the definition the days were computed with. */
function Versions({ days }) {
  const versions = [...new Set(days.map((day) => day.definition).filter(Boolean))];
  return (
    versions.length > 0 && html`<p class="muted">Days computed with ${versions.join(", ")}</p>`
  );
}

function Days({ feed, days, fields, total, field, subject, span, hrefOf, path, file }) {
  const session = useFeed("/api/v1/session").data;
  const reason = "Unknown because at least one day is unknown: the proof of the day says why.";
  return html`<div class="proof-head"><h2>${labelOf(field)}</h2>
      <p class="muted">${subject}${span && html`, ${span.from} to ${span.to}`}</p>
      ${
        total &&
        html`<p class="proof-value"><${Amount} value=${total[field]} kind=${kindOf(field)}
          reason=${reason} interval=${intervalOf(total, field)}
          short=${total[field] === null} />
        ${total[field] !== null && html`<${Unit} field=${field} />`}
        <${Completeness} share=${total.completeness} days=${total} always /></p>`
      }
    </div>
    <section><h3>Definition</h3><p>${descriptionOf(field)}</p><p>${ruleOf(field)}</p><${Versions}
      days=${days} /></section>
    <${Failure} feed=${feed} what="the days" />
    ${!feed.data && feed.loading && html`<${Skeleton} rows=${8} />`}
    ${
      feed.data &&
      html`<section><h3>Inputs</h3>
      <${Table} name="proof-days" title=${`${days.length} days`}
        columns=${columnsOf(fields, hrefOf)} rows=${days} file=${file}
        rowClass=${(day) => (day.partial ? "partial" : "")} /></section>
      <footer class="proof-foot"><span class="grow"></span><${Copy} text=${curlOf(path, session)}
        label="Copy as curl" /></footer>`
    }`;
}

/** The one answer that the cards, the charts, the days and the proof of a range are read from. */
export function rangePath(range) {
  return `/api/v1/metrics/global?${new URLSearchParams(spanSearch(range, "range"))}`;
}

export function RangeProof({ range, field }) {
  const path = rangePath(range);
  const feed = useFeed(path);
  const days = [...(feed.data?.days ?? [])].reverse();
  return html`<${Days} feed=${feed} days=${days} fields=${[dayFieldOf(field)]} field=${field}
    path=${path}
    total=${feed.data?.total} subject="All tracked wallets" span=${feed.data}
      file=${`${field}-${range}`}
    hrefOf=${(day, name) => here({ proof: `global:${day.day}:${name}` })} />`;
}

/** The one answer that the figures, charts, days and proofs of a wallet are read from. */
export function walletDaysPath(wallet, span) {
  const search = new URLSearchParams({ ...spanSearch(span), limit: DAYS_MAX });
  return `/api/v1/wallets/${wallet}/days?${search}`;
}

/** The days behind a row of the leaderboard, or behind the page of a wallet. */
function useSpanPath(wallet) {
  const { page, query } = current();
  const onLeaderboard = page === "leaderboard";
  const top = useFeed(onLeaderboard ? `/api/v1/wallets/top?${rankSearch(query)}` : null).data;
  if (!onLeaderboard)
    return { path: walletDaysPath(wallet, spanOf(query.get("range"), WALLET_SPANS, ALL)) };
  if (!top) return { path: null };
  const search = new URLSearchParams({ from: top.from, to: top.to, limit: DAYS_MAX });
  return {
    path: `/api/v1/wallets/${wallet}/days?${search}`,
    row: [...top.wallets, ...top.unpriced_wallets].find((row) => row.wallet === wallet),
  };
}

export const RANKS_PER_PAGE = 50;
export const WALLET_SPANS = [ALL, "7d", "30d", "90d"];
export const WINDOWS = ["1d", "7d", "30d", "90d"];

export function rankSearch(query) {
  const page = Math.max(1, Number(query.get("page")) || 1);
  const search = new URLSearchParams({
    by: query.get("by") ?? "volume",
    ...spanSearch(spanOf(query.get("window"), WINDOWS, "7d"), "window"),
    limit: Math.min(1000, page * RANKS_PER_PAGE),
  });
  setChosen(search, query);
  return search;
}

export function SpanProof({ wallet, field }) {
  const { path, row } = useSpanPath(wallet);
  const feed = useFeed(path);
  const total = feed.data && totalOf(feed.data.total, row);
  const fields = SPLIT_BY_KIND.has(field) ? DAY_PARTS : [SPAN_FIELDS[field] ?? field];
  return html`<${Days} feed=${feed} days=${feed.data?.days ?? []} fields=${fields} total=${total}
    field=${field} path=${path}
    subject=${html`<${Address} wallet=${wallet} label=${feed.data?.label}
      tags=${feed.data?.tags} />`} span=${total}
    file=${`${wallet}-${field}`}
    hrefOf=${(day, name) => here({ proof: `wallet:${wallet}:${day.day}:${name}` })} />`;
}

/** The total of a wallet's days, with what a row of the leaderboard calls by another name. */
function totalOf(total, row) {
  const intervals = { ...total.intervals, volume_usd: total.intervals.legs_volume_usd };
  return {
    ...total,
    volume_usd: total.legs_volume_usd,
    coins_max: row?.coins_max,
    intervals,
  };
}

const SPAN_FIELDS = { coins_max: "coins", days_active: "fills" };
