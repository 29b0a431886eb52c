// `cargo xtask bench`: photographs per second of "Web gallery" (fit into 1600 × 1600, sharpen a little, JPEG of quality 80) in the whole
// product — store, worker, store — compared with other libraries in the same browser and the same run, and with native sharp.
//
// The other libraries work from memory to memory, store nothing, and sharpen in the cheapest way they have. All take turns, in several rounds,
// and the median counts, since a machine's speed varies. `--kind deep` takes PNG files of three megapixels and 16 bits a sample, `--kind profiled`
// photographs in Display P3, whose results are in sRGB.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { basename, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { twelveMegapixels } from "./support/photograph.mjs";
import * as pictures from "./support/pictures.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const DIST = process.env.PIXELMILL_DIST ?? join(HERE, "../../dist");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];
const ROUNDS = 3;
const VARIANTS = 8;
/** The side of a result that is a little too large for decoding 12 megapixels at 1/2. */
const IN_FULL = 1606;
const MIME_TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".css": "text/css", ".svg": "image/svg+xml", ".jpg": "image/jpeg" };

const options = readOptions(process.argv.slice(2));
const KINDS = {
  usual: (jpeg) => jpeg,
  // Brighter by less than a level, so that the low bits are not empty.
  deep: (jpeg) => sharp(jpeg).resize(2000, 1500).toColourspace("rgb16").linear(1.0007, 0).png({ compressionLevel: 1 }).toBuffer(),
  profiled: (jpeg) => sharp(jpeg).withIccProfile("p3").jpeg({ quality: 90 }).toBuffer(),
};
const photographs = options.files.length > 0 ? await Promise.all(options.files.map((file) => readFile(file))) : [await KINDS[options.kind](await twelveMegapixels())];
for (const [index, photograph] of photographs.entries()) {
  const { width, height } = await sharp(photograph).metadata();
  const name = options.files[index] ? basename(options.files[index]) : "a generated photograph";
  console.log(`  ${name}: ${width} × ${height}, ${(photograph.length / 1e6).toFixed(2)} MB`);
}
// Equal bytes would be one asset: each image of a run has a comment of its own.
const variants = Array.from({ length: Math.max(VARIANTS, photographs.length) }, (_, index) =>
  (options.kind === "deep" ? pictures.withText : pictures.withComment)(photographs[index % photographs.length], `variant ${index}`),
);

const server = await serve();
const browser = await chromium.launch({ executablePath: process.env.PIXELMILL_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
try {
  const peers = await openPeers();
  const { kind } = options;
  const contestants = kind !== "usual" ? [
    { name: "Pixelmill", measure: (workers) => product(workers, 1600) },
    { name: "canvas", measure: (workers) => peer(peers, "canvas-worker.js", {}, workers) },
    { name: "wasm-vips", measure: (workers) => peer(peers, "vips-worker.js", { shrink: 1, kind }, workers) },
    { name: "native sharp", measure: (workers) => native(workers, 1) },
  ] : [
    { name: "Pixelmill", measure: (workers) => product(workers, 1600) },
    { name: "Pixelmill, decoded in full", measure: (workers) => product(workers, IN_FULL) },
    { name: "canvas", measure: (workers) => peer(peers, "canvas-worker.js", {}, workers) },
    { name: "wasm-vips", measure: (workers) => peer(peers, "vips-worker.js", { shrink: 1 }, workers) },
    { name: "wasm-vips, decoded at 1/2", measure: (workers) => peer(peers, "vips-worker.js", { shrink: 2 }, workers) },
    { name: "native sharp", measure: (workers) => native(workers, 1) },
    { name: "native sharp, decoded at 1/2", measure: (workers) => native(workers, 2) },
  ];
  const rates = new Map(contestants.map(({ name }) => [name, { 1: [], 2: [] }]));
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const workers of [1, 2]) {
      for (const { name, measure } of contestants) {
        const rate = await measure(workers);
        rates.get(name)[workers].push(rate);
        console.log(`  round ${round}, ${workers} worker${workers > 1 ? "s" : ""}, ${name}: ${rate.toFixed(2)} images/s`);
      }
    }
  }
  print(rates);
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}

function readOptions(rest) {
  // As many as take some seconds: in a shorter run the browser still compiles what it has found to be used much.
  const found = { images: 72, kind: "usual", files: [] };
  while (rest.length > 0) {
    const option = rest.shift();
    if (option === "--images") found.images = Number(rest.shift());
    else if (option === "--kind") found.kind = rest.shift();
    else if (option.startsWith("--")) throw new Error(`bench has no option ${option}`);
    else found.files.push(option);
  }
  if (!(found.images >= 1)) throw new Error("--images needs a number");
  if (!["usual", "deep", "profiled"].includes(found.kind)) throw new Error("--kind is usual, deep or profiled");
  return found;
}

