// The npm client in a page of another origin with a strict policy. The host's page has its connection in `window.pixelmill`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import sharp from "sharp";
import { ask, eventually, execute, executions, importFiles, open, readAsset, ready, run, scratchFolder, serve, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import { serveHost } from "./support/host.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const MIRROR = pictures.chain("mirror", [["flip", { direction: "horizontal" }]], { format: "png" });

/** Some pictures without symmetry, and what comes out of `MIRROR`, by sharp. */
async function mirrored(count) {
  const each = Array.from({ length: count }, async (_, index) => {
    const bytes = await sharp(pictures.photo("cat")).resize(120 + index, 90, { fit: "fill" }).png().toBuffer();
    return { name: `cat-${index}.png`, bytes, expected: await pictures.decode(await sharp(bytes).flop().png().toBuffer()) };
  });
  return await Promise.all(each);
}

/** A host's page, open in a tab once its client has connected or was refused. */
async function openHost(t, { server, host = {}, ...options } = {}) {
  const deployment = server ?? (await serve(undefined, { cors: true }));
  const page = await serveHost(deployment.url, host);
  const session = await open(t, { server: page, uses: [deployment.url], unready: true, ...options });
  t.after(async () => {
    await page.stop();
    if (!server) await deployment.stop();
  });
  await session.page.waitForFunction(() => window.pixelmill ?? window.refused);
  return { ...session, deployment, host: page, refused: await session.page.evaluate(() => window.refused) };
}

/** Waits until this many locks with the prefix are held. */
async function untilLocks(page, prefix, count) {
  const held = async ([prefix, count]) => (await navigator.locks.query()).held.filter(({ name }) => name.startsWith(prefix)).length === count;
  await page.waitForFunction(held, [prefix, count]);
}

test("a host of another origin runs a batch under a strict policy", async (t) => {
  const { page, refused } = await openHost(t);
  assert.equal(refused, undefined);
  const files = await mirrored(3);
  const assets = await importFiles(page, files);
  assert.deepEqual(assets.map(({ assetId }) => assetId), files.map(({ bytes }) => pictures.sha256(bytes)));
  const result = await run(page, withImages(MIRROR, { photos: assets }));
  assert.equal(result.status.status, "completed");
  for (const [index, execution] of result.executions.entries()) {
    assert.equal(execution.status, "success", JSON.stringify(execution));
    const bytes = await readAsset(page, execution.outputs[0].url);
    assert.equal(pictures.sha256(bytes), execution.outputs[0].sha256);
    pictures.assertNear(await pictures.decode(bytes), files[index].expected, { largest: 0 }, files[index].name);
  }
  await page.waitForFunction(() => window.heard.some(({ type }) => type === "batchcompleted"));
  const heard = await page.evaluate(() => window.heard);
  assert.ok(heard.every(({ detail }) => detail.batchId === result.batchId));
  const types = heard.map(({ type }) => type);
  assert.equal(types.filter((type) => type === "executioncompleted").length, 3);
  assert.equal(types.filter((type) => type === "batchcompleted").length, 1);
  assert.ok(types.lastIndexOf("executioncompleted") < types.indexOf("batchcompleted"), String(types));
  const progress = heard.filter(({ type }) => type === "progress").map(({ detail }) => detail.assets.completed);
  assert.deepEqual(progress, progress.toSorted((one, other) => one - other), "progress never goes back");
  assert.equal(progress.at(-1), 3);
});

test("a call that is wrong is refused as in the page", async (t) => {
  const client = await openHost(t);
  const page = await open(t);
  for (const [name, ...parameters] of [
    ["getBatchStatus", 5],
    ["getBatchStatus", "batch-none-20260101-00000000"],
    ["listBatches", { limit: 0 }],
    ["listBatches", {}, { apiVersion: "2" }],
    ["executeBatch"],
    ["updateBatch", "batch-none-20260101-00000000", {}],
    ["importAssets", 7],
    ["importAssets", ["text"]],
    ["importModel", "text"],
    ["importFile", "text"],
    ["readAsset", "asset:unknown"],
    ["deleteModel", "unknown"],
    ["listFiles", { kind: "picture" }],
    ["deleteFile", { kind: "lut", name: "unknown" }],
  ]) {
    const refusal = async (page) =>
      await page.evaluate(
        async ([name, parameters]) => {
          const { error, message, status, code } = await window.pixelmill[name](...parameters).then(() => ({}), (refusal) => refusal);
          return { error, message, status, code };
        },
        [name, parameters],
      );
    const expected = await refusal(page.page);
    assert.ok(expected.code, name);
    assert.deepEqual(await refusal(client.page), expected, `${name}(${JSON.stringify(parameters)})`);
  }
});

test("two databases do not see each other's batches, and tabs with the same one share them", async (t) => {
  const { page, context, host } = await openHost(t, { host: { query: { database: "first" } } });
  const batchId = await execute(page, withImages(MIRROR, { photos: await importFiles(page, await mirrored(1)) }));
  await untilEnded(page, batchId);
  const other = await page.evaluate(async (batchId) => {
    const { client, base } = window;
    window.second = await client.connect({ base, database: "second" });
    const refusal = await window.second.getBatchStatus(batchId).catch(({ code }) => code);
    const heard = [];
    window.second.addEventListener("batchcompleted", ({ detail }) => heard.push(detail.batchId));
    window.second.addEventListener("progress", ({ detail }) => heard.push(detail.batchId));
    window.heardBySecond = heard;
    return { batches: (await window.second.listBatches()).batches, refusal, role: window.second.state.role };
  }, batchId);
  assert.deepEqual(other.batches, []);
  assert.equal(other.refusal, 404);
  await page.waitForFunction(() => window.second.state.role === "leader", undefined, { polling: 50 });
  // Both run batches at the same time, and each hears of its own only.
  const own = await execute(page, withImages(MIRROR, { photos: await importFiles(page, await mirrored(2)) }));
  await untilEnded(page, own);
  assert.deepEqual(await page.evaluate(() => window.heardBySecond), []);
  const names = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  assert.deepEqual(names.sort(), ["pixelmill:first", "pixelmill:second"]);
  const tab = await context.newPage();
  await tab.goto(host.url);
  await ready(tab);
  const { batches } = await ask(tab, "listBatches");
  assert.deepEqual(batches.map(({ batchId }) => batchId), [own, batchId]);
  assert.equal(await tab.evaluate(() => window.pixelmill.state.role), "follower");
});

test("a database cannot have the name of the page's own", async (t) => {
  for (const database of ["/some/sub-path/", "two words"]) {
    const { refused } = await openHost(t, { host: { query: { database } } });
    assert.equal(refused.name, "PixelmillError");
    assert.deepEqual([refused.error, refused.code], ["invalid_request", 400]);
    assert.match(refused.message, /cannot be the name of a database/);
  }
});

test("without a name, client and page have the same database", async (t) => {
  const { page } = await openHost(t);
  await ask(page, "listBatches");
  assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name)), ["pixelmill:/some/sub-path/"]);
});

