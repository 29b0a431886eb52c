// The operations on batches: execute, list, status, cancel, results, retry, delete, pause, update; and their refusals.

import assert from "node:assert/strict";
import {
  ask,
  call,
  execute,
  executions,
  images,
  importFiles,
  open,
  readAsset,
  run,
  suite,
  test,
  until,
  untilEnded,
  withImages,
} from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

let photographs;
const GALLERY = pictures.builtIn("web-gallery");
const SMALL = pictures.chain("small", [["resize", { width: 100 }]]);

test.before(async () => {
  photographs = await pictures.photographs(20, 4);
});

function assertRefused(answer, code, what) {
  assert.ok(answer?.rejected, `${what}: not refused, but ${JSON.stringify(answer)}`);
  const { rejected } = answer;
  assert.equal(rejected.code, code, `${what}: ${JSON.stringify(rejected)}`);
  assert.equal(rejected.status, "failed");
  assert.ok(rejected.error && rejected.message, `${what}: ${JSON.stringify(rejected)}`);
  return rejected;
}

test("execute answers at once with the accepted batch", async (t) => {
  const { page, url } = await open(t);
  const assets = await importFiles(page, photographs.slice(0, 3));
  const workflow = withImages(SMALL, { photos: assets });
  const answer = await ask(page, "executeBatch", { workflowId: "wins", workflow, batchConfig: { concurrencyLimit: 2, priority: "HIGH" } });
  assert.equal(answer.workflowId, "wins");
  assert.equal(answer.jobName, "small");
  assert.equal(answer.assets.total, 3);
  assert.deepEqual(answer.config, { concurrencyLimit: 2, priority: "HIGH", continueOnError: true });
  assert.match(answer.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(answer.links.status.href, new URL(`api/batch/${answer.batchId}/status`, url).href);
  assert.equal(answer.links.result.href, `${answer.links.status.href}?format=preview`);
  const status = await untilEnded(page, answer.batchId);
  assert.deepEqual(status.executions.allExecutionIds, [0, 1, 2].map((index) => `${answer.batchId}_exec-${index}`));
  assert.deepEqual([status.paused, status.endpoint], [null, "execute"]);
  assert.ok(status.timing.averageExecutionTimeMs > 0);
});

test("cancel stops what has not started; what is running finishes and is recorded", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, photographs);
  const batchId = await execute(page, withImages(GALLERY, { photos: assets }));
  await until(page, batchId, ({ assets }) => assets.completed >= 2);
  const answer = await ask(page, "cancelBatch", batchId);
  assert.deepEqual([answer.status, answer.previousStatus], ["cancelled", "running"]);
  const status = await untilEnded(page, batchId);
  assert.equal(status.status, "cancelled");
  assert.ok(status.assets.pending > 0);
  assert.equal(status.assets.processing, 0);
  await page.waitForTimeout(1500);
  const later = await ask(page, "getBatchStatus", batchId);
  assert.deepEqual(later.assets, status.assets, "something was started after the cancellation");
  const all = await executions(page, batchId);
  assert.ok(all.every(({ status }) => status === "success" || status === "pending"));
  const refusal = assertRefused(await call(page, "cancelBatch", batchId), 400, "cancelling twice");
  assert.match(refusal.message, /cancelled/);
});

test("retry restarts failed executions, which now find their files", async (t) => {
  const { page } = await open(t);
  const [here, missing] = photographs;
  const assets = await importFiles(page, [here]);
  const later = { name: missing.name, url: `asset:${pictures.sha256(missing.bytes)}` };
  const first = await run(page, withImages(SMALL, { photos: [assets[0], later] }));
  assert.deepEqual(first.executions.map(({ status }) => status), ["success", "failed"]);
  assert.equal(first.executions[1].phase, "setup");
  await importFiles(page, [missing]);
  await ask(page, "retryExecutions", first.batchId, {});
  const status = await untilEnded(page, first.batchId);
  assert.deepEqual(status.assets, { total: 2, pending: 0, processing: 0, completed: 2, failed: 0 });
  const [same, retried] = await executions(page, first.batchId);
  assert.deepEqual(same, first.executions[0]);
  assert.deepEqual([retried.status, retried.attempts], ["success", 2]);
});

test("retry takes single executions by their ids", async (t) => {
  const { page } = await open(t);
  const bad = { name: "bad.jpg", bytes: pictures.truncated(photographs[0].bytes) };
  const worse = { name: "worse.jpg", bytes: Buffer.from("not a picture at all") };
  const { batchId, executions: before } = await run(page, withImages(SMALL, { photos: await importFiles(page, [bad, worse]) }));
  await ask(page, "retryExecutions", batchId, { executionIds: [before[1].executionId] });
  const status = await untilEnded(page, batchId);
  assert.equal(status.status, "failed");
  const after = await executions(page, batchId);
  assert.deepEqual(after.map(({ attempts }) => attempts), [1, 2]);
});

