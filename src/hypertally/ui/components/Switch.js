// A choice of a few, kept in the URL: links, so that each can be opened, copied and gone back from.

import { html } from "../preact.js";
import { here } from "../route.js";

export function Switch({ name, label, items, now, first, clears = {} }) {
  return html`<nav class="switch" aria-label=${label}>
    ${items.map(
      ([
        key,
        text,
      ]) => html`<a key=${key} href=${here({ ...clears, [name]: key === first ? null : key })}
      aria-current=${key === now ? "true" : undefined}>${text}</a>`,
    )}
  </nav>`;
}
