// The camera, and in a sentence why there is none.

import { Told } from "./models.js";

const INSTEAD = "Choose a picture instead";
const SENTENCES = {
  NotFoundError: `This machine has no camera. ${INSTEAD}, or connect one and try again.`,
  OverconstrainedError: `This machine has no camera. ${INSTEAD}, or connect one and try again.`,
  NotAllowedError: `The camera was refused. ${INSTEAD}, or allow the camera for this page in the browser’s settings.`,
  NotReadableError: `The camera is in use by another program, or does not answer. ${INSTEAD}, or free it and try again.`,
};

export class Camera {
  #video = document.createElement("video");
  #stream = null;
  ended = false; // the camera was taken away

  /** Asks for a camera. Throws Told where there is none, or it may not be used. */
  static async open() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Told(`The browser gives no camera to a page that comes over plain HTTP from another machine. ${INSTEAD}.`);
    }
    const camera = new Camera();
    try {
      const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
      camera.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      Object.assign(camera.#video, { muted: true, playsInline: true, srcObject: camera.#stream });
      await camera.#video.play();
    } catch (error) {
      camera.close();
      throw new Told(SENTENCES[error.name] ?? `The camera cannot be used (${error.name}). ${INSTEAD}.`);
    }
    for (const track of camera.#stream.getTracks()) track.addEventListener("ended", () => (camera.ended = true));
    return camera;
  }

  /** The present frame, the same pixels for both sides; null before there is one. */
  async frame() {
    if (this.ended) throw new Told(`The camera is gone. ${INSTEAD}, or connect it and try again.`);
    return this.#video.videoWidth > 0 ? createImageBitmap(this.#video) : null;
  }

  close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#video.srcObject = null;
  }
}
