// Removing backgrounds with a model on the device: it is downloaded once, checked, cached, and works without the server afterwards; problems
// with it are only reported for the affected images; also the user's own models.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { ask, call, execute, importFiles, open, readAsset, ready, run, serve, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import { addressOf, builtName } from "./support/built.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const CUT_OUT = pictures.chain("cut-out", [["remove-background", {}]], { format: "png" });
const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);
const MODEL = new URL("../../src/network/u2netp/u2netp.onnx", import.meta.url);
const MASKS = new URL("../data/network/", import.meta.url);
const id = (name) => `[data-testid="${name}"]`;

/** The document with another model. */
function cutOutBy(model) {
  return pictures.chain("cut-out", [["remove-background", { model }]], { format: "png" });
}

function photographs(page, names) {
  return importFiles(page, names.map((name) => ({ name: `${name}.jpg`, bytes: pictures.photo(name) })));
}

/** How well the subject of a picture with alpha matches onnxruntime's mask: intersection over union at half opacity. */
async function agreement(picture, name) {
  const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  assert.equal(info.channels, 4, "the result has alpha");
  const mask = sharp(readFileSync(new URL(`${name}.png`, MASKS))).resize(info.width, info.height, { fit: "fill", kernel: "linear" });
  const expected = await mask.toColourspace("b-w").raw({ depth: "uchar" }).toBuffer();
  let both = 0;
  let either = 0;
  for (let pixel = 0; pixel < info.width * info.height; pixel += 1) {
    const [own, theirs] = [data[pixel * 4 + 3] > 127, expected[pixel] > 127];
    both += own && theirs;
    either += own || theirs;
  }
  return both / either;
}

/** Adds the built-in model's file under another name, as a user's own. */
function addOwn(page, name, { cut = 1 } = {}) {
  return page.evaluate(
    async ([name, cut, builtIn]) => {
      const file = await (await fetch(builtIn)).blob();
      try {
        return await window.pixelmill.importModel(new File([file.slice(0, file.size * cut)], `${name}.onnx`));
      } catch (error) {
        return { rejected: error };
      }
    },
    [name, cut, builtName("u2netp.onnx")],
  );
}

test("the subject is found as by onnxruntime, with one download for two workers, and then without a server", async (t) => {
  const server = await serve();
  t.after(() => server.stop());
  const { page, watch } = await open(t, { server, workers: 2 });
  const assets = await photographs(page, ["portrait", "tulips", "cat"]);
  const { executions } = await run(page, withImages(CUT_OUT, { photos: assets }));
  for (const [index, name] of ["portrait", "tulips", "cat"].entries()) {
    const execution = executions[index];
    assert.equal(execution.status, "success", JSON.stringify(execution));
    assert.equal(execution.outputs[0].mimeType, "image/png");
    // A field of tulips has no subject: what little the model finds there is doubtful, and the result says so.
    const doubts = execution.warnings.map(({ code }) => code);
    assert.deepEqual(doubts, name === "tulips" ? ["no_clear_subject"] : [], name);
    if (name === "tulips") continue;
    const found = await agreement(await readAsset(page, execution.outputs[0].url), name);
    t.diagnostic(`${name}: intersection over union with onnxruntime's mask ${found.toFixed(3)}`);
    // The cat fills the frame, and a fifth of the model's mask is half transparent, which the edge refinement then resolves.
    assert.ok(found >= { portrait: 0.95, cat: 0.75 }[name], `${name}: ${found}`);
  }
  for (const file of ["network.wasm", "u2netp.onnx"]) {
    assert.equal(watch.requests.filter((url) => addressOf(file).test(url)).length, 1, `${file} is fetched once`);
  }
  await server.stop();
  const again = await run(page, withImages(CUT_OUT, { photos: assets.slice(0, 1) }));
  assert.equal(again.status.assets.completed, 1, JSON.stringify(again.executions));
});