test("close stops the service and its workers, and the batch goes on with the next connection", async (t) => {
  const { page } = await openHost(t);
  const batchId = await execute(page, withImages(MIRROR, { photos: await importFiles(page, await mirrored(40)) }));
  await page.waitForFunction(() => window.heard.some(({ type }) => type === "executioncompleted"));
  await untilLocks(page, "pixelmill-service:", 1);
  const refusals = await page.evaluate(async () => {
    const underWay = window.pixelmill.listBatches().then(() => "answered", ({ message }) => message);
    window.pixelmill.close();
    window.pixelmill.close();
    const later = window.pixelmill.listBatches().then(() => "answered", ({ message }) => message);
    return await Promise.all([underWay, later]);
  });
  assert.deepEqual(refusals, ["The connection is closed.", "The connection is closed."]);
  await untilLocks(page, "pixelmill", 0);
  await page.evaluate(async () => {
    window.pixelmill = await window.client.connect({ base: window.base });
  });
  const status = await untilEnded(page, batchId);
  assert.equal(status.status, "completed");
  assert.equal(status.assets.completed, 40);
  // The client left in good order, so no picture is blamed.
  const all = await executions(page, batchId);
  assert.ok(all.every(({ history }) => history === undefined), JSON.stringify(all.filter(({ history }) => history)));
});

