// Columns of tables of contributors, of watched wallets, and of CAS by period.

import { utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { walletCell } from "../../components/cells.js";
import { html } from "../../preact.js";
import { classDescription, classSide, classWords } from "../../vocabulary/smart_money.js";

const NOT_OBSERVED = () =>
  "Unknown because the wallet was not observed at the start and at the end of the period.";
const NO_MARK = (row) =>
  row.delta_coin === null
    ? NOT_OBSERVED()
    : "Unknown because no mark price of the previous minute is stored.";
const NO_EFFECT = () => "Unknown because the score with or without the wallet is unknown.";

/** A contributor as a row of a table, with its effects as fields of the row. */
export function contributorRow(contributor) {
  const { effect, ...rest } = contributor;
  const effects = Object.entries(effect).map(([name, value]) => [`effect_${name}`, value]);
  return { ...rest, id: contributor.wallet, ...Object.fromEntries(effects) };
}

function classCell(row) {
  const side = classSide(row.class);
  const tone = side > 0 ? "gain" : side < 0 ? "loss" : "muted";
  const shape = side > 0 ? "▲ " : side < 0 ? "▼ " : "";
  return html`<span class=${tone} title=${classDescription(row.class)} data-exact=${row.class}>
    ${shape}${classWords(row.class)}</span>`;
}

function forcedCell(row) {
  if (row.forced === null)
    return html`<${Amount} value=${null}
      reason="Not known yet: its fills of this time were not read" />`;
  return html`<span data-exact=${String(row.forced)}>${row.forced ? "forced" : "no"}</span>`;
}

function effectColumn(name, label, more = {}) {
  return {
    key: `effect_${name}`,
    label,
    kind: "effect",
    unit: "points",
    description: "Score minus score without the wallet.",
    reason: NO_EFFECT,
    ...more,
  };
}

const WALLET = {
  key: "wallet",
  label: "Wallet",
  cell: walletCell,
};

export const CONTRIBUTOR_COLUMNS = [
  WALLET,
  { key: "class", label: "Action", cell: classCell },
  { key: "before_coin", label: "Before", unit: "coin", kind: "size", reason: NOT_OBSERVED },
  { key: "now_coin", label: "Now", unit: "coin", kind: "size", reason: NOT_OBSERVED },
  { key: "delta_coin", label: "Change", unit: "coin", kind: "net", reason: NOT_OBSERVED },
  { key: "delta_usd", label: "Change", unit: "USD", kind: "net_usd", reason: NO_MARK },
  effectColumn("cas", "On CAS"),
  effectColumn("dispersion", "On dispersion"),
  effectColumn("ecs", "On exits"),
  { key: "forced", label: "Forced", cell: forcedCell },
  effectColumn("cas_usd", "On CAS by USD", { hidden: true }),
  effectColumn("dispersion_size", "On dispersion by size", { hidden: true }),
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
    reason: () => "Unknown because the source does not give it.",
  },
];

/** CAS of all assets side by side, as the lines show it. */
export function lineColumns(assets) {
  const periodColumn = {
    key: "at",
    label: "Period end",
    unit: "UTC",
    kind: "time",
    cell: (row) =>
      html`<time datetime=${row.at} title=${row.at} data-exact=${row.at}>${utc(row.at)}</time>`,
  };
  const scoreColumn = (asset) => ({
    key: asset,
    label: asset,
    unit: "CAS",
    kind: "score",
    reason: (row) => row.reasons[asset] ?? "Unknown because no signal of the period is stored.",
  });
  return [periodColumn, ...assets.map(scoreColumn)];
}
