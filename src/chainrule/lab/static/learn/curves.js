// The curves: training loss, raw and smoothed, above the loss of validation images, over one axis.

import { count, short } from "../numbers.js";
import { h } from "../dom.js";
import { say } from "../words.js";
import { isGrid, rank, written } from "./plan.js";

export const COLOURS = {
  sgd: "--sgd", momentum: "--momentum", nesterov: "--nesterov", rmsprop: "--rmsprop", adam: "--adam", adamw: "--adamw",
};
const MARKS = { sgd: "circle", momentum: "square", nesterov: "square", rmsprop: "triangle", adam: "diamond", adamw: "diamond" };
const LEFT = 44;
const RIGHT = 14;
const TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const LEAST = 1e-4;

export const styleOf = (element) => {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(name).trim() || style.color;
};

export function dashOf(lanes, lane) {
  const { at, of } = rank(lanes, lane);
  return of === 1 ? [] : [[2, 3], [], [7, 3]][Math.min(at, 2)];
}

export function mark(context, optimizer, x, y, size) {
  context.beginPath();
  const kind = MARKS[optimizer];
  if (kind === "circle") context.arc(x, y, size, 0, 7);
  else if (kind === "square") context.rect(x - 0.9 * size, y - 0.9 * size, 1.8 * size, 1.8 * size);
  else if (kind === "triangle") [[0, -1.2], [1.1, 0.9], [-1.1, 0.9]].forEach(([a, b]) => context.lineTo(x + a * size, y + b * size));
  else [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]].forEach(([a, b]) => context.lineTo(x + a * size, y + b * size));
  context.closePath();
}

