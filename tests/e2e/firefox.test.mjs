// What other sites embed, in Firefox: in the page itself, and in a frame of another site. Skipped where it is not installed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { serve, suite, test } from "./support/harness.mjs";
import { FIREFOX, startFirefox } from "./support/firefox.mjs";
import { deploymentFor, here, framed, serveShop } from "./support/shop.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const MIRROR = pictures.chain("mirror", [["flip", { direction: "horizontal" }]], { format: "png" });
const MARKUP = (isolation) => `<pixel-mill id="one" workflow="mirror.json" layout="results" isolation="${isolation}"></pixel-mill>`;

for (const [isolation, policy] of [["none", here], ["frame", framed]]) {
  test(`an element runs a batch in Firefox, isolation="${isolation}"`, async (t) => {
    if (!FIREFOX) return t.skip("Firefox is not installed");
    const deployment = isolation === "frame" ? await deploymentFor(["*"]) : await serve(undefined, { cors: true });
    t.after(() => deployment.stop());
    const shop = await serveShop({ deployment, policy, markup: () => MARKUP(isolation), files: { "mirror.json": JSON.stringify(MIRROR) } });
    t.after(() => shop.stop());
    const firefox = await startFirefox(t);
    // Another site than the deployment, not only another origin.
    const tab = await firefox.open(shop.url.replace("127.0.0.1", "localhost"));
    await tab.until(() => window.heard.some(({ name }) => name === "ready" || name === "error"));
    const photo = await sharp(pictures.photo("cat")).resize(140, 90, { fit: "fill" }).png().toBuffer();
    const results = await tab.evaluate(async (text) => {
      const element = document.querySelector("#one");
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      await element.addFiles([new File([bytes], "cat-0.png", { type: "image/png" })]);
      const ended = new Promise((resolve) => element.addEventListener("pixelmill-batchcompleted", ({ detail }) => resolve(detail.status)));
      await element.run();
      const status = await ended;
      const [{ name, blob }] = await element.results();
      const { hash, title } = { hash: location.hash, title: document.title };
      return { status, name, hash, title, text: btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer()))) };
    }, photo.toString("base64"));
    const { text, ...others } = results;
    assert.deepEqual(others, { status: "completed", name: "cat-0.png", hash: "", title: "Shop" });
    const expected = await pictures.decode(await sharp(photo).flop().png().toBuffer());
    pictures.assertNear(await pictures.decode(Buffer.from(text, "base64")), expected, { largest: 0 }, isolation);
  });
}

/** What becomes of a file when the page runs a workflow over it: the file is made of parts, each in base64 or so many zeros. */
async function runFile(t, name, parts, workflow) {
  const deployment = await serve();
  t.after(() => deployment.stop());
  const tab = await (await startFirefox(t)).open(deployment.url);
  await tab.until(() => window.pixelmill !== undefined);
  const [status, type, text] = await tab.evaluate(
    async (fileName, parts, workflow) => {
      const { pixelmill } = window;
      const bytes = (part) => (typeof part === "number" ? new Uint8Array(part) : Uint8Array.from(atob(part), (character) => character.charCodeAt(0)));
      const [{ name, url }] = await pixelmill.importAssets([new File(parts.map(bytes), fileName)]);
      workflow.actions[0].parameters.images = [{ name, sourceUrl: url, storageType: "local" }];
      const ended = new Promise((resolve) => pixelmill.addEventListener("batchcompleted", ({ detail }) => resolve(detail.status)));
      const { batchId } = await pixelmill.executeBatch({ workflowId: "mirror", workflow });
      const status = await ended;
      const { executions } = await pixelmill.listExecutions(batchId);
      const blob = await pixelmill.readAsset(executions[0].outputs[0].url);
      return [status, blob.type, btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())))];
    },
    name,
    parts,
    workflow,
  );
  return { status, type, bytes: Buffer.from(text, "base64") };
}

test("the page itself runs a batch in Firefox", async (t) => {
  if (!FIREFOX) return t.skip("Firefox is not installed");
  const photo = await sharp(pictures.photo("cat")).resize(140, 90, { fit: "fill" }).png().toBuffer();
  const { status, type } = await runFile(t, "cat.png", [photo.toString("base64")], MIRROR);
  assert.deepEqual([status, type], ["completed", "image/png"]);
});

