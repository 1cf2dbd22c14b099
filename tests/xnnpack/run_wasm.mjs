// Runs pairs of models through LiteRT's web runtime and tells how their outputs differ and which sparse kernels ran.
// Arguments: the folder of @litertjs/core, then FILE,TWIN pairs. Writes one JSON line a pair: `difference` is the
// largest between outputs, `spread` the twin's largest output less its smallest, `complaints` what was logged as an
// error, and `kernels` the calls of XNNPACK's sparse matrix kernel while FILE ran: see sparse_kernels.mjs.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

import { watchInstances, watchSparseKernels } from "./sparse_kernels.mjs";

const [folder, ...pairs] = process.argv.slice(2);
const complaints = [];
for (const level of ["log", "info", "warn", "error", "debug"]) {
  console[level] = (...words) => {
    const line = words.map(String).join(" ");
    if (line.startsWith("ERROR:")) complaints.push(line);
  };
}

globalThis.self = globalThis;
globalThis.importScripts = (file) => {
  Object.assign(globalThis, { require: createRequire(file), __dirname: path.dirname(file), __filename: file });
  vm.runInThisContext(fs.readFileSync(file, "utf8"), { filename: file });
};
const instances = watchInstances();
const runtime = await import(pathToFileURL(path.join(folder, "dist", "index.js")).href);
await runtime.loadLiteRt(path.join(folder, "wasm"), { threads: false });
const sparse = watchSparseKernels(instances);

function input(details) {
  const shape = [...details.shape];
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(12.9898 * (i + 1));
  return new runtime.Tensor(values, shape);
}

async function outputs(file) {
  const model = await runtime.loadAndCompile(new Uint8Array(fs.readFileSync(file)), { accelerator: "wasm" });
  sparse.calls.length = 0;
  const tensors = await model.run(model.getInputDetails().map(input));
  return { values: tensors.map((tensor) => Float32Array.from(tensor.toTypedArray())), kernels: [...sparse.calls] };
}

for (const pair of pairs) {
  complaints.length = 0;
  try {
    const [ours, twins] = [await outputs(pair.split(",")[0]), await outputs(pair.split(",")[1])];
    let [difference, least, most] = [0, Infinity, -Infinity];
    twins.values.forEach((output, i) => output.forEach((value, j) => {
      difference = Math.max(difference, Math.abs(value - ours.values[i][j]));
      [least, most] = [Math.min(least, value), Math.max(most, value)];
    }));
    const told = { difference, spread: most - least, complaints: complaints.slice(0, 3), kernels: ours.kernels };
    fs.writeSync(1, JSON.stringify({ ...told, twin_kernels: twins.kernels.length }) + "\n");
  } catch (error) {
    fs.writeSync(1, JSON.stringify({ failed: String(error), complaints: complaints.slice(0, 3) }) + "\n");
  }
}
process.exit(0);
