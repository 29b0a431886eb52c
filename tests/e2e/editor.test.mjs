// Editing a workflow's steps in the page: with the mouse, with the keyboard alone, and through the list of steps as a
// screen reader meets it.

import assert from "node:assert/strict";
import { ask, eventually, importFiles, open, run, suite, test, withImages } from "./support/harness.mjs";
import { violations } from "./support/axe.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const photos = ["cat", "moon", "tulips"];
const files = photos.map((name) => ({ name: `${name}.jpg`, mimeType: "image/jpeg", buffer: pictures.photo(name) }));

/** The steps as the list shows them, by their ids. */
const steps = (page) =>
  page.locator(`${id("form")} .step`).evaluateAll((all) => all.map((step) => step.getAttribute("data-step")));

async function untilSteps(page, expected) {
  await eventually(
    page,
    (expected) => {
      const shown = [...document.querySelectorAll('[data-testid="form"] .step')].map((step) => step.dataset.step);
      return JSON.stringify(shown) === expected;
    },
    JSON.stringify(expected),
    10_000,
  ).catch(async (error) => assert.deepEqual(await steps(page), expected, String(error)));
}

/** The stored document of a workflow as edges: `photos→trim trim→save`. */
async function graph(page, workflowId) {
  const { workflow } = await ask(page, "getWorkflow", workflowId);
  const edge = ({ connectionSource, connectionTarget, targetPort }) =>
    `${connectionSource}→${connectionTarget}${targetPort === "input-images" ? "" : `.${targetPort}`}`;
  return workflow.connections.map(edge).sort().join(" ");
}

/** Does something with a step, by its menu. */
async function choose(page, step, testid) {
  const frame = page.locator(`.step[data-step="${step}"]`);
  await frame.locator(id("step-menu")).click();
  await frame.locator(id(testid)).click();
}

/** What axe finds in both themes. */
async function violationsInBoth(page) {
  const all = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    all.push(...(await violations(page)).map((one) => `${colorScheme}: ${one}`));
  }
  return all;
}

async function save(page) {
  await page.locator(id("save-workflow")).click();
  await page.locator(id("save-workflow")).filter({ hasText: "Saved" }).waitFor();
}

test("a packshot workflow is built with the mouse, saved, published and run", async (t) => {
  const { page } = await open(t);
  await page.locator(id("new-workflow")).click();
  await page.locator(id("name-field")).fill("Packshot");
  await page.locator(id("name-yes")).click();
  await untilSteps(page, ["photos", "save"]);
  const add = async (action) => {
    await page.locator(id("add-step")).click();
    await page.locator(id(`palette-${action}`)).click();
    await page.locator(id(`form-${action}`)).waitFor();
  };
  await add("remove-background");
  await page.locator(id("field-remove-background-method")).selectOption("flat-backdrop");
  await add("pad");
  await add("drop-shadow");
  await untilSteps(page, ["photos", "remove-background", "pad", "drop-shadow", "save"]);
  // The shadow belongs before the margin.
  await choose(page, "drop-shadow", "step-up");
  await untilSteps(page, ["photos", "remove-background", "drop-shadow", "pad", "save"]);
  // A second, smaller file.
  await choose(page, "save", "step-add-after");
  await page.locator(id("palette-output")).click();
  await untilSteps(page, ["photos", "remove-background", "drop-shadow", "pad", "save", "save-2"]);
  await page.locator(id("field-save-2-name")).fill("{name}-small.{ext}");
  await page.locator(id("field-save-2-name")).press("Tab");
  await save(page);
  const expected =
    "drop-shadow→pad pad→save pad→save-2 photos→remove-background remove-background→drop-shadow";
  assert.equal(await graph(page, "packshot"), expected);

  await page.locator(id("file-input")).setInputFiles(files);
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  await page.locator(id("nav-new")).click();
  const menu = page.locator(".card-frame").filter({ hasText: "Packshot" }).locator(id("workflow-menu"));
  await menu.click();
  await page.locator(`${id("workflow-publish")}:enabled`).click();
  await page.locator(`${id("workflow-card-packshot")} ${id("workflow-status")}[data-status="published"]`).waitFor();

  // Everything is as it was left after a reload.
  await page.reload();
  await untilSteps(page, ["photos", "remove-background", "drop-shadow", "pad", "save", "save-2"]);
});

