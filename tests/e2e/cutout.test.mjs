// The result when a picture's background is removed: in front of an even backdrop without a model, as a mask, in the workflow for
// products, with its warnings, and on the backgrounds that the page can show behind it.

import assert from "node:assert/strict";
import { addressOf } from "./support/built.mjs";
import { importFiles, open, readAsset, run, serve, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const [WIDTH, HEIGHT, RADIUS] = [300, 200, 60];

/** How much of a pixel is covered by the disc in the middle. */
const disc = (x, y) => Math.min(1, Math.max(0, RADIUS - Math.hypot(x - WIDTH / 2 + 0.5, y - HEIGHT / 2 + 0.5) + 0.5));

/** A disc of one colour on a graded backdrop. */
async function product(colour = [30, 90, 160]) {
  const value = (x, y, channel) => {
    const inside = disc(x, y);
    return colour[channel] * inside + (228 - x / 30 - y / 20) * (1 - inside);
  };
  return { name: "product.png", bytes: await pictures.fromRaw(pictures.draw(WIDTH, HEIGHT, 3, value)).png().toBuffer() };
}

const flat = (parameters) => ["remove-background", { method: "flat-backdrop", ...parameters }];

test("in front of an even backdrop a subject is cut out without a model, and its mask is made when it is connected", async (t) => {
  const { page, watch } = await open(t, { workers: 1 });
  const workflow = pictures.chain("cut-out", [flat({})]);
  workflow.actions.push({ actionId: "save-mask", actionType: "output", parameters: { name: "{name}-mask.{ext}" } });
  workflow.connections.push({ ...pictures.connect("remove-background-1", "save-mask"), sourcePort: "mask" });
  const { executions } = await run(page, withImages(workflow, { photos: await importFiles(page, [await product()]) }));
  const [{ outputs, warnings }] = executions;
  assert.deepEqual([outputs.map(({ name }) => name), warnings], [["product.png", "product-mask.png"], []]);
  const [result, mask] = await Promise.all(outputs.map(async ({ url }) => pictures.decode(await readAsset(page, url))));
  for (let y = 0, at = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1, at += 4) {
      const alpha = result.data[at + 3];
      assert.ok(Math.abs(alpha - 255 * disc(x, y)) < 30, `${alpha} at ${x},${y}`);
      assert.equal(mask.data[at], alpha);
      // The colour of the disc, also where it is half transparent.
      if (alpha > 60) assert.ok(Math.abs(result.data[at] - 30) < 25, `${result.data[at]} of red at ${x},${y}`);
    }
  }
  assert.deepEqual(watch.requests.filter((url) => /network|onnx/.test(url)), [], "no model is fetched");
});

test("a studio batch is cut out without a model, and the first other picture fetches it", async (t) => {
  const { page, watch } = await open(t, { workers: 2 });
  const studio = await importFiles(page, [await product(), await product([160, 30, 30]), await product([20, 120, 60])]);
  const portrait = await importFiles(page, [{ name: "portrait.jpg", bytes: pictures.photo("portrait") }]);
  const workflow = (parameters) => pictures.chain("cut-out", [["remove-background", parameters]], { format: "png" });
  const files = () => watch.requests.filter((url) => /network|onnx/.test(url));
  const cut = await run(page, withImages(workflow({}), { photos: studio }));
  const same = await run(page, withImages(workflow({ method: "flat-backdrop" }), { photos: studio }));
  assert.deepEqual(cut.executions.map(({ warnings }) => warnings), [[], [], []]);
  const hashes = ({ executions }) => executions.map(({ outputs }) => outputs[0].sha256);
  assert.deepEqual(hashes(cut), hashes(same));
  assert.deepEqual(files(), [], "no model is fetched");

  const mixed = await run(page, withImages(workflow({}), { photos: [...studio, ...portrait, ...portrait] }));
  assert.deepEqual(mixed.executions.map(({ status }) => status), Array(5).fill("success"));
  assert.deepEqual(hashes(mixed).slice(0, 3), hashes(cut));
  for (const file of ["network.wasm", "u2netp.onnx"]) assert.equal(files().filter((url) => addressOf(file).test(url)).length, 1, file);
});

