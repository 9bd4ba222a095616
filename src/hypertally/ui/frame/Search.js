// Search from anywhere: a part of an address or the number of a TWAP, arrows and Enter; a whole
// address opens at once, and so does a number.

import { useFeed } from "../feed.js";
import { html, useRef, useState } from "../preact.js";
import { go, link } from "../route.js";

const WHOLE = /^0x[0-9a-f]{40}$/i;
const PART = /^(0x)?[0-9a-f]{2,40}$/i;
const TWAP = /^\d{1,19}$/;
const PAUSE_MS = 150; // asks once the typing pauses
const OFFERED = 8;

const walletOffer = (wallet) => ({ path: `wallets/${wallet.toLowerCase()}`, text: wallet });
const twapOffer = (id) => ({ path: `twaps/${id}`, text: `TWAP ${id}` });

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
  const wallets = asked && !feed.old ? (feed.data?.wallets ?? []) : [];
  const number = TWAP.test(text.trim()) ? [twapOffer(text.trim())] : [];
  const offers = [...number, ...wallets.map(({ wallet }) => walletOffer(wallet))];

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
  const choose = ({ path }) => {
    go(link(path));
    leave();
  };
  const submit = (event) => {
    event.preventDefault();
    const value = text.trim();
    if (at >= 0) choose(offers[at]);
    else if (WHOLE.test(value)) choose(walletOffer(value));
    else if (TWAP.test(value)) choose(twapOffer(value));
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
    <input id="search" ref=${field} type="search" role="combobox"
        aria-label="Search wallets and TWAPs"
      aria-expanded=${listed} aria-controls="offers"
      aria-autocomplete="list" aria-activedescendant=${at >= 0 ? `offer-${at}` : undefined}
        placeholder="Wallet or TWAP" autocomplete="off" spellcheck=${false}
      value=${text} onInput=${type} onKeyDown=${key}
        onBlur=${() => setTimeout(() => setOpen(false), PAUSE_MS)} />
    <kbd aria-hidden="true">/</kbd>
    <ul id="offers" role="listbox" aria-label="Found" hidden=${!listed}>
      ${offers.map((offer, n) => html`<li key=${offer.path} id=${`offer-${n}`} role="option"
        aria-selected=${n === at} onMouseDown=${() => choose(offer)}><code>${offer.text}</code>
          </li>`)}
    </ul>
  </form>`;
}
