// A box that scrolls sideways, and says so while something lies beyond its right edge.

import { html, useEffect, useRef } from "../preact.js";

export function Scroll({ label, onKeyDown, children }) {
  const box = useRef(null);
  useEffect(() => {
    const { current } = box;
    const update = () => {
      const beyond = current.scrollWidth - current.clientWidth - current.scrollLeft;
      current.parentElement.dataset.cut = String(beyond > 1);
    };
    const observer = new ResizeObserver(update);
    observer.observe(current);
    observer.observe(current.firstElementChild);
    current.addEventListener("scroll", update, { passive: true });
    return () => {
      observer.disconnect();
      current.removeEventListener("scroll", update);
    };
  }, []);
  return html`<div class="scroll-frame">
    <div class="scroll" tabindex="0" role="group" aria-label=${label} onKeyDown=${onKeyDown}
      ref=${box}>${children}</div>
    <p class="more-columns" aria-hidden="true">More columns →</p>
  </div>`;
}
