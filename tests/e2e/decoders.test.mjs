// Formats whose decoders are programs of their own: each is fetched when a picture first needs it, checked, cached, and works
// without the server afterwards; without it, only the pictures that need it fail. Drawings with text need fonts besides.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { ask, executions, importFiles, open, readAsset, ready, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import { addressOf } from "./support/built.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const bytes = (name) => readFileSync(fileURLToPath(new URL(`../data/codecs/${name}`, import.meta.url)));
const FORMATS = [
  { file: "jxl.wasm", picture: "lossless.jxl" },
  { file: "av1.wasm", picture: "444.avif" },
  { file: "hevc.wasm", picture: "444.heic" },
  { file: "svg.wasm", picture: "pictured.svg" },
];
const flip = (format) => pictures.chain("flipped", [["flip", { direction: "horizontal" }], ["flip", { direction: "horizontal" }]], { format, lossless: format === "jxl" });

/** The pixels of a result, which must be those of the picture. */
async function agrees(page, execution, picture) {
  const expected = bytes(`${picture}.rgba`);
  const result = await pictures.decode(await readAsset(page, execution.outputs[0].url));
  assert.deepEqual([result.width, result.height], [expected.readUInt32LE(0), expected.readUInt32LE(4)]);
  const [samples, wanted] = [Buffer.from(result.data), expected.subarray(8)];
  const channels = samples.length / (result.width * result.height);
  for (let pixel = 0; pixel * 4 < wanted.length; pixel += 1)
    for (let channel = 0; channel < Math.min(channels, 3); channel += 1)
      assert.ok(Math.abs(samples[pixel * channels + channel] - wanted[pixel * 4 + channel]) <= 1, `${picture}: pixel ${pixel}`);
}

