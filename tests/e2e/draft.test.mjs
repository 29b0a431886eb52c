// The draft of a batch outlives its tab: picked, skipped and missing files and edits are restored after a reload, and after a
// crash in the next tab; two tabs have two drafts.

import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, crash, open, readAsset, ready, scratchFolder, suite, test } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { bystander, settings, sweep } from "./support/storage.mjs";
import { inService } from "./support/service.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const cat = (name) => ({ name, mimeType: "image/jpeg", buffer: pictures.withComment(pictures.photo("cat"), name) });

/** Waits until this many pictures are picked. */
async function picked(page, count) {
  await page.locator(id("picked-count")).filter({ hasText: new RegExp(`^${count} picture`) }).waitFor();
}

/** Waits until the draft has been written, which the page delays by 400 ms. */
async function written(page, condition) {
  await assertSoon(async () => condition(Object.values(await settings(page, "draft:")).map((text) => JSON.parse(text))));
}

/** The files of every draft, as they are kept. */
const items = async (page) => Object.values(await settings(page, "draft-files:")).flatMap((text) => JSON.parse(text));

async function assertSoon(condition) {
  for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (await condition()) return;
    assert.ok(Date.now() < end, `it did not come to be: ${condition}`);
  }
}

async function reload(page) {
  await page.reload();
  await ready(page);
  await page.locator(id("drop-zone")).waitFor();
}

const names = async (page) => (await page.locator(id("picked-row")).allInnerTexts()).map((text) => text.trim());
const missing = async (page) => (await page.locator(id("missing-row")).allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim()).sort();

/** Types a width and leaves the field: only then it takes effect. */
async function setWidth(page, width) {
  const field = page.locator(id("field-resize-width"));
  await field.fill(String(width));
  await field.blur();
}

/** Picks files that are created in the page, `size` bytes each, through the given field. One of them may be `large`: it has 4 GB, so that storing it takes many seconds. */
async function pickMany(page, field, names, size, large) {
  await page.locator(field).waitFor({ state: "attached" });
  await page.evaluate(
    ({ field, names, size, large }) => {
      const noise = new Uint8Array(size);
      for (let at = 0; at < size; at += 1) noise[at] = (at * 7919) >> 3;
      const transfer = new DataTransfer();
      const megabyte = new Blob([new Uint8Array(1 << 20)]);
      for (const name of names) {
        const content = name === large ? [noise, ...Array(4096).fill(megabyte)] : [name, noise];
        transfer.items.add(new File(content, name, { type: "image/jpeg" }));
      }
      const input = document.querySelector(field);
      input.files = transfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    },
    { field, names, size, large },
  );
}

test("a reload keeps the pictures, the logo, the skipped and missing files, the edits and the user's own workflow", async (t) => {
  const { page } = await open(t, { errorsExpected: true });
  // A folder with a hidden file, and one that is gone when the page reads it.
  const folder = join(scratchFolder("draft"), "holiday");
  mkdirSync(join(folder, "day two"), { recursive: true });
  for (const name of ["a.jpg", "day two/b.jpg", "gone.jpg"]) writeFileSync(join(folder, name), cat(name).buffer);
  writeFileSync(join(folder, ".hidden.jpg"), cat("hidden").buffer);
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", '<input type="file" id="beforehand" webkitdirectory>'));
  await page.locator("#beforehand").setInputFiles(folder);
  rmSync(join(folder, "gone.jpg"));
  await page.evaluate((input) => {
    const field = document.querySelector(input);
    field.files = document.querySelector("#beforehand").files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }, id("folder-input"));
  await picked(page, 2);
  await page.locator(id("missing-row")).waitFor();

  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill('{ "actions": [');
  await page.locator(id("workflow-card-watermark-two-sizes")).click();
  await page.locator(id("logo-input")).setInputFiles([{ name: "logo.png", mimeType: "image/png", buffer: (await pictures.logo()).bytes }]);
  await page.locator(id("workflow-card-web-gallery")).click();
  await setWidth(page, 123);
  await page.locator(id("workflow-card-watermark-two-sizes")).click();
  await page.locator(`${id("run")}:enabled`).waitFor();
  const before = { names: await names(page), missing: await missing(page), skipped: await page.locator(id("skipped")).innerText() };
  assert.equal(before.names.length, 3);
  assert.match(before.missing.join(), /gone\.jpg it could not be read/);

  // At once, before the delay after which a change is written: the page is notified that it is being closed.
  await reload(page);
  await picked(page, 2);
  assert.deepEqual({ names: await names(page), missing: await missing(page), skipped: await page.locator(id("skipped")).innerText() }, before);
  assert.equal(await page.locator(`${id("picked-row")}[title^="holiday/day two/b.jpg"]`).count(), 1, "the path is lost");
  assert.ok(await page.locator(`${id("workflow-card-watermark-two-sizes")} input`).isChecked());
  assert.equal(await page.locator(id("notice")).count(), 0, "a plain reload needs no notice");
  await page.locator(id("workflow-card-web-gallery")).click();
  assert.equal(await page.locator(id("field-resize-width")).inputValue(), "123");
  await page.locator(id("workflow-card-own")).click();
  assert.equal(await page.locator(id("own-json")).inputValue(), '{ "actions": [');
  assert.match(await page.locator(id("field-error")).innerText(), /not valid JSON/);
  // Previews are made from stored pictures.
  await page.locator(`${id("picked-row")} canvas`).first().waitFor();
  // A missing file returns to its old position.
  await page.locator(id("missing-input")).setInputFiles([cat("gone.jpg")]);
  await picked(page, 3);
  await page.locator(id("workflow-card-watermark-two-sizes")).click();
  await page.locator(id("run")).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
});

