// What actions cost on the same photograph in RGB: Pixelmill's kernels, and what wasm-vips, photon and the canvas have of the same.
//
// Each works from memory to memory in the form that suits it. Copying pictures into the memory of photon is not counted; reading pixels back
// from a canvas is, because whatever comes next needs them.

import { give, giveJson, imageOfVips, libraries, pixelsByCanvas, samplesByVips, serve, startLibraries, withVips } from "./libraries.js";
import * as photon from "/photon/photon_rs_bg.js";

/** The photograph in the form of each library. */
const decoded = {};

async function start() {
  await startLibraries();
  const { instance } = await WebAssembly.instantiateStreaming(fetch("/photon/photon_rs_bg.wasm"), { "./photon_rs_bg.js": photon });
  photon.begin(instance.exports);
}

/** The curve of `curves` for libvips. */
const lut = () => libraries.vips.Image.newFromMemory(Uint8Array.from({ length: 256 }, (_, at) => Math.round(255 * (at / 255) ** 1.1)), 256, 1, 1, "uchar");
const matrix = (rows, scale = 1) => libraries.vips.Image.newFromArray(rows, scale);

/** What libvips has. Each gets the photograph and answers a picture; others that it makes it keeps. */
const inVips = {
  resize: (image) => image.resize(1600 / image.width, { kernel: "lanczos3" }),
  crop: (image) => image.extractArea(500, 0, 3000, 3000),
  pad: (image) => image.gravity("centre", 4000, 4000, { background: [255, 255, 255] }),
  border: (image) => image.embed(40, 40, image.width + 80, image.height + 80, { background: [255, 255, 255] }),
  flip: (image) => image.flip("horizontal"),
  rotate: (image) => image.rotate(7, { background: [255, 255, 255] }),
  invert: (image) => image.invert(),
  levels: (image) => image.linear([255 / 215], [(-20 * 255) / 215], { uchar: true }),
  curves: (image, keep) => image.maplut(keep(lut())),
  threshold: (image, keep) => keep(image.colourspace("b-w")).more(128),
  sepia: (image, keep) => keep(image.recomb(keep(matrix([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])))).cast("uchar"),
  grayscale: (image) => image.colourspace("b-w"),
  "gaussian-blur": (image) => image.gaussblur(2),
  "box-blur": (image, keep) => image.conv(keep(matrix(Array(11).fill(Array(11).fill(1)), 121)), { precision: "integer" }),
  sharpen: (image) => image.sharpen({ sigma: 1 }),
  denoise: (image) => image.median(3),
  pixelate: (image, keep) => keep(image.shrink(20, 20)).zoom(20, 20),
  blend: (image) => image.composite2(image, "over"),
  watermark: (image, keep) => image.composite2(keep(keep(image.resize(0.2)).bandjoin(128)), "over", { x: 3100, y: 2300 }),
};

/** What photon has. Each gets the photograph, which most of them change, and another for pictures over pictures. */
const inPhoton = {
  resize: (image) => photon.resize(image, 1600, 1200, photon.SamplingFilter.Lanczos3),
  crop: (image) => photon.crop(image, 500, 0, 3500, 3000),
  border: (image) => photon.padding_uniform(image, 40, new photon.Rgba(255, 255, 255, 255)),
  flip: (image) => photon.fliph(image),
  invert: (image) => photon.invert(image),
  adjust: (image) => {
    photon.inc_brightness(image, 20);
    photon.adjust_contrast(image, 10);
    photon.saturate_hsl(image, 0.2);
  },
  "hue-rotate": (image) => photon.hue_rotate_hsl(image, 90),
  threshold: (image) => photon.threshold(image, 128),
  sepia: (image) => photon.sepia(image),
  grayscale: (image) => photon.grayscale_human_corrected(image),
  "gaussian-blur": (image) => photon.gaussian_blur(image, 2),
  "box-blur": (image) => photon.box_blur(image),
  sharpen: (image) => photon.sharpen(image),
  denoise: (image) => photon.noise_reduction(image),
  blend: (image, other) => photon.blend(image, other, "multiply"),
  watermark: (image, other) => photon.watermark(image, other, 0, 0),
};

