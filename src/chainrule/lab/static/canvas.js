// The pad: strokes of mouse, pen, finger or arrow keys, and the pixels that they ink.
//
// A stroke is a list of points in half pixels, 0 to 223, so that it fits into the address and the
// same address always gives the same 112 x 112 pixels.

import { h } from "./dom.js";

export const SIDE = 112;
export const RADIUS = 4.5; // of the pen, in pixels: as thick as MNIST's, once it is centred
const UNITS = 2 * SIDE;
const NEAREST = 3; // half pixels between two points that are kept
const KEY_STEP = 8; // half pixels: 28 places a row, as many as the network's picture has

// ---- strokes as pixels ----

export function inkSegment(pixels, [ax, ay], [bx, by]) {
  const x0 = ax / 2, y0 = ay / 2, dx = bx / 2 - x0, dy = by / 2 - y0;
  const length = dx * dx + dy * dy;
  const reach = RADIUS + 1;
  const from = (a, d) => Math.max(0, Math.floor(Math.min(a, a + d) - reach));
  const to = (a, d) => Math.min(SIDE - 1, Math.ceil(Math.max(a, a + d) + reach));
  for (let row = from(y0, dy); row <= to(y0, dy); row += 1) {
    for (let column = from(x0, dx); column <= to(x0, dx); column += 1) {
      const px = column + 0.5 - x0, py = row + 0.5 - y0;
      const along = length ? Math.min(Math.max((px * dx + py * dy) / length, 0), 1) : 0;
      const ex = px - along * dx, ey = py - along * dy;
      const distance = Math.sqrt(ex * ex + ey * ey);
      const ink = Math.floor(255 * Math.min(Math.max(RADIUS + 0.5 - distance, 0), 1) + 0.5);
      const at = row * SIDE + column;
      if (ink > pixels[at]) pixels[at] = ink;
    }
  }
}

export function inked(strokes) {
  const pixels = new Uint8Array(SIDE * SIDE);
  for (const stroke of strokes) {
    stroke.forEach((point, i) => inkSegment(pixels, stroke[Math.max(i - 1, 0)], point));
  }
  return pixels;
}

// The drawing shrunk to 28 x 28 as it is: the mean of each 4 x 4 pixels.
export function shrunk(pixels) {
  const by = SIDE / 28;
  const image = new Float64Array(784);
  pixels.forEach((value, at) => {
    image[Math.floor(Math.floor(at / SIDE) / by) * 28 + Math.floor((at % SIDE) / by)] += value;
  });
  return image.map((sum) => sum / (by * by * 255));
}

// ---- strokes in the address: two bytes a point, 255 between strokes ----

