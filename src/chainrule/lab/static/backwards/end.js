// The end of the walk: all slopes in one look, and then the step, of SGD and of Adam side by side.

import * as api from "../api.js";
import { button, h, labelled, number, replace } from "../dom.js";
import { say } from "../words.js";
import { tilesOf } from "./cards.js";

const RATES = { sgd: "0.0001", adam: "0.0005" };
const COUNTS = [1, 2, 10];

export class End {
  constructor(lab) {
    this.lab = lab;
    this.results = {};
    this.columns = Object.fromEntries(["sgd", "adam"].map((kind) => [kind, this.buildColumn(kind)]));
  }

  // What is to be stepped with; results of another batch or weight are gone.
  about(asked, followed, weight, key) {
    Object.assign(this, { asked, followed, weight });
    if (key === this.key) return;
    this.key = key;
    for (const kind of ["sgd", "adam"]) replace(this.columns[kind].result, h("p", { class: "quiet-text" }, api.isStatic ? api.RUN_IT : say("backwards.end.press")));
  }

  scheme(see) {
    const { cards } = see.walk;
    const slopes = cards.filter(({ kind }) => kind === "dW");
    const most = Math.max(...slopes.map(({ out }) => out.norm));
    const line = (tensor) => {
      const fill = h("i", {});
      fill.style.setProperty("--share", `${(100 * tensor.norm) / most}%`);
      return h("tr", {}, h("th", { scope: "row" }, tensor.name), h("td", { class: "norm" }, number(tensor.norm, 3)), h("td", {}, h("span", { class: "norm-bar", "aria-hidden": "true" }, fill)));
    };
    return h("div", { class: "scheme end" },
      h("table", { class: "norms", tabindex: "0", help: say("backwards.end.norms_help") }, h("tbody", {}, slopes.flatMap(({ out, bias }) => [line(out), line(bias)]))),
      tilesOf({ ...see, card: slopes.at(-1) }, see.followed.units[slopes.at(-1).index], 0));
  }

  panel() {
    return [
      h("div", { class: "fields" }, COUNTS.map((count) => button(say("backwards.end.steps", { n: count }), say("backwards.end.steps_help"), () => this.run(count), { class: count === 1 ? "main" : "", disabled: api.isStatic }))),
      h("div", { class: "optimizers" }, Object.values(this.columns).map(({ element }) => element)),
    ];
  }

  buildColumn(kind) {
    const rate = h("input", { type: "number", step: "any", min: "0", value: this.lab.state[kind] ?? RATES[kind], help: say("backwards.end.rate_help"), disabled: api.isStatic,
      onchange: () => this.lab.go({ [kind]: rate.value === RATES[kind] ? null : rate.value }) });
    const result = h("div", { class: "result", "aria-live": "polite" });
    return { rate, result, element: h("section", { class: kind }, h("h3", {}, say(`backwards.end.${kind}`), " ", labelled(say("backwards.end.rate"), rate)), result) };
  }

  run(count) {
    for (const kind of ["sgd", "adam"]) this.step(kind, count);
  }

  async step(kind, count) {
    const { rate, result } = this.columns[kind];
    const { layer, name, at } = this.followed;
    const key = this.key;
    let found;
    try {
      found = this.table(await api.steps({ ...this.asked, network: this.lab.network.id, layer, name, at, optimizer: kind, rate: Number(rate.value), count }));
    } catch (error) {
      if (!(error instanceof api.LabError)) throw error;
      found = h("p", { class: "alarm" }, error.message);
    }
    if (key === this.key) replace(result, found);
  }

  table({ losses, promised, history, optimizer, before: start, after: end }) {
    const [before, after] = [losses[0], losses.at(-1)];
    const own = optimizer === "adam" ? ["g", "m", "v", "m_hat", "v_hat", "step"] : ["g", "step"];
    return [
      h("p", { class: "loss-change" }, say("backwards.end.loss"), " ", h("span", { "data-number": "loss_before" }, number(before, 5)), " → ", h("b", { "data-number": "loss_after" }, number(after, 5))),
      h("p", {}, say("backwards.end.change"), " ", h("span", { "data-number": "change" }, number(after - before, 3)), promised
        ? ["; ", say("backwards.end.promised", { n: promised.length }), " ", h("span", { "data-number": "promised" }, number(promised.reduce((a, b) => a + b, 0), 3))] : ""),
      h("table", { class: "numbers history", tabindex: "0", help: say("backwards.end.history_help", { name: this.weight }) },
        h("caption", {}, say("backwards.end.weight", { name: this.weight })),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "t"), own.map((key) => h("th", { scope: "col" }, say(`backwards.end.${key}`))))),
        h("tbody", {}, history.map((one) => h("tr", {}, h("th", { scope: "row" }, String(one.t)), own.map((key) => h("td", { "data-number": key }, number(one[key], 3))))))),
      h("p", { class: "fine-print" }, say("backwards.end.from_to", { name: this.weight, before: start, after: end })),
    ];
  }
}
