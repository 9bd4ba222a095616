// The watched wallets: how they were chosen, who entered, who left.

import { Ago } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Address } from "../../components/cells.js";
import { TermList } from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { percent } from "../../vocabulary/decimal.js";
import { MEMBER_COLUMNS } from "./columns.js";

const SOURCES = {
  leaderboard: "the leaderboard",
  fallback: "the second source, because the leaderboard did not answer",
  own_facts: "the tracked wallets, because no leaderboard answered",
};

const spaced = (name) => String(name).replaceAll("_", " ");

function Changes({ label, wallets, names = {}, hidden }) {
  const hiddenText = hidden ? `${hidden} not shown` : "";
  if (!wallets?.length) return html`<p class="muted">${label}: ${hiddenText || "none"}.</p>`;
  const counts = [wallets.length, hiddenText].filter(Boolean).join(", ");
  return html`<details><summary>${label}: ${counts}</summary>
    <p class="addresses">
    ${wallets.map(
      (wallet) => html`<${Address} key=${wallet} wallet=${wallet} ...${names[wallet] ?? {}} />`,
    )}</p></details>`;
}

function Excluded({ excluded }) {
  const list = Object.entries(excluded ?? {});
  if (!list.length) return null;
  return html`<p class="muted">Not chosen:
    ${" "}${list.map(([reason, wallets]) => `${wallets} ${spaced(reason)}`).join(", ")}.</p>`;
}

function Members({ old, feed }) {
  const { data } = feed;
  return html`<${Failure} feed=${feed} what="the watched wallets" />
    ${!data && feed.loading && html`<${Skeleton} rows=${8} />`}
    ${
      data &&
      html`<div class="universe-moves"><${Changes} label="Entered" wallets=${data.entered}
          names=${data.wallet_names} hidden=${data.entered_not_shown} />
        <${Changes} label="Left" wallets=${data.exited}
          names=${data.wallet_names} hidden=${data.exited_not_shown} />
        <${Excluded} excluded=${data.excluded} /></div>
      <${Table} name="universe" title="Wallets" columns=${MEMBER_COLUMNS} old=${old || feed.old}
        rows=${data.members.map((row) => ({ ...row, id: row.wallet }))}
        note=${data.not_shown && `${data.not_shown.wallets} ${data.not_shown.because} not shown`}
        />`
    }`;
}

/** `universe` is the summary; the members are loaded when they are opened. */
export function Universe({ universe, route }) {
  const open = route.query.get("universe") === "open";
  const feed = useFeed(open ? "/api/v1/smart-money/universe" : null);
  return html`<section class="universe" data-part="universe">
    <header class="table-bar"><h2>Watched wallets</h2><span class="grow"></span>
      <a class="quiet" href=${here({ universe: open ? null : "open" })}
        aria-expanded=${String(open)}>${open ? "Hide wallets" : "Show wallets"}</a></header>
    <${TermList} rows=${[
      ["Wallets", html`<${Amount} value=${String(universe.members)} kind="count" />`],
      [
        "New",
        universe.churn === null
          ? html`<${Amount} value=${null}
            reason="Unknown because this is the first choice of wallets." />`
          : html`<span data-exact=${universe.churn}
              title="Share of the wallets that are new">${percent(universe.churn)}</span>`,
      ],
      [
        "Chosen",
        html`<span data-exact=${universe.taken_at}><${Ago} iso=${universe.taken_at} /></span>`,
      ],
      ["Source", SOURCES[universe.source] ?? spaced(universe.source)],
    ]} />
    ${open && html`<${Members} feed=${feed} />`}
  </section>`;
}
