// The card of keys and marks; "?" opens it, Esc closes it.

import { html, useEffect, useRef } from "../preact.js";

const KEYS = [
  ["/", "search a wallet or a TWAP"],
  ["g o", "overview"],
  ["g l", "leaderboard"],
  ["g w", "wallets"],
  ["g s", "smart money"],
  ["g t", "TWAPs"],
  ["g c", "coverage"],
  ["t", "light or dark"],
  ["← ↑ → ↓", "move in a table"],
  ["Enter", "show how a figure was computed"],
  ["Ctrl C", "copy the exact value of a figure"],
  ["Esc", "close the open panel"],
  ["?", "this card"],
];

export function Help({ open, close }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open && dialog.current.open) dialog.current.close();
  }, [open]);
  const click = (event) => event.target === dialog.current && close();
  return html`<dialog class="help" ref=${dialog} onClose=${close} onClick=${click}
    aria-labelledby="help-title">
    <header class="table-bar"><h2 id="help-title">Keys</h2><span class="grow"></span><button
      type="button" class="quiet" onClick=${close}>Close</button></header>
    <dl>${KEYS.map(
      ([keys, action]) => html`<div key=${keys}><dt>
      ${keys.split(" ").map((key) => html`<kbd key=${key}>${key}</kbd> `)}</dt><dd>${action}</dd>
        </div>`,
    )}</dl>
    <h2>Marks</h2>
    <dl>
      <div><dt>–</dt><dd>unknown, never zero: the reason is shown on hover</dd></div>
      <div><dt><span class="ring"><svg viewBox="0 0 14 14" width="12" height="12"><circle
        class="track" cx="7" cy="7" r="5" /><circle class="arc" cx="7" cy="7" r="5"
          stroke-dasharray="22 32" transform="rotate(-90 7 7)" /></svg></span></dt>
            <dd>incomplete, with the share that is proved complete</dd></div>
      <div><dt><span class="restated"></span></dt><dd>changed since it was first published</dd>
        </div>
      <div><dt><span class="hatched"></span></dt><dd>preliminary: the day is not over, or
        its fills are not complete</dd></div>
    </dl>
  </dialog>`;
}
