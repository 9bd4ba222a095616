// The URL hash holds the whole state of the view: "#/wallets/0xab…?from=2026-01-01".
// So a link shows a colleague the same view, and Back works; the server serves "/" alone.

import { useEffect, useState } from "./preact.js";

const PLACE_KEY = "hypertally.place"; // survives the redirect through /sign-in

function parse(hash) {
  const [path, search] = hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...args] = path.split("/").map(decoded);
  return { page, args, query: new URLSearchParams(search ?? "") };
}

/** A part of the path as text; a part that is not encoded text stays as it is. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
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

/** The address of the present view with some parameters changed; null removes a parameter. */
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
    const update = () => setRoute(current());
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return route;
}

/** Store the present view before leaving for sign-in. */
export function rememberPlace() {
  sessionStorage.setItem(PLACE_KEY, location.hash);
}

export function forgetPlace() {
  sessionStorage.removeItem(PLACE_KEY);
}

/** Return to the view that was left for sign-in, unless the link itself names a view. */
export function returnToPlace() {
  const place = sessionStorage.getItem(PLACE_KEY);
  forgetPlace();
  if (place && !location.hash) history.replaceState(null, "", place);
}
