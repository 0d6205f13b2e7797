// An array as cells that can be pointed at, walked over with the arrow keys, and chosen.

import { h } from "../dom.js";
import { shape, short } from "../numbers.js";
import { signed } from "../pictures.js";
import { say } from "../words.js";

// `lit` marks a cell, or with one of both null a whole row or column; `turned` swaps rows and
// columns for the eye alone. `place(row, column)` says where a cell is, `tell(text)` shows it.
export function array(tensor, { turned = false, lit = null, place, tell, choose = null, cell = [12, 12], help, kind = "", name = tensor.name }) {
  const [rows, columns] = turned ? [tensor.columns, tensor.rows] : [tensor.rows, tensor.columns];
  const at = (row, column) => (turned ? column * tensor.columns + row : row * tensor.columns + column);
  const values = turned
    ? Array.from({ length: rows * columns }, (_, i) => tensor.values[at(Math.floor(i / columns), i % columns)])
    : tensor.values;
  const canvas = signed(h("canvas", { "aria-hidden": "true" }), values, columns, rows, tensor.limit);
  const cursor = h("span", { class: "cursor", "aria-hidden": "true" });
  const marks = (lit ? [turned ? [lit[1], lit[0]] : lit] : []).map(([row, column]) =>
    placed(h("span", { class: "lit", "aria-hidden": "true" }), row, column, rows, columns));
  const element = h("div", { class: `array ${kind}`, tabindex: "0", role: "application", help,
    "aria-label": `${name}, ${shape(tensor.shape)}`, "data-array": tensor.name }, canvas, cursor, marks);
  element.style.setProperty("--columns", columns);
  element.style.setProperty("--rows", rows);
  element.style.setProperty("--cell", `${cell[0]}px`);
  element.style.setProperty("--high", `${cell[1]}px`);
  let here = lit ? [lit[0] ?? 0, lit[1] ?? 0] : [0, 0];
  if (turned) here.reverse();
  const own = (row, column) => (turned ? [column, row] : [row, column]); // as the array has it
  const inside = (value, count) => Math.min(Math.max(value, 0), count - 1);
  function show(row, column) {
    here = [inside(row, rows), inside(column, columns)];
    placed(cursor, ...here, rows, columns);
    tell(say("backwards.value", { place: place(...own(...here)), value: short(values[here[0] * columns + here[1]]) }));
  }
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    return [Math.floor(((event.clientY - box.top) / box.height) * rows), Math.floor(((event.clientX - box.left) / box.width) * columns)];
  };
  element.addEventListener("pointermove", (event) => show(...under(event)));
  element.addEventListener("focus", () => show(...here));
  element.addEventListener("click", (event) => {
    show(...under(event));
    choose?.(...own(...here));
  });
  element.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (by) show(here[0] + by[0], here[1] + by[1]);
    else if (choose && (event.key === "Enter" || event.key === " ")) choose(...own(...here));
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  if (choose) element.classList.add("choice");
  return element;
}

// A row or column that is null is all of them.
function placed(mark, row, column, rows, columns) {
  const share = (i, count) => (i === null ? ["0%", "100%"] : [`${(100 * i) / count}%`, `${100 / count}%`]);
  const [top, height] = share(row, rows);
  const [left, width] = share(column, columns);
  Object.assign(mark.style, { top, height, left, width });
  return mark;
}

// What stands under an array, or beside it.
export const named = (name, words, element, kind = "") =>
  h("figure", { class: `named ${kind}` }, h("figcaption", {}, h("strong", {}, name), " ", h("span", {}, words)), element);

// In place of an array that the learner is asked about first.
export const hidden = (name) => h("div", { class: "hidden-array", role: "img", "aria-label": say("backwards.hidden", { name }) }, "?");

// The rows of one image of a batch, of a tensor (batch, n).
export function rowOf(tensor, row) {
  return { ...tensor, rows: 1, shape: [1, tensor.columns], values: tensor.values.slice(row * tensor.columns, (row + 1) * tensor.columns) };
}

// The numbers of rows or columns, counted from 0, where there is room for them.
export function indices(count, size, kind = "across") {
  if (count > 20) return null;
  const element = h("div", { class: `indices ${kind}`, "aria-hidden": "true" }, Array.from({ length: count }, (_, i) => h("span", {}, String(i))));
  element.style.setProperty("--count", count);
  element.style.setProperty("--size", `${size}px`);
  return element;
}

// A bar from the middle, to the left below zero and to the right above.
export function bar(value, most) {
  const fill = h("i", { class: value < 0 ? "negative" : "positive" });
  fill.style.setProperty("--share", `${most ? (50 * Math.abs(value)) / most : 0}%`);
  return h("span", { class: "signed-bar", "aria-hidden": "true" }, fill);
}
