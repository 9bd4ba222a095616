// Columns of the tables of smart money: contributors, universe.

import { utc } from "../../clock.js";
import { Address } from "../../components/cells.js";
import { html } from "../../preact.js";
import { classAbout, classSide, classWords } from "../../vocabulary/smart_money.js";

const UNSEEN = () => "Unknown because the wallet was not observed at both ends.";
const NO_MARK = (row) =>
  row.delta_coin === null ? UNSEEN() : "Unknown because no mark of the minute before is stored.";
const NO_EFFECT = () => "Unknown because the score is unknown, with the wallet or without it.";

/** A contributor as a row of a table: its effects stand beside the rest. */
export function contributorRow(one) {
  const { effect, ...rest } = one;
  const effects = Object.entries(effect).map(([name, value]) => [`effect_${name}`, value]);
  return { ...rest, id: one.wallet, ...Object.fromEntries(effects) };
}

function classCell(row) {
  const side = classSide(row.class);
  const tone = side > 0 ? "gain" : side < 0 ? "loss" : "muted";
  const shape = side > 0 ? "▲ " : side < 0 ? "▼ " : "";
  return html`<span class=${tone} title=${classAbout(row.class)} data-exact=${row.class}>
    ${shape}${classWords(row.class)}</span>`;
}

function forcedCell(row) {
  if (row.forced === null)
    return html`<span class="null" title="Unknown: its fills are not pulled">–</span>`;
  return html`<span data-exact=${String(row.forced)}>${row.forced ? "forced" : "no"}</span>`;
}

function effect(name, label, more = {}) {
  return {
    key: `effect_${name}`,
    label,
    kind: "effect",
    unit: "points",
    about: "The score less what it would be without the wallet.",
    reason: NO_EFFECT,
    ...more,
  };
}

const WALLET = {
  key: "wallet",
  label: "Wallet",
  cell: (row) => html`<${Address} wallet=${row.wallet} />`,
};

export const CONTRIBUTOR_COLUMNS = [
  WALLET,
  { key: "class", label: "Did", cell: classCell },
  { key: "before_coin", label: "Before", unit: "coin", kind: "size", reason: UNSEEN },
  { key: "now_coin", label: "Now", unit: "coin", kind: "size", reason: UNSEEN },
  { key: "delta_coin", label: "Change", unit: "coin", kind: "net", reason: UNSEEN },
  { key: "delta_usd", label: "Change", unit: "USD", kind: "net_usd", reason: NO_MARK },
  effect("cas", "On CAS"),
  effect("dispersion", "On dispersion"),
  effect("ecs", "On exits"),
  { key: "forced", label: "Forced", cell: forcedCell },
  effect("cas_usd", "On CAS by USD", { hidden: true }),
  effect("dispersion_size", "On dispersion by size", { hidden: true }),
  { key: "weight_coin", label: "Weight", unit: "coin", kind: "size", hidden: true },
  { key: "epsilon", label: "Epsilon", unit: "coin", kind: "size", hidden: true },
];

export const MEMBER_COLUMNS = [
  { key: "rank", label: "Rank", kind: "count" },
  WALLET,
  { key: "pnl_30d", label: "PnL, 30 days", unit: "USD", kind: "pnl" },
  {
    key: "volume_30d",
    label: "Volume, 30 days",
    unit: "USD",
    kind: "usd",
    reason: () => "Unknown because the source did not say.",
  },
];

/** CAS of all assets side by side: the table twin of their lines. */
export function lineColumns(assets) {
  const at = {
    key: "at",
    label: "Period to",
    unit: "UTC",
    kind: "time",
    cell: (row) =>
      html`<time datetime=${row.at} title=${row.at} data-exact=${row.at}>${utc(row.at)}</time>`,
  };
  const score = (asset) => ({
    key: asset,
    label: asset,
    unit: "CAS",
    kind: "score",
    reason: (row) => row.why[asset] ?? "Unknown because no signal of the period is stored.",
  });
  return [at, ...assets.map(score)];
}
