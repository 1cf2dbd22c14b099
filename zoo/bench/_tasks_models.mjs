// Has the models of a request made ready for MediaPipe's Tasks, by the Python module of the same name.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

// By its path: the package that it lies in imports much that it does not need.
const SCRIPT = fileURLToPath(new URL("_tasks_models.py", import.meta.url));
const MOST_MS = 60_000;

/**
 * The request with files that Tasks can run, sentences about those that were changed, and the first model that Tasks
 * cannot run, if any, with the reason.
 */
export function readyForTasks(request, { python, picture }) {
  const chosen = request.picture ?? picture;
  if (chosen === null) throw new Error("no picture was named, and scikit-image, which brings one, is not installed");
  const files = [...new Set(request.models.map((model) => model.path))];
  const done = spawnSync(python, [SCRIPT, request.folder, ...files], { encoding: "utf8", timeout: MOST_MS });
  if (done.status !== 0) {
    throw new Error(`the models were not made ready (${(done.stderr ?? "").trim().split("\n").at(-1)})`);
  }
  const answers = JSON.parse(done.stdout);
  const about = [`The picture is ${path.basename(chosen)}.`];
  const changed = new Set(request.models.filter((model) => answers[model.path].added).map((model) => model.name));
  if (changed.size > 0) {
    about.push(
      `A copy of ${[...changed].join(", ")} ran whose metadata says that pixels go from -1 to 1: ` +
        "Tasks refuse a model that does not say so.",
    );
  }
  // The picture is the input.
  const models = request.models.map((model) => ({ ...model, path: answers[model.path].path, inputs: [] }));
  const refused = request.models.find((model) => answers[model.path].refusal !== undefined);
  const refusal = refused && { model: refused.name, reason: answers[refused.path].refusal };
  return { request: { ...request, models, picture: chosen }, about, refusal };
}
