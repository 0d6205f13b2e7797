// The frame: the address is the state, a screen is a module, a new screen is a line in SCREENS.

import { addressOf, mended, readAddress } from "./address.js";
import * as api from "./api.js";
import { button, explain, h, labelled, replace, select, showExplanations } from "./dom.js";
import { repaint, showGrey } from "./pictures.js";
import { forgetPhotos, takePictures } from "./photos.js";
import { inWords, say } from "./words.js";
import * as draw from "./draw.js";
import * as backwards from "./backwards/screen.js";
import * as mistakes from "./mistakes.js";
import * as learn from "./learn/screen.js";

// Each: id, name, help, mount(root, lab) -> {update(state), unmount()}; where it likes to begin with
// another network than the largest, prefers(networks, state) -> network.
const SCREENS = [draw, learn, backwards, mistakes];

// ---- light and dark ----

const THEMES = ["auto", "light", "dark"];
const remembered = {
  get: () => { try { return localStorage.getItem("chainrule-theme"); } catch { return null; } },
  set: (theme) => { try { localStorage.setItem("chainrule-theme", theme); } catch { /* not remembered */ } },
};
let theme = THEMES.includes(remembered.get()) ? remembered.get() : "auto";

function wear(next) {
  theme = next;
  document.documentElement.dataset.theme = theme;
  remembered.set(theme);
  repaint();
}

