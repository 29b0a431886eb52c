// What the workers of the benchmarks have in common: Pixelmill's kernels, wasm-vips, and the pixels of files.

import Vips from "/wasm-vips/vips-es6.js";

/** What was started. */
export const libraries = {};

/** Starts the kernels, and libvips with these parts of it, on one thread. */
export async function startLibraries(dynamicLibraries = []) {
  const kernels = WebAssembly.instantiateStreaming(fetch("/kernels.wasm"), {}).then(({ instance }) => instance.exports);
  Object.assign(libraries, { kernels: await kernels, vips: await Vips({ dynamicLibraries }) });
  libraries.vips.concurrency(1);
  libraries.vips.Cache.max(0);
}

/** Gives the kernels a file. */
export function give(bytes) {
  const { kernels } = libraries;
  const place = kernels.room(bytes.length);
  new Uint8Array(kernels.memory.buffer).set(bytes, place);
}

/** Gives the kernels a value as JSON. */
export function giveJson(value) {
  give(new TextEncoder().encode(JSON.stringify(value)));
}

/** Says what the kernels write. */
export function wish(parameters) {
  giveJson(parameters);
  if (!libraries.kernels.wish()) throw new Error("the kernels understood no wish");
}

/** The file that the kernels wrote. */
export function written(length) {
  const { kernels } = libraries;
  if (!length) throw new Error("the kernels refused it");
  return new Uint8Array(kernels.memory.buffer, kernels.result(), length).slice();
}

/** Does something with images of libvips, and frees all those that `keep` is told of. */
export function withVips(work) {
  const kept = [];
  const keep = (image) => (kept.push(image), image);
  try {
    return work(keep);
  } finally {
    for (const image of kept) image.delete();
  }
}

/** RGBA of a file that libvips reads, on the thread of the worker. */
export function pixelsByVips(bytes) {
  return withVips((keep) => {
    const image = keep(keep(keep(libraries.vips.Image.newFromBuffer(bytes)).colourspace("srgb")).cast("uchar"));
    const rgba = image.hasAlpha() ? image : keep(image.addalpha());
    return { data: rgba.writeToMemory(), width: rgba.width, height: rgba.height };
  });
}

/** The samples of a file as libvips reads it. */
export function samplesByVips(bytes) {
  return withVips((keep) => {
    const image = keep(libraries.vips.Image.newFromBuffer(bytes));
    return { data: image.writeToMemory(), width: image.width, height: image.height };
  });
}

/** RGB samples as an image of libvips. */
export function imageOfVips(keep, { data, width, height }) {
  return keep(keep(libraries.vips.Image.newFromMemory(data, width, height, 3, "uchar")).copy({ interpretation: "srgb" }));
}

/** RGBA of a file that the browser reads. */
export async function pixelsByCanvas(bytes, type) {
  const bitmap = await createImageBitmap(new Blob([bytes], { type }), { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}

/** RGBA as a file that the browser writes. */
export async function writtenByCanvas({ data, width, height }, type, quality) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(data.buffer), width, height), 0, 0);
  const file = await canvas.convertToBlob({ type, quality: quality / 100 });
  return new Uint8Array(await file.arrayBuffer());
}

/** How far the colours of RGBA are apart in dB, or `null` if they are equal. */
export function decibels(one, other) {
  let squares = 0;
  for (let at = 0; at < one.length; at += 4) {
    for (let channel = 0; channel < 3; channel += 1) squares += (one[at + channel] - other[at + channel]) ** 2;
  }
  return squares === 0 ? null : 10 * Math.log10((255 ** 2 * 0.75 * one.length) / squares);
}

/** Answers the page with these operations. */
export function serve(operations) {
  onmessage = async ({ data: { id, name, parameters } }) => {
    try {
      postMessage({ id, answer: await operations[name](...parameters) });
    } catch (error) {
      postMessage({ id, error: String(error?.stack ?? error) });
    }
  };
}
