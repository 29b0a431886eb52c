// Pictures for the tests, generated on the spot by sharp, and sharp's view of the product's results. Nothing here comes from the product
// itself: an expectation that did would prove nothing.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { deflateSync, crc32 as zlibCrc32 } from "node:zlib";
import sharp from "sharp";

const PHOTOS = new URL("../../data/photos/", import.meta.url);
const BUILT_IN = new URL("../../../src/workflow/builtin/", import.meta.url);

/** A built-in workflow from the sources. */
export function builtIn(name) {
  return JSON.parse(readFileSync(new URL(`${name}.json`, BUILT_IN), "utf8"));
}

/** A linear workflow: photos, the given actions, save. */
export function chain(workflowId, actions, output = {}) {
  const steps = actions.map(([actionType, parameters], index) => ({
    actionId: `${actionType}-${index + 1}`,
    actionType,
    parameters,
  }));
  const all = [
    { actionId: "photos", actionType: "input-images", parameters: { images: [] } },
    ...steps,
    { actionId: "save", actionType: "output", parameters: output },
  ];
  return {
    metadata: { workflowId, name: workflowId },
    actions: all,
    connections: all.slice(1).map((action, index) => connect(all[index].actionId, action.actionId)),
  };
}

/** A connection between two actions' usual ports, or into a port that is named. */
export function connect(source, target, targetPort = "input-images") {
  return { connectionSource: source, sourcePort: "outputs", connectionTarget: target, targetPort };
}

/** A photograph of tests/data/photos. */
export function photo(name) {
  return readFileSync(new URL(`${name}.jpg`, PHOTOS));
}

/** The sample pictures that the page offers. */
export function samples() {
  return ["mug.jpg", "bottle.jpg", "tulips.jpg"].map((name) => ({
    name,
    bytes: readFileSync(new URL(name, new URL("../../../src/samples/", import.meta.url))),
  }));
}

/** Twelve photographs in common formats: `[{ name, bytes, format, width, height }]`. */
export async function twelvePhotographs() {
  const names = readdirSync(PHOTOS)
    .filter((name) => name.endsWith(".jpg"))
    .map((name) => name.replace(".jpg", ""));
  assert.equal(names.length, 9);
  const large = (name, width) => sharp(photo(name)).resize({ width, kernel: "cubic" });
  const part = (name, left, top, side) => sharp(photo(name)).extract({ left, top, width: side, height: side }).resize({ width: 1200 });
  const made = [
    ["tulips.jpg", large("tulips", 2400).jpeg({ quality: 90 })],
    ["branches.jpg", large("branches", 2000).jpeg({ quality: 85, progressive: true })],
    ["cat.JPG", large("cat", 1800).jpeg({ quality: 92, chromaSubsampling: "4:4:4" })],
    ["coins.jpeg", large("coins", 1700).toColourspace("b-w").jpeg({ quality: 88 })],
    ["flowers.png", large("flowers", 1300).png()],
    ["grass.webp", large("grass", 1024).webp({ quality: 85 })],
    ["moon.png", large("moon", 900).toColourspace("b-w").png()],
    ["portrait with spaces é.jpg", large("portrait", 1023).jpeg({ quality: 80 })],
    ["retina.jpg", large("retina", 2100).jpeg({ quality: 90 })],
    ["eye.jpg", part("cat", 120, 40, 160).jpeg({ quality: 90 })],
    ["tulip.webp", part("tulips", 120, 60, 200).webp({ lossless: true })],
    ["cap.gif", part("portrait", 130, 20, 240).gif()],
  ];
  return await Promise.all(
    made.map(async ([name, image]) => {
      const { data, info } = await image.toBuffer({ resolveWithObject: true });
      return { name, bytes: data, format: info.format, width: info.width, height: info.height };
    }),
  );
}

/** Photographs of about `megapixels`, all different, as JPEG 4:2:0. */
export async function photographs(count, megapixels) {
  const sources = ["tulips", "cat", "flowers", "branches", "portrait"];
  const width = Math.round(Math.sqrt((megapixels * 1e6 * 4) / 3));
  const height = Math.round((width * 3) / 4);
  const bases = await Promise.all(
    sources.slice(0, Math.min(count, sources.length)).map((name) =>
      sharp(photo(name)).resize({ width, height, fit: "cover", kernel: "cubic" }).jpeg({ quality: 90 }).toBuffer(),
    ),
  );
  // A comment segment after the start marker makes the bytes differ without another encoding.
  return Array.from({ length: count }, (_, index) => ({
    name: `photo-${String(index).padStart(3, "0")}.jpg`,
    bytes: withComment(bases[index % bases.length], `number ${index}`),
    width,
    height,
  }));
}

/** A JPEG with an additional comment segment: other bytes, the same picture. */
export function withComment(jpeg, text) {
  const comment = Buffer.from(text);
  const segment = Buffer.alloc(4);
  segment.writeUInt16BE(0xfffe, 0);
  segment.writeUInt16BE(comment.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), segment, comment, jpeg.subarray(2)]);
}

