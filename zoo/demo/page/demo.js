// The page: what a person chooses goes through both models, and is drawn and timed side by side.

import { Camera } from "./camera.js";
import { draw } from "./drawing.js";
import { Told, openModels, read, reason } from "./models.js";
import { chosenPictures, ownPictures } from "./pictures.js";
import { Timing } from "./timing.js";

const FEWEST_TIMED = 30;
const FEWEST_TELLING = 10; // frames below which a ratio is shown, and said to tell little
const SAY_EVERY_MS = 5000; // of a camera, to those who listen

const part = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const still = matchMedia("(prefers-reduced-motion: reduce)");
const timing = new Timing();

let contents;
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
  part.problem.textContent = "";
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

// What is seen and heard.

function tell(error) {
  part.problem.textContent = error instanceof Told ? error.message : `Something failed: ${reason(error)}. Reload the page.`;
}

function update() {
  const ready = models.length === 2;
  const several = pictures.length > 1;
  for (const name of ["choose", "folder", "camera"]) part[name].disabled = !ready;
  for (const name of ["previous", "next"]) part[name].disabled = !ready || !several || doing === "camera";
  part.time.disabled = !ready || pictures.length === 0 || doing === "camera";
  part.camera.textContent = doing === "camera" ? "Stop the camera" : "Camera";
  part.time.textContent = doing === "timing" ? "Stop timing" : `Time ${frames()} frames`;
  const picture = pictures[index];
  if (doing === "camera") part.place.textContent = "Camera";
  else part.place.textContent = picture ? `${index + 1} of ${pictures.length}: ${picture.name}` : "No picture yet";
}

const frames = () => Math.max(FEWEST_TIMED, pictures.length);
const counted = (things) => `${things.length} ${things.length === 1 ? contents.one : contents.many}`;
const ms = (value) => `${value.toFixed(1)} ms`;

function show(image, found, name) {
  contents.sides.forEach((side, number) => {
    const { things, milliseconds } = found[number];
    draw(part[side.name], image, things, { edges: contents.edges, colour: contents.colours[number] });
    part[side.name].setAttribute("aria-label", `${side.heading}: ${counted(things)} on ${name}`);
    part[`${side.name}_found`].textContent = `${counted(things)}, ${ms(milliseconds)}`;
  });
  showTimes();
}

function showTimes() {
  const [left, right] = contents.sides.map(({ heading }) => heading.toLowerCase());
  const all = timing.summary;
  part.ratio.textContent = all ? all.ratio.toFixed(2) : "–";
  const spread = all && all.n > 3 ? `; half of them lie between ${all.low.toFixed(2)} and ${all.high.toFixed(2)}` : "";
  const medians = all ? ` Median times: ${left} ${ms(all.left)}, ${right} ${ms(all.right)}.` : "";
  const n = all ? all.n : 0;
  const few = n < FEWEST_TELLING;
  part.ratio.classList.toggle("few", few);
  part.about.textContent =
    `${right} over ${left}, median of n = ${n} frame${n === 1 ? "" : "s"}${spread}.${medians}` +
    (few ? " That is too few to tell; time more." : "");
  const { passed } = timing;
  part.passed.textContent = passed
    ? `${passed} frame${passed === 1 ? " is" : "s are"} not counted: the two found different numbers of ${contents.many}.`
    : "";
}

function blank(name) {
  for (const side of contents.sides) {
    const canvas = part[side.name];
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    canvas.setAttribute("aria-label", `${side.heading}: nothing, ${name} was not read`);
    part[`${side.name}_found`].textContent = "–";
  }
}

function say(text) {
  part.said.textContent = text;
}

function summary(found, name) {
  const parts = contents.sides.map(
    ({ heading }, side) => `${heading.toLowerCase()} found ${counted(found[side].things)} in ${ms(found[side].milliseconds)}`,
  );
  return `${name}: ${parts.join(", ")}.`;
}

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
    blank(picture.name);
    throw error;
  }
  look(image); // memory is made ready on a first run, which is not counted
  const found = look(image);
  count(found);
  show(image, found, picture.name);
  say(summary(found, picture.name));
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
    if (!still.matches || pictures.length === 1 || frame === frames() - 1) show(image, found, picture.name);
    else showTimes();
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
      show(image, found, "the camera");
      image.close();
      if (performance.now() - spoken > SAY_EVERY_MS) {
        spoken = performance.now();
        say(summary(found, "Camera"));
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
  part.problem.textContent = "";
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
  const progress = (text) => (part.waiting.textContent = text);
  contents = await (await read("demo.json")).json();
  models = await openModels(contents, progress);
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
