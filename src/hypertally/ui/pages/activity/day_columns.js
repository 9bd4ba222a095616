// Columns of tables of days.

import { Completeness } from "../../components/Mark.js";
import { html } from "../../preact.js";
import { aboutOf, kindOf, labelOf, reasonOf } from "../../vocabulary/measures.js";

/** Figures of a list of days, the widest first; the rest waits in the column chooser. */
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

/** A figure of a day as a column whose every cell opens its proof. */
export function dayColumn(field, hrefOf, more = {}) {
  return {
    key: field,
    label: labelOf(field),
    unit: field.endsWith("_usd") ? "USD" : undefined,
    kind: kindOf(field),
    about: aboutOf(field),
    href: (row) => hrefOf(row, field),
    reason: (row) => reasonOf(row, field),
    ...more,
  };
}

export const completenessColumn = {
  key: "completeness",
  label: "Complete",
  kind: "share",
  about: "The share of the time that is proved by the record.",
  cell: (row) => html`<${Completeness} share=${row.completeness} always />`,
};

export function dayCell(row) {
  const state = row.partial ? "so far" : row.closed === false ? "moving" : null;
  const why = row.partial
    ? "The day is not over."
    : "The record is not proved to the end of the day.";
  return html`<span data-exact=${row.day}>${row.day}</span>
    ${row.restated > 0 && html` <span class="restated" title=${`Restated ${row.restated}×`}>
      </span>`}
    ${state && html` <span class="tag" title=${why}>${state}</span>`}`;
}