test("with the keyboard alone a workflow is built, and every edit is undone and redone by its name", async (t) => {
  const { page } = await open(t);
  await page.locator(id("new-workflow")).focus();
  await page.keyboard.press("Enter");
  await page.locator(id("name-field")).waitFor();
  await page.keyboard.type("Keys");
  await page.keyboard.press("Enter");
  await untilSteps(page, ["photos", "save"]);
  const focused = () => page.evaluate(() => document.activeElement?.closest(".step")?.dataset.step);
  const add = async (words, becomes) => {
    await page.keyboard.press("/");
    await page.locator(`${id("palette")}[open]`).waitFor();
    await page.keyboard.type(words);
    await page.keyboard.press("Enter");
    await page.waitForFunction((step) => document.activeElement?.closest(".step")?.dataset.step === step, becomes);
  };
  await page.locator('[data-testid="form-photos"] > summary').focus();
  await add("grayscale", "grayscale");
  await add("resize", "resize");
  await add("sharp", "sharpen");
  await page.keyboard.press("Alt+ArrowUp");
  await untilSteps(page, ["photos", "grayscale", "sharpen", "resize", "save"]);
  await page.waitForFunction(() => document.activeElement?.closest(".step")?.dataset.step === "sharpen");
  // The ends of the chain stay: nothing moves before the pictures come in.
  await page.keyboard.press("Alt+ArrowUp");
  await untilSteps(page, ["photos", "sharpen", "grayscale", "resize", "save"]);
  await page.keyboard.press("Alt+ArrowUp");
  await untilSteps(page, ["photos", "sharpen", "grayscale", "resize", "save"]);
  assert.equal(await focused(), "sharpen");
  // The menu of a step: Tab reaches it after the step.
  await page.locator('.step[data-step="grayscale"]').locator(id("step-menu")).focus();
  await page.keyboard.press("Enter");
  await page.locator(`.step[data-step="grayscale"] ${id("step-remove")}`).focus();
  await page.keyboard.press("Enter");
  await untilSteps(page, ["photos", "sharpen", "resize", "save"]);

  const undone = [];
  const undo = page.locator(id("undo"));
  while (await undo.isEnabled()) {
    undone.push((await undo.getAttribute("title")).replace("Undo: ", ""));
    await undo.click();
  }
  assert.deepEqual(undone, [
    "Remove Grayscale",
    "Move Sharpen",
    "Move Sharpen",
    "Add Sharpen",
    "Add Resize",
    "Add Grayscale",
  ]);
  await untilSteps(page, ["photos", "save"]);
  const redo = page.locator(id("redo"));
  while (await redo.isEnabled()) await redo.click();
  await untilSteps(page, ["photos", "sharpen", "resize", "save"]);

  // With some of it undone, a reload changes neither what was done nor what can be done again.
  await undo.click();
  await undo.click();
  await untilSteps(page, ["photos", "grayscale", "sharpen", "resize", "save"]);
  const titles = async () => [await undo.getAttribute("title"), await redo.getAttribute("title")];
  const before = await titles();
  assert.deepEqual(before, ["Undo: Move Sharpen", "Redo: Move Sharpen"]);
  await page.reload();
  await undo.waitFor();
  assert.deepEqual(await titles(), before);
  while (await redo.isEnabled()) await redo.click();
  await untilSteps(page, ["photos", "sharpen", "resize", "save"]);
  while (await undo.isEnabled()) await undo.click();
  await untilSteps(page, ["photos", "save"]);
});

