// The empty state: says that there is nothing yet, and names the command to run next.

import { html } from "../preact.js";
import { Copy } from "./Copy.js";

export function Empty({ title, children, command }) {
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    ${children && html`<p>${children}</p>`}
    ${command && html`<p class="command"><code>${command}</code><${Copy} text=${command} /></p>`}
  </div>`;
}
