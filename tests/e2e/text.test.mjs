// Text on pictures: the program that sets it and its font are fetched when a workflow first needs them, checked, cached, and work
// without the server afterwards; so is the font for emoji, which are in colour; what the fonts lack is a doubt; the live preview shows
// text too; a packed font is like the one in it; one text is shared by several steps, and a column of a table is a text.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { ask, executions, importFiles, open, readAsset, ready, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
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

const id = (name) => `[data-testid="${name}"]`;
const captions = (texts) => {
  const steps = texts.map((parameters, index) => ({ actionId: `caption-${index}`, actionType: "text", parameters: { color: "#ff0000", size: 0.2, ...parameters } }));
  const saves = texts.map((_, index) => ({ actionId: `save-${index}`, actionType: "output", parameters: { format: "png", name: `${index}.{ext}` } }));
  return {
    metadata: { workflowId: "shared", name: "Shared text" },
    actions: [{ actionId: "photos", actionType: "input-images", parameters: { images: [] } }, ...steps, ...saves],
    connections: texts.flatMap((_, index) => [pictures.connect("photos", `caption-${index}`), pictures.connect(`caption-${index}`, `save-${index}`)]),
  };
};
/** How many pixels of a result are red, in a share of its width from the left. */
async function redness(page, { url }, share = 1) {
  const { data, info } = await sharp(await readAsset(page, url)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  let red = 0;
  for (let y = 0; y < info.height; y++)
    for (let x = 0; x < info.width * share; x++) {
      const at = 3 * (y * info.width + x);
      red += data[at] > 200 && data[at + 1] < 50 && data[at + 2] < 50;
    }
  return red;
}

test("a shared text is added in the page, edited once, and written by all steps that it leads to", async (t) => {
  const { page } = await open(t, { workers: 1 });
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(captions([{ text: "SALE" }, { text: "SALE", gravity: "northwest" }, { text: "another" }])));
  // The last text is the first to be shared; the two that are the same are shared together.
  for (const shared of ["shared-text", "shared-text-2"]) {
    await page.locator(id("add-step")).click();
    await page.locator(id("palette-search")).fill("shared text");
    await page.locator(id("palette-input-text")).click();
    await page.locator(id(`form-${shared}`)).waitFor();
  }
  const chosen = async (step) => {
    await page.locator(id(`form-${step}`)).evaluate((details) => (details.open = true));
    const plug = page.locator(id(`plug-${step}-text`));
    await plug.waitFor();
    return await plug.evaluate((select) => select.selectedOptions[0].label);
  };
  assert.deepEqual([await chosen("caption-0"), await chosen("caption-1"), await chosen("caption-2")], [
    "Shared text 2", "Shared text 2", "Shared text",
  ]);
  // A step that gets its text shows no field for one.
  assert.equal(await page.locator(id("field-caption-0-text")).isVisible(), false);
  assert.equal(await page.locator(id("field-caption-0-size")).isVisible(), true);
  await page.locator(id("form-shared-text-2")).evaluate((details) => (details.open = true));
  assert.equal(await page.locator(id("field-shared-text-2-text")).inputValue(), "SALE");
  await page.locator(id("field-shared-text-2-text")).fill("I");
  // By itself again, with its own text, which it kept.
  await page.locator(id("plug-caption-2-text")).selectOption({ label: "This step" });
  assert.equal(await page.locator(id("field-caption-2-text")).inputValue(), "another");
  await page.locator(id("graph-switch")).click();
  await page.locator(id("graph")).waitFor();
  assert.equal(await page.locator(id("in-caption-0-text")).getAttribute("data-kind"), "text");
  await page.locator(id("file-input")).setInputFiles([{ name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") }]);
  await page.locator(`${id("run")}:enabled`).click();
  await page.waitForURL(/#\/batches\/batch-/);
  const batchId = page.url().split("/").at(-1);
  await untilEnded(page, batchId);
  const [{ outputs }] = await executions(page, batchId);
  const red = await Promise.all(outputs.map((output) => redness(page, output)));
  // One thin letter in both, wherever it is, and a word in the third.
  assert.ok(Math.abs(red[0] - red[1]) <= 0.1 * red[0] && red[0] > 0 && red[2] > 4 * red[0], red.join());
});

test("a column of a table is written by the text that it leads to", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const photos = await cat(page);
  const [table] = await importFiles(page, [{ name: "texts.csv", bytes: Buffer.from("Title;Price\nI;1\nMMMMMM;2\n") }]);
  const workflow = withImages(captions([{}]), { photos });
  workflow.actions.push(
    { actionId: "table", actionType: "input-files", parameters: { files: [{ name: table.name, sourceUrl: table.url, storageType: "local" }] } },
    { actionId: "rows", actionType: "parse-data", parameters: {} },
  );
  workflow.connections.push(pictures.connect("table", "rows", "input-files"), { ...pictures.connect("rows", "caption-0", "text"), sourcePort: "title" });
  const { executions } = await run(page, workflow);
  const [thin, wide] = await Promise.all(executions.map(({ outputs }) => redness(page, outputs[0])));
  assert.ok(thin > 0 && wide > 6 * thin, `${thin}, ${wide}`);
});
