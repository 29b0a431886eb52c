// The live preview of a new batch: the chosen workflow on one of the pictures, before anything runs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { ask, eventually, open, suite, test } from "./support/harness.mjs";
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

/** The place of the result in its pane, in CSS pixels. */
async function place(page) {
  return await page.locator(`${id("after")} .stage:not(.above)`).evaluate((stage) => {
    const [inner, outer] = [stage.getBoundingClientRect(), stage.parentElement.getBoundingClientRect()];
    return { left: inner.left - outer.left, top: inner.top - outer.top, width: inner.width, height: inner.height, pane: [outer.width, outer.height] };
  });
}

const scale = (page) => page.locator(id("zoom-scale")).innerText();

test("the preview is zoomed and moved by buttons, wheel, dragging, double click and keys", async (t) => {
  const { page } = await start(t, [file("cat.png", await photo(1200, 800))], sized(1200));
  await facts(page, /^cat\.png/);
  const frame = page.locator(id("before-after"));
  await frame.scrollIntoViewIfNeeded();
  const whole = await place(page);
  assert.deepEqual([whole.left, whole.top], [0, 0]);
  assert.ok(Math.abs(whole.width - whole.pane[0]) < 1, JSON.stringify(whole));
  // One pixel of the picture for each of the screen, around the middle.
  await page.locator(id("zoom-full")).click();
  assert.equal(await scale(page), "100 %");
  const full = await place(page);
  assert.equal(full.width, 1200);
  assert.ok(Math.abs(full.left + (1200 - full.pane[0]) / 2) < 1, JSON.stringify(full));
  // Dragging moves it, up to its edge.
  const box = await frame.boundingBox();
  const [x, y] = [box.x + box.width / 4, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 40, y + 30, { steps: 4 });
  await page.mouse.up();
  const moved = await place(page);
  assert.ok(Math.abs(moved.left - full.left - 40) < 1 && Math.abs(moved.top - full.top - 30) < 1, JSON.stringify([full, moved]));
  await page.mouse.down();
  await page.mouse.move(x + 3000, y + 3000, { steps: 3 });
  await page.mouse.up();
  assert.deepEqual([(await place(page)).left, (await place(page)).top], [0, 0]);
  // Keys, on the divider: plain arrows still move that.
  await page.locator(id("before-after-range")).focus();
  await page.keyboard.press("Shift+ArrowRight");
  assert.equal((await place(page)).left, -48);
  await page.keyboard.press("+");
  assert.equal(await scale(page), "150 %");
  await page.keyboard.press("0");
  assert.deepEqual(await place(page), whole);
  // The wheel zooms only with Ctrl, at the pointer.
  await page.mouse.move(x, y);
  await page.mouse.wheel(0, -100);
  assert.equal((await place(page)).width, whole.width);
  await frame.scrollIntoViewIfNeeded();
  const at = await frame.boundingBox();
  await page.mouse.move(at.x + 60, at.y + 50);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -200);
  await page.keyboard.up("Control");
  const wheeled = await place(page);
  assert.ok(wheeled.width > whole.width * 1.5, JSON.stringify(wheeled));
  const part = (value) => (60 - value.left) / value.width;
  assert.ok(Math.abs(part(wheeled) - part(whole)) < 0.005, "the point under the pointer stays");
  await frame.dblclick({ position: { x: 60, y: 50 } });
  assert.deepEqual(await place(page), whole);
  // A press that ends outside the frame is over.
  await page.locator(id("viewer-result")).click();
  await frame.hover({ position: { x: 60, y: 50 } });
  await page.mouse.down();
  await page.locator("h2").first().hover();
  await page.mouse.up();
  await page.locator(id("zoom-full")).click();
  const left = await place(page);
  await frame.hover({ position: { x: 100, y: 80 } });
  await frame.hover({ position: { x: 60, y: 50 } });
  assert.deepEqual(await place(page), left);
  await page.locator(id("zoom-fit")).click();
  await page.locator(id("viewer-slider")).click();
  // An edit leaves the view where it is.
  await frame.dblclick({ position: { x: 60, y: 50 } });
  const before = await place(page);
  await page.locator(id("own-json")).fill(JSON.stringify(pictures.chain("turned", [["flip", { direction: "vertical" }]], { format: "png" })));
  await page.locator(id("preview-facts"), { hasText: "cat.png" }).waitFor();
  await page.locator(`${id("live-preview")}[aria-busy="false"]`).waitFor();
  assert.deepEqual(await place(page), before);
});

