// One TWAP: progress, cost against the market, slices, events, agreement of slices and statuses.

import { utc } from "../../clock.js";
import { coinCell, sideCell, walletCell } from "../../components/cells.js";
import { Copy } from "../../components/Copy.js";
import { Empty } from "../../components/Empty.js";
import { Tokens } from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Figure } from "../../components/Figure.js";
import { Fold } from "../../components/Fold.js";
import { Completeness } from "../../components/Mark.js";
import { proofOfTwap } from "../../components/proof_link.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { link } from "../../route.js";
import { group } from "../../vocabulary/decimal.js";
import { descriptionOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import { priceText } from "../../vocabulary/number_text.js";
import { arrivalWords, doubtsOf, errorOf, stateOf, twapReason } from "../../vocabulary/twaps.js";
import { StoryNotes } from "../service/Stories.js";
import { Execution } from "./Execution.js";
import { ProgressBar, TwapState } from "./Progress.js";
import { valueOfWhole } from "./ProofTwap.js";
import { Reconciliation } from "./Reconciliation.js";
import { STATUS_COLUMNS } from "./slice_columns.js";
import { FOUND } from "./twap_columns.js";

const WHOLE_NUMBER = /^\d{1,19}$/;
const HEADLINES = ["executed_size", "progress", "vwap", "arrival_slippage_bps", "fees_usd"];
const PARTS = [
  "size_requested",
  "schedule_lag",
  "market_slippage_bps",
  "slices",
  "slices_expected",
  "slices_missed",
];

const referencePrice = (word, price, basis) =>
  price !== null &&
  html`${word} <span
    data-exact=${price}>${group(priceText(price))}</span>${basis && html`: ${basis}`}`;

/** The expected slices are counted per full minute, the executed ones as they come. */
function minuteNote(twap) {
  return stateOf(twap) === "running" && "to the last full minute";
}

/** The notes below the headline figures. */
const NOTES = {
  executed_size: (twap) =>
    twap.size_requested === null
      ? coinCell(twap)
      : html`of <span data-exact=${twap.size_requested}>${group(twap.size_requested)}</span>
      ${" "}${coinCell(twap)}`,
  progress: (twap) => html`<${ProgressBar} twap=${twap} wide />`,
  vwap: (twap) =>
    referencePrice("price at the start", twap.arrival_price, arrivalWords(twap.arrival_basis)),
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
      reason=${twapReason(twap, field, "total")} href=${proofOfTwap(twap, field)}
      note=${NOTES[field]?.(twap)} />`,
  )}</div>`;
}

function Head({ id, twap }) {
  return html`<header class="page-head">
    <h1>TWAP <span data-exact=${id}>${id}</span></h1><${Copy} text=${id} />
    ${
      twap &&
      html`<span class="twap-what">${sideCell(twap)} <strong>${coinCell(twap)}</strong></span>
      <${TwapState} twap=${twap} />
      <span class="muted">of</span> ${walletCell(twap)}
      <span class="muted" title=${`${twap.started_at} to ${twap.ended_at ?? twap.ends_at}`}>
        ${utc(twap.started_at)} UTC${
          twap.duration_minutes !== null && `, duration ${twap.duration_minutes} min`
        }</span>
      ${
        twap.completeness !== null &&
        html`<${Completeness} share=${twap.completeness} always
        description=${FOUND} />`
      }
      <span class="grow"></span>
      <a class="quiet" href=${link("twaps", { wallet: twap.wallet, range: "30d" })}>All TWAPs of
        the wallet</a>`
    }
  </header>
  ${
    twap &&
    html`<${StoryNotes} of=${(story) =>
      story.kind === "twap" && story.twap_id === twap.twap_id && story.wallet === twap.wallet} />`
  }`;
}

/** What cannot be right about the TWAP. */
function Doubts({ twap }) {
  return doubtsOf(twap).map(
    (doubt) => html`<p key=${doubt} class="warning-line">${doubt}</p>`,
  );
}

/** The TWAPs of several wallets with the same number, to choose from. */
function Choices({ id, choices }) {
  return html`<section><h2>Several wallets have a TWAP with this number</h2>
    <ul>${choices.map(
      (choice) => html`<li key=${choice.wallet}>
        <a href=${link(`twaps/${id}`, { wallet: choice.wallet })}>
          <span data-exact=${choice.wallet}>${choice.label} ${choice.wallet}</span></a>
        ${" "}${sideCell(choice)} ${coinCell(choice)}, started ${utc(choice.started_at)} UTC</li>`,
    )}</ul></section>`;
}

/** The error of the exchange, if there is one. */
function ErrorLine({ twap }) {
  const error = errorOf(twap);
  return error && html`<p class="warning-line">The exchange ended the TWAP: ${error}</p>`;
}

function Shown({ data, feed, route }) {
  const { twap, rows, choices } = data;
  if (twap === null) return html`<${Choices} id=${data.twap_id} choices=${choices} />`;
  return html`<${ErrorLine} twap=${twap} /><${Doubts} twap=${twap} />
    <${Figures} twap=${twap} fields=${HEADLINES} /><${Figures} twap=${twap} fields=${PARTS} small />
    <${Execution} twap=${twap} route=${route} />
    <${Reconciliation} twap=${twap} />
    <${Fold} name="statuses" title="Events" count=${String(rows.length)}><${Table} name="statuses"
      title="Events" columns=${STATUS_COLUMNS} rows=${rows} order=${false} old=${feed.old}
      file=${`statuses-${twap.twap_id}`} note="as reported by the sources" /><//>`;
}

export function Twap({ id, route, role }) {
  const valid = WHOLE_NUMBER.test(id);
  const wallet = route.query.get("wallet");
  const choice = wallet ? `?wallet=${encodeURIComponent(wallet)}` : "";
  const feed = useFeed(valid ? `/api/v1/twaps/${id}${choice}` : null);
  const { data, error } = feed;
  const head = html`<${Head} id=${id} twap=${data?.twap} />`;
  if (!valid || (error?.status === 404 && !data)) {
    return html`${head}<${Empty} title="No such TWAP is stored, or this org may not see it"
      command="hypertally twap ingest --incremental">Import newer statuses from the
      TWAP source:<//>`;
  }
  return html`${head}<${Failure} feed=${feed} what="the TWAP" role=${role} />
    ${!data && feed.loading && html`<${Skeleton} shape="figures" rows=${5} />`}
    ${data && html`<${Shown} data=${data} feed=${feed} route=${route} />`}`;
}
