// Makes the flipbook above this script one to leaf through: buttons, arrow keys, Home and End.
(() => {
  const book = document.currentScript.previousElementSibling;
  const frames = [...book.querySelectorAll(".frame")];
  const stepper = book.querySelector(".stepper");
  const [back, next] = stepper.querySelectorAll("button");
  const place = stepper.querySelector("output");
  let shown = 0;
  const show = (wanted) => {
    shown = Math.max(0, Math.min(frames.length - 1, wanted));
    frames.forEach((frame, i) => { frame.hidden = i !== shown; });
    place.textContent = `${shown + 1} of ${frames.length}`;
    back.disabled = shown === 0;
    next.disabled = shown === frames.length - 1;
  };
  back.addEventListener("click", () => show(shown - 1));
  next.addEventListener("click", () => show(shown + 1));
  book.addEventListener("keydown", (event) => {
    const targets = { ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: frames.length - 1 };
    if (event.key in targets) {
      event.preventDefault();
      show(targets[event.key]);
    }
  });
  stepper.hidden = false;
  show(0);
})();
