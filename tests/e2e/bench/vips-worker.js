// "Web gallery" with libvips compiled to WebAssembly. `options.shrink`: 1 decodes the whole picture, 2 lets the decoder halve it. `options.kind`:
// a "deep" picture is PNG, and the colours of a "profiled" one are converted to sRGB.

import Vips from "./wasm-vips/vips-es6.js";

const SIDE = 1600;
const ready = Vips({ dynamicLibraries: [] }).then((vips) => {
  vips.concurrency(1);
  vips.Cache.max(0);
  return vips;
});

function process(vips, bytes, { shrink, kind }) {
  const source = kind === "deep" ? vips.Image.pngloadBuffer(bytes) : vips.Image.jpegloadBuffer(bytes, { shrink });
  const scale = Math.min(1, SIDE / source.width, SIDE / source.height);
  const resized = source.resize(scale, { kernel: "lanczos3" });
  // sharp's own mild sharpening, the cheapest that libvips has.
  const mask = vips.Image.newFromArray([[-1, -1, -1], [-1, 32, -1], [-1, -1, -1]], 24);
  const sharpened = resized.conv(mask, { precision: "integer" });
  const converted = kind === "profiled" ? sharpened.iccTransform("srgb") : sharpened.copy();
  const result = converted.jpegsaveBuffer({ Q: 80, keep: "none" });
  for (const image of [source, resized, mask, sharpened, converted]) image.delete();
  return result;
}

onmessage = async ({ data: { blob, options } }) => {
  try {
    const vips = await ready;
    const result = process(vips, new Uint8Array(await blob.arrayBuffer()), options);
    postMessage({ bytes: result.length });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
