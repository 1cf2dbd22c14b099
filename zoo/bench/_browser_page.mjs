// The page's side of the browser targets: one runtime, loaded as any page loads it, and the conversation of _target.py.

import { converse, listenToLog, loadRuntime, watchInstances } from "./_web_models.mjs";

let runtime;
let seen = null;
let atWork; // the model

// Through DevTools, at once: what was said before a crash has arrived.
const say = (message) => globalThis.zoo(JSON.stringify(message));

async function ask(address, options = {}) {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(`${address} could not be had: ${await answer.text()}`);
  return answer;
}

const read = async (file) => new Uint8Array(await (await ask(`file?path=${encodeURIComponent(file)}`)).arrayBuffer());

function emit(event, fields = {}) {
  if (event === "begin") atWork = fields.model;
  say({ event, ...fields });
}

const place = {
  emit,
  read,
  write: (name, bytes) => ask(`output?name=${encodeURIComponent(name)}`, { method: "POST", body: bytes }),
  memory: async () => (await ask("memory")).json(),
};

async function* commands() {
  for (;;) {
    const answer = await ask("command");
    if (answer.status === 204) return;
    yield await answer.json();
  }
}

/** Loads the runtime. Gives the clock's step in microseconds. */
export async function start({ request, runtime: kind, build, threads }) {
  listenToLog((line) => say({ log: line }));
  if (!crossOriginIsolated) throw new Error("the page is not cross-origin isolated, so its clock is too coarse");
  if (threads > navigator.hardwareConcurrency) {
    throw new Error(`${threads} threads were asked for where the browser offers ${navigator.hardwareConcurrency}`);
  }
  if (request.task === "check") seen = watchInstances();
  const folder = new URL("package/", document.baseURI).href;
  if (kind === "litert") {
    runtime = await loadRuntime(folder, build);
  } else {
    const { loadFaceDetection } = await import("./_browser_tasks.mjs");
    const tellSparse = (sparse, how) => emit("kernels", { model: atWork, sparse, how });
    runtime = await loadFaceDetection(folder, await read(request.picture), seen, tellSparse);
    seen = null; // each detector is watched by itself
  }
  return { clockUs: clockStepUs() };
}

/** Answers the request; whether it came to its end. */
export const answer = (request) => converse(runtime, request, place, commands(), seen);

function clockStepUs() {
  let least = Infinity;
  for (let tries = 0; tries < 100; tries++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    least = Math.min(least, now - start);
  }
  return Math.round(1e3 * least);
}
