// Light, dark, or whatever the system says.

import { useEffect, useState } from "./preact.js";

const KEY = "hypertally.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

function theme() {
  return document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");
}

export function switchTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Without storage the choice is lost when the page closes.
  }
  notify();
}

function notify() {
  for (const listener of listeners) listener(theme());
}
system.addEventListener("change", notify);

export function useTheme() {
  const [current, setCurrent] = useState(theme);
  useEffect(() => {
    listeners.add(setCurrent);
    return () => listeners.delete(setCurrent);
  }, []);
  return current;
}

/** The resolved value of a colour token in the present theme, for drawing on a canvas. */
export function colour(token) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}
