// The slices of one TWAP: their charts and their table.

import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Fold } from "../../components/Fold.js";
import { Pager } from "../../components/Pager.js";
import { proofOfTwap } from "../../components/proof_link.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeedChain } from "../../feed.js";
import { html, useMemo } from "../../preact.js";
import { here } from "../../route.js";
import { add, group } from "../../vocabulary/decimal.js";
import { sliceColumns } from "./slice_columns.js";
import { SliceCharts } from "./SliceCharts.js";

const SLICES_PER_ANSWER = 500;
const ANSWERS_MAX = 12; // 6,000 slices: a TWAP of a day has 2,880
const SLICES_PER_PAGE = 50;
/** One page of the slices; the charts above show all slices. */
function Slices({ chain, path, slices, route, href, id }) {
  const pages = Math.max(1, Math.ceil(slices.length / SLICES_PER_PAGE));
  const page = Math.min(Math.max(1, Number(route.query.get("page")) || 1), pages);
  const first = (page - 1) * SLICES_PER_PAGE;
  const rows = slices.slice(first, first + SLICES_PER_PAGE);
  const step = (n) =>
    n >= 1 && n <= pages && n !== page ? here({ page: n > 1 ? n : null }) : null;
  const steps = [
    ["First", step(1)],
    ["Previous", step(page - 1)],
    ["Next", step(page + 1)],
  ];
  const pager =
    pages > 1 &&
    html`<${Pager} steps=${steps}>${first + 1} to ${first + rows.length} of
    ${" "}${group(String(slices.length))} slices, oldest first<//>`;
  return html`<${Table} name="slices" title="Slices" columns=${sliceColumns(href)} order=${false}
    rows=${rows.map((row) => ({ ...row, id: `${row.at}:${row.oid}` }))} file=${`slices-${id}`}
    list=${wholeList(path)}
    note=${!chain.complete && (chain.loading ? "loading more" : "only the first slices are shown")}
    pager=${pager} />`;
}

function NoSlices({ twap }) {
  if (twap.total.source === "slices") return null;
  return html`<${Empty} title="No slices are stored"
    command=${`hypertally wallets add ${twap.wallet}`}>
    Slices are stored for tracked wallets. The figures above come from the statuses.<//>`;
}

function withRunningSums(slices) {
  let sum = "0";
  return slices.map((slice) => {
    sum = add(sum, slice.size) ?? sum;
    return { ...slice, so_far: sum };
  });
}

export function Execution({ twap, route }) {
  const id = twap.twap_id;
  const path = `/api/v1/twaps/${id}/slices?limit=${SLICES_PER_ANSWER}&wallet=${twap.wallet}`;
  const chain = useFeedChain(path, "slices", { pagesMax: ANSWERS_MAX });
  const slices = useMemo(() => withRunningSums(chain.rows), [chain.rows]);
  if (chain.data && !slices.length) return html`<${NoSlices} twap=${twap} />`;
  return html`<${Failure} feed=${chain} what="the slices" />
    ${!chain.data && chain.loading && html`<${Skeleton} shape="chart" rows=${1} />`}
    ${
      slices.length > 0 &&
      html`<${SliceCharts} twap=${twap} slices=${slices} />
      <${Fold} name="slices" title="Slices" count=${group(String(slices.length))}><${Slices}
        chain=${chain} path=${path} slices=${slices} route=${route} id=${id}
        href=${proofOfTwap(twap, "executed_size")} /><//>`
    }`;
}
