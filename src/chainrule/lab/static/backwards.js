// Backwards: the chain of a real batch, from the loss to the first layer, a card a step.

import * as api from "./api.js";
import { photoOf } from "./photos.js";
import { decode, inked, padFor, shrunk } from "./canvas.js";
import { button, formula, h, labelled, number, replace, segments, select, toggle } from "./dom.js";
import { shape, short } from "./numbers.js";
import { ink, signed } from "./pictures.js";
import { Weight } from "./weight.js";

export const id = "backwards";
export const name = "Backwards";
export const help = "Walk the chain rule from the loss to the first layer, with every array on the way.";

export function mount(root, lab) {
  const screen = new BackwardsScreen(root, lab);
  return { update: () => screen.update(), unmount: () => screen.unmount() };
}

class BackwardsScreen {
  constructor(root, lab) {
    this.lab = lab;
    this.walk = null;
    this.loaded = null;
    this.build(root);
    this.onkey = (event) => this.key(event);
    document.addEventListener("keydown", this.onkey);
  }

  unmount() {
    document.removeEventListener("keydown", this.onkey);
    this.isGone = true;
  }

  build(root) {
    this.batch = h("div", { class: "batch" });
    this.guessed = h("span", { class: "quiet-text", role: "status" });
    this.images = h("div", { class: "images", tabindex: "0", role: "group", "aria-label": "The batch",
      help: "The images of the batch, each with its label. The loss is the mean over them." });
    this.chain = h("div", { class: "chain", role: "group", "aria-label": "The chain" });
    this.back = button("← Back through the chain", "One step back: towards the first layer. The left arrow key does the same.", () => this.walkTo(this.step + 1), { class: "main" });
    this.forth = button("Forth →", "One step forth: towards the loss. The right arrow key does the same.", () => this.walkTo(this.step - 1));
    this.where = h("p", { class: "quiet-text", role: "status" });
    this.predict = toggle("Predict first", "A question stands before each card. Off: every card is open.", true,
      (on) => this.lab.go({ predict: on ? null : "off" }));
    this.card = h("section", { class: "card", "aria-label": "The step" });
    this.weight = new Weight(this.lab);
    root.append(
      h("h1", {}, "Walk the chain rule backwards."),
      this.batch, this.images, this.chain,
      h("div", { class: "walk" }, this.back, this.forth, this.where, this.predict),
      this.card, this.weight.element);
  }

  // ---- the state ----

  get step() {
    const wanted = Number(this.lab.state.step ?? 0);
    const last = this.walk?.cards.length ?? 0;
    return Number.isInteger(wanted) ? Math.min(Math.max(wanted, 0), last) : 0;
  }

  get asksFirst() {
    return this.lab.state.predict !== "off";
  }

  get opened() {
    return (this.lab.state.opened ?? "").split(",").filter(Boolean);
  }

  // The steps whose question was answered are open.
  get isOpen() {
    return !this.asksFirst || this.step === 0 || this.opened.includes(String(this.step));
  }

  walkTo(step) {
    if (!this.walk || step < 0 || step > this.walk.cards.length) return;
    this.lab.go({ step: step || null });
  }

