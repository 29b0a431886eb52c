// Actions that make one picture of all: they run when the pictures have ended, fail alone and are retried alone.

import assert from "node:assert/strict";
import sharp from "sharp";
import { ask, execute, executions, importFiles, open, readAsset, run, suite, test, until, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { damage, databaseOf } from "./support/storage.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;

const COLOURS = [[200, 10, 20], [0, 160, 40], [30, 60, 220], [240, 200, 0], [90, 20, 120]];

/** A picture of one colour. */
const plain = async (index, width = 90, height = 60) => {
  const [r, g, b] = COLOURS[index % COLOURS.length];
  return { name: `p${index}.png`, bytes: await sharp({ create: { width, height, channels: 3, background: { r, g, b } } }).png().toBuffer() };
};

const broken = (name) => ({ name, bytes: Buffer.from("no picture at all") });

const SHEET = pictures.chain("overview", [["contact-sheet", { columns: 2, cell: 30, gap: 6, caption: "" }]], { format: "png" });

/** The colour in the middle of each cell of a sheet with two columns of 30 px. */
async function cells(bytes, count) {
  const { data, width, channels } = await pictures.decode(bytes, { alpha: false });
  const middle = (index) => [6 + (index % 2) * 36 + 15, 6 + Math.floor(index / 2) * 36 + 15];
  return Array.from({ length: count }, (_, index) => {
    const [x, y] = middle(index);
    return [...data.subarray((y * width + x) * channels).subarray(0, 3)];
  });
}

test("a contact sheet has every picture in its place, and no other result is written", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, await Promise.all([0, 1, 2, 3, 4].map((index) => plain(index))));
  const { status, executions: all } = await run(page, withImages(SHEET, { photos: assets }));
  assert.deepEqual(status.assets, { total: 6, pending: 0, processing: 0, completed: 6, failed: 0 }, JSON.stringify(all.map(({ error }) => error)));
  assert.deepEqual(all.slice(0, 5).map(({ outputs }) => outputs.length), [0, 0, 0, 0, 0]);
  const sheet = all[5];
  assert.deepEqual(sheet.inputAsset, { index: 5, assetId: null, inputs: [], gathered: { actionId: "contact-sheet-1", from: 0, count: 5, part: 0 } });
  assert.deepEqual(sheet.warnings, []);
  // A worker says when they ended, and the service when it starts: their clocks may differ a little.
  const ended = Math.max(...all.slice(0, 5).map(({ completedAt }) => Date.parse(completedAt)));
  assert.ok(ended <= Date.parse(sheet.startedAt) + 20, `it starts when the others have ended: ${JSON.stringify(all)}`);
  const [output] = sheet.outputs;
  assert.deepEqual([output.name, output.width, output.height], ["contact-sheet.png", 78, 114]);
  assert.deepEqual(await cells(await readAsset(page, output.url), 5), COLOURS);
});

test("a sheet is made without what failed, and again when that has been retried", async (t) => {
  const { page } = await open(t);
  const files = [await plain(0), broken("p1.png"), await plain(2)];
  const assets = await importFiles(page, files);
  const { batchId, status, executions: all } = await run(page, withImages(SHEET, { photos: assets }));
  assert.deepEqual([status.status, status.assets.failed], ["completed", 1]);
  const [warning] = all[3].warnings;
  assert.deepEqual([warning.code, warning.level, warning.message], ["pictures_missing", "doubt", "1 of 3 pictures is missing here, because it failed."]);
  assert.deepEqual(await cells(await readAsset(page, all[3].outputs[0].url), 2), [COLOURS[0], COLOURS[2]]);

  const [instead] = await importFiles(page, [await plain(1)]);
  await ask(page, "retryExecutions", batchId, { executionIds: [all[1].executionId], replacement: { sourceUrl: instead.url, name: "p1.png" } });
  const again = await untilEnded(page, batchId);
  assert.deepEqual(again.assets, { total: 4, pending: 0, processing: 0, completed: 4, failed: 0 });
  const after = await executions(page, batchId);
  assert.deepEqual(after[3].warnings, []);
  assert.deepEqual(await cells(await readAsset(page, after[3].outputs[0].url), 3), COLOURS.slice(0, 3));
  assert.deepEqual(after.map(({ attempts }) => attempts), [1, 2, 1, 2]);
});