test("a step is copied, cut and pasted with its settings, in the list and the graph, and from one workflow into another", async (t) => {
  const { page } = await open(t, { context: { permissions: ["clipboard-read", "clipboard-write"] } });
  await page.locator(id("workflow-card-watermark-two-sizes")).click();
  const focusStep = (step) => page.locator(`${id(`form-${step}`)} > summary`).focus();
  const focused = () => page.evaluate(() => document.activeElement?.closest("[data-step]")?.dataset.step);
  await focusStep("watermark");
  await page.keyboard.press("Control+c");
  assert.equal(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())).actionType, "watermark");
  await page.locator(id("new-workflow")).click();
  await page.locator(id("name-yes")).click();
  await untilSteps(page, ["photos", "save"]);
  await focusStep("photos");
  await page.keyboard.press("Control+v");
  await untilSteps(page, ["photos", "overlay", "watermark", "save"]);
  assert.equal(await focused(), "watermark");
  assert.equal(await page.locator(id("undo")).getAttribute("title"), "Undo: Paste Watermark");
  const { opacity } = pictures.builtIn("watermark-two-sizes").actions.find(({ actionType }) => actionType === "watermark").parameters;
  assert.equal(Number(await page.locator(id("field-watermark-opacity")).inputValue()), opacity);
  // Cut in the graph, pasted after another step there.
  await page.keyboard.press("Control+x");
  await untilSteps(page, ["photos", "save"]);
  await page.locator(id("graph-switch")).click();
  await page.locator(id("node-photos")).focus();
  await page.keyboard.press("Control+v");
  await untilSteps(page, ["photos", "overlay", "watermark", "save"]);
  await page.waitForFunction(() => document.activeElement?.dataset.testid === "node-watermark");
  // Other text is not for steps, and a field keeps its own.
  await page.evaluate(() => navigator.clipboard.writeText("no step"));
  await page.keyboard.press("Control+v");
  await page.locator(id("add-step")).click();
  await page.locator(id("palette-search")).focus();
  await page.keyboard.press("Control+v");
  assert.equal(await page.locator(id("palette-search")).inputValue(), "no step");
  await page.keyboard.press("Escape");
  assert.deepEqual(await steps(page), ["photos", "overlay", "watermark", "save"]);
});

test("further pictures are connected, and the preview shows what each step makes", async (t) => {
  const { page } = await open(t);
  await page.locator(id("new-workflow")).click();
  await page.locator(id("name-yes")).click();
  await untilSteps(page, ["photos", "save"]);
  for (const action of ["grayscale", "watermark"]) {
    await page.locator(id("add-step")).click();
    await page.locator(id("palette-search")).fill(action);
    await page.locator(id(`palette-${action}`)).click();
    await page.locator(id(`form-${action}`)).waitFor();
  }
  await untilSteps(page, ["photos", "grayscale", "overlay", "watermark", "save"]);
  await page.locator(id("file-input")).setInputFiles([files[0]]);
  await page.locator(id("logo-input")).setInputFiles([
    { name: "logo.png", mimeType: "image/png", buffer: (await pictures.logo(64)).bytes },
  ]);
  await page.locator(`${id("live-preview")}[aria-busy="false"] ${id("preview-facts")}`).waitFor();
  // What the workflow's first step makes: a gray picture without the logo.
  await choose(page, "grayscale", "step-look");
  const chip = page.locator(id("look-end"));
  await chip.filter({ hasText: "After “Grayscale”" }).waitFor();
  const shown = async () => {
    await page.waitForTimeout(300);
    await page.locator(`${id("live-preview")}[aria-busy="false"]`).waitFor();
    const bytes = await page.locator(`${id("live-preview")} ${id("after")} img`).evaluate(async (image) => {
      const buffer = await (await fetch(image.src)).arrayBuffer();
      return btoa(String.fromCharCode(...new Uint8Array(buffer)));
    });
    return await pictures.decode(Buffer.from(bytes, "base64"), { alpha: false });
  };
  const spread = ({ data, channels }) => {
    let most = 0;
    for (let at = 0; at < data.length; at += channels) {
      most = Math.max(most, Math.abs(data[at] - data[at + 1]), Math.abs(data[at] - data[at + 2]));
    }
    return most;
  };
  assert.ok(spread(await shown()) <= 2, "gray all over");
  await chip.click();
  assert.ok(spread(await shown()) > 30, "the logo has colours");
  // The watermark on the pictures as they came in.
  await page.locator(id("plug-watermark-input-images")).selectOption({ label: "Photos" });
  assert.equal(await page.locator(id("undo")).getAttribute("title"), "Undo: Connect Works on");
  await save(page);
  const stored = (await ask(page, "listWorkflows")).workflows[0].workflowId;
  assert.equal(
    await graph(page, stored),
    "overlay→watermark.overlay photos→grayscale photos→watermark watermark→save",
  );
});

