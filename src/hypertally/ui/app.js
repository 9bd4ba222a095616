// The start of the page: reads the URL, loads the session, and shows one page in the frame.

import { copyExact } from "./components/copy_exact.js";
import { Empty } from "./components/Empty.js";
import { useFeed, useSignedOut } from "./feed.js";
import { Rail, TopBar } from "./frame/Frame.js";
import { Help } from "./frame/Help.js";
import { listen } from "./frame/keys.js";
import { Proof } from "./frame/Proof.js";
import { TermTip } from "./frame/TermTip.js";
import { Leaderboard } from "./pages/activity/leaderboard.js";
import { Overview } from "./pages/activity/overview.js";
import { Wallet } from "./pages/activity/wallet.js";
import { Wallets } from "./pages/activity/wallets.js";
import { Coverage } from "./pages/service/coverage.js";
import { SignIn } from "./pages/service/sign_in.js";
import { SmartSignal } from "./pages/smart_money/signal.js";
import { SmartMoney } from "./pages/smart_money/smart_money.js";
import { Twap } from "./pages/twaps/twap.js";
import { Twaps } from "./pages/twaps/twaps.js";
import { html, render, useEffect, useState } from "./preact.js";
import { link, returnToPlace, useRoute } from "./route.js";

const PAGE_NAMES = {
  "": "Overview",
  leaderboard: "Leaderboard",
  wallets: "Wallets",
  "smart-money": "Smart money",
  twaps: "TWAPs",
  coverage: "Coverage",
};

function Page({ route, session }) {
  const { page, args } = route;
  if (page === "") return html`<${Overview} route=${route} />`;
  if (page === "leaderboard") return html`<${Leaderboard} route=${route} />`;
  if (page === "coverage") return html`<${Coverage} route=${route} />`;
  if (page === "wallets" && args[0]) {
    const wallet = args[0].toLowerCase();
    return html`<${Wallet} key=${wallet} route=${route} wallet=${wallet} role=${session?.role} />`;
  }
  if (page === "wallets") return html`<${Wallets} route=${route} />`;
  if (page === "twaps" && args[0]) {
    return html`<${Twap} key=${args[0]} route=${route} id=${args[0]} role=${session?.role} />`;
  }
  if (page === "twaps") return html`<${Twaps} route=${route} />`;
  if (page === "smart-money" && Date.parse(args[1])) {
    const [asset, at] = args;
    return html`<${SmartSignal} key=${asset + at} route=${route} asset=${asset} at=${at} />`;
  }
  if (page === "smart-money" && !args[1]) return html`<${SmartMoney} route=${route} />`;
  return html`<h1>Page not found</h1><${Empty} title="No page has this address">Go to the <a
    href=${link("")}>overview</a>.<//>`;
}

function titleOf({ page, args }) {
  if (page === "wallets" && args[0]) return `${args[0].slice(0, 8)}… · hypertally`;
  if (page === "twaps" && args[0]) return `TWAP ${args[0]} · hypertally`;
  if (page === "smart-money" && args[1]) return `${args[0]} signal · hypertally`;
  return `${PAGE_NAMES[page] ?? "Page not found"} · hypertally`;
}

/** The session and the figures load in parallel. */
function App() {
  const route = useRoute();
  const signedOut = useSignedOut();
  const session = useFeed("/api/v1/session").data;
  const [helpOpen, setHelpOpen] = useState(false);
  useEffect(() => listen({ openHelp: () => setHelpOpen(true) }), []);
  useEffect(() => {
    document.title = titleOf(route);
  }, [route]);
  useEffect(() => scrollTo(0, 0), [route.page, route.args.join("/")]);
  if (signedOut) return html`<${SignIn} />`;
  return html`<a class="skip" href="#main" onClick=${focusMain}>Skip to the content</a>
    <div class="frame">
      <${Rail} page=${route.page} />
      <${TopBar} session=${session} />
      <main id="main" tabindex="-1"><${Page} key=${route.page} route=${route} session=${session} />
        <p class="leave"><a href="/sign-out">Sign out</a></p></main>
      <${Proof} session=${session} />
    </div>
    <${TermTip} />
    <${Help} open=${helpOpen} close=${() => setHelpOpen(false)} />`;
}

/** The hash is the route, so the skip link cannot be an anchor: move the focus in code. */
function focusMain(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

returnToPlace();
document.addEventListener("copy", copyExact);
const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
