// Files that actions use besides pictures: lookup tables and fonts of the user's own, added through the API and in the form. Models are
// the same kind of thing; background.test.mjs is about them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { ask, call, importFiles, open, readAsset, ready, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const font = (name) => readFileSync(new URL(`../data/fonts/${name}.ttf`, import.meta.url));
const FILM = readFileSync(new URL("../data/actions/lut/film.cube", import.meta.url));
/** Exchanges red and blue. */
const SWAP = `# CC0\nLUT_3D_SIZE 2\n${[...Array(8).keys()].map((at) => `${at >> 2} ${(at >> 1) & 1} ${at & 1}\n`).join("")}`;
const HEBREW = "שָׁלוֹם עולם";
/** The step is the first one, whose form is open. */
const graded = (parameters) => pictures.chain("graded", [["lut", parameters]], { format: "png" });
const captioned = (parameters) => pictures.chain("caption", [["text", parameters]], { format: "png" });
const cat = (page) => importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
const pixels = (bytes) => sharp(bytes, { ignoreIcc: true }).removeAlpha().raw().toBuffer();
const result = async (page, { executions: [execution] }) => {
  assert.equal(execution.status, "success", execution.error);
  return pixels(await readAsset(page, execution.outputs[0].url));
};

/** Adds a file and returns what the service says of it, also if it refuses it. */
function add(page, bytes, fileName, options) {
  return page.evaluate(
    async ([bytes, fileName, options]) => {
      try {
        return await window.pixelmill.importFile(new File([new Uint8Array(bytes)], fileName), options);
      } catch (error) {
        return { rejected: error };
      }
    },
    [[...Buffer.from(bytes)], fileName, options],
  );
}

test("a LUT and a font are read when they are added, survive a reload, are used by their names and removed", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const names = async (query) => (await ask(page, "listFiles", query)).map(({ kind, name, builtIn }) => `${kind} ${name} ${builtIn}`);
  assert.deepEqual(await names(), ["model u2netp true", "font Roboto true"]);
  const swap = await add(page, SWAP, "swap.CUBE", { kind: "lut" });
  assert.deepEqual([swap.kind, swap.name, swap.bytes, swap.builtIn], ["lut", "swap", SWAP.length, false]);
  assert.equal((await readAsset(page, `asset:${swap.assetId}`)).toString(), SWAP);
  assert.equal((await add(page, font("hebrew"), "noto.ttf", { kind: "font", name: "Ivrit" })).name, "Ivrit");
  assert.match((await add(page, FILM, "film.cube", { kind: "lut", name: "swap" })).rejected.message, /delete that LUT first/);
  await page.reload();
  await ready(page);
  assert.deepEqual(await names(), ["model u2netp true", "font Roboto true", "font Ivrit false", "lut swap false"]);
  assert.deepEqual(await names({ kind: "font" }), ["font Roboto true", "font Ivrit false"]);
  assert.deepEqual((await ask(page, "listModels")).map(({ name }) => name), ["u2netp"]);

  const photos = await cat(page);
  const before = await result(page, await run(page, withImages(graded({ lut: "swap", strength: 0 }), { photos })));
  const after = await result(page, await run(page, withImages(graded({ lut: "swap" }), { photos })));
  for (let at = 0; at < before.length; at += 3) {
    assert.deepEqual([...after.subarray(at, at + 3)], [before[at + 2], before[at + 1], before[at]]);
  }
  const written = await run(page, withImages(captioned({ text: `${HEBREW} {name}`, font: "Ivrit" }), { photos }));
  assert.deepEqual(written.executions[0].warnings, [], "Latin letters come from Roboto");

  await ask(page, "deleteFile", { kind: "lut", name: "swap" });
  await ask(page, "deleteFile", { kind: "font", name: "Ivrit" });
  assert.deepEqual(await names(), ["model u2netp true", "font Roboto true"]);
  for (const [document, missing] of [[graded({ lut: "swap" }), /no LUT "swap"/], [captioned({ font: "Ivrit" }), /no font "Ivrit"/]]) {
    const gone = await run(page, withImages(document, { photos }));
    assert.match(gone.executions[0].error, missing);
    assert.equal(gone.executions[0].phase, "setup");
  }
  assert.equal((await call(page, "deleteFile", { kind: "lut", name: "swap" })).rejected.code, 404);
  assert.equal((await call(page, "deleteFile", { kind: "font", name: "Roboto" })).rejected.code, 400);
  assert.equal((await call(page, "listFiles", { kind: "picture" })).rejected.code, 400);
});

