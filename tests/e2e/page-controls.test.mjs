// The page's controls beyond the usual path of page.test.mjs: pasting, pausing, cancelling, filtering, a second tab, files that
// cannot be read, and the focus in all these cases.

import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, execute, executions, importFiles, open, readAsset, run, scratchFolder, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { inService, serviceOf } from "./support/service.mjs";

suite(test);

const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);
const id = (name) => `[data-testid="${name}"]`;

/** A batch of `count` photographs that takes a while on one worker; it is paused, so that the test misses nothing. */
async function paused(page, count) {
  const assets = await importFiles(page, await pictures.photographs(count, 3));
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }), { concurrencyLimit: 1 });
  await ask(page, "pauseBatch", batchId);
  return batchId;
}

test("pasted pictures are added", async (t) => {
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

test("what is pasted into a text field stays in the field, even with a picture next to the text, as spreadsheets copy it", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-web-gallery")).click();
  const prevented = await page.locator(id("field-resize-width")).evaluate((field, base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", "1200");
    clipboardData.items.add(new File([bytes], "image.jpg", { type: "image/jpeg" }));
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    field.dispatchEvent(event);
    return event.defaultPrevented;
  }, pictures.photo("cat").toString("base64"));
  assert.equal(prevented, false);
  assert.equal(await page.locator(id("picked-row")).count(), 0);
});

test("one draft starts one batch, however often and in whatever way it is started", async (t) => {
  const { page } = await open(t);
  await page.locator(id("file-input")).setInputFiles({ name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") });
  await page.locator(id("picked-count")).filter({ hasText: /^1 picture/ }).waitFor();
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(`${id("run")}:enabled`).waitFor();
  // A key that belongs to an input method starts nothing.
  await page.evaluate(() => {
    for (const more of [{ isComposing: true }, { keyCode: 229 }]) {
      window.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, cancelable: true, ...more }));
    }
  });
  assert.equal(await page.locator(id("run")).isEnabled(), true);
  // Clicks and keys at once, and on every turn of the event loop until the view has changed and after.
  await page.evaluate(async (run) => {
    const until = performance.now() + 3000;
    while (performance.now() < until && document.querySelector(run) !== null) {
      document.querySelector(run)?.click();
      document.querySelector(run)?.click();
      window.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, cancelable: true, repeat: true }));
      await new Promise((resolve) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = resolve; port2.postMessage(0); });
    }
  }, id("run"));
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  assert.equal((await ask(page, "listBatches")).batches.length, 1);
  // The draft shown again may start again.
  await page.evaluate(() => history.back());
  await page.locator(`${id("run")}:enabled`).waitFor();
});

