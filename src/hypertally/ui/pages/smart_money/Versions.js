// What both versions of smart money say of one period, and why they differ.

import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { link } from "../../route.js";
import { bandWords, playbookWords } from "../../vocabulary/smart_money.js";

/** "Long / Reduced, CAS strong long" */
function saidOf(playbook, band) {
  return `${playbook}, CAS ${band ? bandWords(band) : "unknown"}`;
}

function Differ({ period, hrefOf }) {
  const of = (told) => saidOf(playbookWords(told), told.band);
  return html`<a href=${hrefOf("first")}>v1</a> says
    ${" "}<b data-version="first">${of(period.first)}</b>,
    ${" "}<a href=${hrefOf("second")}>v2</a> says
    ${" "}<b data-version="second">${of(period.second)}</b>,
    ${" "}because <span data-because>${period.because}</span>.`;
}

/** One quiet line; none while a version is missing or both are locked. */
export function Versions({ asset, at, to }) {
  const search = new URLSearchParams({ asset, from: at, to, limit: 1 });
  const { data } = useFeed(`/api/v1/smart-money/differences?${search}`);
  const [row] = data?.summary ?? [];
  if (!row || row.locked) return null;
  const [period] = data.periods;
  const hrefOf = (definition) =>
    link(`smart-money/${asset}/${at}`, definition === "first" ? { definition } : {});
  return html`<p class="muted" data-part="versions">${
    period
      ? html`<${Differ} period=${period} hrefOf=${hrefOf} />`
      : `v1 and v2 both say ${saidOf(row.playbooks[0].first, row.bands[0].first)}.`
  }</p>`;
}
