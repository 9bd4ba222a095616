// The positions of the watched wallets at a minute: wallets per side, and the net position.

import { Ago } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { html } from "../../preact.js";
import { percent } from "../../vocabulary/decimal.js";
import { NO_REASON } from "../../vocabulary/reasons.js";

const PARTS = [
  ["long", "long"],
  ["short", "short"],
  ["flat", "flat"],
  ["missing", "not observed"],
];

/** Each part is as wide as its share of the wallets; the list below has the counts. */
function Bar({ positions }) {
  const shown = PARTS.filter(([name]) => positions[name] > 0);
  return html`<span class="positions-bar" aria-hidden="true">${shown.map(
    ([name, words]) =>
      html`<span key=${name} class=${name} style=${{ flexGrow: positions[name] }}
        title=${`${positions[name]} ${words}`}></span>`,
  )}</span>`;
}

export function Positions({ row }) {
  const positions = row.positioning;
  if (!positions) {
    return html`<div class="positions"><h3>Positions</h3><p class="muted">Unknown because
      ${" "}${row.unknown?.positioning ?? "no minute was recorded yet"}.</p></div>`;
  }
  const reasonOf = (name) => {
    const reason = row.unknown?.[`positioning.${name}`];
    return reason ? `Unknown because ${reason}.` : NO_REASON;
  };
  const share = positions.top10_share;
  return html`<div class="positions">
    <h3>Positions <span class="muted">, <${Ago} iso=${positions.minute} /></span></h3>
    <${Bar} positions=${positions} />
    <ul class="positions-key">${PARTS.map(
      ([name, words]) => html`<li key=${name} data-part=${name}><span
        class=${`swatch ${name}`}></span><span
          data-exact=${String(positions[name])}>${positions[name]}</span>
        ${" "}${words}</li>`,
    )}</ul>
    <p class="positions-net"><span class="muted">Net</span>${" "}<${Amount}
      value=${positions.net_usd}
      kind="net_usd" short reason=${reasonOf("net_usd")}
      note=${`${positions.net_coin} ${row.asset}`} /><span
        class="muted">, ten largest wallets</span>${" "}
      ${
        share === null
          ? html`<${Amount} value=${null} reason=${reasonOf("top10_share")} />`
          : html`<span data-exact=${share} title=${share}>${percent(share)}</span>`
      }</p>
  </div>`;
}
