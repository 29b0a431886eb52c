// The results, sample by sample, compared with expectations made by sharp and by plain floating-point code.

import assert from "node:assert/strict";
import sharp from "sharp";
import { importFiles, open, readAsset, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

/** Runs one file through a workflow and returns its outputs with their bytes. */
async function through(page, workflow, bytes, more = {}, name = "picture.bin") {
  const [asset] = await importFiles(page, [{ name, bytes }]);
  const result = await run(page, withImages(workflow, { photos: [asset], ...more }));
  const [execution] = result.executions;
  assert.equal(execution.status, "success", JSON.stringify(execution));
  return await Promise.all(execution.outputs.map(async (output) => ({ ...output, data: await readAsset(page, output.url) })));
}

test("a JPEG that is resized, sharpened and saved as JPEG keeps its luma, its colours and their position", async (t) => {
  const { page } = await open(t);
  const source = await sharp(pictures.photo("tulips")).resize(1403, 1402, { fit: "fill", kernel: "cubic" }).jpeg({ quality: 95 }).toBuffer();
  const actions = [
    ["resize", { mode: "exact", width: 700, height: 701 }],
    ["sharpen", { sigma: 1, amount: 0.5 }],
  ];
  const [output] = await through(page, pictures.chain("planar", actions, { format: "jpeg", quality: 80 }), source);
  const found = await sharp(output.data).metadata();
  assert.equal(found.chromaSubsampling, "4:2:0");
  const sharpened = pictures.unsharpMask(pictures.lanczos3(await pictures.decode(source, { alpha: false }), 700, 701), 1, 0.5);
  const encoded = await pictures.fromRaw(sharpened).jpeg({ quality: 80 }).toBuffer();
  const actual = await pictures.decode(output.data, { alpha: false });
  // Both went through a JPEG of quality 80; two encodings of the same picture differ by less than this.
  pictures.assertNear(actual, await pictures.decode(encoded, { alpha: false }), { psnr: 36 }, "compared with the same steps in RGB");
  // Compared with the same quality with and without sharpening, it is clearly the sharpened one.
  const plain = await pictures.fromRaw(pictures.lanczos3(await pictures.decode(source, { alpha: false }), 700, 701)).jpeg({ quality: 80 }).toBuffer();
  const withSharpening = pictures.difference(actual, await pictures.decode(encoded, { alpha: false })).psnr;
  const without = pictures.difference(actual, await pictures.decode(plain, { alpha: false })).psnr;
  assert.ok(withSharpening > without + 0.5, `sharpened ${withSharpening.toFixed(2)} dB, unsharpened ${without.toFixed(2)} dB`);
});

test("planar chroma stays centred where luma is", async (t) => {
  const { page } = await open(t);
  // Luma is nearly flat, so that only chroma is compared: soft red and blue discs on gray.
  const source = pictures.draw(1203, 901, 3, (x, y, channel) => {
    const disc = (cx, cy, r) => 1 / (1 + Math.exp((Math.hypot(x - cx, y - cy) - r) / 6));
    const [red, blue] = [disc(300, 400, 160), disc(800, 500, 220)];
    return 120 + [90 * red - 20 * blue, -46 * red - 8 * blue, 90 * blue][channel];
  });
  const bytes = await pictures.fromRaw(source).jpeg({ quality: 98, chromaSubsampling: "4:2:0" }).toBuffer();
  const actions = [["resize", { mode: "exact", width: 401, height: 300 }]];
  const [output] = await through(page, pictures.chain("siting", actions, { format: "jpeg", quality: 98 }), bytes);
  const actual = await pictures.decode(output.data, { alpha: false });
  const expected = pictures.lanczos3(source, 401, 300);
  const here = pictures.assertNear(actual, expected, { psnr: 38 }, "unshifted").psnr;
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    const moved = pictures.draw(401, 300, 3, (x, y, channel) => {
      const [fromX, fromY] = [Math.min(400, Math.max(0, x + dx)), Math.min(299, Math.max(0, y + dy))];
      return expected.data[(fromY * 401 + fromX) * 3 + channel];
    });
    const there = pictures.difference(actual, moved).psnr;
    assert.ok(here > there + 1, `moved by ${dx},${dy} it is as near: ${there.toFixed(2)} dB beside ${here.toFixed(2)} dB`);
  }
});

