// What every proof is made of: definition, digests, restatements, and how to ask again.

import { utc } from "../clock.js";
import { html } from "../preact.js";
import { aboutOf, kindOf, labelOf } from "../vocabulary/measures.js";
import { Amount } from "./Amount.js";
import { Copy } from "./Copy.js";

export function Tokens({ amounts }) {
  const list = Object.entries(amounts ?? {});
  if (!list.length) return html`<span class="muted">none</span>`;
  return list.map(
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

export function Facts({ rows }) {
  return html`<dl class="facts">
    ${rows.filter(Boolean).map(
      ([term, value]) => html`<div key=${term}><dt>${term}</dt><dd>
      ${value}</dd></div>`,
    )}
  </dl>`;
}

export function Digest({ value }) {
  if (value === null || value === undefined)
    return html`<span class="null" title="No inputs">–</span>`;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return html`<span class="digest"><code data-exact=${text}>${text}</code><${Copy} text=${text} />
    </span>`;
}

export function Definition({ definition, field }) {
  if (!definition) return null;
  return html`<section><h3>Definition</h3>
    <p>${aboutOf(field)}</p>
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
      class="muted">None: the figure stands as first published.</p></section>`;
  return html`<section><h3>Restatements</h3><ol class="restatements">
    ${list.map(
      (item) => html`<li key=${item.restated_at}>
      <p><span class="restated">
        </span> ${utc(item.restated_at)} UTC: ${String(item.cause).replaceAll("_", " ")}</p>
      <table class="plain"><thead><tr><th>Figure</th><th class="n">Was</th><th class="n">Is</th>
        </tr></thead><tbody>
      ${Object.entries(item.changes ?? {}).map(
        ([name, [was, is]]) => html`<tr key=${name} class=${name === field ? "current" : ""}>
        <td>${labelOf(name)}</td><td class="n"><${Plain} value=${was} field=${name} /></td><td
          class="n"><${Plain} value=${is} field=${name} /></td></tr>`,
      )}
      </tbody></table></li>`,
    )}
  </ol></section>`;
}

function Plain({ value, field }) {
  if (value !== null && typeof value === "object")
    return html`<code>${JSON.stringify(value)}</code>`;
  const kind = kindOf(field);
  return html`<${Amount} value=${value} kind=${kind === "text" ? "size" : kind} />`;
}
