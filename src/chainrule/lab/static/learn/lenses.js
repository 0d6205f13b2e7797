// What one looks at beside the curves: the first layer, the line of the step, the layers, the rates.

import { h, number, replace } from "../dom.js";
import { percent, short } from "../numbers.js";
import { ink } from "../pictures.js";
import { say } from "../words.js";
import { COLOURS, dashOf, mark, nameOf, sized, styleOf, swatch } from "./curves.js";
import { isGrid, written } from "./plan.js";

const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));



// ---- the first layer, and a digit ----

export class Units {
  constructor({ session, lab, onweight, ondigit }) {
    Object.assign(this, { session, lab, onweight });
    this.parts = ["units", "bars"];
    this.picture = h("canvas", { class: "sitter", role: "img", help: say("learn.help.digit") });
    this.next = h("button", { type: "button", help: say("learn.help.another"), onclick: ondigit }, say("learn.another"));
    this.columns = h("div", { class: "lanes" });
    this.deathsOf = h("div", { class: "lanes" });
    this.deaths = h("details", { class: "deaths", ontoggle: () => this.paint() },
      h("summary", { help: say("learn.help.deaths") }, say("learn.dead.list")), this.deathsOf);
    this.element = h("div", { class: "lens with-sitter" }, this.columns,
      h("div", { class: "sitting" }, this.picture, this.next), this.deaths);
  }

  show(image, words) {
    const { width, height } = this.lab.shape;
    ink(this.picture, image, width, height);
    this.picture.setAttribute("aria-label", words);
    this.label = words;
  }

  build(run) {
    this.built = run;
    this.cells = run.lanes.map((lane, i) => {
      const canvas = h("canvas", { class: "first-layer", role: "img", help: say("learn.help.units"),
        onclick: (event) => this.choose(event, i) });
      const dead = h("p", { class: "quiet-text dead" });
      const bars = this.lab.classes.map((name) => {
        const fill = h("span", { class: "fill" });
        const share = h("span", { class: "share" });
        return { fill, share, row: h("li", {}, h("span", { class: "digit" }, name), h("span", { class: "track" }, fill), share) };
      });
      return { canvas, dead, bars, element: h("section", {}, h("h3", {}, swatch(lane.optimizer), nameOf(run.lanes, i)), canvas, dead,
        h("ul", { class: "bars" }, bars.map(({ row }) => row))) };
    });
    replace(this.columns, this.cells.map(({ element }) => element));
    this.columns.classList.toggle("many", run.lanes.length > 2);
  }

  paint() {
    const { session } = this;
    if (session.run !== this.built) this.build(session.run);
    session.seen?.lanes.forEach(({ units, bars, dead }, i) => {
      if (units) this.paintUnits(i, units, dead);
      if (bars) this.paintBars(this.cells[i].bars, bars);
    });
    if (session.seen) this.paintDeaths(session.seen.lanes);
  }

