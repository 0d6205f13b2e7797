// A card: what comes in, the rule, what goes out, in one row; and its followed number beside them.

import { h, number } from "../dom.js";
import { shape, short } from "../numbers.js";
import { say } from "../words.js";
import { array, hidden, indices, named, rowOf } from "./arrays.js";
import { arrows, brackets, law, sumOf, terms } from "./numbers.js";

const WIDE = 320; // pixels for the columns of an array, and for its rows
const HIGH = 150;

// The size of a cell where so many stand beside each other.
const cell = (count, room, most) => Math.min(room / count, most);

// `see`: { card, walk, followed, row, isOpen, tell, choose(index, name, at), goTo, open, images }
export function scheme(see) {
  return { loss: lossScheme, dW: see.card.is_first ? pictureScheme : weightsScheme, da: inputScheme, gate: gateScheme }[see.card.kind](see);
}

export function panel(see) {
  return { loss: lossPanel, dW: weightsPanel, da: inputPanel, gate: gatePanel }[see.card.kind](see);
}

export function rule({ card, walk }) {
  const names = { out: card.out.name, in: card.in?.name, kept: card.kept?.name, weights: card.weights?.name ?? card.weights, n: walk.batch, bias: card.bias?.name };
  const kind = card.kind === "gate" && card.activation !== "ReLU" ? "other" : card.kind;
  const sizes = card.kind === "dW" && !card.is_first ? { in: shape([card.out.shape[0], walk.batch]), dz: shape(card.in.shape), out: shape(card.out.shape) }
    : card.kind === "da" ? { in: shape(card.in.shape), dz: shape([...card.weights.shape].reverse()), out: shape(card.out.shape) } : null;
  return {
    law: say(`backwards.law.${kind}`, names),
    words: say(`backwards.rule.${kind === "dW" && card.is_first ? "first" : kind}`, { ...names, layer: card.layer }),
    code: say(`backwards.code.${card.kind}`, names) + (sizes ? ` · ${say("backwards.code.shapes", sizes)}` : ""),
  };
}

export const lessonOf = (card) => say(`backwards.lesson.${card?.kind ?? "end"}`);

// ---- the loss ----

function lossScheme({ card, walk, row, isOpen, tell, followed, labelOf, chooseUnit }) {
  const { probabilities, one_hot: hot, difference, out } = card;
  const classes = out.columns;
  const of = (tensor) => rowOf(tensor, row).values;
  const lit = followed.output.unit;
  const cells = (values, digits) => values.map((value, i) => {
    const text = digits === 0 ? String(value) : value.toFixed(digits).replace("-", "−");
    const td = h("td", { class: i === lit && isOpen ? "lit-cell" : "" }, h("data", { value: String(value) }, text));
    td.style.setProperty("--share", `${Math.round(Math.min(Math.abs(value), 1) * 55)}%`);
    td.classList.add(value < 0 ? "negative" : "positive");
    return td;
  });
  const line = (title, words, values, digits, kind = "") =>
    h("tr", { class: kind }, h("th", { scope: "row" }, h("strong", {}, title), " ", h("span", {}, words)), cells(values, digits));
  const table = h("table", { class: `loss-table${classes > 12 ? " many" : ""}`, tabindex: "0", help: say("backwards.loss.table_help") },
    h("tbody", {},
      line("p", say("backwards.loss.p"), of(probabilities), 3),
      line("− y", say("backwards.loss.y"), of(hot), 0),
      isOpen ? line("= p − y", say("backwards.loss.difference"), of(difference), 3, "result") : null,
      isOpen ? line("÷ B", say("backwards.loss.batch", { name: out.name, n: walk.batch }), of(out), walk.batch > 1 ? 4 : 3, "result divided") : null),
    h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, say("backwards.loss.class")), Array.from({ length: classes }, (_, i) => h("th", { scope: "col" }, labelOf(i))))));
  const strip = isOpen ? array(out, { lit: [row, lit], tell, help: say("backwards.array.out", { name: out.name }), kind: "out",
    cell: [cell(classes, 460, 46), cell(walk.batch, 36, 22)], place: (b, k) => placeOf(out.name, walk, b, [k]), choose: (b, k) => chooseUnit(k, b) }) : hidden(out.name);
  return h("div", { class: "scheme loss" }, h("div", { class: "scroll", tabindex: "0", role: "group", help: say("backwards.loss.table_help"), "aria-label": "p − y" }, table), named(out.name, say("backwards.array.begins"), strip));
}

