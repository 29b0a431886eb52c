// Conditions: which way each picture takes, pictures that reach no output, and conditions in the editors and the preview.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { ask, eventually, executions, importFiles, open, readAsset, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { readZip } from "./support/zip.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const row = (index) => `${id("execution-row")}[data-index="${index}"]`;

/** A connection from a port of a condition. */
const from = (source, sourcePort, target) => ({ ...pictures.connect(source, target), sourcePort });

/** Saves the pictures for which a condition holds, and nothing of the others. */
const sieve = (when) => ({
  metadata: { workflowId: "sieve", name: "Sieve" },
  actions: [
    { actionId: "photos", actionType: "input-images", parameters: { images: [] } },
    { actionId: "check", actionType: "condition", parameters: { when } },
    { actionId: "small", actionType: "resize", parameters: { width: 64 } },
    { actionId: "save", actionType: "output", parameters: { format: "png" } },
  ],
  connections: [pictures.connect("photos", "check"), from("check", "then", "small"), pictures.connect("small", "save")],
});

/** A picture of one colour. */
async function plain(name, width, height, background = "#3060a0") {
  return { name, bytes: await sharp({ create: { width, height, channels: 3, background } }).png().toBuffer() };
}

const asFile = ({ name, bytes }) => ({ name, mimeType: "image/png", buffer: bytes });

test("portrait and landscape crops every photograph by its shape", async (t) => {
  const { page } = await open(t);
  const photographs = await pictures.twelvePhotographs();
  const assets = await importFiles(page, photographs);
  const done = await run(page, withImages(pictures.builtIn("portrait-and-landscape"), { photos: assets }));
  assert.equal(done.status.assets.completed, 12, JSON.stringify(done.executions.map((one) => one.error)));
  const shapes = new Set();
  for (const [index, { name, bytes, width, height }] of photographs.entries()) {
    const [shape, ...size] = width > height ? ["landscape", 1600, 1200] : ["portrait", 1200, 1600];
    shapes.add(shape);
    const { outputs, warnings } = done.executions[index];
    assert.equal(outputs.length, 1, name);
    const [output] = outputs;
    assert.deepEqual([output.actionId, output.width, output.height, output.mimeType], [`save-${shape}`, ...size, "image/jpeg"]);
    assert.equal(output.name, name.replace(/\.[^.]*$/, `-${shape}.jpg`));
    assert.deepEqual(warnings.filter(({ level }) => level === "doubt"), []);
    const expected = await sharp(bytes).flatten({ background: "#ffffff" }).resize(...size, { fit: "cover" }).png().toBuffer();
    pictures.assertNear(
      await pictures.decode(await readAsset(page, output.url), { alpha: false }),
      await pictures.decode(expected, { alpha: false }),
      { psnr: 27 },
      name,
    );
  }
  assert.equal(shapes.size, 2, "the photographs are of both shapes");
});

test("a picture that reaches no output is a success without results, in records, report, ZIP, retry and reuse", async (t) => {
  const { page, url } = await open(t);
  const files = [await plain("wide.png", 300, 200), await plain("tall.png", 200, 300), await plain("square.png", 200, 200)];
  const photos = await importFiles(page, files);
  const { batchId, status, executions: found } = await run(page, withImages(sieve("width > height"), { photos }));
  assert.deepEqual([status.status, status.assets.completed, status.assets.failed], ["completed", 3, 0]);
  assert.deepEqual(found.map(({ status, outputs }) => [status, outputs.length]), [["success", 1], ["success", 0], ["success", 0]]);
  const said = found.map(({ warnings }) => warnings.map(({ code, level, actionId }) => [code, level, actionId]));
  assert.deepEqual(said, [[], [["no_output", "hint", "check"]], [["no_output", "hint", "check"]]]);
  assert.match(found[1].warnings[0].message, /^No output: .*"tall\.png"/);

  const report = await ask(page, "getReport", batchId);
  assert.deepEqual(report.rows.map(({ inputName, status, warnings, outputName }) => [inputName, status, warnings, outputName]), [
    ["wide.png", "success", null, "wide.png"],
    ["tall.png", "success", "no_output", null],
    ["square.png", "success", "no_output", null],
  ]);

  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(`${row(1)} ${id("no-output")}`).waitFor();
  assert.equal(await page.locator(`${row(0)} ${id("no-output")}`).count(), 0);
  await page.locator(`${row(1)} .thumb img`).waitFor();
  await page.locator(`${row(1)} .open`).click();
  await page.locator(".detail-outputs").waitFor({ state: "attached" });
  await page.getByText("No output: no branch").first().waitFor();
  assert.equal(await page.locator(id("before-after")).count(), 0, "there is nothing to compare");
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("download-zip")).click()]);
  const entries = readZip(readFileSync(await download.path()));
  assert.deepEqual(entries.map(({ name }) => name.split("/").at(-1)), ["wide.png"]);

  // Reused: nothing runs again.
  const workflow = withImages(sieve("width > height"), { photos });
  const again = await ask(page, "executeBatch", { workflowId: "sieve", workflow, skipUnchanged: true });
  assert.deepEqual([again.assets.completed, again.assets.pending], [3, 0]);
  const taken = await executions(page, again.batchId);
  assert.deepEqual(taken.map(({ outputs, reused }) => [outputs.length, Boolean(reused)]), [[1, true], [0, true], [0, true]]);
  assert.deepEqual(taken[1].warnings.map(({ code }) => code), ["no_output"]);
  await untilEnded(page, again.batchId);
});

