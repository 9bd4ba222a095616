// Signed out: how to get in, and the way back to the same place.

import { decode } from "../../feed.js";
import { html, useEffect, useState } from "../../preact.js";
import { forgetPlace, rememberPlace } from "../../route.js";

/** The printed link is accepted as well as the bare token. */
function tokenOf(text) {
  const trimmed = text.trim();
  const found = /[?&]token=([^&#\s]+)/.exec(trimmed);
  return found ? decodeURIComponent(found[1]) : trimmed;
}

/** Swap the token for the cookie; null when that went well, else what was said against it. */
async function signIn(token) {
  // In a header: a token in an address would stay in histories and logs.
  const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
  try {
    const response = await fetch("/sign-in", { headers });
    if (response.ok) return null;
    return decode(await response.text()).detail ?? response.statusText;
  } catch {
    return "The server could not be reached.";
  }
}

export function SignIn() {
  const [said, setSaid] = useState(null);
  useEffect(() => {
    rememberPlace(); // the link may be opened in this very tab
    return forgetPlace;
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    const refusal = await signIn(tokenOf(new FormData(event.target).get("token")));
    if (refusal === null) location.reload();
    else setSaid(refusal);
  };
  return html`<main class="sign-in" id="main">
    <h1>hypertally</h1>
    <p>You are not signed in, or the session is over.</p>
    <p>
      Open the link that <code>hypertally up</code> printed, or run <code>hypertally token</code>${" "}
      and paste what it prints:
    </p>
    <form onSubmit=${submit}>
      <label for="token">Token or link</label>
      <input id="token" name="token" type="password" autocomplete="off" spellcheck=${false} required
        autofocus />
      <button type="submit">Sign in</button>
    </form>
    ${said && html`<p class="warning-line" role="alert">${said}</p>`}
    <p class="muted">You come back to the page you were on.</p>
  </main>`;
}
