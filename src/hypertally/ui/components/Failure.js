// What happened, what to do, and a way to try again. It never takes the place of data we have.

import { Ago } from "../clock.js";
import { html } from "../preact.js";

function remedy(error, role) {
  if (error.status === 403) {
    return role
      ? `Your role is ${role}. Ask an admin of the org for more.`
      : "Ask an admin of the org.";
  }
  if (error.offline) return "The page recovers by itself when the connection is back.";
  if (error.passing) return "It is tried again by itself.";
  return null;
}

export function Failure({ feed, what, role }) {
  const { error, at, data } = feed;
  if (!error || error.status === 401) return null;
  const help = remedy(error, role);
  const since = at ? new Date(at).toISOString() : null;
  return html`<div class="failure" role="alert">
    <p>
      <strong>${data ? `Could not refresh ${what}.` : `Could not load ${what}.`}</strong>
      ${" "}${error.message}${error.status ? ` (${error.status})` : ""}
      ${help && html` <span class="muted">${help}</span>`}
      ${data && since && html` <span class="muted">Shown as loaded <${Ago} iso=${since} />.</span>`}
    </p>
    <button type="button" onClick=${feed.retry} disabled=${feed.loading}>Retry</button>
  </div>`;
}

/** Grey lines in the shape of what comes. */
export function Skeleton({ rows = 6, shape = "table" }) {
  const line = (_, n) => html`<span class="bone" key=${n}></span>`;
  return html`<div class=${`skeleton ${shape}`} aria-busy="true" aria-label="Loading">
    ${Array.from({ length: rows }, line)}
  </div>`;
}
