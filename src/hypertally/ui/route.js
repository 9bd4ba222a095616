// The URL holds everything that decides what is on the screen: "#/wallets/0xab…?from=2026-01-01".
// A link shows a colleague the same view, and Back works, with "/" as the only path served.

import { useEffect, useState } from "./preact.js";

const PLACE = "hypertally.place"; // survives the round trip through /sign-in

export function parse(hash) {
  const [path, search] = hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...args] = path.split("/").map(decodeURIComponent);
  return { page, args, query: new URLSearchParams(search ?? "") };
}

export function current() {
  return parse(location.hash);
}

/** The address of a page: link("wallets/0xab", { from: "2026-01-01" }). */
export function link(path, query = {}) {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, value);
  }
  const text = readable(search);
  return `#/${path}${text ? `?${text}` : ""}`;
}

/** The address of this same view with some of its parameters changed; null takes one out. */
export function here(changes) {
  const { page, args, query } = current();
  const merged = { ...Object.fromEntries(query), ...changes };
  return link([page, ...args].map(encodeURIComponent).join("/"), merged);
}

function readable(search) {
  return search.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
}

export function go(address, { replace = false } = {}) {
  if (!replace) {
    location.hash = address;
    return;
  }
  history.replaceState(null, "", address);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute() {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const follow = () => setRoute(current());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** Remember where we are before leaving for sign-in. */
export function rememberPlace() {
  sessionStorage.setItem(PLACE, location.hash);
}

export function forgetPlace() {
  sessionStorage.removeItem(PLACE);
}

/** Go back to where sign-in was asked for, unless the link itself names a place. */
export function returnToPlace() {
  const place = sessionStorage.getItem(PLACE);
  forgetPlace();
  if (place && !location.hash) history.replaceState(null, "", place);
}