test("a service that dies is started again, and processFile still gets its result", async (t) => {
  const prepare = (context) =>
    context.addInitScript(() => {
      window.services = [];
      window.Worker = class extends Worker {
        constructor(...parameters) {
          super(...parameters);
          if (parameters[1].name.startsWith("pixelmill-service:")) window.services.push(this);
        }
      };
    });
  const { page } = await openHost(t, { prepare });
  const [file] = await mirrored(1);
  const text = file.bytes.toString("base64");
  const found = await page.evaluate(
    async ([text, workflow]) => {
      const file = new File([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))], "cat.png");
      const { pixelmill } = window;
      await pixelmill.pauseAll();
      const accepted = new Promise((resolve) => {
        pixelmill.executeBatch = async (...parameters) => {
          const answer = await pixelmill.constructor.prototype.executeBatch.apply(pixelmill, parameters);
          setTimeout(resolve);
          return answer;
        };
      });
      const processed = pixelmill.processFile(file, workflow);
      await accepted;
      window.services[0].terminate();
      while (window.services.length === 1) await new Promise((resolve) => setTimeout(resolve, 20));
      await pixelmill.resumeAll();
      return (await processed).map(({ name, size, type }) => ({ name, type, size: size > 0 }));
    },
    [text, MIRROR],
  );
  assert.deepEqual(found, [{ name: "cat.png", type: "image/png", size: true }]);
  assert.equal(await page.evaluate(() => window.services.length), 2);
});

test("with a view the client is the view's, and closing it removes both", async (t) => {
  const policy = (base) => ({ "script-src": `'self' ${new URL(base).origin} 'wasm-unsafe-eval'`, "img-src": "blob:" });
  const deployment = await serve(undefined, { cors: true });
  t.after(() => deployment.stop());
  const { page } = await openHost(t, { server: deployment, host: { policy: policy(deployment.url), query: { database: "other" } } });
  const [{ bytes }] = await mirrored(1);
  const found = await page.evaluate(async ([text, workflow]) => {
    const place = document.createElement("main");
    document.body.append(place);
    window.shown = await window.client.connect({ base: window.base, database: "shown", view: place });
    const file = new File([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))], "cat.png");
    await window.shown.processFile(file, workflow, { keep: true });
    return (await window.shown.listBatches()).batches.length;
  }, [bytes.toString("base64"), MIRROR]);
  assert.equal(found, 1);
  await page.locator("pixel-mill [data-testid=nav-batches]").click();
  await page.locator("pixel-mill [data-testid=batch-row]").waitFor();
  await page.evaluate(() => window.shown.close());
  assert.equal(await page.locator("pixel-mill").count(), 0);
  await eventually(page, async () => (await navigator.locks.query()).held.every(({ name }) => !name.includes("shown")));
});

test("after three failed starts the connection is refused, with what the policy needs", async (t) => {
  const { refused } = await openHost(t, { host: { policy: { "worker-src": "'none'" } }, errorsExpected: true });
  assert.match(refused.message, /does not start: .*worker-src blob:/);
});

test("a deployment that cannot be read, or is of another build, is refused", async (t) => {
  const change = (text) => (context) =>
    context.route("**/pixelmill.json", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: text(await response.text()) });
    });
  const build = await openHost(t, { prepare: change((text) => text.replace(/"build":"[0-9a-f]{16}"/, '"build":"0000000000000000"')) });
  assert.match(build.refused.message, /was updated while it was being loaded/);
  const version = await openHost(t, { prepare: change((text) => text.replace(/"version":\d+/, '"version":1')) });
  assert.match(version.refused.message, /needs another version of this client/);
  const none = await openHost(t, { prepare: change(() => "{}") });
  assert.match(none.refused.message, /There is no Pixelmill at/);
  const closed = await serve();
  t.after(() => closed.stop());
  const cors = await openHost(t, { server: closed, errorsExpected: true });
  assert.match(cors.refused.message, /cannot be fetched: .*CORS/);
});

