// The button that saves a table as a CSV file, and says how many rows the file has.

import { saveList, saveRows } from "../csv.js";
import { html, useState } from "../preact.js";
import { group } from "../vocabulary/decimal.js";

const rowsWord = (rows) => `${group(String(rows))} ${rows === 1 ? "row" : "rows"}`;

/** `list`: the address of the whole list; without it the shown rows are saved. */
export function SaveCsv({ name, list, columns, rows }) {
  const [state, setState] = useState({ words: "", busy: false });
  const show = (words, busy = false) => setState({ words, busy });
  const click = async () => {
    show("Saving…", true);
    const onRows = (count) => show(`Saving, ${rowsWord(count)}`, true);
    try {
      const saved = list ? await saveList(name, list, onRows) : saveRows(name, columns, rows);
      show(`Saved ${rowsWord(saved)}`);
    } catch (error) {
      show(`Not saved: ${error.message}`);
    }
  };
  return html`<span class="muted" role="status" data-part="saved">${state.words}</span>
    <button type="button" class="quiet" disabled=${state.busy} onClick=${click}
      title=${list ? "Save all rows as a CSV file" : "Save these rows as a CSV file"}>CSV</button>`;
}
