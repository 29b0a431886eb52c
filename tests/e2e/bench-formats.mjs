// `cargo xtask bench --formats`: reading and writing a photograph of three megapixels in each format, beside wasm-vips, jSquash, the browser's own
// codecs and native sharp, where they know it. What is written is compared by bytes and PSNR too. `--formats a.heic b.tif` only reads these
// files.

import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import sharp from "sharp";
import { inWorker, printRow, takeTurns, timed } from "./bench/host.mjs";
import { twelveMegapixels } from "./support/photograph.mjs";

const QUALITY = 80;
const SIDE = 240;

/** How sharp writes a format. */
const NATIVE = {
  JPEG: (picture) => picture.jpeg({ quality: QUALITY, optimiseCoding: true }),
  PNG: (picture) => picture.png(),
  "PNG, effort 7": (picture) => picture.png({ compressionLevel: 9, adaptiveFiltering: true }),
  "PNG, 256 colours": (picture) => picture.png({ palette: true, effort: 4 }),
  WebP: (picture) => picture.webp({ quality: QUALITY }),
  "WebP, lossless": (picture) => picture.webp({ lossless: true }),
  AVIF: (picture) => picture.avif({ quality: QUALITY, effort: 0, chromaSubsampling: "4:2:0" }),
  GIF: (picture) => picture.gif(),
  TIFF: (picture) => picture.tiff({ compression: "deflate", predictor: "horizontal" }),
};

sharp.concurrency(1);
sharp.cache(false);

const given = process.argv.slice(2);
if (given.length > 0) await readOnly(given);
else await everyFormat();

/** Reads files from elsewhere. */
async function readOnly(paths) {
  const files = {};
  for (const path of paths) files[basename(path)] = await readFile(path);
  await inWorker("formats-worker.js", files, async (ask) => {
    for (const name of Object.keys(files)) {
      const format = extname(name).slice(1).toLowerCase().replace("jpg", "jpeg");
      await reading(ask, name, format, undefined);
    }
  });
}

async function everyFormat() {
  const photograph = await sharp(await twelveMegapixels()).resize(2000, 1500).png({ compressionLevel: 1 }).toBuffer();
  const by = async (write) => await write(sharp(photograph)).toBuffer();
  const files = {
    photograph,
    JPEG: await by((picture) => picture.jpeg({ quality: 90 })),
    PNG: await by((picture) => picture.png()),
    "PNG, 256 colours": await by((picture) => picture.png({ palette: true })),
    "PNG, 16 bits": await by((picture) => picture.toColourspace("rgb16").linear(1.0007, 0).png()),
    WebP: await by((picture) => picture.webp({ quality: QUALITY })),
    "WebP, lossless": await by((picture) => picture.webp({ lossless: true })),
    GIF: await by((picture) => picture.gif()),
    "TIFF, LZW": await by((picture) => picture.tiff({ compression: "lzw", predictor: "horizontal" })),
    "TIFF, deflate": await by((picture) => picture.tiff({ compression: "deflate", predictor: "horizontal" })),
    "TIFF, JPEG": await by((picture) => picture.tiff({ compression: "jpeg", quality: 90 })),
    AVIF: await by((picture) => picture.avif({ quality: QUALITY, effort: 2 })),
    SVG: drawing(),
    animation: await animation(photograph),
  };
  const formats = { "PNG, 256 colours": "png", "PNG, 16 bits": "png", "WebP, lossless": "webp", "TIFF, LZW": "tiff", "TIFF, deflate": "tiff", "TIFF, JPEG": "tiff" };
  await inWorker("formats-worker.js", files, async (ask) => {
    await ask("prepare", "photograph");
    for (const name of Object.keys(files)) {
      if (name !== "photograph" && name !== "animation") await reading(ask, name, formats[name] ?? name.toLowerCase(), files[name]);
    }
    // Not written by sharp.
    for (const [name, format] of [["JPEG XL", "jxl"], ["QOI", "qoi"], ["BMP", "bmp"]]) {
      await ask("make", name, name);
      await reading(ask, name, format, undefined);
    }
    // The photograph that is written was replaced by those that were read.
    await ask("prepare", "photograph");
    const pixels = await sharp(photograph).raw().toBuffer({ resolveWithObject: true });
    for (const [name, who] of await ask("writers")) {
      const names = NATIVE[name] ? [...who, "native sharp"] : who;
      printRow(`write ${name}`, await takeTurns(names, (one, judged) => (one === "native sharp" ? natively(pixels, NATIVE[name]) : ask("write", name, one, judged))));
    }
    const who = [...(await ask("animators")), "native sharp"];
    const smaller = async () => await sharp(files.animation, { animated: true }).resize(SIDE, SIDE, { fit: "inside" }).gif().toBuffer();
    printRow(`make an animated GIF of 24 frames smaller`, await takeTurns(who, async (one) => {
      if (one !== "native sharp") return await ask("animate", one, "animation", SIDE);
      const { time, result } = await timed(smaller);
      return { time, bytes: result.length };
    }));
  });
}

/** A row of who reads a file. */
async function reading(ask, name, format, bytes) {
  const names = await ask("readers", format);
  const native = async () => ({ time: (await timed(() => sharp(bytes).raw().toBuffer())).time });
  const all = bytes ? [...names, "native sharp"] : names;
  printRow(`read ${name}`, await takeTurns(all, (one) => (one === "native sharp" ? native() : ask("read", format, one, name))));
}

async function natively({ data, info }, write) {
  const picture = sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  const { time, result } = await timed(() => write(picture).toBuffer());
  return { time, bytes: result.length };
}

/** A drawing of 2000 × 1500 with a gradient, some hundred curves and soft shadows. */
function drawing() {
  const curves = Array.from({ length: 400 }, (_, index) => {
    const [x, y] = [(index * 137) % 2000, (index * 211) % 1500];
    return `<path d="M${x} ${y}c60-80 140 40 90 120s-150 60-90-120z" fill="hsl(${(index * 29) % 360} 60% 55%)" fill-opacity=".6" stroke="#234" stroke-width="1.5"/>`;
  });
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="1500"><defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="#8cf"/><stop offset="1" stop-color="#fec"/></linearGradient>` +
      `<filter id="s"><feGaussianBlur stdDeviation="12"/></filter></defs><rect width="2000" height="1500" fill="url(#g)"/><circle cx="1000" cy="750" r="400" filter="url(#s)"/>${curves.join("")}</svg>`,
  );
}

/** A window of 480 × 480 that moves over the photograph. */
async function animation(photograph) {
  const frames = [];
  for (let index = 0; index < 24; index += 1) {
    frames.push(await sharp(photograph).extract({ left: 100 + 12 * index, top: 200 + 5 * index, width: 480, height: 480 }).png().toBuffer());
  }
  return await sharp(frames, { join: { animated: true } }).gif().toBuffer();
}
