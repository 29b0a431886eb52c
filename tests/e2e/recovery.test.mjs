// What survives: reloads, killed tabs, a killed browser, a second tab, a server that is gone, dead workers.

import assert from "node:assert/strict";
import {
  ask,
  call,
  crash,
  execute,
  executions,
  importFiles,
  open,
  openOnDisk,
  ready,
  scratchFolder,
  serve,
  suite,
  test,
  until,
  untilEnded,
  withImages,
} from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { inService, serviceOf, workersOf } from "./support/service.mjs";

suite(test);

const COUNT = 80;
let photographs;

test.before(async () => {
  photographs = await pictures.photographs(COUNT, 4);
});

/** Starts "Web gallery" over all photographs and waits until some are done and some are not. */
async function inTheMiddle(page) {
  const assets = await importFiles(page, photographs);
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  const status = await until(page, batchId, ({ assets }) => assets.completed >= 3);
  assert.equal(status.status, "running", "the batch ended before it could be interrupted");
  assert.ok(status.assets.pending >= 3, "too little is left to interrupt");
  return batchId;
}

/** The executions that are finished at this moment. */
async function finishedSoFar(page, batchId) {
  return new Map((await executions(page, batchId)).filter(({ status }) => status === "success").map((one) => [one.executionId, one]));
}

/** Everything is done, and nothing was done twice. */
async function assertNothingLostNorRepeated(page, batchId, before, mostAttempts = 2) {
  const status = await untilEnded(page, batchId);
  assert.deepEqual(status.assets, { total: COUNT, pending: 0, processing: 0, completed: COUNT, failed: 0 });
  const after = await executions(page, batchId);
  assert.equal(new Set(after.map(({ executionId }) => executionId)).size, COUNT);
  for (const execution of after) {
    const earlier = before.get(execution.executionId);
    if (earlier) assert.deepEqual(execution, earlier, "a finished execution was touched again");
    assert.ok(execution.attempts <= mostAttempts, `${execution.executionId} took ${execution.attempts} attempts`);
  }
  return after;
}

test("a reload in the middle loses nothing and repeats nothing", async (t) => {
  const { page } = await open(t);
  const batchId = await inTheMiddle(page);
  const before = await finishedSoFar(page, batchId);
  await page.reload();
  await ready(page);
  await assertNothingLostNorRepeated(page, batchId, before);
});

test("a tab that is killed in the middle resumes when the page is opened again", async (t) => {
  const session = await open(t);
  const batchId = await inTheMiddle(session.page);
  const before = await finishedSoFar(session.page, batchId);
  await crash(session.page);
  const page = await session.openTab();
  await assertNothingLostNorRepeated(page, batchId, before);
});

test("a browser that is killed in the middle resumes when it is started again", async (t) => {
  const folder = scratchFolder("profile");
  const first = await openOnDisk(t, folder);
  const batchId = await inTheMiddle(first.page);
  const before = await finishedSoFar(first.page, batchId);
  // The browser has no handle of its own in a profile on disk: it is asked to crash, which skips all cleanup.
  const gone = new Promise((resolve) => first.context.once("close", resolve));
  const control = await first.context.browser()?.newBrowserCDPSession() ?? await first.context.newCDPSession(first.page);
  control.send("Browser.crash").catch(() => {});
  await gone;
  const second = await openOnDisk(t, folder);
  await assertNothingLostNorRepeated(second.page, batchId, before);
});

/**
 * In every tab that is opened while `withheld` is set, workers never receive their executions: the images stay in flight.
 */
function withholding(run) {
  return (context) =>
    inService(context, {
      each: () => `{
        const post = MessagePort.prototype.postMessage;
        MessagePort.prototype.postMessage = function (message, ...rest) {
          if (!(${run.withheld} && Array.isArray(message) && message[0]?.run)) post.call(this, message, ...rest);
        };
      }`,
    });
}

/** Waits until the only image of a batch is in flight with this attempt: by then, what the previous tab had in flight has been recovered. */
async function untilAttempt(page, batchId, attempt) {
  const end = Date.now() + 20_000;
  for (;;) {
    const [one] = await executions(page, batchId);
    if (one.status === "running" && one.attempts === attempt) return;
    assert.ok(Date.now() < end && one.attempts <= attempt, `attempt ${attempt} did not begin: ${JSON.stringify(one)}`);
    await page.waitForTimeout(50);
  }
}

