// The statement: the figures of several spans side by side, like a bank statement.

import { Amount } from "../../components/Amount.js";
import { Completeness } from "../../components/Mark.js";
import { Scroll } from "../../components/Scroll.js";
import { moveFocus } from "../../components/Table.js";
import { html, useRef } from "../../preact.js";
import { intervalOf } from "../../vocabulary/intervals.js";
import { descriptionOf, kindOf, labelOf, reasonOf } from "../../vocabulary/measures.js";

const GROUPS = [
  ["Activity", ["dau_average", "fills", "events"]],
  ["Volume, USD", ["legs_volume_usd", "*unique_volume_usd", "*internal_volume_usd"]],
  [
    "By kind",
    [
      "perp_volume_usd",
      "*hip3_volume_usd",
      "spot_volume_usd",
      "outcome_volume_usd",
      "other_volume_usd",
    ],
  ],
  ["By side", ["taker_volume_usd", "maker_volume_usd"]],
  ["Result, USD", ["gross_realised_pnl_usd", "fees_usd", "*builder_fees_usd"]],
];
const REASON = "Unknown because at least one day of the span is unknown.";

/** The active wallets of a day are `dau`; a range has their mean. */
function valueOf(values, field) {
  if (field === "dau_average" && values.dau !== undefined) return values.dau;
  return values[field];
}

function Line({ field, indent, columns, current }) {
  const meaning = descriptionOf(field);
  return html`<tr data-field=${field}>
    <th scope="row" class=${indent ? "indent" : ""}
      data-term=${meaning} tabindex=${meaning ? 0 : undefined}>${labelOf(field)}</th>
    ${columns.map(
      ({
        key,
        values,
        hrefOf,
      }) => html`<td key=${key} class=${`n ${key === current ? "current" : ""}`} data-key=${key}>
      <${Amount} value=${values ? valueOf(values, field) : null} kind=${kindOf(field)} tab=${-1}
        restated=${values?.restated} interval=${intervalOf(values, field)}
        href=${values ? hrefOf(field) : null}
          reason=${values?.day ? reasonOf(values, field) : REASON} /></td>`,
    )}
  </tr>`;
}

/** `columns`: { key, label, span, values, hrefOf(field) }. Lines without any value are left out. */
export function Statement({ title, columns, current }) {
  const table = useRef(null);
  const key = (event) => moveFocus(event, table.current);
  const known = (field) =>
    columns.some(({ values }) => values && valueOf(values, field) !== undefined);
  const groups = GROUPS.map(([name, fields]) => [
    name,
    fields.filter((field) => known(field.replace("*", ""))),
  ]);
  return html`<section class="table statement" data-table="statement">
    <header class="table-bar"><h2>${title}</h2></header>
    <${Scroll} label=${`${title}: arrow keys move between cells`} onKeyDown=${key}>
      <table ref=${table}>
      <thead><tr><th scope="col"><span class="th">UTC days</span></th>${columns.map(
        ({
          key,
          label,
          span,
        }) => html`<th key=${key} scope="col" class=${`n ${key === current ? "current" : ""}`}>
        <span class="th" title=${span}>${label}</span></th>`,
      )}</tr></thead>
      ${groups.map(
        ([name, fields]) =>
          fields.length > 0 &&
          html`<tbody key=${name}>
        <tr class="group"><th colspan=${columns.length + 1} scope="rowgroup">${name}</th></tr>
        ${fields.map(
          (field) => html`<${Line} key=${field} field=${field.replace("*", "")}
          indent=${field.startsWith("*")} columns=${columns} current=${current} />`,
        )}
      </tbody>`,
      )}
      <tbody><tr class="group"><th colspan=${columns.length + 1} scope="rowgroup">Record</th></tr>
        <tr><th scope="row">Complete</th>${columns.map(
          ({ key, values }) => html`<td key=${key} class=${`n ${key === current ? "current" : ""}`}>
          <${Completeness} share=${values?.completeness} days=${values} always /></td>`,
        )}</tr></tbody>
    </table><//>
  </section>`;
}
