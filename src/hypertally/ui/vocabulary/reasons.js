// Sentences for figures that are unknown, where the API gives no reason of its own.

export const NO_REASON = "Unknown (no reason given).";
export const NOT_COMPUTED_YET = "Unknown because nothing has been computed for this day yet.";
