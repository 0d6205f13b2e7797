// Every word of the page, from one file a language. A text has places for values, {loss:short}; one
// that differs by number is an object with a text for each plural form of its value n.

import { count, fixed2, percent, short } from "./numbers.js";

const LANGUAGE = "en";
export const FORMATS = {
  count,
  fixed2,
  short,
  short3: (value) => short(value, 3),
  short6: (value) => short(value, 6),
  percent,
  percent2: (value) => percent(value, 2),
};

const response = await fetch(new URL(`./words/${LANGUAGE}.json`, import.meta.url));
const words = await response.json();
const plural = new Intl.PluralRules(LANGUAGE);

// say("notice.back"), say("theme.label", { theme }), or what a server's answer has to say:
// { say: key, … }. A value may itself be such an object.
export function say(key, values = {}) {
  if (typeof key === "object") return say(key.say, key);
  const text = key.split(".").reduce((place, name) => place?.[name], words);
  const form = typeof text === "object" ? text[plural.select(values.n)] ?? text.other : text;
  if (typeof form !== "string") throw new Error(`no words: ${key}`);
  return form.replace(/\{(\w+)(?::(\w+))?\}/g, (place, name, format) => written(values[name], format));
}

function written(value, format) {
  if (format) return FORMATS[format](value);
  if (typeof value === "number") return count(value);
  return typeof value === "object" ? say(value) : value;
}

// The same where elements stand in a sentence: its parts in order, as children of another.
export const inWords = (key, elements) =>
  say(key, Object.fromEntries(Object.keys(elements).map((name) => [name, `{${name}}`])))
    .split(/\{(\w+)\}/).map((part, i) => (i % 2 ? elements[part] : part));
