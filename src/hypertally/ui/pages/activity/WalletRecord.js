// The record of a wallet: how complete its fills are, and what is wrong with them.

import { Ago, utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Completeness, Mark } from "../../components/Mark.js";
import { Term } from "../../components/Term.js";
import { html } from "../../preact.js";

function recordLevel(record) {
  if (record.last_error) return "halt";
  return record.gaps > 0 || record.conflicts > 0 || record.rejects > 0 ? "warning" : "good";
}

export function Record({ data }) {
  const { record } = data;
  const level = recordLevel(record);
  const text = {
    good: "The record is complete",
    warning: "The record has gaps, conflicts or rejected rows",
    halt: "The last fetch failed",
  }[level];
  const rows = [
    ["Complete until", html`<${Ago} iso=${record.proven_until} />`],
    ["Last fetched", html`<${Ago} iso=${record.pulled_at} />`],
    [
      "History begins",
      record.history_begins_at
        ? html`<span title="The exchange has no older fills of this wallet">
          ${utc(record.history_begins_at)}</span>`
        : html`<span class="muted">with the first fill</span>`,
    ],
    ["First fill", data.first_fill_at ? utc(data.first_fill_at) : null],
    ["Last fill", html`<${Ago} iso=${data.last_fill_at} />`],
    ["Complete", html`<${Completeness} share=${record.completeness} always />`],
    ["Gaps", html`<${Amount} value=${record.gaps} kind="count" />`],
    [
      "Conflicts",
      html`<${Amount} value=${record.conflicts} kind="count"
        note="Rows with the same key and different content: both are kept." />`,
    ],
    [
      "Rejected rows",
      html`<${Amount} value=${record.rejects} kind="count"
        note="Rows that could not be decoded: kept with the reason." />`,
    ],
  ];
  return html`<section class="record"><header class="table-bar"><h2>Record</h2><${Mark}
    level=${level}>${text}<//></header>
    <dl class="terms columns">${rows.map(
      ([term, value]) => html`<div key=${term}><${Term}>${term}<//>
      <dd>${value}</dd></div>`,
    )}</dl>
    ${record.last_error && html`<p class="warning-line">${record.last_error}</p>`}
  </section>`;
}