function lossPanel({ card, followed, labelOf }) {
  const { unit, dz, weights, inputs } = followed.output;
  const down = dz > 0;
  const name = `z${card.out.name.slice(2)}[${unit}]`;
  return [
    h("p", { class: "law small" }, h("b", { class: "factor-a" }, `${card.out.name}[${unit}]`), " = ", number(dz)),
    h("p", {}, say(`backwards.loss.${dz === 0 ? "still" : down ? "down" : "up"}`, { name, label: labelOf(unit) })),
    h("h3", {}, say("backwards.loss.three"), " ", h("span", { class: "quiet-text" }, say("backwards.loss.arrows"))),
    h("dl", { class: "three-ways" },
      way(say("backwards.loss.bias"), arrows([dz])), way(say("backwards.loss.weights"), arrows(weights)), way(say("backwards.loss.inputs"), arrows(inputs))),
  ];
}

const way = (words, picture) => [h("dt", {}, words), h("dd", {}, picture)];

// ---- the slopes of weights ----

const placeOf = (name, walk, b, at) => (walk.batch > 1 ? say("backwards.place", { name, image: String(b + 1), at: at.join(", ") }) : `${name}[${at.join(", ")}]`);

function weightsScheme({ card, walk, followed, row, isOpen, tell, choose }) {
  const { kept, in: dz, out, bias, index } = card;
  const entry = followed.entries[index];
  const [i, j] = entry.name === "weights" ? entry.at : [null, entry.at[0]];
  const wide = cell(dz.columns, WIDE, 20);
  const high = cell(kept.columns, HIGH, 12);
  const deep = cell(walk.batch, 32, 16);
  const scaled = (r, c) => [Math.min(r * out.block[0], out.shape[0] - 1), Math.min(c * out.block[1], out.shape[1] - 1)];
  return h("div", { class: "scheme product-table" },
    named(dz.name, say("backwards.array.back"), array(dz, { lit: [row, j], tell, cell: [wide, deep], kind: "in factor-dz",
      help: say("backwards.array.in", { name: dz.name }), place: (b, k) => placeOf(dz.name, walk, b, [k]) }), "above"),
    named(`${kept.name}ᵀ`, say("backwards.array.kept_short"), array(kept, { turned: true, lit: i === null ? null : [row, i], tell, cell: [cell(walk.batch, 64, 16), high], kind: "kept factor-a",
      help: say("backwards.array.kept_help", { name: kept.name }), place: (b, k) => placeOf(kept.name, walk, b, [k]) }), "left"),
    indices(kept.columns, high, "down"), indices(dz.columns, wide),
    named(out.name, say("backwards.array.goes"), isOpen
      ? array(out, { lit: i === null ? null : [Math.floor(i / out.block[0]), Math.floor(j / out.block[1])], tell, kind: "out",
        cell: [(wide * dz.columns) / out.columns, (high * kept.columns) / out.rows], help: say("backwards.array.choose", { name: out.name }),
        place: (r, c) => `${out.name}[${scaled(r, c).join(", ")}]`, choose: (r, c) => choose(index, "weights", scaled(r, c)) })
      : hidden(out.name), "middle"),
    isOpen ? named(bias.name, "", array(bias, { lit: i === null ? [0, j] : null, tell, cell: [wide, 10], kind: "out",
      help: say("backwards.array.choose", { name: bias.name }), place: (r, c) => `${bias.name}[${c}]`, choose: (r, c) => choose(index, "biases", [c]) }), "beneath") : null);
}

// The weights of a unit of the first layer have a place in the picture each: so have their slopes.
function pictureScheme(see) {
  const { card, walk, followed, row, isOpen, tell, choose, images } = see;
  const { kept, in: dz, out, index } = card;
  const entry = followed.entries[index];
  const unit = entry.at.at(-1);
  const pixel = entry.name === "weights" ? entry.at[0] : null;
  const { width, height } = images;
  const lit = pixel === null ? null : [Math.floor(pixel / width), pixel % width];
  const side = Math.min(150 / Math.max(width, height), 22);
  const picture = (tensor, values, more) => array({ ...tensor, rows: height, columns: width, values }, { lit, tell, cell: [side, side], ...more });
  const start = entry.name === "weights" ? entry.at[0] : 0;
  return h("div", { class: "scheme by-unit" },
    named(kept.name, say("backwards.array.image"), picture(kept, rowOf(kept, row).values, { kind: "kept factor-a", help: say("backwards.array.kept_help", { name: kept.name }),
      place: (r, c) => placeOf(kept.name, walk, row, [r * width + c]) })),
    h("span", { class: "operator", "aria-hidden": "true" }, "·"),
    h("div", { class: "stack" },
      named(dz.name, say("backwards.array.back"), array(dz, { lit: [row, unit], tell, cell: [cell(dz.columns, 250, 16), cell(walk.batch, 32, 16)], kind: "in factor-dz",
        help: say("backwards.array.unit", { name: dz.name }), place: (b, k) => placeOf(dz.name, walk, b, [k]), choose: (b, k) => choose(index, "weights", [start, k]) })),
      isOpen ? tilesOf(see, unit, start) : hidden(out.name)),
    isOpen ? [h("span", { class: "operator", "aria-hidden": "true" }, "="),
      named(out.name, say("backwards.array.column", { unit: String(unit) }), picture({ ...out, limit: columnLimit(followed.column) }, followed.column, { kind: "out", help: say("backwards.array.choose", { name: out.name }),
        place: (r, c) => `${out.name}[${r * width + c}, ${unit}]`, choose: (r, c) => choose(index, "weights", [r * width + c, unit]) }))] : null);
}

