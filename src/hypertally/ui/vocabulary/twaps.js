// Names and sentences of a TWAP's figures, and what its states are called.

import { compare } from "./decimal.js";

export const TWAP_MEASURES = {
  size_requested: ["Requested", "size", "What the order asked for, in coin."],
  executed_size: ["Executed", "size", "What its slices traded in the range, in coin."],
  executed_notional: [
    "Executed notional",
    "size",
    "Price × size of its slices in the range, in the quote token.",
  ],
  progress: [
    "Progress",
    "share",
    "Executed divided by requested over the whole life; while it runs, to the last full minute.",
  ],
  elapsed_share: ["Time passed", "share", "The share of its minutes that is over."],
  schedule_lag: [
    "Against schedule",
    "lag",
    "The share of its time that is over less the share that is executed.",
  ],
  vwap: ["Own VWAP", "price", "Executed notional divided by executed size, over the whole life."],
  arrival_price: ["Arrival price", "price", "The market's price in the minute it began."],
  arrival_slippage_bps: [
    "Slippage",
    "bps",
    "Own VWAP against the arrival price, in basis points: above zero is a cost for its side.",
  ],
  market_vwap: ["Market VWAP", "price", "What all trades of the market cost while it ran."],
  market_slippage_bps: [
    "Against market",
    "bps",
    "Own VWAP against the market's while it ran, in basis points: above zero is a cost.",
  ],
  slices: ["Slices done", "count", "Its orders that traded."],
  slices_expected: [
    "Expected",
    "count",
    "Two a minute of the time that is over, to the last full minute.",
  ],
  slices_missed: ["Missed", "count", "Slices expected by now that did not trade."],
  size_residual: ["Residual size", "net", "Slices less what the last status says, in coin."],
  notional_residual: [
    "Residual notional",
    "net",
    "Slices less what the last status says, in the quote token.",
  ],
};

/** What can be said of a TWAP from its last status: the words of the exchange are kept on hover. */
const STATES = {
  running: ["running", "Its last status is activated."],
  unreported: [
    "end not said",
    "Its time is over, but no status after activated is stored: fetch newer statuses.",
  ],
  finished: ["finished", "The exchange reports it finished."],
  terminated: ["terminated", "It was ended before its time."],
  error: ["error", "The exchange ended it with an error."],
  other: ["other", "A status that is not known here."],
};

/** running, unreported, finished, terminated, error or other. */
export function stateOf({ status, elapsed_share: elapsed }) {
  if (status === "activated") {
    return elapsed !== null && compare(elapsed, "1") >= 0 ? "unreported" : "running";
  }
  const [word] = status.split(":");
  return STATES[word] ? word : "other";
}

/** [word, sentence]; the text of an error stands in the sentence. */
export function stateWords(twap) {
  const state = stateOf(twap);
  const [word, sentence] = STATES[state];
  const said = twap.status.startsWith("error:") ? twap.status.slice("error:".length) : null;
  if (state === "other") return [twap.status, sentence];
  return [word, said ? `${sentence}\n${said}` : sentence];
}

export const sideWords = (side) => ({ B: "buy", A: "sell" })[side] ?? side;

/** Figures that stand in a part of the answer: what was executed in the range, or in all. */
const IN_PART = {
  executed_size: "size",
  executed_notional: "notional",
  fees_usd: "fees_usd",
  fees: "fees",
  slices: "slices",
  source: "source",
};
const UNDER = { size_residual: "residual.size", notional_residual: "residual.notional" };

/** Why a figure of a TWAP is null; `part` is executed (in the range) or total. */
export function twapReason(twap, field, part = "executed") {
  const said = twap.unknown ?? {};
  const name = IN_PART[field];
  const reason = name
    ? (twap[part]?.unknown ?? said[`${part}.${name}`])
    : said[UNDER[field] ?? field];
  return reason ? `Unknown because ${reason}.` : "Unknown; the answer does not say why.";
}
