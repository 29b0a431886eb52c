// What the page's controls do beyond the straight way of page.test.mjs: pasting, pausing, cancelling, filtering, a second tab, files that
// cannot be read, and where the focus is meanwhile.

import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { ask, call, execute, importFiles, open, run, scratchFolder, suite, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);
const id = (name) => `[data-testid="${name}"]`;

/** A batch of `count` photographs that takes a while, started on one worker. */
async function long(page, count) {
  const assets = await importFiles(page, await pictures.photographs(count, 2));
  return await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }), { concurrencyLimit: 1 });
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
  assert.match(await page.locator(`${id("notice")}[data-kind="bad"]`).innerText(), /2 files could not be read/);
  await page.locator(`${id("unreadable")} summary`).click();
  assert.deepEqual((await page.locator(`${id("unreadable")} li`).allInnerTexts()).sort(), ["gone too.jpg", "gone.jpg"]);
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
