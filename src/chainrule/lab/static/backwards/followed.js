// The weight that is followed: its strongest way, and the loss along it with the promised tangent.

import * as api from "../api.js";
import { h, labelled, number, replace, select, svg } from "../dom.js";
import { short } from "../numbers.js";
import { say } from "../words.js";

const STEPS = ["10", "1", "0.1", "1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-8", "1e-10"];
const USUAL = "1e-3";
const [WIDE, HIGH, EDGE] = [380, 190, 12];

export class Followed {
  constructor(lab, choose) {
    this.lab = lab;
    this.choose = choose;
    this.way = h("div", { class: "way" });
    this.chart = h("div", { class: "curve", "aria-live": "polite" });
    this.fields = this.buildFields();
    this.element = h("section", { class: "followed", "aria-label": say("backwards.followed.label"), hidden: true },
      this.title = h("h2", {}), h("div", { class: "fields" }, Object.values(this.fields).map((one) => one.label)),
      h("div", { class: "two" }, this.way, h("div", { class: "derivative" }, this.buildStep(), this.chart)));
  }

  get push() {
    return STEPS.includes(this.lab.state.h) ? this.lab.state.h : USUAL;
  }

  buildFields() {
    const field = (words, control) => ({ control, label: labelled(words, control) });
    const place = (axis) => h("input", { type: "number", min: 0, step: 1, help: say("backwards.followed.place_help"), disabled: api.isStatic,
      onchange: (event) => this.move(axis, Number(event.target.value)) });
    const layer = select([], null, say("backwards.followed.layer_help"), (index) => this.choose(Number(index), "weights", [0, 0], true));
    layer.disabled = api.isStatic;
    return { layer: field(say("backwards.followed.layer"), layer), from: field(say("backwards.followed.from"), place(0)), to: field(say("backwards.followed.to"), place(1)) };
  }

  move(axis, to) {
    const { layer, name, at } = this.followed;
    const { n_in: rows, n_out: columns } = this.lab.network.layers[layer];
    const sizes = name === "weights" ? [rows, columns] : [columns];
    const own = name === "weights" ? axis : 0;
    const inside = Math.min(Math.max(Math.round(to) || 0, 0), sizes[own] - 1);
    this.choose(layer, name, at.map((old, a) => (a === own ? inside : old)));
  }

  buildStep() {
    this.step = select(STEPS.map((step) => [step, `± ${short(Number(step), 1)}`]), this.push, say("backwards.curve.h_help"),
      (push) => this.lab.go({ h: push === USUAL ? null : push }));
    this.step.disabled = api.isStatic;
    return h("div", { class: "fields" }, h("h3", {}, say("backwards.curve.title")), labelled(say("backwards.curve.h"), this.step));
  }

  // Everything of one weight; the curve is asked for where it is another one.
  paint(walk, asked, followed, key) {
    this.element.hidden = false;
    this.followed = followed;
    const { layer, name, at } = followed;
    const entry = followed.entries[layer];
    const dense = this.lab.network.layers.filter(({ kind }) => kind === "Dense");
    const level = dense.findIndex(({ index }) => index === layer) + 1;
    this.weight = `${name === "weights" ? "W" : "b"}${sub(level)}[${at.join(", ")}]`;
    this.title.textContent = say("backwards.followed.title", { name: this.weight, value: entry.value, slope: entry.slope });
    this.paintFields(dense, layer, name, at);
    this.paintWay(followed, walk, entry);
    this.step.value = this.push;
    const wanted = `${key}|${this.push}`;
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.ask(wanted, { ...asked, network: this.lab.network.id, layer, name, at, h: Number(this.push) });
  }

  paintFields(dense, layer, name, at) {
    const { layer: which, from, to } = this.fields;
    replace(which.control, dense.map(({ index, n_in: rows, n_out: columns }, i) => h("option", { value: index }, `W${sub(i + 1)}, ${rows} × ${columns}`)));
    which.control.value = String(layer);
    from.label.hidden = name !== "weights";
    from.control.value = String(at[0]);
    to.control.value = String(at.at(-1));
  }

  paintWay({ way, layer, name, at, row }, walk, entry) {
    const level = this.weight.slice(1).split("[")[0];
    const factor = ({ kind, name: array, at: place, value }, i) => [i ? h("span", { class: "operator", "aria-hidden": "true" }, "·") : null,
      h("li", { class: kind }, h("span", {}, kind === "gate" ? say("backwards.way.gate", { name: `${array}[${place[0]}]` }) : `${array}[${place.join(", ")}]`), h("b", {}, number(value, 3)))];
    const term = entry.terms.find(({ image }) => image === row)?.product;
    replace(this.way,
      h("h3", {}, say("backwards.way.title")),
      h("ul", { class: "factors" }, way.factors.map(factor), h("span", { class: "operator", "aria-hidden": "true" }, "="), h("li", { class: "result" }, h("span", {}, say("backwards.way.product")), h("b", {}, number(way.product, 3)))),
      h("p", {}, say("backwards.way.one", { n: way.n }), " ", way.n > 1 && term !== undefined ? say("backwards.way.sum", { term, name: `dz${level}[${at.at(-1)}]` }) : ""),
      h("p", { class: "fine-print" }, say("backwards.way.walk", { parameters: walk.parameters, passes: 2 * walk.parameters })));
  }

