// The name, the kind and the description of each figure, the same on every page.
//
// The kind decides how a figure is written (number_text.js): usd, fee, count, mean, size, share,
// price, bps, score, duration; always with a sign: pnl, net (of coin), net_usd, effect (on a
// score).

import { pixels } from "./decimal.js";
import { NOT_COMPUTED_YET } from "./reasons.js";
import { RECORD_MEASURES } from "./record.js";
import { SIGNAL_WORDS, SMART_MEASURES } from "./smart_money.js";
import { TWAP_MEASURES } from "./twaps.js";

const MEASURES = {
  dau: ["Active wallets", "count", "Tracked wallets with at least one fill that has volume."],
  wallets: ["Tracked wallets", "count", "Wallets of the org that were tracked on the day."],
  fills: ["Fills", "count", "Executions: one for each tracked side of a trade."],
  events: ["Events", "count", "Fills without volume: settlements, dust conversions, netting."],
  forced_fills: ["Forced fills", "count", "Fills by liquidation or auto-deleveraging."],
  coins: ["Coins", "count", "Distinct coins traded."],
  legs_volume_usd: [
    "Total volume",
    "usd",
    "Both sides of internal trades counted: price × size of each fill, in USD at its time.",
  ],
  unique_volume_usd: [
    "Unique volume",
    "usd",
    "Each trade of at least one tracked wallet, counted once.",
  ],
  internal_volume_usd: [
    "Internal volume",
    "usd",
    "Trades between two tracked wallets. Total volume = unique + internal.",
  ],
  volume_usd: ["Volume", "usd", "All fills of the wallet, maker and taker, each counted once."],
  spot_volume_usd: [
    "Spot volume",
    "usd",
    "Fills of spot pairs, in USD by the quote token's price at the time.",
  ],
  perp_volume_usd: ["Perp volume", "usd", "Fills of perpetuals, core and HIP-3."],
  hip3_volume_usd: ["HIP-3 volume", "usd", "Part of the perp volume: builder-deployed markets."],
  outcome_volume_usd: ["Outcome volume", "usd", "Fills of outcome markets."],
  other_volume_usd: [
    "Other volume",
    "usd",
    "Fills of markets of an unknown kind; never counted as perp.",
  ],
  taker_volume_usd: ["Taker volume", "usd", "Fills that took liquidity from the book."],
  maker_volume_usd: ["Maker volume", "usd", "Fills that provided liquidity to the book."],
  average_volume_per_user_usd: [
    "Volume per active wallet",
    "usd",
    "Total volume divided by active wallets.",
  ],
  gross_realised_pnl_usd: [
    "Gross realised PnL",
    "pnl",
    "Closed PnL of perpetuals, before fees and funding.",
  ],
  spot_closed_pnl_usd: ["Spot closed PnL", "pnl", "Closed PnL the exchange reports for spot."],
  outcome_closed_pnl_usd: [
    "Outcome closed PnL",
    "pnl",
    "Closed PnL the exchange reports for outcomes.",
  ],
  fees_usd: [
    "Fees",
    "fee",
    "Fees in USD: paid fees are positive, rebates negative. Builder fees are included.",
  ],
  builder_fees_usd: ["Builder fees", "fee", "Part of the fees: paid to builders."],
};

const RANGE_MEASURES = {
  dau_average: [
    "Active wallets, daily mean",
    "mean",
    "Mean of the active wallets per day of the range.",
  ],
  days_active: ["Days active", "count", "Days with at least one fill."],
  coins_max: [
    "Coins, busiest day",
    "count",
    "Most distinct coins traded on one day of the window.",
  ],
};

const ALL_MEASURES = {
  ...MEASURES,
  ...RANGE_MEASURES,
  ...RECORD_MEASURES,
  ...TWAP_MEASURES,
  ...SMART_MEASURES,
  ...SIGNAL_WORDS,
};

function measureOf(field) {
  return ALL_MEASURES[field] ?? [field.replaceAll("_", " "), "text", ""];
}

export const labelOf = (field) => measureOf(field)[0];
export const kindOf = (field) => measureOf(field)[1];
export const descriptionOf = (field) => measureOf(field)[2];

/** The field of a day from which a figure over many days is computed. */
export const dayFieldOf = (field) => (field === "dau_average" ? "dau" : field);

const GAP_KINDS = {
  position_break: "positions do not match the fills",
  history_begins: "older history not available",
  millisecond_overflow: "more fills in one millisecond than the exchange returns",
  thin_answer: "incomplete answer of the exchange",
  end_position: "position differs from the fills",
};
export const gapWords = (kind) => GAP_KINDS[kind] ?? String(kind ?? "").replaceAll("_", " ");

/** Why a figure of a day is null. */
export function reasonOf(day, field) {
  if (!day) return NOT_COMPUTED_YET;
  const reasons = (day.unpriced ?? []).map(
    (item) => `${item.fills} fills in ${item.token} have no price: ${item.reason}`,
  );
  if (reasons.length && field.endsWith("_usd")) return `Unknown because ${reasons.join("; ")}.`;
  return "Unknown because the fills of a tracked wallet are not proved complete for this day.";
}

const DAY_MS = 86_400_000;
const READ_MS = 900_000; // fills of the last quarter of an hour may still be on their way

/** Whether all that is missing of a day, or of days up to another, is the rest of today. */
export function isCompleteSoFar(share, { day, from = day, to = day }, now = Date.now()) {
  const start = Date.parse(`${from}T00:00:00Z`);
  const end = Date.parse(`${to}T00:00:00Z`) + DAY_MS;
  return end > now && (1 - pixels(share)) * (end - start) <= end - now + READ_MS;
}

export function completenessWords(share, soFar) {
  if (share === null || share === undefined) return "Completeness is not known yet.";
  if (soFar) return "All fills are proved to be stored so far; only the rest of today is missing.";
  return "The share of the time for which all fills are proved to be stored; the rest is missing.";
}