test("a studio batch needs no server once the page is loaded", async (t) => {
  const server = await serve();
  t.after(() => server.stop());
  const { page } = await open(t, { server, workers: 1, errorsExpected: true });
  const studio = await importFiles(page, [await product()]);
  await server.stop();
  const { executions } = await run(page, withImages(pictures.chain("cut-out", [["remove-background", {}]]), { photos: studio }));
  assert.deepEqual(executions.map(({ status, warnings }) => [status, warnings]), [["success", []]]);
});

test("a colour replaces the background, and a JPEG stays one", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const jpeg = await pictures.fromRaw(await pictures.decode((await product()).bytes, { alpha: false })).jpeg({ quality: 95 }).toBuffer();
  const workflow = pictures.chain("replace", [flat({ mode: "replace", backgroundColor: "#00ff00", trim: true })]);
  const assets = await importFiles(page, [{ name: "product.jpg", bytes: jpeg }]);
  const { executions } = await run(page, withImages(workflow, { photos: assets }));
  const [output] = executions[0].outputs;
  assert.equal(output.mimeType, "image/jpeg");
  for (const side of [output.width, output.height]) assert.ok(Math.abs(side - 2 * RADIUS) <= 4, `${output.width} × ${output.height}`);
  const { data } = await pictures.decode(await readAsset(page, output.url));
  assert.ok(data[0] < 30 && data[1] > 220 && data[2] < 30, `${data.subarray(0, 3)} in the corner`);
});

test("the workflow for products gives a white square and a transparent one", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const assets = await importFiles(page, [{ name: "portrait.jpg", bytes: pictures.photo("portrait") }]);
  const { executions } = await run(page, withImages(pictures.builtIn("product-cutout"), { photos: assets }));
  const [white, clear] = executions[0].outputs;
  assert.deepEqual([white.width, white.height, white.mimeType, white.name], [2000, 2000, "image/jpeg", "portrait-white.jpg"]);
  assert.deepEqual([clear.width, clear.height, clear.mimeType, clear.name], [800, 800, "image/png", "portrait-cutout.png"]);
  const [onWhite, onNothing] = await Promise.all([white, clear].map(async ({ url }) => pictures.decode(await readAsset(page, url))));
  assert.deepEqual([...onWhite.data.subarray(0, 4)], [255, 255, 255, 255]);
  const middle = (400 * 800 + 400) * 4;
  assert.deepEqual([onNothing.data[3], onNothing.data[middle + 3]], [0, 255]);
});

/** A picture with no backdrop and no subject: noise. */
async function noise() {
  const value = (x, y, channel) => (Math.imul(x * 7919 + y * 104729 + channel * 31, 2654435761) >>> 24) & 255;
  return { name: "noise.png", bytes: await pictures.fromRaw(pictures.draw(WIDTH, HEIGHT, 3, value)).png().toBuffer() };
}

test("results with doubts are counted, listed separately, marked in their row and named in the report", async (t) => {
  const { page, url } = await open(t, { workers: 1 });
  const assets = await importFiles(page, [await product(), await noise(), await product([160, 30, 30])]);
  const { batchId, executions } = await run(page, withImages(pictures.chain("cut-out", [flat({})]), { photos: assets }));
  assert.deepEqual(executions.map(({ warnings }) => warnings.map(({ code, level }) => [code, level])), [[], [["uneven_backdrop", "doubt"]], []]);
  await page.goto(`${url}#/batches/${encodeURIComponent(batchId)}`);
  await page.locator(id("counts")).filter({ hasText: /^3 of 3 done · 1 to review$/ }).waitFor();
  const rows = page.locator(id("execution-row"));
  await rows.nth(2).waitFor();
  assert.equal(await page.locator(id("warning")).count(), 1);
  await page.locator(id("filter-doubtful")).click();
  await page.locator(`${id("execution-list")}[data-total="1"]`).waitFor();
  assert.equal(await rows.getAttribute("data-index"), "1");
  await rows.locator(".open").click();
  // With labels as in the form.
  assert.match(await page.locator(id("detail-warnings")).innerText(), /not an even backdrop.*Choose the method “Model”/s);
  assert.equal(await page.locator(`${id("detail-warnings")} [data-level="doubt"]`).count(), 1);
  const report = await page.evaluate((batchId) => window.pixelmill.getReport(batchId), batchId);
  assert.deepEqual(report.rows.map(({ warnings }) => warnings), [null, "uneven_backdrop", null]);
});