test("delete removes a batch and its results, and keeps what another batch uses", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, photographs.slice(0, 1));
  const one = await run(page, withImages(SMALL, { photos: assets }));
  const two = await run(page, withImages({ ...SMALL, metadata: { workflowId: "other", name: "other" } }, { photos: assets }));
  const [output] = one.executions[0].outputs;
  assert.equal(two.executions[0].outputs[0].url, output.url, "the same bytes have the same address");
  await ask(page, "deleteBatch", one.batchId);
  assertRefused(await call(page, "getBatchStatus", one.batchId), 404, "a deleted batch");
  assert.equal((await readAsset(page, output.url)).length, output.bytes);
  await ask(page, "deleteBatch", two.batchId);
  assertRefused(await call(page, "readAsset", output.url), 404, "bytes that nobody refers to");
  assert.deepEqual((await ask(page, "listBatches")).batches, []);
});

test("a batch can be paused and resumed", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, photographs);
  const batchId = await execute(page, withImages(GALLERY, { photos: assets }));
  await until(page, batchId, ({ assets }) => assets.completed >= 1);
  await ask(page, "pauseBatch", batchId);
  const held = await until(page, batchId, ({ assets }) => assets.processing === 0);
  assert.deepEqual([held.status, held.paused.reason], ["running", "user"]);
  await page.waitForTimeout(1000);
  assert.deepEqual((await ask(page, "getBatchStatus", batchId)).assets, held.assets);
  await ask(page, "resumeBatch", batchId);
  const status = await untilEnded(page, batchId);
  assert.equal(status.assets.completed, photographs.length);
});

test("with continueOnError false the first failure ends the batch", async (t) => {
  const { page } = await open(t);
  const files = [{ name: "bad.jpg", bytes: Buffer.alloc(0) }, ...photographs];
  const workflow = withImages(GALLERY, { photos: await importFiles(page, files) });
  const { status } = await run(page, workflow, { continueOnError: false, concurrencyLimit: 1 });
  assert.equal(status.status, "failed");
  assert.equal(status.assets.failed, 1);
  assert.equal(status.assets.pending, photographs.length);
});

test("the list shows the newest first, filtered and in pages", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, photographs.slice(0, 1));
  const ids = [];
  for (const name of ["one", "two", "three"]) {
    const { batchId } = await run(page, withImages({ ...SMALL, metadata: { workflowId: name, name } }, { photos: assets }));
    ids.unshift(batchId);
  }
  const all = await ask(page, "listBatches");
  assert.deepEqual([all.orgId, all.batches.map(({ batchId }) => batchId)], ["local", ids]);
  const first = await ask(page, "listBatches", { limit: 2 });
  assert.deepEqual([first.batches.length, first.pagination], [2, { limit: 2, offset: 0, count: 2, hasMore: true }]);
  const rest = await ask(page, "listBatches", { limit: 2, offset: 2 });
  assert.deepEqual([rest.batches.map(({ batchId }) => batchId), rest.pagination], [[ids[2]], { limit: 2, offset: 2, count: 1, hasMore: false }]);
  const named = await ask(page, "listBatches", { workflowId: "two" });
  assert.deepEqual(named.batches.map(({ batchId }) => batchId), [ids[1]]);
  const running = await ask(page, "listBatches", { status: "running" });
  assert.deepEqual(running.batches, []);
});

test("results are filtered and paged", async (t) => {
  const { page } = await open(t);
  const files = [{ name: "bad.jpg", bytes: Buffer.from("no") }, ...photographs.slice(0, 4)];
  const { batchId } = await run(page, withImages(SMALL, { photos: await importFiles(page, files) }));
  const failed = await ask(page, "listExecutions", batchId, { status: "failed" });
  assert.deepEqual([failed.total, failed.executions.map(({ assetIndex }) => assetIndex)], [5, [0]]);
  const second = await ask(page, "listExecutions", batchId, { limit: 2, offset: 2 });
  assert.deepEqual([second.executions.map(({ assetIndex }) => assetIndex), second.pagination], [[2, 3], { limit: 2, offset: 2, count: 2, hasMore: true }]);
});

test("impossible requests are refused with a reason", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, photographs.slice(0, 1));
  const workflow = withImages(SMALL, { photos: assets });
  const request = { workflowId: "small", workflow };
  assertRefused(await call(page, "getBatchStatus", "batch-none-20200101-00000000"), 404, "an unknown batch");
  assertRefused(await call(page, "listBatches", { limit: 101 }), 400, "a limit of 101");
  assertRefused(await call(page, "listExecutions", "batch-none-20200101-00000000"), 404, "results of an unknown batch");
  assertRefused(await call(page, "executeBatch", { ...request, batchConfig: { concurrencyLimit: 0 } }), 400, "no concurrency");
  assertRefused(await call(page, "executeBatch", { ...request, batchConfig: { priority: "URGENT" } }), 400, "an unknown priority");
  assertRefused(await call(page, "executeBatch", { workflowId: "small", workflow: SMALL }), 400, "a batch without images");
  const broken = await page.evaluate(async () => {
    const files = {
      *[Symbol.iterator]() {
        yield new File([], "a.jpg");
        throw new Error("that was all");
      },
    };
    return await Promise.all([7, [7], files].map((files) => window.pixelmill.importAssets(files).catch((rejected) => ({ rejected }))));
  });
  for (const answer of broken) assertRefused(answer, 400, "anything but a list of files");
  assert.match(broken[2].rejected.message, /that was all/);
  const version = await call(page, "listBatches", {}, { apiVersion: "9.9" });
  assert.deepEqual([version.rejected?.code, version.rejected?.status], [400, "error"]);
});

