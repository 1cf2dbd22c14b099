// Runs pairs of models through LiteRT's web runtime and tells how their outputs differ.
// Arguments: the folder of @litertjs/core, then FILE,TWIN pairs. Writes one JSON line a pair.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

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
const runtime = await import(pathToFileURL(path.join(folder, "dist", "index.js")).href);
await runtime.loadLiteRt(path.join(folder, "wasm"), { threads: false });

function input(details) {
  const shape = [...details.shape];
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(12.9898 * (i + 1));
  return new runtime.Tensor(values, shape);
}

async function outputs(file) {
  const model = await runtime.loadAndCompile(new Uint8Array(fs.readFileSync(file)), { accelerator: "wasm" });
  const tensors = await model.run(model.getInputDetails().map(input));
  return tensors.map((tensor) => Float32Array.from(tensor.toTypedArray()));
}

for (const pair of pairs) {
  complaints.length = 0;
  const [ours, twins] = [await outputs(pair.split(",")[0]), await outputs(pair.split(",")[1])];
  let difference = 0;
  ours.forEach((output, i) => output.forEach((value, j) => {
    difference = Math.max(difference, Math.abs(value - twins[i][j]));
  }));
  fs.writeSync(1, JSON.stringify({ difference, complaints: complaints.slice(0, 3) }) + "\n");
}
process.exit(0);
