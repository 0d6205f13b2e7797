// A picture by button, drop or paste: sent to the server, which reads it and keeps nothing.

import * as api from "./api.js";
import { button, h } from "./dom.js";
import { count } from "./numbers.js";

const MOST_BYTES = 64_000_000; // as the gate takes
const MOST_KEPT = 20;

// What this page has read, by number; a reload forgets it.
const photos = new Map();
let newest = 0;

export const photoOf = (number) => photos.get(Number(number)) ?? null;
export const forgetPhotos = () => photos.clear();

// Reads a file and shows it, or why it cannot be read, on the screen Draw.
async function take(lab, file, others = 0) {
  if (api.isStatic) return lab.notice(`A picture is read by the lab itself. ${api.RUN_IT}`);
  const number = (newest += 1);
  lab.notice(`Reading ${file.name} …`, true);
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
  const alone = others ? `One picture at a time: of ${others + 1} files ` : "";
  const read = networks[network.id];
  const isDoubted = doubts.length + read.doubts.length > 0;
  return `${alone}${name} is read as ${read.text}${isDoubted ? ", with doubt: it stands below the answer" : ""}.`;
}

// All of it before it is sent: a file that goes away on the way would look like a server that does.
async function bytesOf(file) {
  if (file.size > MOST_BYTES) {
    throw new api.LabError(`${file.name} has ${count(file.size)} bytes, at most ${count(MOST_BYTES)} are read: scale it down.`);
  }
  try {
    return await file.arrayBuffer();
  } catch {
    throw new api.LabError(`${file.name} cannot be read: it was moved, changed, or is a folder; choose the picture again.`);
  }
}

const HELP = "Reads a picture from a file, or on a phone from the camera. A picture that is dropped or pasted anywhere on the page is read as well.";

// The button; on a phone it offers the camera as well.
export function photoButton(lab) {
  const input = h("input", { type: "file", accept: "image/*", hidden: true, help: HELP, onchange: () => {
    const [file] = input.files;
    if (file) take(lab, file);
    input.value = ""; // the same file may be chosen again
  } });
  const open = button("Picture…", HELP, () => input.click());
  return [open, input];
}

// ---- drop and paste, anywhere on the page: else a browser leaves it for the picture ----

const isField = (target) => Boolean(target.closest?.("input:not([type=checkbox], [type=radio]), textarea"));

export function takePictures(lab) {
  let isOwn = false; // something of this page is dragged
  const mark = (on) => document.documentElement.toggleAttribute("data-dropping", on);
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
    if (!isOwn || hasFiles) takeFrom(event.dataTransfer, "dropped");
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) event.preventDefault();
    else if (isField(event.target) || lab.state.screen !== "draw") return;
    takeFrom(event.clipboardData, "pasted");
  });

  function takeFrom({ files, types }, how) {
    const [file] = files;
    if (!file) {
      const what = types.includes("text/uri-list") ? "an address" : types.includes("text/plain") ? "text" : "nothing that is one";
      lab.notice(`A picture is needed, but what was ${how} is ${what}: save the picture as a file and drop that, or copy the picture itself and paste it.`);
      return;
    }
    take(lab, file, files.length - 1);
  }
}