test("the palette can be searched, says when nothing matches, and is accessible", async (t) => {
  const { page } = await open(t, { context: { bypassCSP: true } });
  await page.locator(id("add-step")).click();
  const search = page.locator(id("palette-search"));
  await search.waitFor();
  assert.ok((await page.locator(".palette-option").count()) > 40);
  assert.deepEqual(await violationsInBoth(page), []);
  await search.fill("zebra");
  await page.getByText("No action matches.").waitFor();
  await search.fill("shadow");
  assert.equal(await page.locator(".palette-option").first().getAttribute("data-testid"), "palette-drop-shadow");
  await page.keyboard.press("Escape");
  await page.locator(`${id("palette")}:not([open])`).waitFor({ state: "attached" });
  assert.equal(await page.locator(id("undo")).isEnabled(), false, "nothing was added");
});

/** The middle of an element, in the window. */
async function middle(page, selector) {
  const { x, y, width, height } = await page.locator(selector).boundingBox();
  return [x + width / 2, y + height / 2];
}

async function drag(page, from, to) {
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, { steps: 4 });
  await page.mouse.move(...to, { steps: 4 });
  await page.mouse.up();
}

async function start(page, name, actions) {
  await page.locator(id("new-workflow")).click();
  await page.locator(id("name-field")).fill(name);
  await page.locator(id("name-yes")).click();
  await untilSteps(page, ["photos", "save"]);
  for (const action of actions) {
    await page.locator(id("add-step")).click();
    await page.locator(id(`palette-${action}`)).click();
    await page.locator(id(`form-${action}`)).waitFor();
  }
  await page.locator(id("graph-switch")).click();
  await page.locator(id("node-photos")).waitFor();
}

test("in the graph steps are connected, branched and filled in with the mouse", async (t) => {
  const { page } = await open(t);
  await page.setViewportSize({ width: 1440, height: 900 });
  await start(page, "Drawn", ["grayscale"]);
  await page.locator(id("graph-panel")).scrollIntoViewIfNeeded();
  // Dropped on nothing: the palette opens, and the step follows the one that was dragged from.
  const out = await middle(page, id("out-photos-outputs"));
  await drag(page, out, [out[0] + 40, out[1] + 150]);
  // Only what takes pictures is offered.
  await page.locator(id("palette-output")).waitFor();
  assert.equal(await page.locator(id("palette-input-text")).count(), 0);
  await page.locator(id("palette-output")).click();
  await page.locator(id("node-save-2")).waitFor();
  // Into a connection.
  await page.locator(id("wire-photos-save-2")).click({ force: true });
  await page.locator(id("wire-add")).click();
  await page.locator(id("palette-sepia")).click();
  await page.locator(id("node-sepia")).waitFor();
  await save(page);
  assert.equal(await graph(page, "drawn"), "grayscale→save photos→grayscale photos→sepia sepia→save-2");
  // From port to port: the second file gets what the first gets.
  await drag(page, await middle(page, id("out-grayscale-outputs")), await middle(page, id("in-save-2-input-images")));
  await save(page);
  assert.equal(await graph(page, "drawn"), "grayscale→save grayscale→save-2 photos→grayscale photos→sepia");
  // Click and click; inputs that would make a cycle are dimmed.
  await page.locator(id("out-sepia-outputs")).click();
  assert.ok(await page.locator(`${id("in-sepia-input-images")}.dim`).isVisible());
  await page.locator(id("in-grayscale-input-images")).click();
  await save(page);
  assert.equal(await graph(page, "drawn"), "grayscale→save grayscale→save-2 photos→sepia sepia→grayscale");
  // A connection is removed.
  await page.locator(id("wire-grayscale-save-2")).click({ force: true });
  await page.waitForFunction(() => document.activeElement?.dataset.testid === "wire-add");
  await page.keyboard.press("Delete");
  await page.locator(id("wire-grayscale-save-2")).waitFor({ state: "detached" });
  await page.locator(".node.wrong").filter({ hasText: "Save 2" }).waitFor();
  await page.locator(id("undo")).click();
  await page.locator(id("wire-grayscale-save-2")).waitFor({ state: "attached" });
});