test("resizing a lossless picture matches Lanczos3 within rounding", async (t) => {
  const { page } = await open(t);
  const source = await sharp(pictures.photo("flowers")).png().toBuffer();
  const { width, height } = await sharp(source).metadata();
  const actions = [["resize", { mode: "long-side", width: 203 }]];
  const [output] = await through(page, pictures.chain("lossless", actions, { format: "png" }), source);
  const expected = pictures.lanczos3(await pictures.decode(source), 203, Math.floor((height * 203) / width + 0.5));
  pictures.assertNear(await pictures.decode(output.data), expected, { psnr: 50, largest: 3 }, "Lanczos3");
});

test("transparency survives resizing, and colours do not bleed out of transparent pixels", async (t) => {
  const { page } = await open(t);
  // Green under the transparent part must not show anywhere in the result.
  const source = pictures.draw(400, 300, 4, (x, y, channel) => {
    const inside = Math.hypot(x - 200, y - 150) < 100;
    return inside ? [200, 40, 60, 255][channel] : [0, 255, 0, 0][channel];
  });
  const bytes = await pictures.fromRaw(source).png().toBuffer();
  const actions = [["resize", { mode: "fit", width: 120, height: 120 }]];
  for (const format of ["png", "webp", "auto"]) {
    const workflow = pictures.chain(`alpha-${format}`, actions, { format, lossless: true });
    const [output] = await through(page, workflow, bytes);
    const actual = await pictures.decode(output.data);
    const expected = pictures.lanczos3(source, 120, 90);
    pictures.assertNear(alphaOnly(actual), alphaOnly(expected), { psnr: 45, largest: 6 }, `${format}, alpha`);
    for (let at = 0; at < actual.data.length; at += 4) {
      const [red, green, , alpha] = actual.data.subarray(at, at + 4);
      if (alpha > 16) assert.ok(green < 70 && red > 170, `${format}: green bled into pixel ${at / 4}: ${[...actual.data.subarray(at, at + 4)]}`);
    }
  }
});

function alphaOnly(picture) {
  return pictures.draw(picture.width, picture.height, 1, (x, y) => picture.data[(y * picture.width + x) * 4 + 3]);
}

test("alpha is composited on the output's background where the format has none", async (t) => {
  const { page } = await open(t);
  const { bytes } = await pictures.logo(200);
  const [output] = await through(page, pictures.chain("flatten", [], { format: "jpeg", quality: 95, background: "#204080" }), bytes);
  const expected = await sharp(bytes).flatten({ background: "#204080" }).png().toBuffer();
  pictures.assertNear(await pictures.decode(output.data, { alpha: false }), await pictures.decode(expected, { alpha: false }), { psnr: 32 }, "flattened");
});

for (let orientation = 1; orientation <= 8; orientation += 1) {
  test(`EXIF orientation ${orientation} is applied to the pixels and then 1`, async (t) => {
    const { page } = await open(t);
    const bytes = await sharp(pictures.photo("portrait")).resize(333, 444, { fit: "fill" }).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const expected = await pictures.decode(await sharp(bytes).autoOrient().png().toBuffer(), { alpha: false });
    for (const [format, psnr] of [["png", 45], ["jpeg", 36]]) {
      const [output] = await through(page, pictures.chain(`turn-${format}`, [], { format, quality: 95 }), bytes);
      const found = await sharp(output.data).metadata();
      assert.ok((found.orientation ?? 1) === 1);
      assert.deepEqual([output.width, output.height], [expected.width, expected.height]);
      pictures.assertNear(await pictures.decode(output.data, { alpha: false }), expected, { psnr }, `${format}, turned`);
    }
  });
}