test("a change in the page's last moment is kept, and what came after it is not undone", async (t) => {
  const { page } = await open(t);
  await setWidth(page, 321);
  // At once: nothing has been written yet, and the service ends with its page.
  await reload(page);
  const width = page.locator(id("field-resize-width"));
  await assertSoon(async () => (await width.inputValue()) === "321");
  await setWidth(page, 654);
  await written(page, ([draft]) => draft?.setup.documents["web-gallery"]?.actions[1].parameters.width === 654);
  await reload(page);
  await assertSoon(async () => (await width.inputValue()) === "654");
  const left = () => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("pixelmill.draft-changes:")).length);
  await assertSoon(async () => (await left()) === 0);
});

test("the edits of a saved workflow are restored without changing the stored one", async (t) => {
  const { page } = await open(t);
  await setWidth(page, 80);
  await page.locator(id("save-workflow")).click();
  await page.locator(id("name-field")).fill("For my shop");
  await page.keyboard.press("Enter");
  await page.locator(id("save-workflow")).filter({ hasText: "Saved" }).waitFor();
  await setWidth(page, 90);
  await reload(page);
  await page.locator(`${id("workflow-card-for-my-shop")} input:checked`).waitFor();
  assert.equal(await page.locator(id("field-resize-width")).inputValue(), "90");
  assert.equal((await ask(page, "getWorkflow", "for-my-shop")).workflow.actions[1].parameters.width, 80);
  await page.locator(`${id("save-workflow")}:enabled`).click();
  await page.locator(id("save-workflow")).filter({ hasText: "Saved" }).waitFor();
  assert.equal((await ask(page, "getWorkflow", "for-my-shop")).workflow.actions[1].parameters.width, 90);
});

test("after a crash the next tab has the draft and says so once; an empty draft is not kept", async (t) => {
  const { page, openTab } = await open(t, { errorsExpected: true });
  await page.locator(id("file-input")).setInputFiles(["a.jpg", "b.jpg"].map(cat));
  await picked(page, 2);
  await setWidth(page, 77);
  await written(page, ([draft]) => draft?.setup.documents["web-gallery"]?.actions[1].parameters.width === 77);
  await crash(page);

  const second = await openTab();
  await picked(second, 2);
  assert.deepEqual(await names(second), ["a.jpg", "b.jpg"]);
  assert.equal(await second.locator(id("field-resize-width")).inputValue(), "77");
  assert.match(await second.locator(`${id("notice")}[data-kind="info"]`).innerText(), /Restored 2 pictures from your last visit/);
  await reload(second);
  await picked(second, 2);
  assert.equal(await second.locator(id("notice")).count(), 0, "it has already been shown");
  await second.locator(id("clear-picked")).click();
  await setWidth(second, pictures.builtIn("web-gallery").actions[1].parameters.width);
  await written(second, (drafts) => drafts.length === 0);
  assert.deepEqual(await settings(second, "draft"), {});
});

