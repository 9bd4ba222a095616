// Times: "3 min ago" in place, UTC in full on hover; and UTC days.

import { html, useEffect, useState } from "./preact.js";

const TICK_SECONDS = 15;
const STEPS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [86_400 * 60, 86_400, "d"],
];

function ago(iso, now = Date.now()) {
  const seconds = Math.floor((now - Date.parse(iso)) / 1000);
  if (seconds < 5) return "just now";
  for (const [limit, unit, name] of STEPS) {
    if (seconds < limit) return `${Math.floor(seconds / unit)} ${name} ago`;
  }
  return `on ${iso.slice(0, 10)}`;
}

/** "2026-11-20 18:04:05"; with milliseconds where two fills may share a second. */
export function utc(iso, { milliseconds = false } = {}) {
  if (!iso) return null;
  return `${iso.slice(0, 10)} ${iso.slice(11, milliseconds ? 23 : 19)}`;
}

const tickListeners = new Set();
setInterval(() => {
  if (!document.hidden) for (const listener of tickListeners) listener(Date.now());
}, TICK_SECONDS * 1000);

export function Ago({ iso }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    tickListeners.add(setNow);
    return () => tickListeners.delete(setNow);
  }, []);
  if (!iso) return html`<span class="null" title="Not known yet">–</span>`;
  return html`<time datetime=${iso} title=${`${iso}`}>
    ${ago(iso, Math.max(now, Date.now()))}</time>`;
}

const DAY_MS = 86_400_000;

/** The UTC day so many days later; earlier for a negative number. */
export function shiftDay(day, days) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function secondsOfDay(day) {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}
