// Predict first: a question beside what came in, before what goes out is shown.

import { button, h } from "../dom.js";
import { say } from "../words.js";

export function question({ ask }, answer) {
  return [
    h("p", { class: "who" }, say("backwards.ask.first")),
    h("p", { class: "lead" }, say(ask.question)),
    h("div", { class: "choices" }, ask.choices.map((choice, i) =>
      button(say(choice), say("backwards.ask.help"), () => answer(i), { "data-choice": i }))),
  ];
}

// What was right, once it is answered, with this card's numbers.
export function verdict({ ask }, chosen) {
  const isRight = chosen === ask.right;
  return h("p", { class: `why ${isRight ? "right" : "wrong"}`, tabindex: "-1", role: "status" },
    h("strong", {}, isRight ? say("backwards.ask.is_right") : say("backwards.ask.is_wrong", { chosen: ask.choices[chosen], right: ask.choices[ask.right] })), " ", say(ask.why));
}
