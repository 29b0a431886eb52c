// The page as people use it: dropping, picking, choosing, running, viewing, downloading; with mouse and with keyboard, wide and narrow.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { ask, execute, executions, importFiles, open, readAsset, run, scratchFolder, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { readZip } from "./support/zip.mjs";

suite(test);

const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);

/** Writes files into a fresh folder: `{ "sub/name.jpg": bytes }`. */
function folderOf(files) {
  const folder = join(scratchFolder("pictures"), "holiday");
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** Drops files or folders of this machine on an element, as the system would. */
async function drop(page, selector, paths) {
  const box = await page.locator(selector).first().boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, x, y, data });
  await session.detach();
}

const id = (name) => `[data-testid="${name}"]`;

/** Waits for the results of a batch that was started in the page, and answers its id. */
async function ended(page) {
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  return decodeURIComponent(new URL(page.url()).hash.replace("#/batches/", ""));
}

test("a folder of 260 photographs is dropped, run and listed, and other files are counted", async (t) => {
  const { page } = await open(t);
  const files = { ".hidden.jpg": pictures.photo("cat"), "notes.txt": Buffer.from("no picture") };
  const base = await sharp(pictures.photo("cat")).resize(96).jpeg().toBuffer();
  for (let index = 0; index < 260; index += 1) {
    const place = index % 2 ? "day two/deeper/" : "";
    files[`${place}photo-${String(index).padStart(3, "0")}.jpg`] = pictures.withComment(base, `number ${index}`);
  }
  await drop(page, id("drop-zone"), [folderOf(files)]);
  await page.locator(id("picked-count")).filter({ hasText: /^260 pictures/ }).waitFor();
  assert.match(await page.locator(id("skipped")).innerText(), /^2 files/);
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(`${id("run")}:enabled`).click();
  const batchId = await ended(page);
  const status = await ask(page, "getBatchStatus", batchId);
  assert.deepEqual([status.assets.total, status.assets.completed], [260, 260]);
  assert.equal(await page.locator(id("execution-list")).getAttribute("data-total"), "260");
  assert.ok((await page.locator(id("execution-row")).count()) < 60, "the list is not windowed");
});

test("everything can be reached and done by keyboard", async (t) => {
  const { page } = await open(t);
  await page.locator(id("file-input")).setInputFiles([
    { name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") },
    { name: "tulips.jpg", mimeType: "image/jpeg", buffer: pictures.photo("tulips") },
    { name: "unreadable.jpg", mimeType: "image/jpeg", buffer: pictures.truncated(pictures.photo("moon")) },
  ]);
  await page.locator(id("picked-count")).filter({ hasText: /^3 pictures/ }).waitFor();
  await tabTo(page, (focused) => focused.name === "workflow");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await tabTo(page, (focused) => focused.testid === "run");
  await page.keyboard.press("Enter");
  await ended(page);
  await tabTo(page, (focused) => focused.row !== null);
  await page.keyboard.press("Enter");
  await page.locator(id("detail")).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.locator(`${id("detail")} h2`).filter({ hasText: "tulips.jpg" }).waitFor();
  await tabTo(page, (focused) => focused.testid === "before-after-range");
  const before = await page.locator(id("before-after-range")).inputValue();
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await page.locator(id("before-after-range")).inputValue(), before);
  await page.keyboard.press("Escape");
  await page.locator(id("detail")).waitFor({ state: "detached" });
});

/** Presses Tab until the focused element is the one. */
async function tabTo(page, isIt) {
  const seen = [];
  for (let presses = 0; presses < 120; presses += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const { activeElement: element } = document;
      return {
        tag: element.tagName,
        testid: element.dataset?.testid ?? null,
        name: element.getAttribute("name"),
        row: element.closest('[data-testid="execution-row"]')?.dataset.index ?? null,
        outlined: element === document.body || getComputedStyle(element).outlineStyle !== "none" || getComputedStyle(element).boxShadow !== "none",
      };
    });
    if (isIt(focused)) return;
    seen.push(`${focused.tag}:${focused.testid ?? focused.name}`);
  }
  assert.fail(`Tab never came there, only to ${[...new Set(seen)].join(", ")}`);
}

