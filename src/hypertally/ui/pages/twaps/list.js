// The list of TWAPs that were running in a range of time, newest first.

import { utc } from "../../clock.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { cursorSteps, Pager } from "../../components/Pager.js";
import { proofOfTwap } from "../../components/proof_link.js";
import { sortOf, Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import {
  Filter,
  Filters,
  isFiltered,
  RangeChoice,
  searchOf,
  StatusChoice,
  useTimeRange,
} from "./filters.js";
import { rowOf, twapColumns } from "./twap_columns.js";

const PER_PAGE = 100;
const NO_FILTER = { wallet: null, asset: null, status: null, cursor: null };

export function ShownRange({ data }) {
  if (!data) return null;
  return html`<span class="muted" title=${`${data.start} to ${data.end}`}>
    ${utc(data.start).slice(0, 16)} to ${utc(data.end).slice(0, 16)} UTC</span>`;
}

function Nothing({ filtered, data }) {
  if (filtered) {
    return html`<${Empty} title="No TWAP matches">
      <a href=${here(NO_FILTER)}>Remove the filters</a>, or choose a longer range.<//>`;
  }
  return html`<${Empty} title="No TWAPs are stored in this range"
    command="hypertally twap ingest --incremental">
    From ${utc(data.start)} to ${utc(data.end)} UTC. Import newer statuses from the TWAP
    source:<//>`;
}

function Rows({ feed, path, cursor }) {
  const { data } = feed;
  const columns = twapColumns(proofOfTwap);
  const order = sortOf("twaps") ? "This page is sorted" : "Newest first";
  return html`<${Table} name="twaps" columns=${columns} rows=${data.twaps.map(rowOf)}
    old=${feed.old} title="TWAPs" file=${`twaps-${data.start.slice(0, 10)}`}
    list=${wholeList(path)}
    pager=${html`<${Pager} steps=${cursorSteps(cursor, feed)}>${order}<//>`} />`;
}

export function TwapList({ route, chooser }) {
  const { query } = route;
  const cursor = query.get("cursor");
  const timeRange = useTimeRange(query);
  const path = `/api/v1/twaps?${searchOf(query, timeRange, { limit: PER_PAGE })}`;
  const feed = useFeed(path);
  const { data } = feed;
  return html`<header class="page-head"><h1>TWAPs</h1><${ShownRange} data=${data} />${chooser}
    </header>
    <${Filters} query=${query} range=${timeRange.range}><${RangeChoice} range=${timeRange.range}
      /><${StatusChoice} query=${query} /><${Filter} query=${query} /><//>
    <${Failure} feed=${feed} what="the TWAPs" />
    ${!data && feed.loading && html`<${Skeleton} rows=${12} />`}
    ${
      data &&
      !data.twaps.length &&
      html`<${Nothing} filtered=${isFiltered(query) || cursor}
      data=${data} />`
    }
    ${data?.twaps.length > 0 && html`<${Rows} feed=${feed} path=${path} cursor=${cursor} />`}`;
}
