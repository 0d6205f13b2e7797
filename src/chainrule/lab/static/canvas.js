// The pad: strokes of mouse, pen, finger or arrow keys, and the pixels that they ink.
//
// A stroke is a list of points in half pixels, 0 to 223, so that it fits into the address and the
// same address always gives the same pixels: 112 x 112 for images of 28 x 28.

import { h } from "./dom.js";
import { colours, ink } from "./pictures.js";
import { say } from "./words.js";

const LONGEST = 112; // pixels of the pad's longer side, at most
const PEN = 4.5 / 112; // radius of the pen, of the longer side: as thick as MNIST's, once it is centred
const LEAST_PEN = 0.75; // and of one pixel of the network's, where those are few
const PLACES = 32; // of the cursor, along the longer side, at most
const LONGEST_LINE = 7; // of a digit, in its longer sides
const NEAREST = 3; // half pixels between two points that are kept

// The pad for images of a height and width: `cell` of its pixels are one of theirs.
export function padFor({ height, width }) {
  const longer = Math.max(height, width);
  const cell = Math.floor(LONGEST / longer);
  return {
    height: height * cell, width: width * cell, cell, image: { height, width },
    radius: Math.max(PEN * longer, LEAST_PEN) * cell, step: 2 * cell * Math.ceil(longer / PLACES),
  };
}

// ---- strokes as pixels ----

export function inkSegment(pad, pixels, [ax, ay], [bx, by]) {
  const x0 = ax / 2, y0 = ay / 2, dx = bx / 2 - x0, dy = by / 2 - y0;
  const length = dx * dx + dy * dy;
  const reach = pad.radius + 1;
  const from = (a, d) => Math.max(0, Math.floor(Math.min(a, a + d) - reach));
  const to = (a, d, side) => Math.min(side - 1, Math.ceil(Math.max(a, a + d) + reach));
  for (let row = from(y0, dy); row <= to(y0, dy, pad.height); row += 1) {
    for (let column = from(x0, dx); column <= to(x0, dx, pad.width); column += 1) {
      const px = column + 0.5 - x0, py = row + 0.5 - y0;
      const along = length ? Math.min(Math.max((px * dx + py * dy) / length, 0), 1) : 0;
      const ex = px - along * dx, ey = py - along * dy;
      const distance = Math.sqrt(ex * ex + ey * ey);
      const ink = Math.floor(255 * Math.min(Math.max(pad.radius + 0.5 - distance, 0), 1) + 0.5);
      const at = row * pad.width + column;
      if (ink > pixels[at]) pixels[at] = ink;
    }
  }
}

export function inked(pad, strokes) {
  const pixels = new Uint8Array(pad.height * pad.width);
  for (const stroke of strokes) {
    stroke.forEach((point, i) => inkSegment(pad, pixels, stroke[Math.max(i - 1, 0)], point));
  }
  return pixels;
}

// The drawing shrunk as it is to the network's size: the mean of each cell.
export function shrunk({ width, cell, image: size }, pixels, isLight) {
  const image = new Float64Array(size.height * size.width);
  pixels.forEach((value, at) => {
    const row = Math.floor(Math.floor(at / width) / cell);
    image[row * size.width + Math.floor((at % width) / cell)] += value;
  });
  return image.map((sum) => Math.abs(isLight - sum / (cell * cell * 255)));
}

// Whether it is a 1 as much of Europe writes it: one stroke, far up to the right and straight down.
export function hasLongUpstroke(strokes) {
  if (strokes.length !== 1) return false;
  const [stroke] = strokes;
  const top = stroke.reduce((best, [, y], i) => (y < stroke[best][1] ? i : best), 0);
  const [[startX, startY], [topX, topY], [endX, endY]] = [stroke[0], stroke[top], stroke.at(-1)];
  const height = endY - topY;
  const isStraight = stroke.slice(top).every(([x, y]) =>
    Math.abs(x - topX - ((y - topY) / height) * (endX - topX)) < height / 8);
  return height > 0 && startX < topX && startY - topY > height / 4 && Math.abs(endX - topX) < height / 3 && isStraight;
}

// Whether it is more of a line than a digit has: an 8 is four times as long as it is high.
export function isScribble(strokes) {
  const points = strokes.flat();
  const side = (axis) => Math.max(...points.map((point) => point[axis])) - Math.min(...points.map((point) => point[axis]));
  const length = strokes.reduce((sum, stroke) => sum + stroke.slice(1).reduce((part, [x, y], i) =>
    part + Math.hypot(x - stroke[i][0], y - stroke[i][1]), 0), 0);
  return strokes.length > 0 && length > LONGEST_LINE * Math.max(side(0), side(1));
}

// ---- strokes in the address: two bytes a point, 255 between strokes ----

export function encode(strokes) {
  const bytes = strokes.flatMap((stroke, i) => [...(i ? [255] : []), ...stroke.flat()]);
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

export function decode(pad, text) {
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
    } else if (bytes[i] < 2 * pad.width && bytes[i + 1] < 2 * pad.height) {
      strokes.at(-1).push([bytes[i], bytes[i + 1]]);
      i += 2;
    } else {
      i += 2; // not ours: a damaged address loses a point, not the page
    }
  }
  return strokes.filter((stroke) => stroke.length);
}

// ---- the pad ----

// A stored digit, a photograph, or strokes; or nothing.
export const EMPTY = { digit: null, photo: null, strokes: [] };

