// Writing AVIF: what the encoder makes, as the browser's own decoder and libvips read it, and how its program gets to the workers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { ask, importFiles, open, ready, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import { addressOf } from "./support/built.mjs";
import * as pictures from "./support/pictures.mjs";
import { onWhite, opaque, written } from "./support/written.mjs";
import { FILES, encoder, made } from "../data/avif/make.mjs";

suite(test);

const MODULE = addressOf("libavif.wasm");
const data = (name) => readFileSync(fileURLToPath(new URL(`../data/${name}`, import.meta.url)));
const save = (output) => pictures.chain("saved", [], output);

/** The pixels as the browser's own decoder gives them, by its reading of the file. */
async function shown(page, bytes) {
  const { width, height, samples } = await page.evaluate(async (bytes) => {
    const file = new Blob([new Uint8Array(bytes)], { type: "image/avif" });
    const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return { width: bitmap.width, height: bitmap.height, samples: [...context.getImageData(0, 0, bitmap.width, bitmap.height).data] };
  }, [...bytes]);
  return { width, height, channels: 4, data: Buffer.from(samples) };
}

/** Whether a file says of its picture in AV1 that chroma is halved in both directions. */
function halves(file) {
  const SUBSAMPLING = 0x0c;
  return (file[file.indexOf("av1C") + 6] & SUBSAMPLING) === SUBSAMPLING;
}

test("the script of the encoder loads without a browser, and makes what native tests have in its place", async () => {
  const started = await encoder();
  for (const name of Object.keys(FILES)) assert.deepEqual(Buffer.from(await made(started, name)), data(`avif/${name}`), name);
});

test("a photograph is written as AVIF, which the browser decodes to the same picture", async (t) => {
  const { page } = await open(t);
  const photograph = pictures.photo("cat");
  const expected = await pictures.decode(photograph, { alpha: false });
  const sizes = [];
  for (const [quality, psnr, isHalved] of [[60, 37.5, true], [80, 41, true], [92, 47, false]]) {
    const result = await written(page, photograph, { format: "avif", quality });
    assert.deepEqual([result.name, result.mimeType], ["picture.bin.avif", "image/avif"]);
    assert.match(result.encoder, /^libaom 3/);
    sizes.push(result.bytes);
    pictures.assertNear(opaque(await shown(page, result.data)), expected, { psnr }, `quality ${quality}, the browser`);
    pictures.assertNear(await pictures.decode(result.data, { alpha: false }), expected, { psnr }, `quality ${quality}, libvips`);
    assert.equal(halves(result.data), isHalved);
  }
  assert.ok(sizes[0] < sizes[1] && sizes[1] < sizes[2], `${sizes}`);
  const jpeg = await written(page, photograph, { format: "jpeg", quality: 80 });
  assert.ok(sizes[0] < jpeg.bytes * 0.75, `${sizes[0]} bytes beside ${jpeg.bytes}`);
});

test("transparency is written too", async (t) => {
  const { page } = await open(t);
  const { bytes } = await pictures.logo(240);
  const expected = await pictures.decode(bytes);
  const { data: file } = await written(page, bytes, { format: "avif", quality: 85 });
  for (const [by, found] of [["the browser", await shown(page, file)], ["libvips", await pictures.decode(file)]]) {
    pictures.assertNear(onWhite(found), onWhite(expected), { psnr: 36 }, by);
    const alpha = pictures.difference(found, expected, [3]);
    assert.ok(alpha.psnr >= 46 && alpha.largest <= 32, `${by}: ${alpha.psnr.toFixed(1)} dB, ${alpha.largest}`);
  }
});

test("without loss, the page writes the files that others were seen to read, byte for byte", async (t) => {
  const { page } = await open(t);
  for (const name of ["gray", "rgb", "rgba", "profile"]) {
    const result = await written(page, data(`written/${name}.png`), { format: "avif", lossless: true });
    assert.deepEqual(result.data, data(`written/${name}.avif`), name);
  }
});