for (const { file, picture } of FORMATS) {
  test(`${picture}: its decoder is fetched once, when it is needed, and is not requested again after a reload`, async (t) => {
    const { page, watch, context } = await open(t, { workers: 1 });
    const requests = () => watch.requests.filter((url) => addressOf(file).test(url)).length;
    const photos = await importFiles(page, [{ name: picture, bytes: bytes(picture) }]);
    const others = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
    await run(page, withImages(flip("png"), { photos: others }));
    assert.equal(requests(), 0);
    for (const format of ["png", "webp"]) {
      const { executions } = await run(page, withImages(flip(format), { photos }));
      assert.equal(executions[0].status, "success", executions[0].error);
      if (format === "png") await agrees(page, executions[0], picture);
    }
    assert.equal(requests(), 1);
    await page.reload();
    await ready(page);
    await context.route(addressOf(file), (route) => route.abort());
    const { status } = await run(page, withImages(flip("jpeg"), { photos }));
    assert.equal(status.assets.completed, 1);
  });

  for (const [what, answer, category, message] of [
    ["missing", { status: 404, body: "" }, "downstream_error", /\.wasm is no longer on the server/],
    ["damaged", { status: 200, body: "garbage" }, "system_error", /\.wasm is damaged/],
  ]) {
    test(`${picture}: a ${what} decoder fails only what needs it, and a retry succeeds without a reload`, async (t) => {
      const { page, context } = await open(t, { workers: 1, errorsExpected: true });
      const photos = await importFiles(page, [
        { name: picture, bytes: bytes(picture) },
        { name: "cat.jpg", bytes: pictures.photo("cat") },
      ]);
      await context.route(addressOf(file), (route) => route.fulfill(answer));
      const broken = await run(page, withImages(flip("png"), { photos }));
      assert.deepEqual(broken.executions.map(({ status }) => status), ["failed", "success"]);
      const [{ errorCategory, phase, error, hint }] = broken.executions;
      assert.deepEqual([errorCategory, phase], [category, "setup"]);
      assert.match(error, message);
      assert.notEqual(hint, "");
      await context.unroute(addressOf(file));
      await ask(page, "retryExecutions", broken.batchId, {});
      assert.equal((await untilEnded(page, broken.batchId)).assets.completed, 2);
    });
  }

  test(`${picture}: a picture that is cut off fails by itself`, async (t) => {
    const { page } = await open(t, { workers: 1 });
    const whole = bytes(picture);
    const photos = await importFiles(page, [
      { name: `cut-${picture}`, bytes: whole.subarray(0, whole.length >> 2) },
      { name: picture, bytes: whole },
    ]);
    const { executions } = await run(page, withImages(flip("png"), { photos }));
    assert.deepEqual(executions.map(({ status }) => status), ["failed", "success"]);
    assert.match(executions[0].error, /ends too early|damaged/);
  });

  test(`${picture}: the live preview shows it`, async (t) => {
    const { page } = await open(t);
    await page.locator(id("file-input")).setInputFiles([{ name: picture, mimeType: "", buffer: bytes(picture) }]);
    await page.locator(id("workflow-card-own")).click();
    await page.locator(id("own-json")).fill(JSON.stringify(flip("png")));
    for (const side of [".before", id("after")]) {
      const image = page.locator(`${id("live-preview")} ${side} img`);
      await image.waitFor();
      for (const end = Date.now() + 20_000; !(await image.evaluate((image) => image.complete && image.naturalWidth > 0)); ) {
        assert.ok(Date.now() < end, "the browser does not show it");
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  });
}

const font = (name) => readFileSync(fileURLToPath(new URL(`../data/fonts/${name}.ttf`, import.meta.url)));
const drawn = (name) => readFileSync(fileURLToPath(new URL(`../data/drawings/${name}`, import.meta.url)));
const codes = ({ executions }) => executions.map(({ warnings }) => warnings.map(({ code }) => code));

/** How much the letters in a result have in common with those that are expected. */
async function agreement(page, execution, expected) {
  assert.equal(execution.status, "success", execution.error);
  const found = await sharp(await readAsset(page, execution.outputs[0].url)).extractChannel("alpha").raw().toBuffer();
  const wanted = await sharp(expected).toColourspace("b-w").raw().toBuffer();
  assert.equal(found.length, wanted.length);
  let [both, either] = [0, 0];
  for (let at = 0; at < found.length; at += 1) {
    both += Math.min(found[at], wanted[at]);
    either += Math.max(found[at], wanted[at]);
  }
  return both / either;
}

test("text in a drawing is drawn in Roboto, which is fetched once, when it is needed, and works without the server", async (t) => {
  const { page, watch, context } = await open(t, { workers: 1 });
  const requests = (file) => watch.requests.filter((url) => addressOf(file).test(url)).length;
  const FONT = "Roboto-Regular.ttf";
  const textless = await importFiles(page, [{ name: "pictured.svg", bytes: bytes("pictured.svg") }]);
  await run(page, withImages(flip("png"), { photos: textless }));
  assert.deepEqual(["svg.wasm", FONT, "lettering.wasm"].map(requests), [1, 0, 0]);
  const photos = await importFiles(page, [
    { name: "line.svg", bytes: drawn("line.svg") },
    { name: "turned.svg", bytes: drawn("turned.svg") },
  ]);
  for (const attempt of ["fetched", "kept"]) {
    const done = await run(page, withImages(flip("png"), { photos }));
    assert.deepEqual(codes(done), [[], []], attempt);
    for (const [index, name] of ["line.png", "turned.png"].entries()) {
      const found = await agreement(page, done.executions[index], drawn(name));
      assert.ok(found >= 0.97, `${name}: ${found}`);
    }
    assert.deepEqual(["svg.wasm", FONT, "lettering.wasm"].map(requests), [1, 1, 0], attempt);
    if (attempt === "kept") break;
    await page.reload();
    await ready(page);
    for (const file of ["svg.wasm", FONT]) await context.route(addressOf(file), (route) => route.abort());
  }
});

test("a drawing finds a font of the user's by its family, also one that is added later, and results are made again", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const photos = await importFiles(page, [{ name: "own.svg", bytes: drawn("own.svg") }]);
  const before = await run(page, withImages(flip("png"), { photos }));
  assert.deepEqual(codes(before), [["fonts_replaced", "missing_glyphs"]]);
  assert.match(before.executions[0].warnings[0].message, /"Noto Sans Hebrew Thin", "noto naskh arabic", "NotoSansHebrewThin-Regular"/);
  for (const name of ["hebrew", "arabic"])
    await page.evaluate(([bytes, name]) => window.pixelmill.importFile(new File([new Uint8Array(bytes)], `${name}.ttf`), { kind: "font" }), [[...font(name)], name]);
  const workflow = withImages(flip("png"), { photos });
  const { batchId } = await ask(page, "executeBatch", { workflowId: "flipped", workflow, skipUnchanged: true });
  await untilEnded(page, batchId);
  const after = { executions: await executions(page, batchId) };
  assert.deepEqual(codes(after), [[]]);
  assert.equal(after.executions[0].reused, undefined);
  const found = await agreement(page, after.executions[0], drawn("own.png"));
  assert.ok(found >= 0.97, `${found}`);
});

test("a font that cannot be loaded fails only drawings with text, and a retry succeeds without a reload", async (t) => {
  const { page, context } = await open(t, { workers: 1, errorsExpected: true });
  const photos = await importFiles(page, [
    { name: "line.svg", bytes: drawn("line.svg") },
    { name: "pictured.svg", bytes: bytes("pictured.svg") },
  ]);
  const font = addressOf("Roboto-Regular.ttf");
  await context.route(font, (route) => route.fulfill({ status: 404, body: "" }));
  const broken = await run(page, withImages(flip("png"), { photos }));
  assert.deepEqual(broken.executions.map(({ status }) => status), ["failed", "success"]);
  assert.match(broken.executions[0].error, /Roboto-Regular\.ttf is no longer on the server/);
  await context.unroute(font);
  await ask(page, "retryExecutions", broken.batchId, {});
  assert.equal((await untilEnded(page, broken.batchId)).assets.completed, 2);
});

test("JPEG XL is written without loss, and its preview is shown", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const photos = await importFiles(page, [{ name: "rgb.qoi", bytes: bytes("rgb.qoi") }]);
  const written = await run(page, withImages(flip("jxl"), { photos }));
  const file = await readAsset(page, written.executions[0].outputs[0].url);
  const again = await importFiles(page, [{ name: "again.jxl", bytes: Buffer.from(file) }]);
  const { executions } = await run(page, withImages(flip("png"), { photos: again }));
  await agrees(page, executions[0], "rgb.qoi");
});

