// The page as people use it: dropping, picking, choosing, running, viewing, downloading; with mouse and with keyboard, wide and narrow.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { ask, execute, executions, importFiles, open, readAsset, run, scratchFolder, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { readZip, writeZip } from "./support/zip.mjs";

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
  await page.locator(selector).first().scrollIntoViewIfNeeded();
  const box = await page.locator(selector).first().boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, x, y, data });
  await session.detach();
}

const id = (name) => `[data-testid="${name}"]`;

/** Waits for the results of a batch that was started in the page, and returns its id. */
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
  assert.equal(await page.locator(id("skipped")).innerText(), "Skipped 1 hidden file: .hidden.jpg; 1 non-image: notes.txt.");
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
  await tabTo(page, (focused) => focused.row !== null && focused.tag === "BUTTON");
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

/** Presses Tab until this element has the focus. */
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
  assert.deepEqual(entries.slice(0, 2).map(({ name }) => name), [`${batchId}/same.jpg`, `${batchId}/same-2.jpg`]);
  for (const { name } of entries) {
    assert.doesNotMatch(name, /(^|\/)\.\.?(\/|$)|^\/|[\\:<>"|?*\0]/, `${name} is not safe`);
  }
  for (const [index, { bytes }] of entries.entries()) {
    assert.equal(pictures.sha256(bytes), done[index].outputs[0].sha256, entries[index].name);
  }
});

test("a folder keeps its order and its subfolders, and pictures are known by their content", async (t) => {
  const { page } = await open(t);
  const cat = (text) => pictures.withComment(pictures.photo("cat"), text);
  const folder = folderOf({
    "IMG.JPG": cat("top"),
    "sub/IMG.JPG": cat("sub"),
    "sub/deep/IMG.jpg": cat("deep"),
    "10.jpg": cat("ten"),
    "2.jpg": cat("two"),
    "2026.05.17 Wedding": cat("no extension"),
    "IMG_2041.jpg_large": cat("large"),
    "Thumbs.db": Buffer.from([0xd0, 0xcf, 0x11, 0xe0]),
    "notes.txt": Buffer.from("Dear Sir"),
  });
  await drop(page, id("drop-zone"), [folder]);
  await page.locator(id("picked-count")).filter({ hasText: /^7 pictures/ }).waitFor();
  assert.equal(await page.locator(id("skipped")).innerText(), "Skipped 2 non-images: notes.txt, Thumbs.db.");
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(`${id("run")}:enabled`).click();
  const batchId = await ended(page);
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("download-zip")).click()]);
  const entries = readZip(readFileSync(await download.path()));
  assert.deepEqual(entries.map(({ name }) => name), [
    "2-web.jpg", "10-web.jpg", "2026.05.17 Wedding-web.jpg", "IMG-web.jpg", "IMG_2041-web.jpg", "sub/deep/IMG-web.jpg", "sub/IMG-web.jpg",
  ].map((name) => `${batchId}/holiday/${name}`));
});

test("files that are picked keep the picker's order", async (t) => {
  const { page } = await open(t);
  const names = ["b 10.jpg", "a.jpg", "b 2.jpg"];
  const files = names.map((name) => ({ name, mimeType: "image/jpeg", buffer: pictures.withComment(pictures.photo("cat"), name) }));
  await page.locator(id("file-input")).setInputFiles(files);
  await page.locator(id("picked-count")).filter({ hasText: /^3 pictures/ }).waitFor();
  assert.deepEqual((await page.locator(id("picked-row")).allInnerTexts()).map((text) => text.trim()), names);
});