test("two tabs have two drafts, and each restores its own", async (t) => {
  const { page, openTab, context, url } = await open(t);
  await page.locator(id("file-input")).setInputFiles([cat("first.jpg")]);
  await picked(page, 1);
  await written(page, (drafts) => drafts.length === 1);
  const second = await openTab();
  await second.locator(id("drop-zone")).waitFor();
  assert.deepEqual(await names(second), []);
  await second.locator(id("file-input")).setInputFiles(["second.jpg", "third.jpg"].map(cat));
  await picked(second, 2);
  await written(page, (drafts) => drafts.length === 2);
  for (const [tab, expected] of [[page, ["first.jpg"]], [second, ["second.jpg", "third.jpg"]]]) {
    await reload(tab);
    await picked(tab, expected.length);
    assert.deepEqual(await names(tab), expected);
  }
  // A duplicated tab has a copy of the tab's storage: it does not share the draft.
  const mine = await page.evaluate(() => sessionStorage.getItem("pixelmill.draft"));
  const copy = await context.newPage();
  await copy.addInitScript((mine) => sessionStorage.getItem("pixelmill.draft") ?? sessionStorage.setItem("pixelmill.draft", mine), mine);
  await copy.goto(url);
  await ready(copy);
  await copy.locator(id("drop-zone")).waitFor();
  assert.deepEqual(await names(copy), []);
  assert.notEqual(await copy.evaluate(() => sessionStorage.getItem("pixelmill.draft")), mine);
  // Both are closed: the next tabs open one each, the last one first.
  await copy.close();
  await page.close();
  await second.close();
  const third = await openTab();
  const fourth = await openTab();
  await third.locator(id("picked-row")).first().waitFor();
  await fourth.locator(id("picked-row")).first().waitFor();
  assert.deepEqual([await names(third), await names(fourth)].flat().sort(), ["first.jpg", "second.jpg", "third.jpg"]);
});

test("a reload in the middle of an import lists the rest as missing, and adding it again completes the draft", async (t) => {
  const { page } = await open(t);
  const all = Array.from({ length: 240 }, (_, index) => `p${String(index).padStart(3, "0")}.jpg`);
  await pickMany(page, id("file-input"), all, 1_000_000, all[120]);
  await page.locator(id("picked-count")).waitFor();
  await assertSoon(async () => (await items(page)).length === all.length);
  await page.reload();
  await ready(page);
  await page.locator(id("missing")).waitFor();
  const title = await page.locator(`${id("missing")} .missing-title`).innerText();
  const lost = Number(/^(\d+) files? (is|are) missing/.exec(title)[1]);
  t.diagnostic(`${lost} of ${all.length} were not stored`);
  await picked(page, all.length - lost);
  assert.ok(lost > 0 && lost < all.length);
  assert.ok((await missing(page)).every((text) => /^p\d+\.jpg the tab was closed before it was stored$/.test(text)));
  // Portions are stored side by side, so that those that are missing need not be the last ones.
  let gone = [];
  await assertSoon(async () => {
    gone = (await items(page)).filter((item) => item.state.missing).map((item) => item.name);
    return gone.length === lost;
  });
  await pickMany(page, id("missing-input"), gone, 1_000_000);
  await picked(page, all.length);
  await page.locator(id("missing")).waitFor({ state: "detached" });
  assert.equal((await names(page))[0], all[0]);
  await reload(page);
  await picked(page, all.length);
  assert.equal(await page.locator(id("missing")).count(), 0);
});

test("pictures that the storage has removed are listed as missing, and adding them again completes the draft", async (t) => {
  const { page } = await open(t);
  const files = ["a.jpg", "b.jpg", "c.jpg"].map(cat);
  await page.locator(id("file-input")).setInputFiles(files);
  await picked(page, 3);
  await sweep(page, [pictures.sha256(files[1].buffer)]);
  await reload(page);
  await picked(page, 2);
  assert.deepEqual(await missing(page), ["b.jpg it is no longer in the browser's storage"]);
  assert.match(await page.locator(`${id("notice")}[data-kind="bad"]`).innerText(), /"b\.jpg" is missing/);
  await page.locator(id("missing-input")).setInputFiles([files[1]]);
  await picked(page, 3);
  assert.deepEqual(await names(page), ["a.jpg", "b.jpg", "c.jpg"], "it returns to its position");
  assert.equal(pictures.sha256(await readAsset(page, `asset:${pictures.sha256(files[1].buffer)}`)), pictures.sha256(files[1].buffer));
});

