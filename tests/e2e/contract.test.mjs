// A client written only from the contract's schema, and a tour with it through `window.pixelmill`: every request, answer, event and
// refusal is checked against tests/contract/schema.json.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import { call, importFiles, open, suite, test } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const SCHEMA = JSON.parse(readFileSync(new URL("../contract/schema.json", import.meta.url), "utf8"));
const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
ajv.addVocabulary(["calls", "events"]);
ajv.addSchema(SCHEMA);

function assertValid(definition, value, what) {
  const validate = ajv.getSchema(`${SCHEMA.$id}#/$defs/${definition}`);
  assert.ok(validate, `the schema defines no ${definition}`);
  assert.ok(validate(value), `${what} is not a valid ${definition}: ${JSON.stringify(validate.errors, null, 2)}\n${JSON.stringify(value, null, 2)}`);
}

const compiled = new Map();

/** Asserts that a value is what the schema says at this place. */
function assertFits(place, value, what) {
  if (!compiled.has(place)) compiled.set(place, ajv.compile({ $ref: `${SCHEMA.$id}#/${place}` }));
  const validate = compiled.get(place);
  assert.ok(validate(value), `${what} is not valid: ${JSON.stringify(validate.errors, null, 2)}\n${JSON.stringify(value, null, 2)}`);
}

/** Calls an operation by its schema. A refusal is returned as `{ refused }`, and checked too. */
async function operate(page, name, ...parameters) {
  for (const [index, parameter] of Object.keys(SCHEMA.calls[name].parameters).entries()) {
    if (parameters[index] !== undefined) assertFits(`calls/${name}/parameters/${parameter}`, parameters[index], `the ${parameter} of ${name}`);
  }
  const result = await call(page, name, ...parameters);
  if (result?.rejected) {
    assertValid("error", result.rejected, `the refusal of ${name}`);
    return { refused: result.rejected };
  }
  assertFits(`calls/${name}/answer`, result, `the answer of ${name}`);
  return result;
}

/** The same where success is expected. */
async function grant(...parameters) {
  const answer = await operate(...parameters);
  assert.equal(answer.refused, undefined, JSON.stringify(answer.refused));
  return answer;
}

const WORKFLOW = {
  metadata: { workflowId: "walk", name: "A walk" },
  actions: [
    { actionId: "photos", actionType: "input-images", parameters: { images: [] } },
    { actionId: "small", actionType: "resize", parameters: { width: 640 } },
    { actionId: "save", actionType: "output", parameters: {} },
  ],
  connections: [
    { connectionSource: "photos", sourcePort: "outputs", connectionTarget: "small", targetPort: "input-images" },
    { connectionSource: "small", sourcePort: "outputs", connectionTarget: "save", targetPort: "input-images" },
  ],
};

function request(assets, batchConfig) {
  const workflow = structuredClone(WORKFLOW);
  workflow.actions[0].parameters.images = assets.map(({ name, url }) => ({ name, sourceUrl: url, storageType: "local" }));
  return { workflowId: "walk", workflow, batchConfig, clientData: { order: 17 } };
}

