// One feed per API path, shared by everything on the page that shows it.
//
// A feed keeps its last answer through errors, asks again when the answer's max-age is over,
// and rests while the tab is hidden or nobody looks.

import { useEffect, useMemo, useRef, useState } from "./preact.js";

const ANSWER_SECONDS_MAX = 20;
const RETRY_SECONDS_MAX = 60;
const FEEDS_KEPT_MAX = 80; // old paths (pages of a table) are forgotten beyond this

const feeds = new Map();
const session = { signedOut: false, listeners: new Set() };

/** Large and fractional numbers stay the text that was sent; only safe integers become numbers. */
export function decode(text) {
  return JSON.parse(text, (_key, value, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) ? (context?.source ?? value) : value,
  );
}

class Feed {
  constructor(path, everySeconds) {
    this.path = path;
    this.everySeconds = everySeconds;
    this.listeners = new Set();
    this.state = { data: null, error: null, at: null, loading: false };
    this.maxAge = everySeconds ?? 0;
    this.failures = 0;
    this.dueAt = 0;
  }

  set(change) {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener(this.state);
  }

  async load() {
    if (this.state.loading) return;
    this.set({ loading: true });
    try {
      this.set({ ...(await this.answer()), error: null, loading: false });
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      this.set({ error: failure(error), loading: false });
    }
    this.plan();
  }

  async answer() {
    const signal = AbortSignal.timeout(ANSWER_SECONDS_MAX * 1000);
    const response = await fetch(this.path, { headers: { accept: "application/json" }, signal });
    if (response.status === 401) setSignedOut(true);
    const body = await response.text();
    if (!response.ok) throw problem(response, body);
    if (session.signedOut && this.path.startsWith("/api/")) setSignedOut(false);
    const age = /max-age=(\d+)/.exec(response.headers.get("cache-control") ?? "");
    this.maxAge = this.everySeconds ?? Number(age?.[1] ?? 0);
    return { data: decode(body), at: Date.now() };
  }

  plan() {
    clearTimeout(this.timer);
    const seconds = this.waitSeconds();
    if (seconds === null) return;
    this.dueAt = Date.now() + seconds * 1000;
    if (this.listeners.size && !document.hidden) {
      this.timer = setTimeout(() => this.wake(), seconds * 1000);
    }
  }

  waitSeconds() {
    const { error } = this.state;
    if (!error) return this.maxAge || null;
    if (!error.passing) return null;
    return Math.min(RETRY_SECONDS_MAX, error.retryAfter ?? 2 ** Math.min(this.failures, 6));
  }

  wake() {
    clearTimeout(this.timer);
    if (!this.listeners.size || document.hidden) return;
    if (this.state.at === null && !this.state.error) this.load();
    else if (this.waitSeconds() === null) return;
    else if (Date.now() >= this.dueAt - 20) this.load();
    else this.timer = setTimeout(() => this.wake(), this.dueAt - Date.now());
  }
}

function problem(response, body) {
  let said = {};
  try {
    said = JSON.parse(body);
  } catch {
    // A proxy may answer in HTML: the status alone is then all there is to say.
  }
  const retryAfter = Number(response.headers.get("retry-after")) || null;
  return Object.assign(new Error(said.detail ?? said.title ?? response.statusText), {
    status: response.status,
    said,
    retryAfter,
  });
}

/** What happened, in a shape the page can show: `passing` errors are tried again by themselves. */
function failure(error) {
  const { status, said, retryAfter } = error;
  if (status) {
    const passing = status === 429 || status >= 500;
    return { status, said, retryAfter, passing, message: error.message };
  }
  const late = error.name === "TimeoutError";
  const message = navigator.onLine
    ? late
      ? `No answer within ${ANSWER_SECONDS_MAX} seconds.`
      : "The server could not be reached."
    : "This device is offline.";
  return { status: 0, passing: true, offline: !late, message };
}

function feedOf(path, everySeconds) {
  if (!feeds.has(path)) {
    feeds.set(path, new Feed(path, everySeconds));
    forget();
  }
  return feeds.get(path);
}

