// Formats that browsers do not show: pictures are read, and their thumbnails are shown in their place.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { importFiles, open, readAsset, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { workersOf } from "./support/service.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const bytes = (name) => readFileSync(fileURLToPath(new URL(`../data/codecs/${name}`, import.meta.url)));
const WORKFLOW = pictures.chain("formats", [["flip", { direction: "horizontal" }]], { format: "png" });
const FILES = ["tiles.tif", "rgb-packed.psd", "preview.dng", "turned.heic", "rgba.qoi", "raw.ppm", "rgb.tga"];

/** Waits until the image is one that the browser shows. */
async function shown(image) {
  await image.waitFor();
  for (const end = Date.now() + 20_000; !(await image.evaluate((image) => image.complete && image.naturalWidth > 0)); ) {
    assert.ok(Date.now() < end, "the browser does not show it");
    await new Promise((done) => setTimeout(done, 50));
  }
}

test("the files are picked, and the preview shows thumbnails of them", async (t) => {
  const { page } = await open(t);
  await page.locator(id("file-input")).setInputFiles(FILES.map((name) => ({ name, mimeType: "", buffer: bytes(name) })));
  await page.locator(id("picked-count")).filter({ hasText: `${FILES.length} pictures` }).waitFor();
  assert.equal(await page.locator(id("unreadable-row")).count(), 0);
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(WORKFLOW));
  for (const name of FILES) {
    await page.locator(`${id("preview-facts")}`, { hasText: name.replace(/\.\w+$/, ".png") }).waitFor();
    await shown(page.locator(`${id("live-preview")} .before img`));
    await shown(page.locator(`${id("live-preview")} ${id("after")} img`));
    await page.locator(id("preview-next")).click();
  }
});

test("they run, and a thumbnail is what the result is compared with", async (t) => {
  const { page, url } = await open(t);
  const assets = await importFiles(page, FILES.map((name) => ({ name, bytes: bytes(name) })));
  const { batchId, status, executions } = await run(page, withImages(WORKFLOW, { photos: assets }));
  assert.equal(status.status, "completed");
  for (const [index, { outputs }] of executions.entries()) {
    const expected = bytes(`${FILES[index]}.rgba`);
    const [width, height] = [expected.readUInt32LE(0), expected.readUInt32LE(4)];
    const result = await pictures.decode(await readAsset(page, outputs[0].url));
    assert.deepEqual([result.width, result.height], [width, height], FILES[index]);
    await page.goto(`${url}#/batches/${batchId}/${index + 1}`);
    await page.locator(id("before-after")).waitFor();
    await shown(page.locator(`${id("before-after")} .before img`));
  }
});

test("of a document with large layers the worker reads only what it shows, and keeps no more than a piece in memory", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const LAYERS = 48 << 20;
  const PIECE = 4 << 20;
  const name = "rgb-packed.psd";
  const small = bytes(name);
  const large = await page.evaluate(
    async ([start, length, end]) => {
      const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const file = new File([decode(start), new Uint8Array(length), decode(end)], "layers.psd");
      return await window.pixelmill.importAssets([file]);
    },
    pictures.withLayers(small, LAYERS),
  );
  const save = pictures.chain("layers", [], { format: "png" });
  // Its worker has started then.
  await run(page, withImages(save, { photos: await importFiles(page, [{ name, bytes: small }]) }));
  const workers = await workersOf(page);
  const inAll = async (act) => await Promise.all(workers.map((worker) => worker.evaluate(act)));
  await inAll(() => {
    self.reads = { checked: 0, largest: 0, used: 0 };
    const { arrayBuffer } = Blob.prototype;
    Blob.prototype.arrayBuffer = function () {
      self.reads.checked += this.size;
      self.reads.largest = Math.max(self.reads.largest, this.size);
      return arrayBuffer.call(this);
    };
    const { readAsArrayBuffer } = FileReaderSync.prototype;
    FileReaderSync.prototype.readAsArrayBuffer = function (blob) {
      self.reads.used += blob.size;
      return readAsArrayBuffer.call(this, blob);
    };
  });
  const { status, executions } = await run(page, withImages(save, { photos: large }));
  assert.equal(status.status, "completed");
  const expected = bytes(`${name}.rgba`);
  const result = await pictures.plainSamples(await readAsset(page, executions[0].outputs[0].url));
  assert.deepEqual([result.width, result.height], [expected.readUInt32LE(0), expected.readUInt32LE(4)]);
  assert.deepEqual(result.data, expected.subarray(8));
  const reads = await inAll(() => self.reads);
  const [checked, used] = ["checked", "used"].map((what) => reads.reduce((sum, one) => sum + one[what], 0));
  const largest = Math.max(...reads.map((one) => one.largest));
  // The checksum takes all of it, piece by piece.
  assert.ok(checked >= LAYERS && largest <= PIECE, `${checked} bytes are checked, ${largest} at once`);
  assert.ok(used > 0 && used < 1 << 20, `${used} bytes are used`);
});
