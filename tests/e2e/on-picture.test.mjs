// What a step places on its picture is moved on the preview itself: focal points, crop frames, watermarks and texts.

import assert from "node:assert/strict";
import sharp from "sharp";
import { violations } from "./support/axe.mjs";
import { open, suite, test } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;

/** Opens the page with a picture of 400 × 300 pixels whose left half is red, and this workflow. */
async function start(t, actions, options) {
  const red = await sharp({ create: { width: 200, height: 300, channels: 3, background: "#ff0000" } }).png().toBuffer();
  const buffer = await sharp({ create: { width: 400, height: 300, channels: 3, background: "#0000ff" } }).composite([{ input: red, left: 0, top: 0 }]).png().toBuffer();
  const session = await open(t, options);
  const { page } = session;
  await page.locator(id("drop-zone")).waitFor();
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(pictures.chain("placed", actions, { format: "png" })));
  await page.locator(id("file-input")).setInputFiles([{ name: "halves.png", mimeType: "image/png", buffer }]);
  await page.locator(id("live-preview")).waitFor();
  return session;
}

/** Waits until the preview shows the newest edits at full size. */
async function settled(page) {
  await page.locator(`${id("live-preview")}[aria-busy="false"] ${id("preview-facts")}`).waitFor();
}

/** Focuses the step of an action, unfolding it, as a click on its title does. */
async function work(page, action) {
  const group = page.locator(`${id("form")} .step[data-step="${action}"] details.group`);
  if (await group.evaluate((details) => details.open)) {
    await group.locator("input, textarea, select").first().focus();
  } else {
    await group.locator("summary").click();
  }
}

const field = (page, name) => page.locator(id(name));

/** The edit that would be undone. */
const undone = (page) => page.locator(id("undo")).getAttribute("title");

/** Drags an element by parts of the picture's width and height. */
async function drag(page, handle, across, down) {
  await handle.scrollIntoViewIfNeeded();
  const layer = await page.locator(".handles").boundingBox();
  const box = await handle.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + (across * layer.width) / 2, y + (down * layer.height) / 2, { steps: 3 });
  await page.mouse.move(x + across * layer.width, y + down * layer.height, { steps: 3 });
  await page.mouse.up();
}

/** The picture that is shown as the result. */
async function result(page) {
  await settled(page);
  const bytes = await page.locator(`${id("live-preview")} ${id("after")} img`).evaluate(async (image) => {
    const buffer = await (await fetch(image.src)).arrayBuffer();
    return btoa(String.fromCharCode(...new Uint8Array(buffer)));
  });
  return await pictures.decode(Buffer.from(bytes, "base64"));
}

test("a focal point is dragged and moved by keys, and decides what is kept", async (t) => {
  const { page } = await start(t, [["crop", { ratio: "1:2" }]]);
  await work(page, "crop-1");
  const ring = page.locator(id("handle-point"));
  await ring.waitFor();
  await page.locator(id("look-end"), { hasText: "Before “Crop 1”" }).waitFor();
  // The picture before the step, with all of its pixels.
  await page.locator(".tag.right", { hasText: "400 × 300" }).waitFor();
  assert.equal(await ring.getAttribute("aria-valuetext"), "50 % across, 50 % down");
  await drag(page, ring, -0.3, 0.25);
  const [x, y] = [field(page, "field-crop-1-focus-x"), field(page, "field-crop-1-focus-y")];
  assert.ok(Math.abs(Number(await x.inputValue()) - 0.2) < 0.01, await x.inputValue());
  assert.ok(Math.abs(Number(await y.inputValue()) - 0.75) < 0.01, await y.inputValue());
  assert.equal(await undone(page), "Undo: Move focal point");
  // One drag is one step.
  await page.locator(id("undo")).click();
  assert.equal(await x.inputValue(), "");
  await page.locator(id("redo")).click();
  const before = Number(await x.inputValue());
  await ring.focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Shift+ArrowUp");
  assert.ok(Math.abs(Number(await x.inputValue()) - (before - 0.02)) < 0.0015, await x.inputValue());
  assert.ok(Math.abs(Number(await y.inputValue()) - 0.65) < 0.01, await y.inputValue());
  assert.match(await ring.getAttribute("aria-valuetext"), /^18(\.\d)? % across, 65(\.\d)? % down$/);
  // What is kept is the left, red half.
  await page.locator(id("look-end")).click();
  await page.locator(".tag.right", { hasText: "150 × 300" }).waitFor();
  const kept = await result(page);
  assert.deepEqual([kept.width, kept.height], [150, 300]);
  assert.ok(kept.data.every((value, at) => value === [255, 0, 0, 255][at % 4]), "all of it is red");
});