test("a picture that is damaged before it is gathered is made again", async (t) => {
  const { page, url } = await open(t);
  const assets = await importFiles(page, [await plain(0), await plain(1)]);
  const { batchId, executions: all } = await run(page, withImages(SHEET, { photos: assets }));
  assert.deepEqual((await ask(page, "verifyBatch", batchId)).damaged, []);
  const staged = await page.evaluate(async ([name, batchId]) => {
    const database = await new Promise((resolve) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
    });
    const request = database.transaction("executions").objectStore("executions").getAll();
    const records = await new Promise((resolve) => {
      request.onsuccess = () => resolve(request.result);
    });
    database.close();
    return records.filter((record) => record.batchId === batchId).flatMap(({ staged }) => (staged ?? []).map(({ sha256 }) => sha256));
  }, [databaseOf(url), batchId]);
  assert.equal(staged.length, 2);
  await damage(page, [{ key: staged[1], manner: "gone", at: 0 }]);
  assert.deepEqual((await ask(page, "verifyBatch", batchId)).damaged, [all[1].executionId]);
  await ask(page, "retryExecutions", batchId);
  const status = await untilEnded(page, batchId);
  assert.equal(status.assets.completed, 3);
  const after = await executions(page, batchId);
  assert.deepEqual(await cells(await readAsset(page, after[2].outputs[0].url), 2), COLOURS.slice(0, 2));
});

test("if no picture could be made, the sheet fails with its reason", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, [broken("a.png"), broken("b.png")]);
  const { status, executions: all } = await run(page, withImages(SHEET, { photos: assets }));
  assert.deepEqual([status.status, status.assets.failed], ["failed", 3]);
  assert.deepEqual([all[2].actionId, all[2].error], ["contact-sheet-1", "None of the pictures that this step gathers was made."]);
});

test("a failure that ends the batch leaves the sheet waiting", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, [broken("a.png"), await plain(1)]);
  const { status, executions: all } = await run(page, withImages(SHEET, { photos: assets }), { continueOnError: false, concurrencyLimit: 1 });
  assert.deepEqual([status.status, all.map((one) => one.status)], ["failed", ["failed", "pending", "pending"]]);
});

test("a cancelled batch makes no sheet, and makes it when the rest is run", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const photograph = pictures.photo("cat");
  const files = Array.from({ length: 12 }, (_, index) => ({ name: `c${index}.jpg`, bytes: pictures.withComment(photograph, `${index}`) }));
  const assets = await importFiles(page, files);
  const batchId = await execute(page, withImages(SHEET, { photos: assets }));
  await until(page, batchId, ({ assets }) => assets.completed >= 1);
  await ask(page, "cancelBatch", batchId);
  await untilEnded(page, batchId);
  assert.equal((await executions(page, batchId))[12].status, "pending");
  await ask(page, "retryExecutions", batchId);
  const status = await untilEnded(page, batchId);
  assert.deepEqual([status.status, status.assets.completed], ["completed", 13]);
});

test("all pictures become the frames of an animation", async (t) => {
  const { page } = await open(t);
  const workflow = pictures.chain("turntable", [["resize", { width: 60 }], ["animate", { delay: 0.2, loop: 2 }]], { format: "webp", lossless: true, name: "turn.{ext}" });
  const assets = await importFiles(page, await Promise.all([0, 1, 2].map((index) => plain(index, 90, index === 1 ? 90 : 60))));
  const { executions: all } = await run(page, withImages(workflow, { photos: assets }));
  const [output] = all[3].outputs;
  assert.deepEqual([output.name, output.mimeType, output.width, output.height], ["turn.webp", "image/webp", 60, 40]);
  const bytes = await readAsset(page, output.url);
  const { pages, delay, loop } = await sharp(bytes, { pages: -1 }).metadata();
  assert.deepEqual([pages, delay, loop], [3, [200, 200, 200], 2]);
  for (const index of [0, 1, 2]) {
    const { data, info } = await sharp(bytes, { page: index }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const at = (x, y) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)];
    assert.deepEqual(at(30, 20), COLOURS[index]);
    // The square one stands in the middle of white.
    if (index === 1) assert.deepEqual(at(5, 20), [255, 255, 255]);
  }
});

test("a step that makes a sheet is added in the form, and its result has a row of its own", async (t) => {
  const { page } = await open(t);
  await page.locator(id("file-input")).setInputFiles([0, 1].map((index) => ({ name: `cat${index}.jpg`, mimeType: "image/jpeg", buffer: pictures.withComment(pictures.photo("cat"), `${index}`) })));
  await page.locator(id("picked-count")).filter({ hasText: /^2 / }).waitFor();
  await page.locator(id("workflows-all")).click();
  await page.locator(id("workflow-card-contact-sheet")).click();
  // The preview has both pictures: two cells of 360 px with a line of 24 px below them, and gaps of 36 px.
  await page.locator(".tag.right", { hasText: "828 × 456" }).waitFor();
  await page.locator(`${id("dry-run")}:enabled`).click();
  await page.locator(`${id("dry-run-sum")}[aria-busy="false"]`).waitFor();
  assert.equal(await page.locator(id("dry-run-sum")).innerText(), "Something is made of 2 pictures together.");
  await page.locator(id("dry-run-start")).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  const rows = page.locator(id("execution-row"));
  assert.equal(await rows.count(), 3);
  await rows.nth(2).filter({ hasText: "contact-sheet.jpg" }).waitFor();
  assert.match(await rows.nth(0).innerText(), /For Sheet/);
  assert.match(await rows.nth(2).innerText(), /^Sheet\s+Of 2 pictures[\s\S]*contact-sheet\.jpg/);
});
