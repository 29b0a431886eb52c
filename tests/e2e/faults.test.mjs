// What browsers do to a page apart from killing it: an older tab that blocks an upgrade, storage that is deleted, clocks that jump.

import assert from "node:assert/strict";
import { ask, call, execute, executions, importFiles, open, ready, run, suite, test, until, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { bystander, databaseOf, openFirstVersion } from "./support/storage.mjs";
import { serviceOf } from "./support/service.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);

test("an upgrade that an older tab blocks is reported, and continues when that tab is closed", async (t) => {
  const { page, context, url } = await open(t);
  const older = await bystander(context, url);
  await page.close();
  await openFirstVersion(older, url);
  const newer = await context.newPage();
  await newer.goto(url);
  await newer.locator(id("blocked")).waitFor();
  assert.equal(await newer.evaluate(() => window.pixelmill), undefined);
  await older.close();
  await ready(newer);
  await newer.locator(id("drop-zone")).waitFor();
  assert.deepEqual((await ask(newer, "listBatches")).batches, []);
});

test("when the storage is deleted during a batch, the page says so and does not hang, and a reload starts afresh", async (t) => {
  const { page, context, url } = await open(t, { errorsExpected: true });
  const assets = await importFiles(page, await pictures.photographs(24, 4));
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  await until(page, batchId, ({ assets }) => assets.completed >= 2);
  await page.goto(`${url}#/batches/${batchId}`);
  const other = await bystander(context, url);
  await other.evaluate((name) => new Promise((resolve, reject) => Object.assign(indexedDB.deleteDatabase(name), { onsuccess: resolve, onerror: reject })), databaseOf(url));
  await page.locator(id("tab-note")).filter({ hasText: /storage.*[Rr]eload/ }).waitFor();
  const { rejected } = await call(page, "listBatches");
  assert.equal(rejected.code, 500);
  assert.match(rejected.message, /storage/);
  await page.reload();
  await ready(page);
  assert.deepEqual((await ask(page, "listBatches")).batches, []);
  const fresh = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  assert.equal((await run(page, withImages(SMALL, { photos: fresh }))).status.status, "completed");
});

test("when the browser closes the storage of all tabs, the reloaded one leads, and not one without storage", async (t) => {
  const { page, context, openTab, url } = await open(t, { errorsExpected: true, hash: "#/batches" });
  const follower = await openTab();
  await follower.evaluate(() => (location.hash = "#/new"));
  const control = await context.newCDPSession(page);
  await control.send("Storage.clearDataForOrigin", { origin: new URL(url).origin, storageTypes: "indexeddb" });
  for (const tab of [page, follower]) await tab.locator(id("tab-note")).filter({ hasText: /[Rr]eload/ }).waitFor();
  await page.reload();
  await ready(page);
  const assets = await importFiles(page, await pictures.photographs(4, 1));
  const { status } = await run(page, withImages(SMALL, { photos: assets }));
  assert.deepEqual([status.status, status.assets.completed], ["completed", 4]);
});

test("clocks that jump by days, back and forth, do not disturb a batch", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, await pictures.photographs(24, 4));
  const service = await serviceOf(page);
  await service.evaluate(() => {
    const now = Date.now;
    self.jump = 0;
    Date.now = () => now() + self.jump;
  });
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  await until(page, batchId, ({ assets }) => assets.completed >= 2);
  for (const days of [3, -2, 400, 0]) {
    await service.evaluate((days) => (self.jump = days * 86_400_000), days);
    await page.waitForTimeout(300);
  }
  const status = await untilEnded(page, batchId);
  assert.deepEqual([status.assets.completed, status.assets.failed], [24, 0]);
  assert.ok((await executions(page, batchId)).every(({ attempts, durationMs }) => attempts === 1 && durationMs >= 0));
});
