// Runs models through LiteRT's web runtime in plain Node, in a process of its own; see _protocol.py for what it reads
// and writes. XNNPACK inside it is compiled for WebAssembly SIMD, where it does use its sparse kernels.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

const request = JSON.parse(fs.readFileSync(0, "utf8"));
const ARRAYS = { float32: Float32Array, int32: Int32Array, int8: Int8Array, uint8: Uint8Array };

let complaint = null; // the first line that the runtime logged at ERROR level

// Synchronous writes: what was said before a crash has arrived.
function emit(event, fields = {}) {
  fs.writeSync(1, JSON.stringify({ event, ...fields }) + "\n");
}

// Whatever goes wrong from here on is this model's doing.
function begin(model, doing) {
  emit("begin", { model, doing });
}

// The runtime logs every level through console.error and some of its failures nowhere else.
function listenToLog() {
  for (const level of ["log", "info", "warn", "error", "debug"]) {
    console[level] = (...words) => {
      const line = words.map(String).join(" ");
      if (line.startsWith("ERROR:")) complaint ??= line;
      fs.writeSync(2, line.slice(0, 2000) + "\n");
    };
  }
}

function failOnComplaint() {
  if (complaint !== null) throw new Error(`the runtime logged "${complaint.slice(0, 300)}"`);
}

// The runtime's loader expects a web worker; these few names are all that it asks for.
async function loadRuntime() {
  globalThis.self = globalThis;
  globalThis.importScripts = (file) => {
    Object.assign(globalThis, { require: createRequire(file), __dirname: path.dirname(file), __filename: file });
    vm.runInThisContext(fs.readFileSync(file, "utf8"), { filename: file });
  };
  const runtime = await import(pathToFileURL(path.join(request.package, "dist", "index.js")).href);
  await runtime.loadLiteRt(path.join(request.package, "wasm"), { threads: false });
  return runtime;
}

async function load(runtime, model) {
  begin(model.name, "load");
  const bytes = new Uint8Array(fs.readFileSync(model.path));
  const compiled = await runtime.loadAndCompile(bytes, { accelerator: "wasm" });
  // Shapes tell inputs apart; the order of a signature may differ from the graph's.
  const wanted = [...model.inputs];
  const inputs = compiled.getInputDetails().map((details) => {
    const place = wanted.findIndex((tensor) => tensor.shape.join() === [...details.shape].join());
    if (place < 0) throw new Error(`input '${details.name}' has shape [${[...details.shape]}], which is not expected`);
    const [tensor] = wanted.splice(place, 1);
    const file = fs.readFileSync(path.join(model.inputs_folder, tensor.file));
    const values = new ARRAYS[tensor.dtype](new Uint8Array(file).buffer);
    return new runtime.Tensor(values, tensor.shape);
  });
  failOnComplaint();
  return { compiled, inputs };
}

async function runMs({ compiled, inputs }) {
  const start = process.hrtime.bigint();
  const outputs = await compiled.run(inputs);
  const end = process.hrtime.bigint();
  for (const output of outputs) output.delete();
  return Number(end - start) / 1e6;
}

async function answer(position, { compiled, inputs }) {
  const model = request.models[position].name;
  begin(model, "output check");
  const tensors = await compiled.run(inputs);
  const details = compiled.getOutputDetails();
  const outputs = tensors.map((tensor, index) => {
    const values = tensor.toTypedArray();
    const file = `output-${position}-${index}.bin`;
    fs.writeFileSync(path.join(request.folder, file), Buffer.from(values.buffer, values.byteOffset, values.byteLength));
    return { name: details[index].name, shape: [...tensor.type.layout.dimensions], dtype: tensor.type.dtype, file };
  });
  for (const tensor of tensors) tensor.delete();
  failOnComplaint();
  emit("outputs", { model, inputs: [], outputs });
}

async function warmUp(loaded) {
  const taken = [];
  let total = 0;
  const [leastMs, mostMs] = [1e3 * request.least_warm_up_seconds, 1e3 * request.most_warm_up_seconds];
  while (total < leastMs || (taken.length < request.warm_up_runs && total < mostMs)) {
    taken.push(await runMs(loaded));
    total += taken.at(-1);
  }
  const later = taken.slice(taken.length >> 1).sort((a, b) => a - b);
  return later[later.length >> 1];
}

// Every model once a round, each round beginning one model later, so that neighbours in time are paired.
async function runBlock(loaded, { index, order }, rounds) {
  const taken = new Map(order.map((name) => [name, []]));
  for (let turn = 0; turn < rounds; turn++) {
    const at = turn % order.length;
    for (const name of [...order.slice(at), ...order.slice(0, at)]) {
      begin(name, "block");
      taken.get(name).push(await runMs(loaded.get(name)));
      failOnComplaint();
    }
  }
  for (const [model, ms] of taken) emit("timed", { model, block: index, ms });
}

async function runBlocks(runtime) {
  const loaded = new Map();
  for (const model of request.models) loaded.set(model.name, await load(runtime, model));
  let blockMs = 0;
  for (const [name, model] of loaded) {
    begin(name, "warm-up");
    blockMs += await warmUp(model);
    failOnComplaint();
  }
  const totalMs = Math.max(blockMs * request.blocks.length, 1e-6);
  const fitting = Math.floor((1e3 * request.block_seconds) / totalMs);
  const rounds = Math.max(1, Math.min(request.most_rounds, fitting));
  for (const block of request.blocks) {
    await runBlock(loaded, block, rounds);
  }
  let position = 0;
  for (const model of loaded.values()) await answer(position++, model);
}

listenToLog();
try {
  const runtime = await loadRuntime();
  const { version } = JSON.parse(fs.readFileSync(path.join(request.package, "package.json"), "utf8"));
  emit("ready", { version: `@litertjs/core ${version} on Node ${process.versions.node}` });
  if (request.task === "time") {
    await runBlocks(runtime);
  } else {
    for (const [position, model] of request.models.entries()) await answer(position, await load(runtime, model));
  }
  emit("done");
  process.exit(0);
} catch (error) {
  emit("failed", { reason: String(error?.message ?? error).slice(0, 900) });
  process.exit(1);
}
