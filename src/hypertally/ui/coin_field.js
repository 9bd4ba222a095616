// A field for a coin or its pair, with the coins that the text is a part of as suggestions.

import { useFeed } from "./feed.js";
import { html, useEffect, useState } from "./preact.js";

const PAUSE_MS = 150; // the search starts when the typing pauses
const COINS_MAX = 12;

/** The coins that a text is a part of, once the typing pauses. */
function useCoins(text) {
  const [query, setQuery] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQuery(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const search = new URLSearchParams({ query, limit: COINS_MAX });
  const feed = useFeed(query ? `/api/v1/coins?${search}` : null);
  return (query && feed.data?.coins) || [];
}

export function CoinField({ name, label, value }) {
  const [text, setText] = useState(value);
  const coins = useCoins(text === value ? "" : text);
  const list = `coins-of-${name}`;
  return html`<label>${label} <input name=${name} value=${text} size="11" list=${list}
    placeholder="HYPE/USDC" autocomplete="off" spellcheck=${false}
    onInput=${(event) => setText(event.target.value)} />
    <datalist id=${list}>
      ${coins.map(({ coin, coin_name }) => html`<option key=${coin} value=${coin_name ?? coin} />`)}
    </datalist></label>`;
}
