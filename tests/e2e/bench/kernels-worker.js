// Codecs and resizing alone: Pixelmill's kernels, wasm-vips, jSquash (MozJPEG, libjxl) and the browser's own, from memory to memory.
//
// Each library keeps what suits it: planes here, interleaved RGB in libvips, RGBA in the others. Encoders start from the same decoded
// photograph, in the form in which their own decoder gives it.

import Vips from "/wasm-vips/vips-es6.js";
import { initEmscriptenModule } from "/jsquash/utils.js";
import mozjpegDecoder from "/jsquash/codec/dec/mozjpeg_dec.js";
import mozjpegEncoder from "/jsquash/codec/enc/mozjpeg_enc.js";
import { defaultOptions } from "/jsquash/meta.js";
import libjxlEncoder from "/jsquash-jxl/codec/enc/jxl_enc.js";
import { defaultOptions as defaultJxlOptions } from "/jsquash-jxl/meta.js";
import "/libjxl/libjxl.js";

const SIDE = 1600;
const QUALITY = 80;
const files = {};
let libraries;

async function start() {
  const [kernels, vips, decoder, encoder, jxl, jxlPeer] = await Promise.all([
    WebAssembly.instantiateStreaming(fetch("/kernels.wasm"), {}).then(({ instance }) => instance.exports),
    Vips({ dynamicLibraries: ["vips-jxl.wasm"] }),
    initEmscriptenModule(mozjpegDecoder, undefined, { locateFile: (name) => `/jsquash/codec/dec/${name}` }),
    initEmscriptenModule(mozjpegEncoder, undefined, { locateFile: (name) => `/jsquash/codec/enc/${name}` }),
    WebAssembly.compileStreaming(fetch("/libjxl/libjxl.wasm")).then((module) => globalThis.libjxl.load(module)),
    initEmscriptenModule(libjxlEncoder, undefined, { locateFile: (name) => `/jsquash-jxl/codec/enc/${name}` }),
  ]);
  vips.concurrency(1);
  vips.Cache.max(0);
  libraries = { kernels, vips, decoder, encoder, jxl, jxlPeer };
}

/** Gives the kernels a file. */
function give(bytes) {
  const { kernels } = libraries;
  const place = kernels.room(bytes.length);
  new Uint8Array(kernels.memory.buffer).set(bytes, place);
}

function written(length) {
  const { kernels } = libraries;
  if (!length) throw new Error("the kernels refused it");
  return new Uint8Array(kernels.memory.buffer, kernels.result(), length).slice();
}

/** The decoded photograph in the form of each library. */
const decoded = {};

const contestants = {
  decode: {
    Pixelmill: (bytes) => (give(bytes), libraries.kernels.decode(1)),
    "wasm-vips": (bytes) => {
      const image = libraries.vips.Image.jpegloadBuffer(bytes);
      const pixels = image.writeToMemory();
      image.delete();
      return pixels.length;
    },
    jSquash: (bytes) => libraries.decoder.decode(bytes, false).width,
    canvas: async (bytes) => (await pixelsOf(bytes)).width,
  },
  "decode at 1/2": {
    Pixelmill: (bytes) => (give(bytes), libraries.kernels.decode(2)),
    "wasm-vips": (bytes) => {
      const image = libraries.vips.Image.jpegloadBuffer(bytes, { shrink: 2 });
      const pixels = image.writeToMemory();
      image.delete();
      return pixels.length;
    },
  },
  resize: {
    Pixelmill: () => libraries.kernels.resize(SIDE),
    "wasm-vips": () => {
      const { data, width, height } = decoded.rgb;
      const image = libraries.vips.Image.newFromMemory(data, width, height, 3, "uchar");
      const smaller = image.resize(SIDE / Math.max(width, height), { kernel: "lanczos3" });
      const pixels = smaller.writeToMemory();
      for (const one of [image, smaller]) one.delete();
      return pixels.length;
    },
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
    Pixelmill: () => written(libraries.kernels.encode(QUALITY)),
    "wasm-vips": () => {
      const { data, width, height } = decoded.rgb;
      const image = libraries.vips.Image.newFromMemory(data, width, height, 3, "uchar");
      const file = image.jpegsaveBuffer({ Q: QUALITY, keep: "none" });
      image.delete();
      return file;
    },
    "wasm-vips, optimised tables": () => {
      const { data, width, height } = decoded.rgb;
      const image = libraries.vips.Image.newFromMemory(data, width, height, 3, "uchar");
      const file = image.jpegsaveBuffer({ Q: QUALITY, keep: "none", optimize_coding: true });
      image.delete();
      return file;
    },
    jSquash: () => {
      const { data, width, height } = decoded.rgba;
      return new Uint8Array(libraries.encoder.encode(data, width, height, { ...defaultOptions, quality: QUALITY }));
    },
    canvas: async () => {
      const { data, width, height } = decoded.rgba;
      const canvas = new OffscreenCanvas(width, height);
      canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(data.buffer), width, height), 0, 0);
      const file = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY / 100 });
      return new Uint8Array(await file.arrayBuffer());
    },
  },
  // The encoder as a worker has it, with the effort of a plan that says none, and jSquash and libvips with theirs, which is 7.
  "encode as JPEG XL": {
    Pixelmill: () => {
      const { data, width, height } = decoded.rgba;
      return libraries.jxl.encode(data, width, height, QUALITY, 4);
    },
    "Pixelmill, effort 9": () => {
      const { data, width, height } = decoded.rgba;
      return libraries.jxl.encode(data, width, height, QUALITY, 7);
    },
    jSquash: () => {
      const { data, width, height } = decoded.rgba;
      return libraries.jxlPeer.encode(data, width, height, { ...defaultJxlOptions, quality: QUALITY });
    },
    "wasm-vips": () => {
      const { data, width, height } = decoded.rgb;
      const image = libraries.vips.Image.newFromMemory(data, width, height, 3, "uchar").copy({ interpretation: "srgb" });
      const file = image.jxlsaveBuffer({ Q: QUALITY, keep: "none" });
      image.delete();
      return file;
    },
  },
  "decode, resize, encode": {
    Pixelmill: (bytes) => (give(bytes), written(libraries.kernels.chain(SIDE, QUALITY)).length),
    "wasm-vips": (bytes) => {
      const image = libraries.vips.Image.jpegloadBuffer(bytes);
      const smaller = image.resize(SIDE / Math.max(image.width, image.height), { kernel: "lanczos3" });
      const file = smaller.jpegsaveBuffer({ Q: QUALITY, keep: "none" });
      for (const one of [image, smaller]) one.delete();
      return file.length;
    },
  },
};