test("a workflow with a logo waits for it, and runs with the form's settings", async (t) => {
  const { page } = await open(t);
  const folder = folderOf({ "a.jpg": pictures.photo("branches"), "logo.png": (await pictures.logo()).bytes });
  await page.locator(id("workflow-card-watermark-two-sizes")).click();
  await drop(page, id("drop-zone"), [join(folder, "a.jpg")]);
  await page.locator(id("picked-count")).filter({ hasText: /^1 picture/ }).waitFor();
  assert.ok(await page.locator(id("run")).isDisabled(), "it would run without the logo");
  await drop(page, id("drop-logo"), [join(folder, "logo.png")]);
  await page.locator(`${id("run")}:enabled`).waitFor();
  // The small size's only shown parameter that is a number of pixels.
  const width = page.locator(id("form-resize-small")).locator("input").first();
  if (!(await width.isVisible())) await page.locator(id("form-resize-small")).locator("summary").click();
  await page.locator('[data-testid="field-resize-small-width"]').fill("200");
  await page.locator(id("run")).click();
  const batchId = await ended(page);
  const [execution] = await executions(page, batchId);
  assert.deepEqual(execution.outputs.map(({ mimeType }) => mimeType), ["image/jpeg", "image/webp"]);
  assert.equal(Math.max(execution.outputs[1].width, execution.outputs[1].height), 200);
});

test("results are downloaded as one ZIP with safe and unique names", async (t) => {
  const { page, url } = await open(t);
  const files = ["cat", "tulips", "flowers", "moon"].map((name) => ({ name: `${name}.jpg`, bytes: pictures.photo(name) }));
  const assets = await importFiles(page, files);
  const names = ["same.jpg", "same.jpg", "../../../escape.jpg", "C:\\autoexec.jpg"];
  const named = assets.map((asset, index) => ({ ...asset, name: names[index] }));
  const { batchId, executions: done } = await run(page, withImages(SMALL, { photos: named }));
  await page.goto(`${url}#/batches/${batchId}`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("download-zip")).click()]);
  assert.equal(download.suggestedFilename(), `${batchId}.zip`);
  const entries = readZip(readFileSync(await download.path()));
  assert.equal(entries.length, 4);
  assert.equal(new Set(entries.map(({ name }) => name.toLowerCase())).size, 4);
  assert.deepEqual(entries.slice(0, 2).map(({ name }) => name), ["same.jpg", "same-2.jpg"]);
  for (const { name } of entries) {
    assert.doesNotMatch(name, /(^|\/)\.\.?(\/|$)|^\/|[\\:<>"|?*\0]/, `${name} is not safe`);
  }
  for (const [index, { bytes }] of entries.entries()) {
    assert.equal(pictures.sha256(bytes), done[index].outputs[0].sha256, entries[index].name);
  }
});

test("a single result can be downloaded", async (t) => {
  const { page, url } = await open(t);
  const assets = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  const { batchId, executions: [execution] } = await run(page, withImages(SMALL, { photos: assets }));
  await page.goto(`${url}#/batches/${batchId}`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("download")).first().click()]);
  assert.equal(download.suggestedFilename(), "cat.jpg");
  assert.equal(pictures.sha256(readFileSync(await download.path())), execution.outputs[0].sha256);
});

test("an error is shown with its hint, and can be retried", async (t) => {
  const { page, url } = await open(t);
  const [good] = await importFiles(page, [{ name: "good.jpg", bytes: pictures.photo("cat") }]);
  const missing = { name: "later.jpg", url: `asset:${pictures.sha256(pictures.photo("moon"))}` };
  const { batchId } = await run(page, withImages(SMALL, { photos: [good, missing] }));
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(`${id("execution-row")}[data-status="failed"] .open`).click();
  const shown = await page.locator(id("detail-error")).innerText();
  const [, failed] = await executions(page, batchId);
  assert.ok(shown.includes(failed.error) && shown.includes(failed.hint), shown);
  await importFiles(page, [{ name: "moon.jpg", bytes: pictures.photo("moon") }]);
  await page.locator(id("retry-all")).click();
  await page.locator(`${id("execution-row")}[data-index="1"][data-status="success"]`).waitFor();
});

test("a batch is deleted after one question", async (t) => {
  const { page, url } = await open(t);
  const assets = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  await run(page, withImages(SMALL, { photos: assets }));
  await page.goto(`${url}#/batches`);
  await page.locator(id("batch-row")).waitFor();
  await page.locator(id("delete")).click();
  await page.locator(id("confirm-no")).click();
  assert.equal(await page.locator(id("batch-row")).count(), 1);
  await page.locator(id("delete")).click();
  await page.locator(id("confirm-yes")).click();
  await page.locator(id("empty")).waitFor();
  assert.deepEqual((await ask(page, "listBatches")).batches, []);
});

