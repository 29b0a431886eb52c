// The product's own inference code, called as its worker calls it.

const SAMPLES = 3 * 320 * 320;

const ready = (async () => {
  const [module, file] = await Promise.all([
    WebAssembly.compileStreaming(fetch("/network.wasm")),
    fetch("/u2netp.onnx").then((answer) => answer.arrayBuffer()),
  ]);
  const { exports } = await WebAssembly.instantiate(module, {});
  const room = exports.room(file.byteLength);
  new Uint8Array(exports.memory.buffer, room, file.byteLength).set(new Uint8Array(file));
  if (!exports.load()) throw new Error("the network does not load");
  return exports;
})();

onmessage = async ({ data: { input } }) => {
  try {
    const exports = await ready;
    const start = performance.now();
    const place = exports.input();
    new Float32Array(exports.memory.buffer, place, SAMPLES).set(input);
    const output = exports.run();
    const mask = new Float32Array(exports.memory.buffer, output, SAMPLES / 3).slice();
    postMessage({ time: performance.now() - start, mask, memory: exports.memory.buffer.byteLength });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
