// The figures of each chart and their colours: a figure has the same colour on every page.

export const SPLITS = {
  kind: {
    label: "Kind",
    layers: [
      { field: "perp_volume_usd", colour: "perp", label: "Perp" },
      {
        field: "hip3_volume_usd",
        colour: "hip3",
        label: "including HIP-3",
        inside: "perp_volume_usd",
      },
      { field: "spot_volume_usd", colour: "spot", label: "Spot" },
      { field: "outcome_volume_usd", colour: "outcome", label: "Outcome" },
      { field: "other_volume_usd", colour: "other", label: "Other", rare: true },
    ],
  },
  overlap: {
    label: "Overlap",
    layers: [
      { field: "unique_volume_usd", colour: "unique", label: "Unique" },
      { field: "internal_volume_usd", colour: "internal", label: "Internal" },
    ],
  },
  side: {
    label: "Side",
    layers: [
      { field: "taker_volume_usd", colour: "taker", label: "Taker" },
      { field: "maker_volume_usd", colour: "maker", label: "Maker" },
    ],
  },
};

/** A single wallet has no internal trades. */
export const WALLET_SPLITS = { kind: SPLITS.kind, side: SPLITS.side };

export const PNL_CHART = {
  name: "pnl",
  title: "Gross realised PnL, USD",
  layers: [{ field: "gross_realised_pnl_usd", colour: "gain", below: "loss" }],
};
export const FEES_CHART = {
  name: "fees",
  title: "Fees, USD",
  layers: [{ field: "fees_usd", colour: "fee" }],
};
export const FILLS_CHART = {
  name: "fills",
  title: "Fills",
  layers: [{ field: "fills", colour: "ink" }],
};

export const SINGLE_CHARTS = [
  { name: "active", title: "Active wallets", layers: [{ field: "dau", colour: "ink" }] },
  PNL_CHART,
  FEES_CHART,
  FILLS_CHART,
];
