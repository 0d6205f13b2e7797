// What a run is, as it stands in the address: run=0_16-16_64_sgd-0.05_adam-0.0005 is seed, hidden
// layers, batch size and the optimizers with their rates; changes=,500-0-0.005_700-b-128 are its
// branches, each the changes that are dated in it: the rate of a lane, or the batch size.

export const FIRST = "0_16-16_64_sgd-0.05_adam-0.0005";
export const NAMES = {
  sgd: "SGD", momentum: "Momentum", nesterov: "Nesterov", rmsprop: "RMSProp", adam: "Adam", adamw: "AdamW",
};
export const LIMITS = { seed: 999999, hidden: 4, units: 256, batch: 1024, branches: 4, rate: [1e-6, 100] };

const whole = (text, most) => (/^[0-9]{1,6}$/.test(text) && Number(text) <= most ? Number(text) : null);
const rated = (text) => {
  const rate = /^[0-9]{1,3}(\.[0-9]{1,12})?$/.test(text) ? Number(text) : 0;
  return rate >= LIMITS.rate[0] && rate <= LIMITS.rate[1] ? rate : null;
};

// A rate as it stands in an address: no exponent, at most six digits that count.
export const written = (rate) => Number(rate.toPrecision(6)).toFixed(12).replace(/\.?0+$/, "");

export function readRun(text) {
  const [seed, hidden, batch, ...lanes] = (text ?? FIRST).split("_");
  const run = {
    seed: whole(seed, LIMITS.seed),
    hidden: (hidden ?? "").split("-").map((units) => whole(units, LIMITS.units) || null),
    batch: whole(batch ?? "", LIMITS.batch) || null,
    lanes: lanes.map((lane) => {
      const [optimizer, rate] = lane.split("-");
      return { optimizer: optimizer in NAMES ? optimizer : null, rate: rated(rate ?? "") };
    }),
  };
  const parts = [run.seed, run.batch, ...run.hidden, ...run.lanes.flatMap((lane) => [lane.optimizer, lane.rate])];
  const isWhole = lanes.length > 0 && lanes.length <= 18 && run.hidden.length <= LIMITS.hidden;
  return isWhole && !parts.includes(null) ? run : null;
}

export const writeRun = ({ seed, hidden, batch, lanes }) =>
  [seed, hidden.join("-"), batch, ...lanes.map(({ optimizer, rate }) => `${optimizer}-${written(rate)}`)].join("_");

const inOrder = (a, b) => a[0] - b[0] || (a[1] ?? -1) - (b[1] ?? -1);

export function readChanges(text = "") {
  return text.split(",").map((branch) => branch.split("_").filter(Boolean).map((change) => {
    const [step, lane, value] = change.split("-");
    return [Number(step), lane === "b" ? null : Number(lane), Number(value)];
  }).sort(inOrder));
}

export const writeChanges = (branches) => {
  const text = branches.map((changes) =>
    changes.map(([step, lane, value]) => `${step}-${lane ?? "b"}-${written(value)}`).join("_")).join(",");
  return text || null;
};

export const isChanges = (text) =>
  text.split(",").length <= LIMITS.branches && /^[0-9b.,_-]*$/.test(text) &&
  readChanges(text).flat(2).every((value) => value === null || Number.isFinite(value));

// A branch's changes with one more, in their order; one of the same thing at the same step gives way.
export function withChange(changes, [step, lane, value]) {
  const others = changes.filter((one) => one[0] !== step || one[1] !== lane);
  return [...others, [step, lane, value]].sort(inOrder);
}

// The rate of a lane, or the batch size, that is set after so many steps.
export function setAt({ run, changes }, step, lane) {
  const last = changes.filter((one) => one[1] === lane && one[0] <= step).at(-1);
  return last?.[2] ?? (lane === null ? run.batch : run.lanes[lane].rate);
}

// Images seen before the step after `step` steps, for which `stretches` says where epochs of a
// batch size begin.
export function seenAt(stretches, images, step) {
  const [first, epoch, batch] = stretches.findLast(([begin]) => begin <= step);
  const steps = Math.ceil(images / batch);
  const epochs = Math.floor((step - first) / steps);
  return (epoch + epochs) * images + Math.min((step - first - epochs * steps) * batch, images);
}

export function placeAt(stretches, images, step) {
  const [first, epoch, batch] = stretches.findLast(([begin]) => begin <= step);
  const steps = Math.ceil(images / batch);
  const epochs = Math.floor((step - first) / steps);
  return { epoch: epoch + epochs, number: step - first - epochs * steps, steps, batch };
}

// Which of an optimizer's rates a lane has, in the order of size, of how many.
export function rank(lanes, lane) {
  const own = lanes.filter(({ optimizer }) => optimizer === lanes[lane].optimizer).map(({ rate }) => rate);
  const rates = [...new Set(own)].sort((a, b) => a - b);
  return { at: rates.indexOf(lanes[lane].rate), of: rates.length };
}

// Whether an optimizer stands there at several rates, so that a name needs its rate.
export const isGrid = (lanes) => new Set(lanes.map(({ optimizer }) => optimizer)).size < lanes.length;
