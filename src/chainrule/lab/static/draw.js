// Draw: what is drawn or photographed, on its way to the network's size, through every layer, to
// a percentage for each class.

import * as api from "./api.js";
import { EMPTY, Pad, decode, encode, hasLongUpstroke, isScribble, shrunk } from "./canvas.js";
import { bringIntoView, button, explain, h, labelled, number, replace, select, toggle } from "./dom.js";
import { isKnown } from "./forward.js";
import { photoButton, photoOf } from "./photos.js";
import { colours, columnsOf, ink, shares, signed } from "./pictures.js";
import { percent, subscript } from "./numbers.js";
import { inWords, say } from "./words.js";

export const id = "draw";
export const name = say("draw.name");
export const help = say("draw.help");

const FIRST = 0; // the stored image of a first visit: of MNIST a 7
const MOST_BARS = 10; // of more classes the most probable are shown
const MOST_WEIGHTS = 2_000_000; // that the page computes with; for more it asks the server
const SURE = 0.7; // the largest share below which a network is not sure
const STAGES = ["drawn", "cropped", "scaled", "centred"];

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
    this.pad = new Pad(lab, (when) => this.drawn(when));
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
    const { thing, shape } = this.lab;
    this.raw = toggle(say("draw.raw"), say(`draw.rule.${this.rule}.toggle`), false, (on) => this.lab.go({ raw: on ? "1" : null }));
    this.raw.querySelector("input").disabled = this.isRawOnly;
    this.stages = h("div", { class: "stages", tabindex: "0", "aria-label": say("draw.stages"), role: "group", help: say(`draw.rule.${this.rule}.stages`) });
    this.told = h("p", { class: "told quiet-text" });
    this.answer = h("div", { class: "answers" });
    this.beside = h("div", { class: "beside" });
    this.flow = h("div", { class: "flows" });
    this.unit = h("section", { class: "unit", "aria-label": say("draw.one_unit") });
    const part = (place, title) => h("h2", {}, h("span", { class: "place", "aria-hidden": "true" }, String(place)), say(`draw.part.${title}`));
    root.append(
      h("h1", {}, say(`draw.title.${thing}`)),
      h("div", { class: "desk" },
        h("div", { class: "board" }, part(1, "draw"), this.pad.canvas),
        h("div", { class: "hand" },
          h("div", { class: "tools" },
            button(say("draw.undo"), say("draw.undo_help"), () => this.undo()),
            button(say("draw.clear"), say("draw.clear_help"), () => this.clear()),
            photoButton(this.lab),
            this.raw),
          h("div", { class: `digits${this.lab.hasNames ? " named" : ""}`, role: "group", "aria-label": say(`draw.stored.group.${thing}`) },
            this.lab.classes.map((name, d) => this.chip(name, d)))),
        h("section", { class: "way", "aria-label": say("draw.way", shape) }, part(2, "sees"), this.stages, this.told),
        h("section", { class: "says", "aria-label": say("draw.answer") }, part(4, "answer"), this.answer, this.buildLabel())),
      h("section", { class: "chain-of-layers", "aria-label": say("draw.layers") },
        h("div", { class: "head" }, part(3, "layers"),
          h("p", { class: "quiet-text" }, inWords("draw.legend", {
            below: h("span", { class: "key negative" }, say("draw.below")), above: h("span", { class: "key positive" }, say("draw.above")) })),
          this.beside),
        this.flow),
      this.unit);
  }

  // A stored image of a class.
  chip(name, d) {
    const values = { class: this.lab.aClass(d), key: [...Array(10).keys()].find((one) => this.classOfKey(one) === d) };
    const text = say(values.key === undefined ? "draw.stored.help" : "draw.stored.help_key", values);
    return button(name, text, () => this.load(d), { "aria-label": say("draw.stored.label", { name }) });
  }

  // What the picture is, which the learner may say, and the way to its chain rule.
  buildLabel() {
    const choices = [["", say("draw.label_none")], ...this.lab.classes.map((name, d) => [d, name])];
    this.label = select(choices, "", say("draw.label_help"), (label) => this.lab.go({ label: label || null }));
    this.take = button(say("draw.take"), say("draw.take_help"), () => this.lab.go({
      screen: "backwards", step: null, opened: null, at: null,
      ...(this.pad.picture.digit ? { batch: null, from: this.pad.picture.digit.index } : { batch: "drawing" }),
    }, { push: true }));
    return h("div", { class: "label" }, labelled(say("draw.label"), this.label), this.take);
  }

  // What the picture on the pad is, as far as that is known: a stored one has its label.
  get known() {
    const { digit } = this.pad.picture;
    if (digit) return digit.label;
    return this.lab.state.label === undefined || this.lab.state.label === null ? null : Number(this.lab.state.label);
  }

  // ---- the state ----

  get rule() {
    return this.lab.network.pictures;
  }

  // Without the server nothing is prepared, and by no rule nothing can be.
  get isRawOnly() {
    return api.isStatic || this.rule === "unknown";
  }

  get isRaw() {
    return this.isRawOnly || this.lab.state.raw === "1";
  }

  // The class of that number, or, where no class has a number of one digit, in that place.
  classOfKey(digit) {
    const { classes } = this.lab;
    if (classes.some((name) => /^[0-9]$/.test(name))) return classes.indexOf(String(digit));
    return digit < classes.length ? digit : -1;
  }

  async update(state) {
    this.raw.querySelector("input").checked = this.isRaw;
    const networks = [this.lab.network, this.lab.beside].filter(Boolean);
    const key = networks.map(({ id }) => id).join("+");
    if (key !== this.shown) {
      this.shown = key;
      this.setPanels(networks);
    }
    const picture = await this.pictureOf(state);
    if (this.lab.state !== state || this.pad.pen !== undefined) return; // overtaken by a newer one
    if (this.keyOf(picture) !== this.keyOf(this.pad.picture)) {
      if (picture.photo) this.pad.load(picture); // it came from elsewhere, and undo brings the drawing back
      else this.pad.show(picture);
    }
    await this.think();
  }

  keyOf({ digit, photo, strokes }) {
    return digit ? `digit ${digit.index}` : photo ? `photo ${photo.number}` : encode(strokes);
  }

  async pictureOf(state) {
    if (state.strokes) return { ...EMPTY, strokes: decode(this.pad.size, state.strokes) };
    const photo = photoOf(state.picture);
    if (photo) return { ...EMPTY, photo };
    if (state.picture) {
      this.lab.notice(say("draw.forgotten"));
      return EMPTY;
    }
    if (state.digit === "none") return EMPTY;
    const first = api.isStatic ? (await api.storedIndices())[0] : FIRST;
    const isOne = /^[0-9]+$/.test(state.digit) && Number(state.digit) < this.lab.data.data.test_images;
    try {
      return { ...EMPTY, digit: await api.digit(isOne ? Number(state.digit) : first) };
    } catch (error) {
      this.lab.notice(error.message);
      return EMPTY;
    }
  }

  // What is on the pad, into the address.
  keep() {
    const { digit, photo, strokes } = this.pad.picture;
    const address = digit ? { digit: digit.index } : photo ? { picture: photo.number }
      : strokes.length ? { strokes: encode(strokes) } : { digit: "none" };
    this.lab.go({ digit: null, strokes: null, picture: null, part: null, label: null, ...address }); // a label was another picture's
  }

  drawn(when) {
    if (when === "rest") this.keep();
    else this.think(true);
  }

  undo() {
    if (this.pad.undo()) this.keep();
  }

  clear() {
    this.pad.load(EMPTY);
    this.keep();
  }

  async load(label) {
    const { indices } = await api.digits(label);
    if (!indices.length) {
      this.lab.notice(say("draw.stored.none", { class: this.lab.aClass(label) }));
      return;
    }
    const at = this.nextOf.get(label) ?? 0;
    this.nextOf.set(label, at + 1);
    this.pad.load({ ...EMPTY, digit: await api.digit(indices[at % indices.length]) });
    this.keep();
  }

  // Single keys count on the pad alone: elsewhere they belong to screen readers and speech.
  key(event) {
    const isField = /^(SELECT|TEXTAREA)$/.test(event.target.tagName)
      || (event.target.tagName === "INPUT" && /^(number|text)$/.test(event.target.type));
    if (isField || event.altKey) return;
    const isOnPad = event.target === this.pad.canvas;
    if ((event.ctrlKey || event.metaKey) && event.key === "z") this.undo();
    else if (event.ctrlKey || event.metaKey || !isOnPad) return;
    else if (/^[0-9]$/.test(event.key) && this.classOfKey(event.key) >= 0) this.load(this.classOfKey(event.key));
    else if (event.key === "u") this.undo();
    else return;
    event.preventDefault();
  }

  // ---- the answer: one question under way at a time, and always the newest picture ----

  async think(isLive = false) {
    this.wanted = { isLive };
    if (this.thinking) return this.thinking;
    this.thinking = (async () => {
      while (this.wanted) {
        const { isLive: live } = this.wanted;
        this.wanted = null;
        try {
          await this.thinkOnce(live);
        } catch (error) {
          if (!(error instanceof api.LabError)) throw error;
          this.showFault(error.message);
        }
      }
    })().finally(() => { this.thinking = null; });
    return this.thinking;
  }

  // What an earlier picture gave must not stand beside this one.
  showFault(words) {
    this.image = null;
    this.isFaulty = true;
    this.stages.dataset.kind = "fault";
    replace(this.stages, h("p", { class: "alarm" }, words));
    this.told.textContent = "";
    for (const panel of this.panels) panel.show(null);
    this.showLabel(null);
    replace(this.unit);
    this.lab.notice(words, true);
  }

  async thinkOnce(isLive) {
    if (this.asked === Infinity) return;
    const started = performance.now();
    const input = await this.inputOf(this.pad.picture);
    this.image = input.image;
    this.showStages(input);
    const known = isLive ? null : this.known;
    const answers = await Promise.all(this.panels.map((panel) => (input.image ? this.answerOf(panel, input.image, isLive) : null)));
    this.panels.forEach((panel, i) => panel.show(answers[i], input, known));
    this.showLabel(input.image, known);
    if (this.isFaulty) this.lab.notice(null);
    this.isFaulty = false;
    if (!isLive) await this.showDoubts(answers, input);
    performance.measure(isLive ? "stroke" : "rest", { start: started, end: performance.now() });
    if (!isLive) await this.showUnit();
  }

  // After the answers, which do not wait for it.
  async showDoubts(answers, input) {
    if (input.digit || input.photo) return; // a photograph has doubts of its own
    const doubts = await Promise.all(answers.map((answer) => (answer ? this.doubtsOf(answer, input) : [])));
    if (!this.wanted) this.panels.forEach((panel, i) => panel.tell(doubts[i]));
  }

  // Why an answer may mean nothing: at most one sentence about a drawing.
  async doubtsOf({ predicted, probabilities }, { image }) {
    const { strokes } = this.pad.picture;
    const { classes, data } = this.lab;
    const doubt = (kind, values = {}) => [say(`draw.doubt.${kind}`, { classes: classes.length, ...values })];
    if (data.data.are_digits && hasLongUpstroke(strokes) && this.lab.classOf(predicted) !== "1") return doubt("long_one");
    if (data.data.are_digits && isScribble(strokes)) return doubt("scribble");
    const found = await api.doubt(image);
    if (found) return doubt(found.kind, found);
    return Math.max(...probabilities) < SURE ? doubt("unsure") : [];
  }

  showLabel(image, known = null) {
    const { digit } = this.pad.picture;
    this.label.value = known === null ? "" : String(known);
    this.label.disabled = !image || Boolean(digit);
    explain(this.label, say(digit ? "draw.label_stored" : "draw.label_help"));
    this.take.disabled = !image || (api.isStatic && !digit);
  }

  async answerOf(panel, image, isLive) {
    if (isLive && panel.weights) return api.forwardInPage(panel.weights, panel.network, image);
    return api.forward(panel.network, image);
  }

  async inputOf({ digit, photo, strokes }) {
    const { isRaw } = this;
    if (digit) return { image: digit.pixels.map((pixel) => pixel / 255), digit };
    if (photo?.refusal) return { image: null, photo };
    if (photo) {
      const part = photo.digits[this.lab.state.part] ? Number(this.lab.state.part) : 0;
      return this.lab.state.raw === "1" ? { image: photo.raw, photo, isRaw } : { image: photo.digits[part].image, photo, part };
    }
    if (!strokes.length) return { image: null };
    const pixels = Uint8Array.from(this.pad.pixels);
    if (api.isStatic) return { image: shrunk(this.pad.size, pixels, this.lab.isLight), isRaw, pixels };
    const { stages, image, raw } = await api.centre(this.lab.network.id, pixels, this.pad.size);
    return { image: isRaw ? raw : image, stages, raw, isRaw, pixels };
  }

  showStages({ image, digit, photo, part, stages, raw, isRaw, pixels }) {
    const { width, height } = this.lab.shape;
    const last = this.stages.dataset.kind;
    const kind = digit ? "digit" : photo ? "photo" : !image ? "empty" : isRaw ? "raw" : "centred";
    this.stages.dataset.kind = kind;
    if (kind === "photo") {
      this.showPhoto(photo, part);
      return;
    }
    let shown;
    if (kind === "digit") {
      shown = [{ name: "stored", pixels: image, width, height, white: 1, words: { say: "draw.told.stored", index: digit.index, class: this.lab.aClass(digit.label) } }];
    } else if (kind === "raw") {
      const { width: wide, height: high } = this.pad.size;
      const told = api.isStatic ? "draw.told.raw_static" : this.rule === "unknown" ? "draw.rule.unknown.stages" : "draw.told.raw";
      shown = [
        { name: "drawn", pixels: this.lab.isLight ? pixels.map((value) => 255 - value) : pixels, width: wide, height: high, white: 255, words: { say: "draw.told.on_pad" } },
        { name: "raw", pixels: raw ?? image, width, height, white: 1, words: { say: told } }];
    } else if (kind === "empty") {
      shown = STAGES.map((one) => ({ name: one, pixels: [], width, height, words: null }));
    } else {
      shown = stages;
    }
    if (last === kind && kind === "centred" && this.stages.querySelectorAll("figure").length === shown.length) {
      const figures = this.stages.querySelectorAll("figure");
      shown.forEach((one, i) => figures[i].show(one)); // while drawing: the same elements
    } else {
      replace(this.stages, inOrder(shown.map((one) => stage(one.name, one))));
    }
    this.told.textContent = kind === "empty" ? say("draw.told.nothing") : say(shown.at(-1).words);
  }

  // A photograph's way to ink, and the digits in it, of which one goes through the layers.
  showPhoto(photo, part) {
    this.told.textContent = "";
    if (photo.refusal) {
      replace(this.stages, h("p", { class: "alarm" }, photo.refusal));
      return;
    }
    const said = [...photo.stages.map(({ words }) => words), photo.words].flat(2).filter(Boolean).map((one) => say(one));
    this.told.textContent = said.join(" ");
    const key = `${photo.number} ${this.lab.network.id} ${part}`;
    if (key === this.stages.dataset.photo && this.stages.querySelector("[data-stage=given]")) return;
    this.stages.dataset.photo = key;
    const held = this.stages.contains(document.activeElement) && document.activeElement.tagName === "INPUT";
    const { width, height } = this.lab.shape;
    const stages = photo.stages.map((one) => {
      const figure = stage(one.name, { ...one, pixels: [], words: null });
      colours(figure.querySelector("canvas"), one);
      return figure;
    });
    const one = (name, image, more = {}) => stage(name, { pixels: image, width, height, white: 1, words: null, ...more });
    let parts;
    if (part === undefined) {
      parts = [one("raw", photo.raw, { words: { say: "draw.told.raw_photo" } })];
    } else if (photo.digits.length === 1) {
      parts = [one(stages.length > 1 ? "centred" : "scaled", photo.digits[0].image)];
    } else {
      const read = photo.networks[this.lab.network.id];
      parts = photo.digits.map(({ image }, i) => {
        const title = say(`draw.stage.part.${this.lab.thing}`, { number: i + 1 });
        const answer = say("draw.part_answer", { class: this.lab.classOf(read.predicted[i]), share: read.probabilities[i][read.predicted[i]] });
        const choice = h("input", { type: "radio", name: "part", value: i, "aria-label": say("draw.which_answer", { title, answer }),
          help: say("draw.which_help"), onchange: () => this.lab.go({ part: i || null, unit: null, label: null }) });
        choice.checked = i === part;
        return h("label", {}, choice, one(`part-${i}`, image, { title, note: answer }));
      });
    }
    const several = photo.digits.length > 1;
    replace(this.stages, inOrder([...stages, h("div", { class: "parts",
      role: several ? "radiogroup" : null, "aria-label": several ? say("draw.which") : null }, parts)]));
    if (held) this.stages.querySelector("input:checked")?.focus();
  }

  // ---- the networks: one, or two side by side ----

  setPanels(networks) {
    this.panels = networks.map((network) => new Panel(network, this, networks.length > 1));
    replace(this.beside, this.lab.partners.map((partner) =>
      toggle(say("draw.beside", { network: this.lab.nameOf(partner) }), say("draw.beside_help"),
        this.lab.beside?.id === partner.id, (on) => this.lab.go({ beside: on ? partner.id : null, unit: null }))));
    replace(this.answer, this.panels.map((panel) => panel.bars));
    replace(this.flow, this.panels.map((panel) => panel.flow));
    this.answer.classList.toggle("two", networks.length > 1);
    for (const panel of this.panels) panel.show(null); // its full size, before the first answer
  }

  openUnit(network, layer, unit) {
    const of = network.id === this.lab.network.id ? "" : `${network.id}.`;
    this.isOpening = true; // it is scrolled to when it is painted: before that it has no height
    this.lab.go({ unit: `${of}${layer}.${unit}` });
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
    const columns = answer.image_shape?.[1] ?? columnsOf(answer.weights.length);
    const rows = Math.ceil(answer.weights.length / columns);
    const words = (key) => say(`draw.unit.${key}`, { n: answer.weights.length });
    const picture = (title, values, help = `${title}_help`) => {
      const canvas = signed(h("canvas", { role: "img", "aria-label": words(title) }), values, columns, rows);
      return h("figure", { tabindex: "0", help: words(help) }, canvas, h("figcaption", {}, words(title)));
    };
    const sign = (text) => h("span", { class: "operator", "aria-hidden": "true" }, text);
    const term = (title, value) => h("div", { class: "term", tabindex: "0", help: words(`${title}_help`) }, h("dt", {}, words(title)), h("dd", {}, number(value)));
    const focused = this.unit.contains(document.activeElement);
    const close = button(words("close"), words("close_help"), () => this.lab.go({ unit: null }));
    replace(this.unit,
      h("div", { class: "head" }, h("h2", {}, say("draw.unit.title", { unit, layer: titleOf(network, layer) })), close),
      this.panels.length > 1 ? h("p", { class: "quiet-text" }, network.title) : null,
      h("div", { class: "product" },
        picture("weights", answer.weights), sign("×"),
        picture("input", answer.input, layer.index ? "input_help" : "picture_help"), sign("="),
        picture("products", answer.products)),
      h("dl", { class: "sum" },
        term("sum", answer.sum), sign("+"), term("bias", answer.bias), sign("="), term("z", answer.z),
        answer.relu === null ? null : [sign("→"), term("relu", answer.relu)]));
    if (focused) close.focus({ preventScroll: true });
    if (this.isOpening) bringIntoView(this.unit);
    this.isOpening = false;
  }
}

