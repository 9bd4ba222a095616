// Whose books these are, by the name of their exchange.

/** Whether a name is of a made-up exchange, whose commands need `--sandbox`. */
export const isMadeUp = (name) => /^(sandbox|replay):/.test(name ?? "");

/** Words for books that are not of the real exchange; null: they are, or nobody says. */
export function otherExchange(name) {
  if (!name || name === "mainnet") return null;
  return isMadeUp(name) ? "made-up exchange" : name;
}
