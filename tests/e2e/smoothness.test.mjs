// The page stays smooth while a batch runs: no task on the main thread takes longer than 200 ms.

import assert from "node:assert/strict";
import { execute, importFiles, open, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const LONGEST = 200;
const COUNT = 200;

test(`while a batch of ${COUNT} images runs, the main thread is never busy for more than ${LONGEST} ms`, async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, await pictures.photographs(COUNT, 1));
  await page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      window.longTasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })));
    }).observe({ type: "longtask" });
  });
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  // The view with the most to draw.
  await page.evaluate((batchId) => (location.hash = `#/batches/${batchId}`), batchId);
  const start = Date.now();
  const status = await untilEnded(page, batchId, 180_000);
  const seconds = (Date.now() - start) / 1000;
  assert.equal(status.assets.completed, COUNT);
  await page.waitForTimeout(500);
  const tasks = await page.evaluate(() => window.longTasks);
  const longest = Math.max(0, ...tasks.map(({ duration }) => duration));
  t.diagnostic(
    `${COUNT} images in ${seconds.toFixed(1)} s; tasks over 50 ms: ${tasks.length}, longest ${longest.toFixed(0)} ms of ${LONGEST} ms allowed`,
  );
  assert.ok(longest <= LONGEST, `the main thread was busy for ${longest.toFixed(0)} ms at a stretch`);
});
