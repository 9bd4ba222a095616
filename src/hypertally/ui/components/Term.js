// A term; one of the glossary says what it means under the pointer and with the focus.

import { html } from "../preact.js";
import { meaningOf } from "../vocabulary/glossary.js";

/** A word in a line, which brings its own meaning where the glossary has none. */
export function Word({ children: word, meaning = meaningOf(word), look }) {
  return html`<span class=${look} data-term=${meaning} tabindex=${meaning ? 0 : undefined}>
    ${word}</span>`;
}

/** The term of a list of terms and values. */
export function Term({ children: term }) {
  const meaning = meaningOf(term);
  return html`<dt data-term=${meaning} tabindex=${meaning ? 0 : undefined}>${term}</dt>`;
}
