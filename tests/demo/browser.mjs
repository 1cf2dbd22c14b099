// A headless Chromium for the tests of the page: `node browser.mjs CHROMIUM FOLDER [SWITCH...]`. It takes commands as
// JSON lines, [NAME, ARGUMENT], and answers each with {"value": ...} or {"error": ...}; it ends when its input does.

import fs from "node:fs";
import readline from "node:readline";

import { Chromium, Page } from "../../zoo/bridges/_chromium.mjs";

const KEYS = { Tab: 9, Enter: 13, Space: 32 };
const TEXTS = { Enter: "\r", Space: " " };
const SHIFT = 8;
const DEADLINE_MS = 30_000;

const [program, folder, ...switches] = process.argv.slice(2);
const browser = new Chromium(program, folder, switches);
const requests = [];
const complaints = [];
let page;
let chooser = Promise.withResolvers();

const commands = {
  async open(url) {
    await browser.version();
    page = await Page.open(browser, "about:blank", () => {});
    browser.listen(({ method, params }) => {
      if (method === "Network.requestWillBeSent") requests.push(params.request.url);
      if (method === "Network.webSocketCreated") requests.push(params.url);
      if (method === "Log.entryAdded") complaints.push(params.entry.text);
      if (method === "Page.fileChooserOpened") chooser.resolve(params);
    });
    for (const domain of ["Network", "Log", "DOM"]) await page.send(`${domain}.enable`);
    await page.send("Emulation.setFocusEmulationEnabled", { enabled: true });
    await page.send("Page.setInterceptFileChooserDialog", { enabled: true });
    await page.send("Page.navigate", { url });
  },
  async permit({ name, setting }) {
    await browser.send("Browser.setPermission", { permission: { name }, setting });
  },
  go: (url) => page.send("Page.navigate", { url }),
  evaluate: (expression) => page.evaluate(expression),
  /** Waits until an expression is true. */
  async until(expression) {
    const end = Date.now() + DEADLINE_MS;
    while (Date.now() < end) {
      // While the page changes, it may be that nothing answers.
      if (await page.evaluate(expression).catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const seen = await page.evaluate("document.body.innerText");
    throw new Error(`it never was so: ${expression}; the page says ${JSON.stringify(seen.slice(0, 1000))}`);
  },
  async key(name) {
    const [key, shift] = name.startsWith("Shift+") ? [name.slice(6), SHIFT] : [name, 0];
    const pressed = { key: key === "Space" ? " " : key, code: key, windowsVirtualKeyCode: KEYS[key], modifiers: shift };
    const text = TEXTS[key];
    await page.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...pressed, text });
    await page.send("Input.dispatchKeyEvent", { type: "keyUp", ...pressed });
  },
  /** Answers the file chooser that the page opened, or opens next. */
  async choose(files) {
    const { backendNodeId, mode } = await chooser.promise;
    chooser = Promise.withResolvers();
    await page.send("DOM.setFileInputFiles", { files, backendNodeId });
    return mode;
  },
  async size([width, height]) {
    await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  },
  async prefer(features) {
    const listed = Object.entries(features).map(([name, value]) => ({ name, value }));
    await page.send("Emulation.setEmulatedMedia", { features: listed });
  },
  async shoot(path) {
    const { data } = await page.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
    fs.writeFileSync(path, Buffer.from(data, "base64"));
  },
  /** The accessibility tree: the role and name of everything that a screen reader meets. */
  async tree() {
    const { nodes } = await page.send("Accessibility.getFullAXTree");
    const met = nodes.filter(({ ignored, role }) => !ignored && role);
    return met.map(({ role, name }) => [role.value, name?.value ?? ""]);
  },
  requests: () => requests,
  complaints: () => complaints,
};

function late(name) {
  const say = (_, reject) => setTimeout(() => reject(new Error(`${name} took too long`)), DEADLINE_MS + 5_000).unref();
  return new Promise(say);
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [name, argument] = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await Promise.race([commands[name](argument), late(name)])) ?? null };
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  fs.writeSync(1, `${JSON.stringify(answer)}\n`);
}
await browser.close();
process.exit(0);
