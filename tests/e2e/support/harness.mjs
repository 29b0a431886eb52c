// Serving the built page, driving Chromium, and calling `window.pixelmill` in it. Expectations about pictures are in pictures.mjs.
//
// Each test gets a browser context of its own: an empty database, and no other tabs. When it ends, the test fails for every request to an
// address outside the page's folder and for every error the page reported, unless the test said beforehand that it expects some.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import nodeTest from "node:test";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.PIXELMILL_CHROMIUM ?? "/usr/bin/chromium";
const XTASK = process.env.PIXELMILL_XTASK;
const BASE_PATH = "/some/sub-path/";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** How long a test waits for one thing, in ms. */
export const PATIENCE = 120_000;

/** How long one test may take, in ms: a hanging test fails by name, and the following tests still run. */
const LONGEST = 300_000;

/** How long a browser may take to close something, in ms. */
const CLOSING = 20_000;

/**
 * Serves `dist/`, or another folder, below a sub-path with the project's own server, which allows caching, as an
 * ordinary host does. `stop()` takes it off the network. With `cors`, pages of other origins may read it.
 */
export async function serve(folder, { cors = false } = {}) {
  assert.ok(XTASK, "run these tests with `cargo xtask test --e2e`, which builds the page and passes its location");
  const child = spawn(XTASK, ["serve", "--no-build", "--port", "0", "--base", BASE_PATH, "--max-age", "3600", "--while-stdin-open", ...(folder ? ["--folder", folder] : []), ...(cors ? ["--cors"] : [])], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const address = /http:\/\/\S+/.exec(line);
      if (address) resolve(address[0]);
    });
    child.once("exit", (code) => reject(new Error(`the server exited at once with ${code}`)));
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  // A test that fails may not get as far as stopping it: it ends with this process.
  for (const handle of [child, child.stdin, child.stdout]) handle.unref();
  return {
    url,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

/** A fresh folder below the target folder, or otherwise the system's; removed when the process ends. */
export function scratchFolder(name) {
  const parent = process.env.PIXELMILL_SCRATCH ?? tmpdir();
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `${name}-`));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A test with a time limit. */
export function test(name, work) {
  nodeTest(name, { timeout: LONGEST }, work);
}

test.before = nodeTest.before;
test.after = nodeTest.after;

