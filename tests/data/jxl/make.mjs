// Writes the files of this folder, or with `--check` compares them: what the encoder in `src/codecs/libjxl` makes of the pictures in
// `tests/data/written`. It needs Node.js 20 and the packages of `tests/e2e`: `node tests/data/jxl/make.mjs`.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { runInThisContext } from "node:vm";

const sharp = createRequire(new URL("../../e2e/package.json", import.meta.url))("sharp");
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Each file: its picture, quality and effort. */
export const FILES = {
  "gray-80.jxl": ["gray.png", 80, 4],
  "rgb-40.jxl": ["rgb.png", 40, 4],
  "rgb-80.jxl": ["rgb.png", 80, 4],
  "rgb-90.jxl": ["rgb.png", 90, 7],
  "rgba-80.jxl": ["rgba.png", 80, 4],
  "rgb-100.jxl": ["rgb.png", 100, 4],
  "rgba-100.jxl": ["rgba.png", 100, 4],
};

/** The encoder, as a worker starts it. */
export async function encoder() {
  const folder = "../../../src/codecs/libjxl/";
  if (!globalThis.libjxl) runInThisContext(readFileSync(path(`${folder}libjxl.js`), "utf8"));
  return await globalThis.libjxl.load(await WebAssembly.compile(readFileSync(path(`${folder}libjxl.wasm`))));
}

/** What the encoder makes of the picture of a file. */
export async function made(encoder, name) {
  const [picture, quality, effort] = FILES[name];
  const { data, info } = await sharp(path(`../written/${picture}`)).toColourspace("srgb").ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return encoder.encode(data, info.width, info.height, quality, effort);
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
