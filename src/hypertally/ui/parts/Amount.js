// One number in place: written for reading, exact on hover and on copy, a link to its proof.

import { group, parse, percent, round, shorten, sign } from "../decimal.js";
import { html } from "../preact.js";

const MINUS = "−";
const USD_KINDS = new Set(["usd", "pnl", "fee"]);

function cents(value) {
  const text = round(value, 2);
  if (text === "0.00" && sign(value) !== 0) return sign(value) < 0 ? "-<0.01" : "<0.01";
  return group(text) ?? text;
}

function signed(text, value, kind) {
  if (text.startsWith("-")) return MINUS + text.slice(1);
  return kind === "pnl" && sign(value) > 0 ? `+${text}` : text;
}

/** How a value of a kind is written; null when it is unknown. */
export function write(value, kind, { short = false } = {}) {
  if (value === null || value === undefined) return null;
  if (kind === "share") return percent(value);
  if (!parse(value)) return String(value);
  if (kind === "mean") return group(round(value, 1));
  if (kind === "count") return short ? shorten(value, { places: 0 }) : group(value);
  if (!USD_KINDS.has(kind)) return signed(group(value), value, kind);
  if (!short) return signed(cents(value).replace("-<", `${MINUS}<`), value, kind);
  const text = signed(shorten(value), value, kind);
  return /^[+−]/.test(text) ? `${text[0]}$${text.slice(1)}` : `$${text}`;
}

function tone(value, kind) {
  if (kind !== "pnl") return "";
  const direction = sign(value);
  return direction > 0 ? "gain" : direction < 0 ? "loss" : "";
}

function hover(value, kind, { href, restated, note }) {
  const unit = USD_KINDS.has(kind) ? " USD" : "";
  const exact = kind === "share" ? String(value) : `${group(value) ?? value}${unit}`;
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
