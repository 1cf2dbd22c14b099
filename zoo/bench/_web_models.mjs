// What every runner of LiteRT's web runtime shares, in Node as in a page: builds, models, kernels, the conversation of
// _target.py. The runner brings `place`: where to read bytes, write bytes and say events.

const ARRAYS = { float32: Float32Array, int32: Int32Array, int8: Int8Array, uint8: Uint8Array };

/** Builds by name: the script that loads each, and whether it starts threads. */
export const BUILDS = {
  plain: { file: "litert_wasm_compat_internal.js", threads: false },
  relaxed: { file: "litert_wasm_internal.js", threads: false },
  threaded: { file: "litert_wasm_threaded_internal.js", threads: true },
};

let complaint = null; // the first line that the runtime logged at ERROR level

/** The runtime logs every level through console.error and some of its failures nowhere else. `write` gets each line. */
export function listenToLog(write) {
  for (const level of ["log", "info", "warn", "error", "debug"]) {
    console[level] = (...words) => {
      const line = words.map(String).join(" ");
      if (line.startsWith("ERROR:")) complaint ??= line;
      write(line.slice(0, 2000));
    };
  }
}

function failOnComplaint() {
  if (complaint !== null) throw new Error(`the runtime logged "${complaint.slice(0, 300)}"`);
}

/**
 * Loads one build of the runtime from `folder`, an address that ends in a slash. The build asked for is the one that
 * runs: the runtime's own choice by what the engine supports is not left to it.
 */
export async function loadRuntime(folder, build) {
  const runtime = await import(`${folder}dist/index.js`);
  await runtime.loadLiteRt(`${folder}wasm/${BUILDS[build].file}`, { threads: BUILDS[build].threads });
  return runtime;
}

/**
 * Answers one request, the whole conversation after `ready`, and tells whether it came to its end. `commands` is an
 * async iterator of parsed commands; `seen` comes from `watchInstances`, null where kernels are not to be counted.
 */
export async function converse(runtime, request, place, commands, seen) {
  const web = new WebModels(runtime, request, place);
  if (request.task === "time") return web.time(commands);
  if (request.task === "cold") await web.cold(request.models[0]);
  else await web.check(seen);
  return true;
}

class WebModels {
  constructor(runtime, request, place) {
    Object.assign(this, { runtime, request, place });
    this.models = new Map();
  }

  // Whatever goes wrong from here on is this model's doing.
  begin(model, doing) {
    this.place.emit("begin", { model, doing });
  }

  async load(model, numThreads = this.request.threads) {
    const bytes = await this.place.read(model.path);
    const start = performance.now();
    const compiled = await this.runtime.loadAndCompile(bytes, { accelerator: "wasm", cpuOptions: { numThreads } });
    const compileMs = performance.now() - start;
    // Shapes tell inputs apart; the order of a signature may differ from the graph's.
    const wanted = [...model.inputs];
    const inputs = [];
    for (const details of compiled.getInputDetails()) {
      const shape = [...details.shape];
      const at = wanted.findIndex((tensor) => tensor.shape.join() === shape.join());
      if (at < 0) throw new Error(`input '${details.name}' has shape [${shape}], which is not expected`);
      const [tensor] = wanted.splice(at, 1);
      const values = await this.place.read(`${model.inputs_folder}/${tensor.file}`);
      inputs.push(new this.runtime.Tensor(new ARRAYS[tensor.dtype](new Uint8Array(values).buffer), tensor.shape));
    }
    failOnComplaint();
    return { compiled, inputs, compileMs };
  }

  async runMs({ compiled, inputs }) {
    const start = performance.now();
    const outputs = await compiled.run(inputs);
    const taken = performance.now() - start;
    for (const output of outputs) output.delete();
    return taken;
  }

  async answer(position, { compiled, inputs }) {
    const tensors = await compiled.run(inputs);
    const details = compiled.getOutputDetails();
    const outputs = [];
    for (const [index, tensor] of tensors.entries()) {
      const values = tensor.toTypedArray();
      const file = `output-${position}-${index}.bin`;
      await this.place.write(file, new Uint8Array(values.slice().buffer));
      outputs.push({ name: details[index].name, shape: [...tensor.type.layout.dimensions], dtype: tensor.type.dtype, file });
      tensor.delete();
    }
    failOnComplaint();
    this.place.emit("outputs", { model: this.request.models[position].name, inputs: [], outputs });
  }

  async check(seen) {
    const sparse = seen ? watchSparseKernels(seen) : null;
    for (const [position, model] of this.request.models.entries()) {
      this.begin(model.name, "load");
      const loaded = await this.load(model);
      this.begin(model.name, "output check");
      if (sparse) await this.countKernels(model, loaded, sparse.calls);
      await this.answer(position, loaded);
    }
  }

  async countKernels(model, loaded, calls) {
    // Other threads call through tables of their own; with one thread all calls are seen.
    const alone = this.request.threads === 1 ? loaded : await this.load(model, 1);
    calls.clear();
    await this.runMs(alone);
    const how = "counted where the runtime calls XNNPACK's sparse matrix kernel";
    this.place.emit("kernels", { model: model.name, sparse: calls.size, how });
  }

