// One run: what the page knows of it, and the one loop that asks the server, a turn at a time.

import * as api from "../api.js";
import { seenAt } from "./plan.js";

const FOLLOWED = 60; // steps of a weight's life
const LOOK = 100; // milliseconds between two looks while it runs
const SMOOTH = 0.9;
const SPEEDS = { slow: { steps: 1, wait: 200 }, normal: { steps: 3, wait: 33 }, fast: { steps: 0, wait: 16 } };

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// A tab keeps its runs over a reload; another tab has its own.
function tabName() {
  const made = Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    const kept = sessionStorage.getItem("chainrule-tab") ?? made;
    sessionStorage.setItem("chainrule-tab", kept);
    return kept;
  } catch {
    return made;
  }
}

const tab = tabName();

// Numbers that grow by the step, in one array that doubles.
class Numbers {
  constructor() { this.array = new Float32Array(512); this.length = 0; }

  push(value) {
    if (this.length === this.array.length) {
      const before = this.array;
      this.array = new Float32Array(2 * before.length);
      this.array.set(before);
    }
    this.array[this.length] = value;
    this.length += 1;
  }
}

// The curves of one branch.
class Branch {
  constructor(run, { changes, stretches, reached }, images) {
    Object.assign(this, { run, changes, stretches, reached, images });
    this.clear();
  }

  clear() {
    this.have = 0;
    this.seen = new Numbers();
    this.lanes = this.run.lanes.map(() => ({
      losses: new Numbers(), smooth: new Numbers(), seconds: new Numbers(), checks: [], stopped: null, mean: 0,
    }));
  }

  extend({ reached, until, lanes }) {
    if (this.have === 0) this.clear();
    for (let step = this.have; step < until; step += 1) this.seen.push(seenAt(this.stretches, this.images, step));
    lanes.forEach(({ losses, seconds, checks, stopped }, i) => {
      const lane = this.lanes[i];
      for (const loss of losses) {
        lane.mean = SMOOTH * lane.mean + (1 - SMOOTH) * loss;
        lane.losses.push(loss);
        lane.smooth.push(lane.mean / (1 - SMOOTH ** lane.losses.length)); // it began at 0
      }
      seconds.forEach((value) => lane.seconds.push(value));
      lane.checks.push(...checks);
      lane.stopped = stopped;
    });
    Object.assign(this, { reached, have: until });
  }
}

export class Session {
  // `on` has turn(), look(), state(), busy(whether), forgotten(), failed(error).
  constructor(on) {
    Object.assign(this, { on, facts: null, branches: [], index: 0, at: 0, target: 0, isPlaying: false, speed: "normal" });
    Object.assign(this, { entry: null, followed: [], followedTo: null, seen: null, parts: [], image: null, opened: "" });
    this.onhide = () => { if (document.hidden) this.pause(); };
    document.addEventListener("visibilitychange", this.onhide);
  }

  end() {
    this.isGone = true;
    this.isPlaying = false;
    document.removeEventListener("visibilitychange", this.onhide);
  }

  get branch() {
    return this.branches[this.index];
  }

  // ---- what is asked of it ----

  // Another run, or other branches of the same.
  open(run, changes, index, step) {
    const isOther = JSON.stringify(run) !== JSON.stringify(this.run);
    Object.assign(this, { run, changes, wanted: { index, step }, isOpening: true });
    if (isOther) this.branches = [];
    return this.pump();
  }

  go(step) {
    this.target = Math.min(Math.max(Math.round(step), 0), this.facts?.most_steps ?? 0);
    return this.pump();
  }

  play() {
    if (!this.facts) return;
    this.isPlaying = true;
    this.on.state();
    this.pump();
  }

  pause() {
    if (!this.isPlaying) return;
    this.isPlaying = false; // a turn on its way is the last
    this.on.state();
    this.pump();
  }

  // Whether the step that is asked for takes more than a turn.
  get isFar() {
    return !this.isPlaying && Boolean(this.facts) && this.target - this.at > this.facts.steps_in_turn;
  }

  // Ends the way to a step where it is; a turn on its way is the last.
  halt() {
    this.isHalted = true;
    return this.pump();
  }

  // What a look is to bring: parts of learn.PARTS, an image, a weight.
  watch({ parts, image, entry }) {
    const isSame = JSON.stringify(entry) === JSON.stringify(this.entry);
    Object.assign(this, { parts, image, entry, isStale: true });
    if (!isSame) Object.assign(this, { followed: [], followedTo: null });
    return this.pump();
  }

  // ---- the loop ----

  // Runs until there is nothing left to do; the promise of whoever asks is kept when it rests.
  pump() {
    this.running ??= this.loop();
    return this.running;
  }

  async loop() {
    this.on.busy(true);
    while (!this.isGone) {
      try {
        if (!await this.doNext()) break;
      } catch (error) {
        if (!(error instanceof api.LabError)) {
          this.running = null;
          throw error;
        }
        this.fail(error);
      }
    }
    this.running = null;
    this.on.busy(false);
  }

