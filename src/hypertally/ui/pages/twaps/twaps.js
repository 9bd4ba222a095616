// The page of TWAPs with its three views: list, totals, pressure of the running ones.

import { Switch } from "../../components/Switch.js";
import { html } from "../../preact.js";
import { RESET_PAGE } from "./filters.js";
import { TwapList } from "./list.js";
import { Pressure } from "./pressure.js";
import { TwapTotals } from "./totals.js";

const VIEWS = [
  ["list", "List"],
  ["totals", "Totals"],
  ["pressure", "Pressure"],
];
const COMPONENTS = { list: TwapList, totals: TwapTotals, pressure: Pressure };

export function Twaps({ route }) {
  const requested = route.query.get("view");
  const view = COMPONENTS[requested] ? requested : "list";
  const chooser = html`<span class="grow"></span><${Switch} name="view" label="View" items=${VIEWS}
    current=${view} first="list" clears=${RESET_PAGE} />`;
  return html`<${COMPONENTS[view]} key=${view} route=${route} chooser=${chooser} />`;
}
