// The page that Chromium opens, and all that it reads and writes: over HTTP on 127.0.0.1, below a path that nobody can
// guess, and no file but those of the request and of the runtime's own package.

import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const SCRIPT = "text/javascript";
const TYPES = { ".html": "text/html", ".js": SCRIPT, ".mjs": SCRIPT, ".wasm": "application/wasm" };
const OUTPUT_NAME = /^[\w-]+\.bin$/;
const MOST_OUTPUT_BYTES = 1 << 30;

// Cross-origin isolation: threads may share memory, and clocks are not blurred.
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/**
 * Serves `pages`, a Map of files by name, and the folder `packageFolder` as `package/`. `answers` has, by name, async
 * functions that give the text of an answer, or null where there is none. Files in `readable` are read as
 * `file?path=...`; outputs are written to `folder` as `output?name=...`. Gives the address, which ends in a slash, and
 * `close`.
 */
export async function servePage({ pages, packageFolder, answers, readable, folder }) {
  const secret = crypto.randomBytes(16).toString("hex");
  const server = http.createServer((asked, answer) => {
    respond(asked, answer).catch((error) => finish(answer, 500, String(error.message)));
  });

  async function respond(asked, answer) {
    const { pathname, searchParams } = new URL(asked.url, "http://127.0.0.1");
    const prefix = `/${secret}/`;
    const name = decodeURIComponent(pathname.startsWith(prefix) ? pathname.slice(prefix.length) : "");
    if (asked.method === "POST" && name === "output") {
      const file = searchParams.get("name");
      if (!OUTPUT_NAME.test(file)) return finish(answer, 400, "this is no name of an output");
      await receive(asked, path.join(folder, file));
      return finish(answer, 204);
    }
    if (Object.hasOwn(answers, name)) {
      const text = await answers[name]();
      return text === null ? finish(answer, 204) : finish(answer, 200, text);
    }
    const file = name === "file" ? given(searchParams.get("path")) : (pages.get(name) ?? inPackage(name));
    if (file === null) return finish(answer, 404, "there is no such file");
    const bytes = await fs.promises.readFile(file);
    answer.writeHead(200, { ...HEADERS, "Content-Type": TYPES[path.extname(file)] ?? "application/octet-stream" });
    answer.end(bytes);
  }

  function given(file) {
    return readable.has(file) ? file : null;
  }

  function inPackage(name) {
    if (!name.startsWith("package/")) return null;
    const file = path.join(packageFolder, name.slice("package/".length));
    return file.startsWith(packageFolder + path.sep) && fs.existsSync(file) ? file : null;
  }

  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${server.address().port}/${secret}/`, close };
}

function finish(answer, status, text = "") {
  answer.writeHead(status, { ...HEADERS, "Content-Type": "text/plain; charset=utf-8" });
  answer.end(text);
}

async function receive(asked, file) {
  const parts = [];
  let length = 0;
  for await (const part of asked) {
    length += part.length;
    if (length > MOST_OUTPUT_BYTES) throw new Error(`an output is larger than ${MOST_OUTPUT_BYTES} bytes`);
    parts.push(part);
  }
  await fs.promises.writeFile(file, Buffer.concat(parts));
}
