// SYSTEM HALT: figures too old to act on are dimmed, and the reason stands over them.

import { Ago, utc } from "../clock.js";
import { html } from "../preact.js";

/** Without `masked` its children stand as they are. */
export function Mask({ masked, children }) {
  if (!masked) return children;
  const { reason, since } = masked;
  return html`<div class="masked">
    <div class="mask-words" role="alert">
      <p class="mask-title"><svg viewBox="0 0 12 12" width="12" height="12" fill="currentColor"
        aria-hidden="true"><path d="M1.5 1.5 h9 v9 h-9 Z" /></svg> SYSTEM HALT</p>
      <p>${reason}</p>
      <p class="muted">${
        since
          ? html`Since <span title=${since} data-exact=${since}>${utc(since)} UTC</span>, <${Ago}
              iso=${since} />.`
          : "Since when is not known."
      } Until it ends the playbook is No-trade / Defensive; what stands below is old.</p>
    </div>
    <div class="mask-under" inert>${children}</div>
  </div>`;
}
