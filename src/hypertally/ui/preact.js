// The one door to the vendored view library: a new version changes this line only.
export * from "./vendor/htm-preact-3.1.1.js";