test("side by side, the pixel under the pointer, and the histogram", async (t) => {
  // Left half red, right half a transparent blue.
  const red = await sharp({ create: { width: 50, height: 100, channels: 4, background: "#ff0000ff" } }).png().toBuffer();
  const bytes = await sharp({ create: { width: 100, height: 100, channels: 4, background: "#0000ff80" } }).composite([{ input: red, left: 0, top: 0, blend: "over" }]).png().toBuffer();
  const { page } = await start(t, [file("two.png", bytes)], pictures.chain("turned", [["flip", { direction: "horizontal" }]], { format: "png" }));
  await facts(page, /^two\.png/);
  await page.locator(id("viewer-side")).click();
  const [before, after] = [await page.locator(id("before")).boundingBox(), await page.locator(id("after")).boundingBox()];
  assert.ok(before.x + before.width <= after.x && Math.abs(before.width - after.width) < 1, "beside each other");
  assert.equal(await page.locator(id("before-after-range")).count(), 0);
  await page.mouse.move(after.x + after.width * 0.255, after.y + after.height * 0.505);
  assert.equal(await page.locator(id("readout")).innerText(), "25, 50 · before #ff0000 · after #0000ff80");
  await page.mouse.move(before.x + before.width * 0.755, before.y + before.height * 0.305);
  assert.equal(await page.locator(id("readout")).innerText(), "75, 30 · before #0000ff80 · after #ff0000");
  // Both are enlarged together.
  await page.locator(id("zoom-in")).click();
  await page.locator(id("zoom-in")).click();
  const widths = await page.locator(`${id("before-after")} .stage`).evaluateAll((stages) => stages.map((stage) => stage.getBoundingClientRect().width));
  assert.equal(widths[0], widths[1]);
  assert.ok(widths[0] > after.width, JSON.stringify(widths));
  await page.locator(id("viewer-result")).click();
  assert.equal(await page.locator(id("before")).isVisible(), false);
  await page.locator(id("histogram-switch")).click();
  // Luma of red is 54, of blue 18.
  await page.locator(id("histogram"), { hasText: "Shadows 100 %, midtones 0 %, highlights 0 %; black 0 %, white 0 %." }).waitFor();
  await page.locator(id("own-json")).fill(JSON.stringify(pictures.chain("light", [["adjust", { brightness: 100 }]], { format: "png" })));
  await page.locator(id("histogram")).getByText("Shadows 100 %").waitFor({ state: "detached" });
});

test("an edit shows on a reduced copy first, and then at full size", async (t) => {
  const [{ name, bytes, width, height }] = await pictures.photographs(1, 6);
  const bright = (exposure) => pictures.chain("bright", [["adjust", { exposure }]], { format: "jpeg" });
  const { page } = await start(t, [file(name, bytes, "image/jpeg")], bright(0.1));
  await facts(page, /JPEG/);
  const widths = async (workflow) => {
    await page.evaluate((after) => {
      window.widths = [];
      window.seen ??= document.addEventListener("load", ({ target }) => target.matches?.(after) && window.widths.push(target.naturalWidth), true) ?? true;
    }, `${id("live-preview")} ${id("after")} img`);
    await page.locator(id("own-json")).fill(JSON.stringify(workflow));
    await page.locator(`${id("live-preview")}[aria-busy="true"]`).waitFor();
    await page.locator(`${id("live-preview")}[aria-busy="false"]`).waitFor();
    await eventually(page, () => window.widths.length > 0);
    await page.waitForFunction((width) => window.widths.at(-1) === width, width);
    return await page.evaluate(() => window.widths);
  };
  assert.deepEqual(await widths(bright(0.6)), [1200, width]);
  // Whatever it is made of, the size is that of the result, and the figures are those of the file.
  await page.locator(".tag.right", { hasText: `${width} × ${height}` }).waitFor();
  await page.locator(`${id("preview-facts")}:not(.stale)`).waitFor();
  // Of grain a smaller picture would have coarser one.
  assert.deepEqual(await widths(pictures.chain("grain", [["grain", { amount: 30 }]], { format: "jpeg" })), [width]);
});

test("pinned pictures show every edit, lead to the preview, and can be let go", async (t) => {
  const { page } = await start(
    t,
    [file("wide.png", await photo(200, 120)), file("tall.png", await photo(120, 200)), file("small.png", await photo(60, 60))],
    sized(100),
  );
  await facts(page, /wide/);
  assert.equal(await page.locator(id("pinned-strip")).count(), 0);
  for (let round = 0; round < 2; round += 1) {
    await page.locator(id("preview-pin")).click();
    await page.locator(`${id("preview-pin")}[aria-pressed="true"]`).waitFor();
    await page.locator(id("preview-next")).click();
  }
  await facts(page, /small/);
  assert.equal(await page.locator(id("preview-pin")).getAttribute("aria-pressed"), "false");
  const sizes = () =>
    page.locator(`${id("pinned")} img`).evaluateAll((images) => images.map((image) => `${image.naturalWidth}x${image.naturalHeight}`));
  const becomes = (expected) =>
    eventually(
      page,
      (expected) => {
        const images = [...document.querySelectorAll('[data-testid="pinned"] img')];
        return JSON.stringify(images.map((image) => `${image.naturalWidth}x${image.naturalHeight}`)) === expected;
      },
      JSON.stringify(expected),
      15_000,
    ).catch(async (error) => assert.deepEqual(await sizes(), expected, String(error)));
  await becomes(["100x60", "100x167"]);
  await page.locator(id("own-json")).fill(JSON.stringify(sized(50)));
  await becomes(["50x30", "50x83"]);
  // One that fails says why, and comes back.
  await page.locator(id("own-json")).fill(JSON.stringify(pictures.chain("cut", [["crop", { x: 130, y: 0, width: 40, height: 30 }]], { format: "png" })));
  await page.locator(`${id("pinned")} .bad`).waitFor();
  assert.deepEqual(await sizes(), ["40x30"]);
  await page.locator(id("own-json")).fill(JSON.stringify(sized(50)));
  await becomes(["50x30", "50x83"]);
  await page.locator(id("pinned")).nth(1).click();
  await facts(page, /tall/);
  assert.equal(await page.locator(id("pinned")).nth(1).getAttribute("aria-pressed"), "true");
  await page.locator(id("unpin")).first().click();
  await becomes(["50x83"]);
  await page.locator(id("preview-pin")).click();
  await page.locator(id("pinned-strip")).waitFor({ state: "detached" });
});