// What stands in a row, with an arrow from each to the next.
const arrow = () => h("span", { class: "arrow", "aria-hidden": "true" }, "→");
const inOrder = (elements) => elements.flatMap((one, i) => (i ? [arrow(), one] : [one]));

function stage(name, { pixels, width, height, white = 255, words, title = null, note = null }) {
  const called = title ?? say(`draw.stage.${name}`);
  const canvas = h("canvas", { role: "img", "aria-label": called });
  const size = h("span", { class: "size" });
  const spoken = h("span", { class: "words", id: `stage-${name}` });
  const figure = h("figure", { "data-stage": name, tabindex: "0", "aria-describedby": spoken.id }, h("div", { class: "frame" }, canvas),
    h("figcaption", {}, h("strong", {}, called), " ", size, spoken));
  figure.show = (one) => paintStage(one.pixels, one.width, one.height, 255, one.words);
  const paintStage = (values, w, hgt, most, told) => {
    ink(canvas, values, w, hgt, most);
    const frame = name === "scaled" ? Math.max(28, w, hgt) : Math.max(w, hgt);
    canvas.style.width = `${(100 * w) / frame}%`;
    size.textContent = note ?? say("draw.stage.size", { width: w, height: hgt });
    figure.dataset.help = say("draw.stage.help", { title: called, width: w, height: hgt, words: told ? say(told) : "" }).trim();
    spoken.textContent = figure.dataset.help;
  };
  paintStage(pixels, width, height, white, words);
  return figure;
}

