// Results beyond the list: histories and selective retries, reports, reused results, running the pictures again, settings while it runs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ask, execute, executions, importFiles, open, readAsset, run, suite, test, until, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { readZip } from "./support/zip.mjs";

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
  await page.locator(`${row(1)} ${id("mark")}`).click();
  await page.locator(`${row(4)} ${id("mark")}`).click({ modifiers: ["Shift"] });
  await page.locator(id("marked-count")).filter({ hasText: "4 of 8" }).waitFor();
  // By keyboard: the box itself, everything, nothing, and a range from row to row.
  await page.locator(`${row(0)} ${id("mark")}`).focus();
  await page.keyboard.press("Space");
  await page.locator(id("marked-count")).filter({ hasText: "5 of 8" }).waitFor();
  await page.keyboard.press("Control+a");
  await page.locator(id("marked-count")).filter({ hasText: "8 of 8" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(id("marked-count")).waitFor({ state: "detached" });
  await page.locator(`${row(5)} .open`).click();
  await page.locator(`${row(5)} .open`).focus();
  await page.keyboard.press("Shift+ArrowDown");
  await page.locator(id("marked-count")).filter({ hasText: "2 of 8" }).waitFor();
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

test("an open picture is a route: Back closes it, a reload keeps it, and a link opens it", async (t) => {
  const { page, url } = await open(t);
  const { batchId } = await run(page, withImages(SMALL, { photos: await mixed(page, 2) }));
  const list = `${url}#/batches/${batchId}`;
  await page.goto(`${url}#/batches`);
  await page.locator(`${id("batch-row")} a`).click();
  await page.locator(`${row(1)} .open`).click();
  await page.waitForURL(`${list}/2`);
  // Neighbours replace each other, so that one step back is enough.
  await page.keyboard.press("ArrowDown");
  await page.waitForURL(`${list}/3`);
  await page.locator(`${id("detail")} h2`).filter({ hasText: "cat.jpg" }).waitFor();
  await page.reload();
  await page.locator(`${id("detail")} h2`).filter({ hasText: "cat.jpg" }).waitFor();
  await page.goBack();
  await page.waitForURL(list);
  await page.locator(id("detail")).waitFor({ state: "detached" });
  await page.waitForFunction((selector) => document.activeElement?.matches(selector), `${row(2)} .open`);
  await page.goForward();
  await page.locator(id("detail")).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForURL(list);
  await page.goBack();
  await page.waitForURL(`${url}#/batches`);
  // A page that starts with a picture has nothing of its own behind it.
  const other = await page.context().newPage();
  await other.goto(`${list}/1`);
  await other.locator(`${id("detail")} h2`).filter({ hasText: "bad-0.jpg" }).waitFor();
  await other.locator(id("close-detail")).click();
  await other.waitForURL(list);
  await other.locator(id("detail")).waitFor({ state: "detached" });
  await other.goto(`${list}/99`);
  await other.waitForURL(list);
});

test("what a cancelled batch left is run by one press", async (t) => {
  const { page, url } = await open(t);
  const assets = await mixed(page, 2);
  await ask(page, "pauseAll");
  const batchId = await execute(page, withImages(SMALL, { photos: assets }));
  await ask(page, "cancelBatch", batchId);
  await ask(page, "resumeAll");
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(id("run-remaining")).filter({ hasText: "Run 3 remaining" }).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  const { assets: after } = await untilEnded(page, batchId);
  assert.deepEqual([after.pending, after.completed, after.failed], [0, 1, 2]);
  await page.locator(id("run-remaining")).waitFor({ state: "detached" });
});

test("marked pictures are downloaded or run again by themselves, whatever became of them", async (t) => {
  const { page, url } = await open(t);
  const names = ["cat", "moon", "tulips"];
  const assets = await importFiles(page, names.map((name) => ({ name: `${name}.jpg`, bytes: pictures.photo(name) })));
  const { batchId } = await run(page, withImages(SMALL, { photos: assets }));
  await page.goto(`${url}#/batches/${batchId}`);
  for (const index of [0, 2]) await page.locator(`${row(index)} ${id("mark")}`).check();
  await page.locator(id("marked-count")).filter({ hasText: "2 of 3 marked" }).waitFor();
  assert.equal(await page.locator(id("retry-marked")).count(), 0, "nothing of it has failed");
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("download-marked")).click()]);
  const entries = readZip(readFileSync(await download.path()));
  assert.deepEqual(entries.map(({ name }) => name.split("/").at(-1)), ["cat.jpg", "tulips.jpg"]);
  await page.locator(id("run-marked")).click();
  await page.locator(id("picked-count")).filter({ hasText: /^2 pictures/ }).waitFor();
});

