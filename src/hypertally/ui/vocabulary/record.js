// Columns of a day that say what it was computed from, as proofs and restatements name them.

export const RECORD_MEASURES = {
  completeness: [
    "Completeness",
    "share",
    "The share of the day for which all fills are proved to be stored.",
  ],
  gap_ms: [
    "Time in gaps",
    "duration",
    "How much of the day lies between fills that do not follow from each other.",
  ],
  closed: ["Proved complete", "flag", "The fills are proved complete to the end of the day."],
  volumes: ["Volume by market", "amounts", "Volume of each kind of market by quote token."],
  fees: ["Fees by token", "amounts", "Each token's fees in that token."],
  builder_fees: ["Builder fees by token", "amounts", "Part of the fees: paid to builders."],
  unpriced: ["Without a price", "list", "Tokens whose USD price is not stored."],
  intervals: ["Bounds", "list", "The lowest and the highest value that a figure can have."],
  reasons: ["What is missing", "list", "Why the day is not complete."],
  first_fill_at: ["First fill", "time", "Time of the first fill of the day."],
  last_fill_at: ["Last fill", "time", "Time of the last fill of the day."],
  definition: ["Definition", "text", "The rule the day is computed by, with its version."],
  digest: ["Digest of the fills", "text", "Equal digests mean the same fills."],
  reference_digest: ["Digest of prices", "text", "Equal digests mean the same prices and markets."],
};

const MINUTE_MS = 60_000;

/** A length of time: "3 h 12 min"; "24 h". */
export function durationText(ms) {
  const minutes = Math.floor(Number(ms) / MINUTE_MS);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (minutes === 0) return Number(ms) > 0 ? "<1 min" : "0";
  return [hours && `${hours} h`, rest && `${rest} min`].filter(Boolean).join(" ");
}