  paintUnits(i, { count, bytes: text }, dead) {
    const { canvas, dead: words } = this.cells[i];
    const { width, height } = this.lab.shape;
    const columns = Math.ceil(Math.sqrt(count));
    const scale = columns <= 4 ? 2 : 1;
    const gap = 3;
    const [wide, high] = [scale * width + gap, scale * height + gap];
    canvas.width = columns * wide - gap;
    canvas.height = Math.ceil(count / columns) * high - gap;
    const context = canvas.getContext("2d");
    const colour = styleOf(document.documentElement);
    const [zero, negative, positive] = ["--zero", "--negative", "--positive"].map((name) => channels(colour(name)));
    const values = bytes(text);
    const one = new OffscreenCanvas(width, height);
    const pixels = new ImageData(width, height);
    const first = new Map(dead.filter(([layer]) => layer === 1).map(([, unit, step]) => [unit, step]));
    context.imageSmoothingEnabled = false;
    for (let unit = 0; unit < count; unit += 1) {
      const pale = first.has(unit) ? 0.35 : 1;
      for (let at = 0; at < width * height; at += 1) {
        const value = (values[unit * width * height + at] - 128) / 127;
        const share = Math.min(Math.abs(value) * 1.6, 1) * pale;
        const end = value < 0 ? negative : positive;
        for (let c = 0; c < 3; c += 1) pixels.data[4 * at + c] = zero[c] + share * (end[c] - zero[c]);
        pixels.data[4 * at + 3] = 255;
      }
      one.getContext("2d").putImageData(pixels, 0, 0);
      const [x, y] = [(unit % columns) * wide, Math.floor(unit / columns) * high];
      context.drawImage(one, x, y, wide - gap, high - gap);
      if (first.has(unit)) this.cross(context, colour, x, y, wide - gap, high - gap, first.get(unit));
    }
    this.columnsOf = columns;
    words.textContent = this.wordsOf(dead.length, [...first.values()]);
    canvas.setAttribute("aria-label", say("learn.units", { name: nameOf(this.session.run.lanes, i), count, n: first.size }));
  }

  // How many units are dead, and the steps of those that are pictured.
  wordsOf(n, steps) {
    if (!n) return say("learn.dead.none");
    if (!steps.length) return say("learn.dead.elsewhere", { n });
    const [first, last] = [Math.min(...steps), Math.max(...steps)];
    return first === last
      ? say("learn.dead.once", { n, here: steps.length, step: first })
      : say("learn.dead.some", { n, here: steps.length, first, last });
  }

  // Crossed out, with the step of its death.
  cross(context, colour, x, y, width, height, step) {
    context.strokeStyle = colour("--alarm");
    context.lineWidth = 2.5;
    context.beginPath();
    context.moveTo(x + 3, y + 3);
    context.lineTo(x + width - 3, y + height - 3);
    context.moveTo(x + width - 3, y + 3);
    context.lineTo(x + 3, y + height - 3);
    context.stroke();
    if (width < 50) return;
    context.font = "600 15px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    const wide = context.measureText(step).width + 8;
    context.fillStyle = colour("--surface");
    context.fillRect(x + (width - wide) / 2, y + height / 2 - 9, wide, 18);
    context.fillStyle = colour("--alarm");
    context.fillText(step, x + width / 2, y + height / 2 + 1);
  }

  // What is dead in each lane, in the order of the last deaths.
  paintDeaths(lanes) {
    const { facts, run } = this.session;
    this.deaths.hidden = !lanes.some(({ dead }) => dead.length);
    if (!this.deaths.open) return;
    replace(this.deathsOf, lanes.map(({ dead }, i) => h("section", {}, h("h3", {}, swatch(run.lanes[i].optimizer), nameOf(run.lanes, i)),
      h("ol", {}, [...dead].sort((a, b) => a[2] - b[2]).map(([layer, unit, step]) =>
        h("li", {}, say(facts.is_dated ? "learn.dead.one" : "learn.dead.by", { layer: (layer + 1) / 2, unit, step })))))));
  }

  paintBars(bars, shares) {
    const best = shares.indexOf(Math.max(...shares));
    bars.forEach(({ fill, share, row }, i) => {
      fill.style.width = percent(shares[i] ?? 0).replace(" ", "");
      share.textContent = shares[i] === null ? "–" : percent(shares[i]);
      row.classList.toggle("best", i === best);
    });
  }

  // A click on a unit's picture chooses the weight of that pixel.
  choose(event, i) {
    const { canvas } = this.cells[i];
    const { width, height } = this.lab.shape;
    const box = canvas.getBoundingClientRect();
    const columns = this.columnsOf;
    const x = ((event.clientX - box.x) / box.width) * columns;
    const y = ((event.clientY - box.y) / box.height) * (canvas.height / canvas.width) * columns * (width / height);
    const unit = Math.floor(y) * columns + Math.floor(x);
    const pixel = Math.floor((y % 1) * height) * width + Math.floor((x % 1) * width);
    if (unit < this.session.seen.lanes[i].units.count) this.onweight(`0.${Math.min(pixel, width * height - 1)}.${unit}`);
  }
}