  async ask(wanted, body) {
    if (api.isStatic) return replace(this.chart, h("p", { class: "quiet-text" }, api.RUN_IT));
    this.chart.setAttribute("aria-busy", "true");
    let found;
    try {
      found = this.drawn(await api.curve(body));
    } catch (error) {
      if (!(error instanceof api.LabError)) throw error;
      found = h("p", { class: "alarm" }, error.message);
    }
    if (wanted !== this.wanted) return null;
    this.chart.removeAttribute("aria-busy");
    return replace(this.chart, found);
  }

  drawn(answer) {
    const { values, losses, gradient, slope, relative_error: error, verdict, value, h: push } = answer;
    const middle = (values.length - 1) / 2;
    const now = losses[middle];
    // Differences from w and from the loss there: they are the same curve, and keep their digits.
    const changes = losses.map((loss) => loss - now);
    const promised = values.map((one) => gradient * (one - value));
    const most = Math.max(...changes.map(Math.abs), 1e-300);
    const x = (i) => EDGE + ((WIDE - 2 * EDGE) * i) / (values.length - 1);
    const y = (change) => HIGH / 2 - ((HIGH / 2 - EDGE) * change) / most;
    const path = (all) => all.map((change, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(change).toFixed(1)}`).join("");
    const spot = svg("circle", { class: "spot", r: 5 });
    const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": say("backwards.curve.alt", { name: this.weight, low: Math.min(...losses), high: Math.max(...losses), slope: gradient }) },
      svg("path", { class: "axis", d: `M${x(middle)} 4V${HIGH - 4}M4 ${HIGH / 2}H${WIDE - 4}` }),
      svg("path", { class: "tangent", d: `M${x(0)} ${y(promised[0])}L${x(values.length - 1)} ${y(promised.at(-1))}` }),
      svg("path", { class: "loss", d: path(changes) }), spot);
    const reading = h("p", { class: "reading", role: "status" });
    const range = h("input", { type: "range", min: 0, max: values.length - 1, value: middle, "aria-label": say("backwards.curve.drag", { name: this.weight }), help: say("backwards.curve.drag_help"),
      oninput: () => move(Number(range.value)) });
    function move(i) {
      range.value = String(i);
      spot.setAttribute("cx", x(i));
      spot.setAttribute("cy", y(changes[i]));
      replace(reading, say("backwards.curve.reading", { w: values[i], loss: losses[i], moved: changes[i], promised: promised[i] }));
    }
    picture.addEventListener("pointerdown", ({ pointerId, pointerType }) => {
      if (pointerType === "mouse") picture.setPointerCapture(pointerId); // a finger may still scroll
    });
    const drag = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const box = picture.getBoundingClientRect();
      const share = (((event.clientX - box.left) / box.width) * WIDE - EDGE) / (WIDE - 2 * EDGE);
      move(Math.round(Math.min(Math.max(share, 0), 1) * (values.length - 1)));
    };
    picture.addEventListener("pointerdown", drag);
    picture.addEventListener("pointermove", drag);
    move(middle);
    const rows = [
      [say("backwards.curve.plus", { h: push }), losses.at(-1), 12, "loss_plus"], [say("backwards.curve.minus", { h: push }), losses[0], 12, "loss_minus"],
      [say("backwards.curve.slope"), slope, 8, "slope"], [say("backwards.curve.gradient"), gradient, 8, "gradient"],
      [say("backwards.curve.error"), error, 2, "relative_error"]];
    return [
      h("div", { class: "plot" }, picture, range),
      h("p", { class: "keys" }, h("span", { class: "loss-key" }, say("backwards.curve.loss")), " ", h("span", { class: "tangent-key" }, say("backwards.curve.tangent"))),
      reading,
      h("table", { class: "numbers", tabindex: "0", help: say("backwards.curve.table_help") }, h("tbody", {}, rows.map(([title, one, digits, key]) =>
        h("tr", {}, h("th", { scope: "row" }, title), h("td", { "data-number": key }, number(one, digits)))))),
      h("p", { class: "words" }, say(verdict)),
    ];
  }
}

export const sub = (level) => [...String(level)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");
