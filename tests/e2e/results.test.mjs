// Results beyond the list: histories and selective retries, reports, reused results, running the pictures again, settings while it runs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ask, execute, executions, importFiles, open, readAsset, run, suite, test, until, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const row = (index) => `${id("execution-row")}[data-index="${index}"]`;
const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);

/** `count` files that are not pictures, around one that is. */
async function mixed(page, count) {
  const bad = Array.from({ length: count }, (_, index) => ({ name: `bad-${index}.jpg`, bytes: Buffer.from(`no picture ${index}`) }));
  bad.splice(2, 0, { name: "cat.jpg", bytes: pictures.photo("cat") });
  return await importFiles(page, bad);
}

test("failed pictures are marked by mouse and keyboard, retried, and keep their history", async (t) => {
  const { page, url } = await open(t);
  const { batchId } = await run(page, withImages(SMALL, { photos: await mixed(page, 7) }));
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(`${row(7)} ${id("mark")}`).waitFor();
  assert.equal(await page.locator(`${row(2)} ${id("mark")}`).count(), 0, "a success cannot be run again");
  await page.locator(`${row(1)} ${id("mark")}`).click();
  await page.locator(`${row(4)} ${id("mark")}`).click({ modifiers: ["Shift"] });
  await page.locator(id("marked-count")).filter({ hasText: "3 of 7" }).waitFor();
  // By keyboard: the box itself, everything, nothing, and a range from row to row.
  await page.locator(`${row(0)} ${id("mark")}`).focus();
  await page.keyboard.press("Space");
  await page.locator(id("marked-count")).filter({ hasText: "4 of 7" }).waitFor();
  await page.keyboard.press("Control+a");
  await page.locator(id("marked-count")).filter({ hasText: "7 of 7" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(id("marked-count")).waitFor({ state: "detached" });
  await page.locator(`${row(5)} .open`).click();
  await page.locator(`${row(5)} .open`).focus();
  await page.keyboard.press("Shift+ArrowDown");
  await page.locator(id("marked-count")).filter({ hasText: "2 of 7" }).waitFor();
  await page.locator(id("retry-marked")).click();
  const status = await until(page, batchId, ({ completedAt, updatedAt }) => completedAt !== null && updatedAt === completedAt);
  assert.equal(status.assets.failed, 7);
  const after = await executions(page, batchId);
  assert.deepEqual(after.map(({ attempts }) => attempts), [1, 1, 1, 1, 1, 2, 2, 1]);
  assert.deepEqual(after[5].history.map(({ attempt, phase }) => [attempt, phase]), [[1, "validation"]]);
  await page.locator(`${row(6)} .open`).click();
  await page.locator(`${id("history")} summary`).click();
  assert.match(await page.locator(id("history")).innerText(), /1 earlier failure\s+Attempt 1/);
});

test("a report has a row per picture, as JSON and as CSV, and is downloaded from the results", async (t) => {
  const { page, url } = await open(t);
  const { batchId } = await run(page, withImages(SMALL, { photos: await mixed(page, 2) }));
  const report = await ask(page, "getReport", batchId);
  assert.deepEqual(report.rows.map(({ inputName, status, outputName }) => [inputName, status, outputName]), [
    ["bad-0.jpg", "failed", null],
    ["bad-1.jpg", "failed", null],
    ["cat.jpg", "success", "cat.jpg"],
  ]);
  const csv = await ask(page, "getReport", batchId, { format: "csv" });
  const lines = csv.split("\r\n");
  assert.deepEqual([lines.length, lines[0].split(",").length, lines.at(-1)], [5, Object.keys(report.rows[0]).length, ""]);
  await page.goto(`${url}#/batches/${batchId}`);
  await page.evaluate(() => {
    window.types = [];
    const real = URL.createObjectURL;
    URL.createObjectURL = (blob) => (window.types.push(blob.type), real(blob));
  });
  await page.locator(id("more-actions")).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("report-csv")).click()]);
  assert.equal(download.suggestedFilename(), `${batchId}.csv`);
  assert.equal(readFileSync(await download.path(), "utf8"), `\u{feff}${csv}`);
  assert.ok((await page.evaluate(() => window.types)).includes("text/csv;charset=utf-8"));
});

test("unchanged pictures are reused if the request asks for it, with the same bytes and their own names", async (t) => {
  const { page } = await open(t);
  const [cat, moon] = await importFiles(page, ["cat", "moon"].map((name) => ({ name: `${name}.jpg`, bytes: pictures.photo(name) })));
  const first = await run(page, withImages(SMALL, { photos: [cat] }));
  const workflow = withImages(SMALL, { photos: [{ ...cat, name: "again.jpg" }, moon] });
  const answer = await ask(page, "executeBatch", { workflowId: "small", workflow, skipUnchanged: true });
  assert.deepEqual([answer.assets.completed, answer.assets.pending], [1, 1]);
  const status = await untilEnded(page, answer.batchId);
  assert.equal(status.assets.completed, 2);
  const [taken, made] = await executions(page, answer.batchId);
  assert.deepEqual(taken.reused, { batchId: first.batchId, executionId: first.executions[0].executionId });
  assert.deepEqual([taken.attempts, taken.outputs[0].name, made.attempts, made.reused], [0, "again.jpg", 1, undefined]);
  await ask(page, "deleteBatch", first.batchId);
  assert.equal((await readAsset(page, taken.outputs[0].url)).length, taken.outputs[0].bytes, "it has its own reference to the bytes");
  // All at once: the batch ends before anything can start.
  const whole = await ask(page, "executeBatch", { workflowId: "small", workflow, skipUnchanged: true });
  assert.equal(whole.status, "completed");
});

