// Cells that many tables share: an address, a side, a time.

import { utc } from "../clock.js";
import { html } from "../preact.js";
import { link } from "../route.js";
import { sideWords } from "../vocabulary/twaps.js";
import { Amount } from "./Amount.js";

/**
 * A wallet that links to its page: what the org calls it, a short address and its tags. `whole`
 * the address on wide screens.
 */
export function Address({ wallet, label, tags = [], whole = false }) {
  const short = `${wallet.slice(0, 8)}…${wallet.slice(-6)}`;
  const text = whole
    ? html`<span class="wide-only">${wallet}</span><span class="narrow">${short}</span>`
    : short;
  const title = [label, wallet, tags.join(", ")].filter(Boolean).join("\n");
  return html`<a class="address" href=${link(`wallets/${wallet}`)} title=${title}
    data-exact=${wallet}>${
      label && html`<span class="wallet-label" data-part="label">${label}</span>${" "}`
    }${text}${
      tags.length > 0 &&
      html` <span class="wallet-tags" data-part="tags">${tagText(tags)}</span>`
    }</a>`;
}

const TAGS_SHOWN_MAX = 2; // the title has all of them

function tagText(tags) {
  const more = tags.length - TAGS_SHOWN_MAX;
  return tags.slice(0, TAGS_SHOWN_MAX).join(", ") + (more > 0 ? ` +${more}` : "");
}

/** The wallet of a row, as the API names it. */
export const walletCell = ({ wallet, label, tags }) =>
  html`<${Address} wallet=${wallet} label=${label} tags=${tags} />`;

/** The asset of a row as people say it. */
export const assetText = ({ asset, asset_name: name }) => name ?? asset;

/** The pair of a spot coin that has a number for a name, else the coin as it is. */
export function coinCell(row) {
  const [coin, name] = row.coin ? [row.coin, row.coin_name] : [row.asset, row.asset_name];
  return html`<span title=${name && coin} data-exact=${coin}>${name ?? coin}</span>`;
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
