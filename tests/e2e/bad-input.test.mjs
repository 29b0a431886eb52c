// Files from people and damaged disks: each gives a clear message, and its neighbours are not affected.

import assert from "node:assert/strict";
import sharp from "sharp";
import { ask, call, importFiles, open, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);
const good = { name: "good.jpg", bytes: pictures.photo("cat") };

/** Runs the file between two good ones and returns its execution. */
async function between(t, file) {
  const { page } = await open(t);
  const assets = await importFiles(page, [good, file, { ...good, name: "good-too.jpg" }]);
  const { status, executions } = await run(page, withImages(SMALL, { photos: assets }));
  assert.equal(status.status, "completed");
  assert.deepEqual([executions[0].status, executions[2].status], ["success", "success"], "a neighbour was affected");
  return executions[1];
}

function assertFailsClearly(execution, expected) {
  assert.equal(execution.status, "failed", JSON.stringify(execution));
  assert.match(execution.error, expected);
  assert.ok(execution.hint?.length > 10, `no hint: ${JSON.stringify(execution)}`);
  assert.equal(execution.errorCategory, "validation_error");
  assert.equal(execution.phase, "validation");
  assert.doesNotMatch(execution.error, /panicked|unreachable|RuntimeError|unwrap/);
}

test("an empty file is reported as empty", async (t) => {
  assertFailsClearly(await between(t, { name: "empty.jpg", bytes: Buffer.alloc(0) }), /empty/i);
});

test("a file that is not a picture is reported as such", async (t) => {
  assertFailsClearly(await between(t, { name: "letter.jpg", bytes: Buffer.from("Dear Sir or Madam,\n".repeat(40)) }), /format|not an image|recogni[sz]ed|picture/i);
});

test("a wrong extension does not matter, the content does", async (t) => {
  const png = await sharp(good.bytes).png().toBuffer();
  const execution = await between(t, { name: "really-a-png.jpg", bytes: png, type: "image/jpeg" });
  assert.equal(execution.status, "success", JSON.stringify(execution));
  assert.equal(execution.outputs[0].mimeType, "image/png");
});

test("a truncated JPEG fails", async (t) => {
  const jpeg = await sharp(good.bytes).resize(800).jpeg({ quality: 90 }).toBuffer();
  assertFailsClearly(await between(t, { name: "half.jpg", bytes: pictures.truncated(jpeg) }), /trunc|incomplete|damaged|ends|corrupt/i);
});

test("a truncated PNG fails", async (t) => {
  const png = await sharp(good.bytes).png().toBuffer();
  assertFailsClearly(await between(t, { name: "half.png", bytes: pictures.truncated(png) }), /trunc|incomplete|damaged|ends|corrupt/i);
});

test("headers that claim 65535 × 65535 pixels are refused before anything is allocated", async (t) => {
  const { page } = await open(t);
  const files = [
    good,
    { name: "huge.png", bytes: pictures.pngClaiming(65535, 65535) },
    { name: "huge.jpg", bytes: await pictures.jpegClaiming(65535, 65535) },
    { name: "large.png", bytes: pictures.pngClaiming(20000, 20000) },
    good,
  ];
  const start = Date.now();
  const { executions } = await run(page, withImages(SMALL, { photos: await importFiles(page, files) }));
  assert.ok(Date.now() - start < 20_000, "refusing took too long");
  assert.deepEqual(executions.map(({ status }) => status), ["success", "failed", "failed", "failed", "success"]);
  for (const execution of executions.slice(1, 4)) assertFailsClearly(execution, /pixels|large|limit|side/i);
});

test("a CMYK picture becomes sRGB", async (t) => {
  const bytes = await sharp(good.bytes).toColourspace("cmyk").jpeg().toBuffer();
  assert.equal((await sharp(bytes).metadata()).space, "cmyk");
  const execution = await between(t, { name: "print.jpg", bytes });
  assert.equal(execution.status, "success", JSON.stringify(execution));
});

test("names that look like paths stay names", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, [good, { ...good, bytes: pictures.withComment(good.bytes, "2") }]);
  const named = [
    { ...assets[0], name: "../../x.jpg" },
    { ...assets[1], name: "C:\\windows\\<b>y</b>.jpg" },
  ];
  const { executions } = await run(page, withImages(SMALL, { photos: named }));
  assert.deepEqual(executions.map(({ status }) => status), ["success", "success"]);
  assert.deepEqual(executions.map(({ outputs }) => outputs[0].name), ["../../x.jpg", "C:\\windows\\<b>y</b>.jpg"]);
});

/** Executes a batch that must be refused because of the diagnostics, and validates the same document. */
async function refusedFor(t, workflow, expected) {
  const { page } = await open(t);
  const assets = await importFiles(page, [good]);
  const complete = withImages(workflow, { photos: assets });
  const answer = await call(page, "executeBatch", { workflowId: "bad", workflow: complete });
  assert.equal(answer.rejected?.code, 400, JSON.stringify(answer));
  const { diagnostics } = answer.rejected;
  const found = diagnostics.find((one) => one.severity === "error" && expected.test(`${one.code} ${one.message}`));
  assert.ok(found, `nothing matches ${expected} in ${JSON.stringify(diagnostics, null, 2)}`);
  assert.ok(found.hint.length > 5, JSON.stringify(found));
  assert.deepEqual(await ask(page, "validateWorkflow", complete), diagnostics);
  assert.deepEqual((await ask(page, "listBatches")).batches, [], "a refused batch was stored");
  return found;
}

test("an unknown action is answered with the nearest known one", async (t) => {
  const found = await refusedFor(t, pictures.chain("bad", [["resise", { width: 10 }]]), /resise/);
  assert.match(`${found.message} ${found.hint}`, /resize/);
  assert.equal(found.actionId, "resise-1");
});

test("a cycle is reported", async (t) => {
  const workflow = pictures.chain("bad", [["flip", {}], ["rotate", {}]]);
  workflow.connections = workflow.connections.filter(({ connectionTarget }) => connectionTarget !== "flip-1");
  workflow.connections.push(pictures.connect("rotate-2", "flip-1"));
  await refusedFor(t, workflow, /cycle/i);
});

test("a missing input is reported", async (t) => {
  const found = await refusedFor(t, pictures.chain("bad", [["watermark", {}]]), /overlay/);
  assert.equal(found.actionId, "watermark-1");
});

test("a parameter out of its range is reported with its field", async (t) => {
  const found = await refusedFor(t, pictures.chain("bad", [["gaussian-blur", { sigma: 1000 }]]), /sigma|250/);
  assert.deepEqual([found.actionId, found.field], ["gaussian-blur-1", "sigma"]);
});

test("a parameter of the wrong type is reported with its field", async (t) => {
  const found = await refusedFor(t, pictures.chain("bad", [["resize", { width: "wide" }]]), /width|number|integer/);
  assert.equal(found.field, "width");
});

test("anything but a workflow is refused", async (t) => {
  const { page } = await open(t);
  for (const request of [null, 7, "text", [], {}, { workflowId: "x" }, { workflowId: "x", workflow: 7 }, { workflowId: "x", workflow: { actions: "none" } }]) {
    const answer = await call(page, "executeBatch", request);
    assert.equal(answer.rejected?.code, 400, `${JSON.stringify(request)}: ${JSON.stringify(answer)}`);
  }
});