/** The result of a promise, or an error when that takes longer than `limit` ms. */
export async function within(limit, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes longer than ${limit / 1000} s`)), limit);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A browser with empty profiles, and its process id, by which it can be killed when it does not close. */
class SharedBrowser {
  static async launch() {
    const shared = new SharedBrowser();
    shared.browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, headless: true });
    const session = await shared.browser.newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    shared.process = processInfo.find(({ type }) => type === "browser").id;
    await session.detach();
    return shared;
  }

  async close() {
    try {
      await within(CLOSING, "closing the browser", this.browser.close());
    } catch (error) {
      console.error(`${error.message}: it is killed`);
      process.kill(this.process, "SIGKILL");
    }
  }
}

let sharedBrowser;
let sharedServer;

/** Called once by each test file: starts the browser and the server its tests share. */
export function suite(test) {
  test.before(async () => {
    [sharedServer, sharedBrowser] = await within(PATIENCE, "starting the browser and the server", Promise.all([serve(), SharedBrowser.launch()]));
  });
  test.after(async () => {
    await sharedBrowser?.close();
    await sharedServer?.stop();
  });
  return {
    /** The page's address, once the tests run. */
    get url() {
      return sharedServer.url;
    },
  };
}

/**
 * An empty browser profile with the page open in one tab.
 *
 * Options: `server` (another than the file's), `uses` (addresses outside its folder that it may request), `workers` (how many the page may use), `context` (Playwright's options),
 * `errorsExpected` (do not fail for errors that the page reports), `hash` (the view to begin in), `prepare` (called with the context
 * and the page's address before the first tab), `unready` (do not wait until the page accepts calls), `serviceWorker` (allow it: without, the
 * page works as where the browser refuses one, and every request reaches the network, where the tests see and change it).
 */
export async function open(t, options = {}) {
  const server = options.server ?? sharedServer;
  const context = await sharedBrowser.browser.newContext({ acceptDownloads: true, serviceWorkers: permission(options), ...options.context });
  return await attach(t, context, server, options);
}

const permission = ({ serviceWorker }) => (serviceWorker ? "allow" : "block");

/** The same in a profile on disk, whose browser can be killed and started again. */
export async function openOnDisk(t, folder, options = {}) {
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    args: FLAGS,
    headless: true,
    serviceWorkers: permission(options),
    ...options.context,
  });
  return await attach(t, context, options.server ?? sharedServer, options);
}

async function attach(t, context, server, options) {
  const watch = new Watch([server.url, ...(options.uses ?? [])]);
  watch.attach(context);
  context.setDefaultTimeout(PATIENCE);
  if (options.workers !== undefined) {
    await context.addInitScript((workers) => {
      // A blank tab has no storage yet.
      if (location.protocol.startsWith("http")) localStorage.setItem("pixelmill.workers", String(workers));
    }, options.workers);
  }
  await options.prepare?.(context, server.url);
  const session = { context, server, watch, url: server.url, openTab: () => openTab(context, server.url, options.hash) };
  session.began = Date.now();
  t.after(async () => {
    await closeProfile(context);
    watch.assertNothingLeft();
    if (!options.errorsExpected) watch.assertNoErrors();
  });
  if (options.unready) {
    session.page = await context.newPage();
    session.page.goto(server.url).catch(() => {});
  } else {
    session.page = await session.openTab();
  }
  return session;
}

/** Closes a profile with its tabs; if that fails its browser is killed. */
export async function closeProfile(context) {
  await within(CLOSING, "closing a profile", context.close()).catch((error) => console.error(error.message));
}

async function openTab(context, url, hash = "") {
  const page = await context.newPage();
  await page.goto(url + hash);
  await ready(page);
  return page;
}

/** Resolves when `window.pixelmill` accepts calls. */
export async function ready(page) {
  await page.waitForFunction(() => window.pixelmill !== undefined);
}

/** Records what the pages of a context request from the network, and their errors. */
class Watch {
  constructor(urls) {
    this.homes = urls.map((url) => new URL(url));
    this.requests = [];
    this.errors = [];
  }

  attach(context) {
    context.on("request", (request) => this.requests.push(request.url()));
    context.on("weberror", (error) => this.errors.push(String(error.error()?.stack ?? error.error())));
    context.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  /** Addresses beyond the page's own folder. Blobs and data addresses are inside the page. */
  get foreign() {
    return this.requests.filter((text) => {
      const url = new URL(text);
      if (url.protocol === "blob:" || url.protocol === "data:") return false;
      return !this.homes.some((home) => url.origin === home.origin && url.pathname.startsWith(home.pathname));
    });
  }

  assertNothingLeft() {
    assert.deepEqual(this.foreign, [], "the page requested an address outside its folder");
  }

  assertNoErrors() {
    assert.deepEqual(this.errors, [], "the page reported errors");
  }
}

/** Calls `window.pixelmill[name](...parameters)`. A rejection is returned as `{ rejected }`; a call without an answer is an error. */
export async function call(page, name, ...parameters) {
  const answer = page.evaluate(
    async ([name, parameters]) => {
      try {
        return await window.pixelmill[name](...parameters);
      } catch (error) {
        return { rejected: error instanceof Error ? { thrown: String(error) } : error };
      }
    },
    [name, parameters],
  );
  return await within(PATIENCE, `the answer to ${name}`, answer);
}

/** The same where success is expected. */
export async function ask(page, name, ...parameters) {
  const answer = await call(page, name, ...parameters);
  assert.equal(answer?.rejected, undefined, `${name} was refused: ${JSON.stringify(answer?.rejected, null, 2)}`);
  return answer;
}

/** Imports files: `[{ name, bytes, type? }]`, a few at a time, since each call carries them as text. */
export async function importFiles(page, files) {
  const assets = [];
  for (let first = 0; first < files.length; first += 8) {
    const portion = files.slice(first, first + 8).map(({ name, bytes, type }) => ({
      name,
      type: type ?? "",
      text: Buffer.from(bytes).toString("base64"),
    }));
    const imported = await page.evaluate(async (portion) => {
      const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      return await window.pixelmill.importAssets(portion.map(({ name, type, text }) => new File([decode(text)], name, { type })));
    }, portion);
    assets.push(...imported);
  }
  return assets;
}

/** The images of an `input-images` action, from imported assets. */
export function images(assets) {
  return assets.map(({ name, url }) => ({ name, sourceUrl: url, storageType: "local" }));
}

/** A copy of a document with these images in its input actions: `{ photos: assets, logo: assets }`. */
export function withImages(workflow, inputs) {
  const copy = structuredClone(workflow);
  for (const [actionId, assets] of Object.entries(inputs)) {
    const action = copy.actions.find((action) => action.actionId === actionId);
    assert.ok(action, `the workflow has no action ${actionId}`);
    action.parameters = { ...action.parameters, images: images(assets) };
  }
  return copy;
}

/** Starts a batch and returns its id. */
export async function execute(page, workflow, batchConfig) {
  const answer = await ask(page, "executeBatch", { workflowId: workflow.metadata.workflowId, workflow, batchConfig });
  assert.match(answer.batchId, /^batch-.+-\d{8}-[0-9a-f]{8}$/);
  return answer.batchId;
}

/** Waits until an asynchronous function holds in the page. Playwright's own `waitForFunction` takes the first promise for a yes. */
export async function eventually(page, holds, argument, patience = PATIENCE) {
  for (const end = Date.now() + patience; !(await page.evaluate(holds, argument)); await page.waitForTimeout(50)) {
    if (Date.now() > end) throw new Error(`after ${patience / 1000} s it does not hold: ${holds}`);
  }
}

const ENDED = ["completed", "failed", "cancelled"];

/** Waits until the batch's status satisfies the condition, which is called with each answer. */
export async function until(page, batchId, condition, patience = PATIENCE) {
  const end = Date.now() + patience;
  for (;;) {
    const status = await ask(page, "getBatchStatus", batchId);
    assertCountsAddUp(status);
    if (condition(status)) return status;
    if (Date.now() > end) {
      throw new Error(`after ${patience / 1000} s the batch is still not there: ${JSON.stringify(status, null, 2)}`);
    }
    await page.waitForTimeout(50);
  }
}

/** Waits until the batch and its last execution in flight have ended. */
export async function untilEnded(page, batchId, patience = PATIENCE) {
  return await until(page, batchId, (status) => ENDED.includes(status.status) && status.completedAt !== null, patience);
}

/** Invariant of every status answer, at any time. */
export function assertCountsAddUp({ assets, executions }) {
  assert.equal(assets.pending + assets.processing + assets.completed + assets.failed, assets.total, JSON.stringify(assets));
  assert.equal(executions.completed, assets.completed + assets.failed);
}

/** All executions of a batch, in the order of their images. */
export async function executions(page, batchId) {
  const all = [];
  for (;;) {
    const answer = await ask(page, "listExecutions", batchId, { limit: 500, offset: all.length });
    all.push(...answer.executions);
    if (!answer.pagination.hasMore) return all;
  }
}

/** Runs a workflow to its end: `{ status, executions }`. */
export async function run(page, workflow, batchConfig, patience) {
  const batchId = await execute(page, workflow, batchConfig);
  const status = await untilEnded(page, batchId, patience);
  return { batchId, status, executions: await executions(page, batchId) };
}

/** The bytes behind an `asset:` address. */
export async function readAsset(page, url) {
  const text = await page.evaluate(async (url) => {
    const bytes = new Uint8Array(await (await window.pixelmill.readAsset(url)).arrayBuffer());
    let text = "";
    for (let start = 0; start < bytes.length; start += 0x8000) {
      text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
    }
    return btoa(text);
  }, url);
  return Buffer.from(text, "base64");
}

/** Kills the renderer of a tab, as the system does when memory runs out. */
export async function crash(page) {
  const crashed = page.waitForEvent("crash");
  const session = await within(PATIENCE, "reaching the tab that is to crash", page.context().newCDPSession(page));
  session.send("Page.crash").catch(() => {});
  await crashed;
  // Chromium may execute the command and never confirm it: the renderer is gone either way.
  await within(CLOSING, "closing the tab that has crashed", page.close()).catch((error) => console.error(error.message));
}