/** What libvips has of the same actions. Each gets the photograph and answers a picture. */
const inVips = {
  flip: (image) => image.flip("horizontal"),
  rotate: (image) => image.rotate(7, { background: [255, 255, 255] }),
  invert: (image) => image.invert(),
  levels: (image) => image.linear([255 / 215], [(-20 * 255) / 215], { uchar: true }),
  sepia: (image) =>
    image.recomb(libraries.vips.Image.newFromArray([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])).cast("uchar"),
  grayscale: (image) => image.colourspace("b-w"),
  "gaussian-blur": (image) => image.gaussblur(2),
  "box-blur": (image) => image.conv(libraries.vips.Image.newFromArray(Array(11).fill(Array(11).fill(1)), 121), { precision: "integer" }),
  sharpen: (image) => image.sharpen({ sigma: 1 }),
  denoise: (image) => image.median(3),
  blend: (image) => image.composite2(image, "over"),
};

/** RGBA of a file. Browsers do not read JPEG XL everywhere, so libvips does. */
async function pixelsOf(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) {
    const read = libraries.vips.Image.newFromBuffer(bytes);
    const image = read.hasAlpha() ? read : read.addalpha();
    const data = image.writeToMemory();
    image.delete();
    return { data };
  }
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }), { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}

const operations = {
  /** Keeps a file, and makes the same picture with restart markers after every row of blocks, as cameras write it. */
  async keep(name, address) {
    files[name] = new Uint8Array(await (await fetch(address)).arrayBuffer());
    return files[name].length;
  },
  async withRestarts(name, from) {
    const image = libraries.vips.Image.jpegloadBuffer(files[from]);
    files[name] = image.jpegsaveBuffer({ Q: 90, restart_interval: Math.ceil(image.width / 16), keep: "none" });
    image.delete();
    return files[name].length;
  },
  /** Decodes a file for the encoders. */
  async prepare(name) {
    const bytes = files[name];
    give(bytes);
    libraries.kernels.decode(1);
    const rgba = await pixelsOf(bytes);
    decoded.rgba = { data: new Uint8Array(rgba.data.buffer), width: rgba.width, height: rgba.height };
    decoded.bitmap = await createImageBitmap(rgba);
    const image = libraries.vips.Image.jpegloadBuffer(bytes);
    decoded.rgb = { data: image.writeToMemory(), width: image.width, height: image.height };
    image.delete();
    return [rgba.width, rgba.height];
  },
  /** The times of an action in ms over the prepared photograph: ours, and that of libvips, if it has it. */
  async act(action, parameters) {
    const { kernels, vips } = libraries;
    give(new TextEncoder().encode(JSON.stringify([action, parameters])));
    if (!kernels.ready()) throw new Error(`${action} was refused`);
    const start = performance.now();
    if (!kernels.act()) throw new Error(`${action} failed`);
    const own = performance.now() - start;
    if (!inVips[action]) return { own };
    const { data, width, height } = decoded.rgb;
    const image = vips.Image.newFromMemory(data, width, height, 3, "uchar").copy({ interpretation: "srgb" });
    const before = performance.now();
    const result = inVips[action](image);
    result.writeToMemory();
    const peer = performance.now() - before;
    for (const one of [image, result]) one.delete();
    return { own, peer };
  },
  names: async (what) => Object.keys(contestants[what]),
  /** The time of one call in ms, and what it wrote, if it writes a file: its bytes and how far from the photograph it is, in dB. */
  async measure(what, name, file, judged) {
    const start = performance.now();
    const answer = await contestants[what][name](files[file]);
    const time = performance.now() - start;
    if (!(answer instanceof Uint8Array) || !judged) return { time };
    const { data } = await pixelsOf(answer);
    let squares = 0;
    for (let at = 0; at < data.length; at += 4) {
      for (let channel = 0; channel < 3; channel += 1) squares += (data[at + channel] - decoded.rgba.data[at + channel]) ** 2;
    }
    return { time, bytes: answer.length, decibels: 10 * Math.log10((255 ** 2 * 0.75 * data.length) / squares) };
  },
  start,
};

onmessage = async ({ data: { id, name, parameters } }) => {
  try {
    postMessage({ id, answer: await operations[name](...parameters) });
  } catch (error) {
    postMessage({ id, error: String(error?.stack ?? error) });
  }
};
