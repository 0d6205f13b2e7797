// Elements from a tag, properties and children; and the explanation that each of them carries.

import { short } from "./numbers.js";
import { say } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "help") explain(element, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

// ---- explanations: one line at the bottom for the eye, aria-describedby for the ear ----

const described = new Map();

export function explain(element, text) {
  if (!described.has(text)) {
    const id = `explained-${described.size}`;
    described.set(text, id);
    document.getElementById("explanations").append(h("span", { id }, text));
  }
  element.dataset.help = text;
  element.setAttribute("aria-describedby", described.get(text));
  return element;
}

const WAITING = say("help.waiting");

export function showExplanations(line) {
  let hovered = null;
  let focused = null;
  const helpOf = (node) => node?.closest?.("[data-help]")?.dataset.help ?? null;
  const show = () => {
    const text = hovered ?? focused ?? WAITING;
    if (line.textContent !== text) line.textContent = text;
    line.classList.toggle("waiting", text === WAITING);
  };
  document.addEventListener("pointerover", (event) => {
    hovered = helpOf(event.target);
    show();
  });
  document.documentElement.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType === "touch") return; // a finger that is lifted has not pointed elsewhere
    hovered = null;
    show();
  });
  document.addEventListener("focusin", (event) => {
    hovered = null;
    focused = helpOf(event.target);
    show();
  });
  document.addEventListener("focusout", () => {
    focused = null;
    show();
  });
  show();
  return { refresh: (element) => { focused = helpOf(element); show(); } };
}

// ---- parts that several screens use ----

// <data> keeps the exact number for whoever copies or tests it.
export function number(value, digits = 4) {
  if (value === null || value === undefined) return h("span", {}, "–");
  return h("data", { value: String(value), class: "number" }, short(value, digits));
}

export function button(text, help, onclick, properties = {}) {
  return h("button", { type: "button", help, onclick, ...properties }, text);
}

// A checkbox drawn as a switch.
export function toggle(text, help, checked, onchange) {
  const input = h("input", { type: "checkbox", role: "switch", help, onchange: () => onchange(input.checked) });
  input.checked = checked;
  return h("label", { class: "switch" }, input, h("span", {}, text));
}

// A few choices of which one holds, as radio buttons in a row.
export function segments(legend, help, name, choices, chosen, onchange) {
  const inputs = choices.map(([value, text]) => {
    const input = h("input", { type: "radio", name, value, help, onchange: () => onchange(value) });
    input.checked = String(value) === String(chosen);
    return h("label", {}, input, h("span", {}, text));
  });
  return h("fieldset", { class: "segments" }, h("legend", {}, legend), h("div", {}, inputs));
}

// Scroll to an element as far as is needed; at once where motion is not wanted.
export function bringIntoView(element, block = "nearest") {
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block, behavior: isStill ? "instant" : "smooth" });
}

export function labelled(text, control) {
  return h("label", { class: "field" }, h("span", {}, text), control);
}

export function select(choices, chosen, help, onchange) {
  const element = h("select", { help, onchange: () => onchange(element.value) },
    choices.map(([value, text]) => h("option", { value }, text)));
  element.value = String(chosen);
  return element;
}

// One tab stop for many elements; arrow keys move among them, `columns` to a row.
export function roving(container, elements, columns, start = 0) {
  let current = Math.min(start, elements.length - 1);
  const width = () => (typeof columns === "function" ? columns() : columns);
  elements.forEach((element, i) => element.setAttribute("tabindex", i === current ? "0" : "-1"));
  const move = (to, focus = true) => {
    if (to < 0 || to >= elements.length) return;
    elements[current].setAttribute("tabindex", "-1");
    current = to;
    elements[current].setAttribute("tabindex", "0");
    if (focus) elements[current].focus();
  };
  container.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width(), ArrowDown: width() }[event.key];
    const to = { Home: 0, End: elements.length - 1 }[event.key] ?? (by === undefined ? null : current + by);
    if (to === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    move(to);
  });
  container.addEventListener("focusin", (event) => {
    const at = elements.indexOf(event.target);
    if (at >= 0 && at !== current) move(at, false);
  });
  return { move };
}
