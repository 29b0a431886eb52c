// The three built-in workflows over twelve photographs and one damaged file, decoded by sharp.

import assert from "node:assert/strict";
import sharp from "sharp";
import { importFiles, open, readAsset, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

let photographs;
let damaged;

test.before(async () => {
  photographs = await pictures.twelvePhotographs();
  damaged = { name: "damaged.jpg", bytes: pictures.truncated(photographs[0].bytes) };
});

/** The position of the damaged file among the photographs. */
const DAMAGED_AT = 5;

async function runOver(page, workflow, more = {}) {
  const files = photographs.toSpliced(DAMAGED_AT, 0, damaged);
  const assets = await importFiles(page, files);
  const result = await run(page, withImages(workflow, { photos: assets, ...more }));
  assert.equal(result.status.status, "completed");
  assert.deepEqual(result.status.assets, { total: 13, pending: 0, processing: 0, completed: 12, failed: 1 });
  assert.deepEqual(result.status.executions.failedExecutionIds, [`${result.batchId}_exec-${DAMAGED_AT}`]);
  assert.deepEqual(
    result.executions.map((execution) => execution.assetIndex),
    files.map((_, index) => index),
  );
  const failure = result.executions[DAMAGED_AT];
  assert.equal(failure.status, "failed");
  assert.equal(failure.phase, "validation");
  assert.ok(failure.error.length > 10 && failure.hint.length > 10, JSON.stringify(failure));
  assert.deepEqual(failure.outputs ?? [], []);
  return files
    .map((file, index) => ({ file, execution: result.executions[index] }))
    .filter((_, index) => index !== DAMAGED_AT);
}

/** Reads an output, and checks that its record is correct. */
async function checked(page, output) {
  const bytes = await readAsset(page, output.url);
  assert.equal(bytes.length, output.bytes);
  assert.equal(pictures.sha256(bytes), output.sha256);
  assert.equal(output.url, `asset:${output.sha256}`);
  const found = await sharp(bytes).metadata();
  assert.deepEqual([found.width, found.height, `image/${found.format}`], [output.width, output.height, output.mimeType]);
  assert.ok((found.orientation ?? 1) === 1);
  return { bytes, found };
}

/** Both sides scaled by one factor, rounded half up, never enlarged. */
function fitted({ width, height }, box, largest = 1) {
  const scale = Math.min(largest, box / width, box / height);
  const side = (length) => Math.max(1, Math.floor(length * scale + 0.5));
  return [side(width), side(height)];
}

test("web gallery fits and sharpens every photograph, and the damaged one fails alone", async (t) => {
  const { page } = await open(t);
  for (const { file, execution } of await runOver(page, pictures.builtIn("web-gallery"))) {
    assert.equal(execution.status, "success", JSON.stringify(execution));
    assert.equal(execution.attempts, 1);
    assert.equal(execution.outputs.length, 1);
    const [output] = execution.outputs;
    const { bytes } = await checked(page, output);
    assert.deepEqual([output.width, output.height], fitted(file, 1600), file.name);
    const kept = file.format === "jpeg" ? "jpeg" : "webp";
    assert.equal(output.mimeType, `image/${kept}`, file.name);
    assert.equal(output.name, file.name.replace(/\.[^.]*$/, kept === "jpeg" ? "-web.jpg" : `-web.${kept}`));
    assert.ok(bytes.length <= file.bytes.length, `${file.name}: ${bytes.length} of ${file.bytes.length} bytes`);
    const original = output.encoder === "original file";
    assert.deepEqual(execution.warnings.map(({ code, level }) => [code, level]), original ? [["original_kept", "hint"]] : []);
    // Even if sharpened differently, it still shows the same photograph.
    const expected = await sharp(file.bytes).resize(output.width, output.height, { fit: "fill" }).png().toBuffer();
    pictures.assertNear(await pictures.decode(bytes), await pictures.decode(expected), { psnr: 27 }, file.name);
  }
});

test("marketplace square centres every photograph on white", async (t) => {
  const { page } = await open(t);
  for (const { file, execution } of await runOver(page, pictures.builtIn("marketplace-square"))) {
    assert.equal(execution.outputs.length, 1);
    const [output] = execution.outputs;
    const { bytes } = await checked(page, output);
    assert.deepEqual([output.width, output.height, output.mimeType], [2000, 2000, "image/jpeg"]);
    assert.equal(output.name, file.name.replace(/\.[^.]*$/, "-square.jpg"));
    const [width, height] = fitted(file, 1800, Infinity);
    const [left, top] = [Math.floor((2000 - width) / 2), Math.floor((2000 - height) / 2)];
    const small = await sharp(file.bytes).resize(width, height, { fit: "fill" }).png().toBuffer();
    const expected = await sharp({ create: { width: 2000, height: 2000, channels: 3, background: "#ffffff" } })
      .composite([{ input: small, left, top }])
      .png()
      .toBuffer();
    pictures.assertNear(
      await pictures.decode(bytes, { alpha: false }),
      await pictures.decode(expected, { alpha: false }),
      { psnr: 30 },
      file.name,
    );
  }
});

test("watermark and two sizes gives each photograph two outputs with the logo", async (t) => {
  const { page } = await open(t);
  const [mark] = await importFiles(page, [await pictures.logo()]);
  const done = await runOver(page, pictures.builtIn("watermark-two-sizes"), { logo: [mark] });
  for (const { file, execution } of done) {
    assert.deepEqual(
      execution.outputs.map(({ actionId, mimeType }) => [actionId, mimeType]),
      [
        ["save-large", "image/jpeg"],
        ["save-small", "image/webp"],
      ],
    );
    const [large, small] = execution.outputs;
    const longer = Math.max(file.width, file.height);
    assert.equal(Math.max(large.width, large.height), Math.min(longer, 2048));
    assert.equal(Math.max(small.width, small.height), 640);
    const { bytes } = await checked(page, large);
    await checked(page, small);
    // The logo is opaque red in its ring: there, in the lower right corner, and nowhere in the other corners.
    const side = Math.min(large.width, large.height);
    const [box, margin] = [0.2 * side, 0.03 * side];
    const picture = await pictures.decode(bytes, { alpha: false });
    const at = (x, y) => [...picture.data.subarray((y * picture.width + x) * 3, (y * picture.width + x) * 3 + 3)];
    const [x, y] = [Math.round(large.width - margin - box / 2), Math.round(large.height - margin - box * 0.2)];
    const [red, green, blue] = at(x, y);
    assert.ok(red > 150 && red - green > 90 && red - blue > 40, `${file.name}: ${at(x, y)} at ${x},${y}`);
  }
});