// ---- what layers are called ----

const denseOf = ({ layers }) => layers.filter(({ kind }) => kind === "Dense");

// The box of a Dense layer: a hidden one by its number, or the outputs.
function titleOf(network, { index, n_out: units }) {
  const dense = denseOf(network);
  const at = dense.findIndex((one) => one.index === index);
  return at === dense.length - 1 ? say("draw.layer.output", { units }) : say("draw.layer.hidden", { number: at + 1, units });
}

// A strip in it: z₁, or a₁ = ReLU(z₁).
function symbolOf(network, layer) {
  const number = subscript(denseOf(network).filter(({ index }) => index <= layer.index).length);
  return say(layer.kind === "Dense" ? "draw.layer.z" : "draw.layer.a", { number, kind: layer.kind });
}

// ---- one network's answer: bars, and a strip for each layer ----

class Panel {
  constructor(network, screen, isOneOfTwo) {
    this.network = network;
    this.screen = screen;
    this.weights = null;
    if (api.isStatic || network.parameters <= MOST_WEIGHTS) {
      api.weights(network.id).then((weights) => { this.weights = isKnown(weights) ? weights : null; }, () => {});
    }
    this.bars = this.buildBars(isOneOfTwo);
    this.flow = this.buildFlow(isOneOfTwo);
  }

