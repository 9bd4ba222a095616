// Steps between the pages of a list.

import { html } from "../preact.js";
import { here } from "../route.js";

/** Links to the neighbouring pages; a page that does not exist is shown without a link. */
export function Pager({ steps, children }) {
  return html`${children && html`<span class="muted">${children}</span>`}<span class="grow"></span>
    ${steps.map(([label, href]) =>
      href
        ? html`<a key=${label} class="quiet" href=${href}>${label}</a>`
        : html`<span key=${label} class="quiet off" aria-disabled="true">${label}</span>`,
    )}`;
}

/** The cursor of the previous page by the cursor of a page, so that Newer leads back. */
const newerCursors = new Map();

/** The steps of a list that is sorted newest first; `feed` has loaded the page at `cursor`. */
export function cursorSteps(cursor, feed) {
  const next = feed.data?.next;
  if (next && !feed.old) newerCursors.set(next, cursor);
  const hasNewer = cursor && newerCursors.has(cursor);
  return [
    ["Newest", cursor && here({ cursor: null })],
    ["Newer", hasNewer && here({ cursor: newerCursors.get(cursor) })],
    ["Older", next && here({ cursor: next })],
  ];
}

/** Buttons to the first and the next page of the inputs of a proof; null for a single page. */
export function cursorButtons({ cursor, next, setCursor }) {
  if (!cursor && !next) return null;
  return html`<span class="grow"></span>
    <button type="button" class="quiet" disabled=${!cursor}
      onClick=${() => setCursor(null)}>First</button>
    <button type="button" class="quiet" disabled=${!next}
      onClick=${() => setCursor(next)}>Next</button>`;
}