  // A run that the server has forgotten is opened again; any other refusal ends what was asked.
  fail(error) {
    if (error.key === "learn.forgotten" && this.facts) {
      this.on.forgotten();
      this.wanted = { index: this.index, step: Math.max(this.target, this.at) };
      Object.assign(this, { isOpening: true, branches: [] });
    } else {
      Object.assign(this, { isPlaying: false, isOpening: false, isStale: false, target: this.at });
      this.on.failed(error);
    }
  }

  // One request, or none if there is nothing to do.
  async doNext() {
    if (this.isOpening) return this.askToOpen();
    if (!this.facts) return false;
    if (this.at !== this.target || this.branch.have < this.branch.reached) {
      await this.turn(this.target, this.isPlaying || this.target === this.at + 1 ? this.entry : null);
    } else if (this.isPlaying) {
      return this.playOn();
    } else if (this.entry && !this.isFollowed) {
      await this.follow();
    } else if (this.isStale) {
      await this.look();
    } else return this.fetchOthers();
    return true;
  }

  // The curves of branches that the server knows more of than the page.
  async fetchOthers() {
    const index = this.branches.findIndex((branch) => branch.have < branch.reached);
    if (index < 0) return false;
    const branch = this.branches[index];
    branch.extend(await api.learnTurn({ run: this.facts.run, branch: index, have: branch.have }));
    this.on.turn();
    return true;
  }

  async playOn() {
    const { steps, wait } = SPEEDS[this.speed];
    const before = performance.now();
    if (before - (this.lookedAt ?? 0) > LOOK) await this.look();
    if (!this.isPlaying) return true;
    const isOver = this.at >= this.facts.most_steps || this.branch.lanes.every(({ stopped }) => stopped);
    if (isOver) {
      this.pause();
      return true;
    }
    const quick = Math.max(1, Math.floor(this.facts.steps_in_turn / 8)); // about 15 ms
    const to = Math.min(this.at + (steps || quick), this.facts.most_steps);
    this.target = to;
    await this.turn(to, this.entry);
    await pause(Math.max(0, wait - (performance.now() - before)));
    return true;
  }

  async askToOpen() {
    const { run, changes, wanted } = this;
    const facts = await api.learn({
      tab, seed: run.seed, hidden: run.hidden, batch_size: run.batch,
      lanes: run.lanes.map(({ optimizer, rate }) => [optimizer, rate]), branches: changes,
    });
    if (run !== this.run || changes !== this.changes) return true; // another was asked for meanwhile
    const before = this.branches;
    const same = (branch, other) => JSON.stringify(branch.changes) === JSON.stringify(other.changes);
    this.branches = facts.branches.map((one) =>
      before.find((branch) => same(branch, one) && branch.have <= one.reached) ?? new Branch(run, one, facts.images));
    Object.assign(this, { facts, isOpening: false, index: Math.min(wanted.index, changes.length - 1), isStale: true, at: -1, followed: [], followedTo: null });
    this.target = Math.min(wanted.step, facts.most_steps);
    this.seen = null;
    this.on.state();
    return true;
  }

  async turn(to, entry) {
    const { branch, facts, at: begun } = this;
    const answer = await api.learnTurn({ run: facts.run, branch: this.index, to, have: branch.have, ...entry });
    if (this.isGone || this.isOpening || branch !== this.branch) return null;
    branch.extend(answer);
    this.at = answer.is_there ? to : answer.at;
    if (this.isHalted) Object.assign(this, { isHalted: false, target: this.at });
    if (entry) this.append(answer.lanes, begun);
    this.isStale = true;
    this.on.turn();
    return answer;
  }

  // The rows of the chosen weight for the steps just done; they begin anew after a gap.
  append(lanes, begun) {
    const goesOn = this.followedTo === begun;
    lanes.forEach(({ followed }, i) => {
      this.followed[i] = [...(goesOn ? this.followed[i] ?? [] : []), ...followed].slice(-FOLLOWED);
    });
    if (!goesOn) this.followedFrom = begun;
    this.followedTo = this.at;
  }

  get isFollowed() {
    return this.followedTo === this.at && this.followedFrom <= Math.max(0, this.at - FOLLOWED);
  }

  // The chosen weight's last steps are run again, from before them.
  async follow() {
    const { at, entry } = this;
    Object.assign(this, { followed: [], followedTo: null });
    for (const [to, followed] of [[Math.max(0, at - FOLLOWED), null], [at, entry]]) {
      do {
        const answer = await this.turn(to, followed);
        if (!answer || this.target !== at || this.isPlaying || entry !== this.entry) return;
      } while (this.at !== to);
    }
  }

  async look() {
    const { at, parts, image, branch } = this;
    this.isStale = false;
    this.lookedAt = performance.now();
    const answer = await api.learnLook({ run: this.facts.run, branch: this.index, step: at, parts, ...(image ? { image } : {}) });
    if (this.isGone || this.isOpening || branch !== this.branch || !answer.is_there) return;
    this.seen = answer;
    this.on.look();
  }
}
