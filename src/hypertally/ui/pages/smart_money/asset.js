// One asset on the page of smart money: advice, scores, their line over time, positions.

import { Ago, utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Fold } from "../../components/Fold.js";
import { Completeness } from "../../components/Mark.js";
import { proofOf } from "../../components/proof_link.js";
import { html } from "../../preact.js";
import { here, link } from "../../route.js";
import { lockWords } from "../../vocabulary/smart_money.js";
import { CasLine } from "./CasLine.js";
import { Bias, Playbook } from "./Playbook.js";
import { Positions } from "./Positions.js";
import { OBSERVED } from "./ProofSignal.js";
import { ScoreNotes, Scores } from "./Scores.js";

const NO_SIGNAL = "No signal has been computed yet: signals are computed every five minutes.";

function Head({ row, chosen }) {
  const { asset, signal } = row;
  const title = `Show the contributors of ${asset}`;
  return html`<header class="asset-head">
    <h2><a class="asset" href=${here({ asset: asset === "HYPE" ? null : asset })} title=${title}
      aria-current=${chosen ? "true" : undefined}>${asset}</a></h2>
    <span title=${row.mark_at && `Mid price at ${row.mark_at}`}><${Amount}
      value=${row.mark_price} kind="price"
      reason=${`Unknown because ${row.unknown?.mark_price ?? "no price is stored"}.`} />
      <span class="unit"> USD</span></span>
    <span class="grow"></span>
    ${
      signal &&
      html`<${Completeness} share=${signal.completeness} always description=${OBSERVED} />`
    }
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

function VersionOneAdvice({ first }) {
  if (!first) return null;
  return html`<p class="muted" data-part="v1" title="Advice of version 1 (smart_money/1)">v1
    ${" "}<${Bias} bias=${first.bias} risk=${first.risk} small /></p>`;
}

/** `row`: the asset in the API's answer; `line`: its signals of the last hours, from and to. */
export function SmartAsset({ row, chosen, line }) {
  const { asset, signal, first } = row;
  const hrefOf = (path) => proofOf("signal", asset, signal.at, path);
  return html`<section class=${`smart-asset ${chosen ? "chosen" : ""}`} data-asset=${asset}
    aria-label=${asset}>
    <${Head} row=${row} chosen=${chosen} />
    ${
      signal
        ? html`<${Locked} signal=${signal} />
          <${Playbook} signal=${signal} hits=${row.hit_rate} />
          <div class="row tight"><${VersionOneAdvice} first=${first} /><span class="grow"></span>
            <${Period} signal=${signal} /></div>`
        : html`<p class="muted">${NO_SIGNAL}</p>`
    }
    <${Fold} name=${`scores-${asset}`} title=${`Scores of ${asset}`} count="3 scores, positions">
      <${Scores} asset=${asset} signal=${signal} first=${first} hrefOf=${hrefOf} />
      ${line && html`<${CasLine} asset=${asset} ...${line} />`}
      <${Positions} row=${row} />
      <${ScoreNotes} signal=${signal} hrefOf=${hrefOf} /><//>
  </section>`;
}
