// Copying from the page takes exact values instead of the short ones that are shown.

/** Copying a figure copies its exact value; copying several keeps rows and columns. */
export function copyExact(event) {
  const selection = getSelection();
  const focused = document.activeElement?.closest?.("[data-exact]");
  let text = null;
  if (selection.isCollapsed) text = focused?.dataset.exact ?? null;
  else if (selection.anchorNode && !/^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName)) {
    text = exactText(selection.getRangeAt(0));
  }
  if (text === null) return;
  event.clipboardData.setData("text/plain", text);
  event.preventDefault();
}

function exactText(range) {
  const holder = range.commonAncestorContainer;
  const figure = (holder.closest ? holder : holder.parentElement)?.closest("[data-exact]");
  if (figure) return figure.dataset.exact;
  const copy = range.cloneContents();
  const figures = copy.querySelectorAll("[data-exact]");
  if (!figures.length) return null;
  for (const found of figures) found.textContent = found.dataset.exact;
  const rows = [...copy.querySelectorAll("tr")];
  if (!rows.length) return copy.textContent.trim();
  return rows
    .map((row) => [...row.children].map((c) => c.textContent.trim()).join("\t"))
    .join("\n");
}
