// What the watched wallets hold at a minute: how many on which side, and how much in sum.

import { Ago } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { html } from "../../preact.js";
import { percent } from "../../vocabulary/decimal.js";

const PARTS = [
  ["long", "long"],
  ["short", "short"],
  ["flat", "flat"],
  ["missing", "not observed"],
];

/** As wide as each part's share of the wallets; the counts below say the same. */
function Bar({ held }) {
  const shown = PARTS.filter(([name]) => held[name] > 0);
  return html`<span class="positions-bar" aria-hidden="true">${shown.map(
    ([name, words]) =>
      html`<span key=${name} class=${name} style=${{ flexGrow: held[name] }}
        title=${`${held[name]} ${words}`}></span>`,
  )}</span>`;
}

export function Positions({ one }) {
  const held = one.positioning;
  if (!held) {
    return html`<div class="positions"><h3>Positions</h3><p class="muted">Unknown because
      ${" "}${one.unknown?.positioning ?? "no minute was recorded yet"}.</p></div>`;
  }
  const why = (name) => {
    const said = one.unknown?.[`positioning.${name}`];
    return said ? `Unknown because ${said}.` : "Unknown; the answer does not say why.";
  };
  const share = held.top10_share;
  return html`<div class="positions">
    <h3>Positions <span class="muted">, <${Ago} iso=${held.minute} /></span></h3>
    <${Bar} held=${held} />
    <ul class="positions-key">${PARTS.map(
      ([name, words]) => html`<li key=${name} data-part=${name}><span
        class=${`swatch ${name}`}></span><span data-exact=${String(held[name])}>${held[name]}</span>
        ${" "}${words}</li>`,
    )}</ul>
    <p class="positions-net"><span class="muted">Net</span>${" "}<${Amount} value=${held.net_usd}
      kind="net_usd" short reason=${why("net_usd")} note=${`${held.net_coin} ${one.asset}`} />
      <span class="muted"> ten largest hold</span>${" "}
      ${
        share === null
          ? html`<${Amount} value=${null} reason=${why("top10_share")} />`
          : html`<span data-exact=${share} title=${share}>${percent(share)}</span>`
      }</p>
  </div>`;
}
