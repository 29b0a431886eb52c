// The built folder on a static host below a path: it contains everything it needs, and its Content-Security-Policy is obeyed.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { DIST, addressOf, builtName, declaredNames } from "./support/built.mjs";
import { buildOf, deployment } from "./support/deployment.mjs";
import { importFiles, open, ready, run, serve, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { serviceOf, workersOf } from "./support/service.mjs";

const site = suite(test);


test("html, scripts and WebAssembly are sent with their types and with the page's policy", async () => {
  const { url } = site;
  const page = await fetch(url);
  const text = await page.text();
  const declared = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(text)[1];
  assert.match(declared, /script-src 'self' 'wasm-unsafe-eval';/);
  assert.match(declared, /worker-src 'self' blob:;/);
  assert.doesNotMatch(declared, /script-src[^;]*(unsafe-inline|'unsafe-eval'|\*|https?:)/);
  const start = /src="\.\/(start-[0-9a-f]{16}\.js)"/.exec(text)[1];
  const files = [["", "text/html"], [start, "text/javascript"], [builtName("worker.js"), "text/javascript"], [builtName("worker_bg.wasm"), "application/wasm"], [builtName("libwebp.wasm"), "application/wasm"]];
  for (const [file, type] of files) {
    const answer = await fetch(url + file);
    assert.equal(answer.status, 200, file);
    assert.ok(answer.headers.get("content-type").startsWith(type), `${file}: ${answer.headers.get("content-type")}`);
    assert.equal(answer.headers.get("content-security-policy"), declared, file);
    assert.equal(answer.headers.get("cache-control"), "max-age=3600", file);
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
    assert.doesNotMatch(text, /(?:src|href)="\//, `${name} has an absolute path, which breaks below a sub-path`);
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
  assert.ok(session.watch.requests.some((url) => addressOf("worker_bg.wasm").test(url)));
});

test("a reload anywhere in the page's fragments finds the page again", async (t) => {
  const { page, url } = await open(t, { hash: "#/batches" });
  await page.reload();
  await ready(page);
  assert.equal(page.url(), `${url}#/batches`);
});

/** What a client without the page looks for by name; the page does not. */
const DEPLOYMENT = "pixelmill.json";
/** What pages of other sites ask for by name. */
const EMBEDDED = ["embed.js", "frame.html", "frame.js", "frame.json"];
const FIXED = ["index.html", "manifest.webmanifest", DEPLOYMENT, "sw.js", ...EMBEDDED].sort();

/** The files of the API page and of the languages, with their paths: folders whose names have the hash of their content. */
function innerFiles() {
  const folders = readdirSync(DIST).filter((name) => /^(reference|translation)-[0-9a-f]{16}$/.test(name));
  assert.equal(folders.length, 2);
  return folders
    .flatMap((folder) => readdirSync(join(DIST, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(DIST, join(entry.parentPath, entry.name)));
}

test("every file but those that are looked for by name has the hash of its content in its name", () => {
  const names = readdirSync(DIST).filter((name) => statSync(join(DIST, name)).isFile());
  assert.deepEqual(names.filter((name) => !/^[\w-]+-[0-9a-f]{16}\.\w+$/.test(name)).sort(), FIXED);
  const html = readFileSync(join(DIST, "index.html"), "utf8");
  const script = readFileSync(join(DIST, names.find((name) => name.startsWith("app-"))), "utf8");
  const named = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name);
  const told = [...Object.values(declaredNames(html)), ...named(html, /"\.\/([^"/]+)"/g), ...named(script, /"\.\/(part_[^"/]+)"/g)];
  const expected = names.filter((name) => !["index.html", "sw.js", DEPLOYMENT, ...EMBEDDED].includes(name));
  expected.push(...innerFiles().filter((name) => /\/(reference|translate)\.js$/.test(name)));
  assert.deepEqual([...new Set(told)].sort(), expected.sort());
});

test("the deployment's description has the build's id and the names that the page declares", () => {
  const { id, files, build, version } = JSON.parse(readFileSync(join(DIST, DEPLOYMENT), "utf8"));
  assert.equal(id, buildOf(readFileSync(join(DIST, "sw.js"), "utf8")).id);
  assert.deepEqual(files, declaredNames(readFileSync(join(DIST, "index.html"), "utf8")));
  assert.match(build, /^[0-9a-f]{16}$/);
  assert.ok(Number.isInteger(version));
});

test("the service worker and the page are of one build, which lists every file that the page starts and runs with", () => {
  const { id, files } = buildOf(readFileSync(join(DIST, "sw.js"), "utf8"));
  assert.match(id, /^[0-9a-f]{16}$/);
  assert.ok(readFileSync(join(DIST, "index.html"), "utf8").includes(`<meta name="pixelmill-build" content="${id}">`));
  const names = readdirSync(DIST).filter((name) => statSync(join(DIST, name)).isFile());
  const expected = names.filter((name) => !["index.html", "sw.js", ...EMBEDDED].includes(name) && !/^network-|^lettering-|^jxl-|^av1-|^hevc-|^svg-|^lib(avif|jxl)-.*\.wasm$|^embed-|\.(onnx|ttf|woff2)$/.test(name));
  expected.push("api/openapi.json", ...innerFiles());
  assert.deepEqual(files, Object.fromEntries(expected.map((name) => [name, statSync(join(DIST, name)).size])));
});

const WEBP = pictures.chain("small", [["resize", { width: 64 }]], { format: "webp" });

test("after a deployment, what the browser has kept of the build before is not paired with the new one", async (t) => {
  const site = deployment();
  const server = await serve(site.folder);
  t.after(() => server.stop());
  const { page, watch } = await open(t, { server, workers: 1 });
  const assets = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  await run(page, withImages(WEBP, { photos: assets }));
  const names = ["service.js", "worker.js", "libwebp.js"].map((plain) => site.update(plain, (file) => `${file}\nself.deployed = (self.deployed ?? 0) + 1;\n`));
  const before = watch.requests.length;
  await page.reload();
  await ready(page);
  const { status } = await run(page, withImages(WEBP, { photos: assets }));
  assert.equal(status.assets.completed, 1);
  const asked = watch.requests.slice(before);
  for (const name of names) assert.ok(asked.some((url) => url.endsWith(name)), `${name} was not requested: ${asked.join(" ")}`);
  assert.equal(await (await serviceOf(page)).evaluate(() => self.deployed), 1);
  assert.equal(await (await workersOf(page))[0].evaluate(() => self.deployed), 2);
});

test("a page whose files a deployment has removed says that it was updated", async (t) => {
  const site = deployment();
  const server = await serve(site.folder);
  t.after(() => server.stop());
  const { page } = await open(t, { server, workers: 1, errorsExpected: true });
  const assets = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  site.update("network.wasm", (file) => file);
  const { executions } = await run(page, withImages(pictures.chain("cut-out", [["remove-background", {}]], { format: "png" }), { photos: assets }));
  assert.match(executions[0].error, /the page was updated while it was open/);
  assert.match(executions[0].hint, /Reload the page/);
  // The same when the page itself comes from the browser's cache.
  site.update("worker.js", (file) => file);
  const stale = await page.context().newPage();
  await stale.route("**/sub-path/", (route) => route.fulfill({ body: readFileSync(join(DIST, "index.html"), "utf8"), contentType: "text/html" }));
  await stale.goto(server.url);
  await stale.getByText("This page was updated on its server while it was open.").first().waitFor();
});

/** A program that starts as one of another build does. */
const ANOTHER_BUILD = `self.wasm_bindgen = async () => {
  (self.service ?? self).postMessage([{ ready: { version: 1, buildId: "another" } }]);
  return {};
};`;

/** Answers with such a program in place of one of the page's. */
const replaced = (program) => (context) =>
  context.route(addressOf(program), (route) => route.fulfill({ contentType: "text/javascript", body: ANOTHER_BUILD }));

test("a worker of another build is reported as such, not as one that does not start", async (t) => {
  const { page } = await open(t, { errorsExpected: true, prepare: replaced("worker.js") });
  const { rejected } = await importOne(page);
  assert.match(JSON.stringify(rejected), /This page was updated on its server while it was open/);
});

test("a service of another build is reported as such", async (t) => {
  const { page } = await open(t, { errorsExpected: true, unready: true, prepare: replaced("service.js") });
  await page.getByText("This page was updated on its server while it was open.").first().waitFor();
});

/** Imports a file: the answer, or `{ rejected }`. */
async function importOne(page) {
  return await page.evaluate(async () => {
    try {
      return await window.pixelmill.importAssets([new File(["x"], "x.jpg")]);
    } catch (rejected) {
      return { rejected };
    }
  });
}