// ---- along the step ----

export class Along {
  constructor({ session }) {
    this.session = session;
    this.parts = ["layers", "along"];
    this.canvas = h("canvas", { class: "along", role: "img", help: say("learn.help.along") });
    this.words = h("div", { class: "words" });
    this.element = h("div", { class: "lens" }, h("p", { class: "quiet-text" }, say("learn.along.what")), this.canvas, this.words);
  }

  paint() {
    const { seen, run } = this.session;
    const lines = seen?.lanes.map(({ next }) => next?.along ?? null);
    if (!lines?.some(Boolean)) {
      replace(this.words, h("p", {}, say("learn.along.none")));
      return;
    }
    const { context, width, height } = sized(this.canvas);
    const colour = styleOf(this.canvas);
    const all = lines.flatMap((line) => line ?? []).map(([, loss]) => loss).filter((loss) => loss !== null);
    const low = Math.max(Math.min(...all), 1e-4) / 1.1;
    const high = Math.min(Math.max(...all), 60) * 1.1;
    const [left, right, top, bottom] = [44, 14, 16, height - 34];
    const x = (k) => left + (k / 20) * (width - left - right);
    const y = (loss) => bottom - (Math.log(Math.min(Math.max(loss ?? Infinity, low), high) / low) / Math.log(high / low)) * (bottom - top);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colour("--quiet");
    context.strokeStyle = colour("--line");
    for (const k of [0, 1, 5, 10, 15, 20]) {
      context.textAlign = "center";
      if (k) context.fillText(`${k} α`, x(k), bottom + 16);
      context.beginPath();
      context.moveTo(x(k), top);
      context.lineTo(x(k), bottom);
      context.stroke();
    }
    context.textAlign = "right";
    context.fillText(say("learn.along.axis"), width - right, bottom + 31);
    for (const loss of [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].filter((one) => one >= low && one <= high)) context.fillText(String(loss), left - 6, y(loss) + 4);
    const facts = lines.map((line, i) => {
      if (!line) return null;
      context.strokeStyle = context.fillStyle = colour(COLOURS[run.lanes[i].optimizer]);
      context.lineWidth = 2.2;
      context.setLineDash(dashOf(run.lanes, i));
      context.beginPath();
      line.forEach(([k, loss]) => context.lineTo(x(k), y(loss)));
      context.stroke();
      context.setLineDash([]);
      const at = (wanted) => line.find(([k]) => k === wanted)[1];
      mark(context, run.lanes[i].optimizer, x(1), y(at(1)), 5);
      context.fill();
      const best = line.reduce((a, b) => ((b[1] ?? Infinity) < (a[1] ?? Infinity) ? b : a));
      return h("p", {}, swatch(run.lanes[i].optimizer), say("learn.along.lane", {
        name: nameOf(run.lanes, i), before: at(0), after: at(1) ?? Infinity, best: best[0], lowest: best[1] }));
    });
    replace(this.words, facts);
    this.canvas.setAttribute("aria-label", say("learn.along.words"));
  }
}

// ---- norms by layer ----

export class Layers {
  constructor({ session }) {
    this.session = session;
    this.parts = ["layers"];
    this.table = h("table", { class: "numbers norms" });
    this.element = h("div", { class: "lens" }, h("p", { class: "quiet-text" }, say("learn.layers.what")), this.table);
  }

