// Both models, each in a task of MediaPipe's web runtime of its own. API: @mediapipe/tasks-vision, vision.d.ts.

/** An error whose message is a sentence for the person before the page. */
export class Told extends Error {}

const here = (name) => new URL(name, document.baseURI).href;

/** The first line of what a runtime threw, as part of a sentence. */
export function reason(error) {
  const line = String(error?.message ?? error).split("\n")[0].replace(/^(Uncaught )?\w*Error: /, "");
  return line.slice(0, 300).replace(/[.;\s]+$/, "") || "it failed without a reason";
}

/** A file of this page's folder. Throws Told where it cannot be had. */
export async function read(name) {
  let answer;
  try {
    answer = await fetch(here(name));
  } catch {
    throw new Told(`${name} could not be had: the file server does not answer. Start it again and reload the page.`);
  }
  if (!answer.ok) throw new Told(`${name} is missing on the file server (${answer.status}). Make the page again.`);
  return answer;
}

/** Loads the runtime and opens both models, left first, telling `say` what is being done. */
export async function openModels(contents, say) {
  say("Loading MediaPipe’s web runtime …");
  let bundle;
  try {
    bundle = await import(here("runtime/vision_bundle.js"));
  } catch (error) {
    throw new Told(`MediaPipe’s web runtime does not load (${reason(error)}). Make the page again.`);
  }
  const models = [];
  // One after the other: the runtime's loader leaves its factory in a global.
  for (const side of contents.sides) {
    say(`Opening the model: ${side.heading.toLowerCase()} …`);
    models.push(await Model.open(bundle, contents, side));
  }
  return models;
}

class Model {
  #task;
  #side;
  #video = false;
  #clock = 0;

  static async open(bundle, contents, side) {
    const model = new Model();
    model.#side = side;
    const bytes = new Uint8Array(await (await read(side.file)).arrayBuffer());
    const wasm = {
      wasmLoaderPath: here("runtime/vision_wasm_internal.js"),
      wasmBinaryPath: here("runtime/vision_wasm_internal.wasm"),
    };
    const { threshold } = contents;
    const limit = (name) => (threshold === null ? {} : { [name]: threshold });
    const more = {
      FaceDetector: limit("minDetectionConfidence"),
      HandLandmarker: { numHands: 2, ...limit("minHandDetectionConfidence") },
      PoseLandmarker: limit("minPoseDetectionConfidence"),
    };
    const options = {
      baseOptions: { modelAssetBuffer: bytes, delegate: "CPU" },
      runningMode: "IMAGE",
      ...more[contents.task],
    };
    try {
      model.#task = await bundle[contents.task].createFromOptions(wasm, options);
      // A file of another task may open, and fail only when it is run.
      model.find(new ImageData(64, 64));
    } catch (error) {
      throw new Told(
        `The ${side.heading.toLowerCase()} model (${side.file}) does not load in MediaPipe’s ${contents.task}: ` +
          `${reason(error)}. Make the page again with a file of this task.`,
      );
    }
    return model;
  }

  /** Takes frames of a video from now on, or pictures that have nothing to do with one another. */
  async watch(video) {
    if (video === this.#video) return;
    await this.#task.setOptions({ runningMode: video ? "VIDEO" : "IMAGE" });
    this.#video = video;
  }

  /** What is on the image, in shares of its width and height, and the milliseconds that it took. */
  find(image) {
    const start = performance.now();
    // Rising by a millisecond at least, as the runtime demands.
    this.#clock = Math.max(this.#clock + 1, Math.round(start));
    let result;
    try {
      result = this.#video ? this.#task.detectForVideo(image, this.#clock) : this.#task.detect(image);
    } catch (error) {
      throw new Told(`The ${this.#side.heading.toLowerCase()} model does not run: ${reason(error)}. Reload the page.`);
    }
    const milliseconds = performance.now() - start;
    return { milliseconds, things: [...boxes(result, image), ...figures(result)] };
  }
}

function boxes({ detections = [] }, { width, height }) {
  return detections.map(({ boundingBox: box, categories, keypoints }) => ({
    box: [box.originX / width, box.originY / height, box.width / width, box.height / height],
    points: keypoints.map(({ x, y }) => [x, y]),
    label: categories[0].score.toFixed(2),
  }));
}

function figures({ landmarks = [], handedness = [] }) {
  return landmarks.map((points, number) => ({
    box: null,
    points: points.map(({ x, y }) => [x, y]),
    label: handedness[number]?.[0].categoryName ?? "",
  }));
}
