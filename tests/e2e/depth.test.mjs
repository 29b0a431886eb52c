// Pictures of 16 bits a sample in the built app: what keeps them, what reduces them, and that they are shown. libvips reads the results.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { importFiles, open, readAsset, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const sample = (x, y, channel) => 9000 + x * 401 + y * 127 + channel * 7001;

/** Writes one picture of 16 bits in each of these ways. */
async function written(t, actions, outputs) {
  const { page } = await open(t);
  const photos = await importFiles(page, [{ name: "deep.png", bytes: await pictures.deepPng(60, 40, sample) }]);
  const files = [];
  for (const output of outputs) {
    const { executions } = await run(page, withImages(pictures.chain("deep", actions, output), { photos }));
    assert.equal(executions[0].status, "success", executions[0].error);
    files.push(Buffer.from(await readAsset(page, executions[0].outputs[0].url)));
  }
  return files;
}

test("PNG and TIFF keep every sample", async (t) => {
  const actions = [["crop", { x: 7, y: 5, width: 40, height: 30 }], ["flip", { direction: "horizontal" }]];
  for (const file of await written(t, actions, [{ format: "png" }, { format: "tiff" }])) {
    assert.equal((await sharp(file).metadata()).depth, "ushort");
    const { data, width, height } = await pictures.deepSamples(file);
    assert.deepEqual([width, height], [40, 30]);
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1)
        for (let channel = 0; channel < 3; channel += 1)
          assert.equal(Math.round(data[(y * width + x) * 4 + channel] * 257), sample(46 - x, y + 5, channel), `${x}, ${y}`);
  }
});

test("AVIF has 10 bits, and other formats and \"bitDepth\" 8 have 8", async (t) => {
  const outputs = [{ format: "avif", quality: 95 }, { format: "png", bitDepth: "8" }, { format: "jpeg", quality: 95 }, { format: "webp", lossless: true }];
  const [avif, ...narrow] = await written(t, [["adjust", { exposure: 0.2 }]], outputs);
  const HIGH_DEPTH = 0x40;
  assert.ok(avif[avif.indexOf("av1C") + 6] & HIGH_DEPTH);
  const wide = await sharp(avif).toColourspace("srgb").removeAlpha().raw().toBuffer();
  for (const file of narrow) {
    assert.equal((await sharp(file).metadata()).depth, "uchar");
    const data = await sharp(file).removeAlpha().raw().toBuffer();
    const squares = data.reduce((sum, value, at) => sum + (value - wide[at]) ** 2, 0);
    assert.ok(10 * Math.log10((255 ** 2 * data.length) / squares) > 38);
  }
});

test("two steps that undo each other lose next to nothing", async (t) => {
  const [file] = await written(t, [["levels", { gamma: 0.4 }], ["levels", { gamma: 2.5 }]], [{ format: "png" }]);
  const { data } = await pictures.deepSamples(file);
  for (let pixel = 0; pixel < 60 * 40; pixel += 1)
    for (let channel = 0; channel < 3; channel += 1) {
      const before = sample(pixel % 60, Math.floor(pixel / 60), channel);
      assert.ok(Math.abs(data[pixel * 4 + channel] * 257 - before) <= 64, `${before} became ${data[pixel * 4 + channel] * 257}`);
    }
});

test("frames of an animation keep them too", async (t) => {
  const { page } = await open(t);
  const file = (name) => readFileSync(fileURLToPath(new URL(`../data/animation/${name}`, import.meta.url)));
  const actions = [["flip", { direction: "horizontal" }], ["flip", { direction: "horizontal" }]];
  for (const [name, most] of [["deep.png", 2], ["10-bits.avif", 96], ["deep.jxl", 0]]) {
    const photos = await importFiles(page, [{ name, bytes: file(name) }]);
    const { executions } = await run(page, withImages(pictures.chain("deep", actions, { format: "png" }), { photos }));
    assert.equal(executions[0].status, "success", executions[0].error);
    const result = Buffer.from(await readAsset(page, executions[0].outputs[0].url));
    assert.ok(result.includes("acTL"), `${name} is still animated`);
    // libvips reads the first frame.
    const { data } = await pictures.deepSamples(result);
    const expected = file(`${name}.frames16`).subarray(12);
    for (let at = 0; at < data.length; at += 1) {
      if (expected.readUInt16LE((at | 3) * 2) === 0) continue;
      assert.ok(Math.abs(Math.round(data[at] * 257) - expected.readUInt16LE(at * 2)) <= most, `${name}, sample ${at}`);
    }
  }
});
