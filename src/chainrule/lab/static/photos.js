// A picture by button, drop or paste: sent to the server, which reads it and keeps nothing.

import * as api from "./api.js";
import { button, h } from "./dom.js";
import { say } from "./words.js";

const MOST_BYTES = 64_000_000; // as the gate takes
const MOST_KEPT = 20;

// What this page has read, by number; a reload forgets it.
const photos = new Map();
let newest = 0;

export const photoOf = (number) => photos.get(Number(number)) ?? null;
export const forgetPhotos = () => photos.clear();

// Reads a file and shows it, or why it cannot be read, on the screen Draw.
async function take(lab, file, others = 0) {
  if (api.isStatic) return lab.notice(say("photo.static", { run: api.RUN_IT }));
  const number = (newest += 1);
  lab.notice(say("photo.reading", { name: file.name }), true);
  let photo;
  try {
    photo = await api.picture(lab.network.id, file.name, await bytesOf(file));
  } catch (error) {
    if (!(error instanceof api.LabError)) throw error;
    photo = { refusal: error.message };
  }
  if (number !== newest) return undefined; // another was chosen meanwhile
  photos.set(number, { ...photo, number, name: file.name });
  photos.delete(number - MOST_KEPT);
  lab.notice(photo.refusal ?? verdict(file.name, others, photo, lab.network));
  return lab.go({ screen: "draw", picture: number, part: null, digit: null, strokes: null, label: null, unit: null }, { push: true });
}

function verdict(name, others, { doubts, networks }, network) {
  const read = networks[network.id];
  const isDoubted = doubts.length + read.doubts.length > 0;
  const verdict = say(isDoubted ? "photo.doubted" : "photo.read", { name, text: read.text });
  return others ? say("photo.one", { files: others + 1, verdict }) : verdict;
}

// All of it before it is sent: a file that goes away on the way would look like a server that does.
async function bytesOf(file) {
  if (file.size > MOST_BYTES) {
    throw new api.LabError(say("photo.large", { name: file.name, bytes: file.size, most: MOST_BYTES }));
  }
  try {
    return await file.arrayBuffer();
  } catch {
    throw new api.LabError(say("photo.gone", { name: file.name }));
  }
}

// The button; on a phone it offers the camera as well.
export function photoButton(lab) {
  const input = h("input", { type: "file", accept: "image/*", hidden: true, help: say("photo.help"), onchange: () => {
    const [file] = input.files;
    if (file) take(lab, file);
    input.value = ""; // the same file may be chosen again
  } });
  const open = button(say("photo.button"), say("photo.help"), () => input.click());
  return [open, input];
}

// ---- drop and paste, anywhere on the page: else a browser leaves it for the picture ----

const isField = (target) => Boolean(target.closest?.("input:not([type=checkbox], [type=radio]), textarea"));

export function takePictures(lab) {
  let isOwn = false; // something of this page is dragged
  const mark = (on) => on ? document.body.setAttribute("data-dropping", say("photo.drop")) : document.body.removeAttribute("data-dropping");
  addEventListener("dragstart", () => { isOwn = true; });
  addEventListener("dragend", () => { isOwn = false; });
  addEventListener("dragover", (event) => {
    const hasFiles = event.dataTransfer.types.includes("Files");
    if (isField(event.target) && !hasFiles) return;
    event.preventDefault();
    if (isOwn && !hasFiles) event.dataTransfer.dropEffect = "none";
    else mark(true);
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  addEventListener("drop", (event) => {
    mark(false);
    const hasFiles = event.dataTransfer.types.includes("Files");
    if (isField(event.target) && !hasFiles) return;
    event.preventDefault();
    if (!isOwn || hasFiles) takeFrom(event.dataTransfer, "photo.dropped");
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) event.preventDefault();
    else if (isField(event.target) || lab.state.screen !== "draw") return;
    takeFrom(event.clipboardData, "photo.pasted");
  });

  function takeFrom({ files, types }, how) {
    const [file] = files;
    if (!file) {
      const what = types.includes("text/uri-list") ? "address" : types.includes("text/plain") ? "text" : "nothing";
      lab.notice(say(how, { what: say(`photo.came.${what}`) }));
      return;
    }
    take(lab, file, files.length - 1);
  }
}
