// What the browser does to a tab: it keeps the screen awake for it, suspends it, or gives it no storage.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ask,
  execute,
  executions,
  importFiles,
  open,
  openOnDisk,
  readAsset,
  ready,
  scratchFolder,
  suite,
  test,
  untilEnded,
  withImages,
} from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { inService } from "./support/service.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;

/** Starts "Web gallery" over photographs. */
async function start(page, count, megapixels = 2) {
  const assets = await importFiles(page, await pictures.photographs(count, megapixels));
  return await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
}

/** A page that records its wake locks in `window.locks`: how many were requested, and which is held. */
async function withLocks(t) {
  const session = await open(t);
  await session.context.addInitScript(() => {
    window.locks = { asked: 0, held: null };
    const request = async (kind) => {
      window.locks.asked += 1;
      const lock = { kind, released: false };
      lock.release = async () => {
        lock.released = true;
        if (window.locks.held === lock) window.locks.held = null;
      };
      window.locks.held = lock;
      return lock;
    };
    Object.defineProperty(Navigator.prototype, "wakeLock", { value: { request }, configurable: true });
  });
  await session.page.reload();
  await ready(session.page);
  return session;
}

test("the screen stays awake while a batch runs, even after the tab was hidden, and no longer", async (t) => {
  const { page } = await withLocks(t);
  assert.equal(await page.evaluate(() => window.locks.asked), 0, "nothing runs");
  const batchId = await start(page, 16);
  await page.waitForFunction(() => window.locks.held?.kind === "screen");
  // The browser releases it for a hidden tab.
  await page.evaluate(() => window.locks.held.release());
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.waitForFunction(() => window.locks.held !== null && window.locks.asked === 2);
  await untilEnded(page, batchId);
  await page.waitForFunction(() => window.locks.held === null);
  assert.equal(await page.evaluate(() => window.locks.asked), 2, "one lock was enough");
});

test("a paused batch lets the screen sleep", async (t) => {
  const { page } = await withLocks(t);
  const batchId = await start(page, 40);
  await page.waitForFunction(() => window.locks.held !== null);
  await ask(page, "pauseBatch", batchId);
  await page.waitForFunction(() => window.locks.held === null);
  await ask(page, "cancelBatch", batchId);
});

/**
 * A tab that Playwright does not control: it keeps its own tabs focused, and a focused tab cannot be frozen. `call` is
 * for `window.pixelmill`, `evaluate` for an expression, `freeze` and `thaw` do what the browser does in the background.
 */
async function unknownTab(context, url) {
  const control = await context.browser().newBrowserCDPSession();
  const { browserContextId } = await control.send("Target.createBrowserContext");
  const { targetId } = await control.send("Target.createTarget", { url, browserContextId });
  const { sessionId } = await control.send("Target.attachToTarget", { targetId, flatten: false });
  const waiting = new Map();
  control.on("Target.receivedMessageFromTarget", ({ message }) => {
    const { id, result, error } = JSON.parse(message);
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
  });
  const send = (method, params = {}) =>
    new Promise((resolve, reject) => {
      const message = { id: waiting.size, method, params };
      waiting.set(message.id, { resolve, reject });
      control.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify(message) }).catch(reject);
    });
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  };
  const until = async (expression) => {
    for (const end = Date.now() + 60_000; !(await evaluate(expression)); await new Promise((resolve) => setTimeout(resolve, 50))) {
      assert.ok(Date.now() < end, `in vain: ${expression}`);
    }
  };
  await until("window.pixelmill !== undefined");
  return {
    evaluate,
    until,
    call: (name, ...parameters) => evaluate(`window.pixelmill[${JSON.stringify(name)}](...${JSON.stringify(parameters)})`),
    freeze: () => send("Page.setWebLifecycleState", { state: "frozen" }),
    thaw: () => send("Page.setWebLifecycleState", { state: "active" }),
    close: () => control.send("Target.disposeBrowserContext", { browserContextId }),
  };
}

