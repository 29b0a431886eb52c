// Damage in the browser's storage: every read is checked, a damaged result is regenerated, and nothing else is affected.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ask, call, executions, importFiles, open, readAsset, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { damage } from "./support/storage.mjs";
import { readZip } from "./support/zip.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Damages the stored contents of assets, in the middle of each. */
async function tamper(page, assetIds, manner) {
  await damage(page, assetIds.map((key) => ({ key, manner, at: 0.5 })));
}

const assetOf = ({ outputs }) => outputs[0].sha256;

/** Photographs whose results differ, as their sizes do. */
async function different(count) {
  const all = [];
  for (let size = 0.3; all.length < count; size += 0.1) all.push(...(await pictures.photographs(5, size)));
  return all.slice(0, count).map((file, index) => ({ ...file, name: `photo-${index}.jpg` }));
}

async function gallery(t, count, options) {
  const session = await open(t, options);
  const files = await different(count);
  const assets = await importFiles(session.page, files);
  const ran = await run(session.page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  assert.equal(ran.status.assets.completed, count);
  return { ...session, files, assets, ...ran };
}

test("twenty damaged results are found, exactly twenty, and regenerated with the same bytes", async (t) => {
  const { page, batchId, status: ended, executions: before } = await gallery(t, 30);
  const ways = ["flipped", "shortened", "gone"];
  for (const [index, how] of ways.entries()) {
    const chosen = before.filter(({ assetIndex }) => assetIndex < 20 && assetIndex % ways.length === index);
    await tamper(page, chosen.map(assetOf), how);
  }
  const found = await ask(page, "verifyBatch", batchId);
  assert.equal(found.checked, 30);
  assert.deepEqual(found.damaged.toSorted(), before.slice(0, 20).map(({ executionId }) => executionId).toSorted());
  const status = await ask(page, "getBatchStatus", batchId);
  assert.deepEqual([status.status, status.assets.completed, status.assets.failed], ["completed", 10, 20]);
  assert.equal(status.completedAt, ended.completedAt, "the batch ended when it did");
  assert.deepEqual((await ask(page, "verifyBatch", batchId)).damaged, [], "they are already known");

  await ask(page, "retryExecutions", batchId);
  assert.equal((await untilEnded(page, batchId)).assets.completed, 30);
  const after = await executions(page, batchId);
  assert.deepEqual(after.map(assetOf), before.map(assetOf), "a result differs from the one before");
  for (const execution of after) assert.equal(hash(await readAsset(page, execution.outputs[0].url)), assetOf(execution));
  assert.deepEqual(await ask(page, "verifyBatch", batchId), { batchId, checked: 30, damaged: [] });
});

test("reading a damaged result is refused with a reason, and both tabs show that it failed", async (t) => {
  const { page, openTab, url, batchId, executions: [first] } = await gallery(t, 2);
  const other = await openTab();
  await other.goto(`${url}#/batches/${batchId}`);
  await tamper(page, [assetOf(first)], "flipped");
  const { rejected } = await call(page, "readAsset", first.outputs[0].url);
  assert.deepEqual([rejected.code, rejected.status], [500, "failed"]);
  assert.match(rejected.message, new RegExp(`damaged: its checksum differs.*"${first.executionId}"`));
  await other.locator(`${id("execution-row")}[data-index="0"][data-status="failed"]`).waitFor();
  const [failed] = await executions(page, batchId);
  assert.deepEqual([failed.errorCategory, failed.outputs], ["system_error", undefined]);
  assert.match(failed.hint, /regenerate the result from the original/);
  assert.equal((await call(page, "readAsset", "asset:unknown")).rejected.code, 404);
});

test("a ZIP leaves out a damaged result and names it", async (t) => {
  const { page, url, batchId, executions: all } = await gallery(t, 3);
  await tamper(page, [assetOf(all[1])], "flipped");
  await page.goto(`${url}#/batches/${batchId}`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("download-zip")).click()]);
  const names = readZip(readFileSync(await download.path())).map(({ name }) => name);
  assert.deepEqual(names.toSorted(), [all[0], all[2]].map(({ outputs }) => `${batchId}/${outputs[0].name}`).toSorted());
  const notice = page.locator(`${id("notice")}[data-kind="bad"]`);
  await notice.waitFor();
  assert.match(await notice.innerText(), new RegExp(`1 damaged result is not in the ZIP: ${all[1].outputs[0].name}`));
  await page.locator(`${id("execution-row")}[data-index="1"][data-status="failed"]`).waitFor();
});

test("the menu of a batch checks its stored results", async (t) => {
  const { page, url, batchId, executions: all } = await gallery(t, 3);
  await page.goto(`${url}#/batches/${batchId}`);
  const check = async () => {
    await page.locator(id("more-actions")).click();
    await page.locator(id("verify")).click();
  };
  await check();
  await page.locator(`${id("notice")}[data-kind="good"]`, { hasText: "3 results checked" }).waitFor();
  await tamper(page, [assetOf(all[2])], "gone");
  await check();
  await page.locator(`${id("notice")}[data-kind="bad"]`, { hasText: "1 of 3 results are damaged" }).waitFor();
  await page.locator(id("retry-all")).click();
  await page.locator(`${id("execution-row")}[data-index="2"][data-status="success"]`).waitFor();
});

test("a damaged original fails only its picture, and adding it again repairs it", async (t) => {
  const { page, files, assets, executions: before, batchId } = await gallery(t, 3);
  await tamper(page, [assets[1].assetId], "flipped");
  const second = await run(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  assert.deepEqual(second.executions.map(({ status }) => status), ["success", "failed", "success"]);
  const [, failed] = second.executions;
  assert.equal(failed.phase, "setup");
  assert.match(failed.error, /is damaged in the browser's storage: its checksum differs/);
  assert.match(failed.hint, /Add the picture again/);
  // Its earlier results are still intact.
  assert.deepEqual((await ask(page, "verifyBatch", batchId)).damaged, []);
  await importFiles(page, [files[1]]);
  await ask(page, "retryExecutions", second.batchId);
  const status = await untilEnded(page, second.batchId);
  assert.equal(status.assets.completed, 3);
  const after = await executions(page, second.batchId);
  assert.deepEqual(after.map(assetOf), before.map(assetOf));
});

test("a damaged preview is not shown", async (t) => {
  const { page, url, batchId } = await gallery(t, 2);
  const previews = await page.evaluate(async () => {
    const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith("pixelmill:"));
    const database = await new Promise((resolve) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
    });
    const records = await new Promise((resolve) => {
      const request = database.transaction("executions").objectStore("executions").getAll();
      request.onsuccess = () => resolve(request.result);
    });
    database.close();
    return records.map(({ outputThumbnail }) => outputThumbnail);
  });
  await tamper(page, [previews[0]], "flipped");
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(`${id("execution-row")}[data-index="1"] .thumb img`).waitFor();
  await page.waitForTimeout(500);
  assert.equal(await page.locator(`${id("execution-row")}[data-index="0"] .thumb img`).count(), 0);
  assert.equal((await ask(page, "getBatchStatus", batchId)).assets.completed, 2, "the result itself is intact");
});
