// One wallet: its totals, its record, its days, its TWAPs, its gaps, its fills.

import { shiftDay } from "../../clock.js";
import { Series } from "../../components/charts/Series.js";
import { Copy } from "../../components/Copy.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Figure } from "../../components/Figure.js";
import { Fold } from "../../components/Fold.js";
import { Pager } from "../../components/Pager.js";
import { proofOf } from "../../components/proof_link.js";
import { SpanPicker } from "../../components/SpanPicker.js";
import { Switch } from "../../components/Switch.js";
import { Table } from "../../components/Table.js";
import { wholeList } from "../../csv.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { group } from "../../vocabulary/decimal.js";
import { intervalOf } from "../../vocabulary/intervals.js";
import { descriptionOf, kindOf, labelOf } from "../../vocabulary/measures.js";
import { ALL, spanOf } from "../../spans.js";
import { FirstPulls } from "../service/FirstPulls.js";
import { StoryNotes } from "../service/Stories.js";
import { WalletTwaps } from "../twaps/wallet_twaps.js";
import { FEES_CHART, FILLS_CHART, PNL_CHART, WALLET_SPLITS } from "./chart_layers.js";
import {
  completenessColumn,
  DAY_FIELDS,
  DAY_FIELDS_HIDDEN,
  dayCell,
  dayColumn,
} from "./day_columns.js";
import { gapColumns } from "./gap_columns.js";
import { WALLET_SPANS, walletDaysPath } from "./ProofRange.js";
import { Fills } from "./WalletFills.js";
import { Record } from "./WalletRecord.js";
import { Words } from "./words.js";

const DAYS_PER_PAGE = 90;
const HEADLINES = ["legs_volume_usd", "gross_realised_pnl_usd", "fees_usd", "fills", "days_active"];
const PARTS = [
  "perp_volume_usd",
  "hip3_volume_usd",
  "spot_volume_usd",
  "outcome_volume_usd",
  "taker_volume_usd",
  "maker_volume_usd",
];
const REASON = "Not fully known: click to see the days.";

/** The total volume of a single wallet is called its volume. */
const nameOf = (field) => (field === "legs_volume_usd" ? "volume_usd" : field);

function Figures({ wallet, total, small, fields }) {
  return html`<div class=${`figures ${small ? "parts" : ""}`}>
    ${fields.map(
      (field) => html`<${Figure} key=${field} field=${field}
        label=${labelOf(nameOf(field))}
      description=${descriptionOf(nameOf(field))} kind=${kindOf(field)} small=${small}
      value=${total[field] ?? null} interval=${intervalOf(total, field)}
        reason=${REASON}
      completeness=${total.completeness} completenessDays=${total}
      href=${proofOf("span", wallet, field)} />`,
    )}
  </div>`;
}

/** The days of one page of the table: from the newest, or from the day in the URL, backwards. */
function pageOf(feed, route) {
  const until = route.query.get("until");
  const days = until ? feed.data.days.filter((day) => day.day <= until) : feed.data.days;
  return { days: days.slice(0, DAYS_PER_PAGE), hasOlder: days.length > DAYS_PER_PAGE };
}

function Days({ wallet, feed, path, route }) {
  const { days, hasOlder } = pageOf(feed, route);
  const hrefOf = (day, field) => proofOf("wallet", wallet, day.day, field);
  const columns = [
    { key: "day", label: "Day", kind: "day", cell: dayCell },
    ...DAY_FIELDS.map((field) => dayColumn(field, hrefOf)),
    ...DAY_FIELDS_HIDDEN.map((field) => dayColumn(field, hrefOf, { hidden: true })),
    completenessColumn,
  ];
  const older = hasOlder ? here({ until: shiftDay(days.at(-1).day, -1) }) : null;
  const newest = route.query.get("until") ? here({ until: null }) : null;
  return html`<${Table} name="days" title="Days" columns=${columns} rows=${days} old=${feed.old}
    file=${`days-${wallet}`} list=${wholeList(path)}
    rowClass=${(day) => (day.closed === false ? "partial" : "")}
    pager=${
      (older || newest) && html`<${Pager} steps=${[["Newest", newest], ["Older", older]]} />`
    } />`;
}

