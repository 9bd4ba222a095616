// Names, descriptions and marks of alerts.

const TYPES = {
  regime_change: ["New playbook", "The advice for the asset has changed."],
  exit_cluster: [
    "Exit cluster",
    "Unusually many holders of the asset closed or reduced their positions at the same time.",
  ],
  system_stale: ["Feed stale", "Positions are no longer being recorded: signals are locked."],
  data_gap: [
    "Fills missing",
    "Fills are missing from the record of a wallet: its figures are incomplete.",
  ],
  restatement: ["Restatement", "A published figure has changed by more than 0.5%."],
  universe_churn: ["Watched wallets changed", "More than 30% of the watched wallets are new."],
  archive_behind: [
    "TWAP source behind",
    "The source of TWAP statuses gave no new object for 30 hours, or an object could not be read.",
  ],
  rejects: ["Unreadable rows", "Rows could not be read: figures of their days are incomplete."],
  twap_large: [
    "Large TWAP",
    "A tracked wallet began a TWAP that is large beside what its market trades in an hour.",
  ],
  wallet: [
    "Labelled wallet",
    "A labelled wallet opened, closed or flipped a large position.",
  ],
  budget_infeasible: [
    "Too many wallets",
    "The request limit of the exchange is too low to update all tracked wallets on time.",
  ],
};

export const alertName = (type) => TYPES[type]?.[0] ?? String(type).replaceAll("_", " ");
export const alertDescription = (type) => TYPES[type]?.[1] ?? type;

const LEVELS = ["critical", "high", "medium", "low"];
const LEVEL_MARKS = { critical: "halt", high: "halt", medium: "warning", low: "idle" };
export const levelMark = (level) => LEVEL_MARKS[level] ?? "idle";

/** The mark of a state: a firing alert gets the mark of its level, the others stay quiet. */
export function stateMark(state, level) {
  if (state === "firing") return levelMark(level);
  return state === "resolved" ? "good" : "idle";
}

const STATES = {
  pending: "The condition is met, but not yet for long enough to fire.",
  firing: "The condition is met: the alert is active.",
  acknowledged: "The alert is active, and somebody is looking into it.",
  suppressed: "The condition is met, but the alert is held back: see the reason.",
  resolved: "The condition is no longer met.",
  retracted: "The alert was wrong: its evidence changed later. The reason says how.",
  inactive: "The condition is not met.",
};
export const stateDescription = (state) => STATES[state] ?? state;

const rank = (order, value) => (order.includes(value) ? order.indexOf(value) : order.length);

/** Sorts alerts: unacknowledged ones first, then by level, then the newest. */
export function byUrgency(a, b) {
  const order = ["firing", "acknowledged"];
  return (
    rank(order, a.state) - rank(order, b.state) ||
    rank(LEVELS, a.level) - rank(LEVELS, b.level) ||
    (a.since < b.since ? 1 : -1)
  );
}
