// The proof of a figure of a TWAP: definition, subtotals, statuses and slices, restatements.

import { Ago, utc } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { coinCell, timeCell, walletCell } from "../../components/cells.js";
import { Copy } from "../../components/Copy.js";
import {
  curlOf,
  Definition,
  Digest,
  Restatements,
  TermList,
  Unit,
} from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Completeness } from "../../components/Mark.js";
import { cursorButtons } from "../../components/Pager.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html, useState } from "../../preact.js";
import { kindOf, labelOf } from "../../vocabulary/measures.js";
import { sideWords, twapReason } from "../../vocabulary/twaps.js";
import { FILL_COLUMNS, sliceColumns, STATUS_COLUMNS } from "./slice_columns.js";
import { feesNote, FOUND } from "./twap_columns.js";

const SLICES_PER_PAGE = 50;

/** The value of a figure over the whole TWAP. */
export function valueOfWhole(twap, field) {
  const { size, notional, fees_usd, slices } = twap.total;
  const totals = { executed_size: size, executed_notional: notional, fees_usd, slices };
  const { residual } = twap;
  const differences = { size_residual: residual?.size, notional_residual: residual?.notional };
  const values = { ...twap, ...totals, ...differences };
  return values[field] ?? null;
}

function Statuses({ rows }) {
  if (!rows) return null;
  return html`<${Table} name="proof-statuses" title="Statuses" columns=${STATUS_COLUMNS}
    rows=${rows} fixed />`;
}

/** The inputs of a TWAP: its slices; without stored slices its statuses alone. */
function Inputs({ inputs, byStatuses, id, list, cursor, setCursor, old }) {
  const pager = cursorButtons({ cursor, next: inputs.next, setCursor });
  return html`<section><h3>Inputs</h3>
    <${TermList} rows=${[
      [byStatuses ? "Statuses" : "Fills", html`<${Amount} value=${inputs.count} kind="count" />`],
      ["Digest", html`<${Digest} value=${inputs.digest} />`],
      inputs.reference_digest && [
        "Statuses and candles",
        html`<${Digest} value=${inputs.reference_digest} />`,
      ],
    ]} />
    <${Statuses} rows=${inputs.statuses} />
    ${
      inputs.slices?.length > 0 &&
      html`<${Table} name="proof-slices" title="Slices"
      columns=${sliceColumns().filter(({ key }) => key !== "so_far")} rows=${inputs.slices}
      old=${old} file=${`slices-${id}`} list=${list} pager=${pager} />`
    }
    ${
      inputs.fills?.length > 0 &&
      html`<${Table} name="proof-fills" title="Fills of these slices" columns=${FILL_COLUMNS}
      rows=${inputs.fills} old=${old} file=${`fills-${id}`} fixed />`
    }
  </section>`;
}

function Head({ id, field, data }) {
  const twap = data?.value;
  return html`<div class="proof-head">
    <h2>${labelOf(field)}</h2>
    <p class="muted">TWAP ${id}${
      twap &&
      html`: ${sideWords(twap.side)} ${coinCell(twap)} of ${walletCell(twap)},
      from ${utc(twap.started_at)}, over the whole TWAP`
    }</p>
    ${
      twap &&
      html`<p class="proof-value"><${Amount} value=${valueOfWhole(twap, field)}
        kind=${kindOf(field)}
          reason=${twapReason(twap, field, "total")} restated=${twap.restated} />
        <${Unit} field=${field} />
        ${
          twap.completeness !== null &&
          html`<${Completeness} share=${twap.completeness} always
          description=${FOUND} />`
        }</p>
      ${
        valueOfWhole(twap, field) === null &&
        html`<p class="warning-line">
        ${twapReason(twap, field, "total")}</p>`
      }`
    }
  </div>`;
}

const gapText = (gap) =>
  typeof gap === "string" ? gap : (gap.reason ?? gap.kind ?? JSON.stringify(gap));

function Gaps({ list }) {
  return html`<section><h3>Gaps</h3>${
    list?.length
      ? list.map((gap) => html`<p key=${gapText(gap)} class="warning-line">${gapText(gap)}</p>`)
      : html`<p class="muted">No gap is known.</p>`
  }</section>`;
}

const HOUR_COLUMNS = [
  { key: "from", label: "Hour", unit: "UTC", kind: "time", cell: timeCell("from") },
  { key: "slices", label: "Slices", kind: "count" },
  { key: "fills", label: "Fills", kind: "count" },
  { key: "size", label: "Size", unit: "coin", kind: "size" },
  { key: "notional", label: "Notional", kind: "size" },
  {
    key: "fees_usd",
    label: "Fees",
    unit: "USD",
    kind: "fee",
    note: feesNote,
    reason: () => "Unknown because a fee token has no price.",
  },
];

function computed({ computed_at: at }) {
  return at ? html`Computed <${Ago} iso=${at} />` : "The time of computation is not stored";
}

export function TwapProof({ id, field, wallet, session }) {
  const [cursor, setCursor] = useState(null);
  const search = new URLSearchParams({ limit: SLICES_PER_PAGE });
  if (cursor) search.set("cursor", cursor);
  if (wallet) search.set("wallet", wallet);
  const path = `/api/v1/explain/twaps/${id}?${search}`;
  const list = wholeList(`/api/v1/twaps/${id}/slices?${search}`);
  const feed = useFeed(path);
  const { data } = feed;
  return html`<${Head} id=${id} field=${field} data=${data} />
    <${Failure} feed=${feed} what="the proof" role=${session?.role} />
    ${!data && feed.loading && html`<${Skeleton} rows=${10} />`}
    ${
      data &&
      html`<${Definition} definition=${data.definition} field=${field} />
      ${
        data.subtotals?.length > 0 &&
        html`<section><h3>Subtotals</h3><${Table} name="subtotals"
        title="By hour" columns=${HOUR_COLUMNS} rows=${data.subtotals} fixed /></section>`
      }
      <${Gaps} list=${data.gaps} />
      <${Restatements} list=${data.restatements} field=${field} />
      <${Inputs} inputs=${data.inputs} byStatuses=${data.metric === "twaps"} id=${id}
        list=${list}
        cursor=${cursor} setCursor=${setCursor} old=${feed.old} />
      <footer class="proof-foot"><span class="muted">${computed(data)}</span><span
        class="grow"></span>
        <${Copy} text=${curlOf(path, session)} label="Copy as curl" /></footer>`
    }`;
}
