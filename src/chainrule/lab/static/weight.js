// One weight: nudge it and see the loss move, or take one step with an optimizer.

import * as api from "./api.js";
import { bringIntoView, button, explain, h, labelled, number, replace, segments, select } from "./dom.js";
import { short } from "./numbers.js";

const RATES = { sgd: "0.05", adam: "0.0005" };
const STEPS = ["1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-8", "1e-10"];

const USUAL_STEP = "1e-4";
const STATIC = { disabled: api.isStatic };

// The fields stay the same elements for as long as the screen stands: one painted anew
// when it is left for a button would take the button away between mouse down and mouse up.
export class Weight {
  constructor(lab) {
    this.lab = lab;
    this.choice = this.buildChoice();
    this.nudged = h("div", { class: "result", "aria-live": "polite" });
    this.stepped = h("div", { class: "result", "aria-live": "polite" });
    this.element = h("section", { class: "proof", hidden: true, "aria-label": "Proof" },
      h("h2", {}, "Is the slope true?"),
      h("p", { class: "quiet-text" }, "Choose any weight of the network. Its slope is a promise, and both tools below hold it to that."),
      this.choice,
      h("div", { class: "tools-two" },
        h("section", { class: "tool" }, h("h3", {}, "Nudge"), this.buildNudge(), this.nudged),
        h("section", { class: "tool" }, h("h3", {}, "Take one step"), this.buildStep(), this.stepped)));
  }

  // A new batch: what was computed for another is gone.
  batch(asked, walk) {
    this.asked = asked;
    this.walk = walk;
    this.element.hidden = !asked;
    this.batches = (this.batches ?? 0) + 1;
    this.of = {};
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

  update() {
    const { network } = this.lab;
    if (this.network !== network) this.paintLayers(network);
    const [i, j] = this.at;
    const isOfW = this.name === "weights";
    this.fields.layer.value = String(this.layer.index);
    this.fields.name.value = this.name;
    this.fields.row.value = String(i);
    this.fields.row.max = String(this.sizes[0] - 1);
    this.fields.row.previousSibling.textContent = isOfW ? "row" : "unit";
    explain(this.fields.row, isOfW ? "The row of W: the input that the weight comes from." : "The unit that the bias belongs to.");
    this.fields.column.parentNode.hidden = !isOfW;
    if (isOfW) {
      this.fields.column.value = String(j);
      this.fields.column.max = String(this.sizes[1] - 1);
    }
    this.fields.push.value = this.push;
    this.fields.rate.value = this.rate;
    for (const input of this.fields.optimizer) input.checked = input.value === this.optimizer;
    // A result stands until what it was computed for is chosen anew.
    const weight = [this.batches, this.layer.index, this.name, this.at].join("|");
    this.holdFor("nudged", `${weight}|${this.push}`);
    this.holdFor("stepped", `${weight}|${this.optimizer}|${this.rate}`);
  }

  holdFor(result, what) {
    if (this.of[result] === what) return;
    this.of[result] = what;
    replace(this[result], api.isStatic ? h("p", { class: "quiet-text" }, api.RUN_IT) : null);
  }

  buildChoice() {
    const index = (axis, help) => h("input", { type: "number", min: 0, step: 1, help, ...STATIC,
      onchange: (event) => this.move(axis, Number(event.target.value)) });
    this.fields = {
      layer: select([], null, "The layer that the weight belongs to.", (layer) => this.lab.go({ layer, at: null })),
      name: select([["weights", "weights W"], ["biases", "biases b"]], "weights", "A weight of W, or a bias of b.",
        (name) => this.lab.go({ name: name === "weights" ? null : name, at: null })),
      row: index(0, "The row of W: the input that the weight comes from."),
      column: index(1, "The column of W: the unit that the weight leads to."),
    };
    this.fields.layer.disabled = this.fields.name.disabled = api.isStatic;
    return h("div", { class: "fields" },
      labelled("Layer", this.fields.layer), labelled("of its", this.fields.name),
      labelled("row", this.fields.row), labelled("column", this.fields.column),
      button("The steepest", "Chooses the one with the largest slope of this layer.", () => this.lab.go({ at: null }), STATIC));
  }

  paintLayers(network) {
    this.network = network;
    replace(this.fields.layer, this.dense.map(({ index, words }) => h("option", { value: index }, words)));
  }

  // Another row or column; what is beyond the array is its last one.
  move(axis, to) {
    const inside = Math.min(Math.max(Math.round(to), 0), this.sizes[axis] - 1);
    this.lab.go({ at: this.at.map((old, a) => (a === axis ? inside : old)).join(",") });
  }

  get body() {
    return { ...this.asked, layer: this.layer.index, name: this.name, at: this.at };
  }

  async run(result, ask, paint) {
    const what = this.of[result];
    const place = this[result];
    replace(place, h("p", { class: "quiet-text" }, "Computing …"));
    let found;
    try {
      found = paint(await ask());
    } catch (error) {
      if (!(error instanceof api.LabError)) throw error;
      found = h("p", { class: "alarm" }, error.message);
    }
    if (what === this.of[result]) replace(place, found);
  }

  // ---- nudge ----

  get push() {
    return STEPS.includes(this.lab.state.h) ? this.lab.state.h : USUAL_STEP;
  }

  buildNudge() {
    this.fields.push = select(STEPS.map((step) => [step, short(Number(step), 1)]), USUAL_STEP,
      "How far the weight is pushed, up and down. Too far bends the curve, too little drowns in rounding.",
      (push) => this.lab.go({ h: push === USUAL_STEP ? null : push }));
    this.fields.push.disabled = api.isStatic;
    const nudge = () => this.run("nudged", () => api.nudge({ ...this.body, h: Number(this.push) }), (answer) => this.nudgeTable(answer));
    return h("div", { class: "fields" }, labelled("by h =", this.fields.push),
      button("Nudge", "Pushes the weight by +h and by −h, and measures the loss each time.", nudge, { class: "main", ...STATIC }));
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

  get optimizer() {
    return this.lab.state.optimizer === "adam" ? "adam" : "sgd";
  }

  get rate() {
    const { rate } = this.lab.state;
    return Number.isFinite(Number.parseFloat(rate)) ? rate : RATES[this.optimizer];
  }

  buildStep() {
    const rate = h("input", { type: "number", step: "any", min: "0", help: "The learning rate: how far along the gradient the step goes.", ...STATIC,
      onchange: () => this.lab.go({ rate: rate.value === RATES[this.optimizer] ? null : rate.value }) });
    const which = segments("with", "SGD walks down the slope. Adam divides each slope by its usual size.", "optimizer", [["sgd", "SGD"], ["adam", "Adam"]], "sgd",
      (name) => this.lab.go({ optimizer: name === "sgd" ? null : name, rate: null }));
    Object.assign(this.fields, { rate, optimizer: which.querySelectorAll("input") });
    for (const input of this.fields.optimizer) input.disabled = api.isStatic;
    const step = () => this.run("stepped", () => api.step({ ...this.body, optimizer: this.optimizer, rate: Number(this.rate) }), (answer) => this.stepTable(answer));
    return h("div", { class: "fields" }, which, labelled("rate", rate),
      button("Take one step", "Moves every parameter of a copy of the network by one step, and measures the loss again.", step, { class: "main", ...STATIC }));
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

