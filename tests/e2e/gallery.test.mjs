// The pictures of the built-in workflows' cards: `src/samples/gallery.webp`, one row per workflow, the sample on the left and
// what the workflow makes of it on the right. `PIXELMILL_WRITE=1` writes the file again.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { importFiles, open, readAsset, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const GALLERY = new URL("../../src/samples/gallery.webp", import.meta.url);
const LIST = new URL("../../src/workflow/builtin.rs", import.meta.url);

/** A row, and the space around its pictures. */
const [WIDTH, HEIGHT, MARGIN] = [480, 160, 12];
/** Most results that are shown of a workflow. */
const MOST = 3;

/** The built-in workflows in the order of their cards. */
const WORKFLOWS = readFileSync(LIST, "utf8")
  .match(/^builtin! \{([^}]*)\}/m)[1]
  .match(/[a-z0-9-]+(?=",)/g);

/** The picture that shows best what a workflow does: a sample, or a photograph of tests/data/photos. */
const SHOWN = {
  "web-gallery": "flowers",
  "marketplace-square": "mug",
  "product-cutout": "mug",
  "packshot-shadow": "bottle",
  "catalogue-cutouts": "mug",
  "marketplace-set": "bottle",
  "social-set": "cat",
  "web-under-200-kb": "flowers",
  "black-and-white-proof": "portrait",
  "caption-name": "mug",
  "vintage-look": "cat",
  "rounded-thumbnails": "cat",
  "portrait-blur": "portrait",
  "same-framing": "bottle",
  carousel: "flowers",
  "short-loop": "cat",
  "portrait-and-landscape": "flowers",
  "print-ready": "cat",
  "blog-header": "flowers",
  "price-banners": "mug",
};

/** The further pictures of workflows that make one picture of all. */
const TOGETHER = { "contact-sheet": ["cat", "portrait", "flowers", "branches"], "product-loop": ["mug", "bottle"] };

/** A sample, or a photograph of tests/data/photos. */
function shown(name) {
  const file = `${name}.jpg`;
  return pictures.samples().find((sample) => sample.name === file) ?? { name: file, bytes: pictures.photo(name) };
}

/** A picture as it is placed: as large as it can be in a box, on a checkerboard where it is transparent. */
async function placed(bytes, width, height) {
  const { data, info } = await sharp(bytes)
    .resize(Math.floor(width), Math.floor(height), { fit: "inside" })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  for (let at = 0; at < data.length; at += 4) {
    const [x, y] = [(at / 4) % info.width, Math.floor(at / 4 / info.width)];
    const ground = (x >> 3) % 2 === (y >> 3) % 2 ? 255 : 221;
    for (const channel of [0, 1, 2]) {
      data[at + channel] = Math.round((data[at + channel] * data[at + 3] + ground * (255 - data[at + 3])) / 255);
    }
    data[at + 3] = 255;
  }
  return { ...info, data };
}

/** A row: the sample, an arrow, and results beside each other, the largest as high as the row. */
async function row(sample, results) {
  const high = HEIGHT - 2 * MARGIN;
  const half = WIDTH * 0.42 - MARGIN;
  const before = await placed(sample, half - MARGIN, high);
  const sizes = await Promise.all(results.map(async (bytes) => await sharp(bytes).metadata()));
  const largest = Math.max(...sizes.map(({ height }) => height));
  const share = (height) => Math.max(0.3, height / largest);
  const wide = sizes.map(({ width, height }) => (width / height) * high * share(height));
  const scale = Math.min(1, (WIDTH - half - MARGIN * (3 + results.length)) / wide.reduce((sum, one) => sum + one, 0));
  const after = await Promise.all(results.map((bytes, index) => placed(bytes, wide[index] * scale, high * share(sizes[index].height) * scale)));
  const parts = [];
  const put = ({ data, width, height, channels }, left) =>
    parts.push({ input: data, raw: { width, height, channels }, left: Math.round(left), top: Math.round((HEIGHT - height) / 2) });
  put(before, (half + MARGIN - before.width) / 2);
  const arrow = `<svg width="20" height="20"><path d="M2 10h14m-6-6 6 6-6 6" fill="none" stroke="#7a7a75" stroke-width="2.5"/></svg>`;
  parts.push({ input: Buffer.from(arrow), left: Math.round(half + MARGIN), top: HEIGHT / 2 - 10 });
  const total = after.reduce((sum, { width }) => sum + width, 0) + MARGIN * (after.length - 1);
  let left = half + 2 * MARGIN + 10 + (WIDTH - half - 3 * MARGIN - 10 - total) / 2;
  for (const one of after) {
    put(one, left);
    left += one.width + MARGIN;
  }
  const transparent = { create: { width: WIDTH, height: HEIGHT, channels: 4, background: "#00000000" } };
  return await sharp(transparent).composite(parts).raw().toBuffer();
}

test("the cards show what the built-in workflows make of the samples", async (t) => {
  const { page } = await open(t);
  const [logo] = await importFiles(page, [await pictures.logo()]);
  const rows = [];
  for (const workflow of WORKFLOWS) {
    const sample = shown(SHOWN[workflow] ?? "tulips");
    const document = pictures.builtIn(workflow);
    // The rows of a table name all of the samples.
    const hasTable = document.actions.some(({ actionType }) => actionType === "parse-data");
    const photos = await importFiles(page, hasTable ? pictures.samples() : [sample, ...(TOGETHER[workflow] ?? []).map(shown)]);
    const further = document.actions.some(({ actionId }) => actionId === "logo") ? { logo: [logo] } : {};
    const { executions } = await run(page, withImages(document, { photos, ...further }));
    const results = [];
    const isShown = ({ outputs, inputAsset }) => outputs?.length > 0 && (!hasTable || inputAsset.inputs.some(({ name }) => name === sample.name));
    const { outputs } = executions.find(isShown);
    for (const { url } of outputs.slice(0, MOST)) results.push(await readAsset(page, url));
    rows.push(await row(sample.bytes, results));
  }
  const size = { width: WIDTH, height: HEIGHT * rows.length, channels: 4 };
  const drawn = Buffer.concat(rows);
  if (process.env.PIXELMILL_WRITE) {
    writeFileSync(GALLERY, await sharp(drawn, { raw: size }).webp({ quality: 72, alphaQuality: 60, effort: 6 }).toBuffer());
  }
  const { data, info } = await sharp(readFileSync(GALLERY)).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height], [size.width, size.height], "one row per built-in workflow");
  for (const [index, workflow] of WORKFLOWS.entries()) {
    const [from, to] = [index, index + 1].map((row) => row * WIDTH * HEIGHT * 4);
    let sum = 0;
    for (let at = from; at < to; at += 1) sum += Math.abs(data[at] - drawn[at]) * (at % 4 === 3 || drawn[at | 3] > 0);
    const mean = sum / (to - from);
    assert.ok(mean < 4, `the card of ${workflow} shows another result (mean difference ${mean.toFixed(1)}): PIXELMILL_WRITE=1 draws it again`);
  }
});