test("an overlay is blended with its position, size and opacity", async (t) => {
  const { page } = await open(t);
  const base = await sharp(pictures.photo("branches")).resize(600, 400, { fit: "fill" }).png().toBuffer();
  const mark = await pictures.logo(240);
  const [overlay] = await importFiles(page, [mark]);
  const workflow = pictures.chain("overlay", [["watermark", { position: "northwest", scale: 0.25, opacity: 0.6, margin: 0.05 }]], { format: "png" });
  workflow.actions.splice(1, 0, { actionId: "logo", actionType: "input-images", parameters: { images: [] } });
  workflow.connections.push(pictures.connect("logo", "watermark-1", "overlay"));
  const [output] = await through(page, workflow, base, { logo: [overlay] });
  // The picture's shorter side is 400: the logo is 100 wide and 20 away from the edges.
  const small = pictures.lanczos3(await pictures.decode(mark.bytes), 100, 100);
  const faded = pictures.draw(100, 100, 4, (x, y, channel) => small.data[(y * 100 + x) * 4 + channel] * (channel === 3 ? 0.6 : 1));
  const input = await pictures.fromRaw(faded).png().toBuffer();
  const expected = await sharp(base).composite([{ input, left: 20, top: 20 }]).png().toBuffer();
  pictures.assertNear(
    await pictures.decode(output.data, { alpha: false }),
    await pictures.decode(expected, { alpha: false }),
    { psnr: 45, largest: 12 },
    "with the logo",
  );
});

test("sharp reads lossy and lossless WebP back", async (t) => {
  const { page } = await open(t);
  const source = await sharp(pictures.photo("cat")).png().toBuffer();
  const expected = await pictures.decode(source, { alpha: false });
  const [lossless] = await through(page, pictures.chain("webp-lossless", [], { format: "webp", lossless: true }), source);
  pictures.assertNear(await pictures.decode(lossless.data, { alpha: false }), expected, { largest: 0 }, "lossless");
  const [lossy] = await through(page, pictures.chain("webp-lossy", [], { format: "webp", quality: 85 }), source);
  assert.equal(lossy.mimeType, "image/webp");
  assert.ok(lossy.bytes < lossless.bytes / 2);
  // libwebp is what sharp uses too: at the same quality neither is better than the other by more than this.
  const peer = await sharp(source).webp({ quality: 85 }).toBuffer();
  const ours = pictures.difference(await pictures.decode(lossy.data, { alpha: false }), expected).psnr;
  const theirs = pictures.difference(await pictures.decode(peer, { alpha: false }), expected).psnr;
  assert.ok(Math.abs(ours - theirs) < 1, `${ours.toFixed(2)} dB beside ${theirs.toFixed(2)} dB`);
});

test("every format keeps a colour profile", async (t) => {
  const { page } = await open(t);
  const bytes = await sharp(pictures.photo("tulips")).withIccProfile("p3").jpeg({ quality: 90 }).toBuffer();
  const { icc } = await sharp(bytes).metadata();
  assert.ok(icc?.length > 100);
  for (const format of ["jpeg", "png", "webp", "avif"]) {
    const [output] = await through(page, pictures.chain(`profile-${format}`, [["flip", {}]], { format }), bytes);
    const found = await sharp(output.data).metadata();
    assert.deepEqual(found.icc, icc, format);
  }
});

test("other metadata is removed on request", async (t) => {
  const { page } = await open(t);
  const bytes = await sharp(pictures.photo("cat")).withExif({ IFD0: { Artist: "A. Photographer" } }).withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>").jpeg().toBuffer();
  assert.ok(bytes.includes("A. Photographer"));
  const [output] = await through(page, pictures.chain("metadata", [], { format: "auto", metadata: "strip" }), bytes);
  const found = await sharp(output.data).metadata();
  assert.deepEqual([found.exif, found.xmp], [undefined, undefined]);
  assert.ok(!output.data.includes("A. Photographer"));
});

test("the same workflow over the same picture gives the same bytes", async (t) => {
  const { page } = await open(t);
  const bytes = pictures.photo("flowers");
  for (const format of ["jpeg", "png", "webp", "avif"]) {
    const workflow = pictures.chain(`again-${format}`, [["resize", { width: 200 }], ["sharpen", {}]], { format });
    const [first] = await through(page, workflow, bytes);
    const [second] = await through(page, workflow, bytes);
    assert.equal(first.sha256, second.sha256, format);
  }
});