/** The page at /, the other libraries at /peers/ and the photographs at /photographs/, all of one origin. Only /peers/ is cross-origin isolated. */
async function serve() {
  const page = await readFile(join(DIST, "index.html"), "utf8");
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page)[1];
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const isolated = path.startsWith("/peers/") || path.startsWith("/photographs/");
    const headers = isolated
      ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin" }
      : { "Content-Security-Policy": policy };
    try {
      const body = await fileAt(path);
      response.writeHead(200, { ...headers, "Content-Type": MIME_TYPES[extname(path)] ?? (path.endsWith("/") ? "text/html" : "application/octet-stream") });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function fileAt(path) {
  const [, first, ...rest] = path.split("/");
  if (first === "photographs") return variants[Number.parseInt(rest[0])];
  if (first === "peers" && rest[0] === "wasm-vips") return await readFile(join(HERE, "node_modules/wasm-vips/lib", rest.slice(1).join("/")));
  if (first === "peers") return await readFile(join(HERE, "bench", rest.join("/")));
  return await readFile(join(DIST, path.endsWith("/") ? `${path}index.html` : path));
}

function address(path) {
  return `http://127.0.0.1:${server.address().port}${path}`;
}

async function openPeers() {
  const page = await (await browser.newContext()).newPage();
  await page.goto(address("/peers/peers.html"));
  await page.waitForFunction(() => window.measure !== undefined);
  await page.evaluate((urls) => window.keep(urls), variants.map((_, index) => address(`/photographs/${index}.jpg`)));
  return page;
}

async function peer(page, script, scriptOptions, workers) {
  const { rate } = await page.evaluate(
    ([script, scriptOptions, workers, count]) => window.measure(script, scriptOptions, workers, count),
    [script, scriptOptions, workers, options.images],
  );
  return rate;
}

/** The whole product: photographs come from the store, and results and records end up there. A first batch warms up the workers. */
async function product(workers, side) {
  const context = await browser.newContext();
  try {
    await context.addInitScript((workers) => {
      if (location.protocol.startsWith("http")) localStorage.setItem("pixelmill.workers", String(workers));
    }, workers);
    const page = await context.newPage();
    await page.goto(address("/"));
    await page.waitForFunction(() => window.pixelmill !== undefined);
    return await page.evaluate(
      async ([workflow, side, urls, count, warmUp, kind]) => {
        const assets = [];
        for (const url of urls) {
          const blob = await (await fetch(url)).blob();
          assets.push(...(await window.pixelmill.importAssets([new File([blob], "photo.jpg", { type: "image/jpeg" })])));
        }
        const run = async (count) => {
          const images = Array.from({ length: count }, (_, index) => ({ name: "photo.jpg", sourceUrl: assets[index % assets.length].url, storageType: "local" }));
          const request = structuredClone(workflow);
          request.actions[0].parameters.images = images;
          const output = request.actions.find(({ actionType }) => actionType === "output");
          if (kind === "profiled") output.parameters.colorProfile = "none";
          // As the others do: left to itself, the workflow writes PNG files as WebP.
          output.parameters.format = "jpeg";
          const resize = request.actions.find(({ actionType }) => actionType === "resize");
          Object.assign(resize.parameters, { width: side, height: side });
          const ended = new Promise((resolve) => window.pixelmill.addEventListener("batchcompleted", resolve, { once: true }));
          const start = performance.now();
          const { batchId } = await window.pixelmill.executeBatch({ workflowId: "bench", workflow: request });
          await ended;
          const time = performance.now() - start;
          const { assets: counts } = await window.pixelmill.getBatchStatus(batchId);
          if (counts.completed !== count) throw new Error(`only ${counts.completed} of ${count} succeeded`);
          return (count * 1000) / time;
        };
        await run(warmUp);
        return await run(count);
      },
      [pictures.builtIn("web-gallery"), side, variants.map((_, index) => address(`/photographs/${index}.jpg`)), options.images, 2 * workers, options.kind],
    );
  } finally {
    await context.close();
  }
}

/** sharp on this machine, with as many pictures at once as there are workers. */
async function native(workers, shrink) {
  sharp.concurrency(1);
  sharp.cache(false);
  const one = async (bytes) => {
    await sharp(bytes)
      .resize(1600, 1600, { fit: "inside", withoutEnlargement: true, kernel: "lanczos3", fastShrinkOnLoad: shrink > 1 })
      .sharpen()
      .jpeg({ quality: 80 })
      .toBuffer();
  };
  await one(variants[0]);
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (next < options.images) await one(variants[next++ % variants.length]);
    }),
  );
  return (options.images * 1000) / (performance.now() - start);
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

function print(rates) {
  const rate = (name, workers) => median(rates.get(name)[workers]);
  console.log(`\n  ${options.images} images a run, median of ${ROUNDS} rounds, ${cpus().length} processors (${cpus()[0].model.trim()}), Chromium ${browser.version()}\n`);
  console.log(`  ${"images per second".padEnd(30)} ${"1 worker".padStart(10)} ${"2 workers".padStart(10)} ${"÷ wasm-vips".padStart(15)} ${"÷ sharp".padStart(15)}`);
  for (const name of rates.keys()) {
    const ratio = (base) => [1, 2].map((workers) => (rate(name, workers) / rate(base, workers)).toFixed(2)).join(" / ").padStart(15);
    console.log(
      `  ${name.padEnd(30)} ${rate(name, 1).toFixed(2).padStart(10)} ${rate(name, 2).toFixed(2).padStart(10)} ${ratio("wasm-vips")} ${ratio("native sharp")}`,
    );
  }
  if (options.kind !== "usual") return;
  console.log("\n  At equal decoding:");
  for (const [own, base, aim] of [
    ["Pixelmill, decoded in full", "wasm-vips", 3],
    ["Pixelmill", "wasm-vips, decoded at 1/2", 3],
    ["Pixelmill, decoded in full", "native sharp", 1.3],
    ["Pixelmill", "native sharp, decoded at 1/2", 1.3],
  ]) {
    const found = [1, 2].map((workers) => (rate(own, workers) / rate(base, workers)).toFixed(2)).join(" / ");
    console.log(`  ${own.padEnd(30)} ${found} × ${base} (aim ${aim})`);
  }
}
