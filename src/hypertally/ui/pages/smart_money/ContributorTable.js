// The contributors of a signal: those that moved, by the size of their move; the others folded.

import { Table } from "../../components/Table.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { IDLE } from "../../vocabulary/smart_money.js";
import { CONTRIBUTOR_COLUMNS, contributorRow } from "./columns.js";

/** `idle` in the address opens what is folded. */
export function ContributorTable({ contributors, route, actions, note, ...rest }) {
  const isOpen = route.query.get("idle") === "shown";
  const moved = contributors.filter((row) => !IDLE.has(row.class));
  const idle = contributors.length - moved.length;
  const shown = isOpen ? contributors : moved;
  const fold =
    idle > 0 &&
    html`<a class="quiet" data-part="idle" href=${here({ idle: isOpen ? null : "shown" })}
      aria-expanded=${String(isOpen)}>${isOpen ? "Hide" : "Show"} the ${idle} that did nothing</a>`;
  return html`<${Table} name="contributors" columns=${CONTRIBUTOR_COLUMNS} note=${note}
    rows=${shown.map(contributorRow)} actions=${html`${fold}${actions}`} ...${rest} />`;
}