  paint() {
    const { seen, run, facts } = this.session;
    if (!seen) return;
    const most = { gradient: 0, update: 0 };
    seen.lanes.forEach(({ next }) => next?.layers?.forEach((layer) =>
      Object.keys(most).forEach((key) => { most[key] = Math.max(most[key], layer[key] ?? 0); })));
    const bar = (value, largest) => {
      const share = h("span", { class: "fill" });
      share.style.width = `${value ? Math.max(1, 100 * (1 + Math.log10(value / largest) / 4)) : 0}%`;
      return h("span", { class: "track" }, share);
    };
    const rows = facts.layers.flatMap((index, layer) => run.lanes.map((lane, i) => {
      const norms = seen.lanes[i].next?.layers?.[layer];
      return h("tr", { class: `of ${lane.optimizer}` },
        i === 0 ? h("th", { scope: "rowgroup", rowspan: run.lanes.length },
          say("learn.layers.layer", { n: layer + 1, from: String(facts.sizes[layer]), to: String(facts.sizes[layer + 1]) })) : null,
        h("th", { scope: "row" }, swatch(lane.optimizer), nameOf(run.lanes, i)),
        ["gradient", "update"].flatMap((key) => [
          h("td", { class: "bar-cell" }, norms ? bar(norms[key], most[key]) : null),
          h("td", {}, number(norms?.[key], 3))]));
    }));
    replace(this.table,
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, say("learn.layers.head")), h("th", { scope: "col" }, say("learn.layers.by")),
        h("th", { scope: "col", colspan: 2 }, say("learn.layers.gradient")), h("th", { scope: "col", colspan: 2 }, say("learn.layers.update")))),
      h("tbody", {}, rows));
  }
}

// ---- the rates decide ----

export class Rates {
  constructor({ session, onrates }) {
    this.session = session;
    this.parts = [];
    this.run = h("button", { type: "button", class: "main", help: say("learn.help.rates"), onclick: onrates }, say("learn.rates.run"));
    this.table = h("table", { class: "numbers ranking" });
    this.verdict = h("p", {});
    this.element = h("div", { class: "lens" }, h("p", {}, say("learn.rates.what")), this.run, this.table, this.verdict,
      h("p", { class: "quiet-text" }, say("learn.rates.measured"), " ",
        h("cite", {}, say("learn.rates.lesson"))));
  }

  paint() {
    const { run, branch, at } = this.session;
    const losses = run.lanes.map((lane, i) => {
      const check = branch.lanes[i].checks.findLast(([step, , , isWhole]) => step <= at && !isWhole);
      const isOver = branch.lanes[i].stopped && branch.lanes[i].stopped[0] <= at;
      return { ...lane, i, loss: isOver ? null : check?.[1] ?? null, accuracy: isOver ? null : check?.[2] ?? null };
    });
    const best = (list) => list.reduce((a, b) => ((b.loss ?? Infinity) < (a?.loss ?? Infinity) ? b : a), null);
    const optimizers = [...new Set(run.lanes.map(({ optimizer }) => optimizer))];
    const leader = best(losses);
    this.run.hidden = isGrid(run.lanes);
    replace(this.table, h("caption", {}, say("learn.rates.caption", { at })),
      h("tbody", {}, optimizers.map((optimizer) => {
        const own = losses.filter((one) => one.optimizer === optimizer).sort((a, b) => a.rate - b.rate);
        const first = own.length > 1 && own.every(({ loss }) => loss === own[0].loss) ? null : best(own);
        return h("tr", {}, h("th", { scope: "row" }, swatch(optimizer), say(`learn.names.${optimizer}`)),
          own.map((one) => h("td", { class: one === first ? "best" : null },
            h("span", { class: "quiet-text rate-of" }, say("learn.rates.at", { rate: written(one.rate) })),
            one.loss === null ? h("span", {}, "–") : h("strong", {}, short(one.loss, 3)),
            h("span", { class: "quiet-text" }, one.accuracy === null ? "" : ` ${percent(one.accuracy)}`))));
      })));
    this.verdict.textContent = !at || !leader ? "" : say("learn.rates.leader", {
      at, name: say(`learn.names.${leader.optimizer}`), rate: written(leader.rate), loss: leader.loss });
  }
}
