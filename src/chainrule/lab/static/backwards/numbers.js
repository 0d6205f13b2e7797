// Numbers written out: a product with its factors, the terms of a sum, arrows.

import * as api from "../api.js";
import { button, h, number, replace, svg } from "../dom.js";
import { say } from "../words.js";
import { bar } from "./arrays.js";

export const brackets = (value) => (value < 0 ? ["(", number(value), ")"] : number(value));

// ∂L/∂w = a · dz, its two factors lit as they are in the arrays.
export const law = ([left], [a, dz], isSum = false) => h("p", { class: "law" },
  h("span", {}, left), " = ", isSum ? "Σ " : "", h("b", { class: "factor-a" }, a), " · ", h("b", { class: "factor-dz" }, dz));

const product = (a, dz, result) => [h("b", { class: "factor-a" }, number(a, 3)), " · ", h("b", { class: "factor-dz" }, brackets(dz)), " = ", h("b", {}, number(result, 3))];

// One term for each image of the batch: the eight largest, the rest as one, and what they add up to.
export function terms({ terms: all, rest, slope }, { walk, row, chooseRow }) {
  const most = Math.max(...all.map((term) => Math.abs(term.product)));
  const lines = all.map(({ image, a, dz, product: value }) => h("li", { class: image === row ? "picked" : "" },
    button(say("backwards.sum.image", { n: String(image + 1) }), say("backwards.sum.image_help"), () => chooseRow(image), { class: "quiet term", "aria-pressed": String(image === row) }),
    h("span", { class: "written" }, product(a, dz, value)), bar(value, most)));
  return h("ol", { class: "terms" }, lines,
    rest.n ? h("li", {}, h("span", {}, say("backwards.sum.rest", { n: rest.n })), h("span", { class: "written" }, number(rest.sum, 3)), bar(rest.sum, most)) : null,
    h("li", { class: "total" }, h("span", {}, say("backwards.sum.all", { n: walk.batch })), h("span", { class: "written" }, h("b", {}, number(slope)))));
}

// da[j] = Σ W[j, k] · dz[k]; each dz[k] opens its own sum, in the same place.
export function sumOf(see, { card, sum, above = null }) {
  const { ask, cardOf, goTo } = see;
  const place = h("div", { class: "sum-of" });
  const next = cardOf("da", (other) => other.index > card.index, "last");
  const rows = [...sum.terms];
  const marked = above ? -1 : sum.chosen.unit;
  if (marked >= 0 && !rows.some(({ unit }) => unit === marked)) rows.push(sum.chosen);
  const isMore = rows.length > sum.terms.length;
  const rest = isMore ? { n: sum.rest.n - 1, sum: sum.rest.sum - sum.chosen.product } : sum.rest;
  const most = Math.max(...rows.map((term) => Math.abs(term.product)));
  const open = async ({ unit, dz }) => {
    if (!next) return goTo(1);
    let inner;
    try {
      inner = await ask(next.index, unit);
    } catch (error) {
      if (!(error instanceof api.LabError)) throw error;
      see.notice(error.message);
      return null;
    }
    const gates = inner.gates.map(({ slope }) => slope);
    replace(place, button(say("backwards.sum.back", { name: `${card.out.name}[${sum.unit}]` }), say("backwards.sum.back_help"), () => replace(place, own), { class: "quiet back" }),
      h("p", {}, `${card.in.name}[${unit}] = ${next.out.name}[${unit}] · `, gates.map((slope) => number(slope)), " = ", number(dz)),
      sumOf(see, { card: next, sum: inner, above: true }));
    place.querySelector("button").focus({ preventScroll: true });
    return null;
  };
  const own = [
    h("p", { class: "law small" }, `${card.out.name}[${sum.unit}] = Σₖ `, h("b", { class: "factor-a" }, `${card.weights.name}[${sum.unit}, k]`), " · ", h("b", { class: "factor-dz" }, `${card.in.name}[k]`), " = ", h("b", {}, number(sum.total))),
    h("ol", { class: "terms" }, rows.map((term) => h("li", { class: term.unit === marked ? "picked" : "" },
      button(`k = ${term.unit}`, say(next ? "backwards.sum.open" : "backwards.sum.loss", { name: `${card.in.name}[${term.unit}]` }), () => open(term), { class: "quiet term" }),
      h("span", { class: "written" }, product(term.w, term.dz, term.product)), bar(term.product, most))),
    rest.n > 0 ? h("li", {}, h("span", {}, say("backwards.sum.rest", { n: rest.n })), h("span", { class: "written" }, number(rest.sum, 3)), bar(rest.sum, most)) : null,
    h("li", { class: "total" }, h("span", {}, say("backwards.sum.total")), h("span", { class: "written" }, h("b", {}, number(sum.total))))),
  ];
  return replace(place, own);
}

// The way to less loss: against each slope, an arrow as long as the slope is large.
export function arrows(slopes) {
  const most = slopes.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  const shown = slopes.map((slope, i) => [slope, i]);
  const step = Math.min(14, 230 / shown.length);
  const figure = svg("svg", { class: "arrows", viewBox: `0 0 ${Math.max(step * shown.length, 14)} 30`, width: Math.max(step * shown.length, 14), height: 30, role: "img",
    "aria-label": say("backwards.loss.arrows_label", { up: slopes.filter((slope) => slope < 0).length, down: slopes.filter((slope) => slope > 0).length }) });
  for (const [slope, i] of shown) {
    const long = (13 * Math.abs(slope)) / most;
    if (long < 0.4) continue;
    const [x, y] = [step * (i + 0.5), slope > 0 ? 15 + long : 15 - long];
    const head = Math.min(3, step / 2, long);
    const turn = slope > 0 ? -head : head;
    figure.append(svg("path", { class: slope > 0 ? "down" : "up", d: `M${x} 15V${y}M${x - head} ${y + turn}L${x} ${y}L${x + head} ${y + turn}` }));
  }
  return figure;
}