test("a crop frame is moved and resized, even before a box is given", async (t) => {
  const { page } = await start(t, [["crop", {}]]);
  await work(page, "crop-1");
  const frame = page.locator(id("handle-frame"));
  await frame.waitFor();
  assert.equal(await frame.getAttribute("aria-valuetext"), "400 × 300 px, 0 px from the left, 0 px from the top");
  await drag(page, page.locator(id("handle--1-0")), 0.5, 0);
  await drag(page, page.locator(id("handle-1-1")), -0.25, -0.5);
  const value = async (name) => Number(await field(page, `field-crop-1-${name}`).inputValue());
  const box = [await value("x"), await value("y"), await value("width"), await value("height")];
  for (const [at, expected] of [200, 0, 100, 150].entries()) assert.ok(Math.abs(box[at] - expected) <= 4, box.join());
  assert.equal(await undone(page), "Undo: Resize crop");
  await frame.focus();
  await page.keyboard.press("Shift+ArrowDown");
  assert.equal(await value("y"), box[1] + 30);
  await page.locator(id("handle-0--1")).focus();
  await page.keyboard.press("ArrowDown");
  assert.equal(await value("y"), box[1] + 33);
  assert.equal(await value("height"), box[3] - 3);
  await page.locator(id("look-end")).click();
  await page.locator(".tag.right", { hasText: `${box[2]} × ${box[3] - 3}` }).waitFor();
  const kept = await result(page);
  assert.ok(kept.data.every((value, at) => value === [0, 0, 255, 255][at % 4] || at % kept.width < 8), "all of it is blue");
});

test("a text is dragged to another corner and takes its distance from the edges along", async (t) => {
  const { page } = await start(t, [["text", { text: "Pixels", size: 0.1, margin: 0.03 }]]);
  await work(page, "text-1");
  const box = page.locator(id("handle-box"));
  await box.waitFor();
  await page.locator(id("look-end"), { hasText: "After “Text 1”" }).waitFor();
  assert.equal(await box.getAttribute("aria-valuetext"), "Bottom, 3 % from the edges");
  // It lies where the letters are.
  const [layer, lies] = [await page.locator(".handles").boundingBox(), await box.boundingBox()];
  assert.ok(Math.abs(lies.x + lies.width / 2 - layer.x - layer.width / 2) < 2, JSON.stringify([layer, lies]));
  await drag(page, box, -0.9, -0.9);
  await page.locator(`${id("field-text-1-gravity")} input[value="northwest"]:checked`).waitFor();
  assert.equal(await field(page, "field-text-1-margin").inputValue(), "0");
  assert.equal(await undone(page), "Undo: Move text");
  await box.focus();
  for (let press = 0; press < 10; press += 1) {
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
  }
  const margin = Number(await field(page, "field-text-1-margin").inputValue());
  assert.ok(margin > 0.08 && margin < 0.16, `${margin}`);
  const shown = await result(page);
  const isLetter = (at) => shown.data[at * 4] > 150 && shown.data[at * 4 + 1] > 150;
  const letters = [...Array(shown.width * shown.height).keys()].filter(isLetter);
  const left = Math.min(...letters.map((at) => at % shown.width));
  assert.ok(left >= margin * 300 - 1 && left < margin * 300 + 12, `${left} for a margin of ${margin}`);
  await page.locator(id("undo")).click();
  assert.equal(await field(page, "field-text-1-margin").inputValue(), "0");
});

test("a finger drags, and the picture stays where it is", async (t) => {
  const { page } = await start(t, [["crop", { ratio: "1:2" }]], { context: { hasTouch: true, viewport: { width: 390, height: 844 } } });
  await work(page, "crop-1");
  const ring = page.locator(id("handle-point"));
  await ring.scrollIntoViewIfNeeded();
  const [layer, box] = [await page.locator(".handles").boundingBox(), await ring.boundingBox()];
  const client = await page.context().newCDPSession(page);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const touch = (type, points) => client.send("Input.dispatchTouchEvent", { type, touchPoints: points });
  await touch("touchStart", [{ x, y }]);
  for (const part of [0.3, 0.6, 1]) await touch("touchMove", [{ x: x + 0.25 * layer.width * part, y: y - 0.25 * layer.height * part }]);
  await touch("touchEnd", []);
  const focus = Number(await field(page, "field-crop-1-focus-x").inputValue());
  assert.ok(Math.abs(focus - 0.75) < 0.01, `${focus}`);
  const after = await page.locator(".handles").boundingBox();
  assert.ok(Math.abs(after.y - layer.y) < 1, "nothing was scrolled");
});

test("handles follow zoom and pan, and are accessible", async (t) => {
  const { page } = await start(t, [["crop", { ratio: "1:2", focus: { x: 0.5, y: 0.5 } }]], { context: { bypassCSP: true } });
  await work(page, "crop-1");
  const ring = page.locator(id("handle-point"));
  await ring.waitFor();
  assert.deepEqual(await violations(page), []);
  await page.locator(id("zoom-in")).click();
  await page.locator(id("zoom-in")).click();
  const [layer, image] = [await page.locator(".handles").boundingBox(), await page.locator(`${id("after")} img`).boundingBox()];
  assert.ok(Math.abs(layer.width - image.width) < 1 && Math.abs(layer.x - image.x) < 1, JSON.stringify([layer, image]));
  // The arrows belong to the handle.
  await ring.focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await field(page, "field-crop-1-focus-x").inputValue(), "0.51");
  const still = await page.locator(".handles").boundingBox();
  assert.deepEqual([still.x, still.y], [layer.x, layer.y]);
  // Another step has nothing to move.
  await page.locator(`${id("form")} .step[data-step="save"] details.group > summary`).click();
  await ring.waitFor({ state: "detached" });
  await page.locator(id("look-end")).waitFor({ state: "detached" });
});
