// Tags and groups: the words an org sorts its wallets by, and lists of the wallets with one.

import { html } from "../../preact.js";
import { here, link } from "../../route.js";

const NAMES = ["tag", "group"];

/** Tags or groups of a wallet; each leads to the wallets that have it too. */
export function Words({ name, words = [] }) {
  return html`<span data-exact=${words.join(";")}>${words.map(
    (word) =>
      html`<a key=${word} class="tag" href=${link("wallets", { [name]: word })}>${word}</a>${" "}`,
  )}</span>`;
}

/** Put the chosen tag and group into a search; true if there is one. */
export function setChosen(search, query) {
  const chosen = NAMES.filter((name) => query.get(name));
  for (const name of chosen) search.set(name, query.get(name));
  return chosen.length > 0;
}

/** What a list was narrowed to, and how to see all of it again. */
export function Chosen({ query }) {
  return NAMES.filter((name) => query.get(name)).map(
    (name) => html`<span key=${name} class="tag">${name} ${query.get(name)}${" "}<a
      href=${here({ [name]: null, cursor: null, page: null })}
      aria-label=${`Show wallets of every ${name}`}>×</a></span>`,
  );
}
