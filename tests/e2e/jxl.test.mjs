// Writing JPEG XL with loss: what the encoder makes, as libjxl's own decoder (@jsquash/jxl) reads it, and how its program gets to the workers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import createDecoder from "@jsquash/jxl/codec/dec/jxl_dec.js";
import { ask, importFiles, open, ready, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import { addressOf } from "./support/built.mjs";
import * as pictures from "./support/pictures.mjs";
import { onWhite, opaque, written } from "./support/written.mjs";
import { FILES, encoder, made } from "../data/jxl/make.mjs";

suite(test);

const MODULE = addressOf("libjxl.wasm");
const data = (name) => readFileSync(fileURLToPath(new URL(`../data/${name}`, import.meta.url)));
const save = (output) => pictures.chain("saved", [], output);

let decoder;

/** The pixels as libjxl's decoder gives them, in sRGB. */
async function decoded(file) {
  const wasm = createRequire(import.meta.url).resolve("@jsquash/jxl/codec/dec/jxl_dec.wasm");
  decoder ??= await createDecoder({ noInitialRun: true, wasmBinary: readFileSync(wasm) });
  const { data, width, height } = decoder.decode(file);
  return { width, height, channels: 4, data: Buffer.from(data) };
}

test("the script of the encoder loads without a browser, and makes what native tests have in its place", async () => {
  const started = await encoder();
  for (const name of Object.keys(FILES)) assert.deepEqual(Buffer.from(await made(started, name)), data(`jxl/${name}`), name);
});

test("a photograph is written as JPEG XL, which libjxl reads as the same picture", async (t) => {
  const { page } = await open(t);
  const photograph = pictures.photo("cat");
  const expected = await pictures.decode(photograph, { alpha: false });
  const sizes = [];
  for (const [quality, psnr] of [[60, 35], [80, 39], [92, 43]]) {
    const result = await written(page, photograph, { format: "jxl", quality });
    assert.deepEqual([result.name, result.mimeType], ["picture.bin.jxl", "image/jxl"]);
    assert.match(result.encoder, /^libjxl /);
    sizes.push(result.bytes);
    pictures.assertNear(opaque(await decoded(result.data)), expected, { psnr }, `quality ${quality}`);
  }
  assert.ok(sizes[0] < sizes[1] && sizes[1] < sizes[2], `${sizes}`);
  const jpeg = await written(page, photograph, { format: "jpeg", quality: 80 });
  assert.ok(sizes[1] < jpeg.bytes * 0.85, `${sizes[1]} bytes beside ${jpeg.bytes}`);
  const packed = await written(page, photograph, { format: "jxl", quality: 80, effort: 7 });
  assert.notEqual(packed.sha256, (await written(page, photograph, { format: "jxl", quality: 80 })).sha256);
});

test("transparency is written too", async (t) => {
  const { page } = await open(t);
  const { bytes } = await pictures.logo(240);
  const expected = await pictures.decode(bytes);
  const found = await decoded((await written(page, bytes, { format: "jxl", quality: 85 })).data);
  pictures.assertNear(onWhite(found), onWhite(expected), { psnr: 36 }, "libjxl");
  const alpha = pictures.difference(found, expected, [3]);
  assert.ok(alpha.psnr >= 54 && alpha.largest <= 12, `${alpha.psnr.toFixed(1)} dB, ${alpha.largest}`);
});

test("without loss every pixel is kept, and a higher effort makes a smaller file", async (t) => {
  const { page } = await open(t);
  const photograph = pictures.photo("tulips");
  const expected = await pictures.decode(photograph, { alpha: false });
  const sizes = [];
  for (const [effort, by] of [[1, /^zune-jpegxl/], [3, /^libjxl/], [9, /^libjxl/]]) {
    const { data: file, encoder, bytes } = await written(page, await sharp(photograph).png().toBuffer(), { format: "jxl", lossless: true, effort });
    assert.match(encoder, by);
    assert.deepEqual(opaque(await decoded(file)).data, expected.data, `effort ${effort}`);
    sizes.push(bytes);
  }
  assert.ok(sizes[0] > sizes[1] && sizes[1] > sizes[2], `${sizes}`);
});

test("the page writes the files that djxl was seen to read, byte for byte", async (t) => {
  const { page } = await open(t);
  for (const [picture, file, output] of [
    ["gray", "gray-80", { quality: 80 }],
    ["rgb", "rgb-40", { quality: 40 }],
    ["rgb", "rgb-90", { quality: 90, effort: 9 }],
    ["rgba", "rgba-80", { quality: 80 }],
    ["rgba", "rgba-100", { lossless: true, effort: 4 }],
  ]) {
    const result = await written(page, data(`written/${picture}.png`), { format: "jxl", metadata: "strip", ...output });
    // Effort 4 of ours is 4 of the encoder's, as without any.
    assert.deepEqual(result.data, data(`jxl/written/${file}.jxl`), file);
  }
});

test("colours are converted to sRGB, and the metadata of the original is kept", async (t) => {
  const { page } = await open(t);
  const photograph = await sharp(pictures.photo("tulips")).withIccProfile("p3").withExif({ IFD0: { Artist: "A. Photographer" } }).jpeg({ quality: 95 }).toBuffer();
  const expected = await pictures.decode(await sharp(photograph).toColourspace("srgb").png().toBuffer(), { alpha: false });
  const { data: file } = await written(page, photograph, { format: "jxl", quality: 90 });
  pictures.assertNear(opaque(await decoded(file)), expected, { psnr: 36 }, "libjxl");
  assert.ok(file.includes("A. Photographer"));
  const stripped = await written(page, photograph, { format: "jxl", quality: 90, metadata: "strip" });
  assert.ok(!stripped.data.includes("A. Photographer"));
});

test("several formats are compared with it, and a size is met", async (t) => {
  const { page } = await open(t);
  const smallest = await written(page, pictures.photo("cat"), { smallestOf: ["jpeg", "jxl"], quality: 90 });
  assert.equal(smallest.mimeType, "image/jxl");
  assert.match(smallest.warnings[0].message, /^JPEG XL of quality \d+ has .* \(similarity 0\.99\d\); JPEG of quality/);
  const limited = await written(page, pictures.photo("portrait"), { format: "jxl", quality: 95, maxBytes: 20000 });
  assert.ok(limited.bytes <= 20000 && limited.bytes > 14000, `${limited.bytes} bytes`);
  assert.deepEqual(limited.warnings.map(({ code }) => code), ["fitted"]);
});

test("the encoder is fetched once, when a plan needs it, and is not requested again after a reload", async (t) => {
  const { page, watch, context } = await open(t, { workers: 1 });
  const requests = () => watch.requests.filter((url) => MODULE.test(url)).length;
  await written(page, pictures.photo("cat"), { format: "jxl", lossless: true });
  assert.equal(requests(), 0);
  const first = await written(page, pictures.photo("cat"), { format: "jxl" });
  await written(page, pictures.photo("tulips"), { format: "jxl" });
  assert.equal(requests(), 1);
  await page.reload();
  await ready(page);
  await context.setOffline(true);
  const again = await written(page, pictures.photo("cat"), { format: "jxl" });
  assert.deepEqual(again.data, first.data);
});

test("a picture that is too large for the encoder fails with what to do, and the next one succeeds", async (t) => {
  const { page } = await open(t, { workers: 1, errorsExpected: true });
  const large = await sharp({ create: { width: 5200, height: 5200, channels: 3, background: "#345", noise: { type: "gaussian", mean: 120, sigma: 20 } } }).jpeg().toBuffer();
  const photos = await importFiles(page, [{ name: "large.jpg", bytes: large }, { name: "cat.jpg", bytes: pictures.photo("cat") }]);
  const { executions } = await run(page, withImages(save({ format: "jxl" }), { photos }));
  assert.deepEqual(executions.map(({ status }) => status), ["failed", "success"]);
  assert.match(executions[0].error, /The JPEG XL encoder has not enough memory for 5200 × 5200 pixels/);
  assert.match(executions[0].hint, /16 megapixels/);
});

const whole = data("../../src/codecs/libjxl/libjxl.wasm");
for (const [what, answer, category, message] of [
  ["missing", { status: 404, body: "" }, "downstream_error", /libjxl\.wasm is no longer on the server/],
  ["truncated", { status: 200, body: whole.subarray(0, whole.length >> 1) }, "system_error", /libjxl\.wasm is damaged/],
]) {
  test(`a ${what} encoder fails what needs it, and a retry succeeds without a reload`, async (t) => {
    const { page, context } = await open(t, { workers: 1, errorsExpected: true });
    const photos = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
    await context.route(MODULE, (route) => route.fulfill(answer));
    const broken = await run(page, withImages(save({ format: "jxl" }), { photos }));
    const [{ status, errorCategory, phase, error, hint }] = broken.executions;
    assert.deepEqual([status, errorCategory, phase], ["failed", category, "setup"]);
    assert.match(error, message);
    assert.notEqual(hint, "");
    await context.unroute(MODULE);
    await ask(page, "retryExecutions", broken.batchId, {});
    assert.equal((await untilEnded(page, broken.batchId)).assets.completed, 1);
  });
}
