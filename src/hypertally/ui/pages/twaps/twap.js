// One TWAP: progress, cost against the market, slices, events, agreement of slices and statuses.

import { utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Address, sideCell } from "../../components/cells.js";
import { Copy } from "../../components/Copy.js";
import { Empty } from "../../components/Empty.js";
import { Tokens } from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Figure } from "../../components/Figure.js";
import { Completeness, Mark } from "../../components/Mark.js";
import { proofOf } from "../../components/proof_link.js";
import { Pager, Table } from "../../components/Table.js";
import { useFeed, useFeedChain } from "../../feed.js";
import { html, useMemo } from "../../preact.js";
import { here, link } from "../../route.js";
import { add, group, sign } from "../../vocabulary/decimal.js";
import { descriptionOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import { priceText } from "../../vocabulary/number_text.js";
import { errorOf, stateOf, twapReason } from "../../vocabulary/twaps.js";
import { ProgressBar, TwapState } from "./Progress.js";
import { valueOfWhole } from "./ProofTwap.js";
import { sliceColumns, STATUS_COLUMNS } from "./slice_columns.js";
import { SliceCharts } from "./SliceCharts.js";
import { FOUND } from "./twap_columns.js";

const WHOLE_NUMBER = /^\d{1,19}$/;
const SLICES_PER_ANSWER = 500;
const ANSWERS_MAX = 12; // 6,000 slices: a TWAP of a day has 2,880
const SLICES_PER_PAGE = 50;
const HEADLINES = ["executed_size", "progress", "vwap", "arrival_slippage_bps", "fees_usd"];
const PARTS = [
  "size_requested",
  "schedule_lag",
  "market_slippage_bps",
  "slices",
  "slices_expected",
  "slices_missed",
];

const referencePrice = (word, price) =>
  price !== null &&
  html`${word} <span
    data-exact=${price}>${group(priceText(price))}</span>`;

/** The expected slices are counted per full minute, the executed ones as they come. */
function minuteNote(twap) {
  return stateOf(twap) === "running" && "to the last full minute";
}

/** The notes below the headline figures. */
const NOTES = {
  executed_size: (twap) =>
    html`of <span data-exact=${twap.size_requested}>${group(twap.size_requested)}</span>
      ${" "}${twap.asset}`,
  progress: (twap) => html`<${ProgressBar} twap=${twap} wide />`,
  vwap: (twap) => referencePrice("arrival", twap.arrival_price),
  arrival_slippage_bps: (twap) =>
    twap.arrival_slippage_bps !== null && "basis points; positive is a cost",
  fees_usd: (twap) => twap.total.fees && html`<${Tokens} amounts=${twap.total.fees} />`,
  market_slippage_bps: (twap) => referencePrice("market", twap.market_vwap),
  schedule_lag: minuteNote,
  slices_expected: minuteNote,
};

function Figures({ twap, fields, small }) {
  return html`<div class=${`figures ${small ? "parts" : ""}`}>${fields.map(
    (field) => html`<${Figure} key=${field} field=${field} label=${labelOf(field)}
      description=${descriptionOf(field)} kind=${kindOf(field)} small=${small}
      value=${valueOfWhole(twap, field)}
      completeness=${twap.completeness ?? undefined} completenessNote=${FOUND}
      reason=${twapReason(twap, field, "total")} href=${proofOf("twap", twap.twap_id, field)}
      note=${NOTES[field]?.(twap)} />`,
  )}</div>`;
}

function Head({ id, twap }) {
  return html`<header class="page-head">
    <h1>TWAP <span data-exact=${id}>${id}</span></h1><${Copy} text=${id} />
    ${
      twap &&
      html`<span class="twap-what">${sideCell(twap)} <strong>${twap.asset}</strong></span>
      <${TwapState} twap=${twap} />
      <span class="muted">of</span> <${Address} wallet=${twap.wallet} />
      <span class="muted" title=${`${twap.started_at} to ${twap.ended_at ?? twap.ends_at}`}>
        ${utc(twap.started_at)} UTC, duration ${twap.duration_minutes} min</span>
      ${
        twap.completeness !== null &&
        html`<${Completeness} share=${twap.completeness} always
        description=${FOUND} />`
      }
      <span class="grow"></span>
      <a class="quiet" href=${link("twaps", { wallet: twap.wallet, range: "30d" })}>All TWAPs of
        the wallet</a>`
    }
  </header>`;
}

/** The error of the exchange, if there is one. */
function ErrorLine({ twap }) {
  const error = errorOf(twap);
  return error && html`<p class="warning-line">The exchange ended the TWAP: ${error}</p>`;
}

/** One page of the slices; the charts above show all slices. */
function Slices({ chain, slices, route, href, id }) {
  const pages = Math.max(1, Math.ceil(slices.length / SLICES_PER_PAGE));
  const page = Math.min(Math.max(1, Number(route.query.get("page")) || 1), pages);
  const first = (page - 1) * SLICES_PER_PAGE;
  const rows = slices.slice(first, first + SLICES_PER_PAGE);
  const step = (n) =>
    n >= 1 && n <= pages && n !== page ? here({ page: n > 1 ? n : null }) : null;
  const steps = [
    ["First", step(1)],
    ["Previous", step(page - 1)],
    ["Next", step(page + 1)],
  ];
  const pager =
    pages > 1 &&
    html`<${Pager} steps=${steps}>${first + 1} to ${first + rows.length} of
    ${" "}${group(String(slices.length))} slices, oldest first<//>`;
  return html`<${Table} name="slices" title="Slices" columns=${sliceColumns(href)} order=${false}
    rows=${rows.map((row) => ({ ...row, id: `${row.at}:${row.oid}` }))} file=${`slices-${id}`}
    note=${!chain.complete && (chain.loading ? "loading more" : "only the first slices are shown")}
    pager=${pager} />`;
}

function NoSlices({ twap }) {
  if (twap.total.source === "slices") return null;
  return html`<${Empty} title="No slices are stored"
    command=${`hypertally wallets add ${twap.wallet}`}>
    Slices are stored for tracked wallets. The figures above come from the statuses.<//>`;
}

function withRunningSums(slices) {
  let sum = "0";
  return slices.map((slice) => {
    sum = add(sum, slice.size) ?? sum;
    return { ...slice, so_far: sum };
  });
}

function Execution({ twap, route }) {
  const id = twap.twap_id;
  const path = `/api/v1/twaps/${id}/slices?limit=${SLICES_PER_ANSWER}`;
  const chain = useFeedChain(path, "slices", { pagesMax: ANSWERS_MAX });
  const slices = useMemo(() => withRunningSums(chain.rows), [chain.rows]);
  if (chain.data && !slices.length) return html`<${NoSlices} twap=${twap} />`;
  return html`<${Failure} feed=${chain} what="the slices" />
    ${!chain.data && chain.loading && html`<${Skeleton} shape="chart" rows=${1} />`}
    ${
      slices.length > 0 &&
      html`<${SliceCharts} twap=${twap} slices=${slices} /><${Slices}
      chain=${chain} slices=${slices} route=${route} id=${id}
      href=${proofOf("twap", id, "executed_size")} />`
    }`;
}

function agreement({ size, notional }) {
  if (size === null || notional === null) return ["idle", "not known"];
  return sign(size) === 0 && sign(notional) === 0
    ? ["good", "they agree"]
    : ["warning", "they differ"];
}

/** The totals of the slices compared with the totals of the last status. */
function Reconciliation({ twap }) {
  const { total, status_totals: reported, residual } = twap;
  const summed = total.source === "slices" ? total : { size: null, notional: null };
  const noSlices = twapReason(twap, "slices_missed");
  const [level, words] = agreement(residual);
  const line = (name, unit, key) => html`<tr data-key=${key}><th scope="row">${name}
    ${" "}<span class="unit">${unit}</span></th>
    <td class="n" data-key="slices"><${Amount} value=${summed[key]} reason=${noSlices} /></td>
    <td class="n" data-key="status"><${Amount} value=${reported[key]}
      reason=${twapReason(twap, `status_totals.${key}`)} /></td>
    <td class="n" data-key="residual"><${Amount} value=${residual[key]} kind="net"
      href=${proofOf("twap", twap.twap_id, `${key}_residual`)}
      reason=${twapReason(twap, `${key}_residual`)} /></td></tr>`;
  return html`<section class="reconciliation"><header class="table-bar"><h2>Slices compared with the
      last status</h2><${Mark} level=${level}
      title=${level === "idle" ? twapReason(twap, "size_residual") : null}>${words}<//></header>
    <div class="scroll"><table><thead><tr><th scope="col"><span class="th">Total</span></th>${[
      "Slices",
      "Last status",
      "Difference",
    ].map(
      (text) => html`<th key=${text} scope="col" class="n"><span class="th">${text}</span></th>`,
    )}
      </tr></thead><tbody>${line("Size", twap.asset, "size")}
      ${line("Notional", "quote", "notional")}
      </tbody></table></div></section>`;
}

function Shown({ data, feed, route }) {
  const { twap, rows } = data;
  return html`<${ErrorLine} twap=${twap} />
    <${Figures} twap=${twap} fields=${HEADLINES} /><${Figures} twap=${twap} fields=${PARTS} small />
    <${Execution} twap=${twap} route=${route} />
    <${Reconciliation} twap=${twap} />
    <${Table} name="statuses" title="Events" columns=${STATUS_COLUMNS} rows=${rows} order=${false}
      old=${feed.old} file=${`statuses-${twap.twap_id}`} note="as reported by the sources" />`;
}

export function Twap({ id, route, role }) {
  const valid = WHOLE_NUMBER.test(id);
  const feed = useFeed(valid ? `/api/v1/twaps/${id}` : null);
  const { data, error } = feed;
  const head = html`<${Head} id=${id} twap=${data?.twap} />`;
  if (!valid || (error?.status === 404 && !data)) {
    return html`${head}<${Empty} title="No such TWAP is stored, or this org may not see it"
      command="hypertally twap ingest --incremental">Import newer statuses from the
      exchange's archive:<//>`;
  }
  return html`${head}<${Failure} feed=${feed} what="the TWAP" role=${role} />
    ${!data && feed.loading && html`<${Skeleton} shape="figures" rows=${5} />`}
    ${data && html`<${Shown} data=${data} feed=${feed} route=${route} />`}`;
}
