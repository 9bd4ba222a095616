// The wallets that are watched.

import { Ago } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Address } from "../../components/cells.js";
import { Facts } from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { percent } from "../../vocabulary/decimal.js";
import { MEMBER_COLUMNS } from "./columns.js";

const SOURCES = {
  leaderboard: "the leaderboard",
  fallback: "the second source, since the leaderboard did not answer",
  own_facts: "the wallets tracked here, since no leaderboard answered",
};

const spaced = (name) => String(name).replaceAll("_", " ");

function Moves({ words, wallets, hidden }) {
  const also = hidden ? `${hidden} not shown` : "";
  if (!wallets?.length) return html`<p class="muted">${words}: ${also || "none"}.</p>`;
  return html`<details><summary>${words}: ${wallets.length}${also && `, ${also}`}</summary>
    <p class="addresses">
    ${wallets.map((wallet) => html`<${Address} key=${wallet} wallet=${wallet} />`)}</p></details>`;
}

function Excluded({ excluded }) {
  const list = Object.entries(excluded ?? {});
  if (!list.length) return null;
  return html`<p class="muted">Passed over:
    ${" "}${list.map(([why, wallets]) => `${wallets} ${spaced(why)}`).join(", ")}.</p>`;
}

function Members({ old, feed }) {
  const { data } = feed;
  return html`<${Failure} feed=${feed} what="the universe" />
    ${!data && feed.loading && html`<${Skeleton} rows=${8} />`}
    ${
      data &&
      html`<div class="universe-moves"><${Moves} words="Entered" wallets=${data.entered}
          hidden=${data.entered_not_shown} />
        <${Moves} words="Left" wallets=${data.exited}
          hidden=${data.exited_not_shown} />
        <${Excluded} excluded=${data.excluded} /></div>
      <${Table} name="universe" title="Members" columns=${MEMBER_COLUMNS} old=${old || feed.old}
        rows=${data.members.map((row) => ({ ...row, id: row.wallet }))}
        note=${data.not_shown && `${data.not_shown.wallets} ${data.not_shown.because} not shown`} />`
    }`;
}

/** `universe` in short comes with the screen; its members are asked for when they are opened. */
export function Universe({ universe, route }) {
  const open = route.query.get("universe") === "open";
  const feed = useFeed(open ? "/api/v1/smart-money/universe" : null);
  return html`<section class="universe" data-part="universe">
    <header class="table-bar"><h2>Universe</h2><span class="grow"></span>
      <a class="quiet" href=${here({ universe: open ? null : "open" })}
        aria-expanded=${String(open)}>${open ? "Hide members" : "Show members"}</a></header>
    <${Facts} rows=${[
      ["Members", html`<${Amount} value=${String(universe.members)} kind="count" />`],
      [
        "Churn",
        universe.churn === null
          ? html`<${Amount} value=${null} reason="Unknown because it is the first universe." />`
          : html`<span data-exact=${universe.churn}
              title="The share of the members that are new">${percent(universe.churn)}</span>`,
      ],
      [
        "Taken",
        html`<span data-exact=${universe.taken_at}><${Ago} iso=${universe.taken_at} /></span>`,
      ],
      ["From", SOURCES[universe.source] ?? spaced(universe.source)],
    ]} />
    ${open && html`<${Members} feed=${feed} />`}
  </section>`;
}
