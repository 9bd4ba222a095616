// How each kind of number is written: digits, signs, units, and the text on hover.

import { durationText } from "./record.js";
import { group, parse, percent, round, shorten, sign, significant } from "./decimal.js";

const MINUS = "−";
const USD_KINDS = new Set(["usd", "pnl", "fee", "net_usd"]);
const CENT_KINDS = new Set([...USD_KINDS, "quote"]); // quote tokens are mostly dollars of a kind
const SIGNED_KINDS = new Set(["pnl", "net", "net_usd", "bps", "effect"]);
const POINT_KINDS = new Set(["bps", "score", "effect"]);
const HEADLINE_LETTERS_MAX = 10; // longer sizes and prices do not fit; hover shows them exactly
const HEADLINE_DIGITS = 7;
const PRICE_DIGITS = 8; // prices of the exchange have fewer; further digits of a mean are noise
/** The looks of values above and below zero: positive slippage is a cost. */
const TONES = {
  pnl: ["gain", "loss"],
  net: ["gain", "loss"],
  net_usd: ["gain", "loss"],
  bps: ["loss cost", "gain saving"],
};

function cents(value) {
  const text = round(value, 2);
  if (text === "0.00" && sign(value) !== 0) return sign(value) < 0 ? "-<0.01" : "<0.01";
  return group(text) ?? text;
}

function signed(text, value, kind) {
  if (text.startsWith("-")) return MINUS + text.slice(1);
  return SIGNED_KINDS.has(kind) && sign(value) > 0 ? `+${text}` : text;
}

function points(value, kind) {
  const text = round(value, 2);
  return text === "0.00" || text === "-0.00" ? "0.00" : signed(group(text), value, kind);
}

/** Behind or ahead of schedule: a share of the whole, above zero when behind. */
function lag(value) {
  const text = percent(value);
  if (text === "0%") return "on time";
  return `${text} ${sign(value) > 0 ? "behind" : "ahead"}`;
}

/** A price with its significant digits. */
export const priceText = (value) => significant(value, PRICE_DIGITS);

/** A size or a price: exact in tables, shortened in headlines. */
function coinText(value, kind, short) {
  const text = signed(group(kind === "price" ? priceText(value) : value), value, kind);
  if (!short || text.length <= HEADLINE_LETTERS_MAX) return text;
  const large = kind !== "price" && parse(value).whole.length > HEADLINE_DIGITS - 2;
  return signed(large ? shorten(value) : group(significant(value, HEADLINE_DIGITS)), value, kind);
}

/** The text of a value of a kind; null when the value is unknown. */
export function write(value, kind, { short = false } = {}) {
  if (value === null || value === undefined) return null;
  if (kind === "share") return percent(value);
  if (kind === "duration") return durationText(value);
  if (!parse(value)) return String(value);
  if (kind === "lag") return lag(value);
  if (POINT_KINDS.has(kind)) return points(value, kind);
  if (kind === "mean") return group(round(value, 1));
  if (kind === "count") return short ? shorten(value, { places: 0 }) : group(value);
  if (!CENT_KINDS.has(kind)) return coinText(value, kind, short);
  if (!short) return signed(cents(value).replace("-<", `${MINUS}<`), value, kind);
  const text = signed(shorten(value), value, kind);
  return /^[+−]/.test(text) ? `${text[0]}$${text.slice(1)}` : `$${text}`;
}

export function tone(value, kind) {
  const [above, below] = TONES[kind] ?? ["", ""];
  const direction = sign(value);
  return direction > 0 ? above : direction < 0 ? below : "";
}

function unitOf(value, kind) {
  if (USD_KINDS.has(kind)) return " USD";
  if (kind !== "bps") return "";
  const meaning = { 1: ": a cost", "-1": ": better than the reference" }[sign(value)] ?? "";
  return ` basis points${meaning}`;
}

export function hover(value, kind, { href, restated, note }) {
  const plain = kind === "share" || kind === "lag";
  const exact = plain ? String(value) : `${group(value) ?? value}${unitOf(value, kind)}`;
  const parts = [
    exact,
    note,
    restated && `Restated ${restated}×`,
    href && "Click to see how it was computed",
  ];
  return parts.filter(Boolean).join("\n");
}
