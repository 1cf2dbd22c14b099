// Tells which 1x1 kernels XNNPACK multiplies sparsely, by standing between it and its kernels.
//
// XNNPACK calls every kernel through the WebAssembly table of functions. Its sparse matrix kernel is
// `xnn_f32_spmm_minmax_ukernel` (src/xnnpack/spmm.h), with nine integer parameters: bytes of pixels, output channels,
// input, weights, input steps, nonzeros, output, bytes between output rows, limits. `nonzeros` points at one uint32 an
// output channel: how many of its weights are not zero. Release builds have no names, so each table entry that takes
// nine integers is wrapped in a function that notes this count before the call; whoever reads the notes finds the
// counts of the kernels in the file, or does not.

const PARAMETERS = 9;
const [CHANNELS, NONZEROS] = [1, 5];
const MOST_CHANNELS = 8192;
const I32 = 0x7f;

/** Keeps every WebAssembly instance that is made from now on. */
export function watchInstances() {
  const instances = [];
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...what) => {
      const made = await original(...what);
      instances.push(made.instance ?? made);
      return made;
    };
  }
  return instances;
}

/** `calls` grows by the nonzeros by output channel whenever what may be the sparse kernel is called. */
export function watchSparseKernels(instances) {
  const calls = [];
  const exported = instances.flatMap((instance) => Object.values(instance.exports));
  const table = exported.find((one) => one instanceof WebAssembly.Table);
  const memory = exported.find((one) => one instanceof WebAssembly.Memory);
  const note = (...parameters) => {
    const [channels, place] = [parameters[CHANNELS], parameters[NONZEROS]];
    const inside = place % 4 === 0 && place > 0 && place + 4 * channels <= memory.buffer.byteLength;
    if (channels < 1 || channels > MOST_CHANNELS || !inside) return;
    calls.push([...new Uint32Array(memory.buffer, place, channels)]);
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
  const text = (word) => [word.length, ...Buffer.from(word)];
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