test("a condition on names is decided again for another name", async (t) => {
  const { page } = await open(t);
  const [asset] = await importFiles(page, [await plain("boat-hero.png", 30, 20)]);
  const named = (name) => withImages(sieve("name ~ '*-hero*'"), { photos: [{ ...asset, name }] });
  assert.equal((await run(page, named("boat-hero.png"))).executions[0].outputs.length, 1);
  const answer = await ask(page, "executeBatch", { workflowId: "sieve", workflow: named("boat.png"), skipUnchanged: true });
  await untilEnded(page, answer.batchId);
  const [execution] = await executions(page, answer.batchId);
  assert.deepEqual([execution.outputs.length, execution.reused], [0, undefined]);
});

test("a way that is not taken is not run, whether the header or the pixels decide", async (t) => {
  const { page } = await open(t);
  // The logo's header is sound, and its picture is missing.
  const whole = await plain("logo.png", 90, 60);
  const broken = { ...whole, bytes: whole.bytes.subarray(0, whole.bytes.indexOf("IDAT") + 5) };
  const framed = await sharp({ create: { width: 90, height: 60, channels: 3, background: "#ffffff" } })
    .composite([{ input: (await plain("", 20, 40)).bytes, left: 35, top: 10 }])
    .png()
    .toBuffer();
  const [photo, logo] = await importFiles(page, [{ name: "framed.png", bytes: framed }, broken]);
  for (const [step, parameters, when] of [["flip", {}, "width < height"], ["trim", {}, "width > height"]]) {
    const workflow = {
      metadata: { workflowId: "marked", name: "Marked" },
      actions: [
        { actionId: "photos", actionType: "input-images", parameters: { images: [] } },
        { actionId: "logo", actionType: "input-images", parameters: { images: [] } },
        { actionId: "before", actionType: step, parameters },
        { actionId: "check", actionType: "condition", parameters: { when } },
        { actionId: "mark", actionType: "watermark", parameters: {} },
        { actionId: "marked", actionType: "output", parameters: { format: "png" } },
        { actionId: "plain", actionType: "output", parameters: { format: "png" } },
      ],
      connections: [
        pictures.connect("photos", "before"),
        pictures.connect("before", "check"),
        from("check", "then", "mark"),
        pictures.connect("logo", "mark", "overlay"),
        pictures.connect("mark", "marked"),
        from("check", "else", "plain"),
      ],
    };
    const { executions } = await run(page, withImages(workflow, { photos: [photo], logo: [logo] }));
    assert.equal(executions[0].status, "success", JSON.stringify(executions[0]));
    const size = step === "trim" ? [20, 40] : [90, 60];
    assert.deepEqual(executions[0].outputs.map(({ actionId, width, height }) => [actionId, width, height]), [["plain", ...size]]);
  }
});

test("what is wrong with a condition is said where it is", async (t) => {
  const { page } = await open(t);
  const [found, ...others] = (await ask(page, "validateWorkflow", sieve('width == "wide"'))).filter(({ severity }) => severity === "error");
  assert.deepEqual(others, []);
  assert.deepEqual([found.code, found.actionId, found.field], ["invalid_condition", "check", "when"]);
  assert.equal(found.message, 'width is a number, and "wide" is a text, at character 10.');
});