test("a tab that is reloaded, closed or left while an image runs alone does not count as a crash", async (t) => {
  const run = { withheld: true };
  const session = await open(t, { workers: 1, prepare: withholding(run) });
  let { page } = session;
  const inFlight = (attempts) => untilAttempt(page, batchId, attempts);
  const assets = await importFiles(page, photographs.slice(0, 1));
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  await inFlight(1);
  // From now on the image runs alone, and four crashes of five have happened.
  for (let attempt = 2; attempt <= 6; attempt += 1) {
    await crash(page);
    page = await session.openTab();
    await inFlight(attempt);
  }
  const ways = {
    async reloaded() {
      await page.reload();
      await ready(page);
    },
    async closed() {
      await page.close({ runBeforeUnload: true });
      page = await session.openTab();
    },
    async left() {
      await page.goto("about:blank");
      await page.goto(session.url);
      await ready(page);
    },
    async "gone back to"() {
      await page.goto("about:blank");
      await page.goBack();
      await ready(page);
    },
  };
  let attempt = 6;
  for (const [way, leave] of [...Object.entries(ways), ...Object.entries(ways)]) {
    await leave();
    attempt += 1;
    await inFlight(attempt).catch((error) => assert.fail(`after the tab was ${way}: ${error.message}`));
  }
  // Another tab takes over at once.
  const other = await session.openTab();
  await page.close({ runBeforeUnload: true });
  page = other;
  attempt += 1;
  await inFlight(attempt);
  run.withheld = false;
  await page.reload();
  await ready(page);
  const status = await untilEnded(page, batchId);
  assert.deepEqual([status.status, status.assets.completed], ["completed", 1], JSON.stringify(await executions(page, batchId)));
});

test("the fifth crash of a tab with an image alone fails it, however often the tab was left between", async (t) => {
  const run = { withheld: true };
  const session = await open(t, { workers: 1, prepare: withholding(run) });
  let { page } = session;
  const assets = await importFiles(page, photographs.slice(0, 1));
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  let attempt = 1;
  await untilAttempt(page, batchId, attempt);
  for (let crashes = 0; crashes <= 5; crashes += 1) {
    await page.reload();
    await ready(page);
    await untilAttempt(page, batchId, (attempt += 1));
    await crash(page);
    page = await session.openTab();
    if (crashes < 5) await untilAttempt(page, batchId, (attempt += 1));
  }
  const status = await untilEnded(page, batchId);
  assert.deepEqual([status.status, status.assets.failed], ["failed", 1]);
  const [failed] = await executions(page, batchId);
  assert.match(failed.error, /The page crashed 5 times while only this image was being processed/);
});

test("two tabs share the work, and each image is started once", async (t) => {
  const session = await open(t);
  const other = await session.openTab();
  const half = COUNT / 2;
  const workflow = pictures.builtIn("web-gallery");
  const assets = await importFiles(session.page, photographs);
  const batches = await Promise.all([
    execute(session.page, withImages(workflow, { photos: assets.slice(0, half) })),
    execute(other, withImages(workflow, { photos: assets.slice(half) })),
  ]);
  // Each batch is watched from the tab that did not start it.
  await Promise.all([untilEnded(other, batches[0]), untilEnded(session.page, batches[1])]);
  const all = [...(await executions(other, batches[0])), ...(await executions(session.page, batches[1]))];
  assert.equal(all.length, COUNT);
  assert.ok(all.every(({ status }) => status === "success"));
  assert.equal(all.reduce((sum, { attempts }) => sum + attempts, 0), COUNT);
});

test("a command in a tab that does not schedule takes effect", async (t) => {
  const session = await open(t);
  const batchId = await inTheMiddle(session.page);
  const other = await session.openTab();
  const answer = await ask(other, "cancelBatch", batchId);
  assert.deepEqual([answer.batchId, answer.status, answer.previousStatus], [batchId, "cancelled", "running"]);
  const status = await untilEnded(session.page, batchId);
  assert.equal(status.status, "cancelled");
});

test("when the tab that schedules is closed another one continues", async (t) => {
  const session = await open(t);
  const other = await session.openTab();
  const batchId = await inTheMiddle(session.page);
  const before = await finishedSoFar(session.page, batchId);
  await session.page.close();
  await assertNothingLostNorRepeated(other, batchId, before);
});

test("with the server gone and the workers dead, a batch still runs", async (t) => {
  const server = await serve();
  t.after(() => server.stop());
  const { page, watch } = await open(t, { server, errorsExpected: true });
  const photos = await importFiles(page, photographs.slice(0, 6));
  const [mark] = await importFiles(page, [await pictures.logo()]);
  await page.waitForFunction(() => true);
  await untilWorkers(page);
  await server.stop();
  const asked = watch.requests.length;
  for (const worker of await workersOf(page)) {
    await worker.evaluate(() => setTimeout(() => { throw new Error("killed by the test"); })).catch(() => {});
  }
  // WebP needs a module of its own, which must have been fetched by now.
  const batchId = await execute(page, withImages(pictures.builtIn("watermark-two-sizes"), { photos, logo: [mark] }));
  const status = await untilEnded(page, batchId);
  assert.equal(status.assets.completed, 6, JSON.stringify(await executions(page, batchId), null, 2));
  const later = watch.requests.slice(asked).filter((url) => url.startsWith("http"));
  assert.deepEqual(later, [], "the page asked its server again");
});

