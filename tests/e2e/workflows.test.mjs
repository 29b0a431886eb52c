// The built-in workflows, decoded by sharp: three over twelve photographs and one damaged file, the others over the samples.

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

/** What each result of a workflow must be: the end of its name, its type, its size; and what sharp finds in its pixels. */
const EXPECTED = {
  "packshot-shadow": { results: [["-packshot.jpg", "image/jpeg", 2000, 2000]], check: onWhite },
  "catalogue-cutouts": { results: [["-cutout.webp", "image/webp"]], check: asLargeAsTheProduct },
  "marketplace-set": {
    results: [2000, 1600, 1000, 500, 160].map((side) => [`-${side}.jpg`, "image/jpeg", side, side]),
  },
  "social-set": {
    results: [
      ["-post.jpg", "image/jpeg", 1080, 1080],
      ["-portrait.jpg", "image/jpeg", 1080, 1350],
      ["-story.jpg", "image/jpeg", 1080, 1920],
      ["-link.jpg", "image/jpeg", 1200, 630],
    ],
  },
  "web-under-200-kb": { results: [["-small.webp", "image/webp"]], check: below200kB },
  "black-and-white-proof": { results: [["-proof.jpg", "image/jpeg"]], check: withoutColour },
  "caption-name": { results: [["-caption.jpg", "image/jpeg"]], check: withCaption },
  "vintage-look": { results: [["-vintage.jpg", "image/jpeg"]], check: onPaper },
  "brand-duotone": { results: [["-duotone.jpg", "image/jpeg"]], check: betweenTwoColours },
  "rounded-thumbnails": { results: [["-thumb.webp", "image/webp"]], check: transparentAround },
  "portrait-blur": { results: [["-portrait.jpg", "image/jpeg"]] },
  "same-framing": { results: [["-framed.jpg", "image/jpeg", 1200, 1500]] },
  carousel: { results: [1, 2, 3].map((piece) => [`-${piece}.jpg`, "image/jpeg", 1080, 1350]) },
  "print-ready": { results: [["-print.jpg", "image/jpeg"]], check: forPrint },
  "blog-header": { results: [["-header.webp", "image/webp", 1600, 640]] },
  "short-loop": {
    results: [
      ["-loop.webp", "image/webp"],
      ["-cover.jpg", "image/jpeg"],
    ],
  },
};

async function corners(bytes) {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x, y) => [...data.subarray((y * info.width + x) * 4, (y * info.width + x) * 4 + 4)];
  return [at(0, 0), at(info.width - 1, 0), at(0, info.height - 1), at(info.width - 1, info.height - 1)];
}

async function onWhite(bytes) {
  for (const corner of await corners(bytes)) assert.deepEqual(corner, [255, 255, 255, 255]);
  const { channels } = await sharp(bytes).extract({ left: 600, top: 600, width: 800, height: 800 }).stats();
  assert.ok(channels.some(({ min }) => min < 100), "the product is in the middle");
}

async function transparentAround(bytes) {
  const alpha = await sharp(bytes).extractChannel(3).stats();
  assert.equal(alpha.channels[0].min, 0);
  assert.equal(alpha.channels[0].max, 255);
}

/** The bottle alone is half as wide as high; nothing of the wall and the floor belongs to it. */
async function asLargeAsTheProduct(bytes, { name }) {
  await transparentAround(bytes);
  const { width, height } = await sharp(bytes).metadata();
  if (name.startsWith("bottle")) assert.ok(width / height > 0.48 && width / height < 0.58, `${width} × ${height}`);
}

async function below200kB(bytes) {
  assert.ok(bytes.length <= 200_000, `${bytes.length}`);
}

async function withoutColour(bytes) {
  assert.equal((await sharp(bytes).metadata()).channels, 1);
}

/** White letters in the middle of the lower edge, in a dark box. */
async function withCaption(bytes) {
  const { width, height } = await sharp(bytes).metadata();
  const [left, top] = [Math.round(width * 0.48), Math.round(height - Math.min(width, height) * 0.085)];
  const place = { left, top, width: Math.round(width * 0.04), height: Math.round(Math.min(width, height) * 0.05) };
  const values = await sharp(bytes).extract(place).greyscale().raw().toBuffer();
  const dark = values.filter((value) => value < 130).length / values.length;
  assert.ok(Math.max(...values) > 225 && dark > 0.4, `${Math.max(...values)} ${dark}`);
}

/** 106 × 156 mm at 300 pixels per inch, in either direction. */
async function forPrint(bytes) {
  const { width, height, density } = await sharp(bytes).metadata();
  assert.deepEqual([Math.min(width, height), Math.max(width, height), density], [1252, 1843, 300]);
}

async function onPaper(bytes) {
  for (const corner of await corners(bytes)) {
    [0xf6, 0xf1, 0xe6, 255].forEach((value, index) => assert.ok(Math.abs(corner[index] - value) <= 3, `${corner}`));
  }
}

async function betweenTwoColours(bytes) {
  const { data } = await sharp(bytes).resize(40, 40).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [low, high] = [
    [0x1b, 0x1f, 0x4b],
    [0xff, 0xe3, 0xc2],
  ];
  for (let at = 0; at < data.length; at += 3) {
    const share = (data[at] - low[0]) / (high[0] - low[0]);
    for (const channel of [1, 2]) {
      const expected = low[channel] + (high[channel] - low[channel]) * share;
      assert.ok(Math.abs(data[at + channel] - expected) < 12, `${data.subarray(at, at + 3)}`);
    }
  }
}

for (const [workflow, { results, check }] of Object.entries(EXPECTED)) {
  test(`${workflow} runs as it is on the samples`, async (t) => {
    const { page } = await open(t);
    const samples = pictures.samples();
    const assets = await importFiles(page, samples);
    const done = await run(page, withImages(pictures.builtIn(workflow), { photos: assets }));
    assert.equal(done.status.assets.completed, samples.length, JSON.stringify(done.executions.map((one) => one.error)));
    for (const execution of done.executions) {
      const stem = samples[execution.assetIndex].name.replace(/\.[^.]*$/, "");
      const found = execution.outputs.map(({ name, mimeType, width, height }) => [name, mimeType, width, height]);
      const expected = results.map(([ending, type, width, height], index) => [
        stem + ending,
        type,
        width ?? found[index][2],
        height ?? found[index][3],
      ]);
      assert.deepEqual(found, expected);
      for (const output of execution.outputs) {
        const { bytes } = await checked(page, output);
        await check?.(bytes, output);
      }
    }
  });
}
