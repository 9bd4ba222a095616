// A section that folds to its heading on a phone; on a wider screen it is always open.
// The address holds what is open, under `open`: a link shows the same.

import { useIsPhone } from "../phone.js";
import { html } from "../preact.js";
import { current, here } from "../route.js";

/** A button is pressed by the space bar too; a link would scroll the page. */
function pressedBySpace(event) {
  if (event.key !== " ") return;
  event.preventDefault();
  event.currentTarget.click();
}

/** `count`: how much is inside, in words; `holds`: what of the address is open inside. */
export function Fold({ name, title, count, holds = [], children }) {
  const isPhone = useIsPhone();
  if (!isPhone) return children;
  const { query } = current();
  const names = new Set((query.get("open") ?? "").split(",").filter(Boolean));
  const isOpen = names.has(name) || holds.some((inside) => query.has(inside));
  if (isOpen) names.delete(name);
  else names.add(name);
  const open = [...names].join(",") || null;
  const closed = isOpen ? Object.fromEntries(holds.map((inside) => [inside, null])) : {};
  return html`<section class="fold" data-fold=${name}>
    <a class="fold-head" href=${here({ ...closed, open })} aria-expanded=${String(isOpen)}
      role="button" onKeyDown=${pressedBySpace}>
      <span>${title}</span>${count && html`<span class="muted">${count}</span>`}</a>
    ${isOpen && children}</section>`;
}
