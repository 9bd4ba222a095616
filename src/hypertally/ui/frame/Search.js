// Search for a part of an address or the number of a TWAP. A whole address or a number opens
// its page on Enter; the arrow keys choose a suggestion.

import { useFeed } from "../feed.js";
import { html, useEffect, useRef, useState } from "../preact.js";
import { go, link } from "../route.js";

const WHOLE_ADDRESS = /^0x[0-9a-f]{40}$/i;
const PART_OF_ADDRESS = /^(0x)?[0-9a-f]{2,40}$/i;
const TWAP_NUMBER = /^\d{1,19}$/;
const PAUSE_MS = 150; // the search starts when the typing pauses
const SUGGESTIONS_MAX = 8;

const walletPlace = (wallet) => ({ path: `wallets/${wallet.toLowerCase()}`, text: wallet });
const twapPlace = (id) => ({ path: `twaps/${id}`, text: `TWAP ${id}` });

/** The place a whole address or number names; null for any other text. */
function exactPlace(text) {
  if (WHOLE_ADDRESS.test(text)) return walletPlace(text);
  return TWAP_NUMBER.test(text) ? twapPlace(text) : null;
}

/** Suggestions for a text: the TWAP of a number, and the wallets that contain the text. */
function useSuggestions(text) {
  const [query, setQuery] = useState("");
  useEffect(() => {
    const next = PART_OF_ADDRESS.test(text) ? text.toLowerCase() : "";
    const timer = setTimeout(() => setQuery(next), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const path = `/api/v1/wallets?query=${encodeURIComponent(query)}&limit=${SUGGESTIONS_MAX}`;
  const feed = useFeed(query && text ? path : null);
  const wallets = query && text && !feed.old ? (feed.data?.wallets ?? []) : [];
  const twaps = TWAP_NUMBER.test(text) ? [twapPlace(text)] : [];
  return [...twaps, ...wallets.map(({ wallet }) => walletPlace(wallet))];
}

function Suggestions({ suggestions, selected, open, choose }) {
  const suggestion = (place, index) =>
    html`<li key=${place.path} id=${`suggestion-${index}`} role="option"
      aria-selected=${index === selected} onMouseDown=${() => choose(place)}>
      <code>${place.text}</code></li>`;
  return html`<ul id="suggestions" role="listbox" aria-label="Suggestions" hidden=${!open}>
    ${suggestions.map(suggestion)}</ul>`;
}

export function Search() {
  const [text, setText] = useState("");
  const [selected, setSelected] = useState(-1);
  const [focused, setFocused] = useState(false);
  const field = useRef(null);
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
    if (place) openPlace(link(place.path));
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
      aria-label="Search wallets and TWAPs" aria-expanded=${open} aria-controls="suggestions"
      aria-autocomplete="list"
      aria-activedescendant=${selected >= 0 ? `suggestion-${selected}` : undefined}
      placeholder="Wallet or TWAP" autocomplete="off" spellcheck=${false} value=${text}
      onInput=${(event) => change(event.target.value)} onKeyDown=${pressKey}
      onBlur=${() => setTimeout(() => setFocused(false), PAUSE_MS)} />
    <kbd aria-hidden="true">/</kbd>
    <${Suggestions} suggestions=${suggestions} selected=${selected} open=${open}
      choose=${({ path }) => openPlace(link(path))} />
  </form>`;
}
