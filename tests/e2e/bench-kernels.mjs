// `cargo xtask bench --kernels`: JPEG and resizing alone, beside wasm-vips, jSquash (MozJPEG), the browser's own codecs and native sharp, on a
// 12-megapixel photograph: baseline, progressive, and with restart markers as cameras write them. Encoders are compared by bytes and PSNR
// too.

import sharp from "sharp";
import { inWorker, printRow, takeTurns, timed } from "./bench/host.mjs";
import { twelveMegapixels } from "./support/photograph.mjs";

const SIDE = 1600;
const QUALITY = 80;

/** What is measured, on which files. */
const ROWS = [
  ["decode", ["baseline", "progressive", "restarts"]],
  ["decode at 1/2", ["baseline", "progressive", "restarts"]],
  ["resize", ["baseline"]],
  ["encode", ["baseline"]],
  ["decode, resize, encode", ["baseline", "progressive", "restarts"]],
];

sharp.concurrency(1);
sharp.cache(false);
const photographs = { baseline: await twelveMegapixels() };
photographs.progressive = await sharp(photographs.baseline).jpeg({ quality: 90, chromaSubsampling: "4:2:0", progressive: true }).toBuffer();
const pixels = await sharp(photographs.baseline).raw().toBuffer({ resolveWithObject: true });

await inWorker("kernels-worker.js", photographs, async (ask) => {
  await ask("withRestarts", "restarts", "baseline");
  for (const [what, files] of ROWS) {
    for (const file of files) {
      // Resizing and encoding start from the decoded photograph, which decoding replaces.
      await ask("prepare", file);
      const names = [...(await ask("names", what)), "native sharp"];
      const measure = (name, judged) => (name === "native sharp" ? native(what, file) : ask("measure", what, name, file, judged));
      printRow(`${what}, ${file}`, await takeTurns(names, measure));
    }
  }
});

/** The same by sharp on this machine, on one thread. */
async function native(what, file) {
  const bytes = file === "restarts" ? photographs.baseline : photographs[file];
  const { data, info } = pixels;
  const fromPixels = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  const work = {
    decode: () => sharp(bytes).raw().toBuffer(),
    "decode at 1/2": () => sharp(bytes).resize(Math.ceil(info.width / 2), Math.ceil(info.height / 2), { fit: "fill", kernel: "nearest" }).raw().toBuffer(),
    resize: () => fromPixels().resize(SIDE, SIDE, { fit: "inside", kernel: "lanczos3" }).raw().toBuffer(),
    encode: () => fromPixels().jpeg({ quality: QUALITY }).toBuffer(),
    "decode, resize, encode": () => sharp(bytes).resize(SIDE, SIDE, { fit: "inside", kernel: "lanczos3", fastShrinkOnLoad: false }).jpeg({ quality: QUALITY }).toBuffer(),
  }[what];
  const { time, result } = await timed(work);
  return what === "encode" ? { time, bytes: result.length } : { time };
}
