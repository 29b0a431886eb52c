// Text on pictures: the program that sets it and its font are fetched when a workflow first needs them, checked, cached, and work
// without the server afterwards; so is the font for emoji, which are in colour; what the fonts lack is a doubt; the live preview shows
// text too; a packed font is like the one in it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { ask, importFiles, open, readAsset, ready, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import { DIST, addressOf, builtName } from "./support/built.mjs";
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

const EMOJI_FONT = "NotoColorEmoji.woff2";
const SIZE = 100;

/** How much darker than white all pixels are together, by channel, of which `selected` says whether they count. */
function ink(rgb, channels, selected) {
  const sums = [0, 0, 0];
  for (let at = 0; at < rgb.length; at += channels)
    if (selected(at)) for (const channel of [0, 1, 2]) sums[channel] += 255 - rgb[at + channel];
  return sums;
}

/** The same of a text that the browser draws in the font for emoji. */
async function inkInBrowser(page, text) {
  const font = [...readFileSync(join(DIST, builtName(EMOJI_FONT)))];
  const [pixels] = await page.evaluate(
    async ([font, text, size]) => {
      const face = new FontFace("oracle", new Uint8Array(font));
      document.fonts.add(await face.load());
      const canvas = new OffscreenCanvas(6 * size, 3 * size);
      const context = canvas.getContext("2d");
      context.fillStyle = "#ffffff";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.font = `${size}px oracle`;
      context.fillText(text, size, 2 * size);
      return [[...context.getImageData(0, 0, canvas.width, canvas.height).data]];
    },
    [font, text, SIZE],
  );
  return ink(pixels, 4, () => true);
}

test("emoji are in the colours that the browser gives them, in a font that is fetched once, when a text has one", async (t) => {
  const { page, watch, context } = await open(t, { workers: 1 });
  const requests = () => watch.requests.filter((url) => addressOf(EMOJI_FONT).test(url)).length;
  const photos = await cat(page);
  const set = async (text) => {
    const { executions } = await run(page, withImages(captioned({ text, size: SIZE, unit: "px", background: "#ffffff", padding: 0 }), { photos }));
    assert.equal(executions[0].status, "success", executions[0].error);
    assert.deepEqual(executions[0].warnings, []);
    return sharp(await readAsset(page, executions[0].outputs[0].url)).removeAlpha().raw().toBuffer();
  };
  const plain = await run(page, withImages(captioned({ text: " " }), { photos }));
  const before = await sharp(await readAsset(page, plain.executions[0].outputs[0].url)).removeAlpha().raw().toBuffer();
  await set("Plain");
  assert.equal(requests(), 0);
  for (const text of ["😀", "👩‍🚀", "🏳️‍🌈", "🇺🇳"]) {
    const after = await set(text);
    const found = ink(after, 3, (at) => after[at] !== before[at] || after[at + 1] !== before[at + 1] || after[at + 2] !== before[at + 2]);
    const expected = await inkInBrowser(page, text);
    for (const channel of [0, 1, 2])
      assert.ok(Math.abs(found[channel] - expected[channel]) <= 0.03 * Math.max(...expected), `${text}: ${found} for ${expected}`);
  }
  assert.equal(requests(), 1);
  await page.reload();
  await ready(page);
  await context.route(addressOf(EMOJI_FONT), (route) => route.abort());
  await set("😀");
});

test("emoji in a drawing are in colour too", async (t) => {
  const { page, watch } = await open(t, { workers: 1 });
  const drawing = (content) => `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="140"><text x="20" y="100" font-size="${SIZE}">${content}</text></svg>`;
  const photos = await importFiles(page, [{ name: "plain.svg", bytes: Buffer.from(drawing("A")) }, { name: "emoji.svg", bytes: Buffer.from(drawing("&#x1F600;")) }]);
  const { executions } = await run(page, withImages(pictures.chain("turned", [["flip", {}]], { format: "png" }), { photos }));
  assert.deepEqual(executions.map(({ status, warnings }) => [status, warnings]), [["success", []], ["success", []]]);
  const drawn = await sharp(await readAsset(page, executions[1].outputs[0].url)).flatten({ background: "#ffffff" }).raw().toBuffer();
  const [found, expected] = [ink(drawn, 3, () => true), await inkInBrowser(page, "😀")];
  for (const channel of [0, 1, 2])
    assert.ok(Math.abs(found[channel] - expected[channel]) <= 0.05 * Math.max(...expected), `${found} for ${expected}`);
  assert.equal(watch.requests.filter((url) => addressOf(EMOJI_FONT).test(url)).length, 1);
});

test("a packed font is unpacked when it is added, and sets what the font in it sets", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const photos = await cat(page);
  const outputs = [];
  for (const extension of ["ttf", "woff", "woff2"]) {
    const file = readFileSync(new URL(`../data/fonts/hebrew.${extension}`, import.meta.url));
    const added = await page.evaluate(
      ([bytes, name]) => window.pixelmill.importFile(new File([new Uint8Array(bytes)], name), { kind: "font", name }),
      [[...file], `hebrew.${extension}`],
    );
    assert.equal((await readAsset(page, `asset:${added.assetId}`)).subarray(0, 4).toString("hex"), "00010000", extension);
    const { executions } = await run(page, withImages(captioned({ text: "שלום", font: `hebrew.${extension}` }), { photos }));
    assert.deepEqual(executions[0].warnings, [], extension);
    outputs.push(executions[0].outputs[0].sha256);
  }
  assert.deepEqual(new Set(outputs).size, 1);
});

const BROKEN = [
  ["a missing font", addressOf(FILES[1]), { status: 404, body: "" }, "downstream_error", /Roboto-Regular\.ttf is no longer on the server/],
  ["a damaged font", addressOf(FILES[1]), { status: 200, body: "garbage" }, "system_error", /Roboto-Regular\.ttf is damaged/],
  ["a missing font for emoji", addressOf(EMOJI_FONT), { status: 404, body: "" }, "downstream_error", /NotoColorEmoji\.woff2 is no longer on the server/, "😀"],
  ["damaged code", addressOf(FILES[0]), { status: 200, body: "garbage" }, "system_error", /lettering\.wasm is damaged/],
];

for (const [what, url, answer, category, message, text = "{name}"] of BROKEN) {
  test(`${what} fails only what sets text, and a retry succeeds without a reload`, async (t) => {
    const { page, context } = await open(t, { workers: 1, errorsExpected: true });
    const photos = await cat(page);
    await context.route(url, (route) => route.fulfill(answer));
    const broken = await run(page, withImages(captioned({ text }), { photos }));
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
