// Text on pictures: the program that sets it and its font are fetched when a workflow first needs them, checked, cached, and work
// without the server afterwards; what the font lacks is a doubt; the live preview shows text too.

import assert from "node:assert/strict";
import sharp from "sharp";
import { ask, importFiles, open, readAsset, ready, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import { addressOf } from "./support/built.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const FILES = ["lettering.wasm", "Roboto-Regular.ttf"];
const captioned = (parameters) => pictures.chain("caption", [["resize", { width: 400 }], ["text", parameters]], { format: "png" });
const cat = (page, name = "cat.jpg") => importFiles(page, [{ name, bytes: pictures.photo("cat") }]);

test("what sets text is fetched once, when it is needed, and is not requested again after a reload", async (t) => {
  const { page, watch, context } = await open(t, { workers: 1 });
  const requests = (file) => watch.requests.filter((url) => addressOf(file).test(url)).length;
  const photos = await cat(page);
  await run(page, withImages(pictures.chain("small", [["resize", { width: 64 }]]), { photos }));
  assert.deepEqual(FILES.map(requests), [0, 0]);
  for (const text of ["{name}", "Proof {index}"]) {
    const { executions } = await run(page, withImages(captioned({ text }), { photos }));
    assert.equal(executions[0].status, "success", executions[0].error);
  }
  assert.deepEqual(FILES.map(requests), [1, 1]);
  await page.reload();
  await ready(page);
  for (const file of FILES) await context.route(addressOf(file), (route) => route.abort());
  const { status } = await run(page, withImages(captioned({ text: "Again" }), { photos }));
  assert.equal(status.assets.completed, 1);
});

test("a text shows each file's own name, and what the font lacks is a doubt", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const photos = [...(await cat(page, "one.jpg")), ...(await importFiles(page, [{ name: "字.jpg", bytes: pictures.photo("portrait") }]))];
  const plain = await run(page, withImages(captioned({ text: " " }), { photos }));
  const done = await run(page, withImages(captioned({ text: "{name}", color: "#ff0000", background: "#00ff00", size: 0.2 }), { photos }));
  const warnings = done.executions.map((one) => one.warnings.map(({ code, level }) => [code, level]));
  assert.deepEqual(warnings, [[], [["missing_glyphs", "doubt"]]]);
  assert.match(done.executions[1].warnings[0].message, /字 \(U\+5B57\)/);
  for (const [index, share] of [[0, 0.05], [1, 0]]) {
    const [before, after] = await Promise.all(
      [plain, done].map(async ({ executions }) => sharp(await readAsset(page, executions[index].outputs[0].url)).removeAlpha().raw().toBuffer()),
    );
    let [red, changed] = [0, 0];
    for (let at = 0; at < after.length; at += 3) {
      const differs = after[at] !== before[at] || after[at + 1] !== before[at + 1];
      changed += differs;
      red += differs && after[at] > 200 && after[at + 1] < 50 && after[at + 2] < 50;
    }
    assert.ok(changed > 100, "the box is there");
    assert.ok(red / changed >= share && (share > 0 || red === 0), `${red} of ${changed}`);
  }
});

const BROKEN = [
  ["a missing font", addressOf(FILES[1]), { status: 404, body: "" }, "downstream_error", /Roboto-Regular\.ttf is no longer on the server/],
  ["a damaged font", addressOf(FILES[1]), { status: 200, body: "garbage" }, "system_error", /Roboto-Regular\.ttf is damaged/],
  ["damaged code", addressOf(FILES[0]), { status: 200, body: "garbage" }, "system_error", /lettering\.wasm is damaged/],
];

for (const [what, url, answer, category, message] of BROKEN) {
  test(`${what} fails only what sets text, and a retry succeeds without a reload`, async (t) => {
    const { page, context } = await open(t, { workers: 1, errorsExpected: true });
    const photos = await cat(page);
    await context.route(url, (route) => route.fulfill(answer));
    const broken = await run(page, withImages(captioned({}), { photos }));
    const [{ errorCategory, phase, actionId, error, hint }] = broken.executions;
    assert.deepEqual([errorCategory, phase, actionId], [category, "setup", "text-2"]);
    assert.match(error, message);
    assert.notEqual(hint, "");
    await context.unroute(url);
    await ask(page, "retryExecutions", broken.batchId, {});
    assert.equal((await untilEnded(page, broken.batchId)).assets.completed, 1);
  });
}

test("the live preview shows text as it is typed", async (t) => {
  const { page } = await open(t);
  const id = (name) => `[data-testid="${name}"]`;
  await page.locator(id("drop-zone")).waitFor();
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(captioned({ text: " " })));
  await page.locator(id("file-input")).setInputFiles([{ name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") }]);
  const shown = page.locator(`${id("live-preview")} ${id("after")} img`);
  await page.locator(`${id("live-preview")}[aria-busy="false"]`).waitFor();
  await shown.waitFor();
  const before = await shown.getAttribute("src");
  await page.locator(`${id("form")} details`).evaluateAll((groups) => groups.forEach((group) => (group.open = true)));
  const field = page.locator('textarea[data-testid^="field-"][data-testid$="-text"]');
  await field.fill("Two\nlines");
  await field.press("Tab");
  await page.waitForFunction(([selector, old]) => document.querySelector(selector)?.src !== old, [`${id("live-preview")} ${id("after")} img`, before]);
  await page.locator(`${id("live-preview")}[aria-busy="false"]`).waitFor();
  assert.equal(await page.locator(id("field-error")).count(), 0);
});