  key(event) {
    const by = { ArrowLeft: 1, ArrowRight: -1 }[event.key];
    const isControl = event.target.closest("input:not([type=checkbox]), select, [role=application]");
    if (by === undefined || isControl || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.walkTo(this.step + by);
  }

  async update() {
    const { network, state } = this.lab;
    this.predict.querySelector("input").checked = this.asksFirst;
    const wanted = [network.id, state.batch, state.from, state.batch === "drawing" ? [state.label, state.strokes, state.picture, state.part, state.digit, state.raw] : ""].join("|");
    if (wanted !== this.loaded) {
      this.loaded = wanted;
      this.walk = null;
      this.paintBatch();
      this.chain.setAttribute("aria-busy", "true");
      try {
        const batch = await this.batchOf(state);
        const walk = batch ? await api.backward(network.id, batch.asked) : null;
        if (wanted !== this.loaded || this.isGone) return;
        this.walk = walk;
        this.shown = batch;
      } catch (error) {
        if (!(error instanceof api.LabError)) throw error;
        if (wanted !== this.loaded) return;
        this.shown = null;
        this.fault = error.message;
      }
      this.chain.removeAttribute("aria-busy");
      this.paintImages();
      this.weight.batch(this.walk && { ...this.shown.asked, network: network.id }, this.walk);
    }
    if (this.walk || this.fault || this.shown === null) this.paint();
    if (this.walk) this.weight.update();
  }

  // ---- which images ----

  get size() {
    const { batch } = this.lab.state;
    return batch === "drawing" ? "drawing" : [1, 4, 16].includes(Number(batch)) ? Number(batch) : 1;
  }

  async batchOf({ from }) {
    this.fault = null;
    if (this.size === "drawing") return this.drawing();
    const wanted = Math.trunc(Number(from ?? 0));
    const indices = await this.indices(wanted >= 0 ? wanted : 0);
    const digits = await Promise.all(indices.map((index) => api.digit(index)));
    return {
      pictures: digits.map((digit) => ({ pixels: digit.pixels, white: 255, label: digit.label, index: digit.index })),
      asked: { indices, labels: digits.map(({ label }) => label) },
    };
  }

  async indices(from) {
    const count = this.lab.data.data.test_images;
    const kept = await api.storedIndices();
    if (kept) return [kept.includes(from) ? from : kept[0]];
    return Array.from({ length: this.size }, (_, i) => (from + i) % count);
  }

  async drawing() {
    const { digit, strokes, picture, part, raw } = this.lab.state;
    const photo = photoOf(picture);
    let image;
    let label = this.lab.state.label;
    if (strokes) {
      const pad = padFor(this.lab.shape);
      const pixels = inked(pad, decode(pad, strokes));
      if (api.isStatic) image = Array.from(shrunk(pad, pixels, this.lab.isLight));
      else {
        const centred = await api.centre(this.lab.network.id, pixels, pad);
        image = raw === "1" ? centred.raw : centred.image;
      }
    } else if (photo?.digits) {
      image = raw === "1" ? photo.raw : (photo.digits[part] ?? photo.digits[0]).image;
    } else if (digit && digit !== "none") {
      const stored = await api.digit(digit);
      image = stored.pixels.map((pixel) => pixel / 255);
      label ??= stored.label;
    } else {
      this.fault = "There is no drawing yet: draw on the first screen, then come back.";
      return null;
    }
    const isGuessed = label === undefined;
    label = isGuessed ? (await api.forward(this.lab.network, image)).predicted : Number(label);
    return { pictures: [{ pixels: image, white: 1, label }], isGuessed, asked: { images: [image], labels: [label] } };
  }

  async move(by) {
    const kept = await api.storedIndices();
    const from = Number(this.lab.state.from ?? 0);
    const count = this.lab.data.data.test_images;
    const next = kept ? kept[(Math.max(kept.indexOf(from), 0) + by + kept.length) % kept.length]
      : (from + by * this.size + count) % count;
    this.lab.go({ from: next || null, at: null });
  }

  paintBatch() {
    const isDrawing = this.size === "drawing";
    const sizes = api.isStatic ? [[1, "1"]] : [[1, "1"], [4, "4"], [16, "16"]];
    const focused = this.batch.contains(document.activeElement) ? document.activeElement : null;
    const chosen = focused?.getAttribute("name") ?? focused?.dataset.key;
    replace(this.batch,
      segments("Batch of", "How many stored test images, or what was drawn on the first screen.", "batch",
        [...sizes, ["drawing", "my drawing"]], this.size,
        (batch) => this.lab.go({ batch: batch === 1 ? null : batch, at: null })),
      isDrawing
        ? [labelled("It is a", select(this.lab.classes.map((name, d) => [d, name]), this.lab.state.label ?? "",
          "The label: what the drawing is meant to be. The loss measures how far the network is from it.",
          (label) => this.lab.go({ label }))), this.guessed]
        : [button("Earlier images", "The test images before these.", () => this.move(-1), { "data-key": "earlier" }),
          button("Later images", "The test images after these.", () => this.move(1), { "data-key": "other" })]);
    if (chosen) this.batch.querySelector(`[data-key="${chosen}"], [name="${chosen}"]:checked, select`)?.focus();
  }

  paintImages() {
    const { width, height } = this.lab.shape;
    const pictures = this.shown?.pictures ?? [];
    if (this.size === "drawing" && pictures.length) this.batch.querySelector("select").value = String(pictures[0].label);
    this.guessed.textContent = this.shown?.isGuessed ? "The network takes it for that: say here if it is something else." : "";
    replace(this.images, pictures.map(({ pixels, white, label, index }) =>
      h("figure", {},
        ink(h("canvas", { role: "img", "aria-label": index === undefined ? "the drawing" : `test image ${index}` }), pixels, width, height, white),
        h("figcaption", {}, this.lab.classOf(label)))));
  }

  // ---- the chain ----

  paint() {
    if (!this.walk) {
      replace(this.chain);
      replace(this.card, h("p", {}, this.fault ?? ""));
      this.back.disabled = this.forth.disabled = true;
      this.where.textContent = "";
      return;
    }
    const { cards, batch } = this.walk;
    const layers = this.lab.network.layers;
    const boxes = [["x", shape([batch, layers[0].n_in]), null, "The input: one row an image."]];
    layers.forEach((layer) => boxes.push([
      layer.kind === "Dense" ? layer.words : layer.kind, shape([batch, layer.n_out]),
      cards.findIndex((card) => card.index === layer.index) + 1,
      `${layer.words}: gives an array of ${shape([batch, layer.n_out])}. Choose it to stand here.`]));
    boxes.push(["softmax & cross-entropy", "1 number", 1, "The loss: how far the probabilities are from the labels, as one number. Here the walk back begins."]);
    const at = this.step;
    const held = this.chain.contains(document.activeElement);
    const focused = document.activeElement;
    replace(this.chain, boxes.flatMap(([title, out, step, words], i) => {
      const inside = [h("strong", {}, title), h("span", {}, out)];
      const state = step === null ? "" : step === at ? "here" : step < at ? "done" : "";
      const box = step === null
        ? h("div", { class: "box", tabindex: "0", help: words }, inside)
        : h("button", { type: "button", class: `box ${state}`, help: words, "data-step": step,
          "aria-current": step === at ? "step" : null, onclick: () => this.walkTo(step) }, inside);
      const isPassed = step !== null && step <= at && at > 0;
      const arrow = h("span", { class: `arrow${isPassed ? " back" : ""}`, "aria-hidden": "true" }, isPassed ? "←" : "→");
      return i ? [arrow, box] : [box];
    }));
    const here = this.chain.querySelector(".here");
    if (here) this.chain.scrollLeft = here.offsetLeft - this.chain.offsetLeft - (this.chain.clientWidth - here.offsetWidth) / 2;
    else this.chain.scrollLeft = this.chain.scrollWidth;
    if (held) (here ?? this.back).focus({ preventScroll: true }); // the boxes are new, the place is not
    this.back.disabled = at === cards.length;
    this.forth.disabled = at === 0;
    if (focused === this.back && this.back.disabled) this.forth.focus();
    if (focused === this.forth && this.forth.disabled) this.back.focus();
    this.where.textContent = at ? `Step ${at} of ${cards.length}` : `Forward is done. ${cards.length} steps back.`;
    this.paintCard();
  }

  paintCard() {
    const at = this.step;
    const key = `${this.loaded}|${at}|${this.isOpen}`;
    if (key === this.painted) return;
    this.painted = key;
    this.card.dataset.step = String(at);
    if (at === 0) this.paintForward();
    else if (this.isOpen) this.paintOpen(this.walk.cards[at - 1], this.why);
    else this.paintQuestion(this.walk.cards[at - 1]);
    this.why = null;
  }

  paintForward() {
    const { loss, batch } = this.walk;
    const classes = this.lab.classes.length;
    replace(this.card,
      h("h2", {}, "Forward: the loss"),
      h("p", { class: "lead" }, batch === 1
        ? "The image went through every layer. What came out, against its label, costs"
        : `The ${batch} images went through every layer. What came out, against their labels, costs on average`),
      h("p", { class: "large", tabindex: "0", help: "The cross-entropy: minus the logarithm of the label's probability, averaged over the batch. 0 would be certain and right; " + `ln ${classes} = ${Math.log(classes).toFixed(3)} is a guess.` }, number(loss)),
      h("p", { class: "quiet-text" }, "Which way must each weight move to make it smaller? Walk back, and every step passes the answer on."));
  }

  paintQuestion({ title, ask }) {
    const verdict = h("p", { role: "status" });
    const answer = (choice) => {
      const isRight = choice === ask.right;
      this.why = { isRight, text: ask.why, chosen: ask.choices[choice], right: ask.choices[ask.right] };
      this.lab.go({ opened: [...this.opened, this.step].join(",") });
      this.card.querySelector(".why")?.focus({ preventScroll: true });
    };
    replace(this.card,
      h("div", { class: "head" }, h("h2", {}, title), h("span", { class: "quiet-text" }, "Predict first")),
      h("p", { class: "lead" }, ask.question),
      h("div", { class: "choices" }, ask.choices.map((choice, i) =>
        button(choice, "Choose, and the card opens.", () => answer(i)))),
      verdict);
  }

  paintOpen(card, why) {
    const { incoming, kept, outgoing } = card;
    replace(this.card,
      why ? h("p", { class: "why", tabindex: "-1", role: "status" },
        h("strong", {}, why.isRight ? "Right. " : `No: ${why.right}. `), why.text) : null,
      h("div", { class: "head" }, h("h2", {}, card.title)),
      h("div", { class: "three top" },
        part("What comes in", "coming", incoming ? this.tensor(incoming, card)
          : h("p", { class: "quiet-text" }, "Nothing: here the walk begins, with the loss itself. Its slope to itself is 1.")),
        kept?.length ? part("What forward kept", "kept", kept.map((tensor) => this.tensor(tensor, card, "kept"))) : null,
        h("div", { class: "part rule", tabindex: "0", help: "The rule of this layer. Below it the shapes: rows × columns." },
          h("h3", {}, "The rule"), h("p", {}, card.words),
          h("div", { class: "formula" }, formula(card.mathml)),
          h("p", { class: "shapes" }, card.shapes))),
      part("What goes out", "going", h("div", { class: "three" }, outgoing.map((tensor) => this.tensor(tensor, card)))));
  }

  // The weights of one unit of the first layer have a place in the picture each: so have their slopes.
  column({ values, width, height: pixels }) {
    const shape = this.lab.shape;
    const steepest = values.reduce((best, value, i) => (Math.abs(value) > Math.abs(values[best]) ? i : best), 0) % width;
    const column = Array.from({ length: pixels }, (_, i) => values[i * width + steepest]);
    return h("div", {},
      signed(h("canvas", { class: "column", role: "img", "aria-label": `dW of unit ${steepest}` }), column, shape.width, shape.height),
      `column ${steepest}, the steepest unit, as ${shape.height} × ${shape.width}`);
  }

  tensor(tensor, card, role = "") {
    const { name: title, image, first, norm, shape: sizes } = tensor;
    const canvas = signed(h("canvas", { role: "img", "aria-label": `${title}, ${shape(sizes)}` }),
      image.values, image.width, image.height, image.limit);
    const isRow = image.width > 10 * image.height;
    if (isRow) canvas.style.height = `${Math.min(Math.max(6 * image.height, 20), 56)}px`;
    else canvas.style.aspectRatio = `${image.width} / ${image.height}`;
    const limit = short(image.limit, 3);
    const { words } = image;
    const isChoice = this.weight.isChoice(card, tensor);
    const isFine = image.height > 160;
    canvas.classList.toggle("fine", isFine); // more rows than the screen has: smoothed
    const figure = h("figure", {
      class: `tensor${isRow ? " row" : ""}${isChoice ? " choice" : ""}`, tabindex: "0", "data-tensor": title,
      help: isChoice
        ? `dW, a slope for each weight: ${words}. Click one to choose its weight for the tools below.`
        : `${title}${role ? ", from the forward pass" : ""}: ${words}. Purple is below zero, green above; the strongest colour is ${limit}.`,
      onclick: isChoice ? (event) => this.weight.pick(card.index, event, canvas, tensor) : null,
    },
    h("figcaption", {}, h("strong", {}, title), " ", h("span", { class: "size" }, shape(sizes))),
    isChoice && isFine && card.index === 0 && image.height === sizes[0] ? h("div", { class: "pair" }, canvas, this.column(image)) : canvas,
    h("div", { class: "scale", "aria-hidden": "true" }, h("span", {}, `−${limit}`), h("i", {}), h("span", {}, limit)),
    h("dl", { class: "facts-of" }, h("dt", {}, "norm"), h("dd", { class: "norm" }, number(norm)),
      h("dt", {}, first.length < sizes.reduce((a, b) => a * b, 1) ? "first" : "all"),
      h("dd", { class: "first" }, first.map((value) => number(value, 3)))));
    return figure;
  }
}

const part = (title, name, ...content) => h("div", { class: `part ${name}` }, h("h3", {}, title), content);