function themeButton() {
  const label = () => say("theme.label", { theme: say(`theme.${theme}`) });
  const sign = () => ({ auto: "◐", light: "☀", dark: "☾" })[theme];
  const toggle = button(sign(), say("theme.help"), () => {
    wear(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
    toggle.textContent = sign();
    toggle.setAttribute("aria-label", label());
  }, { class: "quiet theme", "aria-label": label() });
  return toggle;
}

// ---- what the server is doing ----

let hiding = null;

function notice(text, stays = false) {
  const place = document.getElementById("notice");
  clearTimeout(hiding);
  replace(place, text ? h("p", {}, text) : null);
  if (text && !stays) hiding = setTimeout(() => notice(null), Math.max(6000, 80 * text.length));
}

// ---- the frame ----

class Lab {
  constructor(data, help) {
    this.data = data;
    this.help = help;
    this.notice = notice;
    this.state = {};
    this.taken = []; // networks of runs, which the lab does not list
    showGrey(data.data.ground !== "paper");
  }

  get network() {
    const { networks } = this.data;
    const { prefers } = SCREENS.find(({ id }) => id === this.state.screen) ?? SCREENS[0];
    return [...networks, ...this.taken].find(({ id }) => id === this.state.network)
      ?? prefers?.(networks, this.state)
      ?? networks.reduce((most, one) => (one.parameters > most.parameters ? one : most));
  }

  // The networks that can stand beside the chosen one.
  get partners() {
    const ids = this.data.pairs.filter((pair) => pair.includes(this.network.id)).flat();
    return this.data.networks.filter(({ id }) => ids.includes(id) && id !== this.network.id);
  }

  // What a sentence calls a network: the first words of its title, if no other has them.
  nameOf({ title }) {
    const [first] = title.split(", ");
    return this.data.networks.filter((one) => one.title.startsWith(first)).length === 1 ? first : title;
  }

  get classes() {
    return this.data.classes;
  }

  // What a class is called: its name, or the number that it has in the files of the data.
  classOf(position) {
    return this.classes[position];
  }

  // The same within a sentence: a 7, an 8, “Ankle boot”.
  aClass(position) {
    const name = this.classOf(position);
    if (!/^[0-9]+$/.test(name)) return say("class.named", { name });
    return say(/^(8|11$|18$)/.test(name) ? "class.an" : "class.a", { name });
  }

  // Whether classes have names that need room.
  get hasNames() {
    return this.classes.some((name) => name.length > 3);
  }

  get shape() {
    const [height, width] = this.data.data.image_shape;
    return { height, width };
  }

  // Whether one draws dark on light, as the images are.
  get isLight() {
    return this.data.data.ground === "light";
  }

  // What the images are called.
  get thing() {
    return this.data.data.are_digits ? "digit" : "image";
  }

  get beside() {
    return this.partners.find(({ id }) => id === this.state.beside) ?? null;
  }

  // Change the state: the address follows, and the screen is told.
  go(change, { push = false } = {}) {
    this.state = { ...this.state, ...change };
    const address = addressOf(this.state);
    if (address !== location.hash) history[push ? "pushState" : "replaceState"](null, "", address);
    this.show();
  }

  // A run's network stands among the others once the server has described it.
  async take() {
    const { network, screen } = readAddress();
    if (screen === "learn" || !/^run-/.test(network ?? "") || this.taken.some(({ id }) => id === network)) return;
    try {
      this.taken = [...this.taken.slice(-3), await api.network(network)];
      this.buildFrame();
    } catch (error) {
      if (!(error instanceof api.LabError)) throw error;
      notice(error.message);
    }
  }

  async read() {
    await this.take();
    this.state = readAddress();
    const { state, words } = mended(this.state, this);
    this.state = state;
    if (!SCREENS.some(({ id }) => id === this.state.screen)) {
      this.state = { ...this.state, screen: SCREENS[0].id };
    }
    if (words) notice(words);
    this.show();
  }

  show() {
    const module = SCREENS.find(({ id }) => id === this.state.screen);
    const root = document.getElementById("screen");
    document.title = say("frame.title", { screen: module.name });
    this.links.forEach((link) => {
      link.href = addressOf({ ...this.state, screen: link.dataset.screen });
      const isHere = link.dataset.screen === module.id;
      if (isHere) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    this.picker.value = this.network.id;
    this.showFacts();
    if (this.module !== module) {
      this.mounted?.unmount?.();
      this.module = module;
      root.className = module.id;
      replace(root);
      this.mounted = module.mount(root, this);
      window.scrollTo(0, 0);
    }
    root.setAttribute("aria-busy", "true");
    const update = Promise.resolve(this.mounted.update(this.state)).finally(() => {
      if (update === this.latest) root.removeAttribute("aria-busy");
    });
    this.latest = update;
  }

  // The network that is trained behind the page.
  get coming() {
    const { coming } = this.data;
    if (!coming) return null;
    return h("span", { tabindex: "0", help: say("facts.coming_help") }, say("facts.coming", coming));
  }

  // Wait for it. Draw goes over to it; who looks at another screen is not disturbed.
  async awaitNetwork() {
    while (this.data.coming) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const before = this.network.id;
      Object.assign(this.data, await api.labByNow());
      if (this.data.coming) {
        this.showFacts();
        continue;
      }
      const isHere = this.network.id !== before;
      const stays = this.module !== draw || this.state.picture; // a photograph was read by those before
      if (isHere && stays) this.state = { ...this.state, network: before };
      this.buildFrame();
      this.go({});
      if (isHere) notice(say("facts.ready", { network: this.network.title }));
    }
  }

  showFacts() {
    const { accuracy_words: accuracy, parameters } = this.network;
    const note = this.data.data.note;
    replace(this.facts, [
      h("span", {}, say("facts.parameters", { n: parameters })),
      h("span", {}, say(accuracy)),
      note ? h("span", { class: "note", tabindex: "0", help: say(note) }, say("facts.sample")) : null,
      this.coming,
      api.isStatic ? h("span", { class: "note" }, say("facts.stored")) : null,
    ]);
  }

  buildFrame() {
    this.links = SCREENS.map(({ id, name, help }) => h("a", { href: `#/${id}`, "data-screen": id, help }, name));
    this.picker = select(
      [...this.data.networks, ...this.taken].map(({ id, title }) => [id, title]), this.network.id,
      say("frame.network_help"),
      (network) => this.go({ network, beside: null, unit: null, step: null, opened: null, weight: null, row: null, cell: null, image: null }, { push: true }));
    this.facts = h("p", {
      class: "facts", tabindex: "0",
      help: say("facts.help"),
    });
    replace(document.getElementById("top"), h("div", { class: "bar" },
      h("a", { class: "brand", href: "#/draw", help: say("frame.brand_help") },
        inWords("frame.brand", { name: h("strong", {}, "Chainrule") })),
      h("nav", { "aria-label": say("frame.screens") }, this.links),
      themeButton()),
    h("div", { class: "about" }, labelled(say("frame.network"), this.picker), this.facts));
  }
}

async function start() {
  document.documentElement.dataset.theme = theme;
  const skip = explain(replace(document.querySelector(".skip"), say("frame.skip")), say("frame.skip_help"));
  skip.addEventListener("click", (event) => {
    event.preventDefault(); // the address belongs to the state
    document.getElementById("screen").focus();
  });
  const help = showExplanations(document.getElementById("help"));
  api.onServer((happened) => {
    notice(happened === "answered" ? null : say(`notice.${happened}`), happened === "gone" || happened === "slow");
    if (happened === "restarted") restarted();
  });
  let lab;
  try {
    lab = new Lab(await api.lab(), help);
  } catch (error) {
    notice(error.message, true);
    return;
  }
  lab.buildFrame();
  await lab.read();
  takePictures(lab);
  lab.awaitNetwork();
  addEventListener("hashchange", () => lab.read());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("unhandledrejection", (event) => {
    if (event.reason instanceof api.LabError) {
      event.preventDefault();
      notice(event.reason.message);
    }
  });

  // A new server may hold other networks: ask again, and draw the screen anew if so.
  async function restarted() {
    api.forget();
    const data = await api.lab();
    const isOther = JSON.stringify(data) !== JSON.stringify(lab.data);
    lab.data = data;
    if (isOther) {
      showGrey(data.data.ground !== "paper");
      forgetPhotos(); // they were read by other networks
      lab.buildFrame();
      lab.module = null;
      lab.show();
    }
  }
}

start();
