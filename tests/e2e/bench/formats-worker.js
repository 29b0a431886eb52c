// Reading and writing each format: Pixelmill's codecs, wasm-vips, jSquash and the browser's own, from memory to memory.
//
// Each library decodes to what suits it. Encoders start from the same photograph: in RGBA, or in RGB in Pixelmill's kernels and libvips.

import { decibels, give, imageOfVips, libraries, pixelsByCanvas, pixelsByVips, samplesByVips, serve, startLibraries, wish, withVips, written, writtenByCanvas } from "./libraries.js";
import { initEmscriptenModule } from "/jsquash/jpeg/utils.js";
import jpegDecoder from "/jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import jpegEncoder from "/jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import { defaultOptions as jpegOptions } from "/jsquash/jpeg/meta.js";
import webpDecoder from "/jsquash/webp/codec/dec/webp_dec.js";
import webpEncoder from "/jsquash/webp/codec/enc/webp_enc_simd.js";
import { defaultOptions as webpOptions } from "/jsquash/webp/meta.js";
import avifDecoder from "/jsquash/avif/codec/dec/avif_dec.js";
import avifEncoder from "/jsquash/avif/codec/enc/avif_enc.js";
import { defaultOptions as avifOptions } from "/jsquash/avif/meta.js";
import jxlDecoder from "/jsquash/jxl/codec/dec/jxl_dec.js";
import jxlEncoder from "/jsquash/jxl/codec/enc/jxl_enc.js";
import { defaultOptions as jxlOptions } from "/jsquash/jxl/meta.js";
import qoiDecoder from "/jsquash/qoi/codec/dec/qoi_dec.js";
import qoiEncoder from "/jsquash/qoi/codec/enc/qoi_enc.js";
import startPng, { decode as decodePng, encode as encodePng } from "/jsquash/png/codec/pkg/squoosh_png.js";
import "/codecs/libavif/libavif.js";
import "/codecs/libjxl/libjxl.js";
import "/codecs/libwebp/libwebp.js";

const QUALITY = 80;
const files = {};
/** jSquash's decoders and encoders by format. */
const [reads, writes] = [{}, {}];
/** The encoders that a worker of the product loads. */
const own = {};
/** The photograph that is written, in RGB and RGBA. */
const photograph = {};

async function start() {
  await startLibraries(["vips-heif.wasm", "vips-jxl.wasm", "vips-resvg.wasm"]);
  for (const [format, reader, writer] of [["jpeg", [jpegDecoder, "mozjpeg_dec"], [jpegEncoder, "mozjpeg_enc"]], ["webp", [webpDecoder, "webp_dec"], [webpEncoder, "webp_enc_simd"]], ["avif", [avifDecoder, "avif_dec"], [avifEncoder, "avif_enc"]], ["jxl", [jxlDecoder, "jxl_dec"], [jxlEncoder, "jxl_enc"]], ["qoi", [qoiDecoder, "qoi_dec"], [qoiEncoder, "qoi_enc"]]]) {
    const load = ([factory], folder) => initEmscriptenModule(factory, undefined, { locateFile: (name) => `/jsquash/${format}/codec/${folder}/${name}` });
    [reads[format], writes[format]] = [await load(reader, "dec"), await load(writer, "enc")];
  }
  await startPng("/jsquash/png/codec/pkg/squoosh_png_bg.wasm");
  for (const name of ["libwebp", "libavif", "libjxl"]) {
    own[name] = await globalThis[name].load(await WebAssembly.compileStreaming(fetch(`/codecs/${name}/${name}.wasm`)));
  }
}

/** The formats that browsers decode in a worker. */
const IN_BROWSERS = { jpeg: "image/jpeg", png: "image/png", webp: "image/webp", gif: "image/gif", bmp: "image/bmp", avif: "image/avif" };

/** What jSquash's decoders are given besides: whether to turn a JPEG upright, and the depth of AVIF. */
const READER_SETTINGS = { jpeg: [false], avif: [8] };

