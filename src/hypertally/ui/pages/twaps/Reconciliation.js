// The totals of the slices of one TWAP compared with those of its last status.

import { Amount } from "../../components/Amount.js";
import { assetText } from "../../components/cells.js";
import { Mark } from "../../components/Mark.js";
import { proofOfTwap } from "../../components/proof_link.js";
import { Scroll } from "../../components/Scroll.js";
import { html } from "../../preact.js";
import { sign } from "../../vocabulary/decimal.js";
import { twapReason } from "../../vocabulary/twaps.js";

function agreement({ size, notional }) {
  if (size === null || notional === null) return ["idle", "not known"];
  return sign(size) === 0 && sign(notional) === 0
    ? ["good", "they agree"]
    : ["warning", "they differ"];
}

/** The totals of the slices compared with the totals of the last status. */
export function Reconciliation({ twap }) {
  const { total, status_totals: reported, residual } = twap;
  const summed = total.source === "slices" ? total : { size: null, notional: null };
  const noSlices = twapReason(twap, "slices_missed");
  const [level, words] = agreement(residual);
  const line = (name, unit, key) => html`<tr data-key=${key}><th scope="row">${name}
    ${" "}<span class="unit">${unit}</span></th>
    <td class="n" data-key="slices"><${Amount} value=${summed[key]} reason=${noSlices} /></td>
    <td class="n" data-key="status"><${Amount} value=${reported[key]}
      reason=${twapReason(twap, `status_totals.${key}`)} /></td>
    <td class="n" data-key="residual"><${Amount} value=${residual[key]} kind="net"
      href=${proofOfTwap(twap, `${key}_residual`)}
      reason=${twapReason(twap, `${key}_residual`)} /></td></tr>`;
  return html`<section class="reconciliation"><header class="table-bar"><h2>Slices compared with the
      last status</h2><${Mark} level=${level}
      title=${level === "idle" ? twapReason(twap, "size_residual") : null}>${words}<//></header>
    <${Scroll} label="Slices compared with the last status">
      <table><thead><tr><th scope="col"><span class="th">Total</span></th>${[
      "Slices",
      "Last status",
      "Difference",
    ].map(
      (text) => html`<th key=${text} scope="col" class="n"><span class="th">${text}</span></th>`,
    )}
      </tr></thead><tbody>${line("Size", assetText(twap), "size")}
      ${line("Notional", "quote", "notional")}
      </tbody></table><//></section>`;
}
