// A choice between a few views. Each choice is a link, so that it can be opened and copied.

import { html } from "../preact.js";
import { here } from "../route.js";

export function Switch({ name, label, items, current, first, clears = {} }) {
  return html`<nav class="switch" aria-label=${label}>
    ${items.map(
      ([
        key,
        text,
      ]) => html`<a key=${key} href=${here({ ...clears, [name]: key === first ? null : key })}
      aria-current=${key === current ? "true" : undefined}>${text}</a>`,
    )}
  </nav>`;
}