test("images are read from URLs of the page's own site, and a missing one fails alone", async (t) => {
  const { page, context, url } = await open(t, { errorsExpected: true });
  await context.route(`${url}pictures/**`, (route) => {
    const here = route.request().url().endsWith("here.jpg");
    return here ? route.fulfill({ body: photographs[0].bytes, contentType: "image/jpeg" }) : route.fulfill({ status: 404 });
  });
  const workflow = structuredClone(SMALL);
  workflow.actions[0].parameters.images = [
    { name: "here.jpg", sourceUrl: "pictures/here.jpg" },
    { name: "absolute.jpg", sourceUrl: `${url}pictures/also-here.jpg` },
    { name: "missing.jpg", sourceUrl: `${url}pictures/missing.jpg` },
  ];
  const { executions: [here, absolute, missing] } = await run(page, workflow);
  assert.deepEqual([here.status, absolute.status, missing.status], ["success", "success", "failed"]);
  assert.equal(here.inputAsset.assetId, pictures.sha256(photographs[0].bytes), "downloaded files are stored");
  assert.deepEqual([missing.errorCategory, missing.phase], ["downstream_error", "setup"]);
  assert.match(missing.error, /404/);
  const refused = await call(page, "executeBatch", {
    workflowId: "small",
    workflow: { ...workflow, actions: [{ ...workflow.actions[0], parameters: { images: [{ name: "x.jpg", sourceUrl: "http://127.0.0.1:1/x.jpg" }] } }, ...workflow.actions.slice(1)] },
  });
  assertRefused(refused, 400, "another site without TLS");
});

test("pictures are kept for another run when the batch they were imported for is deleted", async (t) => {
  const { page } = await open(t);
  const workflow = withImages(SMALL, { photos: await importFiles(page, photographs.slice(0, 2)) });
  const first = await run(page, workflow);
  await ask(page, "deleteBatch", first.batchId);
  const second = await run(page, workflow);
  assert.equal(second.status.assets.completed, 2, JSON.stringify(second.executions));
});

test("events report progress, each execution and the end, once they are recorded", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, photographs.slice(0, 5));
  await page.evaluate(() => {
    window.heard = [];
    for (const type of ["progress", "executioncompleted", "batchcompleted"]) {
      window.pixelmill.addEventListener(type, (event) => window.heard.push({ type, detail: event.detail }));
    }
  });
  const { batchId } = await run(page, withImages(SMALL, { photos: assets }));
  await page.waitForFunction(() => window.heard.some(({ type }) => type === "batchcompleted"));
  const heard = await page.evaluate(() => window.heard);
  const of = (type) => heard.filter((event) => event.type === type).map(({ detail }) => detail);
  assert.equal(new Set(of("executioncompleted").map(({ executionId }) => executionId)).size, 5);
  assert.deepEqual(of("batchcompleted").map((detail) => [detail.batchId, detail.status]), [[batchId, "completed"]]);
  const last = of("progress").at(-1);
  assert.equal(last.assets.completed, 5);
  assert.equal(last.executions.allExecutionIds, undefined);
});

test("the catalog names the actions with their parameters", async (t) => {
  const { page } = await open(t);
  const catalog = await ask(page, "listActions");
  const names = catalog.map(({ actionType }) => actionType).sort();
  for (const name of ["adjust", "crop", "flip", "gaussian-blur", "grayscale", "input-images", "output", "pad", "resize", "rotate", "sharpen", "watermark"]) {
    assert.ok(names.includes(name), `${name} is missing in ${names}`);
  }
  const sigma = catalog.find(({ actionType }) => actionType === "sharpen").parameters.find(({ name }) => name === "sigma");
  assert.equal(sigma.defaultValue, 1);
});

test("files with the same content are one asset, in the order they were given", async (t) => {
  const { page } = await open(t);
  const [one, two] = photographs;
  const assets = await importFiles(page, [one, two, { ...one, name: "copy.jpg" }]);
  assert.deepEqual(assets.map(({ name }) => name), [one.name, two.name, "copy.jpg"]);
  assert.deepEqual(assets.map(({ assetId }) => assetId), [one, two, one].map(({ bytes }) => pictures.sha256(bytes)));
  assert.deepEqual(assets.map(({ bytes }) => bytes), [one, two, one].map(({ bytes }) => bytes.length));
  assert.equal(images(assets)[2].sourceUrl, images(assets)[0].sourceUrl);
});
