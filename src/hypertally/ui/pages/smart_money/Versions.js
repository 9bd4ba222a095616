// The results of two versions for one period, and why they differ.

import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { link } from "../../route.js";
import { bandWords, playbookWords } from "../../vocabulary/smart_money.js";

/** "Long / Reduced, CAS strong long" */
function resultText(playbook, band) {
  return `${playbook}, CAS ${band ? bandWords(band) : "unknown"}`;
}

function Difference({ period, hrefOf, names }) {
  const text = (result) => resultText(playbookWords(result), result.band);
  return html`<a href=${hrefOf(names[0])}>${names[0]}</a>:
    ${" "}<b data-version="first">${text(period.first)}</b>,
    ${" "}<a href=${hrefOf(names[1])}>${names[1]}</a>:
    ${" "}<b data-version="second">${text(period.second)}</b>,
    ${" "}because <span data-because>${period.because}</span>.`;
}

const DEFINITIONS = { v1: "first", v2: "second", v3: null };

/** One line; nothing while a version is missing or the period is locked. */
export function Versions({ asset, at, to, later }) {
  const search = new URLSearchParams({ asset, from: at, to, limit: 1, later });
  const { data } = useFeed(`/api/v1/smart-money/differences?${search}`);
  const [row] = data?.summary ?? [];
  if (!row || row.locked) return null;
  const [period] = data.periods;
  const names = [data.earlier, data.later].map((name) => `v${name.split("/")[1]}`);
  const hrefOf = (name) => link(`smart-money/${asset}/${at}`, { definition: DEFINITIONS[name] });
  return html`<p class="muted" data-part="versions">${
    period
      ? html`<${Difference} period=${period} hrefOf=${hrefOf} names=${names} />`
      : `${names.join(" and ")} agree: ${resultText(row.playbooks[0].first, row.bands[0].first)}.`
  }</p>`;
}