export function encode(strokes) {
  const bytes = strokes.flatMap((stroke, i) => [...(i ? [255] : []), ...stroke.flat()]);
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

export function decode(text) {
  let bytes;
  try {
    bytes = Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  } catch {
    return [];
  }
  const strokes = [[]];
  for (let i = 0; i < bytes.length; ) {
    if (bytes[i] === 255) {
      strokes.push([]);
      i += 1;
    } else if (bytes[i] < UNITS && bytes[i + 1] < UNITS) {
      strokes.at(-1).push([bytes[i], bytes[i + 1]]);
      i += 2;
    } else {
      i += 2; // not ours: a damaged address loses a point, not the page
    }
  }
  return strokes.filter((stroke) => stroke.length);
}

// ---- the pad ----

const HELP =
  "Draw with mouse, pen or finger. By keys: arrows move the cursor, space inks, Shift with an arrow draws a line, Delete clears.";

export class Pad {
  // onchange("draw") while the pen moves, onchange("rest") when it is lifted.
  constructor(onchange) {
    this.onchange = onchange;
    this.picture = { digit: null, strokes: [] };
    this.before = [];
    this.pixels = inked([]);
    this.cursor = [SIDE, SIDE];
    this.canvas = h("canvas", {
      class: "pad", tabindex: "0", role: "application", help: HELP,
      "aria-label": "Drawing pad",
      onpointerdown: (event) => this.down(event),
      onpointermove: (event) => this.move(event),
      onpointerup: (event) => this.up(event),
      onpointercancel: (event) => this.up(event),
      onkeydown: (event) => this.key(event),
      onfocus: () => this.paint(),
      onblur: () => this.paint(),
    });
    this.canvas.paint = () => this.paint();
  }

  show(picture) {
    this.picture = picture;
    this.pixels = inked(picture.strokes);
    this.paint();
  }

  remember() {
    this.before.push({ digit: this.picture.digit, strokes: this.picture.strokes.map((stroke) => [...stroke]) });
    if (this.before.length > 200) this.before.shift();
  }

  // A new picture, which undo takes back.
  load(picture) {
    this.remember();
    this.show(picture);
  }

  undo() {
    const earlier = this.before.pop();
    if (earlier) this.show(earlier);
    return Boolean(earlier);
  }

  // ---- pointer ----

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const unit = (at, start, size) =>
      Math.min(Math.max(Math.floor((UNITS * (at - start)) / size + 0.5), 0), UNITS - 1);
    return [unit(event.clientX, box.left, box.width), unit(event.clientY, box.top, box.height)];
  }

  down(event) {
    if (event.button !== 0 || this.pen !== undefined) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.usesKeys = false;
    this.pen = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.begin(this.place(event));
    this.onchange("draw");
  }

  move(event) {
    if (event.pointerId !== this.pen) return;
    const events = event.getCoalescedEvents?.() ?? [];
    let inks = false;
    for (const one of events.length ? events : [event]) inks = this.extend(this.place(one), NEAREST) || inks;
    if (inks) this.onchange("draw");
  }

  up(event) {
    if (event.pointerId !== this.pen) return;
    this.pen = undefined;
    this.onchange("rest");
  }

  begin(point) {
    this.remember();
    if (this.picture.digit) this.show({ digit: null, strokes: [] });
    this.picture.strokes.push([point]);
    inkSegment(this.pixels, point, point);
    this.paint();
  }

  extend(point, nearest) {
    const stroke = this.picture.strokes.at(-1);
    const last = stroke.at(-1);
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) < nearest) return false;
    stroke.push(point);
    inkSegment(this.pixels, last, point);
    this.paint();
    return true;
  }

  // ---- keys ----

  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (by) {
      const from = this.cursor;
      const middle = KEY_STEP / 2;
      this.cursor = from.map((at, axis) =>
        Math.min(Math.max(at + KEY_STEP * by[axis], middle), UNITS - middle));
      if (event.shiftKey) this.line(from, this.cursor);
    } else if (event.key === " ") {
      this.begin([...this.cursor]);
      this.onchange("rest");
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.load({ digit: null, strokes: [] });
      this.onchange("rest");
    } else {
      return;
    }
    event.preventDefault();
    this.usesKeys = true;
    const [column, row] = this.cursor.map((at) => Math.floor(at / KEY_STEP) + 1);
    this.canvas.setAttribute("aria-label", `Drawing pad, cursor at column ${column} and row ${row} of 28`);
    this.paint();
  }

  line(from, to) {
    const last = this.picture.strokes.at(-1)?.at(-1);
    if (this.picture.digit || !last || last[0] !== from[0] || last[1] !== from[1]) this.begin([...from]);
    this.extend([...to], 1);
    this.onchange("rest");
  }

  // ---- the picture on screen: the strokes as lines, sharp on every screen ----

  paint() {
    const canvas = this.canvas;
    const side = Math.round((canvas.clientWidth || 336) * (window.devicePixelRatio || 1));
    if (canvas.width !== side) {
      canvas.width = side;
      canvas.height = side;
    }
    const style = getComputedStyle(document.documentElement);
    const context = canvas.getContext("2d");
    const unit = side / UNITS;
    context.fillStyle = style.getPropertyValue("--paper");
    context.fillRect(0, 0, side, side);
    context.fillStyle = style.getPropertyValue("--ink");
    context.strokeStyle = style.getPropertyValue("--ink");
    if (this.picture.digit) this.paintDigit(context, side / 28);
    context.lineCap = "round";
    context.lineJoin = "round";
    context.lineWidth = 4 * RADIUS * unit;
    for (const stroke of this.picture.strokes) {
      context.beginPath();
      stroke.forEach(([x, y], i) => (i ? context.lineTo(x * unit, y * unit) : context.moveTo(x * unit, y * unit)));
      if (stroke.length === 1) context.lineTo(stroke[0][0] * unit, stroke[0][1] * unit + 0.01);
      context.stroke();
    }
    if (this.usesKeys && document.activeElement === canvas) this.paintCursor(context, unit, style);
  }

  paintDigit(context, cell) {
    this.picture.digit.pixels.forEach((value, at) => {
      if (!value) return;
      context.globalAlpha = value / 255;
      const x = Math.floor((at % 28) * cell), y = Math.floor(Math.floor(at / 28) * cell);
      context.fillRect(x, y, Math.ceil(cell), Math.ceil(cell));
    });
    context.globalAlpha = 1;
  }

  paintCursor(context, unit, style) {
    const [x, y] = this.cursor;
    context.strokeStyle = style.getPropertyValue("--accent");
    context.lineWidth = 4 * unit;
    context.strokeRect((x - KEY_STEP) * unit, (y - KEY_STEP) * unit, 2 * KEY_STEP * unit, 2 * KEY_STEP * unit);
  }
}