  buildBars(isOneOfTwo) {
    const { classes, hasNames } = this.screen.lab;
    this.predicted = h("output", { class: "predicted" }, "–");
    this.sure = h("span", { class: "sure", "aria-hidden": "true" });
    this.verdict = h("p", { class: "verdict", role: "status" });
    this.doubts = h("ul", { class: "doubts", role: "status" });
    this.rows = Array.from({ length: Math.min(classes.length, MOST_BARS) }, () => {
      const [name, bar, share] = ["digit", "fill", "share"].map((kind) => h("span", { class: kind }));
      return { name, bar, share, row: h("li", {}, name, h("span", { class: "track" }, bar), share) };
    });
    const isPart = classes.length > MOST_BARS;
    this.others = isPart ? h("p", { class: "quiet-text" }) : null;
    const letters = Math.min(Math.max(...classes.map((name) => name.length)), 14);
    const element = h("div", { class: `answer${hasNames ? " named" : ""}`, tabindex: "0", role: "group", "aria-label": say("draw.answer_of", { network: this.network.title }),
      help: say(isPart ? "draw.bars_help_part" : "draw.bars_help", { shown: MOST_BARS, classes: classes.length }) },
    isOneOfTwo ? h("h3", {}, this.network.title) : null,
    h("div", { class: "said" }, this.predicted, this.sure, this.verdict),
    h("div", { class: "shares" }, h("ol", { class: "bars" }, this.rows.map(({ row }) => row)), this.others), this.doubts);
    element.style.setProperty("--name", `${0.56 * letters + 0.3}rem`);
    return element;
  }

