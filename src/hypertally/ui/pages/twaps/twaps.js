// TWAPs: the list of them, their totals, and what those that run still have to do.

import { Switch } from "../../components/Switch.js";
import { html } from "../../preact.js";
import { ROWS_CHANGE } from "./filters.js";
import { TwapList } from "./list.js";
import { Pressure } from "./pressure.js";
import { TwapTotals } from "./totals.js";

const VIEWS = [
  ["list", "List"],
  ["totals", "Totals"],
  ["pressure", "Pressure"],
];
const PAGES = { list: TwapList, totals: TwapTotals, pressure: Pressure };

export function Twaps({ route }) {
  const asked = route.query.get("view");
  const view = PAGES[asked] ? asked : "list";
  const chooser = html`<span class="grow"></span><${Switch} name="view" label="View" items=${VIEWS}
    now=${view} first="list" clears=${ROWS_CHANGE} />`;
  return html`<${PAGES[view]} key=${view} route=${route} chooser=${chooser} />`;
}
