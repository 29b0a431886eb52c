// What the benchmarks that measure in a worker have in common: a browser with a page that starts the worker and asks it, and what is printed.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];
const FOLDERS = {
  bench: "bench",
  codecs: "../../src/codecs",
  jsquash: "node_modules/@jsquash",
  photon: "node_modules/@silvia-odwyer/photon",
  "wasm-vips": "node_modules/wasm-vips/lib",
};
const MIME_TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
/** Rounds whose median counts, and how many if one takes long. */
const ROUNDS = 5;
const FEW_ROUNDS = 2;
const LONG_MS = 1500;

/** Runs `measure` with what asks the worker of this script: `ask(operation, ...parameters)`. The files are at /files/NAME. */
export async function inWorker(script, files, measure) {
  const server = createServer(async (request, response) => {
    const [, first, ...rest] = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname)).split("/");
    try {
      const body = await fileAt(first, rest, files);
      response.writeHead(200, {
        "Content-Type": MIME_TYPES[extname(new URL(request.url, "http://localhost").pathname)] ?? "application/octet-stream",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = (path) => `http://127.0.0.1:${server.address().port}/${path}`;
  const browser = await chromium.launch({ executablePath: process.env.PIXELMILL_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(address(`bench/worker.html?script=${script}`));
    await page.waitForFunction(() => window.ask !== undefined);
    const ask = (...parameters) => page.evaluate((parameters) => window.ask(...parameters), parameters);
    await ask("start");
    for (const name of Object.keys(files)) await ask("keep", name, address(`files/${encodeURIComponent(name)}`));
    console.log(`  up to ${ROUNDS} rounds, ${cpus().length} processors (${cpus()[0].model.trim()}), Chromium ${browser.version()}`);
    await measure(ask);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

async function fileAt(first, rest, files) {
  if (first === "files") return files[rest[0]];
  if (first === "kernels.wasm") return await readFile(process.env.PIXELMILL_KERNELS);
  const file = await readFile(join(HERE, FOLDERS[first], ...rest));
  // A bundler would start its program; here the worker does.
  return first === "photon" && rest[0].endsWith(".js") ? String(file).replace(/^import \* as wasm .*/, "let wasm; export const begin = (exports) => (wasm = exports);") : file;
}

/** Lets all take turns: `measure(name, judged)` answers `{ time, … }`, with what is said of a file if it is judged. The median of the times counts. A
 * peer that fails has none. */
export async function takeTurns(names, measure) {
  const found = new Map(names.map((name) => [name, { times: [] }]));
  // The first round warms up, and is where files are judged.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, one] of found) {
      if ((one.isSlow && round > FEW_ROUNDS) || one.failed) continue;
      try {
        const { time, ...said } = await measure(name, round === 0);
        if (round > 0) one.times.push(time);
        else Object.assign(one, said, { isSlow: time > LONG_MS });
      } catch (error) {
        if (name === names[0]) throw error;
        one.failed = error.message.split("\n", 2).join(" ");
      }
    }
  }
  return new Map([...found].map(([name, { times, isSlow, ...said }]) => [name, { ...said, time: median(times) }]));
}

/** Prints what was found of each, and how many times as long as the first the others took. */
export function printRow(title, found) {
  const [[own, { time: first }]] = found;
  console.log(`\n  ${title}`);
  for (const [name, { time, bytes, decibels, failed }] of found) {
    if (failed) {
      console.log(`    ${name.padEnd(28)} failed: ${failed}`);
      continue;
    }
    const size = bytes === undefined ? "" : `${(bytes / 1000).toFixed(0)} kB`.padStart(10);
    const quality = decibels === undefined ? "" : (decibels === null ? "equal" : `${decibels.toFixed(2)} dB`).padStart(10);
    const ratio = name === own ? "" : `${(time / first).toFixed(2)} ×`;
    console.log(`    ${name.padEnd(28)} ${time.toFixed(1).padStart(8)} ms ${ratio.padStart(8)}${size}${quality}`);
  }
}

/** The time of native work in ms, and what it made. */
export async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { time: performance.now() - start, result };
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
