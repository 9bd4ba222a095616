// Names and sentences of smart money: scores, bands, rules, classes, and why there is no signal.
// A score is named by its path in the answer: "ecs.long".

export const SMART_MEASURES = {
  "cas.value": [
    "Consensus (CAS)",
    "score",
    "Of the wallets that took on more exposure: 100 all long, 0 all short, 50 no opinion.",
  ],
  "dispersion.value": [
    "Dispersion",
    "score",
    "How evenly buyers and sellers stand against each other: 0 all alike, 100 half and half.",
  ],
  "ecs.value": [
    "Exits (ECS)",
    "score",
    "Of those who held a position, the share that left it or a part of it, not forced to.",
  ],
  cas_usd: ["CAS by USD", "score", "Consensus weighted by USD at the mark before, weights capped."],
  participation: [
    "Participation",
    "share",
    "The share of the exposed wallets that took on more exposure.",
  ],
  "dispersion.size": [
    "Dispersion by size",
    "score",
    "The net change of positions against the gross one, in USD.",
  ],
  "dispersion.activity_sd": [
    "Activity",
    "score",
    "The spread of what wallets did: the first definition called it dispersion.",
  ],
  stock_disagreement: [
    "Disagreement held",
    "score",
    "Longs against shorts among those who hold a position.",
  ],
  "ecs.long": ["Exits of longs", "score", "The share of the longs that left."],
  "ecs.short": ["Exits of shorts", "score", "The share of the shorts that left."],
  "ecs.forced": ["Forced exits", "score", "The share that was liquidated or deleveraged."],
  "ecs.z": ["Exits, z", "effect", "Standard deviations from the mean of the seven days before."],
  "ecs.percentile": [
    "Exits, percentile",
    "score",
    "Among the periods of the seven days before; 100 is the most exits.",
  ],
  "herding.h": [
    "Herding (H)",
    "effect",
    "A test of whether the active wallets went one way more than chance would have it.",
  ],
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
  dispersion_high: "Buyers and sellers stand against each other: dispersion is high.",
  exits_high: "Many holders leave at once: exits are high.",
  trend_against: "The trend runs against the side of the consensus.",
  entry_threshold: "The consensus leans to a side, but not as far as entering it takes.",
  entry_wait: "A side is called for; it is entered when that holds for a second period.",
  risk_wait: "A side is called for, but risk is still defensive and improves step by step.",
  strong_with: "Strong consensus with the trend, little disagreement, few exits.",
  strong_with_some_exits: "Strong consensus with the trend and little disagreement; some leave.",
  strong_steady: "Strong consensus, steady; little disagreement, few exits.",
  lean_with: "The consensus leans to a side with the trend; little disagreement, few exits.",
  lean_mixed: "The consensus leans to a side; some disagree, few leave.",
  neutral: "The consensus takes no side.",
  anything_else: "The scores fit no row of the matrix that calls for a side.",
  thin_coverage: "Fewer than 90% of the wallets were seen: no side is taken.",
  held: "A score is unknown in this period: the playbook of the one before is held.",
  unknown_input: "A score is unknown: without it there is no side to take.",
  missing_over_10: "More than 10% of the wallets are missing.",
  missing_over_25: "More than 25% of the wallets are missing.",
};

const LOCKS = {
  health_stale: "the feed of positions was stale",
  snapshot_failed: "the last snapshot of positions failed",
  snapshot_old: "the newest snapshot of positions was older than 90 seconds",
  no_snapshot: "there was no snapshot of positions",
  no_universe: "no universe of wallets was known",
  feed_late: "the feed was late: a signal waits for a fresh snapshot",
};
export const lockWords = (reason) => LOCKS[reason] ?? bandWords(reason);

const lockOf = (text) => /^locked:\s*(.*)$/.exec(text ?? "")?.[1];

export function ruleWords(rule) {
  const lock = lockOf(rule);
  if (lock) return `No signal: ${lockWords(lock)}.`;
  return RULES[rule] ?? bandWords(rule);
}

export const playbookWords = ({ bias, risk }) => `${bias} / ${risk}`;

const MISSED = { cas: "CAS", ecs: "ECS", trend: "A trend", dispersion: "Dispersion" };

/** The threshold next to changing the answer; the numbers come written. */
export function missWords(miss, { threshold, distance } = {}) {
  if (!miss) return "No single threshold would change it.";
  const then = playbookWords(miss);
  if (miss.input === "periods") return `One more period like this one gives ${then}.`;
  const name = MISSED[miss.input] ?? miss.input;
  return `${name} across ${threshold}, ${distance} points away, gives ${then}.`;
}

/** Words, and its side of the market: 1 bought, -1 sold. */
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
  DIRTY: ["left out", 0, "An anomaly of a snapshot at one end of the period."],
  MISSING: ["not observed", 0, "No answer for the wallet at one end of the period."],
};
export const CLASS_ORDER = Object.keys(CLASSES);
export const classWords = (name) => CLASSES[name]?.[0] ?? bandWords(name);
export const classSide = (name) => CLASSES[name]?.[1] ?? 0;
export const classAbout = (name) => CLASSES[name]?.[2] ?? name;

export const HEALTH_LEVELS = { healthy: "good", degraded: "warning", stale: "halt" };

/** A figure by its path: "ecs.long". */
export function scoreOf(signal, path) {
  const [group, name] = path.split(".");
  const found = signal?.[group];
  return (name ? found?.[name] : found) ?? null;
}

/** Why a figure is null. */
export function smartReason(signal, path) {
  if (!signal) return "Unknown because no signal has been computed yet.";
  const said = signal.unknown?.[path];
  if (!said) return "Unknown; the answer does not say why.";
  const lock = lockOf(said);
  return `Unknown because ${lock ? lockWords(lock) : said}.`;
}
