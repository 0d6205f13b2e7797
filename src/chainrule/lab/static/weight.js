// One weight: nudge it and see the loss move, or take one step with an optimizer.

import * as api from "./api.js";
import { bringIntoView, button, h, labelled, replace, segments, select } from "./dom.js";
import { number, short } from "./numbers.js";

const RATES = { sgd: "0.05", adam: "0.0005" };
const STEPS = ["1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-8", "1e-10"];

export class Weight {
  constructor(lab) {
    this.lab = lab;
    this.choice = h("div", { class: "fields" });
    this.nudged = h("div", { class: "result", "aria-live": "polite" });
    this.stepped = h("div", { class: "result", "aria-live": "polite" });
    this.nudgeFields = h("div", { class: "fields" });
    this.stepFields = h("div", { class: "fields" });
    this.element = h("section", { class: "proof", hidden: true, "aria-label": "Proof" },
      h("h2", {}, "Is the slope true?"),
      h("p", { class: "quiet-text" }, "Choose any weight of the network. Its slope is a promise, and both tools below hold it to that."),
      this.choice,
      h("div", { class: "tools-two" },
        h("section", { class: "tool" }, h("h3", {}, "Nudge"), this.nudgeFields, this.nudged),
        h("section", { class: "tool" }, h("h3", {}, "Take one step"), this.stepFields, this.stepped)));
  }

  // A new batch: what was computed for another is gone.
  batch(asked, walk) {
    this.asked = asked;
    this.walk = walk;
    this.element.hidden = !asked;
    this.painted = null;
    if (asked) this.forget();
  }

  forget() {
    replace(this.nudged);
    replace(this.stepped);
  }

  // ---- which weight ----

  get dense() {
    return this.lab.network.layers.filter(({ kind }) => kind === "Dense");
  }

  get layer() {
    return this.dense.find(({ index }) => index === Number(this.lab.state.layer)) ?? this.dense.at(-1);
  }

  get name() {
    return this.lab.state.name === "biases" ? "biases" : "weights";
  }

  get sizes() {
    return this.name === "weights" ? [this.layer.n_in, this.layer.n_out] : [this.layer.n_out];
  }

  get at() {
    const given = (this.lab.state.at ?? "").split(",").filter(Boolean).map(Number);
    const fits = given.length === this.sizes.length
      && given.every((i, axis) => Number.isInteger(i) && i >= 0 && i < this.sizes[axis]);
    return fits ? given : this.steepest();
  }

  // Where the slope is largest: a weight of which something is to be seen.
  steepest() {
    const card = this.walk?.cards.find(({ index }) => index === this.layer.index);
    const tensor = card?.outgoing.find((one) => one.name === (this.name === "weights" ? "dW" : "db"));
    if (tensor?.largest) return tensor.largest.at;
    const values = tensor?.image.values ?? [];
    if (values.length !== this.sizes.reduce((a, b) => a * b, 1)) return this.sizes.map(() => 0);
    let best = 0;
    values.forEach((value, i) => {
      if (Math.abs(value) > Math.abs(values[best])) best = i;
    });
    return this.name === "weights" ? [Math.floor(best / this.sizes[1]), best % this.sizes[1]] : [best];
  }

  isChoice({ kind }, { name }) {
    return kind === "Dense" && name === "dW";
  }

  // The weight under the pointer in a picture of W.
  pick(layer, event, canvas, { shape: [rows, columns] }) {
    const box = canvas.getBoundingClientRect();
    const inside = (at, size, count) => Math.min(Math.max(Math.floor((at / size) * count), 0), count - 1);
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const at = [inside(y, box.height, rows), inside(x, box.width, columns)];
    this.lab.go({ layer, name: null, at: at.join(",") });
    bringIntoView(this.element, "start");
  }

  choose(change) {
    this.forget();
    this.lab.go(change);
  }

