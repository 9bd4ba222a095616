// A chart of one figure over time: points, steps or a line, and straight reference lines.
// All charts of a `group` share the crosshair; a brush zooms in.

import { html, useEffect, useLayoutEffect, useRef } from "../../preact.js";
import { colour, useTheme } from "../../theme.js";
import { group as grouped, shorten } from "../../vocabulary/decimal.js";
import { drawLines } from "./reference_lines.js";

const HEIGHT = 190;
const MARGIN = 0.08; // share of the extent, above and below the drawing
const FONT = "11px system-ui, sans-serif";
const POINT_PIXELS = 5;
const POINT_PIXELS_DENSE = 2.5;
const DENSE = 400; // more points than this overlap at their usual size
const BRUSH_PIXELS_MIN = 6;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LARGE = 1_000_000; // smaller prices are written in full

function timeText(seconds, step) {
  const date = new Date(seconds * 1000);
  const text = date.toISOString();
  if (text.slice(11, 19) === "00:00:00" || step >= 86_400) {
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  }
  return text.slice(11, step < 60 ? 19 : 16);
}

/** The label of an axis tick; uPlot gives round numbers. */
function tickText(value) {
  const size = String(Math.abs(value));
  const text = Math.abs(value) < LARGE ? grouped(size) : shorten(size);
  const short = text.replace(/\.00(?=[A-Z]|$)/, "").replace(/(\.\d)0(?=[A-Z])/, "$1");
  return value < 0 ? `−${short}` : short;
}

/** The lowest and the highest value drawn, reference lines included; `zero` starts at zero. */
function extent(values, lines, zero) {
  const known = values.filter((value) => value !== null);
  const drawn = [...known, ...lines.flatMap((line) => [line.from[1], line.to[1]])];
  if (zero) drawn.push(0);
  const lowest = Math.min(...drawn);
  const highest = Math.max(...drawn);
  const margin = (highest - lowest || Math.abs(highest) || 1) * MARGIN;
  return [lowest - (zero && lowest === 0 ? 0 : margin), highest + margin];
}

const LOOKS = {
  points: (ink, _faint, count) => ({
    paths: () => null,
    points: {
      show: true,
      size: count > DENSE ? POINT_PIXELS_DENSE : POINT_PIXELS,
      width: 0,
      stroke: ink,
      fill: ink,
    },
  }),
  steps: (ink, faint) => ({
    stroke: ink,
    width: 1.8,
    fill: faint,
    paths: globalThis.uPlot.paths.stepped({ align: 1 }),
    points: { show: false },
  }),
  line: (ink, faint) => ({
    stroke: ink,
    width: 1.8,
    fill: faint,
    points: { show: true, size: POINT_PIXELS, width: 0, stroke: ink, fill: ink },
  }),
};

function options({ shape, ink, count, lines, bounds, span, width, group, onHover, onZoom }) {
  const text = colour("muted");
  const inks = new Map(lines.map((line) => [line.colour, colour(line.colour)]));
  const look = { inks, paper: colour("paper"), ratio: devicePixelRatio };
  const faint = colour(ink).replace(/^rgb\((.*)\)$/, "rgba($1, 0.1)");
  const axis = { stroke: text, font: FONT, ticks: { show: false }, gap: 6 };
  return {
    width,
    height: HEIGHT,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: shape !== "steps" },
      drag: { x: true, y: false, setScale: false },
      sync: group ? { key: group } : undefined,
      bind: { dblclick: () => () => onZoom?.(null) },
    },
    tzDate: (seconds) => globalThis.uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    scales: { x: { range: () => span.current }, y: { range: () => bounds } },
    axes: [
      {
        ...axis,
        size: 26,
        space: 64,
        grid: { show: false },
        values: (_plot, ticks, _axis, _space, step) => ticks.map((tick) => timeText(tick, step)),
      },
      {
        ...axis,
        size: 62,
        space: 34,
        grid: { stroke: colour("line"), width: 1 },
        values: (_plot, ticks) => ticks.map(tickText),
      },
    ],
    series: [{}, LOOKS[shape](colour(ink), faint, count)],
    hooks: {
      draw: [(plot) => drawLines(plot, lines, look)],
      setCursor: [(plot) => onHover?.(plot.cursor.idx ?? null)],
      setSelect: [(plot) => zoomToSelection(plot, onZoom)],
    },
  };
}

function zoomToSelection(plot, onZoom) {
  const { left, width } = plot.select;
  if (width < BRUSH_PIXELS_MIN || !onZoom) return;
  onZoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
}

/**
 * `times` (seconds) and `values` have the same length; `shape` is points, steps or line.
 * A reference line is { from: [time, value], to, colour, dashed?, label?, at?, under? }.
 */
export function TimePlot({ times, values, shape, ink, lines, zero, span, label, group, ...on }) {
  const box = useRef(null);
  const plot = useRef(null);
  const shown = useRef(span);
  const hooks = useRef(on);
  const theme = useTheme();
  hooks.current = on;
  shown.current = span;
  useLayoutEffect(() => {
    if (!globalThis.uPlot || !times.length) return undefined;
    const chart = new globalThis.uPlot(
      options({
        shape,
        ink,
        count: times.length,
        lines,
        bounds: extent(values, lines, zero),
        span: shown,
        width: box.current.clientWidth,
        group,
        onHover: (index) => hooks.current.onHover?.(index),
        onZoom: (range) => hooks.current.onZoom?.(range),
      }),
      [times, values],
      box.current,
    );
    plot.current = chart;
    return () => chart.destroy();
  }, [times, values, lines, shape, theme]);
  useEffect(() => {
    plot.current?.setScale("x", { min: span[0], max: span[1] });
  }, [span[0], span[1]]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (width && plot.current) plot.current.setSize({ width, height: HEIGHT });
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return html`<div class="plot"><div ref=${box} class="plot-box time" role="img"
    aria-label=${label}></div></div>`;
}
