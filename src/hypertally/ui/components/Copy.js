// A button that copies a text to the clipboard and confirms it.

import { html, useState } from "../preact.js";

const CONFIRMATION_MS = 1500;

async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without HTTPS there is no clipboard API: select a field and let the browser copy it.
  const field = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  return undefined;
}

export function Copy({ text, label = "Copy", className = "quiet" }) {
  const [confirmation, setConfirmation] = useState(null);
  const click = async () => {
    try {
      await copyText(text);
      setConfirmation("Copied");
    } catch {
      setConfirmation("Not allowed");
    }
    setTimeout(() => setConfirmation(null), CONFIRMATION_MS);
  };
  return html`<button type="button" class=${className} onClick=${click} aria-live="polite">
    ${confirmation ?? label}
  </button>`;
}
