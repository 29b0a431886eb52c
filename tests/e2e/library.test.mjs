// The user's own workflows: saved, published, run by their id; and data that an older version of the page left in the storage.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ask, call, executions, importFiles, open, ready, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { bystander, openFirstVersion } from "./support/storage.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);

test("a workflow is saved, run, published and run by its id, and batches keep their version", async (t) => {
  const { page } = await open(t);
  const [photo, other] = await importFiles(page, [
    { name: "cat.jpg", bytes: pictures.photo("cat") },
    { name: "moon.jpg", bytes: pictures.photo("moon") },
  ]);
  const kept = await ask(page, "saveWorkflow", SMALL);
  assert.deepEqual([kept.workflowId, kept.status, kept.hasRun, kept.inputs], ["small", "draft", false, [{ nodeId: "photos", type: "image", required: true }]]);
  assert.equal((await call(page, "publishWorkflow", "small")).rejected.code, 400);
  const first = await ask(page, "executeBatch", { workflowId: "small", workflow: withImages(kept.workflow, { photos: [photo] }) });
  assert.equal(first.workflowVersion, undefined);
  await untilEnded(page, first.batchId);
  const published = await ask(page, "publishWorkflow", "small");
  assert.deepEqual([published.status, published.version, published.versionId], ["published", 1, "small@1"]);

  const run = (asset) => [{ node_id: "photos", content: [{ presignedUrl: asset.url, storageType: "local" }] }];
  const request = { workflow: { workflowId: "small", inputs: [run(photo), run(other)] }, batchConfig: { concurrencyLimit: 2 } };
  const accepted = await ask(page, "executeBatch", request);
  assert.deepEqual([accepted.assets.total, accepted.workflowVersion], [2, { version: 1, versionId: "small@1" }]);
  const status = await untilEnded(page, accepted.batchId);
  assert.equal(status.assets.completed, 2);
  const outputs = (await executions(page, accepted.batchId)).map(({ outputs }) => [outputs[0].name, outputs[0].width]);
  assert.deepEqual(outputs, [["cat.jpg", 64], ["moon.jpg", 64]]);

  await page.reload();
  await ready(page);
  await ask(page, "unpublishWorkflow", "small");
  assert.equal((await call(page, "executeBatch", request)).rejected.code, 404);
  assert.equal((await ask(page, "getBatchStatus", accepted.batchId)).workflowVersion.versionId, "small@1");
  const copy = await ask(page, "importWorkflow", await ask(page, "exportWorkflow", "small"));
  assert.deepEqual([copy.workflowId, copy.status], ["small-2", "draft"]);
  assert.deepEqual((await ask(page, "listWorkflows")).workflows.map(({ workflowId }) => workflowId), ["small-2", "small"]);
  await ask(page, "deleteWorkflow", "small-2");
  assert.equal((await call(page, "getWorkflow", "small-2")).rejected.code, 404);
});

