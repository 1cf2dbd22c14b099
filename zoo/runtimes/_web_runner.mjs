// Runs one of MediaPipe's web Tasks in a page of headless Chromium; started by zoo/runtimes/_web.py with a job as JSON.
// It writes JSON lines: {"ready": true}, then for each picture a finding (zoo/runtimes/_finding.py), or once
// {"fault": "model" | "run" | "runtime", "message": ...}, after which it ends.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Chromium, Page } from "../bridges/_chromium.mjs";
import { servePage } from "../bridges/_page_server.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const PAGES = ["_web_page.html", "_web_page.mjs"];

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const answer = (fields) => fs.writeSync(1, `${JSON.stringify(fields)}\n`);

let browser = null;
let server = null;
let fault = "runtime";

try {
  const pages = new Map(PAGES.map((name) => [name, path.join(HERE, name)]));
  const readable = new Set([job.model, ...job.pictures]);
  server = await servePage({ pages, packageFolder: job.package, answers: {}, readable, folder: job.folder });
  browser = new Chromium(job.chromium, job.folder);
  await browser.version();
  const page = await Page.open(browser, `${server.address}_web_page.html`, () => {});
  const call = (name, given) =>
    page.evaluate(`import("${server.address}_web_page.mjs").then((page) => page.${name}(${JSON.stringify(given)}))`);
  await call("load", job);
  fault = "model";
  await call("open", job);
  answer({ ready: true });
  fault = "run";
  for (const picture of job.pictures) answer(await call("find", picture));
} catch (error) {
  // What the page throws comes with its stack; the first line says it.
  const message = String(error?.message ?? error).split("\n")[0].replace(/^(Uncaught )?\w*Error: /, "");
  answer({ fault, message: message.slice(0, 900) || "it failed without a reason" });
}
server?.close();
await browser?.close();
process.exit(0);
