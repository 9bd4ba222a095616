// The newest TWAPs of a wallet, with a link to all of them.

import { shiftDay } from "../../clock.js";
import { Failure } from "../../components/Failure.js";
import { proofOfTwap } from "../../components/proof_link.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html, useState } from "../../preact.js";
import { link } from "../../route.js";
import { dayStart } from "./filters.js";
import { compactColumns, rowOf } from "./twap_columns.js";

const DAYS = 30;
const SHOWN_MAX = 10;

const today = () => new Date().toISOString().slice(0, 10);

export function WalletTwaps({ wallet }) {
  const [start] = useState(() => dayStart(shiftDay(today(), -DAYS)));
  const search = new URLSearchParams({ wallet, start, limit: SHOWN_MAX });
  const path = `/api/v1/twaps?${search}`;
  const feed = useFeed(path);
  const { data } = feed;
  const all = html`<a class="quiet" href=${link("twaps", { wallet, range: `${DAYS}d` })}>
    All TWAPs of the wallet</a>`;
  const note = data?.next ? `the newest ${SHOWN_MAX} of ${DAYS} days` : `last ${DAYS} days`;
  if (data && !data.twaps.length) {
    return html`<section class="table" data-table="twaps"><header class="table-bar"><h2>TWAPs</h2>
      <span class="muted">None in the last ${DAYS} days.</span><span class="grow"></span>
      ${all}</header></section>`;
  }
  return html`<${Failure} feed=${feed} what="the TWAPs" />
    ${
      data &&
      html`<${Table} name="twaps" title="TWAPs" rows=${data.twaps.map(rowOf)} old=${feed.old}
        columns=${compactColumns(proofOfTwap)}
        note=${note} actions=${all} file=${`twaps-${wallet}`}
        list=${wholeList(path)} />`
    }`;
}
