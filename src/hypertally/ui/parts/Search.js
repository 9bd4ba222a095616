// Search from anywhere: a part of an address, arrows and Enter; a whole address opens at once.

import { useFeed } from "../feed.js";
import { html, useRef, useState } from "../preact.js";
import { go, link } from "../route.js";

const WHOLE = /^0x[0-9a-f]{40}$/i;
const PART = /^(0x)?[0-9a-f]{2,40}$/i;
const PAUSE_MS = 150; // asks once the typing pauses
const OFFERED = 8;

export function Search() {
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const timer = useRef(null);
  const field = useRef(null);
  const feed = useFeed(
    asked ? `/api/v1/wallets?query=${encodeURIComponent(asked)}&limit=${OFFERED}` : null,
  );
  const offers = asked && !feed.old ? (feed.data?.wallets ?? []) : [];

  const type = (event) => {
    const value = event.target.value.trim();
    setText(event.target.value);
    setAt(-1);
    setOpen(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(
      () => setAsked(PART.test(value) ? value.toLowerCase() : ""),
      PAUSE_MS,
    );
  };
  const leave = () => {
    setOpen(false);
    setText("");
    setAsked("");
    field.current.blur();
  };
  const choose = (address) => {
    go(link(`wallets/${address.toLowerCase()}`));
    leave();
  };
  const submit = (event) => {
    event.preventDefault();
    const value = text.trim();
    if (at >= 0) choose(offers[at].wallet);
    else if (WHOLE.test(value)) choose(value);
    else if (value) {
      go(link("wallets", { query: value }));
      leave();
    }
  };
  const key = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && offers.length) {
      event.preventDefault();
      setAt((at + step + offers.length) % offers.length);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      leave();
    }
  };
  const listed = open && offers.length > 0;
  return html`<form class="search" role="search" onSubmit=${submit}>
    <input id="search" ref=${field} type="search" role="combobox" aria-label="Search wallets"
      aria-expanded=${listed} aria-controls="offers"
      aria-autocomplete="list" aria-activedescendant=${at >= 0 ? `offer-${at}` : undefined}
        placeholder="Search wallet" autocomplete="off" spellcheck="false"
      value=${text} onInput=${type} onKeyDown=${key}
        onBlur=${() => setTimeout(() => setOpen(false), PAUSE_MS)} />
    <kbd aria-hidden="true">/</kbd>
    <ul id="offers" role="listbox" aria-label="Wallets" hidden=${!listed}>
      ${offers.map(({ wallet }, n) => html`<li key=${wallet} id=${`offer-${n}`} role="option"
        aria-selected=${n === at} onMouseDown=${() => choose(wallet)}><code>${wallet}</code></li>`)}
    </ul>
  </form>`;
}