test("a document with large layers is read in pieces in Firefox", async (t) => {
  if (!FIREFOX) return t.skip("Firefox is not installed");
  const document = (name) => readFileSync(new URL(`../data/codecs/rgb-packed.psd${name}`, import.meta.url));
  const { status, bytes } = await runFile(t, "layers.psd", pictures.withLayers(document(""), 48 << 20), pictures.chain("plain", [], { format: "png" }));
  assert.equal(status, "completed");
  const result = await pictures.plainSamples(bytes);
  assert.deepEqual(result.data, document(".rgba").subarray(8));
});

test("in Firefox a workflow is built with mouse and keys, undone and redone, kept over a reload, and run", async (t) => {
  if (!FIREFOX) return t.skip("Firefox is not installed");
  const deployment = await serve();
  t.after(() => deployment.stop());
  const tab = await (await startFirefox(t)).open(deployment.url);
  const id = (name) => `[data-testid="${name}"]`;
  const ENTER = "\uE007";
  const untilSteps = (...expected) =>
    tab.until((expected) => [...document.querySelectorAll('[data-testid="form"] .step')].map((step) => step.dataset.step).join(" ") === expected, expected.join(" "));
  await tab.click(id("new-workflow"));
  await tab.click(id("name-yes"));
  await untilSteps("photos", "save");
  // With the mouse, from the list of all actions.
  for (const action of ["remove-background", "pad"]) {
    await tab.click(id("add-step"));
    await tab.click(id(`palette-${action}`));
    await tab.until((testid) => document.querySelector(`[data-testid="${testid}"]`) !== null, `form-${action}`);
  }
  await tab.evaluate((selector) => {
    const field = document.querySelector(selector);
    field.value = "flat-backdrop";
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }, id("field-remove-background-method"));
  // With keys: the palette and its search.
  await tab.evaluate((selector) => document.querySelector(selector).focus(), `${id("form-remove-background")} > summary`);
  await tab.press("/");
  await tab.until(() => document.querySelector('[data-testid="palette"]').open);
  await tab.press(..."drop shadow", ENTER);
  await untilSteps("photos", "remove-background", "pad", "drop-shadow", "save");
  const undone = [];
  const undo = () => tab.evaluate((selector) => {
    const button = document.querySelector(selector);
    return button.disabled ? null : button.title;
  }, id("undo"));
  for (let title = await undo(); title !== null; title = await undo()) {
    undone.push(title);
    await tab.click(id("undo"));
  }
  assert.deepEqual(undone, ["Undo: Add Drop shadow", "Undo: Method", "Undo: Add Pad", "Undo: Add Remove background"]);
  await untilSteps("photos", "save");
  for (let step = 0; step < undone.length; step += 1) await tab.click(id("redo"));
  await untilSteps("photos", "remove-background", "pad", "drop-shadow", "save");
  // The graph shows the same steps.
  await tab.click(id("graph-switch"));
  await tab.until(() => document.querySelectorAll('[data-testid="graph"] .node').length === 5);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await tab.reload();
  await untilSteps("photos", "remove-background", "pad", "drop-shadow", "save");
  assert.equal(await undo(), undone[0], "what can be undone is still there");
  const product = await sharp({ create: { width: 160, height: 120, channels: 3, background: "#f4f4f4" } })
    .composite([{ input: await sharp({ create: { width: 60, height: 50, channels: 3, background: "#a02020" } }).png().toBuffer() }])
    .png()
    .toBuffer();
  await tab.evaluate(
    (selector, text) => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], "cup.png", { type: "image/png" }));
      const input = document.querySelector(selector);
      input.files = transfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    },
    id("file-input"),
    product.toString("base64"),
  );
  await tab.click(id("run"));
  await tab.until(() => document.querySelector('[data-testid="results"]')?.dataset.status === "completed");
  const [name] = await tab.evaluate(async () => {
    const { batches } = await window.pixelmill.listBatches();
    const { executions } = await window.pixelmill.listExecutions(batches[0].batchId);
    return executions[0].outputs.map(({ name }) => name);
  });
  assert.equal(name, "cup.png");
});
