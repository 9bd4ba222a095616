// The sections that every proof has: definition, digests, restatements, and the curl command.

import { utc } from "../clock.js";
import { html } from "../preact.js";
import { isMadeUp } from "../vocabulary/exchange.js";
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
  const books = isMadeUp(session?.exchange) ? " --sandbox" : "";
  const token = `$(hypertally token --org ${name} --role analyst${books})`;
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
  return html`<section><p>${descriptionOf(field)}</p>
    <details class="definition"><summary><h3>Definition</h3>
      <span class="muted">${definition.id}, version ${definition.version}</span></summary>
      <p class="words">${definition.words}</p>
      ${
        definition.sql &&
        html`<details class="sql"><summary>Formula (SQL)</summary>
        <pre tabindex="0"><code>${definition.sql}</code></pre><${Copy} text=${definition.sql}
          label="Copy SQL" /></details>`
      }
    </details>
  </section>`;
}

const SIZES = new Set(["text", "amounts"]);
const DIGESTS = new Set(["digest", "reference_digest"]);

/** What changed: the figure of the proof first, the digests last. */
function inOrder(changes, field) {
  const rank = (name) => (name === field ? 0 : DIGESTS.has(name) ? 2 : 1);
  return Object.entries(changes ?? {})
    .sort(([a], [b]) => rank(a) - rank(b))
    .flatMap(([name, [before, after]]) =>
      kindOf(name) === "amounts"
        ? changedAmounts(labelOf(name), before ?? {}, after ?? {}, name)
        : [{ name, label: labelOf(name), before, after }],
    );
}

/** The amounts by token that differ, one a row; those of several markets by market. */
function changedAmounts(label, before, after, name) {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const pairs = keys.map((key) => [key, before[key] ?? null, after[key] ?? null]);
  return pairs
    .filter(([, old, now]) => JSON.stringify(old) !== JSON.stringify(now))
    .flatMap(([key, old, now]) =>
      [old, now].some((value) => value !== null && typeof value === "object")
        ? changedAmounts(`${label}, ${key}`, old ?? {}, now ?? {}, name)
        : [{ name, label: `${label}, ${key}`, before: old, after: now }],
    );
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
      ${inOrder(item.changes, field).map(
        ({ name, label, before, after }) => html`<tr key=${label}
          class=${name === field ? "current" : ""}>
        <td>${label}</td><td class="n"><${RestatedValue} value=${before} field=${name}
          /></td><td
          class="n"><${RestatedValue} value=${after} field=${name} /></td></tr>`,
      )}
      </tbody></table></li>`,
    )}
  </ol></section>`;
}

function RestatedValue({ value, field }) {
  const kind = kindOf(field);
  if (value !== null && typeof value === "object")
    return html`<code>${JSON.stringify(value)}</code>`;
  if (value !== null && DIGESTS.has(field)) return html`<code class="long">${value}</code>`;
  if (value !== null && kind === "flag") return value ? "yes" : "no";
  if (value !== null && kind === "time")
    return html`<span class="long" data-exact=${value}>${utc(value)}</span>`;
  if (kind === "word" && value !== null)
    return html`<span data-exact=${value}>${value.replaceAll("_", " ")}</span>`;
  return html`<${Amount} value=${value} kind=${SIZES.has(kind) ? "size" : kind} />`;
}
