// The proof of a figure over many days: its days, each of which has a proof of its own.

import { shiftDay } from "../../clock.js";
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
import { dayFieldOf, descriptionOf, kindOf, labelOf, reasonOf } from "../../vocabulary/measures.js";

const DAYS_MAX = 1000;
const DAY_PARTS = ["spot_volume_usd", "perp_volume_usd", "outcome_volume_usd", "other_volume_usd"];
const SPLIT_BY_KIND = new Set(["volume_usd", "legs_volume_usd"]);

/** How a figure is computed from its days. */
function ruleOf(field) {
  if (field === "dau_average")
    return "The mean of the listed days; unknown if one of the days is unknown.";
  if (field === "coins_max") return "The highest of the listed days.";
  if (field === "days_active") return "The number of listed days that have fills.";
  return "The sum of the listed days; unknown if one of the days is unknown.";
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
      cell: (day) => html`<${Completeness} share=${day.completeness} always />`,
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
  const reason = "Unknown because at least one day is unknown: the proof of the day says why.";
  return html`<header class="proof-head"><h2>${labelOf(field)}</h2>
      <p class="muted">${subject}${span && html`, ${span.from} to ${span.to}`}</p>
      ${
        total &&
        html`<p class="proof-value"><${Amount} value=${total[field]} kind=${kindOf(field)}
          reason=${reason} /><${Unit} field=${field} />
        <${Completeness} share=${total.completeness} always /></p>`
      }
    </header>
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
      <footer class="proof-foot"><span class="grow"></span><${Copy} text=${curlOf(path)}
        label="Copy as curl" /></footer>`
    }`;
}

export function RangeProof({ range, field }) {
  const path = `/api/v1/metrics/global?range=${range}`;
  const feed = useFeed(path);
  const summary = useFeed("/api/v1/dashboard/summary").data;
  const days = [...(feed.data?.days ?? [])].reverse();
  return html`<${Days} feed=${feed} days=${days} fields=${[dayFieldOf(field)]} field=${field}
    path=${path}
    total=${summary?.ranges?.[range]} subject="All tracked wallets" span=${feed.data}
      file=${`${field}-${range}`}
    hrefOf=${(day, name) => here({ proof: `global:${day.day}:${name}` })} />`;
}

/** The total comes from the page behind the panel: the page of the wallet, or the leaderboard. */
function useTotal(wallet) {
  const { page, query } = current();
  const onLeaderboard = page === "leaderboard";
  const rankPath = `/api/v1/wallets/top?${rankSearch(query)}`;
  const top = useFeed(onLeaderboard ? rankPath : null).data;
  const walletPage = useFeed(onLeaderboard ? null : `/api/v1/wallets/${wallet}`).data;
  if (onLeaderboard) {
    return {
      total: top?.wallets.find((row) => row.wallet === wallet),
      span: top && { from: top.from, to: top.to },
    };
  }
  return {
    total: walletPage?.totals && {
      days_active: walletPage.days_active,
      ...walletPage.totals,
    },
    span: walletPage?.totals,
  };
}

export const RANKS_PER_PAGE = 50;

export function rankSearch(query) {
  const page = Math.max(1, Number(query.get("page")) || 1);
  return new URLSearchParams({
    by: query.get("by") ?? "volume",
    window: query.get("window") ?? "7d",
    limit: Math.min(1000, page * RANKS_PER_PAGE),
  });
}

export function SpanProof({ wallet, field }) {
  const { total, span } = useTotal(wallet);
  const bounds = span?.from
    ? `from=${span.from}&to=${span.to ?? shiftDay(span.from, DAYS_MAX)}&`
    : "";
  const path = `/api/v1/wallets/${wallet}/days?${bounds}limit=${DAYS_MAX}`;
  const feed = useFeed(span ? path : null);
  const fields = SPLIT_BY_KIND.has(field) ? DAY_PARTS : [SPAN_FIELDS[field] ?? field];
  return html`<${Days} feed=${feed} days=${feed.data?.days ?? []} fields=${fields} total=${total}
    field=${field} path=${path}
    subject=${html`<${Address} wallet=${wallet} />`} span=${span} file=${`${wallet}-${field}`}
    hrefOf=${(day, name) => here({ proof: `wallet:${wallet}:${day.day}:${name}` })} />`;
}

const SPAN_FIELDS = { coins_max: "coins", days_active: "fills" };