test("the graph is walked and edited with the keyboard alone, and is accessible", async (t) => {
  const { page } = await open(t, { context: { bypassCSP: true } });
  await start(page, "Walked", ["grayscale", "watermark"]);
  const focused = () => page.evaluate(() => document.activeElement?.dataset.testid);
  const arrives = (testid) => page.waitForFunction((testid) => document.activeElement?.dataset.testid === testid, testid);
  await page.locator(id("node-photos")).focus();
  await page.keyboard.press("ArrowRight");
  await arrives("node-grayscale");
  await page.keyboard.press("ArrowRight");
  await arrives("node-watermark");
  // Tab leads to its output, Enter begins a connection there, and Tab to an input that it may lead to.
  await page.keyboard.press("ArrowLeft");
  await arrives("node-grayscale");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "out-grayscale-outputs");
  await page.keyboard.press("Enter");
  await page.getByText("Connecting from Grayscale.").waitFor();
  for (let presses = 0; (await focused()) !== "in-watermark-overlay" && presses < 20; presses++) await page.keyboard.press("Tab");
  assert.equal(await focused(), "in-watermark-overlay");
  await page.keyboard.press("Enter");
  await page.locator(id("wire-grayscale-watermark")).nth(1).waitFor({ state: "attached" });
  await page.locator(id("node-overlay")).focus();
  await page.keyboard.press("Delete");
  await untilSteps(page, ["photos", "grayscale", "watermark", "save"]);
  // A step after the focused one, and its settings.
  await page.locator(id("node-grayscale")).focus();
  await page.keyboard.press("/");
  await page.locator(`${id("palette")}[open]`).waitFor();
  await page.keyboard.type("sepia");
  await page.keyboard.press("Enter");
  await untilSteps(page, ["photos", "grayscale", "sepia", "watermark", "save"]);
  await page.locator(id("node-watermark")).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.closest(".step")?.dataset.step === "watermark");
  // In its own size: zoomed out, ports are smaller than targets should be, and the list of steps has the same controls.
  while (Number.parseInt(await page.locator(".graph-scale").innerText(), 10) < 100) await page.locator(id("graph-larger")).click();
  assert.deepEqual(await violationsInBoth(page), []);
});

/** The place of a step in the graph, in its pixels. */
const place = (page, step) =>
  page.locator(`.node[data-step="${step}"]`).evaluate((node) => [Number.parseFloat(node.style.left), Number.parseFloat(node.style.top)]);

const selected = (page) => page.locator(".node.selected").evaluateAll((all) => all.map((node) => node.dataset.step).sort());

test("in the graph steps are put elsewhere with the mouse and with keys, and stay there", async (t) => {
  const { page } = await open(t);
  await page.setViewportSize({ width: 1440, height: 900 });
  await start(page, "Placed", ["grayscale", "sepia"]);
  await page.locator(id("graph-panel")).scrollIntoViewIfNeeded();
  await page.locator(id("graph-larger")).click();
  const before = { sepia: await place(page, "sepia"), save: await place(page, "save"), photos: await place(page, "photos") };
  const head = await middle(page, id("node-grayscale"));
  await drag(page, head, [head[0] + 10, head[1] + 90]);
  await page.locator(id("graph-arrange")).waitFor();
  const put = await place(page, "grayscale");
  assert.ok(put[1] > before.sepia[1] + 50, `${put}`);
  assert.deepEqual(put.map((length) => length % 8), [0, 0], "on the grid");
  assert.deepEqual(await place(page, "photos"), before.photos, "what comes before stays");
  assert.equal((await place(page, "sepia"))[1], put[1], "what follows comes along");
  await page.waitForFunction(() => document.activeElement?.dataset.testid === "node-grayscale");
  await page.keyboard.press("Alt+ArrowUp");
  await eventually(page, (y) => Number.parseFloat(document.querySelector('.node[data-step="grayscale"]').style.top) === y, put[1] - 16, 5000);
  // One step of undo for each move, and all of them together by the button.
  await page.locator(id("undo")).click();
  await eventually(page, (y) => Number.parseFloat(document.querySelector('.node[data-step="grayscale"]').style.top) === y, put[1], 5000);
  await save(page);
  const { workflow } = await ask(page, "getWorkflow", "placed");
  assert.deepEqual(workflow.actions.find(({ actionId }) => actionId === "grayscale").position, { x: put[0], y: put[1] });
  assert.ok(!("position" in workflow.actions.find(({ actionId }) => actionId === "sepia")));
  await page.locator(id("graph-arrange")).click();
  await page.locator(id("graph-arrange")).waitFor({ state: "detached" });
  assert.deepEqual(await place(page, "sepia"), before.sepia);
});

