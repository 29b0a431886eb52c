// Exporting everything in one browser as one archive, and importing it in another.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ask, call, execute, executions, importFiles, open, readAsset, run, suite, test, until, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { readZip } from "./support/zip.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const TWO_SIZES = pictures.builtIn("watermark-two-sizes");

/** The archive of a page, exported in its settings. */
async function saved(page) {
  await page.locator(id("preferences")).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("archive-export")).click()]);
  assert.match(download.suggestedFilename(), /^pixelmill-\d{4}-\d\d-\d\d\.zip$/);
  await page.locator(id("preferences-close")).click();
  return readFileSync(await download.path());
}

/** Imports an archive through the script API. */
async function importArchive(page, archive) {
  return await page.evaluate(async (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    try {
      return await window.pixelmill.importArchive(new Blob([bytes]));
    } catch (error) {
      return { rejected: error };
    }
  }, archive.toString("base64"));
}

/** A page's batches, with the hashes of their contents. */
async function everything(page) {
  const { batches } = await ask(page, "listBatches");
  const all = {};
  for (const { batchId } of batches) {
    const { links: _, updatedAt: __, ...status } = await ask(page, "getBatchStatus", batchId);
    const done = await executions(page, batchId);
    for (const { outputs = [] } of done) {
      for (const { url, sha256 } of outputs) assert.equal(hash(await readAsset(page, url)), sha256);
    }
    all[batchId] = { status, executions: done };
  }
  return all;
}

test("everything in one browser is imported into another, and only once", async (t) => {
  const { page } = await open(t);
  const photographs = await pictures.photographs(4, 0.5);
  const bad = { name: "bad.jpg", bytes: Buffer.from("no picture") };
  const assets = await importFiles(page, [...photographs, bad]);
  const { batchId } = await run(page, withImages(TWO_SIZES, { photos: assets, logo: assets.slice(0, 1) }));
  await run(page, withImages(pictures.builtIn("web-gallery"), { photos: assets.slice(1, 3) }));
  const kept = await ask(page, "saveWorkflow", withImages(TWO_SIZES, { logo: assets.slice(0, 1) }), { workflowId: "mine" });
  const before = await everything(page);
  const archive = await saved(page);
  const names = readZip(archive).map(({ name }) => name);
  assert.ok(names.includes("manifest.json") && names.includes(`batches/${batchId}.json`), names.join(" "));
  assert.equal(new Set(names).size, names.length);

  const { page: other, url } = await open(t);
  await other.evaluate(() => {
    window.ended = 0;
    window.pixelmill.addEventListener("batchcompleted", () => (window.ended += 1));
  });
  await other.locator(id("preferences")).click();
  await other.locator(id("archive-file")).setInputFiles({ name: "a.zip", mimeType: "application/zip", buffer: archive });
  await other.locator(`${id("preferences-dialog")} ${id("archive-outcome")}`).filter({ hasText: "Added: 2 batches, 1 workflow." }).waitFor();
  await other.locator(id("preferences-close")).click();
  assert.deepEqual(await everything(other), before);
  assert.deepEqual((await ask(other, "listWorkflows")).workflows.map(({ workflowId }) => workflowId), [kept.workflowId]);
  assert.equal(await other.evaluate(() => window.ended), 0, "what had ended elsewhere is not reported as new");
  await other.goto(`${url}#/batches/${batchId}`);
  await other.locator(`${id("execution-row")}[data-index="0"] .thumb img`).waitFor();
  // Pictures and logo were imported: failures can be retried, and everything can be run again.
  await ask(other, "retryExecutions", batchId);
  assert.equal((await untilEnded(other, batchId)).assets.failed, 1);
  const again = await run(other, withImages(pictures.builtIn("web-gallery"), { photos: assets.slice(1, 3) }));
  assert.equal(again.status.assets.completed, 2);
  const taken = await importArchive(other, archive);
  assert.deepEqual(taken, { batches: 0, workflows: 0, models: 0, files: 0, assets: 0, skipped: 3, problems: [] });
});