  // The chain: the input, a box for each Dense layer and what follows it, and softmax.
  buildFlow(isOneOfTwo) {
    const { network, screen } = this;
    const boxes = [this.buildInput()];
    this.strips = new Map();
    for (const layer of network.layers) {
      const strip = new Strip(layer, network, screen);
      this.strips.set(layer.index, strip);
      if (layer.kind === "Dense") boxes.push(h("div", { class: "layer" }, h("p", { class: "name" }, titleOf(network, layer)), h("div", { class: "strips" })));
      boxes.at(-1).lastChild.append(strip.element);
    }
    boxes.push(this.buildSoftmax());
    return h("div", { class: "flow" },
      isOneOfTwo ? h("h3", {}, network.title) : null,
      h("div", { class: "columns" }, inOrder(boxes)));
  }

  buildInput() {
    const title = say("draw.layer.input", { units: this.network.layers[0].n_in });
    this.input = h("canvas", { role: "img", "aria-label": title });
    return h("div", { class: "layer input", tabindex: "0", help: say("draw.layer.input_help") }, h("p", { class: "name" }, title), this.input);
  }

  buildSoftmax() {
    const { lab } = this.screen;
    const title = say("draw.layer.softmax", { units: lab.classes.length });
    this.softmax = h("canvas", { role: "img", "aria-label": title });
    return h("div", { class: "layer softmax", tabindex: "0", help: say("draw.layer.softmax_help") },
      h("p", { class: "name" }, title), h("div", { class: "strips" }, h("div", { class: "strip" }, h("p", { class: "symbol" }, "p"),
        h("div", { class: "row" }, this.softmax), classesBelow(lab, lab.classes.length))));
  }

