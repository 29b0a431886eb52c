// `cargo xtask bench`: a mask by the built-in model, compared with onnxruntime-web on the same file in the same browser and the same run, each
// in one worker with one thread. First: from nothing to the first mask, in a freshly started browser, over a local connection. Warm: the
// median of the masks after it.

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { DIST, builtName, declaredNames } from "./support/built.mjs";
import * as pictures from "./support/pictures.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ORT = join(HERE, "node_modules/onnxruntime-web/dist");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];
/** The address of a file of the page for the workers under `bench/`. */
const NAMES = declaredNames(readFileSync(join(DIST, "index.html"), "utf8"));
const MIME_TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const ROUNDS = 3;
const RUNS = 5;
const SIDE = 320;

const CONTESTANTS = [
  { name: "Pixelmill", script: "/bench/network-worker.js", files: [join(DIST, builtName("network.wasm"))] },
  {
    name: "onnxruntime-web",
    script: "/bench/onnxruntime-worker.js",
    files: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"].map((name) => join(ORT, name)),
  },
];

const server = createServer(async (request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  const [, first, ...rest] = path.split("/");
  const folder = { bench: join(HERE, "bench"), onnxruntime: ORT }[first];
  try {
    const body = await readFile(folder ? join(folder, ...rest) : join(DIST, NAMES[first] ?? path));
    response.writeHead(200, { "Content-Type": MIME_TYPES[extname(path)] ?? "application/octet-stream", "Cache-Control": "no-store" });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
let version;
try {
  const input = await sampled("portrait");
  const found = new Map(CONTESTANTS.map(({ name }) => [name, []]));
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const { name, script } of CONTESTANTS) {
      const one = await measure(script, input);
      found.get(name).push(one);
      console.log(`  round ${round}, ${name}: first ${one.first.toFixed(0)} ms, then ${one.times.map((time) => time.toFixed(0)).join(", ")} ms`);
    }
  }
  await print(found);
} finally {
  server.close();
  server.closeAllConnections();
}

async function measure(script, input) {
  const browser = await chromium.launch({ executablePath: process.env.PIXELMILL_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  version = browser.version();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/bench/networks.html`);
    await page.waitForFunction(() => window.measure !== undefined);
    return await page.evaluate(([script, input, runs]) => window.measure(script, input, runs), [script, input, RUNS]);
  } finally {
    await browser.close();
  }
}

/** A photograph as the model's input. */
async function sampled(name) {
  const rgb = await sharp(pictures.photo(name)).resize(SIDE, SIDE, { fit: "fill" }).removeAlpha().raw().toBuffer();
  const [mean, deviation] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
  const largest = rgb.reduce((most, sample) => Math.max(most, sample), 1);
  return Array.from({ length: rgb.length }, (_, at) => {
    const [channel, pixel] = [Math.floor(at / (SIDE * SIDE)), at % (SIDE * SIDE)];
    return (rgb[pixel * 3 + channel] / largest - mean[channel]) / deviation[channel];
  });
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

async function print(found) {
  const rows = await Promise.all(
    CONTESTANTS.map(async ({ name, files }) => {
      const all = found.get(name);
      const bytes = await Promise.all(files.map(async (file) => brotliCompressSync(await readFile(file)).length));
      return {
        name,
        first: median(all.map(({ first }) => first)),
        warm: median(all.flatMap(({ times }) => times)),
        memory: Math.max(...all.map(({ memory }) => memory)),
        bytes: bytes.reduce((sum, one) => sum + one, 0),
      };
    }),
  );
  console.log(`\n  U²-Netp, ${ROUNDS} rounds of 1 + ${RUNS} masks, ${cpus().length} processors (${cpus()[0].model.trim()}), Chromium ${version}\n`);
  console.log(`  ${"one worker, one thread".padEnd(24)} ${"first, ms".padStart(10)} ${"warm, ms".padStart(10)} ${"memory, MB".padStart(11)} ${"code, kB brotli".padStart(16)}`);
  for (const { name, first, warm, memory, bytes } of rows) {
    console.log(`  ${name.padEnd(24)} ${first.toFixed(0).padStart(10)} ${warm.toFixed(0).padStart(10)} ${(memory / 1e6).toFixed(0).padStart(11)} ${(bytes / 1e3).toFixed(0).padStart(16)}`);
  }
  const [own, peer] = rows;
  const masks = CONTESTANTS.map(({ name }) => found.get(name)[0].mask);
  const difference = masks[0].reduce((most, value, at) => Math.max(most, Math.abs(value - masks[1][at])), 0);
  const aim = (text, value, most) => `${text} ${value.toFixed(2)} (aim at most ${most}: ${value <= most ? "reached" : "not reached"})`;
  console.log(`\n  Pixelmill ÷ onnxruntime-web: ${aim("warm", own.warm / peer.warm, 0.45)}, ${aim("first", own.first / peer.first, 1)}, ${aim("bytes", own.bytes / peer.bytes, 0.02)}`);
  console.log(`  The masks differ by at most ${difference.toExponential(1)}.`);
}