test("once loaded in a profile, it is not requested again after a reload, and an older version is removed", async (t) => {
  const { page, watch, context } = await open(t, { workers: 1 });
  const assets = await photographs(page, ["portrait"]);
  const cached = () =>
    page.evaluate(async () => {
      const names = await caches.keys();
      const keys = await (await caches.open(names[0])).keys();
      return [names, keys.map(({ url }) => url.replace(document.baseURI, "").replace(/\?.*/, "")).sort()];
    });
  await page.evaluate(async () => (await caches.open(`pixelmill:${location.pathname}`)).put(new URL("u2netp.onnx?old", location.href).href, new Response("old")));
  await run(page, withImages(CUT_OUT, { photos: assets }));
  assert.deepEqual(await cached(), [[`pixelmill:${new URL(page.url()).pathname}`], ["network.wasm", "u2netp.onnx"]]);

  await page.reload();
  await ready(page);
  await context.route(/\/(network|u2netp)-\w+\.(wasm|onnx)$/, (route) => route.abort());
  const before = watch.requests.length;
  const { status } = await run(page, withImages(CUT_OUT, { photos: assets }));
  assert.equal(status.assets.completed, 1);
  assert.deepEqual(watch.requests.slice(before).filter((url) => /\/network-|onnx/.test(url)), []);
});

test("the page shows the progress of the download", async (t) => {
  const { page, context } = await open(t, { workers: 1 });
  const assets = await photographs(page, ["portrait"]);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await context.route(addressOf("u2netp.onnx"), async (route) => {
    await held;
    await route.continue();
  });
  const batchId = await execute(page, withImages(CUT_OUT, { photos: assets }));
  const note = page.locator(id("network-loading"));
  // The share changes many times a second: it is a progress bar, not a live region.
  await note.waitFor();
  assert.deepEqual([await note.getAttribute("role"), await note.getAttribute("aria-valuemax")], ["progressbar", "100"]);
  assert.match(await note.getAttribute("aria-valuenow"), /^\d+$/);
  await page.setViewportSize({ width: 390, height: 844 });
  const [box, bar] = await Promise.all([note.boundingBox(), page.locator(".run-bar").boundingBox()]);
  assert.ok(box.y + box.height <= bar.y, `it lies under the bar: ${JSON.stringify([box, bar])}`);
  await note.filter({ hasText: /^Loading what the workflow needs: \d+\.\d of 2\.\d MB \(\d+ %\)$/ }).waitFor();
  release();
  await note.waitFor({ state: "detached" });
  assert.equal((await untilEnded(page, batchId)).assets.completed, 1);
});

const BROKEN = [
  ["a missing model", addressOf("u2netp.onnx"), { status: 404, body: "" }, "downstream_error", /u2netp\.onnx is no longer on the server/],
  ["a server in trouble", addressOf("u2netp.onnx"), { status: 503, body: "" }, "downstream_error", /u2netp\.onnx could not be loaded .*503/],
  ["a damaged model", addressOf("u2netp.onnx"), { status: 200, body: "garbage" }, "system_error", /u2netp\.onnx is damaged/],
  ["damaged code", addressOf("network.wasm"), { status: 200, body: "garbage" }, "system_error", /network\.wasm is damaged/],
];

for (const [what, url, answer, category, message] of BROKEN) {
  test(`${what} fails only the images that need it, and a retry succeeds without a reload`, async (t) => {
    const { page, context } = await open(t, { workers: 2, errorsExpected: true });
    const assets = await photographs(page, ["portrait", "cat"]);
    await context.route(url, (route) => route.fulfill(answer));
    const [broken, sound] = await Promise.all([
      run(page, withImages(CUT_OUT, { photos: assets })),
      run(page, withImages(SMALL, { photos: assets })),
    ]);
    assert.deepEqual([sound.status.status, sound.status.assets.completed], ["completed", 2]);
    assert.deepEqual([broken.status.status, broken.status.assets.failed], ["failed", 2]);
    for (const { errorCategory, phase, actionId, error, hint, attempts } of broken.executions) {
      assert.deepEqual([errorCategory, phase, actionId, attempts], [category, "setup", "remove-background-1", 1]);
      assert.match(error, message);
      assert.notEqual(hint, "");
    }
    await context.unroute(url);
    await ask(page, "retryExecutions", broken.batchId, {});
    assert.equal((await untilEnded(page, broken.batchId)).assets.completed, 2);
  });
}

