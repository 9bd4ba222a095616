// Names and descriptions of smart money: scores, bands, rules, wallet classes, reasons of a lock.
// A score is named by its path in the API's answer: "ecs.long".

import { NO_REASON } from "./reasons.js";

export const SMART_MEASURES = {
  "cas.value": [
    "Consensus (CAS)",
    "score",
    "Which way the wallets that increased exposure went: 100 all long, 0 all short, 50 balanced.",
  ],
  "dispersion.value": [
    "Dispersion",
    "score",
    "How evenly buyers and sellers are split: 0 all on one side, 100 half and half.",
  ],
  "ecs.value": [
    "Exits (ECS)",
    "score",
    "Share of the holders that closed or reduced by choice, without liquidations.",
  ],
  cas_usd: [
    "CAS by USD",
    "score",
    "Consensus weighted by USD at the earlier mark price; weights are capped.",
  ],
  participation: [
    "Participation",
    "share",
    "Share of the exposed wallets that increased their exposure.",
  ],
  "dispersion.size": [
    "Dispersion by size",
    "score",
    "Net change of all positions compared with the gross change, in USD.",
  ],
  "dispersion.activity_sd": [
    "Activity",
    "score",
    "Spread of what the wallets did. Version 1 called this dispersion.",
  ],
  stock_disagreement: [
    "Disagreement of holders",
    "score",
    "How evenly the holders are split between long and short.",
  ],
  "ecs.long": [
    "Exits from longs",
    "score",
    "Share of the holders of longs that closed or reduced.",
  ],
  "ecs.short": [
    "Exits from shorts",
    "score",
    "Share of the holders of shorts that closed or reduced.",
  ],
  "ecs.forced": [
    "Forced exits",
    "score",
    "Share of the holders that were liquidated or auto-deleveraged; " +
      "not known until the fills of all wallets that left were read.",
  ],
  "ecs.z": [
    "Exits, z-score",
    "effect",
    "Standard deviations from the mean of the previous seven days.",
  ],
  "ecs.percentile": [
    "Exits, percentile",
    "score",
    "Rank among the periods of the previous seven days; 100 is the most exits.",
  ],
  "herding.h": [
    "Herding (H)",
    "effect",
    "Tests whether the active wallets moved one way more often than chance explains.",
  ],
};

/** Words of a signal that a restatement may change. */
export const SIGNAL_WORDS = {
  "cas.band": ["Band of consensus", "word", "The band that the consensus lies in."],
  "playbook.bias": ["Position advised", "word", "The side that the playbook advises, or none."],
  "playbook.risk": ["Risk advised", "word", "The risk that the playbook advises."],
};

/** Where a band begins: [from, name, look]. */
export const SCALES = {
  "cas.value": [
    [0, "strong short", "below strong"],
    [25, "short", "below"],
    [40, "neutral", ""],
    [60, "long", "above"],
    [75, "strong long", "above strong"],
  ],
  "dispersion.value": [
    [0, "low", ""],
    [40, "medium", "some"],
    [60, "high", "much"],
  ],
  "ecs.value": [
    [0, "low", ""],
    [15, "medium", "some"],
    [25, "high", "much"],
  ],
};

/** The level of dispersion in words: among few wallets, noise is no stand-off. */
export const levelWords = (group, band, scores) =>
  group === "dispersion" && scores?.no_consensus && band === "medium"
    ? "no consensus"
    : bandWords(band);

/** What a wallet did: it moved, or it held, was not observed or is left out. */
export const IDLE = new Set(["HOLD", "FLAT", "MISSING", "DIRTY", "flat", "missing", "excluded"]);

const BAND_TONES = {
  strong_long: "gain",
  long: "gain",
  short: "loss",
  strong_short: "loss",
  medium: "some",
  high: "much",
};
export const bandWords = (band) => String(band ?? "").replaceAll("_", " ");
export const bandTone = (band) => BAND_TONES[band] ?? "muted";

