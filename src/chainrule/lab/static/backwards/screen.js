// Backwards: the chain rule of a real batch, from the loss to the first weights, one idea a card.

import * as api from "../api.js";
import { button, h, number, replace, toggle } from "../dom.js";
import { shape } from "../numbers.js";
import { say } from "../words.js";
import { Images, batchOf, isDrawing, keyOf } from "./batch.js";
import { lessonOf, panel, rule, scheme } from "./cards.js";
import { Followed } from "./followed.js";
import { Diagram } from "./diagram.js";
import { End } from "./end.js";
import { question, verdict } from "./question.js";

export const id = "backwards";
export const name = say("backwards.name");
export const help = say("backwards.help");

// The smallest network shows the rule best; a drawing stays with the one that read it.
export const prefers = (networks, state) => networks.reduce((best, one) =>
  ((isDrawing(state) ? one.parameters > best.parameters : one.parameters < best.parameters) ? one : best));

export function mount(root, lab) {
  const screen = new BackwardsScreen(root, lab);
  return { update: () => screen.update(), unmount: () => screen.unmount() };
}

class BackwardsScreen {
  constructor(root, lab) {
    this.lab = lab;
    this.build(root);
    this.onkey = (event) => this.key(event);
    document.addEventListener("keydown", this.onkey);
  }

  unmount() {
    document.removeEventListener("keydown", this.onkey);
    this.isGone = true;
  }

  build(root) {
    this.images = new Images(this.lab, (row) => this.lab.go({ row: String(row) }));
    this.diagram = new Diagram((step) => this.walkTo(step));
    this.earlier = button("‹", say("backwards.previous"), () => this.walkTo(this.step - 1), { class: "step", "aria-label": say("backwards.previous_name") });
    this.next = button("›", say("backwards.next"), () => this.walkTo(this.step + 1), { class: "step main", "aria-label": say("backwards.next_name") });
    this.predict = toggle(say("backwards.predict"), say("backwards.predict_help"), true, (on) => this.lab.go({ predict: on ? null : "off" }));
    this.card = h("section", { class: "card", "aria-label": say("backwards.card") });
    this.told = h("output", { class: "told", "aria-live": "polite" });
    this.followed = new Followed(this.lab, (...weight) => this.follow(...weight));
    this.end = new End(this.lab);
    root.append(h("h1", { class: "unseen" }, say("backwards.title")), this.images.element,
      h("div", { class: "walk" }, this.earlier, this.diagram.element, this.next), this.card, this.followed.element);
  }

  // ---- the state ----

  get last() {
    return (this.walk?.cards.length ?? 0) + 1;
  }

  get step() {
    const wanted = Number(this.lab.state.step ?? 1);
    return Number.isInteger(wanted) ? Math.min(Math.max(wanted, 1), this.last) : 1;
  }

  // Which choice was taken at each step: 2.1 is the second one of step 2.
  get answers() {
    return Object.fromEntries((this.lab.state.opened ?? "").split(",").filter(Boolean).map((one) => one.split(".")));
  }

  get isOpen() {
    return this.lab.state.predict === "off" || this.step === this.last || String(this.step) in this.answers;
  }

  walkTo(step) {
    if (this.walk && step >= 1 && step <= this.last) this.lab.go({ step: step === 1 ? null : String(step) });
  }

  // Follow a parameter; `steepest` of its layer where the layer alone was chosen.
  follow(layer, name, at, steepest = false) {
    if (api.isStatic) return this.lab.notice(api.RUN_IT);
    const place = steepest ? this.steepest(layer) : at;
    return this.lab.go({ weight: this.addressOf(layer, name, place) });
  }

  // Layers are counted as in the names of their weights: 2.w.7.3 is W₂[7, 3].
  get dense() {
    return this.lab.network.layers.filter(({ kind }) => kind === "Dense").map(({ index }) => index);
  }

  addressOf(layer, name, place) {
    return [this.dense.indexOf(layer) + 1, name === "weights" ? "w" : "b", ...place].join(".");
  }

