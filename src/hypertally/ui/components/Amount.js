// One number in place: written for reading, exact on hover and on copy, a link to its proof.

import { group, parse, percent, round, shorten, sign, significant } from "../vocabulary/decimal.js";
import { html } from "../preact.js";

const MINUS = "−";
const USD_KINDS = new Set(["usd", "pnl", "fee", "net_usd"]);
const CENT_KINDS = new Set([...USD_KINDS, "quote"]); // quote tokens are mostly dollars of a kind
const SIGNED_KINDS = new Set(["pnl", "net", "net_usd", "bps", "effect"]);
const POINT_KINDS = new Set(["bps", "score", "effect"]);
const HEADLINE_LETTERS_MAX = 10; // a longer size or price does not fit; the exact one is on hover
const HEADLINE_DIGITS = 7;
const PRICE_DIGITS = 8; // a mean price has more than say something; the exchange's have fewer
/** What above and below zero mean: slippage above zero is a cost. */
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

/** How far behind the clock: a share of the whole, above zero when less is done than is due. */
function lag(value) {
  const text = percent(value);
  if (text === "0%") return "on time";
  return `${text} ${sign(value) > 0 ? "behind" : "ahead"}`;
}

/** The digits of a price that say something. */
export const priced = (value) => significant(value, PRICE_DIGITS);

/** A size or a price: as it was sent, cut for a headline alone. */
function coins(value, kind, short) {
  const text = signed(group(kind === "price" ? priced(value) : value), value, kind);
  if (!short || text.length <= HEADLINE_LETTERS_MAX) return text;
  const large = kind !== "price" && parse(value).whole.length > HEADLINE_DIGITS - 2;
  return signed(large ? shorten(value) : group(significant(value, HEADLINE_DIGITS)), value, kind);
}

/** How a value of a kind is written; null when it is unknown. */
export function write(value, kind, { short = false } = {}) {
  if (value === null || value === undefined) return null;
  if (kind === "share") return percent(value);
  if (!parse(value)) return String(value);
  if (kind === "lag") return lag(value);
  if (POINT_KINDS.has(kind)) return points(value, kind);
  if (kind === "mean") return group(round(value, 1));
  if (kind === "count") return short ? shorten(value, { places: 0 }) : group(value);
  if (!CENT_KINDS.has(kind)) return coins(value, kind, short);
  if (!short) return signed(cents(value).replace("-<", `${MINUS}<`), value, kind);
  const text = signed(shorten(value), value, kind);
  return /^[+−]/.test(text) ? `${text[0]}$${text.slice(1)}` : `$${text}`;
}

function tone(value, kind) {
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

function hover(value, kind, { href, restated, note }) {
  const plain = kind === "share" || kind === "lag";
  const exact = plain ? String(value) : `${group(value) ?? value}${unitOf(value, kind)}`;
  const parts = [exact, note, restated && `Restated ${restated}×`, href && "Open to see why"];
  return parts.filter(Boolean).join("\n");
}

/** Sizes of a column meet at the decimal point: the fraction takes the width of the longest. */
function Aligned({ text, places }) {
  const at = text.indexOf(".");
  const whole = at < 0 ? text : text.slice(0, at);
  const fraction = at < 0 ? "" : text.slice(at);
  const width = places ? `${places + 0.6}ch` : "0";
  return html`${whole}<span class="fraction" style=${{ width }}>${fraction}</span>`;
}

/** In a table the arrow keys reach it, so it is no stop for Tab (`tab` -1). */
export function Amount({ value, kind = "size", short, reason, href, restated, places, note, tab }) {
  if (value === null || value === undefined) {
    const why = reason ?? "Unknown";
    const dash = html`<span class="null" title=${why} aria-label=${`unknown: ${why}`}>–</span>`;
    return href ? html`<a class="num" href=${href} title=${why} tabindex=${tab}>${dash}</a>` : dash;
  }
  const text = write(value, kind, { short });
  const body = places === undefined ? text : html`<${Aligned} text=${text} places=${places} />`;
  const props = {
    class: `num ${tone(value, kind)}`,
    title: hover(value, kind, { href, restated, note }),
    "data-exact": String(value),
  };
  const dot = restated > 0 && html`<span class="restated" aria-label="restated"></span>`;
  if (!href) return html`<span ...${props}>${dot}${body}</span>`;
  return html`<a href=${href} tabindex=${tab} ...${props}>${dot}${body}</a>`;
}

/** Copying a figure copies its exact value; copying several keeps rows and columns. */
export function copyExact(event) {
  const selection = getSelection();
  const focused = document.activeElement?.closest?.("[data-exact]");
  let text = null;
  if (selection.isCollapsed) text = focused?.dataset.exact ?? null;
  else if (selection.anchorNode && !/^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName)) {
    text = exactText(selection.getRangeAt(0));
  }
  if (text === null) return;
  event.clipboardData.setData("text/plain", text);
  event.preventDefault();
}

function exactText(range) {
  const holder = range.commonAncestorContainer;
  const figure = (holder.closest ? holder : holder.parentElement)?.closest("[data-exact]");
  if (figure) return figure.dataset.exact;
  const copy = range.cloneContents();
  const figures = copy.querySelectorAll("[data-exact]");
  if (!figures.length) return null;
  for (const found of figures) found.textContent = found.dataset.exact;
  const rows = [...copy.querySelectorAll("tr")];
  if (!rows.length) return copy.textContent.trim();
  return rows
    .map((row) => [...row.children].map((c) => c.textContent.trim()).join("\t"))
    .join("\n");
}
