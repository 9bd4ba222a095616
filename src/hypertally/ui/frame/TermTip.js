// The glossary in place: a term under the pointer, or with the focus, shows what it means.
// Esc puts it away; it stays while the pointer is on it, so that it can be read and copied.

import { html, useEffect, useRef, useState } from "../preact.js";

const EDGE = 8;
const WIDTH = 300;
const AWAY_MS = 120; // long enough to move the pointer from the term to its meaning

/** The element that carries the meaning of what was pointed at; a figure's value has its label. */
function termOf(target, { focused }) {
  const own = target.closest?.("[data-term]");
  if (own || !focused) return own ?? null;
  return target.closest?.(".figure")?.querySelector("[data-term]") ?? null;
}

/** Where the tip stands: below its term, and inside the window. */
function placeOf(element) {
  const box = element.getBoundingClientRect();
  const widest = document.documentElement.clientWidth - WIDTH - EDGE;
  return { left: Math.max(EDGE, Math.min(box.left, widest)), top: box.bottom + 4 };
}

const tipOf = (element, focused) => ({
  element,
  focused,
  text: element.dataset.term,
  ...placeOf(element),
});

export function TermTip() {
  const [shown, setShown] = useState(null);
  const tip = useRef(null);
  useEffect(() => {
    let timer = null;
    const show = (event, focused) => {
      if (tip.current?.contains(event.target)) return clearTimeout(timer);
      const element = termOf(event.target, { focused });
      if (!element) return hideSoon();
      clearTimeout(timer);
      setShown(tipOf(element, focused));
    };
    const hide = () => setShown(null);
    // A term that Tab reaches scrolls into view: its meaning goes with it.
    const follow = () => setShown((now) => (now?.focused ? tipOf(now.element, true) : null));
    const hideSoon = () => {
      clearTimeout(timer);
      timer = setTimeout(hide, AWAY_MS);
    };
    const byPointer = (event) => show(event, false);
    const byFocus = (event) => show(event, event.target.matches(":focus-visible"));
    const byKey = (event) => event.key === "Escape" && hide();
    const listeners = { pointerover: byPointer, focusin: byFocus, keydown: byKey, scroll: follow };
    const names = Object.keys(listeners);
    names.forEach((name) => document.addEventListener(name, listeners[name], true));
    return () => {
      names.forEach((name) => document.removeEventListener(name, listeners[name], true));
    };
  }, []);
  return html`<div role="tooltip" id="term-tip" class="term-tip" ref=${tip} hidden=${!shown}
    style=${shown && { left: `${shown.left}px`, top: `${shown.top}px` }}>${shown?.text}</div>`;
}
