// Columns of the table of changes of alerts.

import { Address, timeCell } from "../../components/cells.js";
import { Mark } from "../../components/Mark.js";
import { html } from "../../preact.js";
import {
  alertDescription,
  alertName,
  stateDescription,
  stateMark,
} from "../../vocabulary/alerts.js";

const ADDRESS = /^(0x[0-9a-f]{40})(.*)$/;

/** An asset, the system, or a wallet that leads to its page, with what of it the alert is about. */
export function AlertSubject({ alert }) {
  const { subject, label, tags, coin, coin_name: name } = alert;
  const [, wallet, rest] = ADDRESS.exec(subject) ?? [];
  const part = name ? rest.replace(coin, name) : rest;
  if (wallet) {
    return html`<${Address} wallet=${wallet} label=${label} tags=${tags} />${
      part && html`<span data-exact=${subject}>${part}</span>`
    }`;
  }
  return html`<span data-exact=${subject}>${subject}</span>`;
}

function stateCell(row) {
  const title = `${stateDescription(row.to_state)} Previous state: ${row.from_state}.`;
  return html`<span data-exact=${row.to_state}><${Mark} level=${stateMark(row.to_state, row.level)}
    title=${title}>${row.to_state}<//></span>`;
}

export const ALERT_COLUMNS = [
  { key: "at", label: "At", unit: "UTC", kind: "time", cell: timeCell("at") },
  { key: "to_state", label: "State", cell: stateCell },
  {
    key: "type",
    label: "Alert",
    cell: (row) => html`<span title=${alertDescription(row.type)} data-exact=${row.type}>
      ${alertName(row.type)}</span>`,
  },
  {
    key: "subject",
    label: "Subject",
    cell: (row) => html`<${AlertSubject} alert=${row} />`,
  },
  { key: "level", label: "Level" },
  { key: "reason", label: "Reason", kind: "because" },
];
