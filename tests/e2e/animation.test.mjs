// Animations run frame by frame, and another library reads the same frames, delays and plays in the results.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { importFiles, open, readAsset, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const data = (name) => readFileSync(fileURLToPath(new URL(`../data/${name}`, import.meta.url)));
const id = (name) => `[data-testid="${name}"]`;

/** An animation of four frames of 80 × 60 pixels, in which a square moves. */
async function animation(format, options) {
  const [width, height, frames] = [80, 60, 4];
  const pixels = Buffer.alloc(width * height * frames * 4);
  for (let frame = 0; frame < frames; frame++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const isSquare = x >= frame * 20 && x < frame * 20 + 20 && y >= 20 && y < 40;
        pixels.set(isSquare ? [220, 20, 60, 255] : [240, 240, x < 40 ? 240 : 200, 255], ((frame * height + y) * width + x) * 4);
      }
    }
  }
  const image = sharp(pixels, { raw: { width, height: height * frames, channels: 4, pageHeight: height } });
  return image[format]({ loop: 3, delay: [100, 200, 50, 400], ...options }).toBuffer();
}

/** The frames below each other, as sharp reads them, and what it says about them. */
async function read(bytes) {
  const { pages, loop, delay, height, pageHeight = height, format } = await sharp(bytes, { pages: -1 }).metadata();
  const { data, info } = await sharp(bytes, { pages: -1 }).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { pages, loop, delay, pageHeight, format, width: info.width, at: (frame, x, y) => [...data.subarray(((frame * pageHeight + y) * info.width + x) * 4).subarray(0, 4)] };
}

/** Whether the square of each frame is where it belongs, in results of half the size. */
function assertMoved(result, tolerance) {
  for (let frame = 0; frame < 4; frame++) {
    for (let place = 0; place < 4; place++) {
      const expected = place === frame ? [220, 20, 60, 255] : [240, 240, place < 2 ? 240 : 200, 255];
      const found = result.at(frame, place * 10 + 5, 15);
      assert.ok(found.every((value, channel) => Math.abs(value - expected[channel]) <= tolerance), `frame ${frame}, place ${place}: ${found}`);
    }
  }
}

const SMALL = (format, options) => pictures.chain(`small-${format}`, [["resize", { width: 40 }]], { format, ...options });

for (const [input, options, output, parameters, tolerance] of [
  ["gif", {}, "webp", { lossless: true }, 2],
  ["gif", {}, "web", { quality: 90 }, 14],
  ["gif", {}, "auto", {}, 2],
  ["webp", { lossless: true }, "gif", {}, 2],
]) {
  test(`an animated ${input} is written as ${output} with all its frames`, async (t) => {
    const { page } = await open(t);
    const [asset] = await importFiles(page, [{ name: `moves.${input}`, bytes: await animation(input, options) }]);
    const { executions } = await run(page, withImages(SMALL(output, parameters), { photos: [asset] }));
    assert.equal(executions[0].status, "success", JSON.stringify(executions[0]));
    assert.deepEqual(executions[0].warnings, []);
    const result = await read(await readAsset(page, executions[0].outputs[0].url));
    assert.equal(result.format, output === "auto" ? "gif" : output === "web" ? "webp" : output);
    assert.deepEqual([result.pages, result.width, result.pageHeight], [4, 40, 30]);
    assert.deepEqual(result.delay, [100, 200, 50, 400]);
    assert.equal(result.loop, 3);
    assertMoved(result, tolerance);
  });
}

