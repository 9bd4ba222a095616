// A button that puts a text on the clipboard and says that it did.

import { html, useState } from "../preact.js";

const SAID_MS = 1500;

async function put(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http on another host has no clipboard API: select a field and let the browser copy it.
  const field = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  return undefined;
}

export function Copy({ text, label = "Copy", className = "quiet" }) {
  const [said, setSaid] = useState(null);
  const click = async () => {
    try {
      await put(text);
      setSaid("Copied");
    } catch {
      setSaid("Not allowed");
    }
    setTimeout(() => setSaid(null), SAID_MS);
  };
  return html`<button type="button" class=${className} onClick=${click} aria-live="polite">
    ${said ?? label}
  </button>`;
}
