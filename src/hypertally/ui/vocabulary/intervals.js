// A figure of which a part is not known: what is known of it, and what has no price yet, in words.
//
//   card:  at least $243.30K + 12.3 USDH not priced yet
//   cell:  ≥ 243,300.10            with the sentence of the card on hover

import { sign } from "./decimal.js";
import { write } from "./number_text.js";

const LEADS = { "at least": "≥", "at most": "≤", known: "known" };

/** What is known of a null figure of a day, a total or a ranked wallet; null: nothing is. */
export function intervalOf(row, field) {
  const interval = row?.intervals?.[field];
  return interval ? { ...interval, daysUnknown: row.days_unknown ?? 0 } : null;
}

function leadOf({ lower, upper }) {
  if (lower !== null && upper === null) return "at least";
  if (upper !== null && lower === null) return "at most";
  return "known";
}

/** "12.3 USDH" with its sign: a negative amount without price lowers the figure. */
function amountWords(token, amount) {
  if (amount === null) return `+ an amount in ${token} that was not reported`;
  const text = write(amount.replace("-", ""), "size", { short: true });
  return `${sign(amount) < 0 ? "−" : "+"} ${text} ${token}`;
}

/** { lead, mark, amount, rest }: "at least", "≥", "$243.30K", "+ 12.3 USDH not priced yet". */
export function intervalWords(interval, kind, { short = false } = {}) {
  const lead = leadOf(interval);
  const amounts = Object.entries(interval.unpriced).map((entry) => amountWords(...entry));
  const unpriced = amounts.length ? `${amounts.join(" ")} not priced yet` : "";
  const days = interval.daysUnknown;
  const unknownDays = days ? `${days} ${days === 1 ? "day" : "days"} not known` : "";
  // What is known of a fully unpriced figure is nothing: its amounts alone say more.
  const nothing = short && unpriced && sign(interval.known) === 0;
  return {
    lead: nothing ? "" : lead,
    mark: LEADS[lead],
    amount: nothing ? "" : write(interval.known, kind, { short }),
    rest: [nothing ? unpriced.replace(/^\+ /, "") : unpriced, unknownDays]
      .filter(Boolean)
      .join(", "),
  };
}
