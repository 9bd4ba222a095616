// The frame of every page: the rail, the top bar, the mark of health.

import { STATES_PATH } from "../alert_states.js";
import { Ago } from "../clock.js";
import { Mark } from "../components/Mark.js";
import { useFeed, useOnline } from "../feed.js";
import { html } from "../preact.js";
import { link } from "../route.js";
import { switchTheme, useTheme } from "../theme.js";
import { otherExchange } from "../vocabulary/exchange.js";
import { Search } from "./Search.js";

const READY_CHECK_SECONDS = 30;
const UPDATE_LIMITS =
  "5 minutes if it traded within the hour, 30 minutes within the day, otherwise 2 hours.";
const ICONS = {
  "": html`<path d="M2.5 13.5 V8 M6.2 13.5 V3.5 M9.9 13.5 V6.5 M13.5 13.5 V9.5" />`,
  leaderboard: html`<path d="M2.5 4 h11 M2.5 8 h8 M2.5 12 h5" />`,
  wallets: html`<path d="M2 5 h12 v8 H2 Z M2 5 L10.5 2.5 V5 M10.5 9 h1.2" />`,
  twaps: html`<path d="M2 13 h3 v-3.5 h3 V6.5 h3 V3 h3" />`,
  "smart-money": html`<path d="M2 12.5 a6 6 0 1 1 12 0 M8 12.5 L11 7.5" />`,
  coverage: html`<path d="M2 8 h4.5 M9.5 8 H14 M8 3.2 v1.6 M8 11.2 v1.6 M6.5 6 v4 M9.5 6 v4" />`,
};
export const PLACES = [
  ["", "Overview", "o"],
  ["leaderboard", "Leaderboard", "l"],
  ["wallets", "Wallets", "w"],
  ["smart-money", "Smart money", "s"],
  ["twaps", "TWAPs", "t"],
  ["coverage", "Coverage", "c"],
];

export function Rail({ page }) {
  return html`<nav class="rail" aria-label="Pages">
    <a class="brand" href="#/" aria-label="hypertally, overview"><span class="brand-mark"
      aria-hidden="true"></span>hypertally</a>
    ${PLACES.map(
      ([path, name]) => html`<a key=${path} class="place" href=${link(path)}
        aria-current=${page === path ? "page" : undefined}>
      <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor"
        stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
          ${ICONS[path]}</svg>
      <span>${name}</span></a>`,
    )}
    <div class="rail-foot"><kbd>?</kbd> keys</div>
  </nav>`;
}

/** [level, word, description]; the worst known problem wins. */
function health({ online, ready, summary, checks }) {
  if (!online || ready.error?.offline)
    return ["halt", "offline", "The server cannot be reached. The figures are from the last load."];
  if (ready.error) {
    const problems = ready.error.body?.problems ?? [ready.error.message];
    return [
      "halt",
      "not ready",
      `The server cannot serve correct figures:\n${[problems].flat().join("\n")}`,
    ];
  }
  if (!ready.data || !summary.data || !checks.data)
    return ["idle", "checking", "Waiting for the first answer of the server."];
  const { wallets_behind: behind, tracked_wallets: tracked, proven_until: until } = summary.data;
  const proved = until
    ? `The fills of all wallets are proved complete until ${until}.`
    : "The fills of some wallets have not been fetched completely yet.";
  if (summary.error) return ["warning", "stale", `${summary.error.message}\n${proved}`];
  if (behind > 0)
    return [
      "warning",
      `${behind} of ${tracked} behind`,
      `${behind} wallets were not updated in time. Limit per wallet: ${UPDATE_LIMITS}\n${proved}`,
    ];
  if (tracked > 0 && !until) return ["warning", "first load", proved];
  if (checks.data?.unchecked)
    return ["warning", "alerts unchecked", `No worker checks alerts now.\n${proved}`];
  return ["good", "up to date", proved];
}

/** Who reads, and whose books these are where it is not the real exchange's. */
function Org({ session }) {
  const org = session?.org;
  const exchange = otherExchange(session?.exchange);
  const title = `These books are of ${session?.exchange}, not of the real exchange.`;
  return html`<div class="books">
    <span class="org" title=${session ? `Signed in as ${session.role}` : ""}>
      ${typeof org === "object" ? (org?.name ?? "") : (org ?? "")}</span>
    ${exchange && html`<span class="muted exchange" data-part="exchange" title=${title}>
      ${exchange}</span>`}
  </div>`;
}

export function TopBar({ session }) {
  const theme = useTheme();
  const online = useOnline();
  const ready = useFeed("/readyz", { everySeconds: READY_CHECK_SECONDS });
  const summary = useFeed("/api/v1/dashboard/summary");
  const checks = useFeed(STATES_PATH);
  const [level, word, title] = health({ online, ready, summary, checks });
  const asOf = summary.data?.as_of;
  return html`<header class="top">
    <${Org} session=${session} />
    <${Search} />
    <span class="grow"></span>
    ${
      asOf &&
      html`<span class="as-of" aria-live="off"><span class="muted">as of</span> <span
      title=${asOf}>${asOf.slice(0, 10)} ${asOf.slice(11, 16)} UTC</span><span
        class="muted ago">, <${Ago} iso=${asOf} /></span></span>`
    }
    <${Mark} level=${level} title=${title}>${word}<//>
    <button type="button" class="quiet theme" onClick=${switchTheme}
      aria-label=${`Switch to the ${theme === "dark" ? "light" : "dark"} theme`}>
      <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true"><circle cx="8" cy="8" r="6"
        fill="none" stroke="currentColor" stroke-width="1.4" /><path d="M8 2 a6 6 0 0 1 0 12 Z"
          fill="currentColor" /></svg>
    </button>
    <a class="quiet sign-out" href="/sign-out" aria-label="Sign out" title="Sign out">
      <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true"><path fill="none"
        stroke="currentColor" stroke-width="1.4"
        d="M9.5 2.5 H3 V13.5 H9.5 M6.5 8 H14 M11 5 L14 8 L11 11" /></svg>
    </a>
  </header>`;
}
