// The whole walk in one line, always in view: each step with its norm, dW branching off below.

import { h, replace } from "../dom.js";
import { short } from "../numbers.js";
import { say } from "../words.js";

export class Diagram {
  constructor(goTo) {
    this.goTo = goTo;
    this.element = h("ol", { class: "diagram", "aria-label": say("backwards.diagram.label") });
  }

  paint(cards, here) {
    const held = this.element.contains(document.activeElement);
    const norm = Math.hypot(...cards.filter(({ kind }) => kind === "dW").flatMap(({ out, bias }) => [out.norm, bias.norm]));
    const boxes = [
      ...cards.map(({ kind, out }) => [kind, out.name, out.norm, say(`backwards.diagram.${kind}`, { name: out.name })]),
      ["end", say("backwards.diagram.gradient"), norm, say("backwards.diagram.end")]];
    let column = 0;
    const items = boxes.map(([kind, name, size, help], i) => {
      const step = i + 1;
      if (kind !== "dW") column += 1;
      const state = step === here ? "here" : step < here ? "done" : "";
      const near = Math.abs(step - here) <= 1 ? "near" : "";
      const box = h("button", { type: "button", help, "data-step": step, "aria-current": step === here ? "step" : null,
        onclick: () => this.goTo(step) }, h("strong", {}, name), " ", h("span", {}, short(size, 2)));
      const item = h("li", { class: `${kind === "dW" ? "branch" : "main"} ${state} ${near}` }, box);
      item.style.gridColumn = String(column);
      return item;
    });
    this.element.style.setProperty("--stations", column);
    replace(this.element, items);
    if (held) this.element.querySelector(".here button").focus({ preventScroll: true });
  }
}