test("a client written from the schema can execute, list, query and cancel", async (t) => {
  const { page } = await open(t);
  // Large enough that most of them are still to come when the batch is paused.
  const files = [{ name: "bad.jpg", bytes: Buffer.from("no picture") }, ...(await pictures.photographs(14, 16))];
  const assets = await importFiles(page, files);
  for (const asset of assets) assertValid("asset", asset, asset.name);
  for (const action of await call(page, "listActions")) assertValid("actionDescriptor", action, action.actionType);
  assert.deepEqual(await call(page, "validateWorkflow", request(assets).workflow), []);

  await page.evaluate(() => {
    window.heard = [];
    for (const type of ["progress", "executioncompleted", "batchcompleted"]) window.pixelmill.addEventListener(type, ({ detail }) => window.heard.push([type, detail]));
  });
  const accepted = await grant(page, "executeBatch", request(assets, { concurrencyLimit: 1, priority: "HIGH" }));
  const { batchId } = accepted;
  await grant(page, "pauseBatch", batchId);
  assert.deepEqual(accepted.clientData, { order: 17 });
  assert.equal((await grant(page, "getBatchStatus", batchId)).timing.estimatedTimeRemainingMs, null);
  const listed = await grant(page, "listBatches", { workflowId: "walk", createdAfter: accepted.createdAt, limit: 1 });
  assert.deepEqual(listed.batches.map((batch) => batch.batchId), [batchId]);
  await grant(page, "updateBatch", batchId, { priority: "LOW" });
  await grant(page, "resumeBatch", batchId);
  let status;
  const until = async (condition) => {
    do {
      status = await grant(page, "getBatchStatus", batchId, { format: "preview" });
    } while (!condition(status));
  };
  await until(({ assets }) => assets.completed >= 2);
  const cancelled = await grant(page, "cancelBatch", batchId);
  assert.equal(cancelled.previousStatus, "running");
  const left = await grant(page, "listExecutions", batchId, { limit: 500 });
  assert.ok(left.executions.some((execution) => execution.status === "failed"), "the damaged file has not failed");
  await grant(page, "listExecutions", batchId, { status: "success", limit: 1, offset: 1 });
  await until(({ completedAt }) => completedAt !== null);
  assert.equal((await operate(page, "cancelBatch", batchId)).refused.code, 400);
  await grant(page, "retryExecutions", batchId, {});
  await until(({ completedAt }) => completedAt !== null);
  assert.deepEqual([status.status, status.assets.completed, status.assets.failed], ["completed", 14, 1]);
  const events = await page.evaluate(() => window.heard);
  assert.deepEqual([...new Set(events.map(([type]) => type))].toSorted(), ["batchcompleted", "executioncompleted", "progress"]);
  for (const [type, detail] of events) {
    assertValid(type === "executioncompleted" ? "execution" : "summary", detail, type);
    assert.deepEqual(detail.clientData, { order: 17 }, type);
  }
  await grant(page, "listExecutions", batchId, { limit: 500 });
  assert.deepEqual(await grant(page, "verifyBatch", batchId), { batchId, checked: 14, damaged: [] });
  const taken = await page.evaluate(async () => await window.pixelmill.importArchive(await window.pixelmill.exportArchive()));
  assertValid("archiveAnswer", taken, "the answer of importArchive");
  assert.deepEqual([taken.batches, taken.skipped], [0, 1]);
  await grant(page, "deleteBatch", batchId);
  assert.equal((await operate(page, "getBatchStatus", batchId)).refused.code, 404);
});

test("requests that violate the schema are refused, with an error object of the schema", async (t) => {
  const { page } = await open(t);
  const folder = new URL("../contract/refused/", import.meta.url);
  const bad = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
  for (const [operation, name] of [
    ["executeBatch", "executeRequest.concurrency-101"],
    ["executeBatch", "executeRequest.runs-none"],
    ["executeBatch", "executeRequest.webhook-script"],
    ["listBatches", "listQuery.limit-101"],
  ]) {
    const { rejected } = await call(page, operation, bad(name));
    assertValid("error", rejected, name);
    assert.equal(rejected.code, 400, name);
  }
  const unsupported = await call(page, "listBatches", {}, bad("options.version-2"));
  assertValid("error", unsupported.rejected, "another version");
  assert.equal(unsupported.rejected.status, "error");
  const nobodys = { workflow: { workflowId: "nobodys", inputs: [[{ node_id: "photos", content: [{ presignedUrl: "asset:1" }] }]] } };
  assert.equal((await operate(page, "executeBatch", nobodys)).refused.code, 404);
});

test("events match the schema", async (t) => {
  const { page } = await open(t);
  const assets = await importFiles(page, [{ name: "bad.jpg", bytes: Buffer.from("no picture") }, ...(await pictures.photographs(3, 1))]);
  await page.evaluate(() => {
    window.heard = [];
    for (const type of ["progress", "executioncompleted", "batchcompleted"]) {
      window.pixelmill.addEventListener(type, (event) => window.heard.push([type, event.detail]));
    }
  });
  await operate(page, "executeBatch", request(assets));
  await page.waitForFunction(() => window.heard.some(([type]) => type === "batchcompleted"));
  const heard = await page.evaluate(() => window.heard);
  for (const [type, detail] of heard) assertFits(`events/${type}`, detail, `an event ${type}`);
  assert.deepEqual(Object.keys(SCHEMA.events).filter((type) => !heard.some(([one]) => one === type)), []);
});