/** Calls `processFile` in the page: results as text, or the rejection. */
async function processFile(page, bytes, workflow, { options = {}, abortAfter } = {}) {
  return await page.evaluate(
    async ([text, workflow, options, abortAfter]) => {
      const file = new File([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))], "cat.png");
      const controller = new AbortController();
      if (abortAfter !== undefined) setTimeout(() => controller.abort(new Error("enough")), abortAfter);
      try {
        const files = await window.pixelmill.processFile(file, workflow, { ...options, signal: controller.signal });
        const bytes = async (file) => btoa(String.fromCharCode(...new Uint8Array(await file.arrayBuffer())));
        return await Promise.all(files.map(async (file) => ({ name: file.name, type: file.type, text: await bytes(file) })));
      } catch (error) {
        return { ...error, name: error.name, message: error.message };
      }
    },
    [bytes.toString("base64"), workflow, options, abortAfter],
  );
}

test("processFile runs one file and leaves no batch behind, unless it is told to", async (t) => {
  const { page } = await openHost(t);
  const [{ bytes, expected }] = await mirrored(1);
  const sizes = pictures.chain("sizes", [["flip", { direction: "horizontal" }]], { format: "png", name: "{name}-mirrored.{ext}" });
  const [file] = await processFile(page, bytes, sizes);
  assert.deepEqual([file.name, file.type], ["cat-mirrored.png", "image/png"]);
  pictures.assertNear(await pictures.decode(Buffer.from(file.text, "base64")), expected, { largest: 0 }, "the file");
  assert.deepEqual((await ask(page, "listBatches")).batches, []);
  await processFile(page, bytes, sizes, { options: { keep: true } });
  assert.equal((await ask(page, "listBatches")).batches.length, 1);
});

test("processFile rejects with what is wrong, and can be cancelled", async (t) => {
  const { page } = await openHost(t);
  const [{ bytes }] = await mirrored(1);
  const damaged = await processFile(page, bytes.subarray(0, 200), MIRROR);
  assert.deepEqual([damaged.name, damaged.error, damaged.status], ["PixelmillError", "execution_failed", "failed"]);
  assert.ok(damaged.message && damaged.hint && damaged.execution, JSON.stringify(damaged));
  const full = withImages(MIRROR, { photos: [{ name: "x.png", url: "asset:0" }] });
  assert.match((await processFile(page, bytes, full)).message, /no "input-images" action without images/);
  const unknown = pictures.chain("unknown", [["no-such-action", {}]]);
  const diagnosed = await processFile(page, bytes, unknown);
  assert.equal(diagnosed.code, 400);
  assert.ok(diagnosed.diagnostics.length > 0);
  await ask(page, "pauseAll");
  const cancelled = await processFile(page, bytes, MIRROR, { abortAfter: 1_000 });
  assert.deepEqual([cancelled.name, cancelled.message], ["Error", "enough"]);
  assert.deepEqual((await ask(page, "listBatches")).batches, []);
});

