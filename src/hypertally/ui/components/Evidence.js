// The sections that every proof has: definition, digests, restatements, and the curl command.

import { utc } from "../clock.js";
import { html } from "../preact.js";
import { descriptionOf, kindOf, labelOf } from "../vocabulary/measures.js";
import { Amount } from "./Amount.js";
import { Copy } from "./Copy.js";
import { Term } from "./Term.js";

export function Tokens({ amounts }) {
  const entries = Object.entries(amounts ?? {});
  if (!entries.length) return html`<span class="muted">none</span>`;
  return entries.map(
    ([token, amount]) =>
      html`<span class="token" key=${token}><${Amount} value=${amount} /> ${token}</span>`,
  );
}

export function curlOf(path, session) {
  const org = session?.org ?? "default";
  const name = typeof org === "object" ? (org.name ?? org.slug ?? "default") : org;
  const token = `$(hypertally token --org ${name} --role analyst)`;
  return `curl -H "Authorization: Bearer ${token}" '${location.origin}${path}'`;
}

export function Unit({ field }) {
  return field.endsWith("_usd") ? html`<span class="unit">USD</span>` : null;
}

export function TermList({ rows }) {
  return html`<dl class="terms">
    ${rows.filter(Boolean).map(
      ([term, value]) => html`<div key=${term}><${Term}>${term}<//><dd>
      ${value}</dd></div>`,
    )}
  </dl>`;
}

export function Digest({ value }) {
  if (value === null || value === undefined)
    return html`<span class="null" title="There are no inputs">–</span>`;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return html`<span class="digest"><code data-exact=${text}>${text}</code><${Copy} text=${text} />
    </span>`;
}

export function Definition({ definition, field }) {
  if (!definition) return null;
  return html`<section><h3>Definition</h3>
    <p>${descriptionOf(field)}</p>
    <p class="words">${definition.words}</p>
    <p class="muted">${definition.id}, version ${definition.version}</p>
    ${
      definition.sql &&
      html`<details class="sql"><summary>Formula (SQL)</summary>
      <pre tabindex="0"><code>${definition.sql}</code></pre><${Copy} text=${definition.sql}
        label="Copy SQL" /></details>`
    }
  </section>`;
}

export function Restatements({ list, field }) {
  if (!list?.length)
    return html`<section><h3>Restatements</h3><p
      class="muted">None: the figure has not changed since it was first published.</p></section>`;
  return html`<section><h3>Restatements</h3><ol class="restatements">
    ${list.map(
      (item) => html`<li key=${item.restated_at}>
      <p><span class="restated">
        </span> ${utc(item.restated_at)} UTC: ${String(item.cause).replaceAll("_", " ")}</p>
      <table class="plain"><thead><tr><th>Figure</th><th class="n">Before</th><th
        class="n">After</th>
        </tr></thead><tbody>
      ${Object.entries(item.changes ?? {}).map(
        ([name, [before, after]]) => html`<tr key=${name} class=${name === field ? "current" : ""}>
        <td>${labelOf(name)}</td><td class="n"><${RestatedValue} value=${before} field=${name}
          /></td><td
          class="n"><${RestatedValue} value=${after} field=${name} /></td></tr>`,
      )}
      </tbody></table></li>`,
    )}
  </ol></section>`;
}

function RestatedValue({ value, field }) {
  if (value !== null && typeof value === "object")
    return html`<code>${JSON.stringify(value)}</code>`;
  const kind = kindOf(field);
  if (kind === "word" && value !== null)
    return html`<span data-exact=${value}>${value.replaceAll("_", " ")}</span>`;
  return html`<${Amount} value=${value} kind=${kind === "text" ? "size" : kind} />`;
}