test("a batch shows the settings it ran with, and they can be used again", async (t) => {
  const { page, url } = await open(t);
  await page.locator(id("file-input")).setInputFiles([{ name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") }]);
  await page.locator(id("field-resize-width")).fill("321");
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  await page.locator(`${id("settings-used")} summary`).click();
  await page.locator(id("settings-used")).filter({ hasText: "width 321 px" }).waitFor();
  const results = page.url();
  await page.goto(`${url}#/`);
  await page.locator(id("reset")).click();
  await page.goto(results);
  await page.locator(`${id("settings-used")} summary`).click();
  await page.locator(id("use-settings")).click();
  await page.waitForFunction((selector) => document.querySelector(selector)?.value === "321", id("field-resize-width"));
  await page.locator(id("edited")).waitFor();
});

test("Tab reaches a list of results once, and the arrow keys lead through it", async (t) => {
  const { page, url } = await open(t);
  const { batchId } = await run(page, withImages(SMALL, { photos: await mixed(page, 5) }));
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(`${row(5)} .open`).waitFor();
  const stops = () => page.locator(`${id("execution-row")} :is(button, input):not([tabindex="-1"], :disabled)`).evaluateAll((all) => [...new Set(all.map((one) => one.closest("[data-index]").dataset.index))]);
  assert.deepEqual(await stops(), ["0"]);
  await page.locator(`${row(0)} .open`).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction((selector) => document.activeElement?.matches(selector), `${row(2)} .open`);
  assert.equal(await page.locator(id("detail")).count(), 0, "nothing was opened by the arrow keys");
  assert.deepEqual(await stops(), ["2"]);
  await page.keyboard.press("Shift+ArrowDown");
  await page.locator(id("marked-count")).filter({ hasText: "2 of 6" }).waitFor();
});

/** The browser's private file system stands in for the dialog that picks a folder: its folders have the same interface. */
function standInForDialog() {
  globalThis.picking = async () => await (await navigator.storage.getDirectory()).getDirectoryHandle("chosen", { create: true });
  globalThis.showDirectoryPicker = async (options) => await globalThis.picking(options);
}

/** The bytes of the files in that folder, by their paths. */
async function filesInFolder() {
  const list = async (folder, path) => {
    const found = {};
    for await (const [name, one] of folder.entries()) {
      if (one.kind === "directory") Object.assign(found, await list(one, `${path}${name}/`));
      else found[path + name] = [...new Uint8Array(await (await one.getFile()).arrayBuffer())];
    }
    return found;
  };
  return await list(await (await navigator.storage.getDirectory()).getDirectoryHandle("chosen", { create: true }), "");
}

test("results are saved to a folder of the device, in the folders of their pictures", async (t) => {
  const { page, url } = await open(t, { errorsExpected: true });
  const names = ["one.jpg", "two.jpg", "same.jpg", "same.jpg"];
  const assets = await importFiles(page, names.map((name, index) => ({ name, bytes: pictures.withComment(pictures.photo("cat"), `${index}`) })));
  const document = withImages(pictures.builtIn("web-gallery"), { photos: assets.map((asset, index) => ({ ...asset, name: names[index] })) });
  document.actions[0].parameters.images[1].path = "trip/day 1/two.jpg";
  const { batchId, executions } = await run(page, document);
  await page.addInitScript(standInForDialog);
  await page.goto(`${url}#/batches/${batchId}`);
  await page.reload();
  const saved = () => page.evaluate(filesInFolder);
  const button = page.locator(id("save-to-folder"));
  // Who picks none has changed nothing.
  await button.waitFor();
  await page.evaluate(() => {
    const pick = globalThis.picking;
    globalThis.picking = async () => {
      globalThis.picking = pick;
      throw new DOMException("The user aborted a request.", "AbortError");
    };
  });
  await button.click();
  await page.locator(`${id("save-to-folder")}:enabled`).waitFor();
  assert.deepEqual(await saved(), {});
  assert.equal(await page.locator(id("notice")).count(), 0);
  // What is there already is somebody's, whatever its name, and saving again adds nothing.
  await page.evaluate(async () => {
    const folder = await globalThis.picking();
    const file = await folder.getFileHandle("one-web.jpg", { create: true });
    const stream = await file.createWritable();
    await stream.write("mine");
    await stream.close();
  });
  const expected = ["one-web-2.jpg", "trip/day 1/two-web.jpg", "same-web.jpg", "same-web-2.jpg"];
  for (const again of [false, true]) {
    await button.click();
    await page.locator(id("notice")).filter({ hasText: 'Saved 4 files in "chosen".' }).waitFor();
    const files = await saved();
    assert.deepEqual(Object.keys(files).sort(), ["one-web.jpg", ...expected].sort(), `${again}`);
    assert.equal(Buffer.from(files["one-web.jpg"]).toString(), "mine");
    for (const [index, path] of expected.entries()) {
      assert.equal(pictures.sha256(Buffer.from(files[path])), executions[index].outputs[0].sha256, path);
    }
    await page.locator(id("notice")).locator("button").first().click();
    await page.locator(id("notice")).waitFor({ state: "detached" });
  }
  // A file that cannot be written is named.
  await page.evaluate(async () => {
    await (await navigator.storage.getDirectory()).removeEntry("chosen", { recursive: true });
    FileSystemFileHandle.prototype.createWritable = async () => {
      throw new DOMException("The disk is full", "QuotaExceededError");
    };
  });
  await button.click();
  const notice = page.locator(`${id("notice")}[data-kind="bad"]`);
  assert.match(await notice.innerText(), /"one-web\.jpg" could not be written to "chosen": .*disk is full/s);
});

test("results are saved in a folder chosen before the run as they are made, and saving can be stopped", async (t) => {
  const { page } = await open(t, { prepare: (context) => context.addInitScript(standInForDialog) });
  const count = 24;
  const photo = (await pictures.photographs(1, 2))[0].bytes;
  const files = Array.from({ length: count }, (_, index) => {
    const name = index < 2 ? "same.jpg" : `picture ${index}.jpg`;
    return { name, mimeType: "image/jpeg", buffer: Buffer.from(pictures.withComment(photo, `${index}`)) };
  });
  await page.locator(id("file-input")).setInputFiles(files);
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(`${id("run")}:enabled`).waitFor();
  await page.locator(id("options")).locator("summary").click();
  await page.locator(id("option-folder")).click();
  await page.locator(id("option-folder")).filter({ hasText: "chosen" }).waitFor();
  await page.locator(id("run")).click();
  const results = page.locator(id("results"));
  await results.waitFor();
  const batchId = new URL(page.url()).hash.split("/").at(-1);
  // While the batch is held after its first results, these are in the folder.
  const completed = async () => (await ask(page, "getBatchStatus", batchId)).assets.completed;
  while ((await completed()) === 0) await page.waitForTimeout(20);
  await ask(page, "pauseBatch", batchId);
  let done = -1;
  for (let now = await completed(); now !== done; now = await completed()) {
    done = now;
    await page.waitForTimeout(1500);
  }
  assert.ok(done > 0 && done < count, `${done} of ${count} pictures were done`);
  await page.locator(id("save-to-folder")).filter({ hasText: `Stop saving (${done} saved)` }).waitFor();
  assert.equal(Object.keys(await page.evaluate(filesInFolder)).length, done);
  await ask(page, "resumeBatch", batchId);
  await page.locator(id("notice")).filter({ hasText: `Saved ${count} files in "chosen".` }).waitFor();
  const saved = await page.evaluate(filesInFolder);
  const all = await executions(page, batchId);
  assert.equal(Object.keys(saved).length, count);
  const contents = new Set(Object.values(saved).map((bytes) => pictures.sha256(Buffer.from(bytes))));
  assert.deepEqual(contents, new Set(all.map(({ outputs }) => outputs[0].sha256)));
  // Which of the two of the same name keeps it does not depend on which was made first.
  for (const [index, path] of ["same-web.jpg", "same-web-2.jpg"].entries()) {
    assert.equal(pictures.sha256(Buffer.from(saved[path])), all[index].outputs[0].sha256, path);
  }
  // Another batch goes into the same folder, until that is stopped.
  await page.goBack();
  await page.locator(`${id("run")}:enabled`).click();
  await results.waitFor();
  await page.locator(id("save-to-folder")).filter({ hasText: "Stop saving" }).click();
  await page.locator(id("save-to-folder")).filter({ hasText: "Save to a folder…" }).waitFor();
});

test("failures are listed by reason, and those with one reason are retried together", async (t) => {
  const { page, context, url } = await open(t, { errorsExpected: true });
  let isThere = false;
  await context.route(`${url}pictures/**`, (route) => {
    route.fulfill(isThere ? { body: pictures.photo("cat"), contentType: "image/jpeg" } : { status: 404 });
  });
  const online = ["one.jpg", "two.jpg", "three.jpg"].map((name) => ({ name, url: `${url}pictures/${name}` }));
  const photos = [...(await mixed(page, 2)), ...online];
  const { batchId } = await run(page, withImages(SMALL, { photos }));
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(`${id("failures")} summary`).click();
  const groups = page.locator(id("failure-group"));
  await groups.nth(1).waitFor();
  const [unreachable, unreadable] = (await groups.allInnerTexts()).map((text) => text.replace(/\s+/g, " "));
  assert.match(unreachable, /^3 pictures: Could not be .* Such as: .*one\.jpg.* Retry 3$/);
  assert.match(unreadable, /^2 pictures: Could not be read.* Such as: .*bad-0\.jpg/);
  assert.equal(await page.locator(id("retry-group")).count(), 1, "what cannot be read needs other files");
  isThere = true;
  await page.locator(id("retry-group")).click();
  await until(page, batchId, ({ assets }) => assets.failed === 2);
  await untilEnded(page, batchId);
  assert.equal((await ask(page, "getBatchStatus", batchId)).assets.completed, 4);
  await page.locator(id("failure-group")).filter({ hasText: "2 pictures" }).waitFor();
  assert.equal(await groups.count(), 1);
});
