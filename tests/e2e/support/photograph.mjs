// The photograph of the benchmarks.

import sharp from "sharp";
import * as pictures from "./pictures.mjs";

/** A 12 MP photograph of 4000 × 3000 like a phone's: a small one enlarged, with noise up to a phone's bit rate, quality 90, 4:2:0. */
export async function twelveMegapixels() {
  const [width, height] = [4000, 3000];
  const noise = await sharp({ create: { width, height, channels: 3, background: "#808080", noise: { type: "gaussian", mean: 128, sigma: 24 } } })
    .png({ compressionLevel: 0 })
    .toBuffer();
  return await sharp(pictures.photo("tulips"))
    .resize({ width, height, fit: "cover", kernel: "cubic" })
    .composite([{ input: noise, blend: "soft-light" }])
    .jpeg({ quality: 90, chromaSubsampling: "4:2:0" })
    .toBuffer();
}
