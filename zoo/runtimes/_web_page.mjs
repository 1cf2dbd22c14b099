// The page's side of _web_runner.mjs. API: @mediapipe/tasks-vision, vision.d.ts.

const FRAME_MS = 33;

let bundle;
let task;
let job;
let clock = 0;

async function read(file) {
  const answer = await fetch(`file?path=${encodeURIComponent(file)}`);
  if (!answer.ok) throw new Error(`${file} could not be had: ${await answer.text()}`);
  return answer;
}

/** Loads the runtime. */
export async function load(asked) {
  job = asked;
  bundle = await import(new URL("package/vision_bundle.mjs", document.baseURI).href);
}

/** Opens the job's model as its task. */
export async function open() {
  const folder = new URL("package/wasm/", document.baseURI).href;
  const wasm = {
    wasmLoaderPath: `${folder}vision_wasm_internal.js`,
    wasmBinaryPath: `${folder}vision_wasm_internal.wasm`,
  };
  const more = { FaceDetector: {}, HandLandmarker: { numHands: 2 }, PoseLandmarker: { outputSegmentationMasks: true } };
  const bytes = new Uint8Array(await (await read(job.model)).arrayBuffer());
  task = await bundle[job.task].createFromOptions(wasm, {
    baseOptions: { modelAssetBuffer: bytes, delegate: "CPU" },
    runningMode: job.method === "detectForVideo" ? "VIDEO" : "IMAGE",
    ...more[job.task],
  });
}

/** What the task finds on a picture, in a video on the last of some equal frames. */
export async function find(file) {
  const plain = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const image = await createImageBitmap(await (await read(file)).blob(), plain);
  const video = job.method === "detectForVideo";
  let result;
  let milliseconds;
  for (let frame = 0; frame < (video ? job.frames : 1); frame++) {
    clock += FRAME_MS;
    const start = performance.now();
    result = video ? task.detectForVideo(image, clock) : task.detect(image);
    milliseconds = performance.now() - start;
  }
  return { detections: detections(result, image), figures: figures(result), milliseconds };
}

function detections({ detections: found = [] }, { width, height }) {
  return found.map(({ boundingBox: box, categories, keypoints }) => [
    ...[categories[0].score, box.originX / width, box.originY / height],
    ...[(box.originX + box.width) / width, (box.originY + box.height) / height],
    ...keypoints.flatMap(({ x, y }) => [x, y]),
  ]);
}

function figures({ landmarks = [], worldLandmarks = [], handedness = [], segmentationMasks = [] }) {
  const numbers = ({ x, y, z }) => [x, y, z];
  return landmarks.map((points, number) => ({
    points: points.map(numbers),
    world: worldLandmarks[number].map(numbers),
    label: handedness[number]?.[0].categoryName ?? "",
    mask: segmentationMasks[number] ? mask(segmentationMasks[number]) : "",
  }));
}

/** One byte for each of mask_side x mask_side places of the picture, in base64. */
function mask(image) {
  const { width, height } = image;
  const values = image.getAsFloat32Array();
  const side = job.mask_side;
  const at = (place, length) => Math.round((place * (length - 1)) / (side - 1));
  let text = "";
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const value = values[at(row, height) * width + at(column, width)];
      text += String.fromCharCode(Math.min(255, Math.max(0, Math.round(255 * value))));
    }
  }
  return btoa(text);
}
