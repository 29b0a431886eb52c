// What the page's controls do beyond the straight way of page.test.mjs: pasting, pausing, cancelling, filtering, a second tab, files that
// cannot be read, and where the focus is meanwhile.

import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, execute, importFiles, open, run, scratchFolder, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);
const id = (name) => `[data-testid="${name}"]`;

/** A batch of `count` photographs that takes a while on one worker; it is paused, so that nothing is missed before the test looks. */
async function paused(page, count) {
  const assets = await importFiles(page, await pictures.photographs(count, 3));
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }), { concurrencyLimit: 1 });
  await ask(page, "pauseBatch", batchId);
  return batchId;
}

test("what is pasted is added", async (t) => {
  const { page } = await open(t, { hash: "#/batches" });
  await page.evaluate((base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([bytes], "pasted.jpg", { type: "image/jpeg" }));
    window.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, pictures.photo("cat").toString("base64"));
  await page.locator(id("picked-count")).filter({ hasText: /^1 picture/ }).waitFor();
  assert.match(page.url(), /#\/new$/);
  assert.match(await page.locator(id("picked-row")).innerText(), /pasted\.jpg/);
});

test("a file that cannot be read is named, and those after it are added", async (t) => {
  const { page } = await open(t, { errorsExpected: true });
  const folder = scratchFolder("unreadable");
  mkdirSync(folder, { recursive: true });
  const names = ["a.jpg", "gone.jpg", "b.jpg", "gone too.jpg", "c.jpg"];
  for (const name of names) writeFileSync(join(folder, name), pictures.withComment(pictures.photo("cat"), name));
  // Picked, and deleted before the page gets them.
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", '<input type="file" id="beforehand" multiple>'));
  await page.locator("#beforehand").setInputFiles(names.map((name) => join(folder, name)));
  for (const name of names.filter((name) => name.startsWith("gone"))) rmSync(join(folder, name));
  await page.evaluate((input) => {
    const transfer = new DataTransfer();
    for (const file of document.querySelector("#beforehand").files) transfer.items.add(file);
    document.querySelector(input).files = transfer.files;
    document.querySelector(input).dispatchEvent(new Event("change", { bubbles: true }));
  }, id("file-input"));
  await page.locator(id("picked-count")).filter({ hasText: /^3 pictures/ }).waitFor();
  assert.deepEqual((await page.locator(id("picked-row")).allInnerTexts()).sort(), ["a.jpg", "b.jpg", "c.jpg"]);
  assert.match(await page.locator(`${id("notice")}[data-kind="bad"]`).innerText(), /2 files are missing/);
  const missing = page.locator(id("missing-row"));
  assert.deepEqual((await missing.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim()).sort(), [
    "gone too.jpg it could not be read",
    "gone.jpg it could not be read",
  ]);
  // One is there again and takes its place, the other is let go.
  writeFileSync(join(folder, "gone.jpg"), pictures.withComment(pictures.photo("cat"), "again"));
  await page.locator(id("missing-input")).setInputFiles(join(folder, "gone.jpg"));
  await page.locator(id("picked-count")).filter({ hasText: /^4 pictures/ }).waitFor();
  assert.match(await missing.innerText(), /gone too\.jpg/);
  await page.locator(id("missing-remove")).click();
  await page.locator(id("missing")).waitFor({ state: "detached" });
  // For a script the import ends there, and it is told what is stored.
  const rejected = await page.evaluate(async () => {
    try {
      return await window.pixelmill.importAssets(document.querySelector("#beforehand").files);
    } catch (error) {
      return { message: error.message, names: error.imported.map(({ name }) => name) };
    }
  });
  assert.match(rejected.message, /"gone\.jpg" could not be read/);
  assert.deepEqual(rejected.names, ["a.jpg"]);
});

test("what there is no room for is listed as missing, smaller files are added, and so is it once there is room", async (t) => {
  const { page, context, url } = await open(t, { errorsExpected: true });
  const control = await context.newCDPSession(page);
  const { origin } = new URL(url);
  await control.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 4_000_000 });
  const cat = pictures.photo("cat");
  const file = (name, size) => ({ name, mimeType: "image/jpeg", buffer: Buffer.concat([pictures.withComment(cat, name), Buffer.alloc(size, name)]) });
  const large = file("large.jpg", 8_000_000);
  await page.locator(id("file-input")).setInputFiles([file("a.jpg", 0), large, file("b.jpg", 0), file("c.jpg", 0)]);
  await page.locator(id("picked-count")).filter({ hasText: /^3 pictures/ }).waitFor();
  assert.match(await page.locator(id("missing-row")).innerText(), /large\.jpg\s+there is no room for it/);
  await control.send("Storage.overrideQuotaForOrigin", { origin });
  await page.locator(id("missing-input")).setInputFiles([large]);
  await page.locator(id("picked-count")).filter({ hasText: /^4 pictures/ }).waitFor();
  assert.equal(await page.locator(id("missing")).count(), 0);
});

