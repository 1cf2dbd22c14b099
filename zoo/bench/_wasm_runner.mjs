// Runs models through LiteRT's web runtime in plain Node, in a process of its own; see _target.py for the conversation.
// XNNPACK inside it is compiled for WebAssembly SIMD, where it does use its sparse kernels. Arguments: the folder of
// @litertjs/core, and the build to load.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

import { converse, listenToLog, loadRuntime, watchInstances } from "./_web_models.mjs";

const [folder, build] = process.argv.slice(2);
const lines = readline.createInterface({ input: process.stdin, crlfDelay: Infinity })[Symbol.asyncIterator]();
const request = JSON.parse((await lines.next()).value);

// Synchronous writes: what was said before a crash has arrived.
const emit = (event, fields = {}) => fs.writeSync(1, JSON.stringify({ event, ...fields }) + "\n");

const place = {
  emit,
  read: async (file) => new Uint8Array(fs.readFileSync(file)),
  write: async (file, bytes) => fs.writeFileSync(path.join(request.folder, file), bytes),
  memory: async () => statusBytes("VmHWM"),
};

function statusBytes(field) {
  try {
    const line = fs.readFileSync("/proc/self/status", "utf8").split("\n").find((one) => one.startsWith(`${field}:`));
    return 1024 * Number(line.split(/\s+/)[1]);
  } catch {
    return null; // not Linux
  }
}

async function* commands() {
  for await (const line of lines) yield JSON.parse(line);
}

// The runtime's loader expects a web worker; these few names are all that it asks for.
globalThis.self = globalThis;
globalThis.importScripts = (address) => {
  const file = new URL(address);
  const name = file.pathname;
  Object.assign(globalThis, { require: createRequire(name), __dirname: path.dirname(name), __filename: name });
  vm.runInThisContext(fs.readFileSync(file, "utf8"), { filename: name });
};

listenToLog((line) => fs.writeSync(2, line + "\n"));
try {
  const seen = request.task === "check" ? watchInstances() : null;
  const runtime = await loadRuntime(pathToFileURL(folder + path.sep).href, build);
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  emit("ready", { version: `@litertjs/core ${version}, ${build} build, on Node ${process.versions.node}` });
  const finished = await converse(runtime, request, place, commands(), seen);
  if (finished) emit("done");
  process.exit(finished ? 0 : 1);
} catch (error) {
  emit("failed", { reason: String(error?.message ?? error).slice(0, 900) });
  process.exit(1);
}
