// Columns of tables of days.

import { Completeness } from "../../components/Mark.js";
import { html } from "../../preact.js";
import { descriptionOf, kindOf, labelOf, reasonOf } from "../../vocabulary/measures.js";

/** The figures of a table of days, and those that the column chooser offers besides. */
export const DAY_FIELDS = [
  "fills",
  "spot_volume_usd",
  "perp_volume_usd",
  "hip3_volume_usd",
  "outcome_volume_usd",
  "taker_volume_usd",
  "maker_volume_usd",
  "gross_realised_pnl_usd",
  "fees_usd",
];
export const DAY_FIELDS_HIDDEN = [
  "events",
  "forced_fills",
  "coins",
  "other_volume_usd",
  "spot_closed_pnl_usd",
  "outcome_closed_pnl_usd",
  "builder_fees_usd",
];

/** A column of a figure; each cell opens the proof of its figure. */
export function dayColumn(field, hrefOf, more = {}) {
  return {
    key: field,
    label: labelOf(field),
    unit: field.endsWith("_usd") ? "USD" : undefined,
    kind: kindOf(field),
    description: descriptionOf(field),
    href: (row) => hrefOf(row, field),
    reason: (row) => reasonOf(row, field),
    ...more,
  };
}

export const completenessColumn = {
  key: "completeness",
  label: "Complete",
  kind: "share",
  description: "Share of the time for which all fills are proved to be stored.",
  cell: (row) => html`<${Completeness} share=${row.completeness}
    days=${row} always />`,
};

export function dayCell(row) {
  const state = row.partial ? "so far" : row.closed === false ? "preliminary" : null;
  const reason = row.partial
    ? "The day is not over."
    : "The fills are not proved complete to the end of the day.";
  return html`<span data-exact=${row.day}>${row.day}</span>
    ${
      row.restated > 0 &&
      html` <span class="restated" title=${`Restated ${row.restated}×`}>
      </span>`
    }
    ${state && html` <span class="tag" title=${reason}>${state}</span>`}`;
}