// A canvas as large as its place, sharp on any screen; returns its context in CSS pixels.
export function sized(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const sharp = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(height * sharp)) {
    canvas.width = Math.round(width * sharp);
    canvas.height = Math.round(height * sharp);
  }
  const context = canvas.getContext("2d");
  context.setTransform(sharp, 0, 0, sharp, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

export class Curves {
  constructor(session, isOverSeconds) {
    Object.assign(this, { session, isOverSeconds });
    this.canvas = h("canvas", { class: "curves", role: "img", tabindex: "0", help: say("learn.help.curves") });
  }

  // ---- the axes ----

  x(branch, lane, step) {
    if (!this.isOverSeconds()) return step < branch.seen.length ? branch.seen.array[step] : this.lastSeen(branch);
    const { seconds } = branch.lanes[lane];
    return step ? seconds.array[Math.min(step, seconds.length) - 1] ?? 0 : 0;
  }

  lastSeen(branch) {
    const { length, array } = branch.seen;
    return length ? array[length - 1] + (array[length - 1] - (array[length - 2] ?? 0)) : 0;
  }

  spans() {
    let [wide, low, high] = [this.isOverSeconds() ? 0.1 : 2000, 0.5, 3];
    for (const branch of this.session.branches) {
      branch.lanes.forEach((lane, i) => {
        wide = Math.max(wide, this.x(branch, i, lane.losses.length));
        const { array, length } = lane.smooth;
        for (let at = 0; at < length; at += Math.ceil(length / 300)) {
          low = Math.min(low, array[at]);
          high = Math.max(high, array[at]);
        }
        for (const [, loss] of lane.checks) if (loss !== null) low = Math.min(low, loss);
      });
    }
    return { wide, low: Math.max(low / 1.6, LEAST), high: Math.min(high * 1.25, 12) };
  }

  paint() {
    if (!this.session.facts || !this.canvas.isConnected) return;
    const { context, width, height } = sized(this.canvas);
    const colour = styleOf(this.canvas);
    const { wide, low, high } = this.spans();
    const split = Math.round(height * 0.57);
    const toX = (x) => LEFT + (x / wide) * (width - LEFT - RIGHT);
    const panel = (top, bottom) => ({
      top, bottom,
      y: (loss) => bottom - ((Math.log(Math.min(Math.max(loss, low), high)) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (bottom - top),
    });
    const view = { context, colour, toX, width, low, high, training: panel(20, split - 8), validation: panel(split + 16, height - 30) };
    this.paintFrame(view, wide);
    const now = Math.max(...this.session.branch.lanes.map((_, i) => toX(this.x(this.session.branch, i, this.session.at))), LEFT);
    this.session.branches.forEach((branch, i) => {
      if (i !== this.session.index) this.paintBranch(view, branch, 0.35);
    });
    this.paintBranch(view, this.session.branch, 0.22);
    context.save();
    context.beginPath();
    context.rect(0, 0, now + 1, height);
    context.clip();
    this.paintBranch(view, this.session.branch, 1);
    context.restore();
    this.paintMoments(view, now);
    this.canvas.setAttribute("aria-label", this.words());
  }

  paintFrame({ context, colour, toX, width, low, high, training, validation }, wide) {
    context.font = "12px system-ui, sans-serif";
    context.lineWidth = 1;
    for (const panel of [training, validation]) {
      context.textAlign = "right";
      context.textBaseline = "middle";
      let above = Infinity;
      for (const tick of TICKS.filter((one) => one >= low && one <= high)) {
        const y = Math.round(panel.y(tick)) + 0.5;
        context.strokeStyle = colour("--line");
        context.beginPath();
        context.moveTo(LEFT, y);
        context.lineTo(width - RIGHT, y);
        context.stroke();
        context.fillStyle = colour("--quiet");
        if (above - y > 13) {
          context.fillText(String(tick), LEFT - 7, y);
          above = y;
        }
      }
      const chance = Math.round(panel.y(this.session.facts.chance)) + 0.5;
      context.setLineDash([1, 3]);
      context.strokeStyle = colour("--text");
      context.beginPath();
      context.moveTo(LEFT, chance);
      context.lineTo(width - RIGHT, chance);
      context.stroke();
      context.setLineDash([]);
    }
    context.fillStyle = colour("--text");
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.font = "600 12px system-ui, sans-serif";
    context.fillText(say("learn.axis.training"), LEFT, training.top - 7);
    context.fillText(say("learn.axis.validation"), LEFT, validation.top - 6);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colour("--quiet");
    context.textAlign = "right";
    const { facts } = this.session;
    const classes = facts.sizes.at(-1);
    context.fillText(say("learn.axis.chance", { classes, chance: facts.chance }), width - RIGHT, training.y(facts.chance) - 5);
    this.paintX({ context, colour, toX, width, validation }, wide);
  }

  paintX({ context, colour, toX, width, validation }, wide) {
    const rough = wide / Math.max(2, Math.floor(width / 130));
    const power = 10 ** Math.floor(Math.log10(rough));
    const every = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
    context.fillStyle = colour("--quiet");
    context.textAlign = "center";
    context.textBaseline = "top";
    const title = say(this.isOverSeconds() ? "learn.axis.seconds" : "learn.axis.seen");
    const free = width - RIGHT - context.measureText(title).width - 10;
    for (let x = 0; x < wide; x += every) {
      const text = this.isOverSeconds() ? String(Number(x.toPrecision(3))) : count(x);
      if (toX(x) + context.measureText(text).width / 2 > free) break;
      context.fillText(text, toX(x), validation.bottom + 6);
    }
    context.textAlign = "right";
    context.fillText(title, width - RIGHT, validation.bottom + 6);
  }

  paintBranch(view, branch, opacity) {
    const { lanes } = this.session.run;
    const isCrowded = lanes.length > 3;
    view.context.save();
    branch.lanes.forEach((lane, i) => {
      const context = view.context;
      context.strokeStyle = context.fillStyle = view.colour(COLOURS[lanes[i].optimizer]);
      if (!isCrowded) this.paintRaw(view, branch, i, 0.3 * opacity);
      context.globalAlpha = opacity;
      context.lineWidth = isCrowded ? 1.6 : 2.2;
      context.setLineDash(dashOf(lanes, i));
      this.paintLine(view.context, view.toX, view.training.y, this.columns(view, branch, i, lane.smooth));
      const few = lane.checks.filter(([, loss, , isWhole]) => loss !== null && !isWhole);
      const thin = Math.ceil(few.length / view.width);
      this.paintLine(context, view.toX, view.validation.y,
        few.filter((_, at) => at % thin === 0 || at === few.length - 1).map(([step, loss]) => [this.x(branch, i, step), loss]));
      context.setLineDash([]);
      const whole = lane.checks.filter(([, loss, , isWhole]) => loss !== null && isWhole);
      for (const [step, loss] of whole) {
        mark(context, lanes[i].optimizer, view.toX(this.x(branch, i, step)), view.validation.y(loss), whole.length > 25 ? 2 : 3.5);
        context.fill();
      }
      if (lane.stopped) this.paintEnd(view, branch, i);
    });
    view.context.restore();
  }

  // What the loss is at most one point a pixel.
  columns(view, branch, lane, numbers) {
    const points = [];
    const every = Math.max(1, Math.floor(numbers.length / view.width));
    for (let step = 0; step < numbers.length; step += every) points.push([this.x(branch, lane, step), numbers.array[step]]);
    if (numbers.length) points.push([this.x(branch, lane, numbers.length - 1), numbers.array[numbers.length - 1]]);
    return points;
  }

  paintLine(context, toX, toY, points) {
    context.beginPath();
    points.forEach(([x, y]) => context.lineTo(toX(x), toY(y)));
    context.stroke();
  }

  // From the least to the most of each pixel's steps.
  paintRaw(view, branch, lane, opacity) {
    const { context, toX, training } = view;
    const { array, length } = branch.lanes[lane].losses;
    context.globalAlpha = opacity;
    context.lineWidth = 1;
    context.setLineDash([]);
    context.beginPath();
    for (let step = 0; step < length;) {
      const column = Math.floor(toX(this.x(branch, lane, step)));
      let [least, most] = [array[step], array[step]];
      for (step += 1; step < length && Math.floor(toX(this.x(branch, lane, step))) === column; step += 1) {
        least = Math.min(least, array[step]);
        most = Math.max(most, array[step]);
      }
      context.lineTo(column + 0.5, training.y(most));
      context.lineTo(column + 0.5, training.y(least));
    }
    context.stroke();
  }

  paintEnd({ context, toX, training, colour }, branch, i) {
    const [step] = branch.lanes[i].stopped;
    const x = Math.min(toX(this.x(branch, i, step)), this.canvas.clientWidth - RIGHT - 4);
    context.strokeStyle = colour("--alarm");
    context.lineWidth = 2.5;
    context.beginPath();
    for (const [a, b, c, d] of [[-5, -5, 5, 5], [-5, 5, 5, -5]]) {
      context.moveTo(x + a, training.top + 6 + b);
      context.lineTo(x + c, training.top + 6 + d);
    }
    context.stroke();
  }

  // Where we are, and where something was changed.
  paintMoments({ context, colour, toX, training, validation }, now) {
    const { branch } = this.session;
    context.strokeStyle = colour("--quiet");
    context.setLineDash([3, 3]);
    for (const [step] of branch.changes.filter(([at]) => at > 0 && at <= branch.reached)) {
      const x = Math.round(toX(this.x(branch, 0, step))) + 0.5;
      context.beginPath();
      context.moveTo(x, training.top);
      context.lineTo(x, validation.bottom);
      context.stroke();
    }
    context.setLineDash([]);
    context.strokeStyle = context.fillStyle = colour("--accent");
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(now, training.top - 2);
    context.lineTo(now, validation.bottom);
    context.stroke();
    mark(context, "sgd", now, validation.bottom, 4);
    context.fill();
  }

  words() {
    const { run, branch, at } = this.session;
    const lanes = run.lanes.map(({ optimizer, rate }, i) => {
      const loss = branch.lanes[i].smooth.array[Math.min(at, branch.lanes[i].smooth.length) - 1];
      return say("learn.axis.lane", { name: say(`learn.names.${optimizer}`), rate: written(rate), loss: loss === undefined ? "–" : short(loss, 3) });
    });
    return say("learn.axis.words", { at, lanes: lanes.join("; ") });
  }
}

export const swatch = (optimizer) => h("i", { class: `swatch ${optimizer}`, "aria-hidden": "true" });

// What a lane is called: its optimizer, with the rate where that stands there several times.
export function nameOf(lanes, i) {
  const name = say(`learn.names.${lanes[i].optimizer}`);
  return isGrid(lanes) ? say("learn.lane", { name, rate: written(lanes[i].rate) }) : name;
}
