// One weight's life: what each optimizer has made of it in the last steps, one array under the other.

import { h, labelled, replace, select } from "../dom.js";
import { short } from "../numbers.js";
import { say } from "../words.js";
import { COLOURS, nameOf, sized, styleOf, swatch } from "./curves.js";

const ROWS = ["value", "g", "velocity", "m", "v", "m_hat", "v_hat", "move"];
const SIGNS = { value: "θ", g: "g", velocity: "v", m: "m", v: "v", m_hat: "m̂", v_hat: "v̂", move: "Δθ" };

export class Life {
  // onweight("0.406.3") changes the address.
  constructor({ session, lab, onweight }) {
    Object.assign(this, { session, lab, onweight });
    this.parts = ["layers"];
    this.fields = h("div", { class: "fields" });
    this.columns = h("div", { class: "lanes lives" });
    this.element = h("div", { class: "lens" }, this.fields, this.columns);
  }

  // The weight that the address names, as a request has it.
  entry(text) {
    const { sizes } = this.session.facts;
    const { height, width } = this.lab.shape;
    const [layer, from, to] = (text ?? `0.${Math.floor(height / 2) * width + Math.floor(width / 2)}.0`).split(".");
    const at = Number(layer);
    const isBias = from === "b";
    const within = at < sizes.length - 1 && Number(to) < sizes[at + 1] && (isBias || Number(from) < sizes[at]);
    if (!within) return text ? this.entry(null) : null;
    this.chosen = { layer: at, from, to: Number(to) };
    return { layer: at, name: isBias ? "biases" : "weights", at: isBias ? [Number(to)] : [Number(from), Number(to)] };
  }

  buildFields() {
    const { sizes } = this.session.facts;
    const { layer, from, to } = this.chosen;
    const choose = (change) => {
      const next = { ...this.chosen, ...change };
      this.onweight([next.layer, next.from, next.to].join("."));
    };
    const input = (value, most, help, key) => {
      const field = h("input", { type: "number", min: 0, max: most, help, onchange: () => {
        const wanted = Math.round(Number(field.value));
        if (Number.isFinite(wanted)) choose({ [key]: Math.min(Math.max(wanted, 0), most) });
      } });
      field.value = value;
      return field;
    };
    const key = JSON.stringify([this.chosen, sizes]);
    if (key === this.built) return;
    this.built = key;
    replace(this.fields,
      labelled(say("learn.life.layer"), select(sizes.slice(1).map((_, i) => [i, String(i + 1)]), layer, say("learn.help.layer"),
        (value) => this.onweight([value, 0, 0].join(".")))),
      labelled(say(layer === 0 ? "learn.life.pixel" : "learn.life.from"), input(from, sizes[layer] - 1, say("learn.help.from"), "from")),
      labelled(say("learn.life.to"), input(to, sizes[layer + 1] - 1, say("learn.help.to"), "to")));
  }

  build(run) {
    this.run = run;
    this.cells = run.lanes.map((lane, i) => {
      const rule = h("div", { class: "rule-now" });
      const rows = ROWS.map((name) => {
        const canvas = h("canvas", { class: "spark", "aria-hidden": "true" });
        const value = h("data", { class: "number" });
        return { name, canvas, value, row: h("tr", {}, h("th", { scope: "row" }, SIGNS[name]), h("td", { class: "spark-cell" }, canvas), h("td", {}, value)) };
      });
      return { rule, rows, element: h("section", {}, h("h3", {}, swatch(lane.optimizer),
        nameOf(run.lanes, i)),
      rule, h("table", { class: "numbers life" }, h("tbody", {}, rows.map(({ row }) => row)))) };
    });
    replace(this.columns, this.cells.map(({ element }) => element));
    this.columns.classList.toggle("many", run.lanes.length > 2);
  }

  paint() {
    const { session } = this;
    if (!this.chosen) return;
    this.buildFields();
    if (session.run !== this.run) this.build(session.run);
    this.cells.forEach((cell, i) => this.paintLane(cell, session.run.lanes[i], session.followed[i] ?? []));
  }

  paintLane({ rule, rows }, { optimizer }, followed) {
    const steps = followed.map((row) => ({ ...row, move: row.after - row.value }));
    const last = steps.at(-1);
    replace(rule, last ? this.ruleOf(optimizer, last) : h("p", { class: "quiet-text" }, say("learn.life.none")));
    for (const { name, canvas, value, row } of rows) {
      row.hidden = !last || last[name] === undefined;
      if (row.hidden) continue;
      value.value = String(last[name]);
      value.textContent = short(last[name], 4);
      this.spark(canvas, steps.map((step) => step[name]), optimizer);
    }
  }

  ruleOf(optimizer, step) {
    const kind = { momentum: "velocity", nesterov: "nesterov", adamw: "adamw" }[optimizer] ?? optimizer;
    const values = { ...step, t: step.step + 1, move: -step.move };
    return [
      h("p", { class: "law" }, say(`learn.rule.${kind}`)),
      h("p", { class: "law quiet-text" }, say(`learn.numbers.${kind}`, values)),
      h("p", { class: "quiet-text" }, say("learn.life.rates", { step: step.step + 1, share: Math.abs(step.move) / step.rate })),
    ];
  }

  spark(canvas, values, optimizer) {
    const { context, width, height } = sized(canvas);
    const colour = styleOf(canvas);
    const low = Math.min(0, ...values);
    const high = Math.max(0, ...values);
    const isNarrow = values[0] * values.at(-1) > 0 && high - low > 20 * (Math.max(...values) - Math.min(...values));
    const [bottom, top] = isNarrow ? [Math.min(...values), Math.max(...values)] : [low, high];
    const x = (at) => 2 + (at / Math.max(values.length - 1, 1)) * (width - 6);
    const y = (value) => height - 3 - ((value - bottom) / (top - bottom || 1)) * (height - 6);
    context.strokeStyle = colour("--line");
    if (!isNarrow) {
      context.beginPath();
      context.moveTo(0, y(0));
      context.lineTo(width, y(0));
      context.stroke();
    }
    context.strokeStyle = context.fillStyle = colour(COLOURS[optimizer]);
    context.lineWidth = 1.5;
    context.beginPath();
    values.forEach((value, at) => context.lineTo(x(at), y(value)));
    context.stroke();
    context.beginPath();
    context.arc(x(values.length - 1), y(values.at(-1)), 2.5, 0, 7);
    context.fill();
  }
}
