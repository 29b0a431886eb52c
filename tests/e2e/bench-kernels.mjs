// `cargo xtask bench --kernels`: decoding, resizing and encoding alone, beside wasm-vips, jSquash (MozJPEG), the browser's own codecs and native
// sharp, on a 12-megapixel photograph: baseline, progressive, and with restart markers as cameras write them. All take turns in one worker of
// one page, in several rounds, and the median counts. Encoders are compared by bytes and PSNR too.

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
const FOLDERS = { "wasm-vips": "node_modules/wasm-vips/lib", jsquash: "node_modules/@jsquash/jpeg", bench: "bench" };
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
  const [width, height] = await ask("prepare", "baseline");
  console.log(`  ${width} × ${height}, ${ROUNDS} rounds, ${cpus().length} processors (${cpus()[0].model.trim()}), Chromium ${browser.version()}`);
  for (const [what, files] of ROWS) {
    for (const file of files) await row(ask, what, file);
  }
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}

async function row(ask, what, file) {
  const names = await ask("names", what);
  const found = new Map([...names, "native sharp"].map((name) => [name, { times: [] }]));
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