  async cold(model) {
    this.begin(model.name, "load");
    const before = await this.place.memory();
    const start = performance.now();
    await this.place.read(model.path);
    const loadMs = performance.now() - start;
    const loaded = await this.load(model);
    const firstMs = await this.runMs(loaded);
    failOnComplaint();
    const told = { load_ms: loadMs, compile_ms: loaded.compileMs, first_ms: firstMs };
    const peak = await this.place.memory();
    this.place.emit("cold", { model: model.name, ...told, before_bytes: before, peak_bytes: peak });
  }

  /** Whether `finish` came. */
  async time(commands) {
    for (const model of this.request.models) {
      this.begin(model.name, "load");
      this.models.set(model.name, await this.load(model));
    }
    this.place.emit("loaded");
    for await (const asked of commands) {
      if (asked.command === "run") await this.run(asked);
      else if (asked.command === "block") await this.block(asked);
      else return this.finish();
    }
    return false;
  }

  async run({ model, runs }) {
    this.begin(model, "warm-up");
    const ms = [];
    while (ms.length < runs) ms.push(await this.runMs(this.models.get(model)));
    failOnComplaint();
    this.place.emit("ran", { model, ms });
  }

  // Every model once a round, each round beginning one model later, so that neighbours in time are paired.
  async block({ index, order, rounds }) {
    const taken = new Map(order.map((name) => [name, []]));
    for (let turn = 0; turn < rounds; turn++) {
      const at = turn % order.length;
      for (const name of [...order.slice(at), ...order.slice(0, at)]) {
        this.begin(name, "block");
        taken.get(name).push(await this.runMs(this.models.get(name)));
        failOnComplaint();
      }
    }
    for (const [model, ms] of taken) this.place.emit("timed", { model, block: index, ms });
  }

  async finish() {
    let position = 0;
    for (const [name, loaded] of this.models) {
      this.begin(name, "output check");
      await this.answer(position++, loaded);
    }
    return true;
  }
}

// XNNPACK calls every kernel through the WebAssembly table of functions. Its sparse matrix kernel is
// `xnn_f32_spmm_minmax_ukernel` (src/xnnpack/spmm.h), with nine integer parameters: bytes of pixels, output channels,
// input, weights, input steps, nonzeros, output, bytes between output rows, limits. `nonzeros` points at one uint32 an
// output channel: how many of its weights are not zero; its address is one convolution's own. Release builds have no
// names, so each table entry that takes nine integers is wrapped in a function that notes these before the call.
const PARAMETERS = 9;
const [CHANNELS, NONZEROS] = [1, 5];
const MOST_CHANNELS = 8192;
const I32 = 0x7f;

/**
 * Keeps the tables and memories of every WebAssembly instance that is made from now on. Call it before the runtime is
 * loaded. The threaded build takes its memory from outside, the others make their own.
 */
export function watchInstances() {
  const seen = [];
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (source, imports, ...rest) => {
      const made = await original(source, imports, ...rest);
      seen.push(...Object.values((made.instance ?? made).exports));
      seen.push(...Object.values(imports ?? {}).flatMap((module) => Object.values(module)));
      return made;
    };
  }
  return seen;
}

/** `calls` gets, by the address of its nonzeros, the nonzeros by output channel of what may be a sparse convolution. */
export function watchSparseKernels(seen) {
  const calls = new Map();
  const table = seen.find((one) => one instanceof WebAssembly.Table);
  const memory = seen.find((one) => one instanceof WebAssembly.Memory);
  const note = (...parameters) => {
    const [channels, place] = [parameters[CHANNELS], parameters[NONZEROS]];
    const inside = place % 4 === 0 && place > 0 && place + 4 * channels <= memory.buffer.byteLength;
    if (channels < 1 || channels > MOST_CHANNELS || !inside) return;
    // Functions of other kinds take nine integers too; what they point at is no count.
    if (new Uint32Array(memory.buffer, place, 1)[0] > MOST_CHANNELS) return;
    calls.set(place, [...new Uint32Array(memory.buffer, place, channels)]);
  };
  for (let slot = 0; slot < table.length; slot++) {
    const kernel = table.get(slot);
    if (kernel?.length !== PARAMETERS) continue;
    try {
      table.set(slot, wrapped(kernel, note));
    } catch (error) {
      if (!(error instanceof WebAssembly.LinkError)) throw error; // it gives a result or takes other than integers
    }
  }
  return { calls };
}

/** A WebAssembly function that calls `note`, then `kernel`, with the same nine integers: a table takes no other kind. */
function wrapped(kernel, note) {
  const text = (word) => [word.length, ...new TextEncoder().encode(word)];
  const section = (number, bytes) => [number, bytes.length, ...bytes];
  const parameters = Array.from({ length: PARAMETERS }, (_, place) => [0x20, place]).flat();
  const body = [0, ...parameters, 0x10, 0, ...parameters, 0x10, 1, 0x0b];
  const module = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, PARAMETERS, ...Array(PARAMETERS).fill(I32), 0]),
    ...section(2, [2, ...text("e"), ...text("n"), 0, 0, ...text("e"), ...text("k"), 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("f"), 0, 2]),
    ...section(10, [1, body.length, ...body]),
  ];
  const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(module)), { e: { n: note, k: kernel } });
  return instance.exports.f;
}
