// Names and descriptions of the figures and states of TWAPs.

import { compare } from "./decimal.js";
import { NO_REASON } from "./reasons.js";

export const TWAP_MEASURES = {
  size_requested: ["Requested", "size", "Size the order asked for, in coin."],
  executed_size: ["Executed", "size", "Size its slices traded in the range, in coin."],
  executed_notional: [
    "Executed notional",
    "size",
    "Price × size of its slices in the range, in the quote token.",
  ],
  progress: [
    "Progress",
    "share",
    "Executed size divided by requested size; of a running TWAP up to the last full minute.",
  ],
  elapsed_share: ["Time elapsed", "share", "Share of the planned minutes that is over."],
  schedule_lag: ["Schedule", "lag", "Share of the time elapsed minus share of the size executed."],
  vwap: ["Own VWAP", "price", "Executed notional divided by executed size, over the whole TWAP."],
  arrival_price: [
    "Arrival price",
    "price",
    "Market price when the TWAP started, from the best source that is stored; the source is named.",
  ],
  arrival_slippage_bps: [
    "Slippage",
    "bps",
    "Own VWAP compared with the arrival price, in basis points: positive is a cost.",
  ],
  market_vwap: [
    "Market VWAP",
    "price",
    "Average price of all trades of the market while the TWAP ran.",
  ],
  market_slippage_bps: [
    "Slippage vs market",
    "bps",
    "Own VWAP compared with the market VWAP, in basis points: positive is a cost.",
  ],
  slices: ["Slices executed", "count", "Orders of the TWAP that traded."],
  slices_expected: [
    "Slices expected",
    "count",
    "Two per minute of the time elapsed, up to the last full minute.",
  ],
  slices_missed: ["Slices missed", "count", "Slices expected so far that did not trade."],
  size_residual: [
    "Size difference",
    "net",
    "Size of the slices minus size in the last status, in coin.",
  ],
  notional_residual: [
    "Notional difference",
    "net",
    "Notional of the slices minus notional in the last status, in the quote token.",
  ],
};

/** A word and a sentence for each state; the text of the exchange is shown on hover. */
const STATES = {
  running: ["running", 'The last status is "activated".'],
  unreported: [
    "end not reported",
    "The planned time is over, but no later status is stored: import newer statuses.",
  ],
  finished: ["finished", "The exchange reports that the TWAP has finished."],
  terminated: ["terminated", "The TWAP was ended before its planned end."],
  error: ["error", "The exchange ended the TWAP with an error."],
  slices: ["no status", "No status of this TWAP is known, only its slices."],
  other: ["other", "An unknown word: whether the TWAP still runs is not known."],
};

/** The state of a TWAP: running, unreported, finished, terminated, error, slices or other. */
export function stateOf({ status, elapsed_share: elapsed }) {
  if (status === null) return "slices";
  if (status === "activated") {
    return elapsed !== null && compare(elapsed, "1") >= 0 ? "unreported" : "running";
  }
  const [word] = status.split(":");
  return STATES[word] ? word : "other";
}

/** The text of the exchange's error; null when there is none. */
export function errorOf({ status }) {
  return status?.startsWith("error:") ? status.slice("error:".length) : null;
}

/** [word, sentence]; the sentence holds the text of an error. */
export function stateWords(twap) {
  const state = stateOf(twap);
  const [word, sentence] = STATES[state];
  const error = errorOf(twap);
  if (state === "other") return [twap.status, sentence];
  return [word, error ? `${sentence}\n${error}` : sentence];
}

/** What the arrival price is, in words; its source names a mid, a candle or the first slice. */
export function arrivalWords(basis) {
  if (basis === null) return null;
  if (basis.startsWith("mid:")) return "mid price of the minute it started in";
  const candle = /:(\d+)m:open$/.exec(basis);
  if (!candle) return "price of its own first slice";
  return candle[1] === "1"
    ? "opening price of the minute it started in"
    : `opening price of the ${candle[1]} minutes it started in`;
}

/** Sentences on what cannot be right about a TWAP. */
export function doubtsOf(twap) {
  const doubts = [];
  if (twap.is_above_requested) doubts.push("More was executed than was requested.");
  if (twap.conflicts.length > 0) {
    const ends = twap.conflicts.map(
      ({ status, size, source }) => `${status} with ${size ?? "an unknown size"} (${source})`,
    );
    doubts.push(`Its final statuses disagree: ${ends.join("; ")}.`);
  }
  return doubts;
}

export const sideWords = (side) => ({ B: "buy", A: "sell" })[side] ?? side;

/** Figures of a part of the API's answer: executed in the range, or in total. */
const PART_NAMES = {
  executed_size: "size",
  executed_notional: "notional",
  fees_usd: "fees_usd",
  fees: "fees",
  slices: "slices",
  source: "source",
};
const NESTED_NAMES = { size_residual: "residual.size", notional_residual: "residual.notional" };

/** Why a figure of a TWAP is null; `part` is executed (in the range) or total. */
export function twapReason(twap, field, part = "executed") {
  const reasons = twap.unknown ?? {};
  const name = PART_NAMES[field];
  const reason = name
    ? (twap[part]?.unknown ?? reasons[`${part}.${name}`])
    : reasons[NESTED_NAMES[field] ?? field];
  return reason ? `Unknown because ${reason}.` : NO_REASON;
}