test("problems of the user's own workflow are reported before anything runs", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-own")).click();
  const workflow = pictures.chain("mine", [["resise", { width: 10 }]]);
  await page.locator(id("own-json")).fill(JSON.stringify(workflow));
  await page.locator(id("diagnostic")).first().waitFor();
  assert.match(await page.locator(id("diagnostic")).first().innerText(), /resize/);
  assert.ok(await page.locator(id("run")).isDisabled());
  await page.locator(id("own-json")).fill("{ not json");
  await page.locator(id("field-error")).first().waitFor();
});

test("ten thousand executions are scrolled through smoothly", async (t) => {
  const { page, url } = await open(t);
  const [asset] = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  const many = Array.from({ length: 10_000 }, (_, index) => ({ ...asset, name: `picture ${index}.jpg` }));
  const batchId = await execute(page, withImages(SMALL, { photos: many }), { concurrencyLimit: 1 });
  await ask(page, "pauseBatch", batchId);
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(`${id("execution-list")}[data-total="10000"]`).waitFor();
  await page.waitForTimeout(1000);
  await page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
  });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  assert.ok(height > 300_000, `the list is only ${height} pixels high`);
  for (let step = 1; step <= 60; step += 1) {
    await page.evaluate((to) => scrollTo(0, to), (height * step) / 60);
    await page.waitForTimeout(30);
    assert.ok((await page.locator(id("execution-row")).count()) < 80);
  }
  await page.locator(`${id("execution-row")}[data-index="9999"]`).waitFor();
  const longest = Math.max(0, ...(await page.evaluate(() => window.longTasks)));
  t.diagnostic(`longest task while scrolling: ${longest.toFixed(0)} ms`);
  assert.ok(longest <= 100, `the main thread was busy for ${longest} ms`);
});

for (const [name, viewport] of [["a wide window", { width: 1280, height: 800 }], ["a phone", { width: 390, height: 844 }]]) {
  test(`on ${name} nothing is cut off, every control has a name, and text has contrast in both colour schemes`, async (t) => {
    const { page, url } = await open(t, { context: { viewport } });
    const assets = await importFiles(page, [{ name: "a rather long name of a photograph that was never shortened.jpg", bytes: pictures.photo("cat") }, { name: "bad.jpg", bytes: Buffer.from("no") }]);
    const { batchId } = await run(page, withImages(SMALL, { photos: assets }));
    for (const hash of ["#/", "#/batches", `#/batches/${batchId}`]) {
      await page.goto(url + hash);
      await page.waitForTimeout(300);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        const faults = await page.evaluate(inspect);
        assert.deepEqual(faults, [], `${hash}, ${colorScheme}`);
      }
    }
  });
}

/** Runs in the page: what is wider than the window, nameless, or hard to read. */
function inspect() {
  // Colours in transition between the schemes belong to neither.
  for (const transition of document.getAnimations()) transition.finish();
  const faults = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`the page is ${scrollWidth} wide in a window of ${clientWidth}`);
  if (document.querySelectorAll("h1").length !== 1) faults.push(`${document.querySelectorAll("h1").length} main headings`);
  const visible = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  for (const control of document.querySelectorAll("button, a[href], input, select, textarea")) {
    if (!visible(control)) continue;
    const labelled = (control.getAttribute("aria-labelledby") ?? "").split(" ").map((one) => document.getElementById(one)?.textContent ?? "");
    const name = [control.getAttribute("aria-label"), ...labelled, ...[...(control.labels ?? [])].map((label) => label.textContent), control.textContent, control.title];
    if (!name.some((text) => text?.trim())) faults.push(`nameless: ${control.outerHTML.slice(0, 120)}`);
  }
  const parse = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([red, green, blue]) =>
    [red, green, blue].map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)).reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!text || !visible(element) || element.matches(":disabled, :disabled *") || element.getBoundingClientRect().width < 4) continue;
    const style = getComputedStyle(element);
    if (!style.color.startsWith("rgb")) continue;
    let ground = null;
    for (let parent = element; parent && !ground; parent = parent.parentElement) {
      const { backgroundColor, backgroundImage } = getComputedStyle(parent);
      if (backgroundImage !== "none" || !backgroundColor.startsWith("rgb")) break;
      const color = parse(backgroundColor);
      if ((color[3] ?? 1) === 1) ground = color;
      else if (color[3] > 0) break;
    }
    if (!ground || (parse(style.color)[3] ?? 1) < 1) continue;
    const [light, dark] = [luminance(parse(style.color)), luminance(ground)].sort((one, other) => other - one);
    const ratio = (light + 0.05) / (dark + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${element.outerHTML.slice(0, 120)}`);
  }
  return faults;
}