  update() {
    const { h: push, optimizer, rate } = this.lab.state;
    const key = [this.layer.index, this.name, this.at, push, optimizer, rate].join("|");
    if (key === this.painted) return;
    this.painted = key;
    this.forget();
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.paintChoice();
    this.paintNudge();
    this.paintStep();
    if (focused) this.element.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  paintChoice() {
    const [i, j] = this.at;
    const key = (element, name) => Object.assign(element, { disabled: api.isStatic }) && (element.dataset.key = name, element);
    const field = (axis, value) => {
      const input = h("input", { type: "number", min: 0, max: this.sizes[axis] - 1, step: 1, value,
        help: axis ? "The column of W: the unit that the weight leads to." : this.name === "weights" ? "The row of W: the input that the weight comes from." : "The unit that the bias belongs to.",
        onchange: () => {
          const inside = Math.min(Math.max(Math.round(Number(input.value)), 0), this.sizes[axis] - 1);
          this.choose({ at: this.at.map((old, a) => (a === axis ? inside : old)).join(",") });
        } });
      return key(input, `at${axis}`);
    };
    replace(this.choice,
      labelled("Layer", key(select(this.dense.map(({ index, words }) => [index, words]), this.layer.index,
        "The layer that the weight belongs to.", (layer) => this.choose({ layer, at: null })), "layer")),
      labelled("of its", key(select([["weights", "weights W"], ["biases", "biases b"]], this.name,
        "A weight of W, or a bias of b.", (name) => this.choose({ name: name === "weights" ? null : name, at: null })), "name")),
      labelled(this.name === "weights" ? "row" : "unit", field(0, i)),
      this.name === "weights" ? labelled("column", field(1, j)) : null,
      key(button("The steepest", "Chooses the one with the largest slope of this layer.", () => this.choose({ at: null })), "steepest"));
  }

  get body() {
    return { ...this.asked, layer: this.layer.index, name: this.name, at: this.at };
  }

  async run(place, ask, paint) {
    replace(place, h("p", { class: "quiet-text" }, "Computing …"));
    const painted = this.painted;
    try {
      const answer = await ask();
      if (painted === this.painted) replace(place, paint(answer));
    } catch (error) {
      if (!(error instanceof api.LabError)) throw error;
      replace(place, h("p", { class: "alarm" }, error.message));
    }
  }

  // ---- nudge ----

  paintNudge() {
    const chosen = STEPS.includes(this.lab.state.h) ? this.lab.state.h : "1e-4";
    const size = select(STEPS.map((step) => [step, short(Number(step), 1)]), chosen,
      "How far the weight is pushed, up and down. Too far bends the curve, too little drowns in rounding.",
      (push) => this.choose({ h: push === "1e-4" ? null : push }));
    size.dataset.key = "h";
    const go = button("Nudge", "Pushes the weight by +h and by −h, and measures the loss each time.", () =>
      this.run(this.nudged, () => api.nudge({ ...this.body, h: Number(size.value) }), (answer) => this.nudgeTable(answer)), { class: "main" });
    size.disabled = go.disabled = api.isStatic;
    go.dataset.key = "nudge";
    replace(this.nudgeFields, labelled("by h =", size), go);
    if (api.isStatic) replace(this.nudged, h("p", { class: "quiet-text" }, api.RUN_IT));
  }

  nudgeTable({ value, h: push, loss_plus: plus, loss_minus: minus, slope, gradient, relative_error: error, words }) {
    return [
      table([
        ["the weight w", value, 6, "value"],
        [`loss at w + ${short(push, 1)}`, plus, 12, "loss_plus"],
        [`loss at w − ${short(push, 1)}`, minus, 12, "loss_minus"],
        ["slope: their difference / 2h", slope, 8, "slope"],
        ["backpropagation says", gradient, 8, "gradient"],
        ["relative error", error, 2, "relative_error"],
      ], "The last two slopes were found in two ways that share nothing but the forward pass."),
      words ? h("p", { class: "words" }, words) : null,
    ];
  }

  // ---- one step ----

  paintStep() {
    const optimizer = this.lab.state.optimizer === "adam" ? "adam" : "sgd";
    const rate = h("input", { type: "number", step: "any", min: "0", value: this.lab.state.rate ?? RATES[optimizer], "data-key": "rate",
      help: "The learning rate: how far along the gradient the step goes.",
      onchange: () => this.choose({ rate: Number(rate.value) > 0 && rate.value !== RATES[optimizer] ? rate.value : null }) });
    const go = button("Take one step", "Moves every parameter of a copy of the network by one step, and measures the loss again.", () =>
      this.run(this.stepped, () => api.step({ ...this.body, optimizer, rate: Number(rate.value) }), (answer) => this.stepTable(answer)), { class: "main", "data-key": "step" });
    const which = segments("with", "SGD walks down the slope. Adam divides each slope by its usual size.", "optimizer", [["sgd", "SGD"], ["adam", "Adam"]], optimizer,
      (name) => this.choose({ optimizer: name === "sgd" ? null : name, rate: null }));
    which.querySelectorAll("input").forEach((input) => { input.dataset.key = `with-${input.value}`; input.disabled = api.isStatic; });
    rate.disabled = go.disabled = api.isStatic;
    replace(this.stepFields, which, labelled("rate", rate), go);
    if (api.isStatic) replace(this.stepped, h("p", { class: "quiet-text" }, api.RUN_IT));
  }

  stepTable({ loss_before: before, loss_after: after, promised, weight, words }) {
    const rows = [
      ["loss before", before, 8, "loss_before"], ["loss after", after, 8, "loss_after"],
      ["change", after - before, 4, "change"],
    ];
    if (promised !== null) rows.push(["promised: −rate · |g|²", promised, 4, "promised"]);
    const own = [["g, its slope", weight.g, 4, "g"]];
    if (weight.m !== null && weight.m !== undefined) {
      own.push(["m, the mean of g", weight.m, 4, "m"], ["v, the mean of g²", weight.v, 4, "v"],
        ["m̂, corrected", weight.m_hat, 4, "m_hat"], ["v̂, corrected", weight.v_hat, 4, "v_hat"]);
    }
    own.push(["its step", weight.step, 4, "step"], ["w before", weight.value_before, 6, "value_before"], ["w after", weight.value_after, 6, "value_after"]);
    return [
      table(rows, promised === null ? "The loss of the same batch before and after the step." : "For a small rate the loss falls by as much as the gradient promises."),
      h("h4", {}, "The chosen weight"), table(own, "What the optimizer did with this one weight."),
      words ? h("p", { class: "words" }, words) : null,
    ];
  }
}

function table(rows, help) {
  return h("table", { class: "numbers", tabindex: "0", help }, h("tbody", {}, rows.map(([title, value, digits, key]) =>
    h("tr", {}, h("th", { scope: "row" }, title), h("td", { "data-number": key }, number(value, digits))))));
}