  // Where a photograph holds several digits all of them are the answer, and the bars are of one.
  show(answer, { image, photo, part } = {}, known = null) {
    const { lab } = this.screen;
    const read = part === undefined ? null : photo.networks[this.network.id];
    const isSeveral = read?.predicted.length > 1;
    this.bars.classList.toggle("several", isSeveral);
    if (isSeveral) {
      replace(this.predicted, read.predicted.map((one, i) =>
        h("span", { class: i === part ? "one" : "other" }, lab.hasNames && i ? ` ${lab.classOf(one)}` : lab.classOf(one))));
    } else {
      this.predicted.textContent = answer ? lab.classOf(answer.predicted) : "–";
    }
    this.predicted.classList.toggle("long", this.predicted.textContent.length > 4);
    const isJudged = Boolean(answer) && known !== null;
    const isRight = isJudged && answer.predicted === known;
    this.bars.classList.toggle("right", isRight);
    this.bars.classList.toggle("wrong", isJudged && !isRight);
    this.verdict.textContent = isJudged ? say(isRight ? "draw.right" : "draw.wrong", { class: lab.aClass(known) }) : "";
    this.tell([...(read ? photo.doubts : []), ...(read?.doubts ?? [])].map((one) => say(one)));
    this.showShares(answer, known);
    ink(this.input, image ?? [], lab.shape.width, lab.shape.height);
    shares(this.softmax, answer?.probabilities ?? new Array(lab.classes.length).fill(0));
    for (const layer of this.network.layers) {
      this.strips.get(layer.index).show(answer ? answer.layers[layer.index].output : null);
    }
  }