const columnLimit = (column) => column.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

export function tilesOf({ card, images, choose, tell }, unit, start) {
  const { out, index } = card;
  const { width, height } = images;
  const across = out.rows > 16 ? 8 : Math.min(out.rows, 8);
  const down = Math.ceil(out.rows / across);
  const values = new Array(across * down * width * height).fill(0);
  for (let t = 0; t < out.rows; t += 1) {
    for (let r = 0; r < height; r += 1) {
      for (let c = 0; c < width; c += 1) {
        values[(Math.floor(t / across) * height + r) * across * width + (t % across) * width + c] = out.values[t * out.columns + r * width + c];
      }
    }
  }
  const at = (r, c) => [(r % height) * width + (c % width), out.units[Math.min(Math.floor(r / height) * across + Math.floor(c / width), out.rows - 1)]];
  const tile = out.units.indexOf(unit);
  const side = Math.min(248 / (across * width), 100 / (down * height));
  const picture = array({ ...out, rows: down * height, columns: across * width, values }, { tell, cell: [side, side], kind: "out tiles",
    help: say("backwards.array.tiles", { name: out.name }), place: (r, c) => `${out.name}[${at(r, c).join(", ")}]`, choose: (r, c) => choose(index, "weights", at(r, c)) });
  if (tile >= 0) {
    const mark = h("span", { class: "lit", "aria-hidden": "true" });
    Object.assign(mark.style, { left: `${(100 * (tile % across)) / across}%`, top: `${(100 * Math.floor(tile / across)) / down}%`, width: `${100 / across}%`, height: `${100 / down}%` });
    picture.append(mark);
  }
  const words = out.rows < out.shape[1] ? say("backwards.array.some_units", { n: out.rows, all: out.shape[1] }) : say("backwards.array.all_units", { n: out.rows });
  return named(out.name, words, picture);
}

function weightsPanel(see) {
  const { card, walk, followed, images } = see;
  const entry = followed.entries[card.index];
  const isOfW = entry.name === "weights";
  const [from, to] = isOfW ? entry.at : [null, entry.at[0]];
  const letter = isOfW ? "w" : "b";
  const name = isOfW ? `${card.weights}[${from}, ${to}]` : `b${card.weights.slice(1)}[${to}]`;
  const about = { name, value: entry.value, from: card.is_first && isOfW ? say("backwards.weight.pixel", { row: Math.floor(from / images.width), column: from % images.width }) : say("backwards.weight.unit", { unit: String(from ?? ""), array: card.kept.name }), to: String(to), array: card.in.name };
  const [a, dz] = [isOfW ? `${card.kept.name}[${from}]` : "1", `${card.in.name}[${to}]`];
  const first = entry.terms[0];
  const parts = { a: card.kept.name, dz: card.in.name, dW: card.out.name, from: String(from), to: String(to), z: `${card.in.name.slice(1)}[${to}]`, letter, place: `d${name}`, slope: entry.slope };
  return [
    h("p", { class: "who" }, say(isOfW ? "backwards.weight.is" : "backwards.weight.bias", about)),
    law([`∂L/∂${letter}`], [a, dz], walk.batch > 1),
    walk.batch > 1 ? terms(entry, see)
      : [h("p", { class: "law product-line", "data-product": "" }, "= ", h("b", { class: "factor-a" }, number(first.a)), " · ", h("b", { class: "factor-dz" }, brackets(first.dz)), " = ", h("b", {}, number(entry.slope))),
        h("ul", { class: "where" },
          h("li", {}, h("b", { class: "factor-a" }, a), " ", say(`backwards.weight.${isOfW ? card.is_first ? "a_pixel" : "a" : "one"}`, parts)),
          h("li", {}, h("b", { class: "factor-dz" }, dz), " ", say(`backwards.weight.${card.is_first ? "dz_pixel" : "dz"}`, parts)),
          h("li", {}, say(`backwards.weight.${card.is_first ? "product_pixel" : "product"}`, parts)),
          isOfW && !card.is_first ? h("li", {}, say("backwards.weight.column", parts)) : null)],
  ];
}