/** Days without fills have no row; the charts leave their places empty. */
function Charts({ wallet, feed, route, split }) {
  const days = [...pageOf(feed, route).days].reverse();
  const hrefOf = (day, field) => proofOf("wallet", wallet, day.day, field);
  const chooser = html`<${Switch} name="split" label="Split volume by" current=${split} first="kind"
    items=${Object.entries(WALLET_SPLITS).map(([key, { label }]) => [key, label])} />`;
  return html`<div class="charts thirds">
    <div class="wide"><${Series} key=${split} name="volume" title="Volume, USD"
      description=${descriptionOf("volume_usd")} days=${days} layers=${WALLET_SPLITS[split].layers}
        hrefOf=${hrefOf} old=${feed.old} actions=${chooser} /></div>
    ${[PNL_CHART, FEES_CHART, FILLS_CHART].map(
      ({ name, title, layers }) => html`<${Series} key=${name} name=${name} title=${title}
        description=${descriptionOf(layers[0].field)}
      days=${days} layers=${layers} hrefOf=${hrefOf} old=${feed.old} />`,
    )}
  </div>`;
}

function Head({ wallet, data }) {
  const until = data?.to_day ? ` to ${data.to_day}` : "";
  return html`<header class="page-head wallet-head">
    <h1><span class="muted">Wallet</span>${" "}
      ${data?.label && html`<span data-part="label">${data.label}</span>${" "}`}
      <code class="whole-address" data-exact=${wallet}>${wallet}</code></h1>
    <${Copy} text=${wallet} />
    <${Words} name="tag" words=${data?.tags} /><${Words} name="group" words=${data?.groups} />
    ${data?.from_day && html`<span class="muted">tracked from ${data.from_day}${until}</span>`}
  </header>
  ${data?.note && html`<p class="wallet-note" data-part="note">${data.note}</p>`}
  <${StoryNotes} of=${(story) => story.wallet === wallet && story.kind !== "twap"} />`;
}

export function Wallet({ route, wallet, role }) {
  const split = WALLET_SPLITS[route.query.get("split")] ? route.query.get("split") : "kind";
  const feed = useFeed(`/api/v1/wallets/${wallet}`);
  const span = spanOf(route.query.get("range"), WALLET_SPANS, ALL);
  const daysPath = walletDaysPath(wallet, span);
  const days = useFeed(daysPath);
  const total = days.data?.total;
  const { data } = feed;
  const head = html`<${Head} wallet=${wallet} data=${data} />`;
  if (feed.error?.status === 404 && !data) {
    return html`${head}<${Empty} title="This org does not track this wallet"
      command=${`hypertally wallets add ${wallet}`} /><${WalletTwaps} wallet=${wallet} />`;
  }
  return html`${head}
    <${Failure} feed=${feed} what="the wallet" role=${role} />
    ${data && !data.record.pulled_at && html`<${FirstPulls}>This wallet is not read yet.<//>`}
    ${!data && feed.loading && html`<${Skeleton} shape="figures" rows=${5} />`}
    ${
      data &&
      html`<div class="row"><${SpanPicker} name="range" label="Range" current=${span} first=${ALL}
        counts=${WALLET_SPANS} clears=${{ until: null }} />
        ${total?.from && html`<span class="muted">${total.from} to ${total.to}</span>`}</div>`
    }
    ${
      total &&
      html`<${Figures} wallet=${wallet} total=${total} fields=${HEADLINES} /><${Figures}
      wallet=${wallet} total=${total} fields=${PARTS} small />`
    }
    ${data && html`<${Record} data=${data} />`}
    ${
      data &&
      !data.fills &&
      html`<${Empty} title="No fills are stored for this wallet"
      command="hypertally status">The status shows whether its fills are still being fetched:<//>`
    }
    <${Failure} feed=${days} what="the days" />
    ${
      days.data?.days.length > 0 &&
      html`<${Fold} name="charts" title="Charts" count="4 charts"><${Charts} wallet=${wallet}
        feed=${days} route=${route} split=${split} /><//>
      <${Fold} name="days" title="Days" count=${String(days.data.days.length)}><${Days}
        wallet=${wallet} feed=${days} path=${daysPath} route=${route} /><//>`
    }
    ${
      data &&
      html`<${Fold} name="twaps" title="TWAPs" count="last 30 days"><${WalletTwaps}
        wallet=${wallet} /><//>`
    }
    ${
      data?.gaps?.length > 0 &&
      html`<${Fold} name="gaps" title="Gaps" count=${group(String(data.record.gaps))}><${Table}
        name="gaps" title="Gaps" columns=${gapColumns()} rows=${data.gaps}
        file=${`gaps-${wallet}`} /><//>`
    }
    ${
      (!data || data.fills > 0) &&
      html`<${Fold} name="fills" title="Fills" count=${data && group(String(data.fills))}><${Fills}
        wallet=${wallet} route=${route} /><//>`
    }`;
}
