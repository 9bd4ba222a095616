// Alerts: the active ones at the top of the page, the waiting ones, and the history of changes.

import { STATES_PATH } from "../../alert_states.js";
import { Ago } from "../../clock.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Mark } from "../../components/Mark.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { useIsPhone } from "../../phone.js";
import { html } from "../../preact.js";
import {
  alertDescription,
  alertName,
  byUrgency,
  levelMark,
  stateDescription,
} from "../../vocabulary/alerts.js";
import { ALERT_COLUMNS, AlertSubject } from "./columns.js";

const CHANGES_SHOWN = 20;
const ACTIVE_SHOWN = 5; // the others are folded away
const ACTIVE_SHOWN_ON_PHONE = 3;

const keyOf = (alert) => `${alert.type} ${alert.subject}`;

function Since({ alert }) {
  if (!alert.since) return null;
  return html`<span class="muted">${alert.state}
    ${" "}<span data-exact=${alert.since}><${Ago} iso=${alert.since} /></span></span>`;
}

/** Why an alert stands; one that the last check found better says that instead. */
function AlertReason({ alert }) {
  const ends = ["firing", "acknowledged"].includes(alert.state) && alert.periods > 0;
  return html`<span class="alert-reason">${
    ends
      ? html`<span title=${alert.reason}>${alert.last_value}</span>: it ends if the next check
          agrees`
      : alert.reason
  }</span>`;
}

function AlertLine({ alert }) {
  return html`<li class=${`alert ${alert.state}`} data-alert=${keyOf(alert)}
    data-state=${alert.state}>
    <${Mark} level=${alert.state === "firing" ? levelMark(alert.level) : "idle"}
      title=${stateDescription(alert.state)}>${alert.level}<//>
    <strong title=${alertDescription(alert.type)} data-exact=${alert.type}>${alertName(alert.type)}
    </strong>
    <${AlertSubject} alert=${alert} />
    <${AlertReason} alert=${alert} />
    <${Since} alert=${alert} />
  </li>`;
}

/** Says that no worker checks alerts: what is not shown here may have happened all the same. */
function UncheckedAlerts({ checkedAt }) {
  return html`<section class="active-alerts" aria-label="Alerts are not checked"><p class="alert"
    data-part="unchecked-alerts">
    <${Mark} level="warning">not checked<//>
    <strong>No worker checks alerts now.</strong>
    <span class="alert-reason">${
      checkedAt
        ? html`The last check was <span data-exact=${checkedAt}><${Ago} iso=${checkedAt} /></span>:
            an alert that is not shown here may have fired since.`
        : "Alerts were never checked."
    } Start a worker with <code>hypertally worker</code>.</span>
  </p></section>`;
}

/** Firing and acknowledged alerts, and that nobody checks; else nothing is shown. */
export function ActiveAlerts() {
  const { data, old } = useFeed(STATES_PATH);
  const active = (data?.states ?? []).filter(({ state }) =>
    ["firing", "acknowledged"].includes(state),
  );
  const sorted = active.sort(byUrgency);
  const line = (alert) => html`<${AlertLine} key=${keyOf(alert)} alert=${alert} />`;
  const shown = useIsPhone() ? ACTIVE_SHOWN_ON_PHONE : ACTIVE_SHOWN;
  const more = sorted.slice(shown);
  return html`<div aria-live="polite">${
    data?.unchecked && html`<${UncheckedAlerts} checkedAt=${data.checked_at} />`
  }${
    sorted.length > 0 &&
    html`<section class=${`active-alerts ${old ? "old" : ""}`} data-part="active-alerts"
      aria-label="Active alerts">
      <ul>${sorted.slice(0, shown).map(line)}</ul>
      ${
        more.length > 0 &&
        html`<details><summary>${more.length} more</summary><ul>${more.map(line)}</ul></details>`
      }
    </section>`
  }</div>`;
}

function WaitingAlerts({ alerts }) {
  return html`<header class="table-bar"><h2>Waiting alerts</h2></header>
    <ul class="waiting" data-part="waiting-alerts">${alerts.map(
      (alert) => html`<${AlertLine} key=${keyOf(alert)} alert=${alert} />`,
    )}</ul>`;
}

export function Alerts() {
  const checks = useFeed(STATES_PATH).data;
  const states = checks?.states ?? [];
  const waiting = states.filter(({ state }) => ["pending", "suppressed"].includes(state));
  const feed = useFeed(`/api/v1/smart-money/alerts?limit=${CHANGES_SHOWN}`);
  const { data } = feed;
  const rows = data?.alerts ?? [];
  return html`<section data-part="alerts">
    ${waiting.length > 0 && html`<${WaitingAlerts} alerts=${waiting} />`}
    ${
      rows.length > 0
        ? html`<${Table} name="alerts" title="Alerts" columns=${ALERT_COLUMNS} rows=${rows}
            old=${feed.old} list="/api/v1/smart-money/alerts"
            note=${data.next && `the ${CHANGES_SHOWN} newest changes`} />`
        : html`<header class="table-bar"><h2>Alerts</h2></header>
          ${
            data &&
            html`<p class="muted">No change of an alert is recorded. Changes
              appear here, newest first.</p>`
          }`
    }
    ${
      checks?.checked_at &&
      html`<p class="muted" data-part="last-check">Alerts were last checked
        ${" "}<span data-exact=${checks.checked_at}><${Ago} iso=${checks.checked_at} /></span>.</p>`
    }
    <${Failure} feed=${feed} what="the alerts" />
    ${!data && feed.loading && html`<${Skeleton} rows=${3} />`}
  </section>`;
}
