// Light, dark, or whatever the system says.

import { useEffect, useState } from "./preact.js";

const KEY = "hypertally.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const followers = new Set();

export function theme() {
  return document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");
}

export function switchTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  tell();
}

function tell() {
  for (const follower of followers) follower(theme());
}
system.addEventListener("change", tell);

export function useTheme() {
  const [now, setNow] = useState(theme);
  useEffect(() => {
    followers.add(setNow);
    return () => followers.delete(setNow);
  }, []);
  return now;
}

/** A colour token as the canvas needs it: resolved for the theme in force. */
export function colour(token) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}