  steepest(layer) {
    const { out } = this.walk.cards.find(({ kind, index }) => kind === "dW" && index === layer);
    const best = out.values.reduce((most, value, i) => (Math.abs(value) > Math.abs(out.values[most]) ? i : most), 0);
    const [row, column] = [Math.floor(best / out.columns), best % out.columns];
    return out.units ? [column, out.units[row]] : [row, column];
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const isControl = event.target.closest("input:not([type=checkbox]), select, [role=application]");
    if (by === undefined || isControl || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.walkTo(this.step + by);
  }

  // ---- asking ----

  async update() {
    this.predict.querySelector("input").checked = this.lab.state.predict !== "off";
    const wanted = keyOf(this.lab);
    if (wanted !== this.wanted) await this.load(wanted);
    if (wanted !== this.wanted || this.isGone || !this.walk) return;
    await this.loadFollowed();
  }

  async load(wanted) {
    this.wanted = wanted;
    this.walk = null;
    this.followKey = null;
    this.card.setAttribute("aria-busy", "true");
    let batch = null;
    let walk = null;
    let fault = null;
    try {
      batch = await batchOf(this.lab);
      walk = await api.backward(this.lab.network.id, batch.asked);
    } catch (error) {
      if (!(error instanceof api.LabError)) throw error;
      fault = error.message;
    }
    if (wanted !== this.wanted || this.isGone) return;
    this.card.removeAttribute("aria-busy");
    Object.assign(this, { batch, walk });
    if (!fault) return;
    this.images.paint(batch, null, 0);
    replace(this.card, h("p", {}, fault));
    replace(this.diagram.element);
    this.followed.element.hidden = true;
  }

  async loadFollowed() {
    const { weight, row } = this.lab.state;
    const wanted = [this.wanted, weight, row].join("|");
    if (wanted !== this.followKey) {
      let found = this.walk.followed;
      if ((weight || row) && !api.isStatic) {
        try {
          found = await api.follow({ ...this.batch.asked, network: this.lab.network.id, ...this.place(weight), ...this.rowAsked(row) });
        } catch (error) {
          if (!(error instanceof api.LabError)) throw error;
          this.lab.notice(error.message);
        }
      }
      const now = [this.wanted, this.lab.state.weight, this.lab.state.row].join("|");
      if (wanted !== now || this.isGone) return;
      this.followKey = wanted;
      this.about = found;
    }
    this.paint();
  }

  place(weight) {
    const { layer, name: array, at } = this.walk.followed;
    if (!weight) return { layer, name: array, at };
    const [level, letter, ...place] = weight.split(".");
    return { layer: this.dense[level - 1], name: letter === "w" ? "weights" : "biases", at: place.map(Number) };
  }

  rowAsked(row) {
    return row && Number(row) < this.walk.batch ? { row: Number(row) } : {};
  }

  // ---- painting ----

  paint() {
    const { row } = this.about;
    this.images.paint(this.batch, this.walk, row);
    this.images.controls.append(this.predict);
    this.diagram.paint(this.walk.cards, this.step);
    const focused = document.activeElement;
    this.earlier.disabled = this.step === 1;
    this.next.disabled = this.step === this.last;
    if (focused === this.next && this.next.disabled) this.earlier.focus();
    if (focused === this.earlier && this.earlier.disabled) this.next.focus();
    this.followed.paint(this.walk, this.batch.asked, this.about, this.followKey);
    this.end.about(this.batch.asked, this.about, this.followed.weight, this.followKey);
    this.paintCard();
  }

  paintCard() {
    const key = [this.followKey, this.step, this.isOpen].join("|");
    if (key === this.painted) return;
    this.painted = key;
    const held = this.card.contains(document.activeElement) ? document.activeElement.dataset.array ?? null : null;
    const was = this.places();
    const card = this.walk.cards[this.step - 1];
    this.card.dataset.step = String(this.step);
    this.card.dataset.kind = card?.kind ?? "end";
    const see = this.see(card);
    if (card) this.paintStep(card, see);
    else this.paintEnd(see);
    replace(this.told, this.atFirst(card));
    if (held) this.card.querySelector(`[data-array="${held}"]`)?.focus({ preventScroll: true });
    const [scroll, lit] = [".scroll", ".lit-cell"].map((part) => this.card.querySelector(part));
    if (lit) scroll.scrollLeft = lit.offsetLeft - scroll.clientWidth / 2; // on a phone
    this.carry(was);
  }

  // What stands at the foot of a card until a cell is pointed at.
  atFirst(card) {
    if (card?.kind === "da" && this.isOpen) return say("backwards.tell_sum", { name: card.in.name });
    if (card?.is_first) return say("backwards.weight.blank", { value: Math.min(...card.kept.values) });
    return say("backwards.tell");
  }

  see(card) {
    const { lab, walk, about } = this;
    return {
      card, walk, followed: about, row: about.row, isOpen: this.isOpen, images: lab.shape,
      tell: (text) => { this.told.textContent = text; },
      choose: (...weight) => this.follow(...weight),
      chooseRow: (row) => lab.go({ row: String(row) }),
      chooseUnit: (unit, row) => this.chooseUnit(card, unit, row),
      goTo: (step) => this.walkTo(step),
      labelOf: (k) => lab.classOf(k),
      notice: (text) => lab.notice(text),
      cardOf: (kind, fits) => walk.cards.filter((one) => one.kind === kind && fits(one)).at(-1),
      ask: (layer, unit) => api.sum({ ...this.batch.asked, network: lab.network.id, layer, row: about.row, unit }),
    };
  }

  // A unit is followed by the bias of the layer that it belongs to.
  chooseUnit(card, unit, row) {
    const layers = this.lab.network.layers;
    let { index } = card;
    while (layers[index].kind !== "Dense") index -= 1;
    if (api.isStatic) return this.lab.notice(api.RUN_IT);
    return this.lab.go({ weight: this.addressOf(index, "biases", [unit]), row: String(row) });
  }

  paintStep(card, see) {
    const { law, words, code } = rule(see);
    const chosen = this.answers[this.step];
    replace(this.card, this.head(law, words, card),
      chosen === undefined || this.lab.state.predict === "off" ? null : verdict(card, Number(chosen)),
      h("div", { class: "body" }, scheme(see), h("div", { class: "panel" }, this.isOpen ? panel(see) : question(card, (choice) => this.answer(choice)))),
      h("div", { class: "foot" }, this.told, h("span", { class: "code" }, code), this.isOpen ? this.numbers(card) : null));
  }

  paintEnd(see) {
    replace(this.card, this.head(say("backwards.end.title"), say("backwards.end.words", { n: this.walk.parameters }), null),
      h("div", { class: "body" }, this.end.scheme(see), h("div", { class: "panel" }, this.end.panel())),
      h("div", { class: "foot" }, this.told, h("span", { class: "code" }, say("backwards.code.end"))));
  }

  head(law, words, card) {
    return h("div", { class: "head" }, h("h2", {}, law), h("p", {}, words), h("p", { class: "quiet-text" }, say("backwards.step", { step: this.step, last: this.last }), " · ",
      h("cite", { tabindex: "0", help: say("backwards.lesson.help") }, lessonOf(card))));
  }

  // The first numbers of each array, for who wants to compute along.
  numbers(card) {
    const tensors = Object.values(card).filter((one) => one?.values && !one.units);
    return h("details", { class: "firsts" }, h("summary", { help: say("backwards.firsts_help") }, say("backwards.firsts")),
      h("dl", {}, tensors.map((tensor) => [h("dt", {}, `${tensor.name}, ${shape(tensor.shape)}`), h("dd", { class: "first" }, tensor.values.slice(0, 8).map((value) => [number(value), " "]))])));
  }

  answer(choice) {
    const others = Object.entries(this.answers).map((one) => one.join("."));
    this.lab.go({ opened: [...others, `${this.step}.${choice}`].join(",") });
    this.card.querySelector(".why")?.focus({ preventScroll: true });
  }

  // ---- motion: an array that leaves one card is carried to its place in the next ----

  places() {
    return new Map([...this.card.querySelectorAll(".array.out, .array.in")].map((one) => [one.dataset.array, one.getBoundingClientRect()]));
  }

  carry(was) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const element of this.card.querySelectorAll(".array.in, .array.out")) {
      const from = was.get(element.dataset.array);
      const to = element.getBoundingClientRect();
      if (!from || !to.width || (Math.abs(from.x - to.x) < 2 && Math.abs(from.y - to.y) < 2)) continue;
      const turned = from.width > from.height !== to.width > to.height;
      const start = `translate(${from.x - to.x}px, ${from.y - to.y}px) ${turned ? "" : `scale(${from.width / to.width}, ${from.height / to.height})`}`;
      element.animate([{ transform: start, transformOrigin: "0 0" }, { transform: "none", transformOrigin: "0 0" }], { duration: 420, easing: "ease-in-out" });
    }
  }
}
