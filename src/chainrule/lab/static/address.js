// The address is the state: #/draw?network=course&digit=7. What of it names nothing is left out.

import { decode, encode, padFor } from "./canvas.js";
import { isChanges, readChanges, readRun } from "./learn/plan.js";
import { say } from "./words.js";

export function readAddress() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { screen: path, ...Object.fromEntries(new URLSearchParams(query)) };
}

export function addressOf({ screen, ...rest }) {
  const kept = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(kept).toString().replaceAll("%2C", ",");
  return `#/${screen}${query ? `?${query}` : ""}`;
}

const isBelow = (text, count) => /^[0-9]{1,9}$/.test(text) && Number(text) < count;
const MOST_IMAGES = 64; // of a batch
const isBatch = (text, count) => text.split(",").length <= MOST_IMAGES && text.split(",").every((one) => isBelow(one, count));
const bare = (text) => text.replace(/=+$/, "");

// Each says whether a part of the address names something that the lab has.
const RULES = {
  network: (id, { data, taken, state }) =>
    [...data.networks, ...taken].some((one) => one.id === id) || (state.screen === "learn" && /^run-/.test(id)),
  beside: (id, { data }) => data.networks.some((one) => one.id === id),
  digit: (text, { data }) => text === "none" || isBelow(text, data.data.test_images),
  image: (text, { data }) => isBelow(text, data.data.test_images),
  label: (text, { classes }) => isBelow(text, classes.length),
  cell: (text, { classes }) => /^\d+\.\d+$/.test(text) && text.split(".").every((one) => isBelow(one, classes.length)),
  images: (text, { data, state }) => text === "drawing" || isBatch(text, data.data[state.of === "training" ? "train_images" : "test_images"]),
  of: (text) => ["test", "training"].includes(text),
  view: (text) => ["matrix", "fixed", "broken"].includes(text),
  step: (text, { network }) => isBelow(text, 2 * network.layers.length + 2),
  row: (text) => isBelow(text, MOST_IMAGES),
  weight: (text, { network }) => {
    const [, level, letter, ...at] = /^(\d+)\.([wb])\.(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    const dense = network.layers.filter(({ kind }) => kind === "Dense");
    const { n_in: rows, n_out: columns } = dense[level - 1] ?? {};
    const sizes = letter === "w" ? [rows, columns] : [columns];
    const places = at.filter((place) => place !== undefined);
    return places.length === sizes.length && places.every((place, i) => isBelow(place, sizes[i]));
  },
  run: (text) => readRun(text) !== null,
  changes: isChanges,
  branch: (text, { state: { changes = "" } }) => isBelow(text, isChanges(changes) ? readChanges(changes).length : 1),
  moment: (text) => isBelow(text, 20_001),
  lens: (text) => ["units", "along", "life", "layers", "rates"].includes(text),
  life: (text) => /^\d+\.(\d+|b)\.\d+$/.test(text),
  over: (text) => text === "seconds",
  unit: (text, { data, network }) => {
    const [, id, layer, unit] = /^(?:(.+)\.)?(\d+)\.(\d+)$/.exec(text) ?? [];
    const one = id === undefined ? network : data.networks.find((other) => other.id === id);
    return one?.layers[layer]?.kind === "Dense" && isBelow(unit, one.layers[layer].n_out);
  },
};

// The state without what names nothing, and a sentence on that, or null. `lab` has the same state.
export function mended(state, lab) {
  const wrong = Object.keys(RULES).filter((key) => state[key] && !RULES[key](state[key], lab));
  const sentences = [];
  if (wrong.length) {
    const named = wrong.map((key) => `${key}=${state[key].slice(0, 30)}`).reduce((one, other) => say("address.and", { one, other }));
    sentences.push(say("address.nothing", { named }));
  }
  const pad = padFor(lab.shape);
  if (state.strokes && encode(decode(pad, state.strokes)) !== bare(state.strokes)) {
    sentences.push(say("address.damaged"));
  }
  const kept = Object.fromEntries(Object.entries(state).filter(([key]) => !wrong.includes(key)));
  return { state: kept, words: sentences.join(" ") || null };
}