/** What a canvas has. Each draws the photograph on a canvas of its size, or of the one beside it. */
const filtered = (filter) => (context, bitmap) => {
  context.filter = filter;
  context.drawImage(bitmap, 0, 0);
};
const inCanvas = {
  resize: (context, bitmap) => {
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, 1600, 1200);
  },
  crop: (context, bitmap) => context.drawImage(bitmap, -500, 0),
  pad: (context, bitmap) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, 4000, 4000);
    context.drawImage(bitmap, 0, 500);
  },
  flip: (context, bitmap) => {
    context.setTransform(-1, 0, 0, 1, 4000, 0);
    context.drawImage(bitmap, 0, 0);
  },
  rotate: (context, bitmap) => {
    context.imageSmoothingQuality = "high";
    context.rotate((7 * Math.PI) / 180);
    context.drawImage(bitmap, 0, 0);
  },
  invert: filtered("invert(1)"),
  adjust: filtered("brightness(1.2) contrast(1.1) saturate(1.2)"),
  "hue-rotate": filtered("hue-rotate(90deg)"),
  sepia: filtered("sepia(1)"),
  grayscale: filtered("grayscale(1)"),
  "gaussian-blur": filtered("blur(2px)"),
  "drop-shadow": filtered("drop-shadow(0 20px 20px #0008)"),
  vignette: (context, bitmap) => {
    context.drawImage(bitmap, 0, 0);
    const shade = context.createRadialGradient(2000, 1500, 800, 2000, 1500, 2500);
    shade.addColorStop(0, "#0000");
    shade.addColorStop(1, "#000a");
    context.fillStyle = shade;
    context.fillRect(0, 0, 4000, 3000);
  },
  "round-corners": (context, bitmap) => {
    context.roundRect(0, 0, 4000, 3000, 200);
    context.clip();
    context.drawImage(bitmap, 0, 0);
  },
  pixelate: (context, bitmap) => {
    context.drawImage(bitmap, 0, 0, 200, 150);
    context.imageSmoothingEnabled = false;
    context.drawImage(context.canvas, 0, 0, 200, 150, 0, 0, 4000, 3000);
  },
  blend: (context, bitmap) => {
    context.drawImage(bitmap, 0, 0);
    context.globalCompositeOperation = "multiply";
    context.drawImage(bitmap, 0, 0);
  },
  watermark: (context, bitmap) => {
    context.drawImage(bitmap, 0, 0);
    context.globalAlpha = 0.5;
    context.drawImage(bitmap, 3100, 2300, 800, 600);
  },
};
const SIDES = { resize: [1600, 1200], crop: [3000, 3000], pad: [4000, 4000] };

/** The time of work in ms. */
function timeOf(work) {
  const start = performance.now();
  work();
  return { time: performance.now() - start };
}

const measures = {
  Pixelmill(action, parameters) {
    const { kernels } = libraries;
    giveJson([action, parameters]);
    if (!kernels.ready()) throw new Error(`${action} was refused`);
    return timeOf(() => {
      if (!kernels.act()) throw new Error(`${action} failed`);
    });
  },
  "wasm-vips"(action) {
    return withVips((keep) => {
      const image = imageOfVips(keep, decoded.rgb);
      return timeOf(() => keep(inVips[action](image, keep)).writeToMemory());
    });
  },
  photon(action) {
    const { data, width, height } = decoded.rgba;
    const [image, other] = [new photon.PhotonImage(data, width, height), new photon.PhotonImage(data, width, height)];
    let result;
    const measured = timeOf(() => (result = inPhoton[action](image, other)));
    for (const one of [image, other, result]) one?.free();
    return measured;
  },
  canvas(action) {
    const [width, height] = SIDES[action] ?? [decoded.bitmap.width, decoded.bitmap.height];
    return timeOf(() => {
      const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
      inCanvas[action](context, decoded.bitmap);
      context.getImageData(0, 0, width, height);
    });
  },
};

const PEERS = { "wasm-vips": inVips, photon: inPhoton, canvas: inCanvas };

serve({
  start,
  async keep(name, address) {
    decoded.file = new Uint8Array(await (await fetch(address)).arrayBuffer());
    return name;
  },
  /** Decodes the photograph for all. */
  async prepare() {
    give(decoded.file);
    libraries.kernels.decode(1);
    const rgba = await pixelsByCanvas(decoded.file, "image/jpeg");
    decoded.rgba = { data: new Uint8Array(rgba.data.buffer), width: rgba.width, height: rgba.height };
    decoded.bitmap = await createImageBitmap(rgba);
    decoded.rgb = samplesByVips(decoded.file);
    return true;
  },
  peers: async (action) => Object.keys(PEERS).filter((name) => PEERS[name][action]),
  measure: async (who, action, parameters) => measures[who](action, parameters),
});
