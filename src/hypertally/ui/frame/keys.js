// Keyboard shortcuts outside of fields: "/" search, "g" and a letter a page, "?" help, Esc close.

import { go, link } from "../route.js";
import { switchTheme } from "../theme.js";
import { PLACES } from "./Frame.js";
import { closeProof } from "./Proof.js";

const CHORD_MS = 1200;
let chordUntil = 0;

function inField(target) {
  return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable;
}

function chord(key) {
  const place = PLACES.find(([, , letter]) => letter === key);
  chordUntil = 0;
  if (place) go(link(place[0]));
}

/** A click outside of an open menu closes the menu. */
function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.chooser[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

export function listen({ openHelp }) {
  addEventListener("pointerdown", closeMenus);
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      const menu = document.querySelector("details.chooser[open]");
      if (menu) menu.open = false;
      else if (!document.querySelector("dialog[open]")) closeProof();
      return;
    }
    if (inField(event.target)) return;
    if (Date.now() < chordUntil) return chord(event.key);
    if (event.key === "g") chordUntil = Date.now() + CHORD_MS;
    else if (event.key === "?") openHelp();
    else if (event.key === "t") switchTheme();
    else if (event.key === "/") {
      event.preventDefault();
      document.getElementById("search")?.focus();
    }
  });
}
