// Straight reference lines on a uPlot canvas, each with a label at one end.

const LETTER_PIXELS = 11;
const LABEL_PIXELS = 16; // height of a label above or below its line
const GAP_PIXELS = 4;
const HALO_PIXELS = 3; // in the colour of the paper, so that a label is readable over points

/** Above the line; below it with `under`, or where there is no space above. */
function drawLabel({ ctx, bbox }, { label, at, under }, { y, ink, look }) {
  const { paper, ratio } = look;
  const right = at !== "left";
  const above = y - bbox.top;
  const below =
    above < LABEL_PIXELS * ratio || (under && bbox.height - above > LABEL_PIXELS * ratio);
  const gap = GAP_PIXELS * ratio;
  const x = right ? bbox.left + bbox.width - gap : bbox.left + gap;
  ctx.font = `${LETTER_PIXELS * ratio}px system-ui, sans-serif`;
  ctx.textAlign = right ? "right" : "left";
  ctx.textBaseline = below ? "top" : "bottom";
  ctx.setLineDash([]);
  ctx.strokeStyle = paper;
  ctx.lineWidth = HALO_PIXELS * ratio;
  ctx.strokeText(label, x, below ? y + gap : y - gap);
  ctx.fillStyle = ink;
  ctx.fillText(label, x, below ? y + gap : y - gap);
}

/** Draws the lines; `look` holds the resolved colours and the pixel ratio. */
export function drawLines(plot, lines, look) {
  const { ctx, bbox } = plot;
  const { inks, ratio } = look;
  const place = ([time, value]) => [
    plot.valToPos(time, "x", true),
    plot.valToPos(value, "y", true),
  ];
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const line of lines) {
    const ink = inks.get(line.colour);
    const [to, y] = place(line.to);
    ctx.lineWidth = 1.2 * ratio;
    ctx.strokeStyle = ink;
    ctx.setLineDash(line.dashed ? [5 * ratio, 4 * ratio] : []);
    ctx.beginPath();
    ctx.moveTo(...place(line.from));
    ctx.lineTo(to, y);
    ctx.stroke();
    if (line.label) drawLabel(plot, line, { y, ink, look });
  }
  ctx.restore();
}
