// MediaPipe's own web runtime, end to end on one picture, in the shape that `converse` runs: a model is a face
// detector, a run is one call of `detect`, and the outputs are its detections.
// API: @mediapipe/tasks-vision, vision.d.ts.

import { watchSparseKernels } from "./_web_models.mjs";

const HOW = "counted in MediaPipe's own runtime where it calls XNNPACK's sparse matrix kernel";

/**
 * The runtime from `folder`, which detects on `picture`, the bytes of its file. Where `seen` comes from
 * `watchInstances`, `tellSparse(count, how)` is called after each detector's first run.
 */
export async function loadFaceDetection(folder, picture, seen, tellSparse) {
  const { FaceDetector } = await import(`${folder}vision_bundle.mjs`);
  // Decoded once: a page that has shown a picture has it decoded.
  const image = await createImageBitmap(new Blob([picture])).catch(() => {
    throw new Error("the browser cannot decode the picture; name a PNG, JPEG or WebP file");
  });
  const wasm = {
    wasmLoaderPath: `${folder}wasm/vision_wasm_internal.js`,
    wasmBinaryPath: `${folder}wasm/vision_wasm_internal.wasm`,
  };

  async function loadAndCompile(bytes) {
    const before = seen?.length;
    const detector = await FaceDetector.createFromOptions(wasm, {
      baseOptions: { modelAssetBuffer: bytes, delegate: "CPU" },
      runningMode: "IMAGE",
    });
    // Each detector has a WebAssembly instance of its own.
    const kernels = seen ? watchSparseKernels(seen.slice(before)) : null;
    return new Detection(detector, image, kernels && (() => tellSparse(kernels.calls.size, HOW)));
  }
  return { loadAndCompile };
}

class Detection {
  constructor(detector, image, afterFirst) {
    Object.assign(this, { detector, image, afterFirst });
  }

  getInputDetails() {
    return []; // its input is the picture
  }

  getOutputDetails() {
    return ["boxes", "scores", "keypoints"].map((name) => ({ name }));
  }

  async run() {
    const { detections } = this.detector.detect(this.image);
    this.afterFirst?.();
    this.afterFirst = null;
    if (detections.length === 0) throw new Error("no face was detected on the picture, so nothing was compared");
    const { width, height } = this.image;
    const points = detections[0].keypoints.length;
    return [
      // In shares of the picture's width and height, as the key points come.
      tensor([4], detections, ({ boundingBox: box }) => [
        ...[box.originX / width, box.originY / height, box.width / width, box.height / height],
      ]),
      tensor([], detections, ({ categories }) => [categories[0].score]),
      tensor([points, 2], detections, ({ keypoints }) => keypoints.flatMap(({ x, y }) => [x, y])),
    ];
  }
}

/** A tensor [detections, ...shape] as LiteRT's runtime would give it. */
function tensor(shape, detections, numbers) {
  return {
    type: { dtype: "float32", layout: { dimensions: [detections.length, ...shape] } },
    toTypedArray: () => new Float32Array(detections.flatMap(numbers)),
    delete: () => {},
  };
}
