// Search for wallets (a part of the address, label, tag, group or note), coins and TWAPs. A whole
// address or a number opens its page on Enter; the arrow keys choose a suggestion.

import { useFeed } from "../feed.js";
import { useIsPhone } from "../phone.js";
import { html, useEffect, useRef, useState } from "../preact.js";
import { go, link } from "../route.js";

const WHOLE_ADDRESS = /^0x[0-9a-f]{40}$/i;
const LETTERS_MIN = 2; // fewer find nearly everything
const COINS_MAX = 4;
const TWAP_NUMBER = /^\d{1,19}$/;
const PAUSE_MS = 150; // the search starts when the typing pauses
const SUGGESTIONS_MAX = 8;

const walletPlace = (wallet, label) => ({
  address: link(`wallets/${wallet.toLowerCase()}`),
  text: wallet,
  label,
});
const twapPlace = (id) => ({ address: link(`twaps/${id}`), text: `TWAP ${id}` });
const coinPlace = ({ coin, coin_name }) => ({
  address: link("twaps", { asset: coin, range: "30d" }),
  text: coin_name ? coin : "",
  label: `TWAPs in ${coin_name ?? coin}`,
});

/** The place a whole address or number names; null for any other text. */
function exactPlace(text) {
  if (WHOLE_ADDRESS.test(text)) return walletPlace(text);
  return TWAP_NUMBER.test(text) ? twapPlace(text) : null;
}

/** Suggestions for a text: the TWAP of a number, coins, and wallets that have the text. */
function useSuggestions(text) {
  const [query, setQuery] = useState("");
  useEffect(() => {
    const next = text.length >= LETTERS_MIN ? text.toLowerCase() : "";
    const timer = setTimeout(() => setQuery(next), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const search = `query=${encodeURIComponent(query)}`;
  const asked = query && text;
  const wallets = useFeed(asked ? `/api/v1/wallets?${search}&limit=${SUGGESTIONS_MAX}` : null);
  const coins = useFeed(
    asked && !WHOLE_ADDRESS.test(text) ? `/api/v1/coins?${search}&limit=${COINS_MAX}` : null,
  );
  const rowsOf = (feed, name) => (asked && !feed.old ? (feed.data?.[name] ?? []) : []);
  return [
    ...(TWAP_NUMBER.test(text) ? [twapPlace(text)] : []),
    ...rowsOf(wallets, "wallets").map(({ wallet, label }) => walletPlace(wallet, label)),
    ...rowsOf(coins, "coins").map(coinPlace),
  ];
}

function Suggestions({ suggestions, selected, open, choose }) {
  const suggestion = (place, index) =>
    html`<li key=${place.address} id=${`suggestion-${index}`} role="option"
      aria-selected=${index === selected} onMouseDown=${() => choose(place)}>
      ${place.label && html`<span>${place.label}</span>${" "}`}<code>${place.text}</code></li>`;
  return html`<ul id="suggestions" role="listbox" aria-label="Suggestions" hidden=${!open}>
    ${suggestions.map(suggestion)}</ul>`;
}

export function Search() {
  const [text, setText] = useState("");
  const [selected, setSelected] = useState(-1);
  const [focused, setFocused] = useState(false);
  const field = useRef(null);
  const hint = useIsPhone() ? "Search" : "Wallet, label, coin or TWAP";
  const value = text.trim();
  const suggestions = useSuggestions(value);
  const open = focused && suggestions.length > 0;
  const change = (next) => {
    setText(next);
    setSelected(-1);
    setFocused(next !== "");
  };
  const leave = () => {
    change("");
    field.current.blur();
  };
  const openPlace = (address) => {
    go(address);
    leave();
  };
  const submit = (event) => {
    event.preventDefault();
    const place = suggestions[selected] ?? exactPlace(value);
    if (place) openPlace(place.address);
    else if (value) openPlace(link("wallets", { query: value }));
  };
  const pressKey = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && suggestions.length) {
      event.preventDefault();
      setSelected((selected + step + suggestions.length) % suggestions.length);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      leave();
    }
  };
  return html`<form class="search" role="search" onSubmit=${submit}>
    <input id="search" ref=${field} type="search" role="combobox"
      aria-label="Search wallets, coins and TWAPs" aria-expanded=${open} aria-controls="suggestions"
      aria-autocomplete="list"
      aria-activedescendant=${selected >= 0 ? `suggestion-${selected}` : undefined}
      placeholder=${hint} autocomplete="off" spellcheck=${false} value=${text}
      onInput=${(event) => change(event.target.value)} onKeyDown=${pressKey}
      onBlur=${() => setTimeout(() => setFocused(false), PAUSE_MS)} />
    <kbd aria-hidden="true">/</kbd>
    <${Suggestions} suggestions=${suggestions} selected=${selected} open=${open}
      choose=${({ address }) => openPlace(address)} />
  </form>`;
}