test("a file that cannot be read is named, and those after it are added", async (t) => {
  const { page } = await open(t, { errorsExpected: true });
  const folder = scratchFolder("unreadable");
  mkdirSync(folder, { recursive: true });
  const names = ["a.jpg", "gone.jpg", "b.jpg", "gone too.jpg", "c.jpg"];
  for (const name of names) writeFileSync(join(folder, name), pictures.withComment(pictures.photo("cat"), name));
  // Picked, and deleted before the page reads them.
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
  // One exists again and returns to its position, the other is removed from the list.
  writeFileSync(join(folder, "gone.jpg"), pictures.withComment(pictures.photo("cat"), "again"));
  await page.locator(id("missing-input")).setInputFiles(join(folder, "gone.jpg"));
  await page.locator(id("picked-count")).filter({ hasText: /^4 pictures/ }).waitFor();
  assert.match(await missing.innerText(), /gone too\.jpg/);
  await page.locator(id("missing-remove")).click();
  await page.locator(id("missing")).waitFor({ state: "detached" });
  // For a script the import ends there, and it receives what was stored.
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

test("files without room are listed as missing, smaller files are added, and the missing ones can be added once there is room", async (t) => {
  let allow;
  const { page } = await open(t, {
    errorsExpected: true,
    // The browser caches the available space for a while, so the quota must be set from the beginning.
    async prepare(context, url) {
      const control = await context.newCDPSession(await context.newPage());
      allow = async (quota) => await control.send("Storage.overrideQuotaForOrigin", { origin: new URL(url).origin, ...quota });
      await allow({ quotaSize: 4_000_000 });
    },
  });
  const cat = pictures.photo("cat");
  const file = (name, size) => ({ name, mimeType: "image/jpeg", buffer: Buffer.concat([pictures.withComment(cat, name), Buffer.alloc(size, name)]) });
  const large = file("large.jpg", 8_000_000);
  await page.locator(id("file-input")).setInputFiles([file("a.jpg", 0), large, file("b.jpg", 0), file("c.jpg", 0)]);
  await page.locator(id("picked-count")).filter({ hasText: /^3 pictures/ }).waitFor();
  assert.match(await page.locator(id("missing-row")).innerText(), /large\.jpg\s+there is not enough space for it/);
  await allow({});
  await page.locator(id("missing-input")).setInputFiles([large]);
  await page.locator(id("picked-count")).filter({ hasText: /^4 pictures/ }).waitFor();
  assert.equal(await page.locator(id("missing")).count(), 0);
});

test("the shortcut runs with the text being typed, does nothing behind a dialog, and leaves undo of typing to the field", async (t) => {
  const { page } = await open(t);
  await page.locator(id("file-input")).setInputFiles([{ name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") }]);
  await page.locator(`${id("run")}:enabled`).waitFor();
  await page.locator(id("workflow-card-web-gallery")).click();
  const width = page.locator(id("field-resize-width"));
  // An edit that is not typed: browsers also undo typing in fields other than the focused one.
  const summary = () => page.locator(`${id("form-resize")} .group-summary`).textContent();
  const before = await summary();
  await page.locator(id("field-resize-mode")).selectOption("long-side");
  const edited = await summary();
  assert.match(edited, /Long side/);
  // Text is undone in its field, the workflow anywhere else.
  await page.locator(`${id("options")} summary`).click();
  for (const field of ["option-webhook", "option-concurrency"]) {
    await page.locator(id(field)).focus();
    await page.keyboard.press("Control+z");
    assert.equal(await summary(), edited, field);
  }
  await page.locator(id("explain")).focus();
  await page.keyboard.press("Control+z");
  assert.equal(await summary(), before);
  // Behind the settings nothing runs and nothing is undone.
  await page.keyboard.press("Control+Shift+z");
  await page.locator(id("preferences")).click();
  await page.keyboard.press("Control+Enter");
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Escape");
  assert.deepEqual([(await ask(page, "listBatches")).batches.length, await summary()], [0, edited]);
  await width.selectText();
  await page.keyboard.type("80");
  await page.keyboard.press("Control+Enter");
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  const { batches: [{ batchId }] } = await ask(page, "listBatches");
  const { executions: [{ outputs: [output] }] } = await ask(page, "listExecutions", batchId);
  assert.equal(Math.max(output.width, output.height), 80);
});

test("if the batch cannot run the shortcut says why, and the field keeps the focus and the typed text", async (t) => {
  const { page } = await open(t);
  const width = page.locator(id("field-resize-width"));
  await page.locator(id("workflow-card-web-gallery")).click();
  await width.selectText();
  await page.keyboard.type("-3");
  await page.keyboard.press("Control+Enter");
  await page.locator(id("notice")).filter({ hasText: "Fix 1 problem" }).waitFor();
  await page.locator(id("field-error")).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), "field-resize-width");
});

test("every file field accepts the same file again", async (t) => {
  const { page } = await open(t);
  const pick = async (field, name, text) => {
    await page.locator(id(field)).setInputFiles([{ name, mimeType: "", buffer: Buffer.from(text) }]);
    assert.equal(await page.locator(id(field)).inputValue(), "", field);
  };
  await page.locator(id("workflow-card-own")).click();
  for (const side of [64, 65]) {
    await pick("own-file", "mine.json", JSON.stringify(pictures.chain("mine", [["resize", { width: side }]])));
    await page.waitForFunction((side) => document.querySelector('[data-testid="own-json"]').value.includes(`${side}`), side);
  }
  await pick("import-workflow", "broken.json", "{ no json");
  await page.locator(id("notice")).filter({ hasText: "broken.json" }).waitFor();
  await pick("file-input", "notes.txt", "no picture");
  await page.locator(id("skipped")).waitFor();
});

test("a failure stays visible longer than a success, and no notice disappears while the pointer is on it", async (t) => {
  const { page } = await open(t);
  const notice = page.locator(id("notice"));
  await page.locator(id("import-workflow")).setInputFiles([{ name: "w.json", mimeType: "", buffer: Buffer.from("{") }]);
  await notice.filter({ hasText: "w.json" }).waitFor();
  for (let count = 1; count <= 5; count += 1) {
    const files = Array.from({ length: count }, (_, index) => ({ name: `${index}.txt`, mimeType: "", buffer: Buffer.from("text") }));
    await page.locator(id("file-input")).setInputFiles(files);
    await notice.filter({ hasText: `among ${count} file` }).waitFor();
  }
  assert.deepEqual(await notice.evaluateAll((all) => all.map((one) => one.dataset.kind)), ["bad", "info", "info", "info"]);
  await notice.last().hover();
  await page.waitForTimeout(7_000);
  assert.equal(await notice.count(), 4, "one disappeared under the pointer");
  await page.mouse.move(10, 10);
  await page.locator(`${id("notice")}[data-kind="info"]`).first().waitFor({ state: "detached" });
  await page.locator(`${id("notice")}[data-kind="info"]`).last().waitFor({ state: "detached" });
  assert.equal(await notice.count(), 1, "the failure waits until it is dismissed");
});

test("a missing model prevents the workflow from running and is named, unless nothing needs it", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-own")).click();
  const cutOut = (parameters) => JSON.stringify(pictures.chain("cut-out", [["remove-background", parameters]]));
  const summary = page.locator("#run-summary");
  await page.locator(id("own-json")).fill(cutOut({ model: "studio" }));
  await summary.filter({ hasText: "The model “studio” is not in this browser" }).waitFor();
  assert.ok(await page.locator(id("run")).isDisabled());
  for (const parameters of [{ model: "studio", method: "flat-backdrop" }, { model: "u2netp" }, {}]) {
    await page.locator(id("own-json")).fill(cutOut(parameters));
    await summary.filter({ hasText: "Add pictures to run." }).waitFor();
  }
});

test("collapsed options are summarised, and an invalid URL is reported at its field", async (t) => {
  const { page } = await open(t);
  await page.locator(`${id("options")} summary`).click();
  await page.locator(id("option-priority")).selectOption("HIGH");
  await page.locator(id("option-skip")).check();
  const webhook = page.locator(id("option-webhook"));
  await webhook.fill("hooks.example");
  await webhook.blur();
  const error = page.locator(`${id("options")} ${id("field-error")}`);
  assert.match(await error.innerText(), /not a valid URL\. Give an absolute URL/);
  assert.match(await webhook.getAttribute("aria-describedby"), new RegExp(await error.getAttribute("id")));
  await page.locator("#run-summary").filter({ hasText: "webhook" }).waitFor();
  await webhook.fill("https://hooks.example/done");
  await webhook.blur();
  await error.waitFor({ state: "detached" });
  await page.locator(`${id("options")} summary`).click();
  assert.equal(await page.locator(id("options-summary")).innerText(), "up to 10 in parallel · high priority · reuses unchanged results · calls a webhook");
});

test("unreadable batches are reported in both views, and read again", async (t) => {
  const { page, context, url } = await open(t, { errorsExpected: true });
  const [asset] = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  const { batchId } = await run(page, withImages(SMALL, { photos: [asset] }));
  const tab = await context.newPage();
  await inService(context, () => {
    const real = IDBIndex.prototype.getAll;
    IDBIndex.prototype.getAll = function (...query) {
      if (this.objectStore.name === "progress" && !self.repaired) throw new DOMException("it is broken", "UnknownError");
      return real.apply(this, query);
    };
  });
  for (const [hash, there] of [[`#/batches/${batchId}`, "results"], ["#/batches", "batch-row"]]) {
    await tab.goto("about:blank");
    await tab.goto(url + hash);
    assert.match(await tab.locator(id("reading-problem")).innerText(), /it is broken/);
    assert.equal(await tab.locator("h1").count(), 1);
    await (await serviceOf(tab)).evaluate(() => (self.repaired = true));
    await tab.locator(id("read-again")).click();
    await tab.locator(id(there)).waitFor();
    await tab.locator(id("reading-problem")).waitFor({ state: "detached" });
  }
});

test("a tab whose storage was upgraded by another one offers a reload", async (t) => {
  const { page, url } = await open(t, { errorsExpected: true });
  await page.goto(`${url}#/batches`);
  await page.evaluate(async () => {
    const [{ name, version }] = await indexedDB.databases();
    await new Promise((resolve) => (indexedDB.open(name, version + 1).onsuccess = resolve));
  });
  assert.match(await page.locator(id("tab-note")).innerText(), /^The storage was upgraded by another tab\. Reload the page to continue\./);
  assert.equal(await page.locator(id("reading-problem")).count(), 0, "it is said once");
  await Promise.all([page.waitForEvent("load"), page.locator(`${id("tab-note")} ${id("reload")}`).click()]);
  await page.locator("h1").filter({ hasText: "could not start" }).waitFor();
  await page.locator(id("reload")).waitFor();
});

test("a field's description and errors are associated with the field", async (t) => {
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
  // The model's choice too.
  const unexplained = await page.evaluate(() => [...document.querySelectorAll('[data-testid="form"] select')].filter((field) => !field.getAttribute("aria-describedby")).length);
  assert.equal(unexplained, 0);
  assert.equal(await width.getAttribute("aria-invalid"), "true");
  const described = await width.evaluate((field) => field.getAttribute("aria-describedby").split(" ").map((one) => document.getElementById(one)?.textContent).join(" "));
  assert.ok(described.includes(await page.locator(id("field-error")).textContent()), described);
});

test("thousands of logos are listed as fast as thousands of pictures", async (t) => {
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

test("the focus stays on a row while its picture changes state", async (t) => {
  const { page, url } = await open(t, { workers: 1 });
  const batchId = await paused(page, 4);
  await page.goto(`${url}#/batches/${batchId}`);
  const last = `${id("execution-row")}[data-index="3"]`;
  await page.locator(`${last}[data-status="pending"] .open`).focus();
  await ask(page, "resumeBatch", batchId);
  await page.locator(`${last}[data-status="success"]`).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.closest('[data-testid="execution-row"]')?.dataset.index), "3");
  await untilEnded(page, batchId);
  // The batch's end changes every row.
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  for (const index of [0, 1, 2, 3]) await page.locator(`${id("execution-row")}[data-index="${index}"][data-status="success"]`).waitFor();
});

for (const [name, viewport] of [["a wide window", { width: 1280, height: 800 }], ["a phone", { width: 390, height: 844 }]]) {
  test(`on ${name} the detail takes the focus, keeps it, and returns it`, async (t) => {
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
        // Nothing below it can be reached.
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
  await row.locator(id("delete")).click();
  assert.match(await page.locator(id("confirm")).innerText(), /not finished and will stop/);
  await page.locator(id("confirm-no")).click();
  await page.goto(`${url}#/batches/${batchId}`);
  assert.equal(await page.locator(id("batch-end")).textContent(), "");
  // By keyboard: the button disappears with its state, and the focus stays near.
  await page.locator(id("cancel")).focus();
  await page.keyboard.press("Enter");
  await page.locator(`${id("results")}[data-status="cancelled"]`).waitFor();
  await page.locator(id("cancel")).waitFor({ state: "detached" });
  await page.waitForFunction(() => document.activeElement.closest(".results-actions"));
  await page.locator(id("batch-end")).filter({ hasText: /^Cancelled: \d+ of 40 done/ }).waitFor();
  const status = await untilEnded(page, batchId);
  assert.ok(status.assets.pending > 0, "nothing was left to cancel");
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

test("the focus stays near when its row, its card or its button disappears", async (t) => {
  const { page, url } = await open(t);
  const focused = () => page.evaluate(() => {
    const { activeElement: element } = document;
    const within = element.closest("[data-batch], [data-index], .card-frame, .results-actions, main");
    return [element.dataset.testid ?? element.className, within?.dataset.batch ?? within?.dataset.index ?? within?.className ?? within?.id];
  });
  const settled = (test) => page.waitForFunction(test);
  const bad = Array.from({ length: 3 }, (_, index) => ({ name: `bad-${index}.jpg`, bytes: Buffer.from(`no ${index}`) }));
  const assets = await importFiles(page, bad);
  const ids = [];
  for (let index = 0; index < 3; index += 1) ids.unshift((await run(page, withImages(SMALL, { photos: assets }))).batchId);
  await page.goto(`${url}#/batches`);
  const row = (batchId) => page.locator(`${id("batch-row")}[data-batch="${batchId}"]`);
  const remove = async (batchId) => {
    await row(batchId).locator(id("delete")).focus();
    await page.keyboard.press("Enter");
    await page.locator(id("confirm-yes")).focus();
    await page.keyboard.press("Enter");
    await row(batchId).waitFor({ state: "detached" });
  };
  await remove(ids[1]);
  assert.deepEqual(await focused(), ["delete", ids[2]], "the next one");
  await remove(ids[2]);
  assert.deepEqual(await focused(), ["delete", ids[0]], "the previous one, if there is no next");

  await page.goto(`${url}#/batches/${ids[0]}`);
  await page.locator(id("retry-all")).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector('[data-testid="execution-row"] :is([data-testid="retry"], [data-testid="replace"]):enabled'));
  await untilEnded(page, ids[0]);
  assert.notEqual((await focused())[0], "", "the body");
  const mark = (index) => page.locator(`${id("execution-row")}[data-index="${index}"] ${id("mark")}`);
  for (const button of ["clear-marks", "retry-marked"]) {
    await mark(1).focus();
    await page.keyboard.press("Space");
    await page.locator(id(button)).focus();
    await page.keyboard.press("Enter");
    await page.locator(id("marked-count")).waitFor({ state: "detached" });
    assert.equal((await focused())[1], "1", button);
  }
  await untilEnded(page, ids[0]);

  // The renamed one moves to the front of the others.
  for (const workflowId of ["small", "other"]) await ask(page, "saveWorkflow", SMALL, { workflowId });
  await page.goto(`${url}#/`);
  const menu = page.locator(id("workflow-menu")).nth(1);
  await menu.focus();
  await page.keyboard.press("Enter");
  await page.locator(`${id("workflow-rename")}:visible`).focus();
  await page.keyboard.press("Enter");
  await page.locator(id("name-field")).fill("Renamed");
  await page.keyboard.press("Enter");
  await page.locator(".card-frame").first().filter({ hasText: "Renamed" }).waitFor();
  await settled(() => document.activeElement.matches('.card-frame:first-of-type [data-testid="workflow-menu"]'));
  // And where a question is answered with no.
  await page.keyboard.press("Enter");
  await page.locator(`${id("workflow-delete")}:visible`).focus();
  await page.keyboard.press("Enter");
  await page.locator(id("confirm-no")).waitFor();
  await page.keyboard.press("Escape");
  await settled(() => document.activeElement.dataset.testid === "workflow-menu");
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

test("a curve is edited by its points, with the pointer and with keys, or as text", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflows-all")).click();
  await page.locator(id("workflow-card-black-and-white-proof")).click();
  await page.locator(`${id("form-contrast")} summary`).click();
  const text = page.locator(id("field-contrast-rgb"));
  const points = async () => (await text.inputValue()).split(", ").map((pair) => pair.split(" ").map(Number));
  assert.deepEqual(await points(), [[0, 0], [64, 50], [192, 206], [255, 255]]);
  const curve = page.locator(id("field-contrast-rgb-curve"));
  await curve.scrollIntoViewIfNeeded();
  const frame = await curve.boundingBox();
  const at = (x, y) => [frame.x + (x / 255) * frame.width, frame.y + (1 - y / 255) * frame.height];
  // A point is dragged, and stays between its neighbours.
  await page.mouse.move(...at(64, 50));
  await page.mouse.down();
  await page.mouse.move(...at(90, 30), { steps: 3 });
  await page.mouse.move(...at(400, 30), { steps: 3 });
  await page.mouse.move(...at(100, 40), { steps: 3 });
  await page.mouse.up();
  const [, dragged] = await points();
  assert.ok(Math.abs(dragged[0] - 100) <= 2 && Math.abs(dragged[1] - 40) <= 2, `${dragged}`);
  // A click where there is none adds one, which the keys move and remove. By the first change, the form has moved.
  Object.assign(frame, await curve.boundingBox());
  await page.mouse.click(...at(150, 200));
  assert.equal((await points()).length, 5);
  const added = curve.locator("circle").nth(2);
  const [x, y] = (await points())[2];
  await added.focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Shift+ArrowRight");
  assert.deepEqual((await points())[2], [x + 10, y + 1]);
  assert.equal(await added.getAttribute("aria-valuenow"), String(y + 1));
  await page.keyboard.press("Delete");
  assert.equal((await points()).length, 4);
  // Text is taken as it is, and what is wrong with it is said.
  await text.fill("0 10; 255 240");
  await text.blur();
  await page.waitForFunction((svg) => document.querySelectorAll(`${svg} circle`).length === 2, id("field-contrast-rgb-curve"));
  await text.fill("10 0, 5 255");
  await text.blur();
  await page.locator(id("field-error")).filter({ hasText: "2 to 32 points" }).waitFor();
});

test("a gradient is edited by its stops, with the pointer, with keys and as text", async (t) => {
  const { page } = await open(t);
  const document = pictures.chain("on-gradient", [["background", { fill: "gradient", color: "#ff0000", color2: "#0000ff" }]], { format: "png" });
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-file")).setInputFiles({ name: "mine.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(document)) });
  const field = "field-background-1-stops";
  const frame = page.locator(`${id("form-background-1")} summary`);
  await frame.waitFor();
  if (!(await page.locator(id(field)).isVisible())) await frame.click();
  const stops = async () => {
    const stored = await page.locator(id(field)).evaluate((group) => [...group.querySelectorAll(".gradient-row")].map((row) => [...row.querySelectorAll("input.field")].map((input) => input.value)));
    return stored.map(([color, place]) => [Number(place), color]);
  };
  const settled = async (expected) => {
    for (const end = Date.now() + 10_000; JSON.stringify(await stops()) !== JSON.stringify(expected); await page.waitForTimeout(20)) {
      assert.ok(Date.now() < end, `${JSON.stringify(await stops())} is not ${JSON.stringify(expected)}`);
    }
  };
  const add = page.locator(id(`${field}-add`));
  assert.equal(await add.innerText(), "Use more colours");
  await add.click();
  await settled([[0, "#ff0000"], [100, "#0000ff"]]);
  await add.click();
  await settled([[0, "#ff0000"], [50, "#7f007f"], [100, "#0000ff"]]);
  const handle = page.locator(`${id(`${field}-bar`)} [role=slider]`).nth(1);
  await handle.focus();
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("ArrowLeft");
  await settled([[0, "#ff0000"], [59, "#7f007f"], [100, "#0000ff"]]);
  assert.equal(await handle.getAttribute("aria-valuenow"), "59");
  // It is dragged, and stays between its neighbours.
  const bar = await page.locator(id(`${field}-bar`)).boundingBox();
  const at = (share) => [bar.x + share * bar.width, bar.y + 20];
  await page.mouse.move(...at(0.59));
  await page.mouse.down();
  await page.mouse.move(...at(0.4), { steps: 3 });
  await page.mouse.move(...at(1.4), { steps: 3 });
  await page.mouse.up();
  await settled([[0, "#ff0000"], [100, "#7f007f"], [100, "#0000ff"]]);
  await page.locator(id(`${field}-1-place`)).fill("25");
  await page.locator(id(`${field}-1-color`)).fill("#ffffff");
  await page.locator(id(`${field}-1-color`)).blur();
  await settled([[0, "#ff0000"], [25, "#ffffff"], [100, "#0000ff"]]);
  await page.locator(id(`${field}-1-color`)).fill("red");
  await page.locator(id(`${field}-1-color`)).blur();
  await page.locator(id("field-error")).filter({ hasText: "2 to 16 stops" }).waitFor();
  await page.locator(id(`${field}-1-remove`)).click();
  await settled([[0, "#ff0000"], [100, "#0000ff"]]);
  await page.locator(id(`${field}-0-remove`)).click();
  await settled([]);
});

test("of the formats that are ticked, each picture gets the one with the smallest file", async (t) => {
  const { page } = await open(t);
  const drawn = pictures.draw(160, 120, 3, (x, y) => ((x >> 3) + (y >> 3)) % 2 ? 230 : 20);
  const squares = await pictures.fromRaw(drawn).png().toBuffer();
  const files = [
    { name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") },
    { name: "squares.png", mimeType: "image/png", buffer: squares },
  ];
  await page.locator(id("file-input")).setInputFiles(files);
  await page.locator(id("picked-count")).filter({ hasText: /^2 pictures/ }).waitFor();
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(`${id("form-save")} summary`).click();
  const box = (format) => page.locator(id(`field-save-smallestOf-${format}`));
  assert.ok(!(await page.locator(id("field-save-similarity")).isVisible()), "it matters only for what is compared");
  for (const format of ["png", "webp", "jpeg"]) await box(format).check();
  await page.locator(id("field-save-similarity")).waitFor();
  await box("jxl").check();
  await box("jxl").uncheck();
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  const { batches } = await ask(page, "listBatches");
  const [cat, pattern] = await executions(page, batches[0].batchId);
  // What the hint says of each format, the one that was kept first: `WebP of quality 62 has 48.2 kB (similarity 0.996)`.
  const tried = ({ warnings }) => {
    const { message } = warnings.find(({ code }) => code === "smallest_of");
    const all = [...message.matchAll(/(JPEG|WebP|PNG)(?: of quality (\d+))? has ([\d.]+) (kB|bytes) \(similarity ([\d.]+)\)/g)];
    assert.equal(all.length, 3, message);
    return all.map(([, format, quality, size, unit, similarity]) => ({ format, quality: Number(quality), bytes: Number(size) * (unit === "kB" ? 1000 : 1), similarity: Number(similarity) }));
  };
  for (const { outputs, ...execution } of [cat, pattern]) {
    const [kept, ...others] = tried(execution);
    assert.equal(outputs[0].mimeType, `image/${kept.format.toLowerCase()}`);
    assert.equal(outputs[0].name.split(".").at(-1), { JPEG: "jpg", WebP: "webp", PNG: "png" }[kept.format]);
    assert.ok(Math.abs(outputs[0].bytes - kept.bytes) <= 100, `${outputs[0].bytes} and ${kept.bytes}`);
    for (const one of [kept, ...others]) assert.ok(one.similarity >= 0.995 && !(one.quality > 80), JSON.stringify(one));
    for (const one of others) assert.ok(one.bytes >= kept.bytes, JSON.stringify(one));
  }
  assert.ok(tried(cat).every(({ format, quality }) => (format === "PNG" ? Number.isNaN(quality) : quality >= 30)));
  const result = await pictures.decode(await readAsset(page, cat.outputs[0].url));
  assert.deepEqual([result.width, result.height], [451, 300]);
});

test("renditions are edited as rows, and each becomes a file", async (t) => {
  const { page } = await open(t);
  await page.locator(id("file-input")).setInputFiles({ name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") });
  await page.locator(id("picked-count")).filter({ hasText: /^1 picture/ }).waitFor();
  await page.locator(id("workflows-all")).click();
  await page.locator(id("workflow-card-marketplace-set")).click();
  await page.locator(`${id("form-save")} summary`).click();
  const rows = page.locator(`${id("field-save-renditions")} .rendition`);
  await rows.nth(4).waitFor();
  const field = (row, key) => page.locator(id(`field-save-renditions-${row}-${key}`));
  for (let count = 5; count > 2; count -= 1) {
    await rows.nth(2).getByRole("button").click();
    assert.equal(await rows.count(), count - 1);
  }
  await field(0, "width").fill("300");
  await field(0, "height").fill("300");
  await field(1, "width").fill("120");
  await field(1, "height").fill("120");
  await field(1, "format").selectOption("webp");
  // A new one is like the last.
  await page.locator(id("field-save-renditions-add")).click();
  await field(2, "width").fill("abc");
  await field(2, "width").blur();
  await page.locator(id("field-error")).filter({ hasText: "renditions" }).waitFor();
  await field(2, "width").fill("64");
  await field(2, "suffix").fill("-tiny");
  await field(2, "suffix").blur();
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  const { batches } = await ask(page, "listBatches");
  const [execution] = await executions(page, batches[0].batchId);
  assert.deepEqual(
    execution.outputs.map(({ name, mimeType, width }) => [name, mimeType, width]),
    [
      ["cat-2000.jpg", "image/jpeg", 300],
      ["cat-1600.webp", "image/webp", 120],
      ["cat-tiny.webp", "image/webp", 64],
    ],
  );
});

test("a parameter is shown where it matters", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-web-gallery")).click();
  const visible = async (name) => await page.locator(id(`field-resize-${name}`)).isVisible();
  assert.deepEqual([await visible("width"), await visible("percent"), await visible("gravity")], [true, false, false]);
  await page.locator(id("field-resize-mode")).selectOption("percent");
  await page.locator(id("field-resize-percent")).waitFor();
  assert.deepEqual([await visible("width"), await visible("height")], [false, false]);
  await page.locator(id("field-resize-mode")).selectOption("fill");
  await page.locator(id("field-resize-gravity")).waitFor();
});