test("after a run a new tab starts empty, and a reload of the same tab does not; a change after the run is kept", async (t) => {
  const { page, openTab } = await open(t);
  await page.locator(id("file-input")).setInputFiles(["a.jpg", "b.jpg"].map(cat));
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  await page.reload();
  await ready(page);
  await page.locator(id("nav-new")).click();
  await picked(page, 2);
  await page.close();
  const second = await openTab();
  await second.locator(id("drop-zone")).waitFor();
  assert.deepEqual(await names(second), []);
  assert.equal(await second.locator(id("notice")).count(), 0);

  await second.locator(id("file-input")).setInputFiles([cat("c.jpg")]);
  await second.locator(`${id("run")}:enabled`).click();
  await second.locator(`${id("results")}[data-status="completed"]`).waitFor();
  await second.locator(id("nav-new")).click();
  await second.locator(id("file-input")).setInputFiles([cat("d.jpg")]);
  await picked(second, 2);
  await second.close();
  const third = await openTab();
  await picked(third, 2);
});

test("a damaged or foreign draft is ignored and removed", async (t) => {
  const { page, context, url, openTab } = await open(t);
  await page.close();
  const beside = await bystander(context, url);
  await settings(beside, "draft", {
    "draft:damaged": "{ no JSON",
    "draft-files:damaged:0": "[]",
    "draft:foreign": JSON.stringify({ version: 99, savedAt: Date.now(), everything: true }),
  });
  const second = await openTab();
  await second.locator(id("drop-zone")).waitFor();
  await assertSoon(async () => Object.keys(await settings(beside, "draft")).length === 0);
});

test("what Clear removed comes back by Undo, with what was added since", async (t) => {
  const { page } = await open(t);
  await page.locator(id("file-input")).setInputFiles(["a.jpg", "b.jpg"].map(cat));
  await picked(page, 2);
  await page.locator(id("clear-picked")).click();
  await page.locator(id("picked-row")).first().waitFor({ state: "detached" });
  await page.locator(id("file-input")).setInputFiles([cat("c.jpg")]);
  await picked(page, 1);
  await page.locator(id("notice-undo")).click();
  await picked(page, 3);
  assert.deepEqual(await names(page), ["a.jpg", "b.jpg", "c.jpg"]);
  await page.locator(id("notice-undo")).waitFor({ state: "detached" });
});

test("an edited workflow says so, describes itself by its parameters, and goes back to what it was", async (t) => {
  const { page } = await open(t);
  const card = page.locator(id("workflow-card-web-gallery"));
  const before = await card.innerText();
  assert.equal(await page.locator(id("edited")).count(), 0);
  await setWidth(page, 1234);
  await page.locator(id("edited")).waitFor();
  await card.filter({ hasText: "width 1234 px" }).filter({ hasText: "Edited" }).waitFor();
  await written(page, ([draft]) => draft?.setup.documents["web-gallery"] !== undefined);
  await reload(page);
  await page.locator(id("edited")).waitFor();
  // A copy describes itself too.
  await page.locator(id("save-workflow")).click();
  await page.locator(id("name-field")).fill("Copy");
  await page.keyboard.press("Enter");
  await page.locator(`${id("workflow-card-copy")} input:checked`).waitFor();
  assert.match((await ask(page, "getWorkflow", "copy")).workflow.metadata.description, /^Resize: width 1234 px/);
  await card.click();
  await page.locator(id("reset")).click();
  await page.locator(id("edited")).waitFor({ state: "detached" });
  assert.equal(await card.innerText(), before);
  await page.locator(id("undo")).click();
  await page.locator(id("edited")).waitFor();
});