const RULES = {
  dispersion_high: "No position advised: dispersion is high or has not calmed down yet.",
  exits_high: "No position advised: exits are high or have not calmed down yet.",
  trend_against: "The trend runs against the consensus.",
  entry_threshold: "No position advised: the consensus has not reached the entry threshold.",
  entry_wait: "A position is advised once the consensus holds for a second period.",
  risk_wait: "A position is not advised yet: risk is still defensive and improves step by step.",
  strong_with: "Strong consensus with the trend, low dispersion, few exits.",
  strong_with_some_exits: "Strong consensus with the trend, low dispersion, some exits.",
  strong_steady: "Strong and steady consensus, low dispersion, few exits.",
  lean_with: "The consensus leans to one side with the trend; low dispersion, few exits.",
  lean_mixed: "The consensus leans to one side; some dispersion, few exits.",
  neutral: "No position advised: the consensus is neutral.",
  anything_else:
    "No position advised: the scores match no row of the decision matrix that advises one.",
  thin_coverage: "No position advised: fewer than 90% of the wallets were observed.",
  held: "A score is unknown in this period: the previous playbook is kept.",
  unknown_input: "No position advised: a score is unknown.",
  missing_over_10: "More than 10% of the wallets were not observed.",
  missing_over_25: "More than 25% of the wallets were not observed.",
};

const LOCKS = {
  health_stale: "the position feed was stale",
  snapshot_failed: "the last position snapshot failed",
  snapshot_old: "the newest position snapshot was too old",
  no_snapshot: "there was no position snapshot",
  no_universe: "the watched wallets were not chosen yet",
  coverage_low: "fewer than 80% of the wallets were observed in the two minutes before",
  ends_unseen: "fewer than 80% of the wallets were observed at both ends of the period",
  feed_late: "the position feed was late: signals wait for a fresh snapshot",
};
export const lockWords = (reason) => LOCKS[reason] ?? bandWords(reason);

/** The lock a text names: "locked: feed_late". */
const lockOf = (text) => /^locked:\s*(.*)$/.exec(text ?? "")?.[1];

/** The scores without which no position is advised. */
const ADVICE_NEEDS = ["cas.value", "dispersion.value", "ecs.value"];

/** Why a signal gives its advice, in a sentence. */
export function ruleWords({ playbook, unknown }) {
  const { rule, sentence } = playbook;
  if (sentence) return sentence;
  const lock = lockOf(rule);
  if (lock) return `No signal: ${lockWords(lock)}.`;
  const reason = ADVICE_NEEDS.map((path) => unknown?.[path]).find(Boolean);
  if (rule === "unknown_input" && reason) return `No position advised: ${reason}.`;
  return RULES[rule] ?? bandWords(rule);
}

export const playbookWords = ({ bias, risk }) => `${bias} / ${risk}`;

const INPUTS = { cas: "CAS", ecs: "ECS", trend: "the trend", dispersion: "dispersion" };

/** The nearest change of one input that changes the advice; the numbers come as texts. */
export function missWords(miss, { threshold, distance } = {}) {
  if (!miss) return "No single threshold would change the advice.";
  const advice = playbookWords(miss);
  if (miss.input === "periods") {
    return `With more periods like this one the advice becomes ${advice}.`;
  }
  const input = INPUTS[miss.input] ?? miss.input;
  const crossing = `${input} crosses ${threshold} (${distance} points away)`;
  return `If ${crossing}, the advice becomes ${advice}.`;
}

/** The words of a class of wallets, and their side of the market: 1 bought, -1 sold. */
const CLASSES = {
  OPEN_L: ["opened long", 1],
  ADD_L: ["added long", 1],
  FLIP_L: ["flipped to long", 1],
  REDUCE_S: ["reduced short", 1],
  CLOSE_S: ["closed short", 1],
  OPEN_S: ["opened short", -1],
  ADD_S: ["added short", -1],
  FLIP_S: ["flipped to short", -1],
  REDUCE_L: ["reduced long", -1],
  CLOSE_L: ["closed long", -1],
  HOLD: ["held", 0],
  FLAT: ["flat", 0],
  DIRTY: ["excluded", 0, "The snapshot at the start or at the end of the period has an anomaly."],
  MISSING: ["not observed", 0, "No position is known at the start or at the end of the period."],
};
export const CLASS_ORDER = Object.keys(CLASSES);
export const classWords = (name) => CLASSES[name]?.[0] ?? bandWords(name);
export const classSide = (name) => CLASSES[name]?.[1] ?? 0;
export const classDescription = (name) => CLASSES[name]?.[2] ?? name;

export const HEALTH_LEVELS = { healthy: "good", degraded: "warning", stale: "halt" };

/** The score at a path: "ecs.long". */
export function scoreOf(signal, path) {
  const [group, name] = path.split(".");
  const scores = signal?.[group];
  return (name ? scores?.[name] : scores) ?? null;
}

/** Why a score is null. */
export function smartReason(signal, path) {
  if (!signal) return "Unknown because no signal has been computed yet.";
  const reason = signal.unknown?.[path];
  if (!reason) return NO_REASON;
  const lock = lockOf(reason);
  return `Unknown because ${lock ? lockWords(lock) : reason}.`;
}
