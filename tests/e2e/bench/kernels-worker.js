// JPEG and resizing alone: Pixelmill's kernels, wasm-vips, jSquash (MozJPEG) and the browser's own, from memory to memory.
//
// Each library keeps what suits it: planes here, interleaved RGB in libvips, RGBA in the others. Encoders start from the same decoded
// photograph, in the form in which their own decoder gives it.

import { decibels, give, imageOfVips, libraries, pixelsByCanvas, samplesByVips, serve, startLibraries, wish, withVips, written, writtenByCanvas } from "./libraries.js";
import { initEmscriptenModule } from "/jsquash/jpeg/utils.js";
import mozjpegDecoder from "/jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import mozjpegEncoder from "/jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import { defaultOptions } from "/jsquash/jpeg/meta.js";

const SIDE = 1600;
const QUALITY = 80;
const files = {};

async function start() {
  await startLibraries();
  libraries.decoder = await initEmscriptenModule(mozjpegDecoder, undefined, { locateFile: (name) => `/jsquash/jpeg/codec/dec/${name}` });
  libraries.encoder = await initEmscriptenModule(mozjpegEncoder, undefined, { locateFile: (name) => `/jsquash/jpeg/codec/enc/${name}` });
}

/** The decoded photograph in the form of each library. */
const decoded = {};

const contestants = {
  decode: {
    Pixelmill: (bytes) => (give(bytes), libraries.kernels.decode(1)),
    "wasm-vips": (bytes) => withVips((keep) => keep(libraries.vips.Image.jpegloadBuffer(bytes)).writeToMemory().length),
    jSquash: (bytes) => libraries.decoder.decode(bytes, false).width,
    canvas: async (bytes) => (await pixelsByCanvas(bytes, "image/jpeg")).width,
  },
  "decode at 1/2": {
    Pixelmill: (bytes) => (give(bytes), libraries.kernels.decode(2)),
    "wasm-vips": (bytes) => withVips((keep) => keep(libraries.vips.Image.jpegloadBuffer(bytes, { shrink: 2 })).writeToMemory().length),
  },
  resize: {
    Pixelmill: () => libraries.kernels.resize(SIDE),
    "wasm-vips": () =>
      withVips((keep) => {
        const image = imageOfVips(keep, decoded.rgb);
        return keep(image.resize(SIDE / Math.max(image.width, image.height), { kernel: "lanczos3" })).writeToMemory().length;
      }),
    canvas: () => {
      const { width, height } = decoded.bitmap;
      const scale = SIDE / Math.max(width, height);
      const context = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale)).getContext("2d", { willReadFrequently: true });
      context.imageSmoothingQuality = "high";
      context.drawImage(decoded.bitmap, 0, 0, context.canvas.width, context.canvas.height);
      return context.getImageData(0, 0, context.canvas.width, context.canvas.height).width;
    },
  },
  encode: {
    Pixelmill: () => written(libraries.kernels.encode()),
    "wasm-vips": () => withVips((keep) => imageOfVips(keep, decoded.rgb).jpegsaveBuffer({ Q: QUALITY, keep: "none" })),
    "wasm-vips, optimised tables": () => withVips((keep) => imageOfVips(keep, decoded.rgb).jpegsaveBuffer({ Q: QUALITY, keep: "none", optimize_coding: true })),
    jSquash: () => {
      const { data, width, height } = decoded.rgba;
      return new Uint8Array(libraries.encoder.encode(data, width, height, { ...defaultOptions, quality: QUALITY }));
    },
    canvas: () => writtenByCanvas(decoded.rgba, "image/jpeg", QUALITY),
  },
  "decode, resize, encode": {
    Pixelmill: (bytes) => (give(bytes), written(libraries.kernels.chain(SIDE)).length),
    "wasm-vips": (bytes) =>
      withVips((keep) => {
        const image = keep(libraries.vips.Image.jpegloadBuffer(bytes));
        const smaller = keep(image.resize(SIDE / Math.max(image.width, image.height), { kernel: "lanczos3" }));
        return smaller.jpegsaveBuffer({ Q: QUALITY, keep: "none" }).length;
      }),
  },
};

serve({
  /** Keeps a file. */
  async keep(name, address) {
    files[name] = new Uint8Array(await (await fetch(address)).arrayBuffer());
    return files[name].length;
  },
  /** Makes the same picture with restart markers after every row of blocks, as cameras write it. */
  async withRestarts(name, from) {
    const image = libraries.vips.Image.jpegloadBuffer(files[from]);
    files[name] = image.jpegsaveBuffer({ Q: 90, restart_interval: Math.ceil(image.width / 16), keep: "none" });
    image.delete();
    return files[name].length;
  },
  /** Decodes a file for the encoders. */
  async prepare(name) {
    const bytes = files[name];
    wish({ format: "jpeg", quality: QUALITY });
    give(bytes);
    libraries.kernels.decode(1);
    const rgba = await pixelsByCanvas(bytes, "image/jpeg");
    decoded.rgba = { data: new Uint8Array(rgba.data.buffer), width: rgba.width, height: rgba.height };
    decoded.bitmap = await createImageBitmap(rgba);
    decoded.rgb = samplesByVips(bytes);
    return [rgba.width, rgba.height];
  },
  names: async (what) => Object.keys(contestants[what]),
  /** The time of one call in ms, and what it wrote, if it writes a file: its bytes and how far from the photograph it is, in dB. */
  async measure(what, name, file, judged) {
    const start = performance.now();
    const answer = await contestants[what][name](files[file]);
    const time = performance.now() - start;
    if (!(answer instanceof Uint8Array) || !judged) return { time };
    const { data } = await pixelsByCanvas(answer, "image/jpeg");
    return { time, bytes: answer.length, decibels: decibels(data, decoded.rgba.data) };
  },
  start,
});
