// One feed per API path, shared by all components that show the path.
//
// A feed keeps its last answer through errors, reloads when the max-age of the answer is over,
// and pauses while the tab is hidden or no component listens.

import { useEffect, useMemo, useRef, useState } from "./preact.js";

const SESSION_PATH = "/api/v1/session"; // is never kept
const ANSWER_SECONDS_MAX = 20;
const RETRY_SECONDS_MAX = 60;
const FEEDS_MAX = 80; // beyond this, feeds without listeners (old pages of a table) are dropped

const feeds = new Map();
const session = { signedOut: false, listeners: new Set() };

/** Parses JSON; only safe integers become numbers, other numbers stay the text that was sent. */
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
      this.set({ ...(await this.fetch()), error: null, loading: false });
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      this.set({ error: failure(error), loading: false });
    }
    this.schedule();
  }

  async fetch() {
    const signal = AbortSignal.timeout(ANSWER_SECONDS_MAX * 1000);
    const response = await fetch(this.path, { headers: { accept: "application/json" }, signal });
    if (response.status === 401) setSignedOut(true);
    const body = await response.text();
    if (!response.ok) throw problem(response, body);
    // Others may come from the browser's memory, of before the end of the session.
    if (session.signedOut && this.path === SESSION_PATH) setSignedOut(false);
    const age = /max-age=(\d+)/.exec(response.headers.get("cache-control") ?? "");
    this.maxAge = this.everySeconds ?? Number(age?.[1] ?? 0);
    return { data: decode(body), at: Date.now() };
  }

  schedule() {
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
    if (!error.temporary) return null;
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

function problem(response, text) {
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    // A proxy may answer in HTML: then only the status is known.
  }
  const retryAfter = Number(response.headers.get("retry-after")) || null;
  return Object.assign(new Error(body.detail ?? body.title ?? response.statusText), {
    status: response.status,
    body,
    retryAfter,
  });
}

/** An error in the shape the page shows; a `temporary` error is retried automatically. */
function failure(error) {
  const { status, body, retryAfter } = error;
  if (status) {
    const temporary = status === 429 || status >= 500;
    return { status, body, retryAfter, temporary, message: error.message };
  }
  const timedOut = error.name === "TimeoutError";
  const message = navigator.onLine
    ? timedOut
      ? `No answer within ${ANSWER_SECONDS_MAX} seconds.`
      : "The server could not be reached."
    : "This device is offline.";
  return { status: 0, temporary: true, offline: !timedOut, message };
}

function feedOf(path, everySeconds) {
  if (!feeds.has(path)) {
    feeds.set(path, new Feed(path, everySeconds));
    dropUnused();
  }
  return feeds.get(path);
}

function dropUnused() {
  for (const [path, feed] of feeds) {
    if (feeds.size <= FEEDS_MAX) return;
    if (!feed.listeners.size) feeds.delete(path);
  }
}

/**
 * The data of an API path, kept up to date; null loads nothing.
 * While a new path loads, the data of the previous path stays, marked `old`.
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

/** The feeds of the pages of a list, as far as each page names the next. */
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
 * All pages of a list that is sorted oldest first, so that it grows only at its end.
 * `rows` are the loaded rows of `field`; `complete` is true when no page is missing.
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
  const failedFeed = chain.find((feed) => feed.state.error);
  const last = answers.at(-1);
  return {
    rows,
    data: answers[0] ?? null,
    complete: Boolean(last) && !last.next,
    error: failedFeed?.state.error ?? null,
    at: failedFeed?.state.at ?? null,
    loading: chain.some((feed) => feed.state.loading || (!feed.state.at && !feed.state.error)),
    retry: () => failedFeed?.load(),
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
    const update = () => setOnline(navigator.onLine);
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  return online;
}

document.addEventListener("visibilitychange", () => {
  // The session may have been renewed in another tab: reload when this tab is shown.
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