for (const [action, parameters, expected] of [
  ["reverse", {}, [[3, 400], [2, 50], [1, 200], [0, 100]]],
  ["trim-frames", { start: 1, end: 3, unit: "frames" }, [[1, 200], [2, 50]]],
  ["trim-frames", { start: 0.2 }, [[1, 100], [2, 50], [3, 400]]],
  // Every 250 ms of 750.
  ["frame-rate", { fps: 4 }, [[0, 250], [1, 250], [3, 250]]],
  ["still", { at: 0.32 }, [[2]]],
]) {
  test(`frames: ${action} ${JSON.stringify(parameters)}`, async (t) => {
    const { page } = await open(t);
    const [asset] = await importFiles(page, [{ name: "moves.webp", bytes: await animation("webp", { lossless: true }) }]);
    const workflow = pictures.chain("frames", [[action, parameters]], { format: "webp", lossless: true });
    const { executions } = await run(page, withImages(workflow, { photos: [asset] }));
    assert.equal(executions[0].status, "success", JSON.stringify(executions[0]));
    const result = await read(await readAsset(page, executions[0].outputs[0].url));
    if (expected.length > 1) assert.deepEqual(result.delay, expected.map(([, delay]) => delay));
    else assert.equal(result.pages ?? 1, 1);
    for (const [at, [frame]] of expected.entries()) {
      const place = [0, 1, 2, 3].find((place) => result.at(at, place * 20 + 10, 30)[1] < 100);
      assert.equal(place, frame, `frame ${at}`);
    }
  });
}

/** What an animation of `tests/data/animation` shows, as `tests/oracles/animations.py` writes it down. */
function known(name, pixels) {
  const file = data(`${name}.frames`);
  const [count, plays] = [file.readUInt32LE(0), file.readUInt32LE(4)];
  const frame = (at) => file.subarray(8 + at * (4 + pixels * 4)).subarray(0, 4 + pixels * 4);
  const frames = Array.from({ length: count }, (_, at) => ({ delay: frame(at).readUInt32LE(0) / 1000, samples: frame(at).subarray(4) }));
  return { plays, frames };
}

// Their decoders are programs of their own, in which an animation is open while the result is written.
for (const [name, width, height] of [
  ["alpha.avif", 26, 18],
  ["opaque.avif", 26, 18],
  ["turned.avif", 18, 26],
  ["alpha.jxl", 26, 18],
  ["parts.jxl", 26, 18],
]) {
  test(`an animated ${name} becomes WebP with all its frames, also in reverse`, async (t) => {
    const { page } = await open(t, { workers: 1 });
    const [asset] = await importFiles(page, [{ name, bytes: data(`animation/${name}`) }]);
    const { plays, frames } = known(`animation/${name}`, width * height);
    for (const [actions, order] of [[[], frames], [[["reverse", {}]], frames.toReversed()], [[], frames]]) {
      const workflow = pictures.chain("moves", actions, { format: "auto", lossless: true });
      const { executions } = await run(page, withImages(workflow, { photos: [asset] }));
      assert.equal(executions[0].status, "success", JSON.stringify(executions[0]));
      assert.deepEqual(executions[0].warnings, []);
      const result = await read(await readAsset(page, executions[0].outputs[0].url));
      assert.deepEqual([result.format, result.width, result.pageHeight, result.loop], ["webp", width, height, plays]);
      assert.deepEqual(result.delay, order.map(({ delay }) => delay));
      for (const [at, { samples }] of order.entries()) {
        for (let place = 0; place < width * height; place++) {
          const expected = samples.subarray(place * 4, place * 4 + 4);
          const found = result.at(at, place % width, Math.floor(place / width));
          const isNear = (expected[3] === 0 && found[3] === 0) || found.every((value, channel) => Math.abs(value - expected[channel]) <= 3);
          assert.ok(isNear, `frame ${at}, pixel ${place}: ${found} instead of ${[...expected]}`);
        }
      }
    }
  });
}

test("a still format takes the first frame with a hint, and the preview and the results show an animation", async (t) => {
  const { page, url } = await open(t);
  const bytes = await animation("gif", {});
  const [asset] = await importFiles(page, [{ name: "moves.gif", bytes }]);
  const { executions } = await run(page, withImages(SMALL("jpeg", {}), { photos: [asset] }));
  assert.deepEqual(executions[0].warnings.map(({ code, level }) => [code, level]), [["first_frame_only", "hint"]]);
  const { batchId } = await run(page, withImages(SMALL("auto", {}), { photos: [asset] }));
  await page.goto(`${url}#/batches/${batchId}/1`);
  await page.locator(`${id("before-after")} .before img`).waitFor();
  await page.goto(`${url}#/new`);
  await page.locator(id("file-input")).setInputFiles([{ name: "moves.gif", mimeType: "image/gif", buffer: bytes }]);
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(SMALL("webp", { lossless: true })));
  await page.locator(id("preview-facts"), { hasText: "moves.webp" }).waitFor();
});
