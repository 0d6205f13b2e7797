// Questions to the server. If it goes away the page says so, waits, and goes on.

import { say } from "./words.js";
import { forward as forwardHere, unit as unitHere } from "./forward.js";

const meta = (name, page = document) => page.querySelector(`meta[name="${name}"]`)?.content ?? null;
const STORED = meta("chainrule-static");
let token = meta("chainrule-token");

// The page without a server: stored digits, and what was computed for them.
export const isStatic = STORED !== null;

export const RUN_IT = say("server.run_it");

const PATIENCE = 2500; // milliseconds

export class LabError extends Error {}

let report = () => {};
// report(state): "gone", "back" (the same server), "restarted" (a new one), "slow", "answered".
export function onServer(listener) {
  report = listener;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// The page that the server of now hands out carries the token of now.
async function newToken() {
  const response = await fetch("./", { cache: "no-store" });
  if (!response.ok) throw new LabError(say("server.page", { status: response.status }));
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = meta("chainrule-token", page);
  if (!found) throw new LabError(say("server.stranger"));
  const isNew = found !== token;
  token = found;
  return isNew;
}

let waiting = null;
function serverIsBack() {
  waiting ??= (async () => {
    report("gone");
    for (let wait = 500; ; wait = Math.min(2 * wait, 3000)) {
      await pause(wait);
      try {
        const isNew = await newToken();
        waiting = null;
        report(isNew ? "restarted" : "back");
        return;
      } catch {
        // still gone: ask again
      }
    }
  })();
  return waiting;
}

// Says so while an answer takes longer than a learner waits without a word.
let late = 0;
async function patiently(answer) {
  let isLate = false;
  const watch = setTimeout(() => {
    isLate = true;
    late += 1;
    report("slow");
  }, PATIENCE);
  try {
    return await answer;
  } finally {
    clearTimeout(watch);
    if (isLate) late -= 1;
    if (isLate && !late) report("answered");
  }
}

async function request(path, options, isRetry = false) {
  const headers = { ...options.headers };
  if (options.method === "POST") headers["X-Chainrule-Token"] = token;
  let response;
  let text;
  try {
    [response, text] = await patiently(fetch(path, { ...options, headers }).then(async (one) => [one, await one.text()]));
  } catch {
    await serverIsBack();
    return request(path, options, isRetry);
  }
  if (response.status === 403 && !isRetry && options.method === "POST") {
    if (await newToken()) report("restarted");
    return request(path, options, true);
  }
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new LabError(say("server.no_json", { status: response.status, path }));
  }
  if (!response.ok) {
    const words = answer.error ? say(answer.error) : say("server.status", { status: response.status });
    throw Object.assign(new LabError(words), { key: answer.error?.say });
  }
  return answer;
}

const get = (path, query = {}) => {
  const text = new URLSearchParams(query).toString();
  return request(`api/${path}${text ? `?${text}` : ""}`, { method: "GET" });
};

const send = (path, kind, body) =>
  request(`api/${path}`, { method: "POST", headers: { "Content-Type": kind }, body });

const post = (path, body) => send(path, "application/json", JSON.stringify(body));

const kept = new Map();
const once = (key, ask) => {
  if (!kept.has(key)) {
    kept.set(key, ask().catch((error) => {
      kept.delete(key);
      throw error;
    }));
  }
  return kept.get(key);
};
export const forget = () => kept.clear();

const stored = (name) => once(name, () => request(`${STORED}/${name}.json`, { method: "GET" }));
const storedDigits = async () => (await stored("digits")).digits;

export const lab = () => (isStatic ? stored("lab") : once("lab", () => get("lab")));

// The same as it is by now: a network may be coming.
export const labByNow = () => get("lab");

export const weights = (network) =>
  isStatic ? stored(`weights-${network}`) : once(`weights-${network}`, () => get("weights", { network }));

export async function digit(index) {
  if (!isStatic) return once(`digit-${index}`, () => get("digit", { index }));
  const found = (await storedDigits()).find((one) => one.index === Number(index));
  if (!found) throw new LabError(say("server.not_stored", { index: String(index), run: RUN_IT }));
  return found;
}

export async function digits(label) {
  if (!isStatic) return once(`digits-${label}`, () => get("digits", { label }));
  const indices = (await storedDigits()).filter((one) => one.label === label).map((one) => one.index);
  return { label, indices };
}

export async function storedIndices() {
  return isStatic ? (await storedDigits()).map((one) => one.index) : null;
}

export const centre = (network, pixels, { width, height }) =>
  post("centre", { network, pixels: Array.from(pixels), width, height });

export const picture = (network, name, bytes) =>
  send(`picture?${new URLSearchParams({ network, name })}`, "application/octet-stream", bytes);

// Why a drawing may be nothing that the networks know, or null.
export async function doubt(image) {
  return isStatic ? null : (await post("doubt", { image: Array.from(image) })).doubt;
}

export async function forward(network, image) {
  if (!isStatic) return post("forward", { network: network.id, image: Array.from(image) });
  return forwardInPage(await weights(network.id), network, image);
}

export function forwardInPage(held, network, image) {
  const { outputs, logits, probabilities } = forwardHere(held, image);
  return {
    probabilities,
    predicted: probabilities.indexOf(Math.max(...probabilities)),
    logits: Array.from(logits),
    layers: network.layers.map((layer, i) => ({ ...layer, output: outputs[i], shape: [outputs[i].length] })),
  };
}

export async function unit(network, image, layer, j) {
  if (isStatic) return unitHere(await weights(network), image, layer, j);
  return post("unit", { network, image: Array.from(image), layer, unit: j });
}

export function backward(network, batch) {
  if (!isStatic) return post("backward", { network, ...batch });
  if (!batch.indices || batch.indices.length > 1) return Promise.reject(new LabError(RUN_IT));
  return stored(`backward-${network}-${batch.indices[0]}`);
}

// Of one parameter of a batch: its slope taken apart, a sum on its way, its curve, some steps.
const ofBatch = (path) => (body) => (isStatic ? Promise.reject(new LabError(RUN_IT)) : post(path, body));
export const follow = ofBatch("follow");
export const sum = ofBatch("sum");
export const curve = ofBatch("curve");
export const steps = ofBatch("steps");

export const wrong = (network) =>
  isStatic ? stored(`wrong-${network}`) : once(`wrong-${network}`, () => get("wrong", { network }));

export const confusion = (network) =>
  isStatic ? stored(`confusion-${network}`) : once(`confusion-${network}`, () => get("confusion", { network }));

export async function cell(network, truth, predicted) {
  if (!isStatic) return get("cell", { network, true: truth, predicted });
  return (await stored(`cells-${network}`))[`${truth}-${predicted}`] ?? { images: [] };
}

export async function difference(a, b) {
  if (!isStatic) return once(`difference-${a}-${b}`, () => get("difference", { a, b }));
  const { pairs } = await lab();
  if (pairs.some(([first, second]) => first === a && second === b)) return stored(`difference-${a}-${b}`);
  const there = await stored(`difference-${b}-${a}`); // stored the other way round
  const turned = (one) => ({ ...one, predicted_a: one.predicted_b, predicted_b: one.predicted_a });
  return {
    ...there, fixed: there.broken.map(turned), broken: there.fixed.map(turned),
    fixed_count: there.broken_count, broken_count: there.fixed_count,
  };
}

export const learn = (body) => post("learn", body);
export const learnTurn = (body) => post("learn/turn", body);
export const learnLook = (body) => post("learn/look", body);

// What is known of a network that a run has at a step.
export const network = (id) => once(`network-${id}`, () => get("network", { network: id }));