test("inks in JPEG XL become what their profile says, and a gain map is left out with a hint", async (t) => {
  const { page } = await open(t, { workers: 1 });
  // What is converted by a table may differ more, where a dark channel is at the edge of sRGB.
  const files = [["inks-alpha.jxl", "color", [], 16], ["inks-plain.jxl", "color", ["inks_unknown"], 0], ["apple.heic", "gain-maps", ["gain_map_left_out"], 2], ["apple.jpg", "gain-maps", ["gain_map_left_out"]]];
  const file = (folder, name) => readFileSync(fileURLToPath(new URL(`../data/${folder}/${name}`, import.meta.url)));
  for (const [name, folder, codes, most] of files) {
    const photos = await importFiles(page, [{ name, bytes: file(folder, name) }]);
    const { executions: [{ status, error, warnings, outputs }] } = await run(page, withImages(flip("png"), { photos }));
    assert.equal(status, "success", error);
    assert.deepEqual(warnings.map(({ code }) => code), codes, name);
    if (most === undefined) continue;
    const { data } = await pictures.decode(await readAsset(page, outputs[0].url));
    const expected = file(folder, `${name}.rgba`).subarray(8);
    for (let at = 0; at < expected.length; at += 1) assert.ok(Math.abs(data[at] - expected[at]) <= most, `${name}, sample ${at}`);
  }
});