test("an unfinished batch arrives paused and can be resumed", async (t) => {
  const { page } = await open(t, { workers: 1 });
  // So many that they cannot all be done before it is paused.
  const assets = await importFiles(page, await pictures.photographs(60, 2));
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  await until(page, batchId, ({ assets }) => assets.completed >= 1);
  await ask(page, "pauseAll");
  await until(page, batchId, ({ assets }) => assets.processing === 0);
  const archive = await saved(page);
  const { page: other } = await open(t);
  assert.equal((await importArchive(other, archive)).batches, 1);
  const status = await ask(other, "getBatchStatus", batchId);
  assert.deepEqual([status.status, status.paused.reason], ["running", "user"]);
  assert.ok(status.assets.completed >= 1 && status.assets.pending >= 1, JSON.stringify(status.assets));
  await other.waitForTimeout(1000);
  assert.deepEqual((await ask(other, "getBatchStatus", batchId)).assets, status.assets, "something resumed by itself");
  await ask(other, "resumeBatch", batchId);
  assert.equal((await untilEnded(other, batchId)).assets.completed, 60);
});

test("a damaged part is reported, and the rest is imported", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, await pictures.photographs(3, 0.5));
  const { batchId, executions: made } = await run(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  const archive = await saved(page);
  const { sha256, bytes } = made[1].outputs[0];
  const content = await readAsset(page, `asset:${sha256}`);
  const damaged = Buffer.from(archive);
  const at = damaged.indexOf(content);
  assert.ok(at > 0);
  damaged[at + (bytes >> 1)] ^= 1;
  const { page: other } = await open(t);
  const taken = await importArchive(other, damaged);
  const { page: third } = await open(t);
  await third.locator(id("preferences")).click();
  await third.locator(id("archive-file")).setInputFiles({ name: "a.zip", mimeType: "application/zip", buffer: damaged });
  const outcome = third.locator(id("archive-outcome"));
  await outcome.filter({ hasText: "One part could not be imported as is" }).waitFor();
  assert.deepEqual(await outcome.locator("li").allInnerTexts(), [`blobs/${sha256}: its checksum differs; it was left out.`]);
  assert.deepEqual([taken.batches, taken.problems], [1, [{ entry: `blobs/${sha256}`, message: "its checksum differs; it was left out." }]]);
  const after = await executions(other, batchId);
  assert.deepEqual(after.map(({ status }) => status), ["success", "failed", "success"]);
  await ask(other, "retryExecutions", batchId);
  await untilEnded(other, batchId);
  assert.equal((await executions(other, batchId))[1].outputs[0].sha256, sha256, "the retry made the same again");
});

test("a file that is not an archive is refused with a reason, by script and in the page", async (t) => {
  const { page } = await open(t);
  const { rejected } = await importArchive(page, Buffer.from("no archive at all"));
  assert.equal(rejected.code, 400);
  assert.match(rejected.message, /not a ZIP archive/);
  assert.equal((await call(page, "importArchive", "text")).rejected.code, 400);
  await page.locator(id("preferences")).click();
  await page.locator(id("archive-file")).setInputFiles({ name: "a.zip", mimeType: "application/zip", buffer: Buffer.from("nothing") });
  await page.locator(`${id("preferences-dialog")} ${id("archive-outcome")}`).filter({ hasText: "not a ZIP archive" }).waitFor();
  // The outcome is shown as a notice if the settings were closed in the meantime.
  assert.equal(await page.locator(id("notice")).count(), 0);
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["nothing"], "a.zip"));
    const field = document.querySelector('[data-testid="archive-file"]');
    field.files = transfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    document.querySelector('[data-testid="preferences-dialog"]').close();
  });
  await page.locator(`${id("notice")}[data-kind="bad"]`, { hasText: "not a ZIP archive" }).waitFor();
});