export class Pad {
  // onchange("draw") while the pen moves, onchange("rest") when it is lifted.
  constructor({ shape, data: { data: { ground } } }, onchange) {
    this.size = padFor(shape);
    this.ground = ground;
    this.onchange = onchange;
    this.picture = { ...EMPTY };
    this.before = [];
    this.pixels = inked(this.size, []);
    const { width, height, step } = this.size;
    this.cursor = [width, height].map((side) => Math.min(Math.round(side / step) * step, 2 * side - step / 2));
    this.canvas = h("canvas", {
      class: "pad", tabindex: "0", role: "application", help: say("draw.pad.help"),
      "aria-label": say("draw.pad.label"),
      onpointerdown: (event) => this.down(event),
      onpointermove: (event) => this.move(event),
      onpointerup: (event) => this.up(event),
      onpointercancel: (event) => this.up(event),
      onkeydown: (event) => this.key(event),
      onfocus: () => this.paint(),
      onblur: () => this.paint(),
    });
    this.canvas.paint = () => this.paint();
    this.canvas.style.setProperty("--share", width / Math.max(width, height));
    this.canvas.style.aspectRatio = `${width} / ${height}`;
  }

  show(picture) {
    this.picture = picture;
    this.pixels = inked(this.size, picture.strokes);
    this.canvas.setAttribute("aria-label", say(picture.photo ? "draw.pad.with" : "draw.pad.label", { name: picture.photo?.name }));
    this.paint();
  }

  remember() {
    this.before.push({ ...this.picture, strokes: this.picture.strokes.map((stroke) => [...stroke]) });
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
    const unit = (at, start, size, side) =>
      Math.min(Math.max(Math.floor((2 * side * (at - start)) / size + 0.5), 0), 2 * side - 1);
    const { width, height } = this.size;
    return [unit(event.clientX, box.left, box.width, width), unit(event.clientY, box.top, box.height, height)];
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
    if (!this.picture.strokes.length) this.show({ ...EMPTY, strokes: [] });
    this.picture.strokes.push([point]);
    inkSegment(this.size, this.pixels, point, point);
    this.paint();
  }

  extend(point, nearest) {
    const stroke = this.picture.strokes.at(-1);
    const last = stroke.at(-1);
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) < nearest) return false;
    stroke.push(point);
    inkSegment(this.size, this.pixels, last, point);
    this.paint();
    return true;
  }

  // ---- keys ----

  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (by) {
      const from = this.cursor;
      const { width, height, step } = this.size;
      this.cursor = from.map((at, axis) =>
        Math.min(Math.max(at + step * by[axis], step / 2), 2 * [width, height][axis] - step / 2));
      if (event.shiftKey) this.line(from, this.cursor);
    } else if (event.key === " ") {
      this.begin([...this.cursor]);
      this.onchange("rest");
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.load({ ...EMPTY });
      this.onchange("rest");
    } else {
      return;
    }
    event.preventDefault();
    this.usesKeys = true;
    const { width, height, step } = this.size;
    const [column, row, columns, rows] = [...this.cursor, 2 * width - 1, 2 * height - 1].map((at) => Math.floor(at / step) + 1);
    this.canvas.setAttribute("aria-label", say("draw.pad.cursor", { column, columns, row, rows }));
    this.paint();
  }

  line(from, to) {
    const last = this.picture.strokes.at(-1)?.at(-1);
    if (!last || last[0] !== from[0] || last[1] !== from[1]) this.begin([...from]);
    this.extend([...to], 1);
    this.onchange("rest");
  }

  // ---- the picture on screen: the strokes as lines, sharp on every screen ----

  paint() {
    const canvas = this.canvas;
    const wide = Math.round((canvas.clientWidth || 336) * (window.devicePixelRatio || 1));
    const high = Math.round((wide * this.size.height) / this.size.width);
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    }
    canvas.classList.toggle("stored", Boolean(this.picture.digit));
    const style = getComputedStyle(document.documentElement);
    const context = canvas.getContext("2d");
    const unit = wide / (2 * this.size.width);
    const [paper, pen] = { light: ["#fff", "#000"], dark: ["#000", "#fff"] }[this.ground]
      ?? ["--paper", "--ink"].map((name) => style.getPropertyValue(name));
    context.fillStyle = paper;
    context.fillRect(0, 0, wide, high);
    context.fillStyle = context.strokeStyle = pen;
    this.paintPicture(context, wide, high);
    context.lineCap = "round";
    context.lineJoin = "round";
    context.lineWidth = 4 * this.size.radius * unit;
    for (const stroke of this.picture.strokes) {
      context.beginPath();
      stroke.forEach(([x, y], i) => (i ? context.lineTo(x * unit, y * unit) : context.moveTo(x * unit, y * unit)));
      if (stroke.length === 1) context.lineTo(stroke[0][0] * unit, stroke[0][1] * unit + 0.01);
      context.stroke();
    }
    if (this.usesKeys && document.activeElement === canvas) this.paintCursor(context, unit, style);
  }

  // A stored digit fills the pad pixel by pixel, a photograph stands in its middle.
  paintPicture(context, wide, high) {
    const { digit, photo } = this.picture;
    const picture = digit ? ink(h("canvas"), digit.pixels, this.size.image.width, this.size.image.height, 255)
      : photo?.stages ? colours(h("canvas"), photo.stages[0]) : null;
    if (!picture) return;
    const scale = Math.min(wide / picture.width, high / picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    context.imageSmoothingEnabled = !digit;
    context.drawImage(picture, (wide - width) / 2, (high - height) / 2, width, height);
  }

  paintCursor(context, unit, style) {
    const [x, y] = this.cursor;
    context.strokeStyle = style.getPropertyValue("--accent");
    context.lineWidth = 4 * unit;
    const { step } = this.size;
    context.strokeRect((x - step) * unit, (y - step) * unit, 2 * step * unit, 2 * step * unit);
  }
}
