// A term of a list; one of the glossary says what it means under the pointer and with the focus.

import { html } from "../preact.js";
import { meaningOf } from "../vocabulary/glossary.js";

export function Term({ children: term }) {
  const meaning = meaningOf(term);
  return html`<dt data-term=${meaning} tabindex=${meaning ? 0 : undefined}>${term}</dt>`;
}
