// Runs pairs of models through LiteRT's web runtime and tells how their outputs differ and which sparse kernels ran.
// Arguments: the folder of @litertjs/core, then FILE,TWIN pairs. Writes one JSON line a pair: `difference` is the
// largest between outputs, `spread` the twin's largest output less its smallest, of those that are finite,
// `complaints` what was logged as an error, and `kernels` how many convolutions ran on XNNPACK's sparse matrix kernel
// while FILE ran: see zoo/bench/_web_models.mjs. The twin goes first; what it complains of is in `twin_complaints`. It stops after the first
// pair that is not alike or fails (`failed`): kernels that misread their input also write where they should not.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

import { watchInstances, watchSparseKernels } from "../../zoo/bench/_web_models.mjs";

const ALIKE = 1e-5;
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
const seen = watchInstances();
const runtime = await import(pathToFileURL(path.join(folder, "dist", "index.js")).href);
await runtime.loadLiteRt(path.join(folder, "wasm"), { threads: false });
const sparse = watchSparseKernels(seen);

function input(details) {
  const shape = [...details.shape];
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(12.9898 * (i + 1));
  return new runtime.Tensor(values, shape);
}

async function outputs(file) {
  const model = await runtime.loadAndCompile(new Uint8Array(fs.readFileSync(file)), { accelerator: "wasm" });
  sparse.calls.clear();
  const tensors = await model.run(model.getInputDetails().map(input));
  return { values: tensors.map((tensor) => Float32Array.from(tensor.toTypedArray())), kernels: sparse.calls.size };
}

for (const pair of pairs) {
  complaints.length = 0;
  let twinComplaints = [];
  try {
    const twins = await outputs(pair.split(",")[1]);
    twinComplaints = complaints.splice(0);
    const ours = await outputs(pair.split(",")[0]);
    let [difference, least, most] = [0, Infinity, -Infinity];
    twins.values.forEach((output, i) => output.forEach((value, j) => {
      const other = ours.values[i][j];
      if (Object.is(value, other)) return;
      // A number beside none is as far off as can be; JSON has no infinity.
      const apart = Math.abs(value - other);
      difference = Math.max(difference, Number.isFinite(apart) ? apart : Number.MAX_VALUE);
    }));
    for (const value of twins.values.flatMap((output) => [...output]).filter(Number.isFinite)) {
      [least, most] = [Math.min(least, value), Math.max(most, value)];
    }
    const told = { difference, spread: Math.max(most - least, 0), complaints: complaints.slice(0, 3), kernels: ours.kernels };
    Object.assign(told, { twin_complaints: twinComplaints.slice(0, 3), twin_kernels: twins.kernels });
    fs.writeSync(1, JSON.stringify(told) + "\n");
    if (complaints.length || difference > ALIKE * Math.max(told.spread, 1)) break;
  } catch (error) {
    fs.writeSync(1, JSON.stringify({ failed: String(error), complaints, twin_complaints: twinComplaints }) + "\n");
    break;
  }
}
process.exit(0);
