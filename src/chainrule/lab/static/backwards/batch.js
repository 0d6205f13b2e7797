// Which images are walked with: stored ones, 1 to 64, or what was drawn on the first screen.

import * as api from "../api.js";
import { decode, inked, padFor, shrunk } from "../canvas.js";
import { button, h, labelled, replace, segments, select } from "../dom.js";
import { photoOf } from "../photos.js";
import { ink } from "../pictures.js";
import { say } from "../words.js";

const SIZES = [1, 4, 16];

export const isDrawing = ({ images, strokes, picture }) => images === "drawing" || (!images && Boolean(strokes || picture));

// What names the batch in the address: asked again where it changes.
export function keyOf({ state, network }) {
  const drawn = isDrawing(state) ? [state.label, state.strokes, state.picture, state.part, state.digit, state.raw] : [];
  return [network.id, state.images, state.of, ...drawn].join("|");
}

export async function batchOf(lab) {
  const { state, network } = lab;
  if (isDrawing(state)) return drawing(lab);
  const indices = state.images ? state.images.split(",").map(Number) : [(await api.wrong(network.id)).indices[0]];
  return { indices, asked: { indices, ...(state.of === "training" ? { of: "training" } : {}) } };
}

async function drawing(lab) {
  const { digit, strokes, picture, part, raw } = lab.state;
  const photo = photoOf(picture);
  let image;
  let { label } = lab.state;
  if (strokes) {
    const pad = padFor(lab.shape);
    const pixels = inked(pad, decode(pad, strokes));
    if (api.isStatic) image = Array.from(shrunk(pad, pixels, lab.isLight));
    else {
      const centred = await api.centre(lab.network.id, pixels, pad);
      image = raw === "1" ? centred.raw : centred.image;
    }
  } else if (photo?.digits) {
    image = raw === "1" ? photo.raw : (photo.digits[part] ?? photo.digits[0]).image;
  } else if (digit && digit !== "none") {
    const stored = await api.digit(digit);
    image = stored.pixels.map((pixel) => pixel / 255);
    label ??= stored.label;
  } else throw new api.LabError(say("backwards.batch.no_drawing"));
  const isGuessed = label === undefined;
  label = isGuessed ? (await api.forward(lab.network, image)).predicted : Number(label);
  return { isGuessed, asked: { images: [image], labels: [label] } };
}

// The controls and the small images; the one whose numbers the cards show is marked.
export class Images {
  constructor(lab, choose) {
    this.lab = lab;
    this.choose = choose;
    this.controls = h("div", { class: "batch" });
    this.images = h("div", { class: "images", role: "group", "aria-label": say("backwards.batch.label") });
    this.words = h("p", { class: "said quiet-text", role: "status" });
    this.element = h("div", { class: "top-row" }, this.images, this.words, this.controls);
  }

  go(change) {
    this.lab.go({ opened: null, weight: null, row: null, ...change });
  }

  async move(by) {
    const kept = await api.storedIndices();
    const { length, [0]: from } = this.batch.indices;
    const count = this.lab.data.data[this.lab.state.of === "training" ? "train_images" : "test_images"];
    const first = kept ? kept[(Math.max(kept.indexOf(from), 0) + by + kept.length) % kept.length] : (from + by * length + count) % count;
    this.go({ images: following(first, length, count) });
  }

  async size(size) {
    if (size === "drawing") return this.go({ images: "drawing", of: null });
    const first = this.batch?.indices?.[0] ?? (await api.wrong(this.lab.network.id)).indices[0];
    return this.go({ images: following(first, size, this.lab.data.data.test_images), of: null });
  }

  async nextWrong() {
    const { indices } = await api.wrong(this.lab.network.id);
    const from = this.lab.state.of === "training" ? -1 : this.batch?.indices?.[0] ?? -1;
    this.go({ images: String(indices.find((index) => index > from) ?? indices[0]), of: null });
  }

  paint(batch, walk, row) {
    this.batch = batch;
    const { lab } = this;
    const drawn = isDrawing(lab.state);
    const held = this.controls.contains(document.activeElement) ? document.activeElement : null;
    const key = held?.dataset.key ?? held?.getAttribute("name");
    const { length } = batch?.indices ?? [0];
    const sizes = (api.isStatic ? [1] : SIZES).map((size) => [size, String(size)]);
    if (length && !sizes.some(([size]) => size === length)) sizes.push([length, String(length)]);
    const small = lab.data.networks.reduce((least, one) => (one.parameters < least.parameters ? one : least));
    replace(this.controls,
      segments(say("backwards.batch.size"), say("backwards.batch.size_help"), "batch",
        [...sizes, ["drawing", say("backwards.batch.drawing")]], drawn ? "drawing" : length, (size) => this.size(size)),
      drawn ? labelled(say("backwards.batch.is_a"), select(lab.classes.map((name, d) => [d, name]), walk?.labels[0] ?? "",
        say("backwards.batch.is_a_help"), (label) => this.go({ label })))
        : [button("‹", say("backwards.batch.earlier"), () => this.move(-1), { "data-key": "earlier", "aria-label": say("backwards.batch.earlier_name") }),
          button("›", say("backwards.batch.later"), () => this.move(1), { "data-key": "later", "aria-label": say("backwards.batch.later_name") })],
      drawn && lab.network !== small
        ? button(say("backwards.batch.same", { sizes: small.sizes.join("-") }), say("backwards.batch.same_help"), () => this.go({ network: small.id }))
        : button(say("backwards.batch.wrong"), say("backwards.batch.wrong_help"), () => this.nextWrong(), { "data-key": "wrong" }));
    if (key) this.controls.querySelector(`[data-key="${key}"], [name="${key}"]:checked, select`)?.focus();
    this.paintImages(batch, walk, row);
  }

  paintImages(batch, walk, row) {
    const { lab } = this;
    const { width, height } = lab.shape;
    const held = this.images.contains(document.activeElement);
    this.images.dataset.size = walk ? (walk.batch > 16 ? "many" : walk.batch > 4 ? "some" : "few") : "few";
    replace(this.images, (walk?.pixels ?? []).map((pixels, i) => {
      const about = { label: lab.classOf(walk.labels[i]), read: lab.classOf(walk.predicted[i]) };
      const name = batch.indices ? say(`backwards.batch.image.${lab.state.of === "training" ? "training" : "test"}`, { index: String(batch.indices[i]) }) : say("backwards.batch.the_drawing");
      const canvas = ink(h("canvas", { role: "img", "aria-label": name }), pixels, width, height, 255);
      return h("button", { type: "button", class: walk.predicted[i] === walk.labels[i] ? "" : "wrong", "aria-pressed": String(i === row),
        help: say(`backwards.batch.${about.label === about.read ? "right_help" : "wrong_image_help"}`, about), onclick: () => this.choose(i) }, canvas);
    }));
    if (held) this.images.children[row]?.focus({ preventScroll: true });
    if (!walk) return replace(this.words);
    const about = { label: lab.aClass(walk.labels[row]), read: lab.aClass(walk.predicted[row]), loss: walk.losses[row] };
    const isRight = walk.predicted[row] === walk.labels[row];
    return replace(this.words,
      say(batch.isGuessed ? "backwards.batch.guessed" : `backwards.batch.${isRight ? "is_right" : "is_wrong"}`, about),
      walk.batch > 1 ? ` ${say("backwards.batch.mean", { n: walk.batch, loss: walk.loss })}` : null);
  }
}

const following = (first, size, count) => Array.from({ length: size }, (_, i) => (first + i) % count).join(",");
