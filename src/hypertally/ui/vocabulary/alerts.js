// Names, sentences and marks of alerts.

const TYPES = {
  regime_change: ["New playbook", "What the watched wallets do calls for another playbook."],
  exit_cluster: ["Exit cluster", "Unusually many of the wallets that held the asset left it at once."],
  system_stale: ["Feed stale", "Positions are no longer recorded: signals are locked."],
  data_gap: ["Fills missing", "The record of a wallet has a hole: its figures are incomplete."],
  restatement: ["Restatement", "A figure that was published has moved by more than 0.5%."],
  universe_churn: ["Universe churn", "More than 30% of the watched wallets are new."],
  budget_infeasible: ["Too many wallets", "The allowance does not cover the wallets tracked in time."],
};

export const alertWords = (type) => TYPES[type]?.[0] ?? String(type).replaceAll("_", " ");
export const alertAbout = (type) => TYPES[type]?.[1] ?? type;

const LEVELS = ["critical", "high", "medium", "low"];
const LEVEL_MARKS = { critical: "halt", high: "halt", medium: "warning", low: "idle" };
export const levelMark = (level) => LEVEL_MARKS[level] ?? "idle";

/** A state's mark: what fires looks as it matters, all else is quiet. */
export function stateMark(state, level) {
  if (state === "firing") return levelMark(level);
  return state === "resolved" ? "good" : "idle";
}

const STATES = {
  pending: "It holds, but not yet for as long as it takes to fire.",
  firing: "It stands, and was told.",
  acknowledged: "It stands, and somebody is looking at it.",
  suppressed: "It would fire, but something keeps it silent: see because.",
  resolved: "It is over.",
  inactive: "It does not hold.",
};
export const stateAbout = (state) => STATES[state] ?? state;

const place = (list, one) => (list.includes(one) ? list.indexOf(one) : list.length);

/** What nobody looks at yet first, then by level, then the newest. */
export function byUrgency(a, b) {
  const order = ["firing", "acknowledged"];
  return (
    place(order, a.state) - place(order, b.state) ||
    place(LEVELS, a.level) - place(LEVELS, b.level) ||
    (a.since < b.since ? 1 : -1)
  );
}
