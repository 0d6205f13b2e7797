// Learn: networks are trained on the page, from the same weights on the same batches; every step
// can be gone back to, and gone on from another way.

import { addressOf } from "../address.js";
import * as api from "../api.js";
import { decode, inked, padFor } from "../canvas.js";
import { button, h, labelled, replace, segments, select } from "../dom.js";
import { percent, short } from "../numbers.js";
import { say } from "../words.js";
import { Curves, swatch } from "./curves.js";
import { Along, Layers, Rates, Units } from "./lenses.js";
import { Life } from "./life.js";
import { FIRST, LIMITS, NAMES, placeAt, readChanges, readRun, setAt, withChange, writeChanges, writeRun, written } from "./plan.js";
import { Session } from "./session.js";

export const id = "learn";
export const name = say("learn.name");
export const help = say("learn.help.screen");

const LENSES = ["units", "along", "life", "layers", "rates"];
const BATCHES = [1, 16, 32, 64, 128, 256, 1024];
const SHAPES = ["16-16", "32", "64-32", "128-64", "256-128-64"];

export function mount(root, lab) {
  if (api.isStatic) {
    root.append(h("h1", {}, say("learn.title_of_page")), h("p", {}, api.RUN_IT));
    return { update() {} };
  }
  const screen = new LearnScreen(root, lab);
  return { update: () => screen.update(), unmount: () => screen.unmount() };
}

