// The stories of a made-up exchange: what each shows, in a sentence.

const dayOf = (at) => at.slice(0, "2026-01-01".length);
const minuteOf = (at) => at.slice("2026-01-01T".length, "2026-01-01T00:00".length);

const STORIES = {
  liquidation: [
    "A liquidation",
    ({ coin, at }) =>
      `The exchange closed a ${coin} position by force on ${dayOf(at)}: its fills say so.`,
  ],
  late_fill: [
    "A fill that came late",
    ({ at }) =>
      `${dayOf(at)} was published, then a fill of it came in: figures before and after are kept.`,
  ],
  gap_repaired: [
    "A gap and its repair",
    ({ at }) => `Fills of ${dayOf(at)} were missing between two positions: asked again, they came.`,
  ],
  herding: [
    "A herding hour",
    ({ coin, at }) =>
      `In the hour to ${minuteOf(at)} UTC more watched wallets went one way in ${coin} than ` +
      "chance explains.",
  ],
  twap: [
    "A TWAP that runs now",
    ({ coin }) => `An order for ${coin} is executed slice by slice while you look.`,
  ],
};
const ORDER = ["twap", "liquidation", "late_fill", "gap_repaired", "herding"];

/** The stories in the order in which they are told, each with its words. */
export const toldStories = (stories) =>
  ORDER.flatMap((kind) => stories.filter((story) => story.kind === kind)).map((story) => {
    const [title, text] = STORIES[story.kind];
    return { ...story, title, text: text(story) };
  });