test("several steps of the graph are selected, duplicated, turned off, copied and removed as one edit", async (t) => {
  const { page } = await open(t, { context: { bypassCSP: true } });
  await page.setViewportSize({ width: 1440, height: 900 });
  await start(page, "Several", ["grayscale", "sepia", "invert"]);
  await page.locator(id("graph-panel")).scrollIntoViewIfNeeded();
  // By clicks.
  await page.locator(id("node-grayscale")).click();
  assert.equal(await page.locator(id("graph-bar")).count(), 0);
  await page.locator(id("node-sepia")).click({ modifiers: ["Shift"] });
  await page.locator(id("graph-bar")).getByText("2 steps").waitFor();
  assert.deepEqual(await selected(page), ["grayscale", "sepia"]);
  // In its own size, as above.
  const scale = async () => Number.parseInt(await page.locator(".graph-scale").innerText(), 10);
  while ((await scale()) < 100) await page.locator(id("graph-larger")).click();
  assert.deepEqual(await violationsInBoth(page), []);
  await page.locator(id("graph-fit")).click();
  await page.locator(id("graph-off")).click();
  await page.locator(".node.off").nth(1).waitFor();
  await page.locator(id("undo")).click();
  await page.locator(".node.off").first().waitFor({ state: "detached" });
  // By a rectangle from the empty corner above the steps.
  const frame = await page.locator(id("graph")).boundingBox();
  const box = await page.locator('.node[data-step="invert"]').boundingBox();
  await page.keyboard.down("Shift");
  await drag(page, [box.x + box.width - 20, frame.y + frame.height - 8], [box.x - 60, box.y + 20]);
  await page.keyboard.up("Shift");
  assert.deepEqual(await selected(page), ["invert", "sepia"]);
  await page.waitForFunction(() => document.activeElement?.closest(".node.selected"));
  // Copied into the same workflow with their connection, after the focused one.
  const clipboard = await page.evaluate(() => {
    const data = new DataTransfer();
    document.activeElement.dispatchEvent(new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true }));
    return data.getData("text/plain");
  });
  assert.deepEqual(JSON.parse(clipboard).actions.map(({ actionId }) => actionId), ["sepia", "invert"]);
  assert.equal(JSON.parse(clipboard).connections.length, 1);
  await page.locator(id("node-photos")).focus();
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, clipboard);
  await page.locator(id("node-invert-2")).waitFor();
  await save(page);
  assert.equal(
    await graph(page, "several"),
    "grayscale→sepia invert-2→grayscale invert→save photos→sepia-2 sepia-2→invert-2 sepia→invert",
  );
  // By keys: all, or one after the other; removing them leaves a connected chain.
  await page.locator(id("node-sepia-2")).focus();
  await page.keyboard.press("Shift+ArrowRight");
  assert.deepEqual(await selected(page), ["invert-2", "sepia-2"]);
  await page.keyboard.press("Delete");
  await page.locator(id("node-invert-2")).waitFor({ state: "detached" });
  await page.locator(id("node-grayscale")).focus();
  await page.keyboard.press("Control+a");
  assert.equal((await selected(page)).length, 5);
  await page.keyboard.press("Escape");
  assert.deepEqual(await selected(page), ["grayscale"], "the one with the focus");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Control+d");
  await page.locator(id("node-sepia-2")).waitFor();
  await save(page);
  assert.equal(await graph(page, "several"), "grayscale-2→sepia-2 grayscale→sepia invert→save photos→grayscale sepia-2→invert sepia→grayscale-2");
});