test("a hint is not a doubt: it is only shown in the detail, and a transparent result is shown on the chosen background", async (t) => {
  const { page, url } = await open(t, { workers: 1 });
  const cut = await run(page, withImages(pictures.chain("cut-out", [flat({})]), { photos: await importFiles(page, [await product()]) }));
  const bytes = await readAsset(page, cut.executions[0].outputs[0].url);
  const assets = await importFiles(page, [{ name: "product.png", bytes }]);
  // The result has the same length as the input.
  const workflow = pictures.chain("keep", [["sharpen", { amount: 0 }]], { keepOriginalIfSmaller: true });
  const { batchId, executions } = await run(page, withImages(workflow, { photos: assets }));
  const [warning] = executions[0].warnings;
  assert.deepEqual([warning.code, warning.level, warning.actionId], ["original_kept", "hint", "save"]);

  await page.goto(`${url}#/batches/${encodeURIComponent(batchId)}`);
  await page.locator(`${id("execution-row")} .open`).click();
  assert.match(await page.locator(id("detail-warnings")).innerText(), /the original was kept/);
  assert.equal(await page.locator(`${id("detail-warnings")} [data-level="hint"]`).count(), 1);
  assert.equal(await page.locator(id("warning")).count(), 0, "it does not need review");
  assert.equal(await page.locator(id("counts")).innerText(), "1 of 1 done");

  const behind = () => page.locator(id("after")).evaluate((element) => getComputedStyle(element).background);
  const pressed = () => page.locator(`${id("behind")} [aria-pressed="true"]`).evaluateAll((all) => all.map((one) => one.dataset.testid));
  await page.locator(id("behind")).waitFor();
  assert.deepEqual(await pressed(), ["behind-checkerboard"]);
  assert.doesNotMatch(await behind(), /rgb\(2|url/);
  // By keyboard.
  await page.locator(id("behind-white")).focus();
  await page.keyboard.press("Enter");
  assert.match(await behind(), /rgb\(255, 255, 255\)/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  assert.match(await behind(), /rgb\(0, 0, 0\)/);
  assert.deepEqual(await pressed(), ["behind-black"]);
  await page.locator(id("behind-color")).fill("#ff8000");
  assert.match(await behind(), /rgb\(255, 128, 0\)/);
  await page.locator(id("behind-file")).setInputFiles({ name: "beach.jpg", mimeType: "image/jpeg", buffer: pictures.photo("tulips") });
  await page.waitForFunction(() => getComputedStyle(document.querySelector('[data-testid="after"]')).backgroundImage.includes("blob:"));
  assert.deepEqual(await pressed(), ["behind-photo"]);
  await page.locator(id("behind-checkerboard")).click();
  assert.doesNotMatch(await behind(), /url/);
});

test("an opaque result has nothing behind it", async (t) => {
  const { page, url } = await open(t, { workers: 1 });
  const assets = await importFiles(page, [await product()]);
  const { batchId } = await run(page, withImages(pictures.chain("small", [["resize", { width: 64 }]]), { photos: assets }));
  await page.goto(`${url}#/batches/${encodeURIComponent(batchId)}`);
  await page.locator(`${id("execution-row")} .open`).click();
  await page.locator(`${id("after")} img`).waitFor();
  await page.waitForTimeout(300);
  assert.equal(await page.locator(id("behind")).count(), 0);
  assert.equal(await page.locator(`${id("detail-warnings")}, ${id("warning")}`).count(), 0);
});
