// What an automatic checker finds in every view: WCAG 2.2 A and AA, light and dark, wide and narrow.

import assert from "node:assert/strict";
import { ask, importFiles, open, run, suite, test, withImages } from "./support/harness.mjs";
import { violations } from "./support/axe.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);

for (const [colorScheme, width] of [["light", 1440], ["dark", 1440], ["light", 390], ["dark", 390]]) {
  test(`no view breaks a rule of accessibility: ${colorScheme}, ${width} pixels wide`, async (t) => {
    // The checker is a script of its own, which the page's policy would not let in.
    // The preview must not download the model before the page is offline.
    const prepare = (context) => context.route(/\/(network|u2netp)-\w+\.(wasm|onnx)$/, (route) => route.abort());
    const { page, url, context } = await open(t, { context: { colorScheme, viewport: { width, height: 900 }, bypassCSP: true }, prepare, errorsExpected: true });
    const check = async (view) => assert.deepEqual(await violations(page), [], view);
    await page.locator(id("drop-zone")).waitFor();
    await check("New batch, empty");
    const file = (name, buffer) => ({ name, mimeType: "image/jpeg", buffer });
    const photo = pictures.photo("cat");
    await page.locator(id("file-input")).setInputFiles([file("a.jpg", photo), file("b.jpg", photo), file("c.jpg", photo.subarray(0, 2000)), file("notes.txt", Buffer.from("no picture"))]);
    await page.locator(id("unreadable")).waitFor();
    await page.locator(id("explain")).click();
    await page.locator(`${id("form")} details.group`).evaluateAll((groups) => groups.forEach((group) => (group.open = true)));
    await check("New batch, with pictures");
    await page.locator(id("workflow-card-watermark-two-sizes")).click();
    await page.locator(id("drop-logo")).waitFor();
    await check("New batch, with a logo");
    await page.locator(id("workflow-card-product-cutout")).click();
    await page.evaluate(() => window.dispatchEvent(new CustomEvent("pixelmill-update", { detail: "ready" })));
    await context.setOffline(true);
    await page.locator(id("module-note")).waitFor();
    await page.locator(id("update")).waitFor();
    await check("New batch, offline and with a new version");
    await page.evaluate(() => window.dispatchEvent(new CustomEvent("pixelmill-update", { detail: "" })));
    await context.setOffline(false);
    await page.locator(id("workflow-card-own")).click();
    await page.locator(id("own-json")).fill("{ no JSON");
    await check("New batch, JSON");
    await page.locator(id("preferences")).click();
    await page.locator(id("storage-state")).waitFor();
    await check("Settings");
    await page.locator(id("preferences-close")).click();

    const assets = await importFiles(page, [{ name: "cat.jpg", bytes: photo }, { name: "logo.png", bytes: (await pictures.logo()).bytes }, { name: "bad.jpg", bytes: Buffer.from("none") }]);
    const { batchId } = await run(page, withImages(SMALL, { photos: assets }));
    await ask(page, "saveWorkflow", SMALL, { workflowId: "small" });
    await page.goto(`${url}#/batches`);
    await page.locator(id("batch-row")).waitFor();
    await check("Batches");
    await page.goto(`${url}#/batches/${batchId}`);
    await page.locator(id("execution-row")).nth(2).waitFor();
    await page.locator(`${id("execution-row")} ${id("mark")}`).first().check();
    await check("Results");
    for (const number of [1, 2, 3]) {
      await page.goto(`${url}#/batches/${batchId}/${number}`);
      await page.locator(`${id("detail")} h2`).waitFor();
      await check(`Results, picture ${number}`);
    }
  });
}

test("what is chosen can be told from what is not where the system forces its colours", async (t) => {
  const { page, url } = await open(t, { context: { forcedColors: "active" } });
  /** The looks of the elements, as far as forced colours leave them. */
  const looks = (selector) => page.locator(selector).evaluateAll((all) => all.map((element) => {
    const { backgroundColor, color, outlineStyle, outlineColor } = getComputedStyle(element);
    return [backgroundColor, color, outlineStyle === "none" ? "none" : outlineColor].join(" ");
  }));
  const differ = async (chosen, others) => {
    const [[one], rest] = [await looks(chosen), await looks(others)];
    assert.ok(one !== undefined && rest.length > 0, `${chosen} or ${others} is not there`);
    assert.ok(!rest.includes(one), `${chosen} looks like ${others}: ${one}`);
  };
  await page.locator(`${id("form")} details.group`).evaluateAll((groups) => groups.forEach((group) => (group.open = true)));
  await page.locator(id("field-resize-enlarge")).check();
  await differ(`${id("field-resize-enlarge")}:checked`, `.switch:not(:checked)`);
  await differ(".places-grid input:checked", ".places-grid input:not(:checked)");
  await differ(".header nav a[aria-current]", ".header nav a:not([aria-current])");
  await differ(".card:has(input:checked)", ".card:has(input:not(:checked))");
  const assets = await importFiles(page, ["cat", "moon"].map((name) => ({ name: `${name}.jpg`, bytes: pictures.photo(name) })));
  const { batchId } = await run(page, withImages(SMALL, { photos: assets }));
  await page.goto(`${url}#/batches/${batchId}/1`);
  await page.locator(`${id("detail")} h2`).waitFor();
  await differ('.segments button[aria-pressed="true"]', '.segments button[aria-pressed="false"]');
  await differ(".row.selected", ".row:not(.selected)");
  await differ(".bar .done", ".bar");
});
