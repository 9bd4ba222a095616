// A chart over days: crosshair, range brush, legend toggles, and a table of the same figures.

import { secondsOfDay } from "../../clock.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../../preact.js";
import { current, go, here } from "../../route.js";
import { colour, useTheme } from "../../theme.js";
import { sign } from "../../vocabulary/decimal.js";
import { intervalOf } from "../../vocabulary/intervals.js";
import { kindOf, labelOf, reasonOf } from "../../vocabulary/measures.js";
import { write } from "../../vocabulary/number_text.js";
import { Amount } from "../Amount.js";
import { Table } from "../Table.js";
import { DAY_SECONDS, drawBars, isMoving, segments } from "./day_bars.js";

const HEIGHT = 200;
const HEADROOM = 1.08;
const FONT = "11px system-ui, sans-serif";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function dayText(seconds) {
  const date = new Date(seconds * 1000);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

/** The label of an axis tick; uPlot gives round numbers. */
function tickText(value, kind) {
  const text = write(String(Math.abs(value)), kind === "count" ? "count" : "usd", { short: true });
  const short = text.replace(/\.00(?=[A-Z]|$)/, "").replace(/(\.\d)0(?=[A-Z])/, "$1");
  return value < 0 ? `−${short}` : short;
}

/** The tops and the bottoms of the stacked bars, to which uPlot fits the axis. */
function limits(points, layers) {
  const stacks = points.map(({ day }) => segments(day, layers));
  return [stacks.map((stack) => stack.up), stacks.map((stack) => stack.down)];
}

function appearanceOf({ points, layers }) {
  const names = new Set(layers.flatMap((layer) => [layer.colour, layer.below].filter(Boolean)));
  return {
    points,
    layers,
    colours: new Map([...names].map((name) => [name, colour(name)])),
    paper: colour("paper"),
    axis: colour("line-strong"),
    unknown: colour("hatch"),
  };
}

function options({ look, kind, width, onHover, onZoom }) {
  const text = colour("muted");
  const edge = (seconds, direction) =>
    Math.round(seconds / DAY_SECONDS) * DAY_SECONDS + (direction * DAY_SECONDS) / 2;
  return {
    width,
    height: HEIGHT,
    padding: [10, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
    tzDate: (seconds) => globalThis.uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    scales: {
      x: { range: (_plot, min, max) => [edge(min, -1), edge(max, 1)] },
      y: {
        range: (_plot, min, max) => [Math.min(0, min) * HEADROOM, Math.max(0, max) * HEADROOM || 1],
      },
    },
    axes: [
      {
        stroke: text,
        font: FONT,
        size: 26,
        gap: 6,
        space: 56,
        incrs: [1, 2, 7, 14, 28, 91, 182].map((n) => n * DAY_SECONDS),
        grid: { show: false },
        ticks: { show: false },
        values: (_plot, ticks) => ticks.map(dayText),
      },
      {
        stroke: text,
        font: FONT,
        size: 58,
        gap: 6,
        space: 36,
        incrs: kind === "count" ? COUNT_STEPS : undefined,
        grid: { stroke: colour("line"), width: 1 },
        ticks: { show: false },
        values: (_plot, ticks) => ticks.map((tick) => tickText(tick, kind)),
      },
    ],
    series: [
      {},
      { paths: () => null, points: { show: false } },
      { paths: () => null, points: { show: false } },
    ],
    hooks: {
      drawSeries: [(plot, index) => index === 2 && drawBars(plot, look)],
      setCursor: [(plot) => onHover(plot.cursor.idx ?? null)],
      setScale: [(plot, key) => key === "x" && onZoom(plot)],
    },
  };
}

const COUNT_STEPS = [1, 2, 5]
  .flatMap((n) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].map((m) => n * m))
  .sort((a, b) => a - b);

function Plot({ points, layers, kind, label, onHover, onOpen }) {
  const box = useRef(null);
  const plot = useRef(null);
  const theme = useTheme();
  const [zoomed, setZoomed] = useState(false);
  useLayoutEffect(() => {
    if (!globalThis.uPlot || !points.length) return undefined;
    const seconds = points.map((point) => point.seconds);
    const whole = seconds.at(-1) - seconds[0] + DAY_SECONDS;
    const chart = new globalThis.uPlot(
      options({
        look: appearanceOf({ points, layers }),
        kind,
        width: box.current.clientWidth,
        onHover,
        onZoom: ({ scales }) => setZoomed(scales.x.max - scales.x.min < whole),
      }),
      [seconds, ...limits(points, layers)],
      box.current,
    );
    plot.current = chart;
    return () => chart.destroy();
  }, [points, layers, kind, theme]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (width && plot.current) plot.current.setSize({ width, height: HEIGHT });
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const reset = () => {
    const { data } = plot.current;
    plot.current.setScale("x", { min: data[0][0], max: data[0].at(-1) });
  };
  const open = () => {
    const { cursor, select } = plot.current;
    if (cursor.idx !== null && select.width === 0) onOpen(points[cursor.idx].day);
  };
  return html`<div class="plot">
    <div ref=${box} class="plot-box" role="img" aria-label=${label} onClick=${open}></div>
    ${zoomed && html`<button type="button" class="reset" onClick=${reset}>Whole range</button>`}
  </div>`;
}

function Legend({ layers, hidden, day, toggle }) {
  return html`<ul class="legend">
    ${layers.map(
      (layer) => html`<li key=${layer.field}>
      <button type="button" aria-pressed=${!hidden.has(layer.field)}
        onClick=${() => toggle(layer.field)}
        disabled=${layers.length === 1}>
        <span class=${`swatch fill-${layer.colour}`}></span>
        <span>${layer.label ?? labelOf(layer.field)}</span>
        <${Amount} value=${day?.[layer.field]} kind=${kindOf(layer.field)} short
          interval=${intervalOf(day, layer.field)} reason=${reasonOf(day, layer.field)} />
      </button>
    </li>`,
    )}
  </ul>`;
}

/**
 * `days` are sorted oldest first; of `layers` there are at most six, and a `rare` layer is left
 * out while it is all zero; `hrefOf(day, field)` opens the proof of a day.
 * The URL holds the hidden layers and the choice of chart or table under the chart's name.
 */
export function Series({
  name,
  title,
  description,
  days,
  layers: allLayers,
  hrefOf,
  old,
  actions,
}) {
  const [hovered, setHovered] = useState(null);
  const { query } = current();
  const layers = allLayers.filter(
    (layer) => !layer.rare ||
      days.some((day) => sign(day[layer.field]) || intervalOf(day, layer.field)),
  );
  const hidden = new Set((query.get(`${name}.off`) ?? "").split(",").filter(Boolean));
  const asTable = query.get(`${name}.as`) === "table";
  const kind = kindOf(layers[0].field);
  const visible = useStable(layers.filter((layer) => !hidden.has(layer.field)));
  const points = useStable(days, (day) => ({ day, seconds: secondsOfDay(day.day) }));
  const shown = days[hovered] ?? days.findLast((day) => !isMoving(day)) ?? days.at(-1);
  const toggle = (field) => {
    const off = hidden.has(field)
      ? [...hidden].filter((name) => name !== field)
      : [...hidden, field];
    if (off.length < layers.length)
      go(here({ [`${name}.off`]: off.join(",") || null }), { replace: true });
  };
  const switchView = () =>
    go(here({ [`${name}.as`]: asTable ? null : "table" }), { replace: true });
  const columns = [
    { key: "day", label: "Day", kind: "day" },
    ...layers.map((layer) => ({
      key: layer.field,
      label: layer.label ?? labelOf(layer.field),
      kind: kindOf(layer.field),
      href: (day) => hrefOf(day, layer.field),
      reason: (day) => reasonOf(day, layer.field),
    })),
  ];
  const button = html`<button type="button" class="quiet" onClick=${switchView}>
    ${asTable ? "Chart" : "Table"}</button>`;
  if (asTable) {
    return html`<div class="series" data-series=${name}><${Table} name=${`${name}.days`}
      title=${title} columns=${columns}
      rows=${[...days].reverse()} old=${old} file=${name} actions=${html`${actions}${button}`} />
        </div>`;
  }
  return html`<section class=${`series ${old ? "old" : ""}`} data-series=${name}>
    <header class="table-bar"><h2 title=${description}>${title}</h2>
      <span class="muted day-shown">
        ${shown?.day}${shown && isMoving(shown) ? ", so far" : ""}</span>
      <span class="grow"></span>${actions}${button}</header>
    <${Legend} layers=${layers} hidden=${hidden} day=${shown} toggle=${toggle} />
    <${Plot} points=${points} layers=${visible} kind=${kind} onHover=${setHovered}
      label=${described(title, days)}
      onOpen=${(day) => go(hrefOf(day, visible[0].field))} />
  </section>`;
}

/** The text of a chart for screen readers. */
function described(title, days) {
  const span = `${days[0]?.day} to ${days.at(-1)?.day}`;
  return `${title} by day, ${span}. The button Table shows the same figures as a table.`;
}

/** Keeps the same array while the items are the same, so that only new data redraws a chart. */
function useStable(items, make = (item) => item) {
  const previous = useRef({ keys: [], items: [] });
  const keys = items.map((item) => (item.day ? item : item.field));
  const same =
    keys.length === previous.current.keys.length &&
    keys.every((key, n) => key === previous.current.keys[n]);
  if (!same) previous.current = { keys, items: items.map(make) };
  return previous.current.items;
}
