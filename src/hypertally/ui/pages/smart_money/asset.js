// One asset of the screen of smart money: its playbook, its scores, how they ran, and who holds.

import { Ago, utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Completeness } from "../../components/Mark.js";
import { proofOf } from "../../components/proof_link.js";
import { html } from "../../preact.js";
import { here, link } from "../../route.js";
import { lockWords } from "../../vocabulary/smart_money.js";
import { CasLine } from "./CasLine.js";
import { Bias, Playbook } from "./Playbook.js";
import { Positions } from "./Positions.js";
import { OBSERVED } from "./ProofSignal.js";
import { Quiet, Scores } from "./Scores.js";

const NO_SIGNAL = "No signal has been computed yet: the first comes at the next fifth minute.";

function Head({ one, chosen }) {
  const { asset, signal } = one;
  const title = `Show who contributed to ${asset}`;
  return html`<header class="asset-head">
    <h2><a class="asset" href=${here({ asset: asset === "HYPE" ? null : asset })} title=${title}
      aria-current=${chosen ? "true" : undefined}>${asset}</a></h2>
    <span title=${one.mark_at && `Middle price at ${one.mark_at}`}><${Amount}
      value=${one.mark_price} kind="price"
      reason=${`Unknown because ${one.unknown?.mark_price ?? "no price is stored"}.`} />
      <span class="unit"> USD</span></span>
    <span class="grow"></span>
    ${signal && html`<${Completeness} share=${signal.completeness} always words=${OBSERVED} />`}
  </header>`;
}

function Period({ signal }) {
  const { at, asset } = signal;
  return html`<p class="period muted"><a class="quiet" href=${link(`smart-money/${asset}/${at}`)}
    title="Open this signal">to ${utc(at).slice(11, 16)} UTC</a> <${Ago} iso=${at} /></p>`;
}

function Locked({ signal }) {
  if (!signal.locked) return null;
  return html`<p class="warning-line" role="status">Locked: ${lockWords(signal.locked)}.</p>`;
}

function FirstCall({ first }) {
  if (!first) return null;
  return html`<p class="first-call muted" title="What the first definition (smart_money/1) says">v1
    ${" "}<${Bias} bias=${first.bias} risk=${first.risk} small /></p>`;
}

/** `line`: the signals of the hours before, and from when to when. */
export function SmartAsset({ one, chosen, line }) {
  const { asset, signal, first } = one;
  const hrefOf = (path) => proofOf("signal", asset, signal.at, path);
  return html`<section class=${`smart-asset ${chosen ? "chosen" : ""}`} data-asset=${asset}
    aria-label=${asset}>
    <${Head} one=${one} chosen=${chosen} />
    ${
      signal
        ? html`<${Locked} signal=${signal} />
          <${Playbook} playbook=${signal.playbook} />
          <div class="row tight"><${FirstCall} first=${first} /><span class="grow"></span>
            <${Period} signal=${signal} /></div>`
        : html`<p class="muted">${NO_SIGNAL}</p>`
    }
    <${Scores} asset=${asset} signal=${signal} first=${first} hrefOf=${hrefOf} />
    ${line && html`<${CasLine} asset=${asset} ...${line} />`}
    <${Positions} one=${one} />
    <${Quiet} signal=${signal} hrefOf=${hrefOf} />
  </section>`;
}