function forget() {
  for (const [path, feed] of feeds) {
    if (feeds.size <= FEEDS_KEPT_MAX) return;
    if (!feed.listeners.size) feeds.delete(path);
  }
}

/**
 * Follow an API path; null follows nothing.
 * While a new path loads, the data of the last one stays, marked `old`.
 */
export function useFeed(path, { everySeconds } = {}) {
  const [, redraw] = useState(0);
  const last = useRef(null);
  const feed = path ? feedOf(path, everySeconds) : null;
  useEffect(() => {
    if (!feed) return undefined;
    const listener = () => redraw((n) => n + 1);
    feed.listeners.add(listener);
    feed.wake();
    return () => {
      feed.listeners.delete(listener);
      if (!feed.listeners.size) clearTimeout(feed.timer);
    };
  }, [feed]);
  if (!feed) return { data: null, error: null, at: null, loading: false, old: false, retry() {} };
  if (feed.state.data !== null) last.current = feed.state.data;
  const old = feed.state.data === null && last.current !== null;
  const waiting = feed.state.at === null && !feed.state.error;
  return {
    ...feed.state,
    loading: feed.state.loading || waiting,
    data: feed.state.data ?? last.current,
    old,
    retry: () => feed.load(),
  };
}

/** The feeds of a list from its first page on, as far as their `next` is known. */
function chainOf(path, pagesMax) {
  const chain = [];
  let address = path;
  while (address && chain.length < pagesMax) {
    const feed = feedOf(address);
    chain.push(feed);
    const next = feed.state.data?.next;
    address = next ? `${path}&cursor=${encodeURIComponent(next)}` : null;
  }
  return chain;
}

/**
 * Follow a list (oldest first, so that it only grows at its end) page by page.
 * `rows` are those of `field` known so far; `whole` says that these are all.
 */
export function useFeedChain(path, field, { pagesMax }) {
  const [, redraw] = useState(0);
  const chain = chainOf(path, pagesMax);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    for (const feed of chain) {
      feed.listeners.add(listener);
      feed.wake();
    }
    return () => {
      for (const feed of chain) {
        feed.listeners.delete(listener);
        if (!feed.listeners.size) clearTimeout(feed.timer);
      }
    };
  }, [chain.map((feed) => feed.path).join(" ")]);
  const answers = chain.map((feed) => feed.state.data);
  const rows = useMemo(() => answers.flatMap((data) => data?.[field] ?? []), answers);
  const failed = chain.find((feed) => feed.state.error);
  const last = answers.at(-1);
  return {
    rows,
    data: answers[0] ?? null,
    whole: Boolean(last) && !last.next,
    error: failed?.state.error ?? null,
    at: failed?.state.at ?? null,
    loading: chain.some((feed) => feed.state.loading || (!feed.state.at && !feed.state.error)),
    retry: () => failed?.load(),
  };
}

function setSignedOut(value) {
  session.signedOut = value;
  for (const listener of session.listeners) listener(value);
}

export function useSignedOut() {
  const [value, setValue] = useState(session.signedOut);
  useEffect(() => {
    session.listeners.add(setValue);
    return () => session.listeners.delete(setValue);
  }, []);
  return value;
}

/** False while the device says it has no network. */
export function useOnline() {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const follow = () => setOnline(navigator.onLine);
    addEventListener("online", follow);
    addEventListener("offline", follow);
    return () => {
      removeEventListener("online", follow);
      removeEventListener("offline", follow);
    };
  }, []);
  return online;
}

document.addEventListener("visibilitychange", () => {
  // Signed in again in another tab: this one finds out when it is looked at.
  if (session.signedOut && !document.hidden)
    for (const feed of feeds.values()) if (feed.listeners.size) feed.load();
  for (const feed of feeds.values()) {
    if (document.hidden) clearTimeout(feed.timer);
    else feed.wake();
  }
});

addEventListener("online", () => {
  for (const feed of feeds.values()) {
    if (feed.state.error && feed.listeners.size) feed.load();
  }
});