test("what a field is for and what is wrong with it belong to the field", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-watermark-two-sizes")).click();
  for (const group of await page.locator(`${id("form")} details`).all()) await group.evaluate((element) => (element.open = true));
  const help = page.locator(`${id("form")} .help`);
  assert.equal(await help.first().isVisible(), false);
  await page.locator(id("explain")).click();
  assert.equal(await help.first().isVisible(), true);
  const width = page.locator(id("field-resize-small-width"));
  await width.fill("-5");
  await width.blur();
  await page.locator(id("field-error")).waitFor();
  const untied = await page.evaluate((form) => {
    const text = (element, attribute) => (element.getAttribute(attribute) ?? "").split(" ").map((one) => document.getElementById(one)?.textContent ?? "").join(" ");
    const fields = [...document.querySelectorAll(`${form} [data-testid^="field-"]:not(p)`)].filter((field) => !field.dataset.testid.endsWith("-alpha"));
    return {
      count: fields.length,
      unexplained: fields.filter((field) => text(field, "aria-describedby").trim().length < 10).map(({ id }) => id),
      nameless: fields.filter((field) => !field.labels?.length && !text(field, "aria-labelledby").trim()).map(({ id }) => id),
      strayLabels: [...document.querySelectorAll(`${form} label[for]`)].filter((label) => !label.control).map((label) => label.htmlFor),
    };
  }, id("form"));
  assert.ok(untied.count > 8, `only ${untied.count} fields`);
  assert.deepEqual([untied.unexplained, untied.nameless, untied.strayLabels], [[], [], []]);
  assert.equal(await width.getAttribute("aria-invalid"), "true");
  const described = await width.evaluate((field) => field.getAttribute("aria-describedby").split(" ").map((one) => document.getElementById(one)?.textContent).join(" "));
  assert.ok(described.includes(await page.locator(id("field-error")).textContent()), described);
});

test("thousands of logos are listed as lightly as thousands of pictures", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-watermark-two-sizes")).click();
  const disc = (await pictures.logo(32)).bytes.toString("base64");
  await page.evaluate(({ base64, input }) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const transfer = new DataTransfer();
    for (let index = 0; index < 1500; index += 1) transfer.items.add(new File([bytes], `logo ${index}.png`, { type: "image/png" }));
    const element = document.querySelector(input);
    element.files = transfer.files;
    element.dispatchEvent(new Event("change", { bubbles: true }));
  }, { base64: disc, input: id("logo-input") });
  await page.locator(id("picked-row")).first().waitFor();
  await page.getByText(/^1.500 pictures$/).waitFor();
  const built = await page.locator(id("picked-row")).count();
  assert.ok(built < 150, `${built} tiles were built`);
});

test("the focus stays on a row while its picture goes from state to state", async (t) => {
  const { page, url } = await open(t, { workers: 1 });
  const batchId = await paused(page, 4);
  await page.goto(`${url}#/batches/${batchId}`);
  const last = `${id("execution-row")}[data-index="3"]`;
  await page.locator(`${last}[data-status="pending"] .open`).focus();
  await ask(page, "resumeBatch", batchId);
  await page.locator(`${last}[data-status="success"]`).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.closest('[data-testid="execution-row"]')?.dataset.index), "3");
  await untilEnded(page, batchId);
  // The batch's end is shown in every row.
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  for (const index of [0, 1, 2, 3]) await page.locator(`${id("execution-row")}[data-index="${index}"][data-status="success"]`).waitFor();
});

