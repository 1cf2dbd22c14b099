// The bridge between bench and a page in headless Chromium; see _target.py for the conversation. It starts the browser,
// serves it the page, and passes on what either says. Its one argument is a JSON object:
//   chromium  the browser's program
//   runtime   "litert" or "tasks"
//   package   the folder of the runtime's npm package
//   build     for "litert": which of its builds to load
//   python    for "tasks": the program that makes its models ready
//   picture   for "tasks": what to detect on where the request names none

import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

import { Chromium, Page } from "../bridges/_chromium.mjs";
import { servePage } from "../bridges/_page_server.mjs";
import { readyForTasks } from "./_tasks_models.mjs";
import { BUILDS } from "./_web_models.mjs";

const PAGES = ["_browser_page.html", "_browser_page.mjs", "_browser_tasks.mjs", "_web_models.mjs"];
const HERE = path.dirname(fileURLToPath(import.meta.url));

const options = JSON.parse(process.argv[2]);
const emit = (event, fields = {}) => write(1, JSON.stringify({ event, ...fields }));

let browser = null;
let server = null;
let stopping = false;

function write(stream, line) {
  try {
    fs.writeSync(stream, `${line}\n`);
  } catch {
    stop(1); // nobody listens any more
  }
}

async function stop(code) {
  if (stopping) return;
  stopping = true;
  server?.close();
  await browser?.close();
  process.exit(code);
}

const input = readline.createInterface({ input: process.stdin, crlfDelay: Infinity });
const lines = input[Symbol.asyncIterator]();
input.once("close", () => stop(1));
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => stop(1));

function hear(text) {
  if (stopping) return;
  const { log, event, ...fields } = JSON.parse(text);
  if (log !== undefined) write(2, log);
  else emit(event, fields);
}

// The page's tab is the one that holds the runtime, so the largest. Linux counts its highest memory anew when told to.
let tab = null;
async function memory() {
  try {
    if (tab !== null) return String(statusBytes(tab, "VmHWM"));
    const sizes = (await browser.tabProcesses()).map((id) => ({ id, bytes: statusBytes(id, "VmRSS") }));
    const largest = sizes.reduce((one, other) => (other.bytes > one.bytes ? other : one));
    fs.writeFileSync(`/proc/${largest.id}/clear_refs`, "5");
    tab = largest.id;
    return String(largest.bytes);
  } catch {
    return "null"; // not Linux, or a sandbox that keeps this from us
  }
}

function statusBytes(id, field) {
  const text = fs.readFileSync(`/proc/${id}/status`, "utf8");
  return 1024 * Number(text.match(new RegExp(`^${field}:\\s+(\\d+)`, "m"))[1]);
}

async function command() {
  const { value, done } = await lines.next();
  return done ? null : value;
}

async function serve(request) {
  const tensors = request.models.flatMap((model) => model.inputs.map(({ file }) => `${model.inputs_folder}/${file}`));
  const files = [...request.models.map((model) => model.path), ...tensors, request.picture];
  const pages = new Map(PAGES.map((name) => [name, path.join(HERE, name)]));
  const readable = new Set(files);
  const answers = { memory, command };
  return servePage({ pages, packageFolder: options.package, answers, readable, folder: request.folder });
}

const first = await lines.next();
try {
  const asked = JSON.parse(first.value);
  const ready = options.runtime === "tasks" ? readyForTasks(asked, options) : { request: asked, about: [] };
  const { request, about, refusal } = ready;
  server = await serve(request);
  browser = new Chromium(options.chromium, request.folder);
  const version = await browser.version();
  const page = await Page.open(browser, `${server.address}_browser_page.html`, hear);
  const module = `import("${server.address}_browser_page.mjs")`;
  const call = (name, given) => page.evaluate(`${module}.then((page) => page.${name}(${JSON.stringify(given)}))`);
  const { clockUs } = await call("start", { request, threads: request.threads, ...options });
  const { name, version: packaged } = JSON.parse(fs.readFileSync(path.join(options.package, "package.json"), "utf8"));
  const build = options.runtime === "litert" ? `, ${options.build} build (${BUILDS[options.build].file})` : "";
  about.push(`The page is cross-origin isolated; its clock has steps of ${clockUs} microseconds.`);
  emit("ready", { version: `${version}, ${name} ${packaged}${build}`, about: about.join(" ") });
  if (refusal) {
    emit("begin", { model: refusal.model, doing: "load" });
    throw new Error(refusal.reason);
  }
  const finished = await call("answer", request);
  if (finished && !stopping) emit("done");
  await stop(finished ? 0 : 1);
} catch (error) {
  // What the page throws comes with its stack; the first line says it.
  const reason = String(error?.message ?? error).split("\n")[0].replace(/^(Uncaught )?\w*Error: /, "");
  if (!stopping) emit("failed", { reason: reason.slice(0, 900) || "the runner failed without a reason" });
  await stop(1);
}