test("the graph shows what each step gives, and follows edits", async (t) => {
  const [{ name, bytes }] = await pictures.photographs(1, 3);
  const gray = (actions) => pictures.chain("steps", actions, { format: "jpeg" });
  const { page } = await start(t, [file(name, bytes, "image/jpeg")], gray([["grayscale", {}], ["rotate", { angle: 90 }]]));
  await facts(page, /JPEG/);
  await page.locator(id("graph-switch")).click();
  const shape = async (step) => {
    const image = page.locator(id(`thumbnail-${step}`));
    await image.waitFor();
    return await image.evaluate(async (image) => {
      await image.decode();
      const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext("2d");
      canvas.drawImage(image, 0, 0);
      const { data } = canvas.getImageData(0, 0, image.naturalWidth, image.naturalHeight);
      const isGray = data.every((value, at) => at % 4 === 3 || Math.abs(value - data[at - (at % 4)]) < 8);
      return { isWide: image.naturalWidth > image.naturalHeight, isGray };
    });
  };
  assert.deepEqual(await shape("photos"), { isWide: true, isGray: false });
  assert.deepEqual(await shape("grayscale-1"), { isWide: true, isGray: true });
  assert.deepEqual(await shape("rotate-2"), { isWide: false, isGray: true });
  assert.deepEqual(await shape("save"), { isWide: false, isGray: true });
  const before = await page.locator(id("thumbnail-save")).getAttribute("src");
  await page.locator(id("own-json")).fill(JSON.stringify(gray([["grayscale", {}], ["rotate", { angle: 180 }]])));
  await page.waitForFunction(([selector, before]) => ![null, undefined, before].includes(document.querySelector(selector)?.src), [id("thumbnail-save"), before]);
  assert.deepEqual(await shape("save"), { isWide: true, isGray: true });
});

test("a newcomer's walk: two clicks to a first result, which is opened and downloaded", async (t) => {
  // A first visit: nothing is stored, and nothing was chosen before.
  const { page } = await open(t);
  await page.locator(id("samples")).waitFor();
  assert.equal((await ask(page, "listBatches")).batches.length, 0);
  const begin = performance.now();
  // The first click adds sample pictures; the preview shows at once what the workflow makes of one.
  await page.locator(id("samples")).click();
  await page.locator(id("picked-count"), { hasText: "3 pictures" }).waitFor();
  await page.locator(`${id("live-preview")} ${id("after")} img`).waitFor();
  // The second one runs the workflow, which leads to the results.
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(id("results")).waitFor();
  const first = page.locator(`${id("results")} ${id("execution-row")}[data-status="success"]`).first();
  await first.waitFor();
  const seconds = (performance.now() - begin) / 1000;
  t.diagnostic(`the first result after ${seconds.toFixed(1)} s`);
  assert.ok(seconds < 10, `the first result took ${seconds.toFixed(1)} s`);
  await eventually(page, async () => (await window.pixelmill.listBatches()).batches[0].status === "completed");
  assert.equal((await ask(page, "listBatches")).batches.length, 1);
  // A result opens with a click, before and after.
  await first.locator("button.open").click();
  const shown = page.locator(`${id("detail")} ${id("after")} img`);
  await shown.waitFor();
  // What is downloaded is what was shown, and a picture.
  const started = page.waitForEvent("download");
  await page.locator(`${id("detail")} ${id("download")}`).first().click();
  const download = await started;
  const bytes = readFileSync(await download.path());
  const { width, height, format } = await sharp(bytes).metadata();
  assert.ok(width > 0 && height > 0 && ["jpeg", "webp", "png", "avif"].includes(format), `${width} × ${height} ${format}`);
  assert.match(download.suggestedFilename(), /\.(jpe?g|webp|png|avif)$/);
});
