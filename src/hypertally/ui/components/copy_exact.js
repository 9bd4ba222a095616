// Copying from the page takes exact values instead of the short ones that are shown.

/** Copy the exact value of one figure, or of several with their rows and columns. */
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
  const ancestor = range.commonAncestorContainer;
  const figure = (ancestor.closest ? ancestor : ancestor.parentElement)?.closest("[data-exact]");
  if (figure) return figure.dataset.exact;
  const copy = range.cloneContents();
  const figures = copy.querySelectorAll("[data-exact]");
  if (!figures.length) return null;
  for (const element of figures) element.textContent = element.dataset.exact;
  const rows = [...copy.querySelectorAll("tr")];
  if (!rows.length) return copy.textContent.trim();
  return rows
    .map((row) => [...row.children].map((cell) => cell.textContent.trim()).join("\t"))
    .join("\n");
}
