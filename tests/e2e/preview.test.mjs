// The live preview of a new batch: the chosen workflow on one of the pictures, before anything runs.

import assert from "node:assert/strict";
import sharp from "sharp";
import { ask, open, suite, test } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const file = (name, buffer, mimeType = "image/png") => ({ name, mimeType, buffer });

async function photo(width, height) {
  return await sharp(pictures.photo("cat")).resize(width, height, { fit: "fill" }).png().toBuffer();
}

/** Opens the page with these pictures and this workflow. */
async function start(t, files, workflow, options) {
  const session = await open(t, options);
  const { page } = session;
  await page.locator(id("drop-zone")).waitFor();
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(workflow));
  await page.locator(id("file-input")).setInputFiles(files);
  await page.locator(id("live-preview")).waitFor();
  return session;
}

/** The facts below the preview, once they match. */
async function facts(page, pattern) {
  const text = page.locator(id("preview-facts"), { hasText: pattern });
  await text.waitFor();
  await page.locator(`${id("live-preview")}[aria-busy="false"]`).waitFor();
  return await text.innerText();
}

/** The picture that is shown as the result. */
async function result(page) {
  const bytes = await page.locator(`${id("live-preview")} ${id("after")} img`).evaluate(async (image) => {
    const buffer = await (await fetch(image.src)).arrayBuffer();
    return btoa(String.fromCharCode(...new Uint8Array(buffer)));
  });
  return await pictures.decode(Buffer.from(bytes, "base64"));
}

const sized = (width) => pictures.chain("sized", [["flip", { direction: "horizontal" }], ["resize", { width, mode: "fit" }]], { format: "png" });

test("the preview shows what the workflow makes of a picture, and follows its edits", async (t) => {
  const bytes = await photo(200, 120);
  const { page } = await start(t, [file("cat.png", bytes)], sized(200));
  await facts(page, /^cat\.png · PNG · /);
  const expected = await pictures.decode(await sharp(bytes).flop().png().toBuffer());
  pictures.assertNear(await result(page), expected, { largest: 0 }, "the preview");
  // An edit in the form.
  await page.locator(`${id("form")} details`).evaluateAll((groups) => groups.forEach((group) => (group.open = true)));
  const width = page.locator('[data-testid^="field-"][data-testid$="-width"]').first();
  await width.fill("50");
  await width.press("Tab");
  await page.locator(".tag.right", { hasText: "50 × 30" }).waitFor();
  assert.deepEqual([(await result(page)).width, (await result(page)).height], [50, 30]);
  // Nothing of it is kept.
  assert.equal((await ask(page, "listBatches")).batches.length, 0);
});

test("another picture, several outputs, failures and errors", async (t) => {
  const [first, second] = [await photo(200, 120), await photo(90, 150)];
  const { page } = await start(t, [file("cat.png", first), file("tall.png", second), file("bad.png", Buffer.from("no picture"))], sized(40));
  await facts(page, /^cat\.png/);
  await page.locator(id("preview-next")).click();
  await facts(page, /^tall\.png/);
  await page.locator(id("live-preview")).getByText("2 of 2").waitFor();
  await page.locator(id("preview-next")).click();
  await facts(page, /^cat\.png/);
  const card = page.locator(id("workflow-card-watermark-two-sizes"));
  await card.click();
  await page.locator(id("preview-unavailable"), { hasText: "Add logo" }).waitFor();
  await page.locator(id("logo-input")).setInputFiles([file("logo.png", (await pictures.logo()).bytes)]);
  await page.locator(id("output-switch-1")).click();
  await page.locator(`${id("live-preview")} ${id("after")} img`).waitFor();
  // A document with an error, and one that fails on this picture.
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(pictures.chain("none", [["resize", { width: -1 }]])));
  await page.locator(id("preview-unavailable"), { hasText: "once the workflow has no errors" }).waitFor();
  await page.locator(id("own-json")).fill(JSON.stringify(pictures.chain("outside", [["crop", { x: 500, y: 500, width: 10, height: 10 }]])));
  await page.locator(id("preview-failed")).waitFor();
  await page.locator(id("clear-picked")).click();
  await page.locator(id("live-preview")).waitFor({ state: "detached" });
});

test("a worker that dies in a preview takes nothing with it", async (t) => {
  const { page } = await start(t, [file("cat.png", await photo(200, 120))], sized(40), { errorsExpected: true });
  await facts(page, /^cat\.png/);
  // Too large for the memory of a worker.
  await page.locator(id("own-json")).fill(JSON.stringify(pictures.chain("large", [["resize", { width: 30000, height: 30000, mode: "fill", enlarge: true }]])));
  await page.locator(`${id("preview-failed")}, ${id("preview-unavailable")}`).waitFor();
  await page.locator(id("own-json")).fill(JSON.stringify(sized(30)));
  await page.locator(".tag.right", { hasText: "30 × 18" }).waitFor();
});
