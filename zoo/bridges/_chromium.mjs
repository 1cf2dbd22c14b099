// A headless Chromium that this process starts, drives and ends.
//
// It is driven over a pair of pipes (the DevTools protocol over --remote-debugging-pipe), so no port is open and no one
// else can drive it; and Chromium ends by itself when the pipe closes, even if this process is killed.
// Protocol: https://chromedevtools.github.io/devtools-protocol/

import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const START_MS = 60_000;
const END_MS = 3_000;
const MOST_MESSAGE_BYTES = 16 << 20;
const KEPT_STDERR_BYTES = 4_000;

const FLAGS = [
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-dev-shm-usage", // containers give it too little room, and a tab without room crashes
  "--disable-extensions",
  "--disable-breakpad",
  "--disable-sync",
  "--no-first-run",
  "--no-default-browser-check",
  "--password-store=basic",
  "--use-mock-keychain",
  // One tab is all that runs: no second one is kept ready beside it.
  "--disable-features=SpareRendererForSitePerProcess,Translate,OptimizationHints,MediaRouter",
  // Nothing but this machine is reached, whatever a page or the browser itself asks for.
  "--no-proxy-server",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

export class Chromium {
  #process;
  #folders;
  #exit;
  #ended = null; // why no more answers will come
  #number = 0;
  #pending = new Map();
  #listeners = [];
  #complaint = "";

  /** Starts `program` with a new profile below `parent`, and with `more` of its switches. */
  constructor(program, parent, more = []) {
    const profile = fs.mkdtempSync(path.join(parent, "chromium-"));
    // Its socket lies in its temporary folder, and a socket's path has little room: `parent` may lie too deep.
    const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "zoo-"));
    this.#folders = [profile, temporary];
    // Chromium refuses its sandbox to root.
    const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    const own = [`--user-data-dir=${profile}`, "--remote-debugging-pipe", "about:blank"];
    const env = { ...process.env, TMPDIR: temporary, XDG_CONFIG_HOME: path.join(profile, "config") };
    const stdio = ["ignore", "ignore", "pipe", "pipe", "pipe"];
    this.#process = spawn(program, [...FLAGS, ...sandbox, ...more, ...own], { stdio, env });
    this.#exit = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve(`did not start (${error.code ?? error.message})`));
      this.#process.once("exit", (code, signal) => resolve(`ended ${signal ? `by ${signal}` : `with status ${code}`}`));
    });
    this.#exit.then((how) => this.#end(`Chromium ${how}${this.#lastWords()}`));
    const [, , stderr, down, up] = this.#process.stdio;
    stderr?.on("data", (bytes) => (this.#complaint = (this.#complaint + bytes).slice(-KEPT_STDERR_BYTES)));
    for (const pipe of [down, up]) pipe?.on("error", () => {}); // it has ended, and `exit` says how
    up?.on("data", messageReader((text) => this.#take(text), () => this.#process.kill("SIGKILL")));
  }

  /** Asks for a method of the protocol; `session` is a tab's, without one the browser's own. */
  send(method, params = {}, session = undefined) {
    if (this.#ended !== null) return Promise.reject(new Error(this.#ended));
    const id = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, method });
      this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
    });
  }

  /** Calls `listener({ method, params, sessionId })` for every event from now on. */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** The browser's name and version, once it answers. */
  async version() {
    const late = () => this.#end(`Chromium gave no sign for ${START_MS / 1000} s after its start${this.#lastWords()}`);
    const timer = setTimeout(late, START_MS);
    try {
      const { product } = await this.send("Browser.getVersion");
      return product.replace(/^(Headless)?Chrome\//, "Chromium ");
    } finally {
      clearTimeout(timer);
    }
  }

  /** Process numbers of all tabs. */
  async tabProcesses() {
    const { processInfo } = await this.send("SystemInfo.getProcessInfo");
    return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  }

  /** Ends the browser and removes all that it wrote. */
  async close() {
    this.send("Browser.close").catch(() => {}); // gone already, or gone before it could answer
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), END_MS);
    await this.#exit;
    clearTimeout(timer);
    // Its helper processes end a moment later, and may still write.
    const patiently = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 };
    for (const folder of this.#folders) fs.rmSync(folder, patiently);
  }

  #take(text) {
    const message = JSON.parse(text);
    if (message.id === undefined) {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    const { resolve, reject, method } = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.error) reject(new Error(`Chromium refused ${method} (${message.error.message})`));
    else resolve(message.result);
  }

  #end(reason) {
    this.#ended ??= reason;
    for (const { reject } of this.#pending.values()) reject(new Error(this.#ended));
    this.#pending.clear();
  }

  #lastWords() {
    const lines = this.#complaint.trim().split("\n");
    const line = lines.find((one) => one.includes(":FATAL:")) ?? lines.at(-1);
    return line ? ` (${line.slice(0, 200).replace(/\.$/, "")})` : "";
  }
}

/** One page. What it gives to its function `zoo(text)` comes to `hear(text)`, at once, even while the page computes. */
export class Page {
  #browser;
  #session;
  #crash;

  /** Opens `url` in the tab that the browser started with. */
  static async open(browser, url, hear) {
    const page = new Page();
    page.#browser = browser;
    const { targetInfos } = await browser.send("Target.getTargets");
    const { targetId } = targetInfos.find(({ type }) => type === "page");
    const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
    page.#session = sessionId;
    const crashed = Promise.withResolvers();
    const loaded = Promise.withResolvers();
    page.#crash = crashed.promise;
    page.#crash.catch(() => {}); // told to whoever calls the page
    browser.listen(({ method, params, sessionId: from }) => {
      if (from !== sessionId) return;
      if (method === "Runtime.bindingCalled") hear(params.payload);
      if (method === "Page.loadEventFired") loaded.resolve();
      if (method === "Inspector.targetCrashed") crashed.reject(new Error("the browser's tab crashed"));
    });
    for (const domain of ["Page", "Runtime", "Inspector"]) await browser.send(`${domain}.enable`, {}, sessionId);
    await browser.send("Runtime.addBinding", { name: "zoo" }, sessionId);
    const { errorText } = await browser.send("Page.navigate", { url }, sessionId);
    if (errorText) throw new Error(`Chromium did not open the page (${errorText})`);
    await Promise.race([loaded.promise, page.#crash]);
    return page;
  }

  /** Asks for a method of the protocol, of this page. */
  send(method, params = {}) {
    return this.#browser.send(method, params, this.#session);
  }

  /** The value of a JavaScript expression in the page, waited for. Errors thrown there are thrown here. */
  async evaluate(expression) {
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const answer = this.#browser.send("Runtime.evaluate", asked, this.#session);
    const { exceptionDetails: failure, result } = await Promise.race([answer, this.#crash]);
    if (failure) throw new Error(failure.exception?.description ?? String(failure.exception?.value ?? failure.text));
    return result.value;
  }
}

/** Cuts the pipe's bytes into messages, which end in NUL; `tooLong` is called where one does not end. */
function messageReader(take, tooLong) {
  let parts = [];
  let length = 0;
  return (bytes) => {
    let from = 0;
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, from)) {
      parts.push(bytes.subarray(from, end));
      take(Buffer.concat(parts).toString());
      [parts, length, from] = [[], 0, end + 1];
    }
    parts.push(bytes.subarray(from));
    length += bytes.length - from;
    if (length > MOST_MESSAGE_BYTES) tooLong();
  };
}
