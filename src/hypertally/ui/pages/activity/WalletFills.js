// The fills of a wallet, with filters by coin and day.

import { CoinField } from "../../coin_field.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { cursorSteps, Pager } from "../../components/Pager.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { go, here } from "../../route.js";
import { fillColumns } from "./fill_columns.js";

const FILLS_PER_PAGE = 100;
function Filter({ route }) {
  const value = (name) => route.query.get(name) ?? "";
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const field = (name) => form.get(name).trim() || null;
    go(here({ coin: field("coin"), from: field("from"), to: field("to"), cursor: null }));
  };
  const filtered = ["coin", "from", "to"].some((name) => value(name));
  return html`<form class="filter" onSubmit=${submit}
    key=${`${value("coin")}${value("from")}${value("to")}`}>
    <${CoinField} name="coin" label="Coin" value=${value("coin")} />
    <label>From <input name="from" type="date" value=${value("from")} /></label>
    <label>To <input name="to" type="date" value=${value("to")} /></label>
    <button type="submit">Show</button>
    ${
      filtered &&
      html`<a class="quiet"
      href=${here({ coin: null, from: null, to: null, cursor: null })}>All</a>`
    }
  </form>`;
}

export function Fills({ wallet, route }) {
  const cursor = route.query.get("cursor");
  const search = new URLSearchParams({ limit: FILLS_PER_PAGE });
  for (const name of ["from", "to", "coin", "cursor"]) {
    if (route.query.get(name)) search.set(name, route.query.get(name));
  }
  const path = `/api/v1/wallets/${wallet}/fills?${search}`;
  const feed = useFeed(path);
  const { data } = feed;
  return html`<div id="fills"><${Failure} feed=${feed} what="the fills" />
    ${!data && feed.loading && html`<${Skeleton} rows=${10} />`}
    ${
      data &&
      html`<${Table} name="fills" title="Fills" columns=${fillColumns()} rows=${data.fills}
        old=${feed.old} order=${false} file=${`fills-${wallet}`} list=${wholeList(path)}
      actions=${html`<${Filter} route=${route} />`} pager=${html`<${Pager}
        steps=${cursorSteps(cursor, feed)}>Newest first<//>`} />`
    }
    ${data && !data.fills.length && html`<p class="muted">No fill matches.</p>`}</div>`;
}