/** Who decodes a format. */
function readers(format) {
  return {
    Pixelmill: (bytes) => (give(bytes), libraries.kernels.decode(1)),
    ...(!["bmp", "qoi", "heic"].includes(format) && {
      "wasm-vips": (bytes) => withVips((keep) => keep(libraries.vips.Image.newFromBuffer(bytes)).writeToMemory().length),
    }),
    ...(format === "png" && { jSquash: (bytes) => decodePng(bytes).width }),
    ...(reads[format] && { jSquash: (bytes) => reads[format].decode(bytes, ...(READER_SETTINGS[format] ?? [])).width }),
    ...(IN_BROWSERS[format] && { canvas: async (bytes) => (await pixelsByCanvas(bytes, IN_BROWSERS[format])).width }),
  };
}

/** By the kernels. */
const byKernels = (parameters) => () => {
  wish(parameters);
  return written(libraries.kernels.encode());
};

/** By libvips. */
const byVips = (save) => () => withVips((keep) => save(imageOfVips(keep, photograph.rgb)));

/** By one that takes RGBA and columns and rows. */
const byRgba = (encode) => () => {
  const { data, width, height } = photograph.rgba;
  return new Uint8Array(encode(data, width, height));
};

const byCanvas = (type) => () => writtenByCanvas(photograph.rgba, type, QUALITY);

/** Who writes, with the settings that a plan without any has, and with those of the others that come closest. */
const WRITERS = {
  JPEG: {
    Pixelmill: byKernels({ format: "jpeg", quality: QUALITY }),
    "wasm-vips": byVips((image) => image.jpegsaveBuffer({ Q: QUALITY, keep: "none", optimize_coding: true })),
    jSquash: byRgba((data, width, height) => writes.jpeg.encode(data, width, height, { ...jpegOptions, quality: QUALITY })),
    canvas: byCanvas("image/jpeg"),
  },
  PNG: {
    Pixelmill: byKernels({ format: "png" }),
    "wasm-vips": byVips((image) => image.pngsaveBuffer({ keep: "none" })),
    jSquash: byRgba((data, width, height) => encodePng(data, width, height, 8)),
    canvas: byCanvas("image/png"),
  },
  "PNG, effort 7": {
    Pixelmill: byKernels({ format: "png", effort: 7 }),
    "wasm-vips": byVips((image) => image.pngsaveBuffer({ compression: 9, filter: "all", keep: "none" })),
  },
  "PNG, 256 colours": {
    Pixelmill: byKernels({ format: "png", colors: 256 }),
    "wasm-vips": byVips((image) => image.pngsaveBuffer({ palette: true, effort: 4, keep: "none" })),
  },
  WebP: {
    Pixelmill: byRgba((data, width, height) => own.libwebp.encode(data, width, height, QUALITY, false)),
    "wasm-vips": byVips((image) => image.webpsaveBuffer({ Q: QUALITY, keep: "none" })),
    jSquash: byRgba((data, width, height) => writes.webp.encode(data, width, height, { ...webpOptions, quality: QUALITY })),
    canvas: byCanvas("image/webp"),
  },
  "WebP, lossless": {
    Pixelmill: byRgba((data, width, height) => own.libwebp.encode(data, width, height, QUALITY, true)),
    "wasm-vips": byVips((image) => image.webpsaveBuffer({ lossless: true, keep: "none" })),
    jSquash: byRgba((data, width, height) => writes.webp.encode(data, width, height, { ...webpOptions, lossless: 1, exact: 1 })),
  },
  AVIF: {
    Pixelmill: byRgba((data, width, height) => own.libavif.encode(data, width, height, 8, QUALITY, 90, 1, 9)),
    "wasm-vips": byVips((image) => image.heifsaveBuffer({ Q: QUALITY, compression: "av1", effort: 0, subsample_mode: "on", keep: "none" })),
    jSquash: byRgba((data, width, height) => writes.avif.encode(data, width, height, { ...avifOptions, quality: QUALITY, speed: 9 })),
  },
  "JPEG XL": {
    Pixelmill: byRgba((data, width, height) => own.libjxl.encode(data, width, height, QUALITY, 4)),
    "Pixelmill, effort 9": byRgba((data, width, height) => own.libjxl.encode(data, width, height, QUALITY, 7)),
    "wasm-vips": byVips((image) => image.jxlsaveBuffer({ Q: QUALITY, effort: 4, keep: "none" })),
    jSquash: byRgba((data, width, height) => writes.jxl.encode(data, width, height, { ...jxlOptions, quality: QUALITY, effort: 4 })),
  },
  "JPEG XL, lossless": {
    Pixelmill: byKernels({ format: "jxl", lossless: true }),
    "wasm-vips": byVips((image) => image.jxlsaveBuffer({ lossless: true, effort: 1, keep: "none" })),
    jSquash: byRgba((data, width, height) => writes.jxl.encode(data, width, height, { ...jxlOptions, quality: 100, lossyModular: false, effort: 1 })),
  },
  GIF: {
    Pixelmill: byKernels({ format: "gif" }),
    "wasm-vips": byVips((image) => image.gifsaveBuffer({ keep: "none" })),
  },
  TIFF: {
    Pixelmill: byKernels({ format: "tiff" }),
    "wasm-vips": byVips((image) => image.tiffsaveBuffer({ compression: "deflate", predictor: "horizontal", keep: "none" })),
  },
  QOI: {
    Pixelmill: byKernels({ format: "qoi" }),
    jSquash: byRgba((data, width, height) => writes.qoi.encode(data, width, height)),
  },
  BMP: { Pixelmill: byKernels({ format: "bmp" }) },
};

