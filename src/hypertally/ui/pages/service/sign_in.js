// The sign-in page; after signing in the user returns to the page that was left.

import { decode } from "../../feed.js";
import { html, useEffect, useState } from "../../preact.js";
import { forgetPlace, rememberPlace } from "../../route.js";

/** The token in a text: a bare token or the whole sign-in link. */
function tokenOf(text) {
  const trimmed = text.trim();
  const match = /[?&]token=([^&#\s]+)/.exec(trimmed);
  return match ? decodeURIComponent(match[1]) : trimmed;
}

/** Exchange the token for the cookie; returns null, or the reason of a refusal. */
async function signIn(token) {
  // In a header: a token in an address would stay in the history and in logs.
  const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
  try {
    const response = await fetch("/sign-in", { headers });
    if (response.ok) return null;
    return decode(await response.text()).detail ?? response.statusText;
  } catch {
    return "The server could not be reached.";
  }
}

const REFUSED = new URLSearchParams(location.search).has("refused")
  ? "The link was refused: it was used before, has ended, or is not whole. Ask for a new one."
  : null;

export function SignIn() {
  const [refusal, setRefusal] = useState(REFUSED);
  useEffect(() => {
    if (REFUSED) history.replaceState(null, "", location.pathname + location.hash);
    rememberPlace(); // the sign-in link may be opened in this tab
    return forgetPlace;
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    const reason = await signIn(tokenOf(new FormData(event.target).get("token")));
    if (reason === null) location.reload();
    else setRefusal(reason);
  };
  return html`<main class="sign-in" id="main">
    <h1>hypertally</h1>
    <p>You are not signed in, or your session has ended.</p>
    <p>
      Open the link that <code>hypertally up</code> printed: it works once. Later run
      ${" "}<code>hypertally token</code> (with <code>--sandbox</code> for the made-up exchange)
      and paste what it prints:
    </p>
    <form onSubmit=${submit}>
      <label for="token">Token or link</label>
      <input id="token" name="token" type="password" autocomplete="off" spellcheck=${false} required
        autofocus />
      <button type="submit">Sign in</button>
    </form>
    ${refusal && html`<p class="warning-line" role="alert">${refusal}</p>`}
    <p class="muted">After signing in you return to the page you were on.</p>
  </main>`;
}
