// Writes the files of this folder, or with `--check` compares them: what the encoder in `src/codecs/libavif` makes of the pictures in
// `tests/data/written`. It needs Node.js 20 and the packages of `tests/e2e`: `node tests/data/avif/make.mjs`.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { runInThisContext } from "node:vm";

const sharp = createRequire(new URL("../../e2e/package.json", import.meta.url))("sharp");
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Planes as libavif numbers them. */
const [GRAY, HALVED, FULL] = [0, 1, 3];

/** Each file: its picture, quality, planes and speed. Alpha has a quality of 90 at least. */
export const FILES = {
  "gray.avif": ["gray.png", 100, GRAY, 9],
  "rgb.avif": ["rgb.png", 100, FULL, 9],
  "rgba.avif": ["rgba.png", 100, FULL, 9],
  "gray-80.avif": ["gray.png", 80, GRAY, 9],
  "rgb-80.avif": ["rgb.png", 80, HALVED, 9],
  "rgba-80.avif": ["rgba.png", 80, HALVED, 6],
  "rgb-90.avif": ["rgb.png", 90, FULL, 9],
};

/** The encoder, as a worker starts it. */
export async function encoder() {
  const folder = "../../../src/codecs/libavif/";
  if (!globalThis.libavif) runInThisContext(readFileSync(path(`${folder}libavif.js`), "utf8"));
  return await globalThis.libavif.load(await WebAssembly.compile(readFileSync(path(`${folder}libavif.wasm`))));
}

/** What the encoder makes of the picture of a file. */
export async function made(encoder, name) {
  const [picture, quality, planes, speed] = FILES[name];
  const { data, info } = await sharp(path(`../written/${picture}`)).toColourspace("srgb").ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return encoder.encode(data, info.width, info.height, 8, quality, Math.max(quality, 90), planes, speed);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = await encoder();
  for (const name of Object.keys(FILES)) {
    const file = await made(started, name);
    if (process.argv.includes("--check")) {
      if (!Buffer.from(file).equals(readFileSync(path(name)))) throw new Error(`${name} is another file`);
    } else writeFileSync(path(name), file);
    process.stdout.write(`${name}: ${file.length} bytes\n`);
  }
}
