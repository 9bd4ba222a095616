// Straight lines on a uPlot canvas, each with its name at one of its ends.

const LETTER_PIXELS = 11;
const ROOM_PIXELS = 16; // a name needs it above or below its line
const APART_PIXELS = 4;
const HALO_PIXELS = 3; // of the paper's colour, so that a name is read over points

/** Above its line, or below it when it is asked to or there is no room. */
function drawName({ ctx, bbox }, { label, at, under }, { y, ink, look }) {
  const { paper, ratio } = look;
  const right = at !== "left";
  const above = y - bbox.top;
  const below = above < ROOM_PIXELS * ratio || (under && bbox.height - above > ROOM_PIXELS * ratio);
  const apart = APART_PIXELS * ratio;
  const x = right ? bbox.left + bbox.width - apart : bbox.left + apart;
  ctx.font = `${LETTER_PIXELS * ratio}px system-ui, sans-serif`;
  ctx.textAlign = right ? "right" : "left";
  ctx.textBaseline = below ? "top" : "bottom";
  ctx.setLineDash([]);
  ctx.strokeStyle = paper;
  ctx.lineWidth = HALO_PIXELS * ratio;
  ctx.strokeText(label, x, below ? y + apart : y - apart);
  ctx.fillStyle = ink;
  ctx.fillText(label, x, below ? y + apart : y - apart);
}

/** The draw hook: `look` holds the resolved colours and the pixels to a point. */
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
    if (line.label) drawName(plot, line, { y, ink, look });
  }
  ctx.restore();
}