/** A PNG with an additional text chunk: other bytes, the same picture. */
export function withText(png, text) {
  const HEADER_END = 33;
  const content = Buffer.from(`tEXtComment\0${text}`);
  const chunk = Buffer.alloc(content.length + 8);
  chunk.writeUInt32BE(content.length - 4, 0);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(zlibCrc32(content), content.length + 4);
  return Buffer.concat([png.subarray(0, HEADER_END), chunk, png.subarray(HEADER_END)]);
}

/** A JPEG that ends in the middle of its picture data. */
export function truncated(jpeg) {
  return jpeg.subarray(0, Math.floor(jpeg.length * 0.4));
}

/** A logo with a soft edge: a disc on transparent ground. */
export async function logo(side = 240) {
  const disc = `<svg width="${side}" height="${side}"><circle cx="50%" cy="50%" r="40%" fill="#e02060"/><circle cx="50%" cy="50%" r="20%" fill="#ffffff" fill-opacity="0.5"/></svg>`;
  return { name: "logo.png", bytes: await sharp(Buffer.from(disc)).png().toBuffer() };
}

/** A PNG header that claims a size, followed by next to nothing. */
export function pngClaiming(width, height) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const whole = Buffer.alloc(8 + body.length);
    whole.writeUInt32BE(data.length, 0);
    whole.set(body, 4);
    whole.writeUInt32BE(crc32(body), 4 + body.length);
    return whole;
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.alloc(64))), chunk("IEND", Buffer.alloc(0))]);
}

/** A small JPEG whose frame header claims another size. */
export async function jpegClaiming(width, height) {
  const jpeg = await sharp(photo("cat")).resize(64, 64).jpeg({ progressive: false }).toBuffer();
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at + 1] === 0xc0) {
      jpeg.writeUInt16BE(height, at + 5);
      jpeg.writeUInt16BE(width, at + 7);
      return jpeg;
    }
  }
  throw new Error("the JPEG has no baseline frame header");
}

/** CRC-32 as PNG and ZIP use it. */
export function crc32(bytes) {
  if (zlibCrc32) return zlibCrc32(bytes);
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** SHA-256 in hex. */
export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The content of an encoded picture: pixels as 8-bit RGBA in sRGB, or as RGB without alpha on request. */
export async function decode(bytes, { alpha = true } = {}) {
  const image = sharp(bytes).toColourspace("srgb");
  const { data, info } = await (alpha ? image.ensureAlpha() : image.removeAlpha()).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** The samples of a picture as RGBA, whatever its profile says. */
export async function plainSamples(bytes) {
  const { data, info } = await sharp(bytes, { ignoreIcc: true }).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  assert.equal(info.channels, 4);
  return { data, width: info.width, height: info.height };
}

/** Those of a picture with 16 bits a sample, as RGBA in levels of 8 bits, with fractions. */
export async function deepSamples(bytes) {
  const picture = sharp(bytes, { ignoreIcc: true }).toColourspace("rgb16").ensureAlpha().raw({ depth: "ushort" });
  const { data, info } = await picture.toBuffer({ resolveWithObject: true });
  assert.equal(info.channels, 4);
  const words = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return { data: Float64Array.from(words, (word) => word / 257), width: info.width, height: info.height };
}

/** A picture with 16 bits a sample, as a PNG file; `sample` gives each from 0 to 65,535. */
export async function deepPng(width, height, sample) {
  const words = new Uint16Array(width * height * 3);
  for (let at = 0; at < words.length; at += 1) words[at] = sample(Math.floor(at / 3) % width, Math.floor(at / 3 / width), at % 3);
  return await sharp(words, { raw: { width, height, channels: 3 } }).toColourspace("rgb16").png().toBuffer();
}

/** An encoded picture from raw pixels, for sharp to continue with. */
export function fromRaw({ data, width, height, channels }) {
  return sharp(data, { raw: { width, height, channels } });
}

/** Peak signal-to-noise ratio of two raw pictures in dB over the given channels, and the largest difference of a sample. */
export function difference(one, other, selected = undefined) {
  assert.deepEqual([one.width, one.height, one.channels], [other.width, other.height, other.channels], "the sizes differ");
  const channels = selected ?? Array.from({ length: one.channels }, (_, index) => index);
  let sum = 0;
  let largest = 0;
  for (let pixel = 0; pixel < one.width * one.height; pixel += 1) {
    for (const channel of channels) {
      const distance = Math.abs(one.data[pixel * one.channels + channel] - other.data[pixel * one.channels + channel]);
      sum += distance * distance;
      if (distance > largest) largest = distance;
    }
  }
  const mean = sum / (one.width * one.height * channels.length);
  return { psnr: mean === 0 ? Infinity : 10 * Math.log10((255 * 255) / mean), largest };
}

/** Fails unless the two raw pictures are this close. */
export function assertNear(actual, expected, { psnr, largest }, what) {
  const found = difference(actual, expected);
  if (psnr !== undefined) assert.ok(found.psnr >= psnr, `${what}: ${found.psnr.toFixed(2)} dB, at least ${psnr} expected`);
  if (largest !== undefined) assert.ok(found.largest <= largest, `${what}: a sample differs by ${found.largest}, at most ${largest} expected`);
  return found;
}

/** A copy of a raw picture, each sample made by `value(x, y, channel)`. */
export function draw(width, height, channels, value) {
  const data = Buffer.alloc(width * height * channels);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let channel = 0; channel < channels; channel += 1, at += 1) {
        data[at] = Math.min(255, Math.max(0, Math.round(value(x, y, channel))));
      }
    }
  }
  return { data, width, height, channels };
}

