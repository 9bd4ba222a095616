// The stories of a made-up exchange: what each shows, in a sentence.

import { alertName } from "./alerts.js";

const dayOf = (at) => at.slice(0, "2026-01-01".length);
const minuteOf = (at) => at.slice("2026-01-01T".length, "2026-01-01T00:00".length);

const ALERT = `“${alertName("data_gap")}”`;
const fillsText = (count, word = "") => `${count} ${word}${count === 1 ? "fill" : "fills"}`;

/** What became of the wallet's alert of missing fills. */
function alertText({ alert }) {
  if (alert === null) return "";
  const stands = ["firing", "acknowledged"].includes(alert);
  return ` The alert ${ALERT} ${stands ? "fires for the wallet" : "fired for it and is over"}.`;
}

const STORIES = {
  liquidation: [
    "A liquidation",
    ({ coin, coin_name: name, at }) =>
      `The exchange closed a ${name ?? coin} position by force on ${dayOf(at)}: its fills say so.`,
  ],
  late_fill: [
    ({ fills }) => (fills === 1 ? "A fill that came late" : "Fills that came late"),
    ({ at, fills }) =>
      `${dayOf(at)} was published, then ${fillsText(fills)} of it came in: figures before and ` +
      "after are kept.",
  ],
  gap_repaired: [
    "A gap and its repair",
    (story) =>
      `${dayOf(story.at)} lay in a gap: a position did not follow from the fills before it. ` +
      `Asked again, the exchange gave ${fillsText(story.fills, "missing ")} of the day, and the ` +
      `gap ended.${alertText(story)}`,
  ],
  gap_open: [
    "A gap that stays",
    (story) =>
      `Some fills up to ${dayOf(story.at)} are missing, and the exchange no longer shows them: ` +
      `the days say how complete they are.${alertText(story)}`,
  ],
  herding: [
    "A herding hour",
    ({ coin, at }) =>
      `In the hour to ${dayOf(at)} ${minuteOf(at)} UTC more watched wallets went one way in ` +
      `${coin} than chance explains.`,
  ],
  twap: [
    "A TWAP that runs now",
    ({ coin, coin_name: name }) =>
      `An order for ${name ?? coin} is executed slice by slice while you look.`,
  ],
};
const ORDER = ["twap", "liquidation", "late_fill", "gap_repaired", "gap_open", "herding"];

/** The stories in the order in which they are told, each with its words. */
export const toldStories = (stories) =>
  ORDER.flatMap((kind) => stories.filter((story) => story.kind === kind)).map((story) => {
    const [title, text] = STORIES[story.kind];
    return {
      ...story,
      title: typeof title === "string" ? title : title(story),
      text: text(story),
    };
  });