  tell(doubts) {
    replace(this.doubts, doubts.map((doubt) => h("li", {}, doubt)));
  }

  showShares(answer, known) {
    const { lab } = this.screen;
    const order = lab.classes.map((_, d) => d);
    if (this.others && answer) order.sort((a, b) => answer.probabilities[b] - answer.probabilities[a]);
    this.rows.forEach(({ name, bar, share, row }, place) => {
      const d = order[place];
      const p = answer?.probabilities[d] ?? 0;
      name.textContent = lab.classOf(d);
      bar.style.setProperty("--p", `${100 * p}%`);
      share.textContent = answer ? percent(p) : "–";
      share.dataset.value = answer ? String(p) : "";
      row.classList.toggle("best", Boolean(answer) && d === answer.predicted);
      row.classList.toggle("meant", Boolean(answer) && d === known);
    });
    this.sure.textContent = answer ? percent(Math.max(...answer.probabilities)) : "";
    if (this.others) {
      const rest = order.slice(this.rows.length).reduce((sum, d) => sum + (answer?.probabilities[d] ?? 0), 0);
      this.others.textContent = answer ? say("draw.others", { others: order.length - this.rows.length, share: rest }) : "";
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
      class: `units by${this.columns > 10 ? 16 : this.columns === 10 ? 10 : this.columns > 4 ? 8 : 4}`, tabindex: "0", role: "slider", "aria-label": this.spoken,
      "aria-valuemin": "0", "aria-valuemax": String(this.n - 1), "aria-valuenow": "0", "aria-valuetext": say("draw.unit.name", { unit: 0 }),
      help: say(`draw.layer.${{ Dense: "strip_help", ReLU: "relu_help" }[layer.kind] ?? "other_help"}`, { layer: layer.words, units: this.n }),
      onkeydown: (event) => this.key(event),
      onpointermove: (event) => this.choose(this.under(event)),
      onclick: (event) => { this.choose(this.under(event)); this.open(); },
    }, this.canvas, this.cursor, this.marked);
    this.place(this.cursor, 0);
    this.isLast = layer.index === network.layers.length - 1;
    this.element = h("div", { class: "strip" }, h("p", { class: "symbol" }, symbolOf(network, layer)), this.grid,
      this.isLast ? classesBelow(screen.lab, this.n) : null);
  }

  get title() {
    return this.layer.kind === "Dense" ? titleOf(this.network, this.layer) : symbolOf(this.network, this.layer);
  }

  // What tells it from the strips of other layers, and of another network, to the ear.
  get spoken() {
    const { layers, title: network } = this.network;
    return say(this.screen.lab.beside ? "draw.layer.spoken_of" : "draw.layer.spoken",
      { layer: this.layer.index + 1, layers: layers.length, title: this.title, network });
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
    const unit = say(this.isLast && this.values ? "draw.unit.for" : "draw.unit.name", { unit: at, class: this.screen.lab.aClass(at) });
    const text = this.values ? say("draw.unit.gives", { unit, value: this.values[at] }) : unit;
    this.grid.setAttribute("aria-valuenow", String(at));
    this.grid.setAttribute("aria-valuetext", text);
    this.grid.dataset.help = say("draw.unit.help", { title: this.title, text });
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

// The classes, one below each unit of the last layer, where their names have room.
function classesBelow(lab, n) {
  if (n > MOST_BARS || lab.hasNames) return null;
  const names = h("div", { class: "ten", "aria-hidden": "true" }, lab.classes.map((name) => h("span", {}, name)));
  names.style.setProperty("--n", n);
  return names;
}
