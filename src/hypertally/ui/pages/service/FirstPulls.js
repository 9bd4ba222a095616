// How far the first pulls are: shown until the fills of every wallet that was added are stored.

import { Amount } from "../../components/Amount.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";

const SECONDS_PER_MINUTE = 60;

/** The time left in words that do not promise more than an estimate can. */
function leftWords(seconds) {
  if (seconds === null) return "the time left is known once the first wallet is read";
  if (seconds < SECONDS_PER_MINUTE) return "less than a minute left";
  const minutes = Math.ceil(seconds / SECONDS_PER_MINUTE);
  return minutes === 1 ? "about a minute left" : `about ${minutes} minutes left`;
}

const isWaiting = ({ wallets, read, failing }) => wallets > read + failing;

/** `children` says what the page itself waits for. */
export function FirstPulls({ children }) {
  const { data } = useFeed("/api/v1/progress");
  if (!data || !isWaiting(data)) return null;
  const { wallets, read, failing, rows } = data;
  return html`<section class="first-pulls" role="status" data-part="first-pulls">
    <p><strong>Reading the wallets from the exchange:</strong>
      ${" "}<span data-exact=${read}>${read}</span> of ${wallets} read, <${Amount} value=${rows}
        kind="count" /> rows so far, ${leftWords(data.seconds_left)}.
      ${failing > 0 && html` ${failing} failed and are tried again.`}</p>
    <progress max=${wallets} value=${read} aria-label="Wallets read"></progress>
    <p class="muted">${
      children ?? "Figures appear as soon as each wallet is read; a dash is not known yet."
    }</p>
  </section>`;
}
