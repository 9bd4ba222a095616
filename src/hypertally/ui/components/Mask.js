// SYSTEM HALT: dims figures that are too old to act on, and shows the reason above them.

import { Ago, utc } from "../clock.js";
import { html } from "../preact.js";

/** Without `masked` the children are shown as usual. */
export function Mask({ masked, children }) {
  if (!masked) return children;
  const { reason, since } = masked;
  return html`<div class="masked">
    <div class="mask-message" role="alert">
      <p class="mask-title"><svg viewBox="0 0 12 12" width="12" height="12" fill="currentColor"
        aria-hidden="true"><path d="M1.5 1.5 h9 v9 h-9 Z" /></svg> SYSTEM HALT</p>
      <p>${reason}</p>
      <p class="muted">${
        since
          ? html`Since <span title=${since} data-exact=${since}>${utc(since)} UTC</span>, <${Ago}
              iso=${since} />.`
          : "The start is not known."
      } Until the halt ends, the advice is No-trade / Defensive. The figures below are old.</p>
    </div>
    <div class="mask-under" inert>${children}</div>
  </div>`;
}
