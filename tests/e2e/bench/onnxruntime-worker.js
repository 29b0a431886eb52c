// The same model with onnxruntime-web, with WebAssembly, SIMD and one thread.

import * as ort from "/onnxruntime/ort.wasm.min.mjs";

// It does not expose its memory, so every memory that is created is recorded.
let memory;
const { Memory } = WebAssembly;
WebAssembly.Memory = function (descriptor) {
  return (memory = new Memory(descriptor));
};
const instantiated = ({ instance }) => void (memory ??= instance.exports.memory ?? Object.values(instance.exports).find((one) => one instanceof Memory));
for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...parameters) => {
    const result = await original(...parameters);
    instantiated(result.instance ? result : { instance: result });
    return result;
  };
}

ort.env.wasm.wasmPaths = "/onnxruntime/";
ort.env.wasm.numThreads = 1;
const ready = ort.InferenceSession.create("/u2netp.onnx", { executionProviders: ["wasm"] });

onmessage = async ({ data: { input } }) => {
  try {
    const session = await ready;
    const start = performance.now();
    const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", input, [1, 3, 320, 320]) };
    const first = session.outputNames[0];
    const outputs = await session.run(feeds, [first]);
    const mask = Float32Array.from(outputs[first].data);
    postMessage({ time: performance.now() - start, mask, memory: memory?.buffer.byteLength ?? 0 });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