test("a frame is put around steps, moved with them, renamed and taken away, in the graph and the list", async (t) => {
  const { page } = await open(t, { context: { bypassCSP: true } });
  await page.setViewportSize({ width: 1440, height: 900 });
  await start(page, "Framed", ["grayscale", "sepia", "invert"]);
  await page.locator(id("graph-panel")).scrollIntoViewIfNeeded();
  await page.locator(id("node-grayscale")).click();
  await page.locator(id("node-sepia")).click({ modifiers: ["Shift"] });
  await page.locator(id("graph-frame")).click();
  await page.locator(id("name-field")).fill("Old look");
  await page.locator(id("name-yes")).click();
  const title = page.locator(id("graph-frame-title"));
  await title.getByText("Old look").waitFor();
  const around = async () => {
    const box = await page.locator(id("graph-frame-box")).boundingBox();
    const inside = async (step) => {
      const { x, y, width, height } = await page.locator(`.node[data-step="${step}"]`).boundingBox();
      return box.x < x && box.y < y && x + width < box.x + box.width && y + height < box.y + box.height;
    };
    return [await inside("photos"), await inside("grayscale"), await inside("sepia"), await inside("invert")];
  };
  assert.deepEqual(await around(), [false, true, true, false]);
  // In its own size, as others.
  const scale = async () => Number.parseInt(await page.locator(".graph-scale").innerText(), 10);
  while ((await scale()) < 100) await page.locator(id("graph-larger")).click();
  assert.deepEqual(await violationsInBoth(page), []);
  await page.locator(id("graph-fit")).click();
  // Its title selects its steps and moves them.
  await page.locator(id("node-invert")).click();
  const from = await middle(page, id("graph-frame-title"));
  const before = [await place(page, "grayscale"), await place(page, "sepia")];
  await drag(page, from, [from[0] + 4, from[1] + 60]);
  await page.locator(id("graph-arrange")).waitFor();
  assert.deepEqual(await selected(page), ["grayscale", "sepia"]);
  const after = [await place(page, "grayscale"), await place(page, "sepia")];
  assert.ok(after[0][1] > before[0][1] + 20, `${after}`);
  assert.deepEqual([after[1][0] - after[0][0], after[1][1] - after[0][1]], [before[1][0] - before[0][0], before[1][1] - before[0][1]]);
  assert.deepEqual((await around()).slice(1, 3), [true, true]);
  // By keys, and as the list says it.
  await title.focus();
  await page.keyboard.press("Enter");
  await page.locator(id("graph-frame")).getByText("Rename the frame").waitFor();
  await page.locator(id("graph-frame")).click();
  await page.locator(id("name-field")).fill("Antique");
  await page.keyboard.press("Enter");
  await title.getByText("Antique").waitFor();
  await page.locator(id("step-frame")).filter({ hasText: "In the frame “Antique”" }).nth(1).waitFor();
  await choose(page, "invert", "step-frame-set");
  await page.locator(id("name-field")).fill("Antique");
  await page.locator(id("name-yes")).click();
  await page.locator(id("step-frame")).nth(2).waitFor();
  assert.deepEqual((await around()).slice(1), [true, true, true]);
  await choose(page, "grayscale", "step-frame-leave");
  await page.locator(id("step-frame")).nth(2).waitFor({ state: "detached" });
  await page.locator(id("undo")).click();
  await page.locator(id("step-frame")).nth(2).waitFor();
  await page.locator(id("redo")).click();
  await page.locator(id("step-frame")).nth(2).waitFor({ state: "detached" });
  await save(page);
  const { workflow } = await ask(page, "getWorkflow", "framed");
  assert.deepEqual(workflow.actions.filter(({ frame }) => frame === "Antique").map(({ actionId }) => actionId), ["sepia", "invert"]);
  const found = await ask(page, "validateWorkflow", workflow);
  assert.deepEqual(found.map(({ code }) => code), ["no_images"], "a frame is no problem");
});

