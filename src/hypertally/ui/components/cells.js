// Cells that many tables share: an address, a side, a time.

import { utc } from "../clock.js";
import { html } from "../preact.js";
import { link } from "../route.js";
import { sideWords } from "../vocabulary/twaps.js";
import { Amount } from "./Amount.js";

/** A short address that links to its page; `whole` shows all of it on wide screens. */
export function Address({ wallet, whole = false }) {
  const short = `${wallet.slice(0, 8)}…${wallet.slice(-6)}`;
  const text = whole
    ? html`<span class="wide-only">${wallet}</span><span class="narrow">${short}</span>`
    : short;
  return html`<a class="address" href=${link(`wallets/${wallet}`)} title=${wallet}
    data-exact=${wallet}>${text}</a>`;
}

export function sideCell(row) {
  const word = sideWords(row.side);
  return html`<span class=${`side ${word}`} data-exact=${row.side}>${word}</span>`;
}

export function timeCell(key, reason = "Not known") {
  return (row) =>
    row[key]
      ? html`<time datetime=${row[key]} title=${row[key]} data-exact=${row[key]}>
          ${utc(row[key])}</time>`
      : html`<${Amount} value=${null} reason=${reason} />`;
}
