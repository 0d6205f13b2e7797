// Mistakes: which classes a network takes for which, and the images themselves.

import * as api from "./api.js";
import { bringIntoView, button, h, replace, roving, segments, toggle } from "./dom.js";
import { count, percent } from "./numbers.js";
import { ink } from "./pictures.js";
import { say } from "./words.js";

export const id = "mistakes";
export const name = say("mistakes.name");
export const help = say("mistakes.help");

export function mount(root, lab) {
  const screen = new MistakesScreen(root, lab);
  return { update: () => screen.update(), unmount: () => { screen.isGone = true; } };
}

class MistakesScreen {
  constructor(root, lab) {
    this.lab = lab;
    this.views = h("div", { class: "views" });
    this.summary = h("p", { class: "lead", tabindex: "0", help: say("mistakes.summary_help") });
    this.matrix = h("div", { class: "matrix" });
    this.gallery = h("section", { class: "gallery", "aria-label": say("mistakes.images"), "aria-live": "polite" });
    this.chosen = h("div", { class: "chosen" });
    root.append(
      h("h1", {}, say("mistakes.title")), this.views,
      h("div", { class: "two-sides" }, h("section", { "aria-label": say("mistakes.confusion") }, this.summary, this.matrix), this.gallery));
  }

  get view() {
    const { view } = this.lab.state;
    return this.lab.beside && ["fixed", "broken"].includes(view) ? view : "matrix";
  }

  async update() {
    const { network, beside, state } = this.lab;
    this.paintViews();
    const key = [network.id, beside?.id, this.view].join("|");
    try {
      if (key !== this.shown) {
        this.shown = key;
        this.opened = null;
        this.coming = this.view === "matrix" ? this.showMatrix(key) : this.showDifference(key);
      }
      await this.coming; // also if another update asked for it
      if (this.isGone || state !== this.lab.state) return; // overtaken by a newer one
      if (this.view === "matrix") await this.showCell(state.cell);
      this.showChosen(state.image);
    } catch (error) {
      if (key === this.shown) this.shown = null; // asked again by the next
      if (!(error instanceof api.LabError)) throw error;
      this.lab.notice(error.message);
    }
  }