test("the pictures of a batch are run again with another workflow", async (t) => {
  const { page, url } = await open(t);
  const { batchId } = await run(page, withImages(SMALL, { photos: await mixed(page, 2) }));
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(id("more-actions")).click();
  // The menu is next to its button, where it is visible.
  const [button, item] = await Promise.all(["more-actions", "run-again"].map((name) => page.locator(id(name)).boundingBox()));
  assert.ok(item.y >= button.y && item.y - button.y < 100 && item.x + item.width <= 1280, JSON.stringify({ button, item }));
  await page.locator(id("run-again")).click();
  await page.locator(id("picked-count")).filter({ hasText: /^3 pictures/ }).waitFor();
  await page.locator(`${id("picked-row")} canvas`).first().waitFor();
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  const again = new URL(page.url()).hash.replace("#/batches/", "");
  assert.deepEqual((await executions(page, again)).map(({ inputAsset }) => inputAsset.inputs[0].name), ["bad-0.jpg", "bad-1.jpg", "cat.jpg"]);
});

test("running pictures again asks before it replaces others, keeps every additional picture, and chooses the batch's workflow", async (t) => {
  const { page, url } = await open(t);
  const photos = await importFiles(page, ["cat", "moon", "tulips"].map((name) => ({ name: `${name}.jpg`, bytes: pictures.photo(name) })));
  const [red, blue] = await importFiles(page, [await pictures.logo(40), { ...(await pictures.logo(48)), name: "other.png" }]);
  const workflow = pictures.builtIn("watermark-two-sizes");
  const { batchId } = await run(page, withImages(workflow, { photos, logo: [red, blue, red] }));
  const { batchId: alike } = await run(page, withImages(workflow, { photos, logo: [red, red, red] }));
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(id("file-input")).setInputFiles([{ name: "fresh.jpg", mimeType: "image/jpeg", buffer: pictures.photo("coins") }]);
  await page.locator(id("picked-count")).filter({ hasText: /^1 picture/ }).waitFor();
  const again = async (batchId) => {
    await page.goto(`${url}#/batches/${batchId}`);
    await page.locator(id("more-actions")).click();
    await page.locator(id("run-again")).click();
    await page.locator(id("confirm-yes")).waitFor();
  };
  await again(batchId);
  await page.locator(id("confirm-no")).click();
  await page.locator(id("nav-new")).click();
  assert.match(await page.locator(id("picked-row")).innerText(), /fresh\.jpg/);
  const tiles = (slot) => page.locator(`${id(slot)} ${id("picked-row")}`).evaluateAll((all) => all.map((one) => one.innerText.trim()));
  for (const [from, logos] of [[batchId, 3], [alike, 1]]) {
    await again(from);
    await page.locator(id("confirm-yes")).click();
    await page.locator(id("picked-count")).filter({ hasText: /^3 pictures/ }).waitFor();
    assert.ok(await page.locator(`${id("workflow-card-watermark-two-sizes")} input`).isChecked());
    await page.locator(`${id("run")}:enabled`).waitFor();
    assert.equal((await tiles("drop-logo")).length, logos);
  }
});

test("a batch that waits for room says what to do, and can be resumed", async (t) => {
  const { page, url } = await open(t);
  const assets = await importFiles(page, await pictures.photographs(4, 1));
  await ask(page, "pauseAll");
  const batchId = await execute(page, withImages(SMALL, { photos: assets }));
  await ask(page, "pauseBatch", batchId);
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(id("results")).waitFor();
  assert.equal(await page.locator(id("remedy")).count(), 0, "the user paused it");
  // As the scheduling tab writes it.
  const paused = async (reason) => {
    await page.evaluate(async ([batchId, reason]) => {
      const [{ name }] = await indexedDB.databases();
      const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }));
      const database = await done(indexedDB.open(name));
      const progress = database.transaction("progress", "readwrite").objectStore("progress");
      const record = await done(progress.get(batchId));
      await done(progress.put({ ...record, paused: { ...record.paused, reason } }));
      database.close();
    }, [batchId, reason]);
    await page.reload();
  };
  await paused("storage");
  assert.match(await page.locator(id("remedy")).innerText(), /storage is failing.*resume/s);
  await paused("quota");
  assert.match(await page.locator(id("remedy")).innerText(), /storage is full.*delete batches.*resume/s);
  await page.locator(id("remedy-resume")).click();
  await page.locator(id("remedy")).waitFor({ state: "detached" });
  await ask(page, "resumeAll");
  assert.equal((await untilEnded(page, batchId)).assets.completed, 4);
});

test("priority and concurrency are changed in the results while the batch runs", async (t) => {
  const { page, url } = await open(t);
  const assets = await importFiles(page, await pictures.photographs(4, 1));
  const batchId = await execute(page, withImages(SMALL, { photos: assets }), { concurrencyLimit: 1 });
  await ask(page, "pauseBatch", batchId);
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(id("share-priority")).selectOption("LOW");
  await until(page, batchId, ({ config }) => config.priority === "LOW");
  await page.locator(id("share-concurrency")).fill("7");
  await page.keyboard.press("Enter");
  await until(page, batchId, ({ config }) => config.concurrencyLimit === 7);
  await ask(page, "resumeBatch", batchId);
  await untilEnded(page, batchId);
  await page.locator(id("share-priority")).waitFor({ state: "detached" });
});