test("pictures that cannot be read are named when they are added, and replaced after the run", async (t) => {
  const { page } = await open(t);
  const file = (name, buffer) => ({ name, mimeType: "image/jpeg", buffer });
  const jpeg2000 = Buffer.from("\0\0\0\x0cjP  \r\n\x87\n", "latin1");
  await page.locator(id("file-input")).setInputFiles([file("cat.jpg", pictures.photo("cat")), file("scan.jp2", jpeg2000), file("none.jpg", Buffer.alloc(0))]);
  const rows = page.locator(id("unreadable-row"));
  await page.locator(id("unreadable")).filter({ hasText: "2 pictures cannot be read" }).waitFor();
  assert.deepEqual((await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim()), [
    "scan.jp2 Could not be read: JPEG 2000 is not supported.",
    "none.jpg Could not be read: it is empty.",
  ]);
  await rows.last().locator("button").click();
  await page.locator(id("unreadable")).filter({ hasText: "1 picture cannot be read" }).waitFor();
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(`${id("run")}:enabled`).click();
  const batchId = await ended(page);
  const failed = `${id("execution-row")}[data-status="failed"]`;
  assert.equal(await page.locator(`${failed} ${id("retry")}`).count(), 0, "the same bytes would fail again");
  await page.locator(`${failed} ${id("replace-input")}`).setInputFiles([file("scan again.jpg", pictures.photo("moon"))]);
  await page.locator(`${id("execution-row")}[data-index="1"][data-status="success"]`).waitFor();
  const [, replaced] = await executions(page, batchId);
  assert.deepEqual(replaced.outputs.map(({ name }) => name), ["scan again-web.jpg"]);
  assert.deepEqual([replaced.attempts, replaced.inputAsset.assetId], [2, pictures.sha256(pictures.photo("moon"))]);
});

test("duplicates are counted and can be removed, but only on request", async (t) => {
  const { page } = await open(t);
  const file = (name, photo) => ({ name, mimeType: "image/jpeg", buffer: pictures.photo(photo) });
  await page.locator(id("file-input")).setInputFiles([file("a.jpg", "cat"), file("b.jpg", "moon"), file("c.jpg", "cat"), file("d.jpg", "cat")]);
  await page.locator(id("picked-count")).filter({ hasText: /^4 pictures/ }).waitFor();
  assert.match(await page.locator(id("duplicates")).innerText(), /^2 duplicates/);
  await page.locator(id("remove-duplicates")).click();
  await page.locator(id("picked-count")).filter({ hasText: /^2 pictures/ }).waitFor();
  assert.deepEqual((await page.locator(id("picked-row")).allInnerTexts()).map((text) => text.trim()), ["a.jpg", "b.jpg"]);
  await page.locator(id("duplicates")).waitFor({ state: "detached" });
});

test("a ZIP of pictures, a workflow and an archive are accepted where pictures are dropped", async (t) => {
  const { page } = await open(t);
  const folder = folderOf({
    "trip.zip": writeZip({ "day 1/a.jpg": pictures.photo("cat"), "day 2/a.jpg": pictures.photo("moon"), "readme.txt": Buffer.from("text") }),
    "flow.json": Buffer.from(JSON.stringify(pictures.chain("dropped", [["resize", { width: 77 }]]))),
    "other.json": Buffer.from('{ "title": "no workflow" }'),
    "broken.zip": Buffer.from("PK\x03\x04 and nothing else"),
  });
  await drop(page, id("drop-zone"), [join(folder, "trip.zip")]);
  await page.locator(id("picked-count")).filter({ hasText: /^2 pictures/ }).waitFor();
  const titles = await page.locator(id("picked-row")).evaluateAll((rows) => rows.map((row) => row.title.split(",")[0]));
  assert.deepEqual(titles, ["day 1/a.jpg", "day 2/a.jpg"]);
  assert.equal(await page.locator(id("skipped")).innerText(), "Skipped 1 non-image: readme.txt.");
  await drop(page, id("drop-zone"), [join(folder, "flow.json")]);
  await page.locator(`${id("workflow-card-own")} input:checked`).waitFor();
  assert.match(await page.locator(id("own-json")).inputValue(), /77/);
  await drop(page, id("drop-zone"), [join(folder, "other.json"), join(folder, "broken.zip")]);
  await page.locator(id("notice")).filter({ hasText: "broken.zip" }).waitFor();
  await page.locator(id("skipped")).filter({ hasText: "2 non-images: readme.txt, other.json" }).waitFor();

  const { archive } = await page.evaluate(async () => {
    const bytes = new Uint8Array(await (await window.pixelmill.exportArchive()).arrayBuffer());
    return { archive: [...bytes] };
  });
  writeFileSync(join(folder, "everything.zip"), Buffer.from(archive));
  await drop(page, id("drop-zone"), [join(folder, "everything.zip")]);
  await page.locator(id("confirm-yes")).click();
  await page.locator(id("notice")).filter({ hasText: "Nothing new in the archive." }).waitFor();
});

test("one result is downloaded by itself", async (t) => {
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

/** Runs in the page: finds what is wider than the window, has no name, or is hard to read. */
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
