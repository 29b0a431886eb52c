// What results say about their pictures, as sharp finds it in them.

import assert from "node:assert/strict";
import sharp from "sharp";
import { importFiles, open, readAsset, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

test("the rights stay, the camera and the location do not", async (t) => {
  const { page } = await open(t);
  const exif = {
    IFD0: { Artist: "A. Photographer", Copyright: "(c) A. Photographer", Model: "A camera" },
    IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 28/1 4008/100" },
  };
  const bytes = await sharp(pictures.photo("cat")).resize(400).withExif(exif).jpeg().toBuffer();
  const source = (await sharp(bytes).metadata()).exif.toString("latin1");
  assert.ok(source.includes("A. Photographer") && source.includes("A camera"));
  const [asset] = await importFiles(page, [{ name: "cat.jpg", bytes }]);
  for (const format of ["jpeg", "png", "webp", "avif", "tiff"]) {
    for (const metadata of ["rights", "keep", "strip"]) {
      const workflow = pictures.chain(`metadata-${format}-${metadata}`, [["resize", { width: 100 }]], { format, metadata });
      const { executions } = await run(page, withImages(workflow, { photos: [asset] }));
      const [output] = executions[0].outputs;
      const data = await readAsset(page, output.url);
      const file = data.toString("latin1");
      assert.equal(file.includes("A. Photographer"), metadata !== "strip", `${format} ${metadata}`);
      assert.equal(file.includes("A camera"), metadata === "keep", `${format} ${metadata}`);
      if (format !== "tiff") {
        const found = await sharp(data).metadata();
        assert.equal(found.exif !== undefined, metadata !== "strip", `${format} ${metadata}`);
        assert.equal(found.xmp !== undefined, metadata !== "strip", `${format} ${metadata}`);
        assert.ok([undefined, 1].includes(found.orientation), `${format} ${metadata}`);
        // The pointer to a directory of GPS, little endian.
        assert.ok(!found.exif?.includes(Buffer.from([0x25, 0x88, 4, 0, 1, 0, 0, 0])), `${format} ${metadata}`);
      }
    }
  }
});

test("files state their resolution where one is given, and in metadata too", async (t) => {
  const { page } = await open(t);
  const bytes = await sharp(pictures.photo("cat")).resize(200).withExif({ IFD0: { Artist: "A. Photographer" } }).jpeg().toBuffer();
  const [asset] = await importFiles(page, [{ name: "cat.jpg", bytes }]);
  for (const format of ["jpeg", "png", "tiff"]) {
    for (const resolution of [240, null]) {
      for (const metadata of ["rights", "strip"]) {
        const workflow = pictures.chain(`density-${format}`, [["resize", { width: 100 }]], { format, metadata, resolution });
        const { executions } = await run(page, withImages(workflow, { photos: [asset] }));
        const { density } = await sharp(await readAsset(page, executions[0].outputs[0].url)).metadata();
        // libvips says 72 of some files that state nothing.
        assert.ok(resolution === null ? [undefined, 72].includes(density) : density === resolution, `${format} ${resolution} ${metadata}: ${density}`);
      }
    }
  }
});
