// Stacked bars per day on a uPlot canvas: hatched while a day is partial, a pale column where a
// value is unknown, with the known part of the value drawn over the column.
//
// A layer is { field, colour, inside? }: layers are stacked, but a layer `inside` another is drawn
// over the bottom of it (HIP-3 is a part of perp, so nothing is subtracted here).

import { pixels } from "../../vocabulary/decimal.js";
import { intervalOf } from "../../vocabulary/intervals.js";

export const DAY_SECONDS = 86_400;
const SHARE_OF_DAY = 0.74;
const BAR_PIXELS_MAX = 56;

/** Where each layer of a day begins and ends; of a null value the known part counts. */
export function segments(day, layers) {
  let up = 0;
  let down = 0;
  const placed = new Map();
  for (const layer of layers) {
    const value = pixels(day[layer.field] ?? intervalOf(day, layer.field)?.known);
    if (value === null) continue;
    const base =
      layer.inside && placed.has(layer.inside)
        ? placed.get(layer.inside).from
        : value < 0
          ? down
          : up;
    const segment = { layer, from: base, to: base + value, value };
    placed.set(layer.field, segment);
    if (layer.inside && placed.has(layer.inside)) continue;
    if (value < 0) down = segment.to;
    else up = segment.to;
  }
  return { list: [...placed.values()], up, down };
}

function isUnknown(day, layers) {
  return layers.some((layer) => day[layer.field] === null || day[layer.field] === undefined);
}

/** The day is not over, or its fills are not yet proved complete: the bar may still grow. */
export function isMoving(day) {
  return day.partial === true || day.closed === false;
}

function hatch(ctx, { x, y, width, height, colour, gap }) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = gap / 2.6;
  ctx.beginPath();
  for (let at = x - height - gap; at < x + width + gap; at += gap) {
    ctx.moveTo(at, y + height);
    ctx.lineTo(at + height, y);
  }
  ctx.stroke();
  ctx.restore();
}

/** Draws all days; `look` holds the days, the visible layers and the resolved colours. */
export function drawBars(plot, look) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const at = (seconds) => plot.valToPos(seconds, "x", true);
  const step = at(DAY_SECONDS) - at(0);
  const width = Math.max(1, Math.min(step * SHARE_OF_DAY, BAR_PIXELS_MAX * ratio));
  const zero = plot.valToPos(0, "y", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = look.axis;
  ctx.fillRect(bbox.left, Math.round(zero), bbox.width, ratio);
  for (const { day, seconds } of look.points) {
    const left = Math.round(at(seconds) - width / 2);
    if (isUnknown(day, look.layers)) {
      hatch(ctx, {
        x: at(seconds) - step / 2,
        y: bbox.top,
        width: step,
        height: bbox.height,
        colour: look.unknown,
        gap: 7 * ratio,
      });
    }
    const { list, up, down } = segments(day, look.layers);
    for (const { layer, from, to, value } of list) {
      const a = plot.valToPos(from, "y", true);
      const b = plot.valToPos(to, "y", true);
      ctx.fillStyle = look.colours.get(value < 0 && layer.below ? layer.below : layer.colour);
      ctx.fillRect(
        left,
        Math.min(a, b),
        Math.round(width),
        Math.max(Math.abs(a - b), value ? ratio : 0),
      );
    }
    if (isMoving(day)) {
      const top = plot.valToPos(up, "y", true);
      const bottom = plot.valToPos(down, "y", true);
      hatch(ctx, {
        x: left,
        y: top,
        width: Math.round(width),
        height: bottom - top,
        colour: look.paper,
        gap: 5 * ratio,
      });
    }
  }
  ctx.restore();
}