test("the preview says that a picture reaches no output, and follows the condition", async (t) => {
  const { page } = await open(t);
  await page.locator(id("drop-zone")).waitFor();
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(sieve("width > 1000")));
  // Large enough for a first look at a reduced copy, which is 1200 pixels wide.
  await page.locator(id("file-input")).setInputFiles([asFile(await plain("wide.png", 2400, 900)), asFile(await plain("small.png", 300, 200))]);
  await page.locator(id("preview-facts"), { hasText: "wide.png" }).waitFor();
  assert.equal(await page.locator(id("preview-warnings")).count(), 0);
  const field = page.locator(id("field-check-when"));
  await field.fill("width > 2400");
  await field.press("Tab");
  await page.locator(id("preview-warnings"), { hasText: "No output: no branch" }).waitFor();
  await eventually(page, () => !document.querySelector('[data-testid="live-preview"] [data-testid="viewer"]')?.checkVisibility());
  await field.fill("width >= 2400");
  await field.press("Tab");
  await page.locator(id("preview-facts"), { hasText: "wide.png" }).waitFor();
  await page.locator(id("preview-warnings")).waitFor({ state: "detached" });
  await field.fill("width > big");
  await field.press("Tab");
  const problem = page.locator(`${id("form-check")} ${id("field-error")}`);
  await problem.filter({ hasText: '"big" is not known, at character 9.' }).waitFor();
});

test("a condition is added to a chain by its first port, and both are offered and drawn", async (t) => {
  const { page } = await open(t);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.locator(id("new-workflow")).click();
  await page.locator(id("name-field")).fill("Branched");
  await page.locator(id("name-yes")).click();
  for (const action of ["condition", "output"]) {
    await page.locator(id("add-step")).click();
    await page.locator(id(`palette-${action}`)).click();
  }
  await page.locator(id("form-save-2")).waitFor();
  await page.locator(id("plug-save-2-input-images")).selectOption({ label: "Condition: else" });
  await page.locator(id("graph-switch")).click();
  for (const port of ["then", "else"]) await page.locator(id(`out-condition-${port}`)).waitFor();
  await page.locator(id("save-workflow")).click();
  await page.locator(id("save-workflow")).filter({ hasText: "Saved" }).waitFor();
  const { workflow } = await ask(page, "getWorkflow", "branched");
  const edges = workflow.connections.map((edge) => `${edge.connectionSource}.${edge.sourcePort}→${edge.connectionTarget}`);
  assert.deepEqual(edges.sort(), ["condition.else→save-2", "condition.then→save", "photos.outputs→condition"]);
});

test("placeholders stand for the batch in names and conditions, by the clock of the place", async (t) => {
  const { page } = await open(t, { context: { timezoneId: "Pacific/Kiritimati" } });
  const workflow = sieve("{index} == 1 and {count} == 2 and {name} == 'b' and {ext} == 'png' and {param.small.width} == 64 and {date:%Y} > 2000");
  workflow.actions.at(-1).parameters.name = "{date:%Y-%m-%d}/{path}-{index}-of-{count}-{param.small.width}.{ext}";
  const photos = await importFiles(page, await Promise.all(["a.png", "b.png"].map((name) => plain(name, 90, 60))));
  const [first, second] = (await run(page, withImages(workflow, { photos }))).executions;
  assert.deepEqual([first.outputs.length, first.warnings[0].code], [0, "no_output"]);
  const { createdAt } = (await ask(page, "listBatches")).batches[0];
  const day = new Intl.DateTimeFormat("sv", { timeZone: "Pacific/Kiritimati" }).format(new Date(createdAt));
  assert.equal(second.outputs[0].name, `${day}/b-1-of-2-64.png`);
  workflow.actions.at(-1).parameters.name = "{nmae}-{param.small.widht}";
  const found = await ask(page, "validateWorkflow", workflow);
  assert.deepEqual(
    found.filter(({ code }) => code === "unknown_placeholder").map(({ hint }) => hint.split("?")[0]),
    ["Did you mean {name}", "Did you mean {param.small.width}"],
  );
});
