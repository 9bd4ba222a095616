// The panel that explains a figure; the `proof` in the URL names the figure. Esc closes it.
//
//   global:2026-11-20:fees_usd         a day of the org     range:30d:fees_usd    days of the org
//   wallet:0xab…:2026-11-20:fees_usd   a day of a wallet    span:0xab…:fees_usd   days of a wallet
//   twap:123456:vwap                   a TWAP
//   signal:HYPE:2026-11-20T12:00:00Z:cas.value   a score of smart money

import { DayProof } from "../pages/activity/ProofDay.js";
import { RangeProof, SpanProof } from "../pages/activity/ProofRange.js";
import { SignalProof } from "../pages/smart_money/ProofSignal.js";
import { TwapProof } from "../pages/twaps/ProofTwap.js";
import { html, useEffect, useRef } from "../preact.js";
import { current, go, here } from "../route.js";

const pageOf = (address) => new URL(address).hash.split("?")[0];

/** A panel that was opened on this page is closed by going back one step. */
const panelState = { openedHere: false };
addEventListener("hashchange", ({ oldURL, newURL }) => {
  const wasHere = Boolean(oldURL) && pageOf(oldURL) === pageOf(newURL);
  panelState.openedHere =
    wasHere && !/[?&]proof=/.test(oldURL) && current().query.has("proof");
});

export function closeProof() {
  if (!current().query.has("proof")) return false;
  if (panelState.openedHere) history.back();
  else go(here({ proof: null }), { replace: true });
  panelState.openedHere = false;
  return true;
}

function content(parts, session) {
  const [kind, ...rest] = parts;
  if (kind === "global")
    return html`<${DayProof} day=${rest[0]} field=${rest[1]} session=${session} />`;
  if (kind === "wallet") {
    return html`<${DayProof} wallet=${rest[0]} day=${rest[1]} field=${rest[2]}
      session=${session} />`;
  }
  if (kind === "range") return html`<${RangeProof} range=${rest[0]} field=${rest[1]} />`;
  if (kind === "span") return html`<${SpanProof} wallet=${rest[0]} field=${rest[1]} />`;
  if (kind === "twap")
    return html`<${TwapProof} id=${rest[0]} field=${rest[1]} wallet=${rest[2]}
      session=${session} />`;
  if (kind === "signal") {
    return html`<${SignalProof} asset=${rest[0]} at=${rest.slice(1, -1).join(":")}
      field=${rest.at(-1)} session=${session} />`;
  }
  return html`<p>This link does not name a figure.</p>`;
}

export function Proof({ session }) {
  const panel = useRef(null);
  const opener = useRef(null);
  const name = current().query.get("proof");
  useEffect(() => {
    if (!name) {
      opener.current?.focus?.();
      opener.current = null;
      return;
    }
    if (!panel.current.contains(document.activeElement)) opener.current = document.activeElement;
    panel.current.scrollTop = 0;
    panel.current.focus();
  }, [name]);
  if (!name) return null;
  return html`<div class="proof" role="dialog" aria-label="Proof of a figure" tabindex="-1"
    ref=${panel}>
    <button type="button" class="quiet close" onClick=${closeProof}
      aria-label="Close the proof">Close <kbd>Esc</kbd></button>
    <div key=${name}>${content(name.split(":"), session)}</div>
  </div>`;
}