  paintViews() {
    const { partners, beside } = this.lab;
    const key = [this.lab.network.id, beside?.id, this.view].join("|");
    if (key === this.viewsKey) return;
    this.viewsKey = key;
    const focused = this.views.contains(document.activeElement) ? document.activeElement.getAttribute("data-key") : null;
    const compare = partners.map((partner) => {
      const one = toggle(say("mistakes.compare", { network: this.lab.nameOf(partner) }), say("mistakes.compare_help"),
        beside?.id === partner.id, (on) => this.lab.go({ beside: on ? partner.id : null, view: null, image: null }));
      one.firstChild.dataset.key = `with-${partner.id}`;
      return one;
    });
    const choice = beside ? segments(say("mistakes.show"), say("mistakes.show_help"), "view",
      ["matrix", "fixed", "broken"].map((view) => [view, say(`mistakes.view.${view}`)]), this.view,
      (view) => this.lab.go({ view: view === "matrix" ? null : view, image: null, cell: null })) : null;
    choice?.querySelectorAll("input").forEach((input) => { input.dataset.key = `view-${input.value}`; });
    replace(this.views, compare, choice);
    if (focused) this.views.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  // ---- the matrix ----

  async showMatrix(key) {
    const answer = await api.confusion(this.lab.network.id);
    if (key !== this.shown || this.isGone) return;
    const { matrix, count: all, accuracy } = answer;
    const wrong = all - matrix.reduce((sum, row, i) => sum + row[i], 0);
    this.summary.textContent = say("mistakes.summary", { wrong, all, accuracy });
    const most = Math.max(1, ...matrix.flatMap((row, i) => row.filter((_, j) => j !== i)));
    const cells = [];
    const name = (position) => this.lab.classOf(position);
    const aName = (position) => this.lab.aClass(position);
    const row = (truth) => h("tr", {}, h("th", { scope: "row" }, name(truth)),
      matrix[truth].map((number, predicted) => {
        const text = say(`mistakes.cell.${truth === predicted ? "right" : "wrong"}`, { n: number, truth: aName(truth), predicted: aName(predicted) });
        const cell = h("button", { type: "button", "data-cell": `${truth}.${predicted}`, "aria-label": text,
          help: say(`mistakes.cell.help.${truth === predicted ? "right" : "wrong"}`, { text }),
          onclick: () => {
            this.isChoosing = true;
            this.lab.go({ cell: `${truth}.${predicted}`, image: null });
          } }, count(number));
        if (truth === predicted) cell.className = "right";
        else {
          const share = number / most;
          cell.style.setProperty("--share", `${Math.round(100 * share)}%`);
          cell.className = number === 0 ? "none" : "some";
        }
        cell.classList.toggle("long", number >= 1000);
        cells.push(cell);
        return h("td", {}, cell);
      }));
    const { hasNames } = this.lab;
    const table = h("table", { class: `confusion${hasNames ? " named" : ""}${matrix.length > 20 ? " many" : ""}` },
      h("caption", {}, say("mistakes.caption")),
      h("thead", {}, h("tr", {}, h("td", {}), matrix.map((_, j) => h("th", { scope: "col" }, name(j))))),
      h("tbody", {}, matrix.map((_, truth) => row(truth))));
    table.style.setProperty("--n", matrix.length);
    replace(this.matrix,
      h("p", { class: "axis across", "aria-hidden": "true" }, say("mistakes.across")),
      h("p", { class: "axis down", "aria-hidden": "true" }, say("mistakes.down")), table);
    const start = cells.findIndex((cell) => cell.dataset.cell === (this.lab.state.cell ?? worst(matrix)));
    roving(table, cells, matrix.length, Math.max(start, 0));
    this.hint = worst(matrix);
  }

  async showCell(cell) {
    const isCell = this.matrix.querySelector(`[data-cell="${CSS.escape(cell ?? "")}"]`);
    const wanted = isCell ? cell : this.hint;
    if (wanted === this.opened) return this.showGallery();
    this.opened = wanted;
    for (const one of this.matrix.querySelectorAll("[data-cell]")) {
      if (one.dataset.cell === wanted) one.setAttribute("aria-pressed", "true");
      else one.removeAttribute("aria-pressed");
    }
    const [truth, predicted] = wanted.split(".").map(Number);
    const answer = await api.cell(this.lab.network.id, truth, predicted);
    if (this.opened !== wanted || this.isGone) return;
    const { images } = answer;
    const [a, b] = [truth, predicted].map((position) => this.lab.aClass(position));
    const kind = truth === predicted ? "right" : "wrong";
    const words = say(`mistakes.gallery.${kind}`, { truth: a, predicted: b });
    const title = words.charAt(0).toUpperCase() + words.slice(1);
    const all = answer.count ?? images.length;
    const rule = all > images.length ? "some" : "all";
    this.paintGallery(title, say(images.length ? `mistakes.rule.${kind}.${rule}` : "mistakes.none", { shown: images.length, all }), images);
    this.showGallery();
  }

  // Where the images are out of sight, as on a phone, a chosen cell would change nothing to be seen.
  showGallery() {
    if (!this.isChoosing) return;
    this.isChoosing = false;
    const { top, bottom } = this.gallery.querySelector("h2").getBoundingClientRect();
    if (top < 0 || bottom > innerHeight / 2) bringIntoView(this.gallery, "start");
  }

  // ---- two networks ----

  async showDifference(key) {
    const { network, beside } = this.lab;
    const answer = await api.difference(network.id, beside.id);
    if (key !== this.shown || this.isGone) return;
    const number = (name) => answer[`${name}_count`] ?? answer[name].length;
    const imagesOf = (name) => say("mistakes.some_images", { n: number(name) });
    this.summary.textContent = say("mistakes.difference", {
      network: this.lab.nameOf(network), beside: this.lab.nameOf(beside), fixed: imagesOf("fixed"), broken: imagesOf("broken") });
    replace(this.matrix, h("dl", { class: "tally", tabindex: "0", help: say("mistakes.tally.help") },
      [["both_right", answer.both_right], ["fixed", number("fixed")], ["broken", number("broken")], ["both_wrong", answer.both_wrong]]
        .map(([title, value]) => h("div", {}, h("dt", {}, say(`mistakes.tally.${title}`)), h("dd", {}, count(value))))));
    const images = answer[this.view];
    const all = number(this.view);
    const rule = !images.length ? "none" : all > images.length ? "under_some" : "under_all";
    this.paintGallery(say(`mistakes.gallery.${this.view}`), say(`mistakes.${rule}`, { shown: images.length, all }), images);
  }

  // ---- the images ----

  // The class that the network that is wrong took an image for; on the diagonal, what it is.
  wrongOf(one) {
    return { fixed: one.predicted_a, broken: one.predicted_b }[this.view] ?? one.predicted;
  }

  paintGallery(title, words, images) {
    this.images = images;
    const { width, height } = this.lab.shape;
    const buttons = images.map((one) => {
      const values = { index: String(one.index), truth: this.lab.aClass(one.label), predicted: this.lab.aClass(this.wrongOf(one)), confidence: one.confidence };
      const told = this.view === "matrix" ? percent(one.confidence, 0)
        : say("mistakes.not", { truth: this.lab.classOf(one.label), predicted: this.lab.classOf(this.wrongOf(one)) });
      const text = say(this.view === "matrix" ? "mistakes.image_sure" : "mistakes.image", values);
      return h("button", { type: "button", class: "image", "data-image": one.index, "aria-label": text, help: say("mistakes.image_help", { text }),
        onclick: () => this.lab.go({ image: one.index }) },
      ink(h("canvas", {}), one.pixels, width, height, 255), h("span", {}, told));
    });
    const grid = h("div", { class: "pictures", role: "group", "aria-label": title }, buttons);
    replace(this.gallery, h("h2", {}, title), h("p", { class: "quiet-text" }, words), this.chosen, grid);
    if (buttons.length) {
      roving(grid, buttons, () => Math.max(1, Math.round(grid.clientWidth / (buttons[0].offsetWidth + 8))));
    }
  }

  showChosen(index) {
    const one = this.images?.find((image) => String(image.index) === String(index));
    for (const picture of this.gallery.querySelectorAll("[data-image]")) {
      picture.toggleAttribute("data-chosen", picture.dataset.image === String(one?.index));
    }
    if (!one) {
      replace(this.chosen);
      this.chosenKey = null;
      return;
    }
    if (this.chosenKey === one.index && this.chosen.firstChild) return;
    this.chosenKey = one.index;
    const { width, height } = this.lab.shape;
    replace(this.chosen,
      ink(h("canvas", { role: "img", "aria-label": say("mistakes.test_image", { index: String(one.index) }) }), one.pixels, width, height, 255),
      h("div", {},
        h("p", {}, say("mistakes.chosen", { index: String(one.index), truth: this.lab.aClass(one.label), predicted: this.lab.aClass(this.wrongOf(one)) })),
        this.view === "matrix" && one.second !== undefined ? h("p", { class: "quiet-text" },
          say("mistakes.second", { confidence: one.confidence, second: this.lab.aClass(one.second), share: one.second_confidence })) : null,
        h("div", { class: "fields" },
          button(say("mistakes.open_draw"), say("mistakes.open_draw_help"), () =>
            this.lab.go({ screen: "draw", digit: one.index, strokes: null, picture: null, part: null, label: null }, { push: true })),
          button(say("mistakes.open_backwards"), say("mistakes.open_backwards_help"), () =>
            this.lab.go({ screen: "backwards", images: String(one.index), of: null, step: null, opened: null, weight: null, row: null }, { push: true })))));
  }
}

// The cell with the most errors.
function worst(matrix) {
  let best = [0, 1];
  matrix.forEach((row, i) => row.forEach((number, j) => {
    if (i !== j && number > matrix[best[0]][best[1]]) best = [i, j];
  }));
  return best.join(".");
}