test("the example of a file name is that of the first picture, with the extension that is really written", async (t) => {
  const { page } = await open(t);
  const example = page.locator(`${id("form")} .example code`).last();
  await page.locator(`${id("form-save")} summary`).click();
  assert.equal(await example.innerText(), "harbour-morning-web.jpg");
  await page.locator(id("file-input")).setInputFiles([{ name: "logo.png", mimeType: "image/png", buffer: (await pictures.logo()).bytes }]);
  await example.filter({ hasText: "logo-web.webp" }).waitFor();
  await page.locator(id("field-save-format")).selectOption("png");
  await example.filter({ hasText: "logo-web.png" }).waitFor();
});

test("Tab reaches many pictures once; arrow keys lead through them and Delete removes one", async (t) => {
  const { page } = await open(t);
  await page.locator(id("file-input")).setInputFiles(Array.from({ length: 40 }, (_, index) => cat(`${index}.jpg`)));
  await picked(page, 40);
  const stops = page.locator(`${id("remove-picked")}:not([tabindex="-1"])`);
  assert.equal(await stops.count(), 1);
  await stops.focus();
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  const at = async (label) => assertSoon(async () => (await focused()) === label);
  await page.keyboard.press("ArrowRight");
  await at("Remove 1.jpg");
  await page.keyboard.press("End");
  await at("Remove 39.jpg");
  await page.keyboard.press("Delete");
  await picked(page, 39);
  await at("Remove 38.jpg");
  await page.keyboard.press("Home");
  await at("Remove 0.jpg");
  await page.keyboard.press("Delete");
  await at("Remove 1.jpg");
  assert.equal(await stops.count(), 1);
});

test("without storage a draft is not kept, and nothing fails", async (t) => {
  const { page, context } = await open(t);
  await inService(context, () => Object.defineProperty(self, "indexedDB", { value: undefined }));
  await page.reload();
  await ready(page);
  await page.locator(id("memory-note")).waitFor();
  await page.locator(id("file-input")).setInputFiles(["a.jpg", "b.jpg"].map(cat));
  await picked(page, 2);
  await setWidth(page, 64);
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  assert.equal(await page.locator(`${id("notice")}[data-kind="bad"]`).count(), 0);
  await page.locator(id("nav-new")).click();
  await reload(page);
  assert.deepEqual(await names(page), []);
});

test("an archive contains no drafts", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill('{ "note": "only in the draft" }');
  await written(page, ([draft]) => draft?.setup.ownText.includes("only in the draft"));
  const text = await page.evaluate(async () => await (await window.pixelmill.exportArchive()).text());
  assert.ok(text.startsWith("PK") && !text.includes("draft"), "the archive names a draft");
});

test("ten thousand pictures are restored within a second or so, without long tasks", async (t) => {
  const { page } = await open(t);
  const COUNT = 10_000;
  await page.addInitScript(() => {
    window.seen = { tasks: [] };
    new PerformanceObserver((list) => {
      window.seen.tasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })));
    }).observe({ type: "longtask", buffered: true });
    const look = () => {
      if (window.pixelmill) window.seen.began ??= performance.now();
      if (document.querySelector('[data-testid="picked-count"]')) window.seen.ended = performance.now();
      else requestAnimationFrame(look);
    };
    look();
  });
  await pickMany(page, id("file-input"), Array.from({ length: COUNT }, (_, index) => `photo ${index}.jpg`), 20);
  await picked(page, "10.000");
  await page.locator(id("import-progress")).waitFor({ state: "detached" });
  await reload(page);
  await picked(page, "10.000");
  const { began, ended, tasks } = await page.evaluate(() => window.seen);
  const longest = Math.max(0, ...tasks.filter(({ startTime }) => startTime >= began && startTime <= ended).map(({ duration }) => duration));
  t.diagnostic(`${COUNT} pictures after ${(ended - began).toFixed(0)} ms; longest task ${longest.toFixed(0)} ms`);
  assert.ok(ended - began < 2500, `it took ${ended - began} ms`);
  assert.ok(longest <= 100, `the main thread was busy for ${longest} ms at a stretch`);
  // A change among them is written quickly too.
  await page.evaluate(() => (window.seen.tasks.length = 0));
  await setWidth(page, 99);
  await written(page, ([draft]) => draft?.setup.documents["web-gallery"]?.actions[1].parameters.width === 99);
  const afterwards = Math.max(0, ...(await page.evaluate(() => window.seen.tasks)).map(({ duration }) => duration));
  t.diagnostic(`longest task while it was changed: ${afterwards.toFixed(0)} ms`);
});
