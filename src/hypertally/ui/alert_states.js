// The states of alerts that stand, and whether anybody checks them.

export const STATES_PATH = "/api/v1/smart-money/alerts/state?standing=true";