// In Firefox a worker that starts another may wait for good.
test("the page starts all workers: the service needs no constructor for them", async (t) => {
  const { page } = await open(t, { prepare: (context) => inService(context, "self.Worker = undefined;") });
  const assets = await importFiles(page, photographs.slice(0, 3));
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  assert.equal((await untilEnded(page, batchId)).assets.completed, 3);
  assert.equal(await (await serviceOf(page)).evaluate(() => typeof Worker), "undefined");
});

/**
 * Ends a worker (`"throws"`, `"vanishes"` or `"hangs"`) as soon as its next picture is handed to it: between two
 * pictures nothing would be lost.
 */
async function strike(page, how) {
  // The first worker that was started imports files.
  const [, ...workers] = await workersOf(page);
  assert.ok(workers.length > 0, "no worker runs pictures");
  await workers[0].evaluate((how) => {
    const blows = {
      throws() { throw new Error("killed by the test"); },
      vanishes() { close(); },
      hangs() { for (;;); },
    };
    self.service.addEventListener("message", ({ data }) => {
      // In a separate task: the browser does not stop code that its debugger runs.
      if (data[0]?.run) setTimeout(blows[how]);
    });
  }, how);
}

async function untilWorkers(page) {
  const end = Date.now() + 20_000;
  while ((await workersOf(page)).length === 0) {
    assert.ok(Date.now() < end, "no worker was started");
    await page.waitForTimeout(50);
  }
}

test("a worker that throws in the middle of its image is replaced and the batch continues", async (t) => {
  const { page } = await open(t, { errorsExpected: true });
  const batchId = await inTheMiddle(page);
  await strike(page, "throws");
  const status = await untilEnded(page, batchId);
  // An uncaught exception fails its image at once, with a reason: a retry would throw again.
  assert.deepEqual([status.assets.completed, status.assets.failed], [COUNT - 1, 1], JSON.stringify(status));
  const failed = (await executions(page, batchId)).find((one) => one.status === "failed");
  assert.deepEqual([failed.attempts, failed.errorCategory], [1, "system_error"]);
  assert.match(failed.error, /killed by the test/);
});

test("a worker that vanishes without a report is replaced and its image tried again", async (t) => {
  const { page } = await open(t, { errorsExpected: true });
  const batchId = await inTheMiddle(page);
  await strike(page, "vanishes");
  // Its lock reveals its death at once; with the watchdog alone it would take longer than this.
  const status = await untilEnded(page, batchId, 25_000);
  assert.equal(status.assets.completed, COUNT, JSON.stringify(status));
  const attempts = (await executions(page, batchId)).map((one) => one.attempts).sort();
  assert.deepEqual(attempts, [...Array(COUNT - 1).fill(1), 2], "one image was tried again, once");
});

test("a worker that hangs is stopped by the watchdog, and its image tried again", async (t) => {
  const { page } = await open(t, { errorsExpected: true });
  const batchId = await inTheMiddle(page);
  await strike(page, "hangs");
  const status = await untilEnded(page, batchId);
  assert.equal(status.assets.completed, COUNT, JSON.stringify(status));
  // It may hang in the middle of a transaction, for which the other worker's image waits: then that one is overdue too.
  const again = (await executions(page, batchId)).map((one) => one.attempts).filter((attempts) => attempts > 1);
  assert.ok(again.length >= 1 && again.length <= 2 && again.every((attempts) => attempts === 2), `tried again: ${again}`);
});

test("a service that dies is started again, resumes the batch, and accepts calls", async (t) => {
  const { page } = await open(t, { errorsExpected: true });
  const batchId = await inTheMiddle(page);
  const before = await finishedSoFar(page, batchId);
  const first = await serviceOf(page);
  const gone = new Promise((resolve) => first.once("close", resolve));
  // An uncaught exception is reported; after `close()` only its lock tells.
  await first.evaluate(() => setTimeout(() => { throw new Error("killed by the test"); })).catch(() => {});
  await gone;
  await answers(page, batchId);
  const second = await serviceOf(page);
  const goneAgain = new Promise((resolve) => second.once("close", resolve));
  await second.evaluate(() => close()).catch(() => {});
  await goneAgain;
  await answers(page, batchId);
  // An image may have been in flight both times.
  await assertNothingLostNorRepeated(page, batchId, before, 3);
});

/** Waits until the page's service answers: a call under way when it died is refused, with a reason. */
async function answers(page, batchId) {
  const end = Date.now() + 20_000;
  for (;;) {
    const { rejected } = await call(page, "getBatchStatus", batchId);
    if (!rejected) return;
    assert.match(rejected.message, /was started again\. Try again\./);
    assert.ok(Date.now() < end, "the service was not started again");
  }
}
