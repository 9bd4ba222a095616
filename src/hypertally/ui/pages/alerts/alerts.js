// Alerts: what stands now, on top and only then; and every move, newest first.

import { Ago } from "../../clock.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Mark } from "../../components/Mark.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import {
  alertAbout,
  alertWords,
  byUrgency,
  levelMark,
  stateAbout,
} from "../../vocabulary/alerts.js";
import { ALERT_COLUMNS, AlertSubject } from "./columns.js";

const MOVES_SHOWN = 20;
const SHOWN_AT_ONCE = 5; // the rest is folded away: one look must do
const STANDING = "/api/v1/smart-money/alerts/state?standing=true";

const keyOf = (alert) => `${alert.type} ${alert.subject}`;

function Since({ alert }) {
  if (!alert.since) return null;
  return html`<span class="muted">${alert.state}
    ${" "}<span data-exact=${alert.since}><${Ago} iso=${alert.since} /></span></span>`;
}

function Standing({ alert }) {
  return html`<li class=${`standing ${alert.state}`} data-alert=${keyOf(alert)}
    data-state=${alert.state}>
    <${Mark} level=${alert.state === "firing" ? levelMark(alert.level) : "idle"}
      title=${stateAbout(alert.state)}>${alert.level}<//>
    <strong title=${alertAbout(alert.type)} data-exact=${alert.type}>${alertWords(alert.type)}
    </strong>
    <${AlertSubject} subject=${alert.subject} />
    <span class="standing-why">${alert.reason}</span>
    <${Since} alert=${alert} />
  </li>`;
}

/** Firing and acknowledged; nothing at all is shown when nothing stands. */
export function AlertsNow() {
  const { data, old } = useFeed(STANDING);
  const found = (data?.states ?? []).filter((one) =>
    ["firing", "acknowledged"].includes(one.state),
  );
  const sorted = found.sort(byUrgency);
  const line = (alert) => html`<${Standing} key=${keyOf(alert)} alert=${alert} />`;
  const more = sorted.slice(SHOWN_AT_ONCE);
  return html`<div aria-live="polite">${
    sorted.length > 0 &&
    html`<section class=${`alerts-now ${old ? "old" : ""}`} data-part="alerts-now"
      aria-label="Alerts that stand now">
      <ul>${sorted.slice(0, SHOWN_AT_ONCE).map(line)}</ul>
      ${
        more.length > 0 &&
        html`<details><summary>${more.length} more</summary><ul>${more.map(line)}</ul></details>`
      }
    </section>`
  }</div>`;
}

function Waiting({ alerts }) {
  return html`<header class="table-bar"><h2>Alerts</h2></header>
    <ul class="waiting" data-part="alerts-waiting">${alerts.map(
      (alert) => html`<${Standing} key=${keyOf(alert)} alert=${alert} />`,
    )}</ul>`;
}

export function Alerts() {
  const states = useFeed(STANDING).data?.states ?? [];
  // What may fire next, and what keeps silent.
  const waiting = states.filter((one) => ["pending", "suppressed"].includes(one.state));
  const feed = useFeed(`/api/v1/smart-money/alerts?limit=${MOVES_SHOWN}`);
  const { data } = feed;
  const rows = data?.alerts ?? [];
  return html`<section class="alerts" data-part="alerts">
    ${waiting.length > 0 && html`<${Waiting} alerts=${waiting} />`}
    ${
      rows.length > 0
        ? html`<${Table} name="alerts" title=${waiting.length ? "Moves" : "Alerts"} columns=${ALERT_COLUMNS} rows=${rows}
            old=${feed.old} note=${data.next && `the ${MOVES_SHOWN} newest moves`} />`
        : html`<header class="table-bar"><h2>Alerts</h2></header>
          ${
            data &&
            html`<p class="muted">No alert has moved yet. Moves show up here, newest
            first.</p>`
          }`
    }
    <${Failure} feed=${feed} what="the alerts" />
    ${!data && feed.loading && html`<${Skeleton} rows=${3} />`}
  </section>`;
}