test("a file that cannot be used is refused when it is added, with the reason, and nothing of it is stored", async (t) => {
  const { page } = await open(t);
  for (const [bytes, options, message] of [
    ["LUT_3D_SIZE 2\n0 0 0\n1 0\n", { kind: "lut" }, /The LUT "file" cannot be used\. Line 3: "1 0" is not three numbers\./],
    ["LUT_3D_SIZE 2\n0 0 0\n", { kind: "lut" }, /ends after 1 colours instead of the 8 of LUT_3D_SIZE 2/],
    [SWAP, { kind: "font" }, /The font "file" cannot be used: it is not a TrueType or OpenType font/],
    ["wOF2 and so on", { kind: "font" }, /it is a WOFF file/],
    [SWAP, { kind: "model" }, /not a readable ONNX file/],
    [SWAP, { kind: "picture" }, /"kind" is "picture"/],
    [SWAP, {}, /"kind" is missing/],
  ]) {
    const { rejected } = await add(page, bytes, "file", options);
    assert.equal(rejected?.code, 400, JSON.stringify(options));
    assert.match(rejected.message, message);
  }
  assert.equal((await ask(page, "listFiles")).length, 2);
});

test("in the form a LUT is added from a file and colours the pictures of the batch", async (t) => {
  const { page } = await open(t, { workers: 1 });
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(graded({})));
  const field = page.locator(id("field-lut-1-lut"));
  await field.waitFor();
  assert.equal(await field.inputValue(), "");
  await page.locator(id("lut-file")).setInputFiles({ name: "swap.cube", mimeType: "", buffer: Buffer.from(SWAP) });
  await page.locator(id("name-field")).waitFor();
  assert.equal(await page.locator(id("name-field")).inputValue(), "swap");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector('[data-testid="field-lut-1-lut"]').value === "swap");
  const document = JSON.parse(await page.locator(id("own-json")).inputValue());
  assert.equal(document.actions.find(({ actionType }) => actionType === "lut").parameters.lut, "swap");
  const photos = await cat(page);
  const before = await result(page, await run(page, withImages(graded({ lut: "swap", strength: 0 }), { photos })));
  const after = await result(page, await run(page, withImages(document, { photos })));
  assert.deepEqual([...after.subarray(0, 3)], [before[2], before[1], before[0]]);
  await page.locator(id("lut-remove")).click();
  await page.locator(id("confirm-yes")).click();
  await page.locator(`${id("field-lut-1-lut")} option[value="swap"]`).waitFor({ state: "detached" });
  assert.equal(await field.inputValue(), "");
});

test("in the form a font is added from a file, and sets Hebrew", async (t) => {
  const { page } = await open(t, { workers: 1 });
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(captioned({ text: HEBREW, size: 0.2, color: "#ff0000" })));
  const field = page.locator(id("field-text-1-font"));
  await field.waitFor();
  assert.equal(await field.inputValue(), "Roboto");
  await page.locator(id("font-file")).setInputFiles({ name: "Noto Hebrew.ttf", mimeType: "", buffer: font("hebrew") });
  await page.locator(id("name-yes")).click();
  await page.waitForFunction(() => document.querySelector('[data-testid="field-text-1-font"]').value === "Noto Hebrew");
  const document = JSON.parse(await page.locator(id("own-json")).inputValue());
  const photos = await cat(page);
  const without = await run(page, withImages(captioned({ text: HEBREW }), { photos }));
  assert.deepEqual(without.executions[0].warnings.map(({ code }) => code), ["missing_glyphs"]);
  const written = await run(page, withImages(document, { photos }));
  assert.deepEqual(written.executions[0].warnings, []);
  const [before, after] = [await result(page, without), await result(page, written)];
  let red = 0;
  for (let at = 0; at < after.length; at += 3) red += after[at] > 240 && after[at + 1] < 20 && before[at + 1] >= 20;
  assert.ok(red > 200, `${red} red pixels`);
});

test("files travel in an archive", async (t) => {
  const first = await open(t);
  await add(first.page, SWAP, "swap.cube", { kind: "lut" });
  await add(first.page, font("arabic"), "naskh.ttf", { kind: "font" });
  const archive = await first.page.evaluate(async () => [...new Uint8Array(await (await window.pixelmill.exportArchive()).arrayBuffer())]);
  const second = await open(t);
  const summary = await second.page.evaluate((bytes) => window.pixelmill.importArchive(new Blob([new Uint8Array(bytes)])), archive);
  assert.deepEqual([summary.models, summary.files, summary.problems], [0, 2, []]);
  assert.equal((await ask(second.page, "listFiles")).length, 4);
});

test("batches with different LUTs run one after the other in one worker", async (t) => {
  const { page } = await open(t, { workers: 1 });
  await add(page, SWAP, "swap.cube", { kind: "lut" });
  await add(page, FILM, "film.cube", { kind: "lut" });
  const photos = await cat(page);
  const batches = [];
  for (const lut of ["swap", "film", "swap"]) {
    batches.push((await ask(page, "executeBatch", { workflowId: lut, workflow: withImages(graded({ lut }), { photos }) })).batchId);
  }
  const [one, other, same] = await Promise.all(
    batches.map(async (batch) => {
      assert.equal((await untilEnded(page, batch)).assets.completed, 1);
      return result(page, await ask(page, "listExecutions", batch));
    }),
  );
  assert.ok(one.equals(same) && !one.equals(other));
});