test("a note is read in the list and the graph, and takes no part in the run", async (t) => {
  const { page } = await open(t);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.locator(id("file-input")).setInputFiles(files[0]);
  await start(page, "Noted", ["grayscale", "note"]);
  await untilSteps(page, ["photos", "grayscale", "note", "save"]);
  await page.locator(id("field-note-text")).fill("The shop wants these\nwithout colour.");
  await page.locator(id("field-note-text")).blur();
  await page.locator(".node-note").filter({ hasText: "The shop wants these" }).waitFor();
  await save(page);
  assert.equal(await graph(page, "noted"), "grayscale→save photos→grayscale");
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
});

test("a small map of a long graph shows what is in sight, and leads to what is pressed", async (t) => {
  const { page } = await open(t);
  await page.setViewportSize({ width: 1440, height: 900 });
  await start(page, "Long", ["grayscale"]);
  assert.equal(await page.locator(id("minimap")).count(), 0, "all is in sight");
  for (let round = 0; round < 12; round += 1) await page.locator(id("graph-larger")).click();
  const map = page.locator(id("minimap"));
  await map.waitFor();
  const isInSight = async (step) => {
    const frame = await page.locator(id("graph")).boundingBox();
    const box = await page.locator(`.node[data-step="${step}"]`).boundingBox();
    return box.x >= frame.x - 1 && box.x + box.width <= frame.x + frame.width + 1;
  };
  const edges = await map.boundingBox();
  const at = (share) => [edges.x + edges.width * share, edges.y + edges.height / 2];
  await drag(page, at(0.5), at(0.98));
  assert.ok(await isInSight("save"));
  assert.ok(!(await isInSight("photos")));
  await drag(page, at(0.5), at(0.02));
  assert.ok(await isInSight("photos"));
});

test("a workflow goes into a link and opens from it, without pictures, and a damaged link says so", async (t) => {
  const { page, url } = await open(t, { context: { permissions: ["clipboard-read", "clipboard-write"] } });
  await page.locator(id("workflow-card-watermark-two-sizes")).click();
  await choose(page, "watermark", "step-off");
  await page.locator(id("copy-link")).click();
  await page.getByText("Link copied.").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(link.startsWith(`${url}#/new?workflow=`), link);
  assert.ok(link.length < 2000, `${link.length} characters`);
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.goto(link);
  await page.getByText("was opened from a link").waitFor();
  await page.locator('.step[data-step="watermark"].off').waitFor();
  assert.equal(new URL(page.url()).hash, "#/new", "a reload does not open it again");
  assert.ok(await page.locator(`${id("workflow-card-own")} input`).isChecked());
  await page.locator(id("undo")).click();
  await page.goto(link.slice(0, -40));
  await page.getByText("The link contains no workflow that can be read.").waitFor();
});

test("pictures pass a step that is turned off", async (t) => {
  const { page } = await open(t);
  const [photo] = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  const workflow = pictures.chain("off", [["resize", { width: 64 }], ["grayscale", {}]], { format: "png" });
  workflow.actions.find(({ actionType }) => actionType === "resize").disabled = true;
  const { executions: all } = await run(page, withImages(workflow, { photos: [photo] }));
  const { width } = await pictures.decode(pictures.photo("cat"));
  assert.equal(all[0].outputs[0].width, width);
});

test("actions have icons of their own in the palette, and steps theirs in the list and the graph", async (t) => {
  const { page } = await open(t);
  await page.locator(id("workflow-card-watermark-two-sizes")).click();
  await page.locator(id("add-step")).click();
  await page.locator(".palette-option").first().waitFor();
  const drawn = await page.locator(".palette-option svg.icon path").evaluateAll((paths) => paths.map((path) => path.getAttribute("d")));
  assert.equal(drawn.length, await page.locator(".palette-option").count());
  assert.equal(new Set(drawn).size, drawn.length, "each is drawn once");
  await page.keyboard.press("Escape");
  const watermark = await page.locator('.step[data-step="watermark"] .muted > svg.icon path').evaluateAll((paths) => paths.map((path) => path.getAttribute("d")));
  assert.ok(watermark.length === 1 && drawn.includes(watermark[0]));
  await page.locator(id("graph-switch")).click();
  await page.locator(".node").first().waitFor();
  assert.equal(await page.locator(".node-title svg.icon").count(), await page.locator(".node").count());
  assert.equal(await page.locator('.node[data-step="watermark"] .node-title path').getAttribute("d"), watermark[0]);
});
