// One number in place: short to read, exact on hover and on copy, a link to its proof.

import { html } from "../preact.js";
import { intervalWords } from "../vocabulary/intervals.js";
import { hover, tone, write } from "../vocabulary/number_text.js";

/** Aligns a column at the decimal point: each fraction takes the width of the longest. */
function Aligned({ text, places }) {
  const at = text.indexOf(".");
  const whole = at < 0 ? text : text.slice(0, at);
  const fraction = at < 0 ? "" : text.slice(at);
  const width = places ? `${places + 0.6}ch` : "0";
  return html`${whole}<span class="fraction" style=${{ width }}>${fraction}</span>`;
}

/** What is known of a figure: the whole sentence in headlines, a bound in tables. */
function Interval({ interval, kind, short, reason, href, tab }) {
  const words = intervalWords(interval, kind, { short: true });
  const exact = intervalWords(interval, kind);
  const sentence = `${exact.lead} ${exact.amount} ${exact.rest}`;
  const title = [sentence, reason, href && "Click to see how it was computed"].filter(Boolean);
  const body = short
    ? html`<span class="interval-word">${words.lead}</span>${" "}${words.amount}${" "}
      <span class="interval-word">${words.rest}</span>`
    : html`${exact.mark} ${exact.amount}`;
  const props = { class: "num interval", title: title.join("\n"), "aria-label": sentence };
  if (!href) return html`<span ...${props} role="text">${body}</span>`;
  return html`<a href=${href} tabindex=${tab} ...${props}>${body}</a>`;
}

/** `tab` is -1 in tables, where the arrow keys reach the amount. */
export function Amount({
  value,
  kind = "size",
  short,
  reason,
  href,
  restated,
  places,
  note,
  tab,
  interval,
}) {
  if ((value === null || value === undefined) && interval) {
    return html`<${Interval} interval=${interval} kind=${kind} short=${short} reason=${reason}
      href=${href} tab=${tab} />`;
  }
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
