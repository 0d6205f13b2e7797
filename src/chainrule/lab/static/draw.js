// Draw: a digit on the pad, on its way to 28 x 28, through every layer, to ten percentages.

import * as api from "./api.js";
import { Pad, SIDE, decode, encode, shrunk } from "./canvas.js";
import { button, h, replace, toggle } from "./dom.js";
import { isKnown } from "./forward.js";
import { columnsOf, ink, signed } from "./pictures.js";
import { number, percent, short } from "./numbers.js";

export const id = "draw";
export const name = "Draw";
export const help = "Draw a digit and see what each layer of the network makes of it.";

const FIRST = 0; // the stored digit of a first visit: a 7

export function mount(root, lab) {
  const screen = new DrawScreen(root, lab);
  return {
    update: (state) => screen.update(state),
    unmount: () => screen.unmount(),
  };
}

class DrawScreen {
  constructor(root, lab) {
    this.lab = lab;
    this.image = null;
    this.asked = 0;
    this.nextOf = new Map(); // which stored digit of a class comes next
    this.pad = new Pad((when) => this.drawn(when));
    this.panels = [];
    this.build(root);
    this.onkey = (event) => this.key(event);
    this.onresize = () => this.pad.paint();
    document.addEventListener("keydown", this.onkey);
    addEventListener("resize", this.onresize);
    this.onpaint = new MutationObserver(() => this.pad.paint());
    this.onpaint.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.onresize);
  }

  unmount() {
    document.removeEventListener("keydown", this.onkey);
    removeEventListener("resize", this.onresize);
    this.onpaint.disconnect();
    this.dark.removeEventListener("change", this.onresize);
    this.asked = Infinity; // answers that still come are for nobody
  }

  build(root) {
    const digits = Array.from({ length: 10 }, (_, d) =>
      button(this.lab.classOf(d), `A stored test image of a ${this.lab.classOf(d)}; again, and the next one comes. The key ${d} does the same.`,
        () => this.load(d), { "aria-label": `Stored ${this.lab.classOf(d)}` }));
    this.raw = toggle("Feed it raw",
      "Off: the drawing is centred as MNIST's digits were. On: it is only shrunk, and the network sees what it never learned.",
      false, (on) => this.lab.go({ raw: on ? "1" : null }));
    this.raw.querySelector("input").disabled = api.isStatic; // only the server centres
    this.stages = h("div", { class: "stages", tabindex: "0", "aria-label": "From the drawing to the network's input", role: "group",
      help: "MNIST's rule: cut to the ink, scale its longer side to 20 pixels, move its centre of mass to the middle of 28 × 28." });
    this.answer = h("div", { class: "answers" });
    this.flow = h("div", { class: "flows" });
    this.unit = h("section", { class: "unit", "aria-label": "One unit" });
    root.append(
      h("h1", {}, "Draw a digit. Watch the network read it."),
      h("div", { class: "desk" },
        h("div", { class: "board" },
          this.pad.canvas,
          h("div", { class: "tools" },
            button("Undo", "Takes the last stroke back. The key U does the same.", () => this.undo()),
            button("Clear", "Empties the pad. Undo brings the drawing back.", () => this.clear()),
            this.raw),
          h("div", { class: "digits", role: "group", "aria-label": "Stored test digits" }, digits)),
        h("section", { class: "way", "aria-label": "The way to 28 by 28" }, h("h2", {}, "What the network sees"), this.stages),
        h("section", { "aria-label": "Answer" }, h("h2", {}, "What it answers"), this.answer)),
      h("section", { "aria-label": "Layers" },
        h("h2", {}, "Layer by layer"),
        h("p", { class: "quiet-text" }, "Each square is a unit: ",
          h("span", { class: "key negative" }, "below zero"), ", ", h("span", { class: "key positive" }, "above zero"),
          ". Choose one to see what it adds up."),
        this.flow),
      this.unit);
  }

  // ---- the state ----

  async update(state) {
    this.raw.querySelector("input").checked = api.isStatic || state.raw === "1";
    const networks = [this.lab.network, this.lab.beside].filter(Boolean);
    const key = networks.map(({ id }) => id).join("+");
    if (key !== this.shown) {
      this.shown = key;
      this.setPanels(networks);
    }
    const picture = await this.pictureOf(state);
    if (this.lab.state !== state || this.pad.pen !== undefined) return; // overtaken by a newer one
    if (this.keyOf(picture) !== this.keyOf(this.pad.picture)) this.pad.show(picture);
    await this.think();
  }

  keyOf({ digit, strokes }) {
    return digit ? `digit ${digit.index}` : encode(strokes);
  }

  async pictureOf(state) {
    if (state.strokes) return { digit: null, strokes: decode(state.strokes) };
    if (state.digit === "none") return { digit: null, strokes: [] };
    const first = api.isStatic ? (await api.storedIndices())[0] : FIRST;
    const isOne = /^[0-9]+$/.test(state.digit) && Number(state.digit) < this.lab.data.data.test_images;
    try {
      return { digit: await api.digit(isOne ? Number(state.digit) : first), strokes: [] };
    } catch (error) {
      this.lab.notice(error.message);
      return { digit: null, strokes: [] };
    }
  }

  // What is on the pad, into the address.
  keep() {
    const { digit, strokes } = this.pad.picture;
    const address = digit ? { digit: digit.index, strokes: null }
      : strokes.length ? { digit: null, strokes: encode(strokes) } : { digit: "none", strokes: null };
    this.lab.go(address);
  }

  drawn(when) {
    if (when === "rest") this.keep();
    else this.think(true);
  }

  undo() {
    if (this.pad.undo()) this.keep();
  }

  clear() {
    this.pad.load({ digit: null, strokes: [] });
    this.keep();
  }

  async load(label) {
    const { indices } = await api.digits(label);
    if (!indices.length) return;
    const at = this.nextOf.get(label) ?? 0;
    this.nextOf.set(label, at + 1);
    this.pad.load({ digit: await api.digit(indices[at % indices.length]), strokes: [] });
    this.keep();
  }

  key(event) {
    const isField = /^(SELECT|TEXTAREA)$/.test(event.target.tagName)
      || (event.target.tagName === "INPUT" && /^(number|text)$/.test(event.target.type));
    if (isField || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z") this.undo();
    else if (event.ctrlKey || event.metaKey) return;
    else if (/^[0-9]$/.test(event.key)) this.load(Number(event.key));
    else if (event.key === "u") this.undo();
    else return;
    event.preventDefault();
  }

  // ---- the answer: one question under way at a time, and always the newest picture ----

  async think(isLive = false) {
    this.wanted = { isLive };
    if (this.thinking) return this.thinking;
    this.thinking = (async () => {
      try {
        while (this.wanted) {
          const { isLive: live } = this.wanted;
          this.wanted = null;
          await this.thinkOnce(live);
        }
      } catch (error) {
        if (!(error instanceof api.LabError)) throw error;
        this.lab.notice(error.message);
      } finally {
        this.thinking = null;
      }
    })();
    return this.thinking;
  }

  async thinkOnce(isLive) {
    if (this.asked === Infinity) return;
    const started = performance.now();
    const input = await this.inputOf(this.pad.picture);
    this.image = input.image;
    this.showStages(input);
    for (const panel of this.panels) {
      panel.show(input.image ? await this.answerOf(panel, input.image, isLive) : null);
    }
    performance.measure(isLive ? "stroke" : "rest", { start: started, end: performance.now() });
    if (!isLive) await this.showUnit();
  }

  async answerOf(panel, image, isLive) {
    if (isLive && panel.weights) return api.forwardInPage(panel.weights, panel.network, image);
    return api.forward(panel.network, image);
  }

  async inputOf({ digit, strokes }) {
    const isRaw = this.lab.state.raw === "1";
    if (digit) return { image: digit.pixels.map((pixel) => pixel / 255), digit };
    if (!strokes.length) return { image: null };
    const pixels = Uint8Array.from(this.pad.pixels);
    if (api.isStatic) return { image: shrunk(pixels), isRaw: true, pixels };
    const { stages, image, raw } = await api.centre(pixels, SIDE);
    return { image: isRaw ? raw : image, stages, raw, isRaw, pixels };
  }

  showStages({ image, digit, stages, raw, isRaw, pixels }) {
    const last = this.stages.dataset.kind;
    const kind = digit ? "digit" : !image ? "empty" : isRaw ? "raw" : "centred";
    this.stages.dataset.kind = kind;
    if (kind === "empty") {
      replace(this.stages, h("p", { class: "quiet-text" }, "Nothing yet. Draw, or press a key from 0 to 9."));
    } else if (kind === "digit") {
      replace(this.stages, stage("test image", image, 28, 28, 1, `Number ${digit.index} of the test images, a ${this.lab.classOf(digit.label)}. It is centred already.`));
    } else if (kind === "raw") {
      replace(this.stages,
        stage("drawn", pixels, SIDE, SIDE, 255, "As it is on the pad."),
        stage("fed raw", raw ?? image, 28, 28, 1, api.isStatic
          ? "Without a server the drawing is only shrunk, not centred: draw large and in the middle."
          : "Shrunk, neither cropped nor centred."));
    } else if (last === "centred" && this.stages.children.length === stages.length) {
      stages.forEach((one, i) => this.stages.children[i].show(one)); // while drawing: the same elements
    } else {
      replace(this.stages, stages.map((one) => stage(one.name, one.pixels, one.width, one.height, 255, one.words)));
    }
  }

  // ---- the networks: one, or two side by side ----

  setPanels(networks) {
    const [first] = networks;
    const partners = this.lab.partners;
    this.panels = networks.map((network) => new Panel(network, this, networks.length > 1));
    const chooser = partners.length
      ? h("div", { class: "beside" }, partners.map((partner) =>
        toggle(`Beside it: ${this.lab.nameOf(partner)}`, "Two networks of one run, on the same picture.",
          this.lab.beside?.id === partner.id, (on) => this.lab.go({ beside: on ? partner.id : null, unit: null }))))
      : null;
    replace(this.answer, this.panels.map((panel) => panel.bars), chooser);
    replace(this.flow, this.panels.map((panel) => panel.flow));
    this.answer.classList.toggle("two", networks.length > 1);
    return first;
  }

  openUnit(network, layer, unit) {
    const of = network.id === this.lab.network.id ? "" : `${network.id}.`;
    this.lab.go({ unit: `${of}${layer}.${unit}` });
    this.unit.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  async showUnit() {
    const wanted = this.lab.state.unit;
    const parts = wanted?.split(".") ?? [];
    const [layer, unit] = parts.slice(-2).map(Number);
    const panel = this.panels.find(({ network }) => network.id === parts.slice(0, -2).join(".")) ?? this.panels[0];
    const description = panel.network.layers[layer];
    for (const other of this.panels) other.mark(other === panel ? layer : null, unit);
    if (!wanted || !this.image || description?.kind !== "Dense" || !(unit >= 0 && unit < description.n_out)) {
      replace(this.unit);
      return;
    }
    const answer = await api.unit(panel.network.id, this.image, layer, unit);
    if (this.lab.state.unit === wanted) this.paintUnit(panel.network, description, unit, answer);
  }

  paintUnit(network, layer, unit, answer) {
    const columns = answer.image_shape ? 28 : columnsOf(answer.weights.length);
    const rows = Math.ceil(answer.weights.length / columns);
    const picture = (title, values, help) => {
      const canvas = signed(h("canvas", { role: "img", "aria-label": title }), values, columns, rows);
      return h("figure", { tabindex: "0", help }, canvas, h("figcaption", {}, title));
    };
    const sign = (text) => h("span", { class: "operator", "aria-hidden": "true" }, text);
    const term = (title, value, help) => h("div", { class: "term", tabindex: "0", help }, h("dt", {}, title), h("dd", {}, number(value)));
    const focused = this.unit.contains(document.activeElement);
    const close = button("Close", "Closes this unit.", () => this.lab.go({ unit: null }));
    replace(this.unit,
      h("div", { class: "head" }, h("h2", {}, `Unit ${unit} of ${layer.words}`), close),
      this.panels.length > 1 ? h("p", { class: "quiet-text" }, network.title) : null,
      h("div", { class: "product" },
        picture("weights", answer.weights, `The unit's ${answer.weights.length} weights: a column of W. What it looks for is orange, what speaks against it blue.`),
        sign("×"),
        picture("input", answer.input, layer.index ? "What the layer before it gives." : "The picture, standardised: paper is a little below zero."),
        sign("="),
        picture("weight times input", answer.products, "Each weight times its input: where the sum comes from.")),
      h("dl", { class: "sum" },
        term("sum", answer.sum, "All products added up."), sign("+"),
        term("bias", answer.bias, "What the unit adds whatever it sees."), sign("="),
        term("z", answer.z, "What the Dense layer gives for this unit."),
        answer.relu === null ? null : [sign("→"), term("ReLU(z)", answer.relu, "z where it is positive, else 0: what the next layer sees.")]));
    if (focused) close.focus({ preventScroll: true });
  }
}

function stage(title, pixels, width, height, white, words) {
  const canvas = h("canvas", { role: "img", "aria-label": title });
  const caption = h("span", { class: "words" });
  const size = h("span", { class: "size" });
  const figure = h("figure", { "data-stage": title }, h("div", { class: "frame" }, canvas),
    h("figcaption", {}, h("strong", {}, title), " ", size, caption));
  figure.show = (one) => paintStage(one.pixels, one.width, one.height, 255, one.words);
  const paintStage = (values, w, hgt, most, text) => {
    ink(canvas, values, w, hgt, most);
    const frame = title === "drawn" ? SIDE : title === "cropped" ? Math.max(w, hgt) : 28;
    canvas.style.width = `${(100 * w) / frame}%`;
    size.textContent = `${w} × ${hgt}`;
    caption.textContent = text;
  };
  paintStage(pixels, width, height, white, words);
  return figure;
}

// ---- one network's answer: bars, and a strip for each layer ----

class Panel {
  constructor(network, screen, isOneOfTwo) {
    this.network = network;
    this.screen = screen;
    this.weights = null;
    api.weights(network.id).then((weights) => { this.weights = isKnown(weights) ? weights : null; }, () => {});
    this.bars = this.buildBars(isOneOfTwo);
    this.flow = this.buildFlow(isOneOfTwo);
  }

  buildBars(isOneOfTwo) {
    this.predicted = h("output", { class: "predicted" }, "–");
    this.rows = Array.from({ length: 10 }, (_, d) => {
      const bar = h("span", { class: "fill" });
      const share = h("span", { class: "share" }, "–");
      return { bar, share, row: h("li", {}, h("span", { class: "digit" }, this.screen.lab.classOf(d)), h("span", { class: "track" }, bar), share) };
    });
    return h("div", { class: "answer", tabindex: "0", role: "group", "aria-label": `Answer of ${this.network.title}`,
      help: "The ten probabilities after softmax: they add up to 100 %. The largest is the answer." },
    isOneOfTwo ? h("h3", {}, this.network.title) : null,
    this.predicted, h("ol", { class: "bars" }, this.rows.map(({ row }) => row)));
  }

  buildFlow(isOneOfTwo) {
    const columns = [];
    this.strips = new Map();
    for (const layer of this.network.layers) {
      const strip = new Strip(layer, this.network, this.screen);
      this.strips.set(layer.index, strip);
      if (layer.kind === "Dense") columns.push(h("div", { class: "layer" }, strip.element));
      else columns.at(-1)?.append(strip.element);
    }
    const arrow = () => h("span", { class: "operator", "aria-hidden": "true" }, "→");
    return h("div", { class: "flow" },
      isOneOfTwo ? h("h3", {}, this.network.title) : null,
      h("div", { class: "columns" }, columns.flatMap((column, i) => (i ? [arrow(), column] : [column]))));
  }

  show(answer) {
    this.predicted.textContent = answer ? this.screen.lab.classOf(answer.predicted) : "–";
    this.rows.forEach(({ bar, share, row }, d) => {
      const p = answer?.probabilities[d] ?? 0;
      bar.style.width = `${100 * p}%`;
      share.textContent = answer ? percent(p) : "–";
      share.dataset.value = answer ? String(p) : "";
      row.classList.toggle("best", Boolean(answer) && d === answer.predicted);
    });
    for (const layer of this.network.layers) {
      this.strips.get(layer.index).show(answer ? answer.layers[layer.index].output : null);
    }
  }

  mark(layer, unit) {
    for (const [index, strip] of this.strips) {
      const isMarked = layer !== null && (index === layer || (index === layer + 1 && strip.layer.kind !== "Dense"));
      strip.mark(isMarked ? unit : null);
    }
  }
}

// The units of one layer as a grid. One tab stop: arrows choose a unit, Enter opens it.
class Strip {
  constructor(layer, network, screen) {
    Object.assign(this, { layer, network, screen, n: layer.n_out, values: null, at: 0 });
    this.columns = columnsOf(this.n);
    this.rowCount = Math.ceil(this.n / this.columns);
    this.canvas = h("canvas", {});
    this.cursor = h("span", { class: "cursor" });
    this.marked = h("span", { class: "cursor marked", hidden: true });
    this.grid = h("div", {
      class: `units by${this.columns > 10 ? 16 : this.columns === 10 ? 10 : this.columns > 4 ? 8 : 4}`, tabindex: "0", role: "slider", "aria-label": `Units of ${this.title}`,
      "aria-valuemin": "0", "aria-valuemax": String(this.n - 1), "aria-valuenow": "0", "aria-valuetext": "unit 0",
      help: layer.kind === "Dense"
        ? `What ${layer.words} gives: ${this.n} numbers z = x W + b. Arrows choose a unit, Enter opens it.`
        : `ReLU lets what is positive pass, and makes the rest 0. Arrows choose a unit, Enter opens it.`,
      onkeydown: (event) => this.key(event),
      onpointermove: (event) => this.choose(this.under(event)),
      onclick: (event) => { this.choose(this.under(event)); this.open(); },
    }, this.canvas, this.cursor, this.marked);
    this.place(this.cursor, 0);
    const digits = this.n === 10
      ? h("div", { class: "ten", "aria-hidden": "true" }, Array.from({ length: 10 }, (_, d) => h("span", {}, this.screen.lab.classOf(d)))) : null;
    this.element = h("div", { class: "strip" }, h("p", { class: "name" }, this.title), this.grid, digits);
  }

  get title() {
    return this.layer.kind === "ReLU" ? "ReLU" : this.layer.words;
  }

  get opens() {
    return this.layer.kind === "Dense" ? this.layer.index : this.layer.index - 1;
  }

  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * this.columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * this.rowCount);
    const inside = (value, most) => Math.min(Math.max(value, 0), most);
    return inside(inside(row, this.rowCount - 1) * this.columns + inside(column, this.columns - 1), this.n - 1);
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
    if (event.key === "Enter" || event.key === " ") this.open();
    else if (event.key === "Home") this.choose(0);
    else if (event.key === "End") this.choose(this.n - 1);
    else if (by !== undefined) this.choose(this.at + by);
    else return;
    event.preventDefault();
  }

  choose(at) {
    if (at < 0 || at >= this.n) return;
    this.at = at;
    this.place(this.cursor, at);
    const text = this.values ? `Unit ${at} gives ${short(this.values[at])}` : `Unit ${at}`;
    this.grid.setAttribute("aria-valuenow", String(at));
    this.grid.setAttribute("aria-valuetext", text);
    this.grid.dataset.help = `${this.title}. ${text}. Click or Enter shows what it adds up.`;
    this.screen.lab.help.refresh(this.grid);
  }

  place(mark, at) {
    mark.style.left = `${(100 * (at % this.columns)) / this.columns}%`;
    mark.style.top = `${(100 * Math.floor(at / this.columns)) / this.rowCount}%`;
    mark.style.width = `${100 / this.columns}%`;
    mark.style.height = `${100 / this.rowCount}%`;
  }

  open() {
    this.screen.openUnit(this.network, this.opens, this.at);
  }

  mark(unit) {
    this.marked.hidden = unit === null;
    if (unit !== null) this.place(this.marked, unit);
  }

  show(values) {
    this.values = values;
    signed(this.canvas, values ? Array.from(values) : new Array(this.n).fill(0), this.columns, this.rowCount);
  }
}