test("in the page a workflow is saved from its settings, published once it has run, and exported and imported as JSON", async (t) => {
  const { page, url } = await open(t);
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(id("field-resize-width")).fill("80");
  await page.locator(id("save-workflow")).click();
  await page.locator(id("name-field")).fill("For my shop");
  await page.keyboard.press("Enter");
  const card = page.locator(id("workflow-card-for-my-shop"));
  await card.locator(`${id("workflow-status")}[data-status="draft"]`).waitFor();
  assert.ok(await card.locator("input").isChecked());
  await page.locator(id("save-workflow")).filter({ hasText: "Saved" }).waitFor();

  await page.locator(id("file-input")).setInputFiles([{ name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") }]);
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  await page.locator(id("nav-new")).click();
  const menu = page.locator(".card-frame").filter({ hasText: "For my shop" }).locator(id("workflow-menu"));
  // By keyboard: open, publish; then it is listed as version 1.
  await menu.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await card.locator(`${id("workflow-status")}[data-status="published"]`).filter({ hasText: "v1" }).waitFor();

  // An edit is saved to the draft; what is published stays.
  await page.locator(id("field-resize-width")).fill("90");
  await page.locator(id("save-workflow")).click();
  await card.filter({ hasText: "edited since" }).waitFor();
  assert.equal((await ask(page, "getWorkflow", "for-my-shop", { version: 1 })).workflow.actions[1].parameters.width, 80);

  await menu.click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(`${id("workflow-export")}:visible`).click()]);
  assert.equal(download.suggestedFilename(), "for-my-shop.json");
  const exported = JSON.parse(readFileSync(await download.path(), "utf8"));
  assert.equal(exported.actions[1].parameters.width, 90);
  exported.metadata.name = "From elsewhere";
  await page.locator(id("import-workflow")).setInputFiles([{ name: "w.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(exported)) }]);
  await page.locator(`${id("workflow-card-from-elsewhere")} input:checked`).waitFor();

  await menu.click();
  await page.locator(`${id("workflow-delete")}:visible`).click();
  await page.locator(id("confirm-yes")).click();
  await card.waitFor({ state: "detached" });
  // The last choice is restored after a reload.
  await page.goto(`${url}#/`);
  await page.reload();
  await page.locator(`${id("workflow-card-from-elsewhere")} input:checked`).waitFor();
});

test("a published version can be looked at, restored and exported", async (t) => {
  const { page, url } = await open(t);
  const [asset] = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  for (const width of [61, 62]) {
    const workflow = pictures.chain("versioned", [["resize", { width }]]);
    await ask(page, "saveWorkflow", workflow, { workflowId: "versioned" });
    await run(page, withImages(workflow, { photos: [asset] }));
    await ask(page, "publishWorkflow", "versioned");
  }
  await page.goto(`${url}#/`);
  await page.locator(id("workflow-menu")).click();
  await page.locator(`${id("workflow-versions")}:visible`).click();
  const rows = page.locator(id("version-row"));
  await rows.nth(1).filter({ hasText: "width 61 px" }).waitFor();
  assert.match(await rows.nth(0).innerText(), /Version 2\s+Published[^]*width 62 px/);
  const [download] = await Promise.all([page.waitForEvent("download"), rows.nth(1).locator(id("version-export")).click()]);
  assert.equal(download.suggestedFilename(), "versioned-v1.json");
  await rows.nth(1).locator(id("version-restore")).click();
  await page.waitForFunction((selector) => document.querySelector(selector)?.value === "61", '[id^="field-"][id$="-width"]');
  await page.locator(id("save-workflow")).filter({ hasText: /^Save$/ }).waitFor();
  assert.equal((await ask(page, "getWorkflow", "versioned")).workflow.actions[1].parameters.width, 62, "nothing is stored before the user saves");
});

test("data of the first storage version is kept by the upgrade, and listed by its filters", async (t) => {
  const { page, context, url, openTab } = await open(t);
  await page.close();
  const before = await bystander(context, url);
  await openFirstVersion(before, url);
  await before.evaluate(async () => {
    const transaction = window.database.transaction(["batches", "progress", "executions"], "readwrite");
    for (const [index, status] of ["completed", "cancelled"].entries()) {
      const batchId = `batch-old-20250101-0000000${index}`;
      const [completed, pending] = status === "completed" ? [1, 0] : [0, 1];
      transaction.objectStore("batches").put({ batchId, workflow: { actions: [] }, references: [], engineVersion: "0.1.0" });
      transaction.objectStore("progress").put({
        batchId, workflowId: "old", jobName: "Old", revision: 3, round: 0, status, paused: null,
        config: { concurrencyLimit: 10, priority: "NORMAL", continueOnError: true },
        assets: { total: 1, pending, processing: 0, completed, failed: 0 }, failed: [], durationSumMs: completed * 80, durationCount: completed,
        createdAt: 1735689600000 + index, updatedAt: 1735689600100, completedAt: 1735689600100,
      });
      transaction.objectStore("executions").put({
        batchId, assetIndex: 0, inputAsset: { index: 0, assetId: "aa", inputs: [{ actionId: "photos", name: "old.jpg", sourceUrl: "asset:aa" }] },
        status: completed ? "success" : "pending", attempts: completed, outputs: [], crc32: [], failure: null,
        // Every version has stored these together with a success.
        ...(completed ? { startedAt: 1735689600020, completedAt: 1735689600100, durationMs: 80 } : { startedAt: null, completedAt: null, durationMs: null }),
        inputThumbnail: null, outputThumbnail: null, inputSize: null, workerDeaths: 0, tabDeaths: 0, suspect: false, alone: false, engineVersion: null,
      });
    }
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    window.database.close();
  });
  await before.close();

  const after = await openTab();
  const listed = async (query) => (await ask(after, "listBatches", query)).batches.map(({ batchId }) => batchId.at(-1)).join("");
  assert.equal(await listed({}), "10");
  assert.equal(await listed({ status: "completed" }), "0");
  assert.equal(await listed({ workflowId: "old" }), "10");
  assert.equal(await listed({ workflowId: "old", status: "cancelled", createdAfter: "2025-01-01" }), "1");
  assert.equal(await listed({ createdBefore: "2025-01-01" }), "");
  const [execution] = await executions(after, "batch-old-20250101-00000000");
  assert.equal(execution.status, "success");
  assert.equal(execution.durationMs, 80);
});

test("a workflow that is imported twice gets a name of its own", async (t) => {
  const { page } = await open(t);
  const document = pictures.chain("blog", [["resize", { width: 1200 }]]);
  document.metadata.name = "Blog 1200";
  const file = { name: "blog.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(document)) };
  for (const name of ["Blog 1200", "Blog 1200 (2)", "Blog 1200 (3)"]) {
    await page.locator(id("import-workflow")).setInputFiles([file]);
    await page.locator(id("my-workflows")).filter({ hasText: name }).waitFor();
  }
  const { workflows } = await ask(page, "listWorkflows");
  assert.deepEqual(workflows.map(({ name }) => name).toSorted(), ["Blog 1200", "Blog 1200 (2)", "Blog 1200 (3)"]);
});
