// A failed load: what happened, what to do, and Retry. Loaded data stays on the page.

import { Ago } from "../clock.js";
import { html } from "../preact.js";

function advice(error, role) {
  if (error.status === 403) {
    return role
      ? `Your role is ${role}. Ask an admin of the org for access.`
      : "Ask an admin of the org for access.";
  }
  if (error.offline) return "The page reloads when the connection is back.";
  if (error.temporary) return "The page retries automatically.";
  return null;
}

export function Failure({ feed, what, role }) {
  const { error, at, data } = feed;
  if (!error || error.status === 401) return null;
  const help = advice(error, role);
  const since = at ? new Date(at).toISOString() : null;
  return html`<div class="failure" role="alert">
    <p>
      <strong>${data ? `Could not refresh ${what}.` : `Could not load ${what}.`}</strong>
      ${" "}${error.message}${error.status ? ` (${error.status})` : ""}
      ${help && html` <span class="muted">${help}</span>`}
      ${
        data &&
        since &&
        html` <span class="muted">Showing data loaded <${Ago} iso=${since} />.</span>`
      }
    </p>
    <button type="button" onClick=${feed.retry} disabled=${feed.loading}>Retry</button>
  </div>`;
}

/** Grey lines in the shape of the content that loads. */
export function Skeleton({ rows = 6, shape = "table" }) {
  const line = (_, index) => html`<span class="bone" key=${index}></span>`;
  return html`<div class=${`skeleton ${shape}`} aria-busy="true" aria-label="Loading">
    ${Array.from({ length: rows }, line)}
  </div>`;
}
