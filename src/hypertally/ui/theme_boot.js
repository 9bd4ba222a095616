// Applies the chosen theme before the first paint, so that the other theme never flashes.
try {
  const chosen = localStorage.getItem("hypertally.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be refused: then the theme of the system applies.
}