test("a colour profile and the metadata of the original are kept", async (t) => {
  const { page } = await open(t);
  const photograph = await sharp(pictures.photo("tulips")).withIccProfile("p3").withExif({ IFD0: { Artist: "A. Photographer" } }).jpeg({ quality: 90 }).toBuffer();
  const { icc } = await sharp(photograph).metadata();
  const { data: file } = await written(page, photograph, { format: "avif", quality: 85 });
  const found = await sharp(file).metadata();
  assert.deepEqual(found.icc, icc);
  assert.ok(found.exif.includes("A. Photographer"));
  assert.ok(file.includes("A. Photographer</rdf:li>"), "in XMP too");
  const stripped = await written(page, photograph, { format: "avif", quality: 85, metadata: "strip" });
  assert.ok(!stripped.data.includes("A. Photographer"));
});

test("an AVIF picture stays one, and several formats are compared with it", async (t) => {
  const { page } = await open(t);
  const kept = await written(page, data("codecs/444.avif"), {});
  assert.equal(kept.mimeType, "image/avif");
  const smallest = await written(page, pictures.photo("cat"), { smallestOf: ["jpeg", "webp", "avif"], quality: 90 });
  assert.equal(smallest.mimeType, "image/avif");
  assert.match(smallest.warnings[0].message, /^AVIF of quality \d+ has .* \(similarity 0\.99\d\); JPEG of quality/);
  const limited = await written(page, pictures.photo("portrait"), { format: "avif", quality: 95, maxBytes: 20000 });
  assert.ok(limited.bytes <= 20000 && limited.bytes > 14000, `${limited.bytes} bytes`);
  assert.deepEqual(limited.warnings.map(({ code }) => code), ["fitted"]);
});

test("the encoder is fetched once, when a plan writes AVIF, and is not requested again after a reload", async (t) => {
  const { page, watch, context } = await open(t, { workers: 1 });
  const requests = () => watch.requests.filter((url) => MODULE.test(url)).length;
  await written(page, pictures.photo("cat"), { format: "webp" });
  assert.equal(requests(), 0);
  const first = await written(page, pictures.photo("cat"), { format: "avif" });
  await written(page, pictures.photo("tulips"), { format: "avif" });
  assert.equal(requests(), 1);
  await page.reload();
  await ready(page);
  await context.setOffline(true);
  const again = await written(page, pictures.photo("cat"), { format: "avif" });
  assert.deepEqual(again.data, first.data);
});

const whole = data("../../src/codecs/libavif/libavif.wasm");
for (const [what, answer, category, message] of [
  ["missing", { status: 404, body: "" }, "downstream_error", /libavif\.wasm is no longer on the server/],
  ["truncated", { status: 200, body: whole.subarray(0, whole.length >> 1) }, "system_error", /libavif\.wasm is damaged/],
  ["wrong", { status: 200, body: "garbage" }, "system_error", /libavif\.wasm is damaged/],
]) {
  test(`a ${what} encoder fails only what needs it, and a retry succeeds without a reload`, async (t) => {
    const { page, context } = await open(t, { workers: 1, errorsExpected: true });
    const photos = await importFiles(page, [
      { name: "picture.avif", bytes: data("codecs/444.avif") },
      { name: "cat.jpg", bytes: pictures.photo("cat") },
    ]);
    await context.route(MODULE, (route) => route.fulfill(answer));
    // Each keeps its format.
    const broken = await run(page, withImages(save({ format: "auto" }), { photos }));
    assert.deepEqual(broken.executions.map(({ status }) => status), ["failed", "success"]);
    const [{ errorCategory, phase, error, hint }] = broken.executions;
    assert.deepEqual([errorCategory, phase], [category, "setup"]);
    assert.match(error, message);
    assert.notEqual(hint, "");
    await context.unroute(MODULE);
    await ask(page, "retryExecutions", broken.batchId, {});
    assert.equal((await untilEnded(page, broken.batchId)).assets.completed, 2);
  });
}

test("the live preview shows an AVIF result", async (t) => {
  const { page } = await open(t);
  const id = (name) => `[data-testid="${name}"]`;
  await page.locator(id("file-input")).setInputFiles([{ name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") }]);
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(save({ format: "avif" })));
  const image = page.locator(`${id("live-preview")} ${id("after")} img`);
  await image.waitFor();
  for (const end = Date.now() + 20_000; !(await image.evaluate((image) => image.complete && image.naturalWidth > 0)); ) {
    assert.ok(Date.now() < end, "the browser does not show it");
    await new Promise((done) => setTimeout(done, 50));
  }
});
