// The proof of a figure of one day: definition, subtotals, inputs, gaps, restatements.

import { Ago } from "../../clock.js";
import { Amount } from "../../components/Amount.js";
import { Address, coinCell, walletCell } from "../../components/cells.js";
import { Copy } from "../../components/Copy.js";
import {
  curlOf,
  Definition,
  Digest,
  Restatements,
  TermList,
  Tokens,
  Unit,
} from "../../components/Evidence.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Completeness } from "../../components/Mark.js";
import { cursorButtons } from "../../components/Pager.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html, useState } from "../../preact.js";
import { here } from "../../route.js";
import { intervalOf } from "../../vocabulary/intervals.js";
import { kindOf, labelOf, reasonOf } from "../../vocabulary/measures.js";
import { fillColumns } from "./fill_columns.js";
import { gapColumns } from "./gap_columns.js";

const INPUTS_PER_PAGE = 50;

const SUBTOTAL_COLUMNS = [
  { key: "coin", label: "Coin or kind", cell: (row) => (row.coin ? coinCell(row) : row.kind) },
  { key: "fills", label: "Fills", kind: "count" },
  { key: "volume_usd", label: "Volume", unit: "USD", kind: "usd" },
  { key: "taker_volume_usd", label: "Taker", unit: "USD", kind: "usd" },
  { key: "maker_volume_usd", label: "Maker", unit: "USD", kind: "usd" },
  { key: "closed_pnl", label: "Closed PnL", kind: "pnl" },
  { key: "fees", label: "Fees", cell: (row) => html`<${Tokens} amounts=${row.fees} />` },
];

function pathOf({ wallet, day }, cursor) {
  const key = wallet ? `wallet_day_metrics/${wallet}/${day}` : `global_day_metrics/${day}`;
  const search = new URLSearchParams({ limit: INPUTS_PER_PAGE });
  if (cursor) search.set("cursor", cursor);
  return `/api/v1/explain/${key}?${search}`;
}

function walletColumns(day, field) {
  return [
    { key: "wallet", label: "Wallet", cell: walletCell },
    { key: "fills", label: "Fills", kind: "count" },
    {
      key: "volume_usd",
      label: "Volume",
      unit: "USD",
      kind: "usd",
      href: (row) =>
        here({
          proof: `wallet:${row.wallet}:${day}:${WALLET_FIELDS.has(field) ? field : "fills"}`,
        }),
    },
    {
      key: "digest",
      label: "Digest",
      cell: (row) => html`<code class="clip" title=${row.digest}>${row.digest}</code>`,
    },
  ];
}

/** Figures of a day of the org that a day of a wallet has as well. */
const WALLET_FIELDS = new Set([
  "fills",
  "events",
  "forced_fills",
  "spot_volume_usd",
  "perp_volume_usd",
  "hip3_volume_usd",
  "outcome_volume_usd",
  "other_volume_usd",
  "taker_volume_usd",
  "maker_volume_usd",
  "gross_realised_pnl_usd",
  "fees_usd",
  "builder_fees_usd",
]);

function Inputs({ inputs, path, day, field, cursor, setCursor, old }) {
  const rows = inputs.fills ?? inputs.wallets ?? [];
  const columns = inputs.fills ? fillColumns({ day }) : walletColumns(day, field);
  const pager = cursorButtons({ cursor, next: inputs.next, setCursor });
  return html`<section><h3>Inputs</h3>
    <${TermList} rows=${[
      [inputs.fills ? "Fills" : "Wallets", html`<${Amount} value=${inputs.count} kind="count" />`],
      ["Digest", html`<${Digest} value=${inputs.digest} />`],
      inputs.reference_digest !== undefined && [
        "Prices and markets",
        html`<${Digest} value=${inputs.reference_digest} />`,
      ],
    ]} />
    <${Table} name="inputs" title=${inputs.fills ? "Fills" : "Wallets"}
      columns=${columns} rows=${rows}
      old=${old} file=${`inputs-${day}`} list=${wholeList(path)} pager=${pager} />
  </section>`;
}

function Gaps({ data }) {
  const gaps = data.gaps ?? [];
  const unpriced = data.unpriced ?? [];
  return html`<section><h3>Gaps</h3>
    ${
      gaps.length
        ? html`<${Table} name="proof-gaps" title=${`${gaps.length} on this day`}
          columns=${gapColumns({ wallets: Boolean(gaps[0].wallet) })} rows=${gaps} fixed />`
        : html`<p class="muted">None known on this day.</p>`
    }
    ${unpriced.map(
      (item) => html`<p key=${item.token} class="warning-line">
      ${item.fills} fills in ${item.token} have no USD price: ${item.reason}</p>`,
    )}
  </section>`;
}

/** Why a figure is preliminary; null when it is final. */
function preliminaryReason(value) {
  if (value.partial) return "Preliminary: the day is not over.";
  if (value.closed === false)
    return "Preliminary: the fills are not proved complete to the end of the day.";
  return null;
}

export function DayProof({ wallet, day, field, session }) {
  const [cursor, setCursor] = useState(null);
  const path = pathOf({ wallet, day }, cursor);
  const feed = useFeed(path);
  const { data } = feed;
  const value = data?.value;
  return html`<div class="proof-head">
      <h2>${labelOf(field)}</h2>
      <p class="muted">${
        wallet
          ? html`<${Address} wallet=${wallet} label=${data?.key.label}
        tags=${data?.key.tags} />`
          : "All tracked wallets"
      } on ${day}</p>
      ${
        value &&
        html`<p class="proof-value">
        <${Amount} value=${value[field]} kind=${kindOf(field)} reason=${reasonOf(value, field)}
          restated=${value.restated} interval=${intervalOf(value, field)}
          short=${value[field] === null} />
        ${value[field] !== null && html`<${Unit} field=${field} />`}
        ${
          field !== "completeness" &&
          html`<${Completeness} share=${data.completeness ?? value.completeness}
            days=${{ day }} always />`
        }</p>
        ${value[field] === null && html`<p class="warning-line">${reasonOf(value, field)}</p>`}
        ${preliminaryReason(value) && html`<p class="muted">${preliminaryReason(value)}</p>`}`
      }
    </div>
    <${Failure} feed=${feed} what="the proof" role=${session?.role} />
    ${!data && feed.loading && html`<${Skeleton} rows=${10} />`}
    ${
      data &&
      html`
      <${Definition} definition=${data.definition} field=${field} />
      ${
        data.subtotals?.length > 0 &&
        html`<section><h3>Subtotals</h3><${Table} name="subtotals"
          title=${data.subtotals[0].coin ? "By coin" : "By kind"}
        columns=${SUBTOTAL_COLUMNS} rows=${data.subtotals} fixed /></section>`
      }
      <${Gaps} data=${data} />
      <${Restatements} list=${data.restatements} field=${field} />
      <${Inputs} inputs=${data.inputs} path=${path} day=${day} field=${field} cursor=${cursor}
        setCursor=${setCursor} old=${feed.old} />
      <footer class="proof-foot"><span class="muted">Computed ${
        data.computed_at
          ? html`<${Ago}
        iso=${data.computed_at} />`
          : "never"
      }</span>
        <span class="grow"></span><${Copy} text=${curlOf(path, session)} label="Copy as curl" />
          </footer>`
    }`;
}
