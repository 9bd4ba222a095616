// The results of version 1 and version 2 for one period, and why they differ.

import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { link } from "../../route.js";
import { bandWords, playbookWords } from "../../vocabulary/smart_money.js";

/** "Long / Reduced, CAS strong long" */
function resultText(playbook, band) {
  return `${playbook}, CAS ${band ? bandWords(band) : "unknown"}`;
}

function Difference({ period, hrefOf }) {
  const text = (result) => resultText(playbookWords(result), result.band);
  return html`<a href=${hrefOf("first")}>v1</a>:
    ${" "}<b data-version="first">${text(period.first)}</b>,
    ${" "}<a href=${hrefOf("second")}>v2</a>:
    ${" "}<b data-version="second">${text(period.second)}</b>,
    ${" "}because <span data-because>${period.because}</span>.`;
}

/** One line; nothing while a version is missing or the period is locked. */
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
      ? html`<${Difference} period=${period} hrefOf=${hrefOf} />`
      : `v1 and v2 agree: ${resultText(row.playbooks[0].first, row.bands[0].first)}.`
  }</p>`;
}
