// Signed out: how to get in, and the way back to the same place.

import { html } from "../preact.js";
import { rememberPlace } from "../route.js";

/** The printed link is accepted as well as the bare token. */
export function tokenOf(text) {
  const trimmed = text.trim();
  const found = /[?&]token=([^&#\s]+)/.exec(trimmed);
  return found ? decodeURIComponent(found[1]) : trimmed;
}

export function SignIn() {
  const submit = (event) => {
    event.preventDefault();
    const token = tokenOf(new FormData(event.target).get("token"));
    if (!token) return;
    rememberPlace();
    location.assign(`/sign-in?token=${encodeURIComponent(token)}`);
  };
  return html`<main class="sign-in" id="main">
    <h1>hypertally</h1>
    <p>You are not signed in, or the session is over.</p>
    <p>Open the link that <code>hypertally up</code> printed, or run <code>hypertally token</code> and paste what it prints:</p>
    <form onSubmit=${submit}>
      <label for="token">Token or link</label>
      <input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required autofocus />
      <button type="submit">Sign in</button>
    </form>
    <p class="muted">You come back to the page you were on.</p>
  </main>`;
}