const CONSUMER = `
import { connect, PixelmillError, type Pixelmill, type Summary, type Workflow } from "pixelmill";
import type { PixelMillElement } from "pixelmill/element";

const base = new URL(location.href).searchParams.get("base") ?? "";
const pixelmill: Pixelmill = await connect({ base });
const workflow: Workflow = WORKFLOW;

async function whole(file: File): Promise<string[]> {
  const [asset] = await pixelmill.importAssets([file]);
  if (!asset) throw new Error("nothing was stored");
  const copy = structuredClone(workflow);
  copy.actions[0]!.parameters = { images: [{ name: asset.name, sourceUrl: asset.url, storageType: "local" }] };
  const done = new Promise<Summary>((resolve) => pixelmill.addEventListener("batchcompleted", ({ detail }) => resolve(detail), { once: true }));
  const { batchId } = await pixelmill.executeBatch({ workflowId: "typed", workflow: copy, batchConfig: { priority: "HIGH" } });
  const { assets } = await done;
  if (assets.completed !== 1) throw new Error("it failed");
  const { executions } = await pixelmill.listExecutions(batchId, { status: "success" });
  const outputs = executions.flatMap(({ outputs }) => outputs ?? []);
  return await Promise.all(outputs.map(async ({ url, mimeType }) => mimeType + " " + (await pixelmill.readAsset(url)).size));
}

// The element, and a client with a view.
const element: PixelMillElement = document.createElement("pixel-mill");
element.workflow = workflow;
element.addEventListener("pixelmill-batchcompleted", ({ detail }) => console.log(detail.status, detail.assets.total));
export async function shown(place: HTMLElement, files: File[]): Promise<Blob[]> {
  const client = await connect({ base, view: place });
  await client.listBatches();
  await element.addFiles(files);
  const started: string = await element.run();
  return (await element.results()).filter(({ execution }) => execution.executionId.startsWith(started)).map(({ blob }) => blob);
}

const refusal = await pixelmill.getBatchStatus("batch-none-20260101-00000000").catch((error: unknown) => error);
const code: number = refusal instanceof PixelmillError ? refusal.code : 0;

// What is wrong does not compile.
export function wrong(): void {
  // @ts-expect-error
  void pixelmill.getBatchStatus(5);
  // @ts-expect-error
  void pixelmill.executeBatch({ workflow, batchConfig: { priority: "URGENT" } });
  // @ts-expect-error
  void connect({ database: 5 });
  // @ts-expect-error
  element.workflow = 5;
  // @ts-expect-error
  element.addEventListener("pixelmill-batchcompleted", ({ detail }) => detail.nothing);
  // @ts-expect-error
  pixelmill.addEventListener("batchcompleted", ({ detail }) => detail.nothing);
}

Object.assign(window, { pixelmill, whole, code });
`;

const CONFIGURATION = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2022", "dom", "dom.iterable"],
    types: [],
  },
  files: ["host.ts"],
};

/** Runs a program; what it prints is in the error if it fails. */
function tool(program, parameters, cwd) {
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${program} ${parameters.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

test("a TypeScript consumer of the packed package compiles strictly, and runs in a page made by a bundler", async (t) => {
  const output = tool(process.env.PIXELMILL_XTASK, ["package"]);
  const tarball = /^ *(\S.*\.tgz)$/m.exec(output)[1];
  const folder = scratchFolder("consumer");
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(CONFIGURATION));
  tool("npm", ["install", "--offline", "--no-audit", "--no-fund", "--no-save", tarball], folder);
  const source = join(folder, "host.ts");
  writeFileSync(source, CONSUMER.replace("WORKFLOW", JSON.stringify(MIRROR)));
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", import.meta.url));
  tool(process.execPath, [tsc, "--project", "."], folder);
  const bundled = await build({ entryPoints: [source], bundle: true, format: "esm", minify: true, write: false });
  const { page } = await openHost(t, { host: { scripts: { "host.js": bundled.outputFiles[0].text } } });
  const [{ bytes }] = await mirrored(1);
  const found = await page.evaluate(
    async (text) => ({ outputs: await window.whole(new File([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))], "cat.png")), code: window.code }),
    bytes.toString("base64"),
  );
  assert.equal(found.code, 404);
  assert.match(found.outputs.join(), /^image\/png \d+$/);
  const dist = join(folder, "node_modules", "pixelmill", "dist", "pixelmill.json");
  assert.match(JSON.parse(readFileSync(dist, "utf8")).build, /^[0-9a-f]{16}$/, "the package has the files to deploy");
});