test("a user's own model is tested, survives a reload, is used by its name and removed", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const builtIn = { name: "u2netp", bytes: readFileSync(MODEL).length, builtIn: true };
  assert.deepEqual(await ask(page, "listModels"), [builtIn]);
  assert.deepEqual(await addOwn(page, "studio"), { ...builtIn, name: "studio", builtIn: false });
  assert.match((await addOwn(page, "studio")).rejected.message, /is taken/);
  await page.reload();
  await ready(page);
  assert.deepEqual((await ask(page, "listModels")).map(({ name }) => name), ["u2netp", "studio"]);

  const assets = await photographs(page, ["portrait"]);
  const used = await run(page, withImages(cutOutBy("studio"), { photos: assets }));
  assert.equal(used.status.assets.completed, 1, JSON.stringify(used.executions));
  assert.ok((await agreement(await readAsset(page, used.executions[0].outputs[0].url), "portrait")) >= 0.9);

  await ask(page, "deleteModel", "studio");
  assert.deepEqual(await ask(page, "listModels"), [builtIn]);
  const gone = await run(page, withImages(cutOutBy("studio"), { photos: assets }));
  assert.match(gone.executions[0].error, /no model "studio"/);
  assert.deepEqual([gone.executions[0].phase, gone.executions[0].actionId], ["setup", "remove-background-1"]);
  assert.equal((await call(page, "deleteModel", "studio")).rejected.code, 404);
  assert.equal((await call(page, "deleteModel", "u2netp")).rejected.code, 400);
});

test("a file that is not a model is refused when it is added, with the reason, and nothing of it is stored", async (t) => {
  const { page } = await open(t);
  for (const answer of [await addOwn(page, "half", { cut: 0.5 }), await addOwn(page, "empty", { cut: 0 })]) {
    assert.equal(answer.rejected?.code, 400, JSON.stringify(answer));
    assert.match(answer.rejected.message, /cannot be used: it is not a readable ONNX file/);
  }
  assert.equal((await ask(page, "listModels")).length, 1);
  assert.equal((await call(page, "importModel", "no file")).rejected.code, 400);
});

test("in the form a model is added from a file, chosen, and removed again", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(CUT_OUT));
  const field = page.locator(id("field-remove-background-1-model"));
  await field.waitFor();
  assert.equal(await field.inputValue(), "u2netp");
  await page.locator(id("model-file")).setInputFiles({ name: "studio.onnx", mimeType: "", buffer: readFileSync(MODEL) });
  await page.locator(id("name-field")).waitFor();
  assert.equal(await page.locator(id("name-field")).inputValue(), "studio");
  await page.locator(id("name-field")).fill("u2netp");
  await page.keyboard.press("Enter");
  await page.locator("#name-title").filter({ hasText: "is taken" }).waitFor();
  await page.locator(id("name-field")).fill("studio");
  await page.keyboard.press("Enter");
  await page.locator(`${id("field-remove-background-1-model")} option[value="studio"]`).waitFor({ state: "attached" });
  await page.waitForFunction(() => document.querySelector('[data-testid="field-remove-background-1-model"]').value === "studio");
  await page.locator(id("model-remove")).click();
  await page.locator(id("confirm-yes")).click();
  await page.locator(`${id("field-remove-background-1-model")} option[value="studio"]`).waitFor({ state: "detached" });
  assert.equal(await field.inputValue(), "u2netp");
});

test("a model that is ready after another workflow was chosen changes neither", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-product-cutout")).click();
  const model = page.locator('select[data-testid$="-model"]');
  await page.locator(id("model-file")).setInputFiles({ name: "studio.onnx", mimeType: "", buffer: readFileSync(MODEL) });
  await page.locator(id("name-yes")).click();
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(CUT_OUT));
  await page.locator(id("notice")).filter({ hasText: 'The model "studio" is ready.' }).waitFor();
  await page.locator(`${id("field-remove-background-1-model")} option[value="studio"]`).waitFor({ state: "attached" });
  assert.equal(await page.locator(id("own-json")).inputValue(), JSON.stringify(CUT_OUT));
  await page.locator(id("workflow-card-product-cutout")).click();
  assert.equal(await model.inputValue(), "u2netp");
});
