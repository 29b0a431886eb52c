// The dry run: a few of the pictures show what the batch will write, before it starts.

import assert from "node:assert/strict";
import { ask, open, suite, test } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const file = (name, buffer) => ({ name, mimeType: "image/jpeg", buffer });
const cat = (name, comment = name) => file(name, pictures.withComment(pictures.photo("cat"), comment));

/** Picks files and opens the dialog once it can be. */
async function dryRun(page, files) {
  await page.locator(id("file-input")).setInputFiles(files);
  await page.locator(id("picked-count")).filter({ hasText: new RegExp(`^${files.length} `) }).waitFor();
  await page.locator(`${id("dry-run")}:enabled`).click();
  await page.locator(`${id("dry-run-sum")}[aria-busy="false"]`).waitFor();
}

const lines = async (locator) => (await locator.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());

test("three pictures show what the batch then writes, to the byte", async (t) => {
  const { page } = await open(t);
  await dryRun(page, ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"].map((name, index) => cat(name, name.repeat(1 + 40 * index))));
  assert.match(await page.locator(id("dry-run-sum")).innerText(), /^5 pictures become about 5 files, [\d.]+ kB in all, in about [\d.]+ m?s\.$/);
  const tried = await lines(page.locator(id("dry-run-picture")));
  assert.equal(tried.length, 3);
  assert.equal((await ask(page, "listBatches")).batches.length, 0, "nothing was stored");
  assert.equal(await page.locator(`${id("dry-run-names")}, ${id("dry-run-space")}`).count(), 0);

  await page.locator(id("dry-run-start")).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  const [{ batchId }] = (await ask(page, "listBatches")).batches;
  const { executions } = await ask(page, "listExecutions", batchId);
  const size = (bytes) => `${bytes < 99_950 ? (bytes / 1000).toFixed(1) : Math.round(bytes / 1000)} kB`;
  const written = executions.map(({ outputs: [output] }) => `${output.name} ${output.width} × ${output.height}, ${size(output.bytes)}`);
  for (const line of tried) assert.ok(written.some((one) => line.includes(one)), `${line}: ${written.join("; ")}`);
});

test("equal names, too little space and pictures that fail are said before the batch", async (t) => {
  const { page } = await open(t, {
    prepare: (context) =>
      context.addInitScript(() => {
        if (navigator.storage) navigator.storage.estimate = async () => ({ quota: 5000, usage: 1000 });
      }),
  });
  // It breaks off in the middle of the pixels, which is a doubt; and one that only has a header fails.
  const whole = pictures.photo("cat");
  await dryRun(page, [cat("cat.jpg", "one"), cat("cat.jpg", "two"), file("short.jpg", whole.subarray(0, 700))]);
  assert.match(await page.locator(id("dry-run-names")).innerText(), /^1 result has the name of another one\./);
  assert.match(await page.locator(id("dry-run-space")).innerText(), /^The browser has only 4\.00 kB left/);
  const tried = await lines(page.locator(id("dry-run-picture")));
  assert.equal(tried.length, 3);
  const short = tried.find((line) => line.startsWith("short.jpg"));
  assert.ok(short !== undefined, tried.join("; "));
  await page.keyboard.press("Escape");
  await page.locator(id("dry-run-dialog")).waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), "dry-run", "the focus returns to the button");
});