/** Reads what was written. libvips does not read two formats, and its memory does not last for many AVIF files. */
function pixelsOf(file, name) {
  if (name === "QOI") return reads.qoi.decode(file);
  if (name === "BMP" || name === "AVIF") return pixelsByCanvas(file, IN_BROWSERS[name.toLowerCase()]);
  return pixelsByVips(file);
}

/** An animation made smaller, as a GIF. */
const ANIMATION = {
  Pixelmill: (bytes, side) => {
    wish({ format: "gif" });
    give(bytes);
    return written(libraries.kernels.chain(side)).length;
  },
  "wasm-vips": (bytes, side) =>
    withVips((keep) => {
      const image = keep(libraries.vips.Image.thumbnailBuffer(bytes, side, { height: side, option_string: "n=-1" }));
      return image.gifsaveBuffer({ keep: "none" }).length;
    }),
};

serve({
  start,
  /** Keeps a file. */
  async keep(name, address) {
    files[name] = new Uint8Array(await (await fetch(address)).arrayBuffer());
    return files[name].length;
  },
  /** Makes the file of a name from the photograph, by the first that writes this. */
  async make(name, like) {
    files[name] = await Object.values(WRITERS[like])[0]();
    return files[name].length;
  },
  /** Decodes the photograph for those that write it. */
  async prepare(name) {
    photograph.rgb = samplesByVips(files[name]);
    photograph.rgba = pixelsByVips(files[name]);
    give(files[name]);
    return libraries.kernels.decode(1);
  },
  readers: async (format) => Object.keys(readers(format)),
  writers: async () => Object.entries(WRITERS).map(([name, who]) => [name, Object.keys(who)]),
  animators: async () => Object.keys(ANIMATION),
  /** The time in ms in which one reads a file. */
  async read(format, who, file) {
    const start = performance.now();
    if (!(await readers(format)[who](files[file]))) throw new Error(`${who} does not read ${file}`);
    return { time: performance.now() - start };
  },
  /** The time in ms in which one writes the photograph, and of what is judged the bytes and how far from the photograph it is, in dB. */
  async write(what, who, judged) {
    const start = performance.now();
    const file = await WRITERS[what][who]();
    const time = performance.now() - start;
    if (!judged) return { time };
    const { data } = await pixelsOf(file, what);
    return { time, bytes: file.length, decibels: decibels(data, photograph.rgba.data) };
  },
  /** The time in ms in which one makes an animation smaller, and the bytes of what it writes. */
  async animate(who, file, side) {
    const start = performance.now();
    const bytes = ANIMATION[who](files[file], side);
    return { time: performance.now() - start, bytes };
  },
});
