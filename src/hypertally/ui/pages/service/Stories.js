// The stories of a made-up exchange: a list on the first page, a note where each happened.

import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { link } from "../../route.js";
import { toldStories } from "../../vocabulary/stories.js";

const proofOfDay = (field) => ({ wallet, at }) => {
  const day = at.slice(0, "2026-01-01".length);
  return link(`wallets/${wallet}`, { proof: `wallet:${wallet}:${day}:${field}` });
};

const PROOFS = {
  liquidation: proofOfDay("forced_fills"),
  late_fill: proofOfDay("fills"),
  gap_repaired: proofOfDay("completeness"),
  gap_open: proofOfDay("completeness"),
  herding: ({ coin, at }) =>
    link(`smart-money/${coin}/${at}`, {
      horizon: "1h",
      proof: `signal:${coin}:${at}:herding.h`,
    }),
  twap: ({ twap_id: id, wallet }) => link(`twaps/${id}`, { wallet }),
};

function useStories() {
  const { data } = useFeed("/api/v1/stories");
  const told = toldStories(data?.stories ?? []);
  return told.map((story) => ({ ...story, href: PROOFS[story.kind](story) }));
}

/** What to look at first: nothing on books of the real exchange. */
export function StoryList() {
  const stories = useStories();
  if (!stories.length) return null;
  return html`<section class="stories" aria-label="What to look at" data-part="stories">
    <h2>What to look at <span class="muted">on this made-up exchange</span></h2>
    <ul>${stories.map(
      ({ kind, title, text, href }) =>
        html`<li key=${kind} data-story=${kind}><a href=${href}>${title}</a>
          ${" "}<span class="muted">${text}</span></li>`,
    )}</ul>
  </section>`;
}

/** Notes on the page where stories happened: of a wallet, of a TWAP, or of a signal. */
export function StoryNotes({ of }) {
  const stories = useStories().filter(of);
  return stories.map(
    ({ kind, title, text, href }) =>
      html`<p key=${kind} class="story-note" data-story=${kind}><strong>Story: ${title}.</strong>
        ${" "}${text} <a href=${href}>Proof</a></p>`,
  );
}
