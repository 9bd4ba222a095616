// Nothing here yet: say so, and name the next command to run.

import { html } from "../preact.js";
import { Copy } from "./Copy.js";

export function Empty({ title, children, command }) {
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    ${children && html`<p>${children}</p>`}
    ${command && html`<p class="command"><code>${command}</code><${Copy} text=${command} /></p>`}
  </div>`;
}