for (const [name, viewport] of [["a wide window", { width: 1280, height: 800 }], ["a phone", { width: 390, height: 844 }]]) {
  test(`on ${name} the detail takes the focus, keeps it, and gives it back`, async (t) => {
    const { page, url } = await open(t, { context: { viewport } });
    const files = ["cat", "moon", "tulips"].map((name) => ({ name: `${name}.jpg`, bytes: pictures.photo(name) }));
    const { batchId } = await run(page, withImages(SMALL, { photos: await importFiles(page, files) }));
    await page.goto(`${url}#/batches/${batchId}`);
    const focused = () => page.evaluate(() => document.activeElement.closest("[data-testid]")?.dataset.testid ?? document.activeElement.tagName);
    const row = page.locator(`${id("execution-row")}[data-index="1"] .open`);
    for (const close of ["Escape", "Close"]) {
      await row.focus();
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.activeElement.matches(".detail"));
      await page.keyboard.press("ArrowDown");
      await page.locator(`${id("detail")} h2`).filter({ hasText: "tulips.jpg" }).waitFor();
      await page.keyboard.press("ArrowUp");
      await page.locator(`${id("detail")} h2`).filter({ hasText: "moon.jpg" }).waitFor();
      assert.equal(await focused(), "detail");
      if (viewport.width < 960) {
        // Nothing that lies below can be reached.
        for (let presses = 0; presses < 12; presses += 1) {
          await page.keyboard.press("Tab");
          assert.ok(await page.evaluate(() => !document.activeElement.closest(".rows, .results-head, .segments:not(.detail *)")), await focused());
        }
      }
      if (close === "Escape") await page.keyboard.press("Escape");
      else await page.locator(id("close-detail")).click();
      await page.locator(id("detail")).waitFor({ state: "detached" });
      await page.waitForFunction(() => document.activeElement.closest('[data-testid="execution-row"]')?.dataset.index === "1");
    }
  });
}

test("a batch is paused, resumed and cancelled by its buttons", async (t) => {
  const { page, url } = await open(t, { workers: 1 });
  const batchId = await paused(page, 40);
  await page.goto(`${url}#/batches`);
  const row = page.locator(`${id("batch-row")}[data-batch="${batchId}"]`);
  assert.match(await row.locator(id("status")).innerText(), /Paused/);
  await row.locator(id("resume")).click();
  await row.locator(id("pause")).waitFor();
  assert.equal((await ask(page, "getBatchStatus", batchId)).paused, null);
  await row.locator(id("pause")).click();
  await row.locator(id("resume")).waitFor();
  assert.equal((await ask(page, "getBatchStatus", batchId)).paused.reason, "user");
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(id("cancel")).click();
  await page.locator(`${id("results")}[data-status="cancelled"]`).waitFor();
  const status = await untilEnded(page, batchId);
  assert.ok(status.assets.pending > 0, "there was nothing left to cancel");
  await page.locator(id("counts")).filter({ hasText: /not run/ }).waitFor();
});

test("the batches are filtered by their status", async (t) => {
  const { page, url } = await open(t);
  const [asset] = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  const missing = { name: "gone.jpg", url: `asset:${pictures.sha256(Buffer.from("gone"))}` };
  const { batchId: good } = await run(page, withImages(SMALL, { photos: [asset] }));
  const { batchId: bad } = await run(page, withImages(SMALL, { photos: [missing] }));
  await page.goto(`${url}#/batches`);
  const shown = async () => await page.locator(id("batch-row")).evaluateAll((rows) => rows.map((row) => row.dataset.batch));
  await page.locator(id("batch-row")).nth(1).waitFor();
  assert.deepEqual(await shown(), [bad, good]);
  for (const [filter, expected] of [["completed", [good]], ["failed", [bad]], ["cancelled", []], ["all", [bad, good]]]) {
    await page.locator(id(`filter-${filter}`)).click();
    assert.equal(await page.locator(id(`filter-${filter}`)).getAttribute("aria-pressed"), "true");
    assert.deepEqual(await shown(), expected, filter);
  }
});

test("a second tab shows the progress of the first, and takes over when that one is closed", async (t) => {
  const session = await open(t, { workers: 1 });
  const batchId = await paused(session.page, 30);
  const second = await session.openTab();
  await second.goto(`${session.url}#/batches`);
  const row = second.locator(`${id("batch-row")}[data-batch="${batchId}"]`);
  await second.locator(id("tab-note")).waitFor();
  await ask(second, "resumeBatch", batchId);
  await row.locator(id("counts")).filter({ hasText: /^(?!0 |30 )\d+ of 30 done/ }).waitFor();
  await session.page.close();
  await second.locator(id("tab-note")).waitFor({ state: "detached" });
  await second.locator(`${id("batch-row")}[data-batch="${batchId}"][data-status="completed"]`).waitFor();
  assert.match(await row.locator(id("counts")).innerText(), /^30 of 30 done/);
});
