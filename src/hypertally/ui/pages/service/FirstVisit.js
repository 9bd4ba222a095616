// The card of a first visit: three steps, until it is put away in this browser.

import { Copy } from "../../components/Copy.js";
import { html, useState } from "../../preact.js";

const SEEN = "hypertally.first_visit_seen";
const ADD = "hypertally wallets add 0x…";

function wasSeen() {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return false; // a browser that stores nothing shows the card each time
  }
}

function keepSeen() {
  try {
    localStorage.setItem(SEEN, "1");
  } catch {
    // Without storage the card is put away for this load of the page alone.
  }
}

export function FirstVisit() {
  const [seen, setSeen] = useState(wasSeen);
  if (seen) return null;
  const close = () => {
    keepSeen();
    setSeen(true);
  };
  return html`<section class="first-visit" aria-label="First steps" data-part="first-visit">
    <ol>
      <li><strong>What you see.</strong> The books of your wallets: volume, result and fees by UTC
        day, all from stored fills. A dash is unknown, never zero.</li>
      <li><strong>Ask why.</strong> Click any figure for its proof: the definition, the fills, what
        is missing. Point at a word, or focus it, for its meaning.</li>
      <li><strong>Add your own wallets.</strong> With <code>hypertally up</code> running against the
        exchange: <code>${ADD}</code> <${Copy} text=${ADD} /></li>
    </ol>
    <button type="button" class="quiet" onClick=${close}>Got it</button>
  </section>`;
}