// ---- through the weights ----

function inputScheme({ card, walk, followed, row, isOpen, tell, choose }) {
  const { in: dz, weights, out, index } = card;
  const sum = followed.sums[index];
  const wide = cell(dz.columns, WIDE, 20);
  const high = cell(out.columns, HIGH + 14, 12);
  const scaled = (r, c) => [Math.min(r * weights.block[0], weights.shape[0] - 1), Math.min(c * weights.block[1], weights.shape[1] - 1)];
  return h("div", { class: "scheme product-table through" },
    named(dz.name, say("backwards.array.back"), array(dz, { lit: [row, null], tell, cell: [wide, cell(walk.batch, 32, 16)], kind: "in factor-dz",
      help: say("backwards.array.in", { name: dz.name }), place: (b, k) => placeOf(dz.name, walk, b, [k]) }), "above"),
    indices(out.columns, high, "down"), indices(dz.columns, wide),
    named(weights.name, say("backwards.array.weights"), array(weights, { lit: [Math.floor(sum.unit / weights.block[0]), null], tell, kind: "factor-a",
      cell: [(wide * dz.columns) / weights.columns, (high * out.columns) / weights.rows], help: say("backwards.array.choose_w", { name: weights.name }),
      place: (r, c) => `${weights.name}[${scaled(r, c).join(", ")}]`, choose: (r, c) => choose(index, "weights", scaled(r, c)) }), "middle"),
    named(out.name, say("backwards.array.goes"), isOpen ? array(out, { turned: true, lit: [row, sum.unit], tell, cell: [cell(walk.batch, 64, 16), high], kind: "out",
      help: say("backwards.array.sum", { name: out.name }), place: (b, k) => placeOf(out.name, walk, b, [k]), choose: (b, k) => choose(index, "weights", [k, sum.chosen.unit]) }) : hidden(out.name), "right"));
}

function inputPanel(see) {
  const { card, followed } = see;
  return sumOf(see, { card, sum: followed.sums[card.index], gates: [] });
}

// ---- doors ----

function gateScheme({ card, walk, followed, row, isOpen, tell, chooseUnit }) {
  const { kept, slope, in: da, out, index } = card;
  const { unit } = followed.gates[index];
  const one = [cell(out.columns, 440, 28), cell(walk.batch, 30, 26)];
  const strip = (tensor, words, more) => named(tensor.name, words, array(tensor, { lit: [row, unit], tell, cell: one, choose: (b, k) => chooseUnit(k, b),
    help: say("backwards.array.gate", { name: tensor.name }), place: (b, k) => placeOf(tensor.name, walk, b, [k]), ...more }));
  return h("div", { class: "scheme gate" },
    strip(kept, say("backwards.array.kept"), { kind: "kept" }),
    strip({ ...slope, name: say("backwards.gate.slope") }, say(card.activation === "ReLU" ? "backwards.gate.open_where" : "backwards.gate.slope_where", { z: kept.name }), { kind: "kept factor-a" }),
    strip(da, say("backwards.array.back"), { kind: "in factor-dz" }),
    isOpen ? strip(out, say("backwards.array.goes"), { kind: "out" }) : named(out.name, "", hidden(out.name)), indices(out.columns, one[0]));
}

function gatePanel({ card, followed }) {
  const { unit, z, slope, da, dz } = followed.gates[card.index];
  const name = (tensor) => `${tensor.name}[${unit}]`;
  const kind = card.activation !== "ReLU" ? "scaled" : slope ? "open" : "shut";
  const factor = card.activation === "ReLU" ? `[${name(card.kept)} > 0]` : say("backwards.gate.factor");
  return [
    h("p", { class: "who" }, say("backwards.gate.is", { unit: String(unit), name: name(card.kept), value: z })),
    law([name(card.out)], [factor, name(card.in)]),
    h("p", { class: "law product-line" }, "= ", h("b", { class: "factor-a" }, number(slope)), " · ", h("b", { class: "factor-dz" }, brackets(da)), " = ", h("b", {}, number(dz))),
    h("p", {}, say(`backwards.gate.${kind}`, { name: name(card.kept), value: short(z) })),
  ];
}
