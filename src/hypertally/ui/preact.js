// The only import of the vendored view library: a new version changes this line alone.
export * from "./vendor/htm-preact-3.1.1.js";
