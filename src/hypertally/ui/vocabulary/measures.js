// One name and one sentence for each figure, the same on every page.
//
// `kind` says how it is written: usd, fee, count, mean, size, share, price, bps, score; with a sign
// always shown pnl, net (of coin), net_usd and effect (on a score).

import { SMART_MEASURES } from "./smart_money.js";
import { TWAP_MEASURES } from "./twaps.js";

export const MEASURES = {
  dau: [
    "Active wallets",
    "count",
    "Distinct tracked wallets with at least one fill that has volume.",
  ],
  wallets: ["Tracked wallets", "count", "Wallets of the org that were tracked on the day."],
  fills: ["Fills", "count", "Rows of the exchange, one for each side of a trade that is tracked."],
  events: ["Events", "count", "Fills without volume: settlement, dust conversion, netting."],
  forced_fills: ["Forced fills", "count", "Fills by liquidation or auto-deleveraging."],
  coins: ["Coins", "count", "Distinct coins traded."],
  legs_volume_usd: [
    "Volume, all legs",
    "usd",
    "Each fill of a tracked wallet once: price × size, in USD at the time of the fill.",
  ],
  unique_volume_usd: [
    "Unique volume",
    "usd",
    "Each trade with at least one tracked wallet in it, counted once.",
  ],
  internal_volume_usd: [
    "Internal volume",
    "usd",
    "Trades with tracked wallets on both sides. All legs = unique + internal.",
  ],
  volume_usd: ["Volume", "usd", "All fills of the wallet, maker and taker, each once."],
  spot_volume_usd: [
    "Spot volume",
    "usd",
    "Fills of spot pairs, in USD by the quote token's price at the time.",
  ],
  perp_volume_usd: ["Perp volume", "usd", "Fills of perpetuals, core and HIP-3."],
  hip3_volume_usd: ["HIP-3 volume", "usd", "The part of perp volume on builder-deployed markets."],
  outcome_volume_usd: ["Outcome volume", "usd", "Fills of outcome markets."],
  other_volume_usd: [
    "Other volume",
    "usd",
    "Fills of markets of a kind not known here; counted apart, never put in perp.",
  ],
  taker_volume_usd: ["Taker volume", "usd", "Legs that crossed the book."],
  maker_volume_usd: ["Maker volume", "usd", "Legs that rested in the book."],
  average_volume_per_user_usd: [
    "Volume per active wallet",
    "usd",
    "All legs divided by active wallets.",
  ],
  gross_realised_pnl_usd: [
    "Gross realised PnL",
    "pnl",
    "Sum of closed PnL of perpetuals, before fees and funding.",
  ],
  spot_closed_pnl_usd: [
    "Spot closed PnL",
    "pnl",
    "Sum of closed PnL the exchange reports for spot.",
  ],
  outcome_closed_pnl_usd: [
    "Outcome closed PnL",
    "pnl",
    "Sum of closed PnL the exchange reports for outcomes.",
  ],
  fees_usd: [
    "Fees",
    "fee",
    "Signed fees in USD: paid is positive, rebates are negative. Builder fees are included.",
  ],
  builder_fees_usd: ["Builder fees", "fee", "The part of fees that went to builders."],
};

const RANGE_WORDS = {
  dau_average: [
    "Active wallets, daily mean",
    "mean",
    "Mean of the active wallets of each day of the range.",
  ],
  days_active: ["Days active", "count", "Days with at least one fill."],
  coins_max: [
    "Coins, busiest day",
    "count",
    "The most distinct coins traded on one day of the window.",
  ],
};

function entry(field) {
  const named =
    MEASURES[field] ?? RANGE_WORDS[field] ?? TWAP_MEASURES[field] ?? SMART_MEASURES[field];
  return named ?? [field.replaceAll("_", " "), "text", ""];
}

export const labelOf = (field) => entry(field)[0];
export const kindOf = (field) => entry(field)[1];
export const aboutOf = (field) => entry(field)[2];

/** The field of a day that a figure over many days is made of. */
export const dayFieldOf = (field) => (field === "dau_average" ? "dau" : field);

const KINDS_OF_GAP = {
  position_break: "position chain broken",
  history_begins: "history begins here",
  millisecond_overflow: "more fills in one millisecond than the exchange gives",
  thin_answer: "the exchange answered with too little",
};
export const gapWords = (kind) => KINDS_OF_GAP[kind] ?? String(kind ?? "").replaceAll("_", " ");

/** Why a figure of a day is null, or why it may still move. */
export function reasonOf(day, field) {
  if (!day) return "Unknown because nothing has been computed for this day yet.";
  const reasons = (day.unpriced ?? []).map(
    (item) => `${item.fills} fills in ${item.token} have no price: ${item.reason}`,
  );
  if (reasons.length && field.endsWith("_usd")) return `Unknown because ${reasons.join("; ")}.`;
  return "Unknown because the record of a tracked wallet is not proved for this day.";
}

export function completenessWords(share) {
  if (share === null || share === undefined) return "Completeness is not known yet.";
  return "The share of the time that the record proves; the rest is in gaps or not pulled yet.";
}