class LearnScreen {
  constructor(root, lab) {
    this.lab = lab;
    this.session = new Session({
      turn: () => this.paint(),
      look: () => this.paintLook(),
      state: () => this.paintState(),
      busy: (is) => this.stage?.setAttribute("aria-busy", String(is)),
      forgotten: () => lab.notice(say("learn.again")),
      failed: (error) => this.fail(error),
    });
    this.build(root);
    this.onkey = (event) => this.key(event);
    document.addEventListener("keydown", this.onkey);
    this.onsize = () => this.paintAll();
    addEventListener("resize", this.onsize);
    this.onlight = matchMedia("(prefers-color-scheme: dark)");
    this.onlight.addEventListener("change", this.onsize);
    this.watcher = new MutationObserver(this.onsize);
    this.watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  unmount() {
    this.remember();
    this.session.end();
    document.removeEventListener("keydown", this.onkey);
    removeEventListener("resize", this.onsize);
    this.onlight.removeEventListener("change", this.onsize);
    this.watcher.disconnect();
  }

  // ---- what stands on the page ----

  build(root) {
    const { session, lab } = this;
    const shared = {
      session, lab,
      onweight: (life) => lab.go({ lens: "life", life }),
      ondigit: () => lab.go({ digit: (Number(this.shown ?? 0) + 1) % lab.data.data.test_images, strokes: null }),
      onrates: () => this.runRates(),
    };
    this.lenses = { units: new Units(shared), along: new Along(shared), life: new Life(shared), layers: new Layers(shared), rates: new Rates(shared) };
    this.curves = new Curves(session, () => lab.state.over === "seconds");
    this.playing = button(say("learn.play"), say("learn.help.play"), () => this.playOrStop(), { class: "main play" });
    this.steps = h("div", { class: "steps" },
      ...[1, 10].map((n) => button(say("learn.step", { n }), say("learn.help.step"), () => this.by(n))),
      button(say("learn.epoch"), say("learn.help.epoch"), () => this.by(null)));
    this.speed = segments(say("learn.speed"), say("learn.help.speed"), "speed",
      ["slow", "normal", "fast"].map((one) => [one, say(`learn.speeds.${one}`)]), "normal", (speed) => { session.speed = speed; });
    this.batch = h("span", {});
    this.where = h("p", { class: "where" });
    this.words = h("p", { class: "now", role: "status" });
    this.line = h("input", { type: "range", class: "timeline", min: 0, max: 1, step: 1, "aria-label": say("learn.timeline"),
      help: say("learn.help.timeline"), oninput: () => { session.pause(); session.go(Math.min(Number(this.line.value), session.branch.reached)); }, onchange: () => this.remember() });
    this.marks = h("div", { class: "marks" });
    this.table = h("table", { class: "numbers runners" });
    this.axis = segments(say("learn.over"), say("learn.help.over"), "over",
      ["seen", "seconds"].map((one) => [one, say(`learn.overs.${one}`)]), "seen", (over) => lab.go({ over: over === "seen" ? null : over }));
    this.tabs = segments(say("learn.look"), say("learn.help.look"), "lens",
      LENSES.map((one) => [one, say(`learn.lenses.${one}`)]), "units", (lens) => lab.go({ lens: lens === "units" ? null : lens }));
    this.place = h("div", { class: "place" });
    this.settings = h("details", { class: "settings" }, h("summary", { help: say("learn.help.settings") }, say("learn.settings.name")), h("div", { class: "form" }));
    root.append(
      h("div", { class: "title" }, h("h1", {}, say("learn.title_of_page")), this.settings),
      h("div", { class: "controls" }, this.playing, this.steps, this.speed, this.batch, this.where),
      this.words,
      this.stage = h("div", { class: "stage" },
        h("section", { class: "past", "aria-label": say("learn.curves") }, this.curves.canvas, this.line,
          h("div", { class: "under" }, this.axis, this.marks), h("div", { class: "scroll" }, this.table)),
        h("section", { class: "beside", "aria-label": say("learn.look") }, this.tabs, this.place)));
  }

  buildSettings() {
    const { run } = this.session;
    const form = this.settings.querySelector(".form");
    const seed = h("input", { type: "number", min: 0, max: LIMITS.seed, help: say("learn.help.seed"), onchange: () => {
      if (/^[0-9]+$/.test(seed.value) && Number(seed.value) <= LIMITS.seed) return;
      seed.value = run.seed;
      this.lab.notice(say("learn.settings.bounds", { most: LIMITS.seed }));
    } });
    seed.value = run.seed;
    const shape = run.hidden.join("-");
    const shapes = SHAPES.includes(shape) ? SHAPES : [shape, ...SHAPES];
    const { sizes } = this.session.facts;
    const sizesOf = select(shapes.map((one) => [one, [sizes[0], one, sizes.at(-1)].join("-")]), shape, say("learn.help.sizes"), () => {});
    const boxes = Object.keys(NAMES).map((optimizer) => {
      const input = h("input", { type: "checkbox", value: optimizer, help: say("learn.help.optimizer") });
      input.checked = run.lanes.some((lane) => lane.optimizer === optimizer);
      return h("label", { class: "choice" }, input, swatch(optimizer), say(`learn.names.${optimizer}`));
    });
    const begin = () => {
      const chosen = boxes.map((one) => one.querySelector("input")).filter(({ checked }) => checked).map(({ value }) => value);
      const kept = chosen.map((optimizer) => run.lanes.find((lane) => lane.optimizer === optimizer) ?? { optimizer, rate: this.lab.data.rates[optimizer] });
      if (!kept.length) return this.lab.notice(say("learn.settings.none"));
      this.settings.open = false;
      return this.begin({ ...run, seed: Number(seed.value), hidden: sizesOf.value.split("-").map(Number), lanes: kept });
    };
    replace(form,
      labelled(say("learn.settings.sizes"), sizesOf), labelled(say("learn.settings.seed"), seed),
      h("fieldset", { class: "choices-of" }, h("legend", {}, say("learn.settings.optimizers")), boxes),
      button(say("learn.settings.begin"), say("learn.help.begin"), begin, { class: "main" }),
      button(say("learn.settings.first"), say("learn.help.first"), () => { this.settings.open = false; this.begin(readRun(FIRST)); }));
  }

  // ---- what the learner does ----

  // A run that cannot be opened gives way to the first one.
  fail(error) {
    this.lab.notice(error.message);
    if (this.session.branches.length) this.paintState();
    else if (this.lab.state.run || this.lab.state.changes) this.lab.go({ run: null, changes: null, branch: null, moment: null });
  }

  key(event) {
    const isControl = event.target.closest("button, input:not([type=range], [type=radio]), select, summary, textarea");
    if (event.key !== " " || isControl || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.playing.click();
  }

  async playOrStop() {
    const { session } = this;
    if (session.isPlaying) await this.stop();
    else if (session.isFar) {
      await session.halt();
      this.remember();
      this.lab.notice(say("learn.halted", { at: session.at }));
    } else session.play();
  }

  async stop() {
    this.session.pause();
    await this.session.pump();
    this.remember();
  }

  // The address has the step at which one stopped.
  remember() {
    const { target, index, facts, isOpening } = this.session;
    if (!facts || isOpening || this.lab.state.screen !== id) return;
    this.lab.go({ moment: target || null, branch: index || null });
  }

  // So many steps on, or to the end of the epoch.
  async by(steps) {
    const { session } = this;
    session.pause();
    await session.pump();
    await session.go(session.at + (steps ?? this.toEpoch()));
    this.remember();
  }

  toEpoch() {
    const { session } = this;
    const { number, steps } = placeAt(session.branch.stretches, session.facts.images, session.at);
    return steps - number;
  }

  begin(run) {
    this.session.pause();
    this.lab.go({ run: writeRun(run), changes: null, branch: null, moment: null }, { push: true });
  }

  runRates() {
    const { run } = this.session;
    const names = [...new Set(run.lanes.map(({ optimizer }) => optimizer))];
    const lanes = names.flatMap((optimizer) => [0.1, 1, 10].map((by) => ({ optimizer, rate: Number((this.lab.data.rates[optimizer] * by).toPrecision(6)) })));
    this.begin({ ...run, lanes });
  }

  // A rate or the batch size: at the start of a run another run; at its newest step a mark; at an
  // earlier one a branch.
  async change(lane, value) {
    const { session, lab } = this;
    session.pause();
    await session.pump();
    const { at, branches, branch, index, run } = session;
    if (setAt({ run, changes: branch.changes }, at, lane) === value) return;
    const changed = withChange(branch.changes.filter(([step]) => step <= at), [at, lane, value]);
    const all = branches.map(({ changes }) => changes);
    if (branch.reached === 0 && branches.length === 1) {
      const lanes = run.lanes.map((one, i) => (i === lane ? { ...one, rate: value } : one));
      lab.go({ run: writeRun({ ...run, lanes, batch: lane === null ? value : run.batch }), moment: null });
    } else if (at >= branch.reached) {
      lab.go({ changes: writeChanges(all.with(index, changed)), moment: at || null, branch: index || null });
    } else if (all.length >= LIMITS.branches) {
      lab.notice(say("learn.branch.most", { most: LIMITS.branches }));
      this.paintTable();
    } else {
      lab.go({ changes: writeChanges([...all, changed]), branch: all.length, moment: at || null });
    }
  }

  drop(i) {
    const left = this.session.branches.map(({ changes }) => changes).filter((_, j) => j !== i);
    this.session.pause();
    this.lab.go({ changes: writeChanges(left), branch: null, moment: this.session.at || null });
  }

  // ---- the address ----

  async update() {
    const { state } = this.lab;
    const run = readRun(state.run) ?? readRun(FIRST);
    const changes = readChanges(state.changes ?? "");
    const index = Math.min(Number(state.branch ?? 0), changes.length - 1);
    const step = Number(state.moment ?? 0);
    const wanted = JSON.stringify([run, changes, index]);
    if (wanted !== this.opened) {
      this.opened = wanted;
      const isSame = JSON.stringify(run) === JSON.stringify(this.session.run);
      this.session.open(isSame ? this.session.run : run, changes, index, step);
    } else if (this.session.facts && !this.session.isPlaying && step !== this.session.target && state.moment !== this.moment) {
      this.session.go(step);
    }
    this.moment = state.moment;
    this.lens = this.lenses[state.lens] ?? this.lenses.units;
    if (this.place.firstChild !== this.lens.element) replace(this.place, this.lens.element);
    for (const input of this.tabs.querySelectorAll("input")) input.checked = this.lenses[input.value] === this.lens;
    for (const input of this.axis.querySelectorAll("input")) input.checked = input.value === (state.over ?? "seen");
    await this.sit();
    this.watch();
    this.paintAll();
  }

  watch() {
    if (!this.session.facts) return;
    const isLife = this.lens === this.lenses.life;
    const entry = isLife ? this.lenses.life.entry(this.lab.state.life) : null;
    this.session.watch({ parts: [...new Set([...this.lens.parts, "layers"])], image: this.lens === this.lenses.units ? this.image : null, entry });
  }

  // The digit or drawing whose bars are shown.
  async sit() {
    const { state, network, shape, isLight } = this.lab;
    const digit = /^[0-9]+$/.test(state.digit ?? "") || Number.isInteger(state.digit) ? Number(state.digit) : 0;
    const wanted = state.strokes ?? digit;
    if (wanted === this.sitting) return;
    this.sitting = wanted;
    try {
      if (state.strokes) {
        const pad = padFor(shape);
        const ink = inked(pad, decode(pad, state.strokes));
        const { image } = await api.centre(network.id, isLight ? ink.map((value) => 255 - value) : ink, pad);
        Object.assign(this, { image, shown: null });
        this.lenses.units.show(image, say("learn.drawing"));
      } else {
        const { pixels, label, index } = await api.digit(digit);
        Object.assign(this, { image: pixels.map((value) => value / 255), shown: index });
        this.lenses.units.show(this.image, say("learn.sitter", { label: this.lab.classOf(label), index }));
      }
    } catch (error) {
      if (!(error instanceof api.LabError)) throw error;
      this.lab.notice(error.message);
    }
  }

  // ---- painting ----

  paintAll() {
    if (!this.session.facts) return;
    this.paint();
    this.paintLook();
  }

  paintState() {
    if (!this.session.facts) return;
    if (this.built !== this.session.run || this.builtBranches !== this.session.branches) {
      this.built = this.session.run;
      this.builtBranches = this.session.branches;
      this.buildSettings();
      this.buildTable();
      this.buildMarks();
      this.watch();
    }
    this.paintAll();
  }

  buildTable() {
    const { run } = this.session;
    this.rows = run.lanes.map((lane, i) => {
      const text = h("input", { type: "number", min: LIMITS.rate[0], max: LIMITS.rate[1], step: "any", help: say("learn.help.rate"),
        "aria-label": say("learn.rate_of", { name: say(`learn.names.${lane.optimizer}`) }),
        onchange: () => this.changeRate(i, Number(text.value)) });
      const slider = h("input", { type: "range", min: -5, max: 1, step: 0.05, help: say("learn.help.slider"),
        "aria-label": say("learn.slider_of", { name: say(`learn.names.${lane.optimizer}`) }),
        oninput: () => { text.value = Number((10 ** Number(slider.value)).toPrecision(2)); },
        onchange: () => this.changeRate(i, Number(text.value)) });
      const cells = Object.fromEntries(["loss", "accuracy", "dead", "move"].map((one) => [one, h("td", { class: one })]));
      const links = h("td", { class: "links" });
      return { text, slider, cells, links, row: h("tr", { class: lane.optimizer },
        h("th", { scope: "row" }, swatch(lane.optimizer), say(`learn.names.${lane.optimizer}`)),
        h("td", { class: "rate" }, slider, text), Object.values(cells), links) };
    });
    replace(this.table,
      h("thead", {}, h("tr", {}, ["lane", "rate", "loss", "accuracy", "dead", "move", "links"].map((one) =>
        h("th", { scope: "col", class: one, tabindex: null, help: say(`learn.columns_help.${one}`) }, say(`learn.columns.${one}`))))),
      h("tbody", {}, this.rows.map(({ row }) => row)));
    this.table.classList.toggle("crowded", run.lanes.length > 3);
    const sizes = BATCHES.includes(run.batch) ? BATCHES : [...BATCHES, run.batch].sort((a, b) => a - b);
    this.batchOf = select(sizes.map((one) => [one, String(one)]), run.batch, say("learn.help.batch"), (value) => this.change(null, Number(value)));
    replace(this.batch, labelled(say("learn.batch"), this.batchOf));
  }

  // A rate out of bounds gives way to the one in force.
  changeRate(i, value) {
    const { run, branch, at } = this.session;
    const [least, most] = LIMITS.rate;
    if (value >= least && value <= most) return this.change(i, Number(value.toPrecision(6)));
    this.rows[i].text.value = setAt({ run, changes: branch.changes }, Math.max(at, 0), i);
    return this.lab.notice(say("learn.bounds", { least: written(least), most: written(most) }));
  }

  // The branches, and what was changed in the one that is shown.
  buildMarks() {
    const { session, lab } = this;
    const { branches, run } = session;
    const what = ([, lane, value]) => (lane === null
      ? say("learn.mark.batch", { value })
      : say("learn.mark.rate", { name: say(`learn.names.${run.lanes[lane].optimizer}`), value: written(value) }));
    const chosen = branches[session.index];
    const several = branches.length > 1 ? segments(say("learn.branch.name"), say("learn.help.branch"), "branch",
      branches.map((_, i) => [i, String(i + 1)]), session.index, (i) => { session.pause(); lab.go({ branch: Number(i) || null, moment: session.at || null }); }) : null;
    replace(this.marks, several,
      branches.length > 1 ? button("×", say("learn.help.drop"), () => this.drop(session.index),
        { class: "quiet", "aria-label": say("learn.branch.drop", { n: session.index + 1 }) }) : null,
      chosen.changes.map((change) => button(say("learn.mark.at", { step: change[0], what: what(change) }), say("learn.help.mark"),
        () => { session.pause(); session.go(change[0]); }, { class: "mark" })));
  }

  paint() {
    const { session } = this;
    if (!session.facts || !session.branch) return;
    const { at, target, branch, facts, isPlaying } = session;
    this.playing.textContent = isPlaying ? say("learn.pause") : say(session.isFar ? "learn.stop" : "learn.play");
    this.playing.setAttribute("aria-pressed", String(isPlaying));
    this.line.max = Math.max(...session.branches.map(({ reached }) => reached), 1);
    if (document.activeElement !== this.line || isPlaying || Number(this.line.value) !== target) this.line.value = Math.max(at, 0);
    const place = placeAt(branch.stretches, facts.images, Math.max(at, 0));
    this.line.setAttribute("aria-valuetext", say("learn.at", { at: Math.max(at, 0) }));
    this.where.textContent = session.isFar || at < 0
      ? say("learn.computing", { at: Math.max(at, 0), target })
      : say("learn.where", { at, epoch: place.epoch + 1, number: place.number, steps: place.steps });
    this.curves.paint();
    this.paintTable();
    if (this.lens === this.lenses.rates || this.lens === this.lenses.life) this.lens.paint();
    if (isPlaying) this.words.textContent = say("learn.playing");
  }

  paintTable() {
    const { branch, at, run, index, seen } = this.session;
    if (!this.rows || !branch) return;
    this.rows.forEach(({ text, slider, cells, links }, i) => {
      const lane = branch.lanes[i];
      const rate = setAt({ run, changes: branch.changes }, Math.max(at, 0), i);
      if (document.activeElement !== text && document.activeElement !== slider) {
        text.value = rate;
        slider.value = Math.log10(rate);
      }
      const until = Math.min(at, lane.smooth.length);
      const check = lane.checks.findLast(([step, , , isWhole]) => step <= at && !isWhole);
      const stopped = lane.stopped && lane.stopped[0] <= at ? lane.stopped : null;
      const now = seen?.lanes[i];
      const dead = now?.dead.length;
      cells.loss.textContent = until > 0 ? short(lane.smooth.array[until - 1], 3) : "–";
      cells.accuracy.textContent = check ? this.shareOf(check, at) : "–";
      cells.dead.textContent = dead === undefined ? "–" : String(dead);
      cells.dead.classList.toggle("alarm", dead > 0);
      cells.move.textContent = now?.next?.in_rates === undefined || now.next.in_rates === null ? "–" : say("learn.in_rates", { share: now.next.in_rates });
      if (stopped) {
        cells.loss.textContent = say("learn.diverged", { step: stopped[0] + 1 });
        cells.move.textContent = stopped[1];
      }
      cells.loss.classList.toggle("alarm", Boolean(stopped));
      if (now && this.linked !== seen && !this.session.isPlaying) this.paintLinks(links, now, index);
    });
    if (!this.session.isPlaying) this.linked = seen;
    if (document.activeElement !== this.batchOf) this.batchOf.value = String(setAt({ run, changes: branch.changes }, Math.max(at, 0), null));
  }

  // Validation images are looked at now and then: of another step than the one shown, say which.
  shareOf([step, , share], at) {
    return step === at ? percent(share) : say("learn.looked", { share, step });
  }

  // To the other screens, with this lane's weights of this step and, backwards, with its batch.
  paintLinks(place, { network }) {
    const { seen } = this.session;
    const state = { ...this.lab.state, network, beside: null, moment: this.session.at || null };
    const off = { step: null, opened: null, layer: null, name: null, at: null, unit: null, batch: null, from: null, picture: null };
    replace(place,
      h("a", { href: addressOf({ ...state, ...off, screen: "backwards", images: seen.batch.join(","), of: "training" }), help: say("learn.help.backwards") }, say("learn.backwards")),
      " ",
      h("a", { href: addressOf({ ...state, ...off, screen: "draw" }), help: say("learn.help.draw") }, say("learn.draw")));
  }

  paintLook() {
    const { session } = this;
    if (!session.facts || !session.branch) return;
    this.lens.paint();
    this.paintTable();
    if (!session.isPlaying) this.words.textContent = this.wordsNow();
  }

  // What will happen next, in words.
  wordsNow() {
    const { session } = this;
    const { facts, run, seen, at } = session;
    const others = facts.images < 20000 ? ` ${say("learn.fewer", { images: facts.images, title: this.lab.data.data.title })}` : "";
    if (at > 0) {
      const gone = session.branch.lanes.map(({ stopped }, i) => [stopped, run.lanes[i]]).find(([stopped]) => stopped && stopped[0] <= at);
      if (gone) return say("learn.gone", { name: say(`learn.names.${gone[1].optimizer}`), rate: written(gone[1].rate), step: gone[0][0] + 1, layer: gone[0][1] });
      return at < session.branch.reached ? say("learn.rewound") : say("learn.paused");
    }
    const moves = (seen?.lanes ?? []).map((lane, i) => ({ ...run.lanes[i], share: lane.next?.in_rates })).filter(({ share }) => share);
    if (!moves.length) return others;
    return `${say("learn.start", { classes: facts.sizes.at(-1), chance: facts.chance, moves: this.firstSteps(moves) })}${others}`;
  }

  // Of two each, of more the shortest and the longest.
  firstSteps(moves) {
    const name = ({ optimizer }) => say(`learn.names.${optimizer}`);
    if (moves.length < 3) return moves.map((one) => say("learn.first_step", { name: name(one), share: one.share })).join(", ");
    const full = (one) => say("learn.lane", { name: name(one), rate: written(one.rate) });
    const [shortest, longest] = [Math.min, Math.max].map((pick) => {
      const share = pick(...moves.map((one) => one.share));
      return moves.find((one) => one.share === share);
    });
    return say("learn.first_steps", { least: shortest.share, first: full(shortest), most: longest.share, last: full(longest) });
  }
}
