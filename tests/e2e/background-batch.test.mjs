// A batch of mixed photographs whose backgrounds are removed by two workers: the page stays smooth, memory stays flat, cancelling in the
// middle of an inference works, and a model that crashes affects only its own images. PIXELMILL_BACKGROUNDS says how many
// photographs (default: 16).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { ask, execute, executions, importFiles, open, run, suite, test, until, untilEnded, withImages } from "./support/harness.mjs";
import { rendererMemory } from "./support/memory.mjs";
import { DIST, builtName } from "./support/built.mjs";
import * as pictures from "./support/pictures.mjs";
import { trapping } from "./support/wasm.mjs";
import { inService, serviceOf } from "./support/service.mjs";

suite(test);

const COUNT = Number(process.env.PIXELMILL_BACKGROUNDS ?? 16);
const LONGEST = 200;
const FIRST = 10;
const CUT_OUT = pictures.chain("cut-out", [["remove-background", {}]], { format: "png" });
const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);

/** Photographs of many sizes, shapes and formats, all different. */
async function mixed(count) {
  const names = ["portrait", "cat", "flowers", "coins", "tulips", "retina", "branches", "moon"];
  const boxes = [[1600, 1200], [900, 1400], [2400, 1600], [640, 480], [1200, 1200], [3000, 2000], [320, 900]];
  const formats = [(image) => image.jpeg({ quality: 88 }), (image) => image.png({ compressionLevel: 1 }), (image) => image.webp({ quality: 85, effort: 1 }), (image) => image.jpeg({ quality: 92, progressive: true })];
  const made = [];
  for (let index = 0; index < count; index += 1) {
    const [width, height] = boxes[index % boxes.length];
    const image = sharp(pictures.photo(names[index % names.length])).resize({ width, height, fit: "cover" });
    const { data, info } = await formats[index % formats.length](image.modulate({ brightness: 1 - (index % 11) / 40 })).toBuffer({ resolveWithObject: true });
    made.push({ name: `mixed-${index}.${info.format === "jpeg" ? "jpg" : info.format}`, bytes: data });
  }
  return made;
}

test(`${COUNT} mixed photographs on two workers leave the page smooth and memory flat after the first ${FIRST}`, async (t) => {
  const { page } = await open(t, { workers: 2 });
  const assets = await importFiles(page, await mixed(COUNT));
  await page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
  });
  const batchId = await execute(page, withImages(CUT_OUT, { photos: assets }));
  await page.evaluate((batchId) => (location.hash = `#/batches/${batchId}`), batchId);
  const start = Date.now();
  let [early, late] = [0, 0];
  const status = await until(
    page,
    batchId,
    ({ status, assets, completedAt }) => {
      const now = rendererMemory();
      // The maximum of either part; the first ones include loading code and model.
      if (assets.completed <= FIRST) early = Math.max(early, now);
      else late = Math.max(late, now);
      return status === "completed" && completedAt !== null;
    },
    COUNT * 20_000,
  );
  assert.deepEqual([status.assets.completed, status.assets.failed], [COUNT, 0]);
  await page.waitForTimeout(300);
  const longest = Math.max(0, ...(await page.evaluate(() => window.longTasks)));
  const seconds = (Date.now() - start) / 1000;
  const ratio = late / early;
  t.diagnostic(`${COUNT} photographs in ${seconds.toFixed(0)} s; memory of the renderer ${early.toFixed(0)} MB, later ${late.toFixed(0)} MB (× ${ratio.toFixed(2)}); longest task ${longest.toFixed(0)} ms`);
  assert.ok(ratio <= 1.2, `memory grew from ${early.toFixed(0)} to ${late.toFixed(0)} MB`);
  assert.ok(longest <= LONGEST, `the main thread was busy for ${longest.toFixed(0)} ms at a stretch`);
});

test("when a batch is cancelled during an inference, executions in flight finish and are recorded, and nothing new starts", async (t) => {
  const { page } = await open(t, { workers: 2 });
  const assets = await importFiles(page, await mixed(8));
  const workflow = withImages(CUT_OUT, { photos: assets });
  const batchId = await execute(page, workflow);
  // Two are done, so code and model are loaded: executions in flight are running the model.
  await until(page, batchId, ({ assets }) => assets.completed >= 2 && assets.processing === 2);
  await page.waitForTimeout(300);
  const answer = await ask(page, "cancelBatch", batchId);
  assert.deepEqual([answer.status, answer.previousStatus], ["cancelled", "running"]);
  const inFlight = answer.assets.processing;
  const status = await untilEnded(page, batchId);
  assert.equal(status.assets.processing, 0);
  assert.equal(status.assets.completed, answer.assets.completed + inFlight, "what was in flight is recorded");
  assert.ok(status.assets.pending > 0, "there was something left to cancel");
  await page.waitForTimeout(1500);
  const after = await executions(page, batchId);
  assert.equal(after.filter(({ attempts }) => attempts > 0).length, status.assets.completed, "nothing new has started");
  // The workers are free again.
  const { status: next } = await run(page, withImages(CUT_OUT, { photos: assets.slice(0, 2) }));
  assert.equal(next.assets.completed, 2);
});

test("a model that crashes fails only its own images with a reason, and the workers continue", async (t) => {
  const { page, context } = await open(t, { workers: 1 });
  await page.close();
  // The page checks the file's hash, so its code is changed only when it is compiled.
  const own = readFileSync(join(DIST, builtName("network.wasm")));
  const broken = trapping(own, "run").toString("base64");
  await inService(
    context,
    `(${(length, broken) => {
      const compile = WebAssembly.compile;
      WebAssembly.compile = (bytes) =>
        compile(bytes.byteLength === length ? Uint8Array.from(atob(broken), (character) => character.charCodeAt(0)) : bytes);
      self.workersMade = 0;
      self.MessageChannel = class extends MessageChannel {
        constructor() {
          super();
          self.workersMade += 1;
        }
      };
    }})(${own.length}, ${JSON.stringify(broken)});`,
  );
  const again = await context.newPage();
  await again.goto(page.url());
  await again.waitForFunction(() => window.pixelmill !== undefined);
  const assets = await importFiles(again, await mixed(3));
  const failed = await run(again, withImages(CUT_OUT, { photos: assets }));
  assert.equal(failed.status.assets.failed, 3);
  for (const { error, errorCategory, phase, actionId, hint, attempts } of failed.executions) {
    assert.match(error, /^The model "u2netp" broke down: .*unreachable/);
    assert.deepEqual([errorCategory, phase, actionId, attempts], ["system_error", "execute", "remove-background-1", 1]);
    assert.ok(hint.length > 0);
  }
  assert.ok((await (await serviceOf(again)).evaluate(() => self.workersMade)) >= 3, "a worker whose model crashed is replaced");
  const fine = await run(again, withImages(SMALL, { photos: assets }));
  assert.equal(fine.status.assets.completed, 3);
});