test("a suspended tab is reported in the log and on the page, and its workers do not count as hung", async (t) => {
  const { context, url } = await open(t);
  const tab = await unknownTab(context, url);
  t.after(() => tab.close());
  const [{ bytes }] = await pictures.photographs(1, 3);
  const asset = await tab.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob("${Buffer.from(bytes).toString("base64")}"), (character) => character.charCodeAt(0));
    return (await window.pixelmill.importAssets([new File([bytes], "photo.jpg")]))[0];
  })()`);
  const workflow = withImages(pictures.builtIn("web-gallery"), { photos: Array(24).fill(asset) });
  const { batchId } = await tab.call("executeBatch", { workflowId: "frozen", workflow, batchConfig: { concurrencyLimit: 1 } });
  const assets = async () => (await tab.call("getBatchStatus", batchId)).assets;
  while ((await assets()).completed < 1);
  assert.deepEqual((await tab.call("getBatchLog", batchId)).entries, []);
  await tab.freeze();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await tab.thaw();
  await tab.until(`document.body.innerText.includes("suspended the working tab")`);
  while ((await assets()).completed < 24);
  const { entries } = await tab.call("getBatchLog", batchId);
  assert.deepEqual(entries.map(({ level }) => level), ["warning", "info"]);
  assert.match(entries[0].message, /suspended this tab/);
  assert.match(entries[1].message, /resumed after \d+ s/);
  const slept = Date.parse(entries[1].at) - Date.parse(entries[0].at);
  assert.ok(slept >= 2_500 && slept < 20_000, `${slept} ms`);
  const { executions } = await tab.call("listExecutions", batchId);
  assert.ok(executions.every(({ attempts }) => attempts === 1), "an execution was started twice");
});

/** The page works, and says that it stores nothing. */
async function worksFromMemory(page, context, url) {
  const note = page.locator(id("memory-note"));
  await page.setViewportSize({ width: 1440, height: 800 });
  const bar = await page.locator(".run-bar").boundingBox();
  assert.ok(bar.y + bar.height <= 800, `the run bar ends at ${bar.y + bar.height}`);
  assert.match(await note.innerText(), /Nothing is kept when you close or reload this tab/);
  const files = [{ name: "bad.jpg", bytes: Buffer.from("no picture") }, ...(await pictures.photographs(8, 1))];
  const assets = await importFiles(page, files);
  const batchId = await execute(page, withImages(pictures.builtIn("watermark-two-sizes"), { photos: assets, logo: assets.slice(1, 2) }));
  const status = await untilEnded(page, batchId);
  assert.deepEqual([status.assets.completed, status.assets.failed], [8, 1]);
  const [, second] = await executions(page, batchId);
  for (const output of second.outputs) assert.equal((await readAsset(page, output.url)).length, output.bytes);
  assert.equal((await ask(page, "verifyBatch", batchId)).damaged.length, 0);
  await page.goto(`${url}#/batches/${batchId}`);
  await page.locator(`${id("execution-row")}[data-status="success"] .thumb img`).first().waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("download-zip")).click()]);
  assert.ok(await download.path());
  await note.waitFor();
  await ask(page, "retryExecutions", batchId);
  await untilEnded(page, batchId);
  await ask(page, "deleteBatch", batchId);
  // Another tab has its own memory.
  const other = await context.newPage();
  await other.goto(url);
  await ready(other);
  assert.equal((await ask(other, "listBatches")).batches.length, 0);
  await page.reload();
  await ready(page);
  assert.equal((await ask(page, "listBatches")).pagination.count, 0);
}

for (const [what, script] of [
  ["without IndexedDB", () => Object.defineProperty(self, "indexedDB", { value: undefined })],
  [
    "with IndexedDB that does not open",
    () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("denied", "SecurityError");
      };
    },
  ],
]) {
  test(`${what} the page works from memory and says that nothing is kept`, async (t) => {
    const { page, context, url } = await open(t);
    await inService(context, script);
    await page.reload();
    await ready(page);
    await worksFromMemory(page, context, url);
  });
}

test("if the browser denies all storage, the page works from memory and without locks", async (t) => {
  const folder = scratchFolder("denied");
  mkdirSync(join(folder, "Default"), { recursive: true });
  const cookies = 2;
  writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify({ profile: { default_content_setting_values: { cookies } } }));
  const { page, context, url } = await openOnDisk(t, folder, { errorsExpected: true });
  const denied = await page.evaluate(() => navigator.locks.request("any", () => "granted").catch(({ name }) => name));
  assert.equal(denied, "SecurityError");
  await worksFromMemory(page, context, url);
});
