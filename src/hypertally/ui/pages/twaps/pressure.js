// Pressure: what the running TWAPs still have to buy and sell, asset by asset.

import { Ago, utc } from "../../clock.js";
import { assetText } from "../../components/cells.js";
import { Empty } from "../../components/Empty.js";
import { Failure, Skeleton } from "../../components/Failure.js";
import { Table } from "../../components/Table.js";
import { useFeed } from "../../feed.js";
import { html } from "../../preact.js";
import { here } from "../../route.js";
import { Forecast } from "./Forecast.js";
import { pressureColumns } from "./pressure_columns.js";
import { RUNNING_COLUMNS } from "./slice_columns.js";

const STALE_MS = 86_400_000;
const LISTED_MAX = 200; // the API lists no more
const INGEST = "hypertally twap ingest --incremental";
function StatusesKnownUntil({ data }) {
  const until = data.statuses_known_until;
  if (!until) return html`<span class="warning-line">No statuses are stored</span>`;
  return html`<span class="muted">statuses known until <span title=${until}
    data-exact=${until}>${utc(until).slice(0, 16)} UTC</span>, <${Ago} iso=${until} /></span>`;
}

function Stale({ data }) {
  const until = data.statuses_known_until;
  if (!until || Date.parse(data.as_of) - Date.parse(until) <= STALE_MS) return null;
  return html`<p class="warning-line" role="status">The newest status is from ${utc(until)} UTC,
    more than a day ago: TWAPs that started since then are missing here, and some of the TWAPs
    below may have ended. Import newer statuses: <code>${INGEST}</code></p>`;
}

function Running({ data, asset, name, old }) {
  const rows = data.running
    .filter((row) => !asset || row.asset === asset)
    .map((row) => ({ ...row, id: `${row.twap_id}:${row.wallet}` }));
  const cut = data.running.length >= LISTED_MAX && `the first ${LISTED_MAX} to end`;
  const all = html`<a class="quiet" href=${here({ asset: null })}>All assets</a>`;
  const title = asset ? `Running TWAPs in ${name}` : "Running TWAPs";
  return html`<${Table} name="running" title=${title}
    columns=${RUNNING_COLUMNS} rows=${rows} old=${old} note=${cut} actions=${asset && all} />`;
}

function Shown({ feed, route }) {
  const { data, old } = feed;
  const asset = route.query.get("asset");
  const coin = data.coins.find((candidate) => candidate.asset === asset);
  const rows = data.coins.map((row) => ({ ...row, id: row.asset }));
  return html`<${Table} name="pressure" title="By asset" columns=${pressureColumns(data.coins)}
      rows=${rows} old=${old} rowClass=${(row) => (row.asset === asset ? "chosen" : "")} />
    ${
      asset &&
      !coin &&
      html`<p class="muted">No TWAP runs in ${asset}.${" "}
      <a href=${here({ asset: null })}>All assets</a></p>`
    }
    ${coin && html`<${Forecast} key=${asset} coin=${coin} route=${route} old=${old} />`}
    <${Running} data=${data} asset=${coin && asset} name=${coin && assetText(coin)} old=${old} />`;
}

export function Pressure({ route, chooser }) {
  const feed = useFeed("/api/v1/twaps/pressure");
  const { data } = feed;
  return html`<header class="page-head"><h1>TWAPs</h1>
      ${
        data &&
        html`<span class="muted">as of ${utc(data.as_of)} UTC</span><${StatusesKnownUntil}
        data=${data} />`
      }
      ${chooser}</header>
    <${Failure} feed=${feed} what="the pressure" />
    ${!data && feed.loading && html`<${Skeleton} rows=${10} />`}
    ${data && html`<${Stale} data=${data} />`}
    ${
      data &&
      !data.coins.length &&
      html`<${Empty} title="No running TWAP is known"
      command=${INGEST}>Import newer statuses from the TWAP source:<//>`
    }
    ${data?.coins.length > 0 && html`<${Shown} feed=${feed} route=${route} />`}`;
}
