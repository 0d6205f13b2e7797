// Draw: what is drawn or photographed, on its way to the network's size, through every layer, to
// a percentage for each class.

import * as api from "./api.js";
import { EMPTY, Pad, decode, encode, hasLongUpstroke, shrunk } from "./canvas.js";
import { bringIntoView, button, h, number, replace, toggle } from "./dom.js";
import { isKnown } from "./forward.js";
import { photoButton, photoOf } from "./photos.js";
import { colours, columnsOf, ink, signed } from "./pictures.js";
import { counted, percent, short } from "./numbers.js";

export const id = "draw";
export const name = "Draw";
export const help = "Draw, or give a picture, and see what each layer of the network makes of it.";

const NO_SUCH_ONE = "If this is a 1 with a long upstroke: MNIST has no such 1, so the network has never seen one.";
const FIRST = 0; // the stored image of a first visit: of MNIST a 7
const MOST_BARS = 10; // of more classes the most probable are shown
const MOST_WEIGHTS = 2_000_000; // that the page computes with; for more it asks the server

// How a network's pictures are prepared, as its file says.
const RULES = {
  mnist: {
    toggle: "Off: the drawing is centred as MNIST's digits were. On: it is only shrunk, and the network sees what it never learned.",
    stages: "MNIST's rule: cut to the ink, scale its longer side to 20 pixels, move its centre of mass to the middle of 28 × 28.",
  },
  assumed: {
    toggle: "Off: the drawing is centred by MNIST's rule, for want of another. On: it is only shrunk.",
    stages: "The network's file does not say how its pictures were prepared: MNIST's rule is assumed, which cuts to the ink, scales it to 20 pixels and centres it.",
  },
  scaled: {
    toggle: "Off: a picture is scaled as those were that the network learned from. On: it is only shrunk.",
    stages: "The network's file says that its pictures were scaled, so this one is as well.",
  },
  unknown: {
    toggle: "The network's file does not say how its pictures were prepared: whatever is drawn is only shrunk.",
    stages: "Only shrunk: the network's file does not say how its pictures were prepared.",
  },
};

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
    const chips = this.lab.classes.map((name, d) => {
      const key = [...Array(10).keys()].find((one) => this.classOfKey(one) === d);
      return button(name, `A stored test image of ${this.lab.aClass(d)}; again, and the next one comes.${key === undefined ? "" : ` On the pad the key ${key} does the same.`}`,
        () => this.load(d), { "aria-label": `Stored ${name}` });
    });
    const rule = RULES[this.rule];
    this.raw = toggle("Feed it raw", rule.toggle, false, (on) => this.lab.go({ raw: on ? "1" : null }));
    this.raw.querySelector("input").disabled = this.isRawOnly;
    this.stages = h("div", { class: "stages", tabindex: "0", "aria-label": "From the drawing to the network's input", role: "group", help: rule.stages });
    this.answer = h("div", { class: "answers" });
    this.flow = h("div", { class: "flows" });
    this.unit = h("section", { class: "unit", "aria-label": "One unit" });
    root.append(
      h("h1", {}, thing === "digit" ? "Draw a digit. Watch the network read it." : "Draw, or give a picture. Watch the network read it."),
      h("div", { class: "desk" },
        h("div", { class: "board" },
          this.pad.canvas,
          h("div", { class: "tools" },
            button("Undo", "Takes the last stroke back. On the pad the key U does the same.", () => this.undo()),
            button("Clear", "Empties the pad. Undo brings the drawing back.", () => this.clear()),
            photoButton(this.lab),
            this.raw),
          h("div", { class: `digits${this.lab.hasNames ? " named" : ""}`, role: "group", "aria-label": `Stored test ${thing}s` }, chips)),
        h("section", { class: "way", "aria-label": `The way to ${shape.height} by ${shape.width}` }, h("h2", {}, "What the network sees"), this.stages),
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
      this.lab.notice("The picture is kept nowhere, and a reload forgets it: give it again.");
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
      this.lab.notice(`There is no test image of ${this.lab.aClass(label)}.`);
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
    for (const panel of this.panels) panel.show(null);
    replace(this.unit);
    this.lab.notice(words, true);
  }

  async thinkOnce(isLive) {
    if (this.asked === Infinity) return;
    const started = performance.now();
    const input = await this.inputOf(this.pad.picture);
    this.image = input.image;
    this.showStages(input);
    for (const panel of this.panels) {
      panel.show(input.image ? await this.answerOf(panel, input.image, isLive) : null, input);
    }
    if (this.isFaulty) this.lab.notice(null);
    this.isFaulty = false;
    performance.measure(isLive ? "stroke" : "rest", { start: started, end: performance.now() });
    if (!isLive) await this.showUnit();
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
    if (kind === "empty") {
      replace(this.stages, h("p", { class: "quiet-text" }, "Nothing yet. Draw, give a picture, or choose a stored digit."));
    } else if (kind === "photo") {
      this.showPhoto(photo, part);
    } else if (kind === "digit") {
      replace(this.stages, stage("test image", image, width, height, 1, `Number ${digit.index} of the test images, ${this.lab.aClass(digit.label)}. It is prepared already.`));
    } else if (kind === "raw") {
      const { width: wide, height: high } = this.pad.size;
      const drawn = this.lab.isLight ? pixels.map((value) => 255 - value) : pixels;
      replace(this.stages,
        stage("drawn", drawn, wide, high, 255, "As it is on the pad."),
        stage("fed raw", raw ?? image, width, height, 1, api.isStatic
          ? "Without a server the drawing is only shrunk, not centred: draw large and in the middle."
          : this.rule === "unknown" ? RULES.unknown.stages : "Shrunk, neither cropped nor centred."));
    } else if (last === "centred" && this.stages.children.length === stages.length) {
      stages.forEach((one, i) => this.stages.children[i].show(one)); // while drawing: the same elements
    } else {
      replace(this.stages, stages.map((one) => stage(one.name, one.pixels, one.width, one.height, 255, one.words)));
    }
  }

  // A photograph's way to ink, and the digits in it, of which one goes through the layers.
  showPhoto(photo, part) {
    if (photo.refusal) {
      replace(this.stages, h("p", { class: "alarm" }, photo.refusal));
      return;
    }
    const key = `${photo.number} ${this.lab.network.id} ${part}`;
    if (key === this.stages.dataset.photo && this.stages.querySelector("[data-stage=given]")) return;
    this.stages.dataset.photo = key;
    const held = this.stages.contains(document.activeElement) && document.activeElement.tagName === "INPUT";
    const { width, height } = this.lab.shape;
    const stages = photo.stages.map((one) => {
      const figure = stage(one.name, [], one.width, one.height, 255, "");
      colours(figure.querySelector("canvas"), one);
      return figure;
    });
    const said = [...photo.stages.map(({ words }) => words), photo.words].filter(Boolean).join(" ");
    const one = (title, image, words) => stage(title, image, width, height, 1, words);
    let parts;
    if (part === undefined) {
      parts = one("fed raw", photo.raw, "All of it, grey and shrunk.");
    } else if (photo.digits.length === 1) {
      parts = one(stages.length > 1 ? "centred" : "scaled", photo.digits[0].image, "");
    } else {
      const read = photo.networks[this.lab.network.id];
      parts = photo.digits.map(({ image }, i) => {
        const title = `${this.lab.thing} ${i + 1}`;
        const answer = `${this.lab.classOf(read.predicted[i])}, ${percent(read.probabilities[i][read.predicted[i]])}`;
        const choice = h("input", { type: "radio", name: "part", value: i, "aria-label": `${title}: ${answer}`,
          help: "Which of them goes through the layers below.", onchange: () => this.lab.go({ part: i || null, unit: null }) });
        choice.checked = i === part;
        return h("label", {}, choice, one(title, image, answer));
      });
    }
    replace(this.stages, stages, h("p", { class: "quiet-text" }, said), h("div", { class: "parts",
      role: photo.digits.length > 1 ? "radiogroup" : null, "aria-label": photo.digits.length > 1 ? "Which of them goes through the layers" : null }, parts));
    if (held) this.stages.querySelector("input:checked")?.focus();
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
        picture("weights", answer.weights, `The unit's ${counted(answer.weights.length, "weight")}: a column of W. What it looks for is green, what speaks against it purple.`),
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
    if (this.isOpening) bringIntoView(this.unit);
    this.isOpening = false;
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
    const frame = title === "scaled" ? Math.max(28, w, hgt) : Math.max(w, hgt);
    canvas.style.width = `${(100 * w) / frame}%`;
    size.textContent = `${hgt} × ${w}`;
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
    if (api.isStatic || network.parameters <= MOST_WEIGHTS) {
      api.weights(network.id).then((weights) => { this.weights = isKnown(weights) ? weights : null; }, () => {});
    }
    this.bars = this.buildBars(isOneOfTwo);
    this.flow = this.buildFlow(isOneOfTwo);
  }

  buildBars(isOneOfTwo) {
    const { classes, hasNames } = this.screen.lab;
    this.predicted = h("output", { class: "predicted" }, "–");
    this.doubts = h("ul", { class: "doubts", role: "status" });
    this.rows = Array.from({ length: Math.min(classes.length, MOST_BARS) }, () => {
      const [name, bar, share] = ["digit", "fill", "share"].map((kind) => h("span", { class: kind }));
      return { name, bar, share, row: h("li", {}, name, h("span", { class: "track" }, bar), share) };
    });
    const isPart = classes.length > MOST_BARS;
    this.others = isPart ? h("p", { class: "quiet-text" }) : null;
    const letters = Math.min(Math.max(...classes.map((name) => name.length)), 14);
    const element = h("div", { class: `answer${hasNames ? " named" : ""}`, tabindex: "0", role: "group", "aria-label": `Answer of ${this.network.title}`,
      help: `The ${isPart ? `${MOST_BARS} largest of ${classes.length}` : classes.length} probabilities after softmax: all of them add up to 100 %. The largest is the answer.` },
    isOneOfTwo ? h("h3", {}, this.network.title) : null,
    this.predicted, h("div", {}, h("ol", { class: "bars" }, this.rows.map(({ row }) => row)), this.others), this.doubts);
    element.style.setProperty("--name", `${0.56 * letters + 0.3}rem`);
    return element;
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

  // Where a photograph holds several digits all of them are the answer, and the bars are of one.
  show(answer, { photo, part } = {}) {
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
    const doubts = [...(read ? photo.doubts : []), ...(read?.doubts ?? [])];
    const isOne = lab.data.data.are_digits && hasLongUpstroke(this.screen.pad.picture.strokes);
    if (isOne && answer && lab.classOf(answer.predicted) !== "1") doubts.push(NO_SUCH_ONE);
    replace(this.doubts, doubts.map((doubt) => h("li", {}, doubt)));
    const order = lab.classes.map((_, d) => d);
    if (this.others && answer) order.sort((a, b) => answer.probabilities[b] - answer.probabilities[a]);
    this.rows.forEach(({ name, bar, share, row }, place) => {
      const d = order[place];
      const p = answer?.probabilities[d] ?? 0;
      name.textContent = lab.classOf(d);
      bar.style.width = `${100 * p}%`;
      share.textContent = answer ? percent(p) : "–";
      share.dataset.value = answer ? String(p) : "";
      row.classList.toggle("best", Boolean(answer) && d === answer.predicted);
    });
    if (this.others) {
      const rest = order.slice(this.rows.length).reduce((sum, d) => sum + (answer?.probabilities[d] ?? 0), 0);
      this.others.textContent = `The other ${order.length - this.rows.length} have ${answer ? percent(rest) : "–"} together.`;
    }
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
      class: `units by${this.columns > 10 ? 16 : this.columns === 10 ? 10 : this.columns > 4 ? 8 : 4}`, tabindex: "0", role: "slider", "aria-label": this.spoken,
      "aria-valuemin": "0", "aria-valuemax": String(this.n - 1), "aria-valuenow": "0", "aria-valuetext": "unit 0",
      help: layer.kind === "Dense"
        ? `What ${layer.words} gives: ${this.n} numbers z = x W + b. Arrows choose a unit, Enter opens it.`
        : `ReLU lets what is positive pass, and makes the rest 0. Arrows choose a unit, Enter opens it.`,
      onkeydown: (event) => this.key(event),
      onpointermove: (event) => this.choose(this.under(event)),
      onclick: (event) => { this.choose(this.under(event)); this.open(); },
    }, this.canvas, this.cursor, this.marked);
    this.place(this.cursor, 0);
    this.isLast = layer.index === network.layers.length - 1;
    const names = this.isLast && this.n <= MOST_BARS && !screen.lab.hasNames
      ? h("div", { class: "ten", "aria-hidden": "true" }, screen.lab.classes.map((name) => h("span", {}, name))) : null;
    names?.style.setProperty("--n", this.n);
    this.element = h("div", { class: "strip" }, h("p", { class: "name" }, this.title), this.grid, names);
  }

  get title() {
    return this.layer.kind === "ReLU" ? "ReLU" : this.layer.words;
  }

  // What tells it from the strips of other layers, and of another network, to the ear.
  get spoken() {
    const { layers, title } = this.network;
    const of = this.screen.lab.beside ? ` of ${title}` : "";
    return `Units of layer ${this.layer.index + 1} of ${layers.length}, ${this.title}${of}`;
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
    const unit = this.isLast ? `Unit ${at}, for ${this.screen.lab.aClass(at)},` : `Unit ${at}`;
    const text = this.values ? `${unit} gives ${short(this.values[at])}` : `Unit ${at}`;
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