/**
 * Lanczos3 resampling in floating point, straight from its definition: the kernel is widened by the ratio when shrinking, its weights are
 * normalised, samples are centred in their pixels. Colour is weighted by alpha.
 */
export function lanczos3(picture, width, height) {
  const { channels } = picture;
  let samples = Float64Array.from(picture.data);
  if (channels === 4) {
    for (let at = 0; at < samples.length; at += 4) for (let c = 0; c < 3; c += 1) samples[at + c] *= samples[at + 3] / 255;
  }
  // Columns first, then rows, and between the two passes samples are bytes, as in libvips: what rings beyond black and white is cut off.
  samples = transpose(resampleRows(transpose(samples, picture.width, picture.height, channels), picture.height, picture.width, channels, height), height, picture.width, channels);
  samples = samples.map((sample) => Math.min(255, Math.max(0, Math.round(sample))));
  samples = resampleRows(samples, picture.width, height, channels, width);
  if (channels === 4) {
    for (let at = 0; at < samples.length; at += 4) {
      for (let c = 0; c < 3; c += 1) samples[at + c] = samples[at + 3] > 0 ? (samples[at + c] * 255) / samples[at + 3] : 0;
    }
  }
  return draw(width, height, channels, (x, y, channel) => samples[(y * width + x) * channels + channel]);
}

function resampleRows(samples, width, height, channels, newWidth) {
  const ratio = width / newWidth;
  const stretch = Math.max(1, ratio);
  const result = new Float64Array(newWidth * height * channels);
  for (let x = 0; x < newWidth; x += 1) {
    const centre = (x + 0.5) * ratio;
    const first = Math.max(0, Math.floor(centre - 3 * stretch));
    const last = Math.min(width - 1, Math.ceil(centre + 3 * stretch));
    const weights = [];
    for (let from = first; from <= last; from += 1) weights.push(kernel((from + 0.5 - centre) / stretch));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let y = 0; y < height; y += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        for (let from = first; from <= last; from += 1) sum += weights[from - first] * samples[(y * width + from) * channels + channel];
        result[(y * newWidth + x) * channels + channel] = sum / total;
      }
    }
  }
  return result;
}

function kernel(x) {
  if (x === 0) return 1;
  if (Math.abs(x) >= 3) return 0;
  const angle = Math.PI * x;
  return (3 * Math.sin(angle) * Math.sin(angle / 3)) / (angle * angle);
}

function transpose(samples, width, height, channels) {
  const result = new Float64Array(samples.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        result[(x * height + y) * channels + channel] = samples[(y * width + x) * channels + channel];
      }
    }
  }
  return result;
}

/** BT.601 luma of an RGB pixel. */
const luma = (data, at) => 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];

/** Unsharp mask on luma: its change is added to each channel. In floating point, edges replicated. */
export function unsharpMask(picture, sigma, amount, threshold = 0) {
  const { width, height, channels, data } = picture;
  const reach = Math.ceil(4 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, index) => Math.exp(-((index - reach) ** 2) / (2 * sigma * sigma)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const original = new Float64Array(width * height);
  for (let pixel = 0; pixel < original.length; pixel += 1) original[pixel] = luma(data, pixel * channels);
  const clamp = (value, end) => Math.min(end - 1, Math.max(0, value));
  const pass = (source, dx, dy) => {
    const result = new Float64Array(source.length);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        let sum = 0;
        for (let step = -reach; step <= reach; step += 1) {
          sum += weights[step + reach] * source[clamp(y + step * dy, height) * width + clamp(x + step * dx, width)];
        }
        result[y * width + x] = sum / total;
      }
    }
    return result;
  };
  const blurred = pass(pass(original, 1, 0), 0, 1);
  return draw(width, height, channels, (x, y, channel) => {
    const pixel = y * width + x;
    const detail = original[pixel] - blurred[pixel];
    const change = channel === 3 || Math.abs(detail) < threshold ? 0 : amount * detail;
    return data[pixel * channels + channel] + change;
  });
}

/** A Photoshop document without layers as one with a layer of so many bytes, which is passed over: what is before its zeros, how many these are, and what is behind them. */
export function withLayers(document, length) {
  // Behind the header and two parts with their lengths before them is that of the layers.
  const after = (at) => at + 4 + document.readUInt32BE(at);
  const layers = after(after(26));
  const section = Buffer.alloc(10);
  section.writeUInt32BE(length, 0);
  section.writeUInt32BE(length - 4, 4);
  section.writeUInt16BE(1, 8);
  const start = Buffer.concat([document.subarray(0, layers), section]);
  return [start.toString("base64"), length - 6, document.subarray(after(layers)).toString("base64")];
}
