// `cargo xtask bench --kernels`: decoding, resizing and encoding alone, beside wasm-vips, jSquash (MozJPEG, libjxl), the browser's own codecs and native
// sharp, on a 12-megapixel photograph: baseline, progressive, and with restart markers as cameras write them. All take turns in one worker of
// one page, in several rounds, and the median counts. Encoders are compared by bytes and PSNR too.
//
// `cargo xtask bench --actions`: instead, what each action costs per megapixel on the same photograph in RGB, beside wasm-vips where that has
// the same operation.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { twelveMegapixels } from "./support/photograph.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];
const FOLDERS = { "wasm-vips": "node_modules/wasm-vips/lib", jsquash: "node_modules/@jsquash/jpeg", "jsquash-jxl": "node_modules/@jsquash/jxl", libjxl: "../../src/codecs/libjxl", bench: "bench" };
const MIME_TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const ROUNDS = 5;
const SIDE = 1600;
const QUALITY = 80;

/** What is measured, on which files. */
const ROWS = [
  ["decode", ["baseline", "progressive", "restarts"]],
  ["decode at 1/2", ["baseline", "progressive", "restarts"]],
  ["resize", ["baseline"]],
  ["encode", ["baseline"]],
  ["encode as JPEG XL", ["baseline"]],
  ["decode, resize, encode", ["baseline", "progressive", "restarts"]],
];

sharp.concurrency(1);
sharp.cache(false);
let pixels;
const photographs = { baseline: await twelveMegapixels() };
photographs.progressive = await sharp(photographs.baseline).jpeg({ quality: 90, chromaSubsampling: "4:2:0", progressive: true }).toBuffer();

const server = createServer(async (request, response) => {
  const [, first, ...rest] = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname)).split("/");
  try {
    const body = await fileAt(first, rest);
    response.writeHead(200, {
      "Content-Type": MIME_TYPES[extname(request.url)] ?? "application/octet-stream",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
      "Cross-Origin-Resource-Policy": "same-origin",
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});

async function fileAt(first, rest) {
  if (first === "photographs") return photographs[rest[0]];
  if (first === "kernels.wasm") return await readFile(process.env.PIXELMILL_KERNELS);
  return await readFile(join(HERE, FOLDERS[first], ...rest));
}

await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = (path) => `http://127.0.0.1:${server.address().port}/${path}`;
const browser = await chromium.launch({ executablePath: process.env.PIXELMILL_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
try {
  const page = await (await browser.newContext()).newPage();
  await page.goto(address("bench/kernels.html"));
  await page.waitForFunction(() => window.ask !== undefined);
  const ask = (...parameters) => page.evaluate((parameters) => window.ask(...parameters), parameters);
  await ask("start");
  for (const name of Object.keys(photographs)) await ask("keep", name, address(`photographs/${name}`));
  await ask("withRestarts", "restarts", "baseline");
  console.log(`  4000 × 3000, ${ROUNDS} rounds, ${cpus().length} processors (${cpus()[0].model.trim()}), Chromium ${browser.version()}`);
  if (process.argv.includes("--actions")) await actions(ask);
  else for (const [what, files] of ROWS) {
    for (const file of files) {
      // Resizing and encoding start from the decoded photograph, which decoding replaces.
      await ask("prepare", file);
      await row(ask, what, file);
    }
  }
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}

/** Parameters with which an action does something, where its defaults do not. */
const PARAMETERS = {
  resize: { width: 1600 },
  crop: { ratio: "1:1" },
  pad: { ratio: "1:1" },
  rotate: { angle: 7 },
  adjust: { exposure: 0.5, contrast: 10, saturation: 20 },
  levels: { black: 20, white: 235 },
  curves: { rgb: [[0, 0], [64, 50], [192, 206], [255, 255]] },
  temperature: { temperature: 30 },
  "highlights-shadows": { highlights: -30, shadows: 40 },
  denoise: { method: "median" },
  "remove-background": { method: "flat-backdrop" },
};

/** The table of the actions. */
async function actions(ask) {
  const catalog = JSON.parse(await readFile(new URL("../../src/actions/catalog.json", import.meta.url), "utf8"));
  await ask("prepare", "baseline");
  console.log(`\n    ${"action".padEnd(22)} ${"ms/MP".padStart(8)} ${"wasm-vips".padStart(10)}`);
  for (const { actionType } of catalog.filter(({ role, category }) => role === "transform" && category !== "logic")) {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await ask("act", actionType, PARAMETERS[actionType] ?? {}));
    const perMegapixel = (name) => median(rounds.map((times) => times[name])) / 12;
    const peer = rounds[0].peer === undefined ? "" : perMegapixel("peer").toFixed(1);
    console.log(`    ${actionType.padEnd(22)} ${perMegapixel("own").toFixed(1).padStart(8)} ${peer.padStart(10)}`);
  }
}

async function row(ask, what, file) {
  const names = await ask("names", what);
  const peers = what === "encode as JPEG XL" ? [] : ["native sharp"];
  const found = new Map([...names, ...peers].map((name) => [name, { times: [] }]));
  // The first round warms up, and is where files are judged.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, one] of found) {
      const measured = name === "native sharp" ? await native(what, file) : await ask("measure", what, name, file, round === 0);
      if (round > 0) one.times.push(measured.time);
      else Object.assign(one, { bytes: measured.bytes, decibels: measured.decibels });
    }
  }
  const time = (name) => median(found.get(name).times);
  console.log(`\n  ${what}, ${file}`);
  for (const [name, { bytes, decibels }] of found) {
    const size = bytes === undefined ? "" : `${(bytes / 1000).toFixed(0)} kB`.padStart(10);
    const quality = decibels === undefined ? "" : `${decibels.toFixed(2)} dB`.padStart(10);
    const ratio = name === "Pixelmill" ? "" : `${(time(name) / time("Pixelmill")).toFixed(2)} ×`;
    console.log(`    ${name.padEnd(28)} ${time(name).toFixed(1).padStart(8)} ms ${ratio.padStart(8)}${size}${quality}`);
  }
}

/** The same by sharp on this machine, on one thread. */
async function native(what, file) {
  const bytes = file === "restarts" ? photographs.baseline : photographs[file];
  pixels ??= await sharp(photographs.baseline).raw().toBuffer({ resolveWithObject: true });
  const { data, info } = pixels;
  const fromPixels = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  const work = {
    decode: () => sharp(bytes).raw().toBuffer(),
    "decode at 1/2": () => sharp(bytes).resize(Math.ceil(info.width / 2), Math.ceil(info.height / 2), { fit: "fill", kernel: "nearest" }).raw().toBuffer(),
    resize: () => fromPixels().resize(SIDE, SIDE, { fit: "inside", kernel: "lanczos3" }).raw().toBuffer(),
    encode: () => fromPixels().jpeg({ quality: QUALITY }).toBuffer(),
    "decode, resize, encode": () => sharp(bytes).resize(SIDE, SIDE, { fit: "inside", kernel: "lanczos3", fastShrinkOnLoad: false }).jpeg({ quality: QUALITY }).toBuffer(),
  }[what];
  const start = performance.now();
  const result = await work();
  const time = performance.now() - start;
  return what === "encode" ? { time, bytes: result.length } : { time };
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
