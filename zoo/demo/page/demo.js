// The page: what a person chooses goes through both models, and is drawn and timed side by side.

import { Camera } from "./camera.js";
import { Told, openModels, read } from "./models.js";
import { chosenPictures, ownPictures } from "./pictures.js";
import { Timing } from "./timing.js";
import { View, part, say, tell, write } from "./view.js";

const FEWEST_TIMED = 30;
const SAY_EVERY_MS = 5000; // of a camera, to those who listen

const still = matchMedia("(prefers-reduced-motion: reduce)");
const timing = new Timing();

let view;
let models = [];
let pictures = [];
let index = 0;
let doing = ""; // "camera" or "timing" while it lasts
let leftFirst = false;

// One job at a time: the newest ends the one before it.

let newest = 0;
let last = Promise.resolve();

/** Runs `job(alive)` once the one before has ended; `alive()` is false as soon as a newer one waits. */
function run(job, what = "") {
  const mine = ++newest;
  const alive = () => mine === newest;
  tell(null);
  last = last.then(async () => {
    if (!alive()) return;
    doing = what;
    update();
    try {
      await job(alive);
    } catch (error) {
      tell(error);
    }
    doing = "";
    update();
  });
}

function stop() {
  newest += 1;
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** Buttons and the name of what is shown, as they fit what is being done. */
function update() {
  const ready = models.length === 2;
  const several = pictures.length > 1;
  for (const name of ["choose", "folder", "camera"]) part[name].disabled = !ready;
  for (const name of ["previous", "next"]) part[name].disabled = !ready || !several || doing === "camera";
  part.time.disabled = !ready || pictures.length === 0 || doing === "camera";
  write("camera", doing === "camera" ? "Stop the camera" : "Camera");
  write("time", doing === "timing" ? "Stop timing" : `Time ${frames()} frames`);
  const picture = pictures[index];
  const shown = picture ? `${index + 1} of ${pictures.length}: ${picture.name}` : "No picture yet";
  write("place", doing === "camera" ? "Camera" : shown);
}

const frames = () => Math.max(FEWEST_TIMED, pictures.length);

// What is run.

/** Both models on the same image; they take turns at being first. */
function look(image) {
  const found = [];
  leftFirst = !leftFirst;
  for (const side of leftFirst ? [0, 1] : [1, 0]) found[side] = models[side].find(image);
  return found;
}

/** Times of the two compare only where both did the same work. */
function count(found) {
  if (found[0].things.length === found[1].things.length) timing.add(found[0].milliseconds, found[1].milliseconds);
  else timing.passed += 1;
}

async function watch(video) {
  for (const model of models) await model.watch(video);
}

async function lookAt(picture) {
  let image;
  try {
    image = await picture.open();
  } catch (error) {
    view.blank(picture.name);
    throw error;
  }
  look(image); // memory is made ready on a first run, which is not counted
  const found = look(image);
  count(found);
  view.show(image, found, picture.name);
  view.showTimes(timing);
  say(view.summary(found, picture.name));
  image.close();
}

async function timeAll(alive) {
  timing.clear();
  const bad = new Set();
  let shown = 0;
  for (let frame = 0; frame < frames() && alive() && bad.size < pictures.length; frame++) {
    index = frame % pictures.length;
    const picture = pictures[index];
    if (bad.has(picture)) continue;
    let image;
    try {
      image = await picture.open();
    } catch (error) {
      bad.add(picture);
      tell(error);
      continue;
    }
    if (shown++ === 0) look(image);
    const found = look(image);
    count(found);
    // Pictures that change many times a second are motion too.
    if (!still.matches || pictures.length === 1 || frame === frames() - 1) view.show(image, found, picture.name);
    view.showTimes(timing);
    image.close();
    update();
    await nextFrame();
  }
  say(`Timed. ${part.about.textContent} ${part.passed.textContent}`);
}

async function watchCamera(camera, alive) {
  let spoken = -SAY_EVERY_MS;
  try {
    timing.clear();
    await watch(true);
    for (let first = true; alive(); await nextFrame()) {
      const image = await camera.frame();
      if (image === null) continue;
      const found = look(image);
      if (!first) count(found);
      first = false;
      view.show(image, found, "the camera");
      view.showTimes(timing);
      image.close();
      if (performance.now() - spoken > SAY_EVERY_MS) {
        spoken = performance.now();
        say(view.summary(found, "Camera"));
      }
    }
  } finally {
    camera.close();
    await watch(false);
  }
}

// What a person does.

function take(chosen, where) {
  if (chosen.length === 0) {
    stop();
    tell(new Told(`There is no picture in ${where}. Choose another.`));
    return;
  }
  pictures = chosen;
  index = 0;
  timing.clear();
  run(() => lookAt(pictures[index]));
}

function go(step) {
  // Times of a row that was just timed stay; so do those of pictures looked at one by one.
  run(() => {
    index = (index + step + pictures.length) % pictures.length;
    update();
    return lookAt(pictures[index]);
  });
}

async function toggleCamera() {
  if (doing === "camera") {
    stop();
    return;
  }
  stop();
  tell(null);
  try {
    const camera = await Camera.open();
    run((alive) => watchCamera(camera, alive), "camera");
  } catch (error) {
    tell(error);
  }
}

function listen() {
  part.choose.addEventListener("click", () => part.files.click());
  part.folder.addEventListener("click", () => part.folder_files.click());
  for (const [input, where] of [[part.files, "what was chosen"], [part.folder_files, "that folder"]]) {
    input.addEventListener("change", () => {
      take(chosenPictures(input.files), where);
      input.value = ""; // the same choice again is a choice too
    });
  }
  part.camera.addEventListener("click", toggleCamera);
  part.previous.addEventListener("click", () => go(-1));
  part.next.addEventListener("click", () => go(1));
  part.time.addEventListener("click", () => (doing === "timing" ? stop() : run(timeAll, "timing")));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    if (models.length === 2) take(chosenPictures(event.dataTransfer.files), "what was dropped");
  });
}

async function start() {
  const contents = await (await read("demo.json")).json();
  view = new View(contents);
  models = await openModels(contents, (text) => write("waiting", text));
  listen();
  part.waiting.hidden = true;
  update();
  if (contents.pictures.length > 0) take(ownPictures(contents.pictures), "this page");
}

start().catch((error) => {
  models = [];
  part.waiting.hidden = true;
  tell(error);
});
