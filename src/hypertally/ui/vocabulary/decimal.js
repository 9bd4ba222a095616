// Exact decimals as strings: grouped, rounded and compared without ever becoming a float.
//
//   group("1234567.5")      -> "1,234,567.5"
//   round("0.005", 2)       -> "0.01"
//   shorten("12840100.22")  -> "12.84M"
//   significant("0.00123456", 3) -> "0.00123"

const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const EXPONENT_MAX = 60; // larger than in any amount of the exchange

/** The parts of a decimal string; null for any other text. */
export function parse(value) {
  if (value === null || value === undefined || value === "") return null;
  const match = SHAPE.exec(String(value));
  if (!match || (!match[2] && !match[3])) return null;
  const exponent = Number(match[4] ?? 0);
  if (Math.abs(exponent) > EXPONENT_MAX) return null;
  let whole = match[2] || "0";
  let fraction = match[3] ?? "";
  if (exponent > 0) {
    fraction = fraction.padEnd(exponent, "0");
    whole += fraction.slice(0, exponent);
    fraction = fraction.slice(exponent);
  } else if (exponent < 0) {
    whole = whole.padStart(-exponent + 1, "0");
    fraction = whole.slice(exponent) + fraction;
    whole = whole.slice(0, exponent);
  }
  whole = whole.replace(/^0+(?=\d)/, "");
  const zero = !/[1-9]/.test(whole + fraction);
  return { negative: match[1] === "-" && !zero, whole, fraction, zero };
}

/** -1, 0 or 1; null when unknown. */
export function sign(value) {
  const number = parse(value);
  if (!number) return null;
  if (number.zero) return 0;
  return number.negative ? -1 : 1;
}

function scaled(number, places) {
  const digits = number.whole + number.fraction.padEnd(places, "0").slice(0, places);
  return BigInt(digits);
}

function withSign(number, places) {
  return number.negative ? -scaled(number, places) : scaled(number, places);
}

/** The inverse of scaled: digits (not negative) as a decimal with so many places. */
function pointed(digits, places) {
  const text = digits.toString().padStart(places + 1, "0");
  const cut = text.length - places;
  return places ? `${text.slice(0, cut)}.${text.slice(cut)}` : text;
}

/** Round half away from zero to a fixed number of places. */
export function round(value, places) {
  const number = parse(value);
  if (!number) return null;
  let digits = scaled(number, places);
  if ((number.fraction[places] ?? "0") >= "5") digits += 1n;
  const body = pointed(digits, places);
  return number.negative && digits !== 0n ? `-${body}` : body;
}

/** The exact sum of two decimals; null when one is unknown. */
export function add(left, right) {
  const a = parse(left);
  const b = parse(right);
  if (!a || !b) return null;
  const places = Math.max(a.fraction.length, b.fraction.length);
  const sum = withSign(a, places) + withSign(b, places);
  return sum < 0n ? `-${pointed(-sum, places)}` : pointed(sum, places);
}

/** Without the trailing zeros of the fraction: "23.4500" -> "23.45". */
export function trim(value) {
  const number = parse(value);
  if (!number) return null;
  const fraction = number.fraction.replace(/0+$/, "");
  return `${number.negative ? "-" : ""}${number.whole}${fraction ? `.${fraction}` : ""}`;
}

/** Rounded to so many significant digits, but never coarser than a whole number. */
export function significant(value, digits) {
  const number = parse(value);
  if (!number || number.zero) return number && "0";
  const leading = number.whole === "0" ? /^0*/.exec(number.fraction)[0].length : 0;
  const wholeDigits = number.whole === "0" ? -leading : number.whole.length;
  return trim(round(value, Math.max(0, digits - wholeDigits)));
}

/** Thousands separators in the whole part; the fraction stays as it is. */
export function group(value) {
  const number = parse(value);
  if (!number) return null;
  const whole = number.whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const body = number.fraction ? `${whole}.${number.fraction}` : whole;
  return number.negative ? `-${body}` : body;
}

const UNITS = ["", "K", "M", "B", "T", "Q"];
const SHORTEN_FROM = 10_000n; // smaller amounts fit a headline in full

/** "12.84M": two decimals and a unit from ten thousand on; the exact amount goes on hover. */
export function shorten(value, { places = 2 } = {}) {
  const number = parse(value);
  if (!number) return null;
  if (BigInt(number.whole) < SHORTEN_FROM) return group(round(value, places));
  let unit = Math.min(Math.floor((number.whole.length - 1) / 3), UNITS.length - 1);
  let text = round(shift(number, unit * 3), 2);
  if (unit < UNITS.length - 1 && parse(text).whole.length > 3) {
    unit += 1;
    text = round(shift(number, unit * 3), 2);
  }
  return group(text) + UNITS[unit];
}

function shift(number, places) {
  const whole = number.whole.padStart(places + 1, "0");
  const cut = whole.length - places;
  const minus = number.negative ? "-" : "";
  return `${minus}${whole.slice(0, cut)}.${whole.slice(cut)}${number.fraction}`;
}

/** The order of two decimals; an unknown one comes last. */
export function compare(left, right) {
  const a = parse(left);
  const b = parse(right);
  if (!a || !b) return (a ? 0 : 1) - (b ? 0 : 1);
  const places = Math.max(a.fraction.length, b.fraction.length);
  const x = withSign(a, places);
  const y = withSign(b, places);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** A share as a percentage, cut instead of rounded: only 1 itself is 100%. */
export function percent(share) {
  const number = parse(share);
  if (!number) return null;
  const tenths = scaled(number, 3);
  const text = (tenths / 10n).toString();
  return tenths % 10n === 0n ? `${text}%` : `${text}.${tenths % 10n}%`;
}

/** An inexact number for drawing; never for a label. */
export function pixels(value) {
  const number = parse(value);
  return number
    ? Number(`${number.negative ? "-" : ""}${number.whole}.${number.fraction || 0}`)
    : null;
}
