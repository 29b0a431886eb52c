// The built folder on a static host below a path: it contains everything it needs, and its Content-Security-Policy is obeyed.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { importFiles, open, ready, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

const site = suite(test);

const DIST = process.env.PIXELMILL_DIST;

test("html, scripts and WebAssembly are sent with their types and with the page's policy", async () => {
  const { url } = site;
  const page = await fetch(url);
  const text = await page.text();
  const declared = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(text)[1];
  assert.match(declared, /script-src 'self' 'wasm-unsafe-eval';/);
  assert.match(declared, /worker-src 'self' blob:;/);
  assert.doesNotMatch(declared, /script-src[^;]*(unsafe-inline|'unsafe-eval'|\*|https?:)/);
  for (const [file, type] of [["", "text/html"], ["start.js", "text/javascript"], ["worker.js", "text/javascript"], ["worker_bg.wasm", "application/wasm"], ["libwebp.wasm", "application/wasm"]]) {
    const answer = await fetch(url + file);
    assert.equal(answer.status, 200, file);
    assert.ok(answer.headers.get("content-type").startsWith(type), `${file}: ${answer.headers.get("content-type")}`);
    assert.equal(answer.headers.get("content-security-policy"), declared, file);
  }
});

test("the server serves nothing but the folder", async () => {
  const { url } = site;
  for (const path of ["../", "%2e%2e/Cargo.toml", "..%2fCargo.toml", "no-such-file", "licences/"]) {
    assert.equal((await fetch(url + path)).status, 404, path);
  }
  assert.equal((await fetch(new URL("/", url))).status, 404);
  assert.equal((await fetch(url, { method: "POST" })).status, 405);
  assert.equal((await fetch(url.slice(0, -1), { redirect: "manual" })).status, 308);
});

test("nothing in the folder names an address of another host to load from", () => {
  for (const name of readdirSync(DIST)) {
    const path = join(DIST, name);
    if (!statSync(path).isFile() || !/\.(html|css)$/.test(name)) continue;
    const text = readFileSync(path, "utf8");
    assert.doesNotMatch(text, /(?:src|href)="(?:https?:)?\/\//, name);
    assert.doesNotMatch(text, /(?:src|href)="\//, `${name} has an absolute path, which no sub-path survives`);
    assert.doesNotMatch(text, /url\(["']?(?:https?:|\/)/, name);
    assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)/, `${name} has an inline script`);
  }
});

test("the page works under its policy, without a violation, and keeps to its own folder", async (t) => {
  const session = await open(t);
  const { page } = session;
  await page.evaluate(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => window.violations.push([violatedDirective, blockedURI]));
  });
  const assets = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  const { status } = await run(page, withImages(pictures.chain("policy", [], { format: "webp" }), { photos: assets }));
  assert.equal(status.status, "completed");
  assert.deepEqual(await page.evaluate(() => window.violations), []);
  assert.ok(session.watch.requests.some((url) => url.endsWith("worker_bg.wasm")));
});

test("a reload anywhere in the page's fragments finds the page again", async (t) => {
  const { page, url } = await open(t, { hash: "#/batches" });
  await page.reload();
  await ready(page);
  assert.equal(page.url(), `${url}#/batches`);
});
