// The action `http-action`: pictures that are sent to a server on this device, which answers well and badly; and the consent without
// which nothing is sent.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { setTimeout as after } from "node:timers/promises";
import sharp from "sharp";
import { serve } from "../../docs/http-action/server.mjs";
import { ask, call, execute, importFiles, open, readAsset, run, suite, test, until, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const sending = (parameters, output = { format: "png" }) => pictures.chain("sending", [["http-action", parameters]], output);
const invert = (picture) => sharp(picture).negate({ alpha: false }).png().toBuffer();

/** Has a server listen until the test ends, and returns its address. */
async function listening(t, server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** The example's server, which inverts pictures. Each job takes 300 ms. */
const invertingJobs = (t) =>
  listening(
    t,
    serve(async (picture) => {
      await after(300);
      return { picture: await invert(picture), mimeType: "image/png" };
    }),
  );

/**
 * A server that answers each path in its own way. `seen` has every request but the preflights, with its body; `/preview` is there to be
 * asked for consent with.
 */
async function moodyServer(t) {
  const seen = [];
  const ended = { huge: 0 };
  const answers = {
    "/preview": async ({ body }) => ({ body }),
    "/at-once": async ({ body }) => ({ body: await invert(body) }),
    "/json": async ({ body }) => {
      const { inputs, parameters } = JSON.parse(body);
      const picture = await invert(Buffer.from(inputs[0].url.split(",")[1], "base64"));
      const url = `data:image/png;base64,${picture.toString("base64")}`;
      const outputs = [{ port: "outputs", type: "image", name: "r", mimeType: "image/png", url }];
      return { type: "application/json", body: JSON.stringify({ jobId: "1", status: "completed", outputs, parameters }) };
    },
    "/flaky": async ({ body, count }) => (count <= 2 ? { status: 503, body: "warming up" } : { body: await invert(body) }),
    "/refuse": async () => ({ status: 400, type: "application/json", body: JSON.stringify({ error: "Pictures of cats only" }) }),
    "/busy": async () => ({ status: 429, body: "come back later", headers: { "retry-after": "3600" } }),
    "/job": async () => ({ status: 202, type: "application/json", body: JSON.stringify({ jobId: "j", status: "processing", statusUrl: "/failed" }) }),
    "/failed": async () => ({ status: 500, type: "application/json", body: JSON.stringify({ jobId: "j", status: "failed", error: "No subject found" }) }),
    "/endless": async () => ({ status: 202, type: "application/json", body: JSON.stringify({ jobId: "j", status: "processing", statusUrl: "/endless" }) }),
    "/wrong": async () => ({ type: "text/html", body: "<!doctype html><title>Welcome</title>" }),
    "/cut": async ({ body }) => ({ body: (await invert(body)).subarray(0, 40) }),
    "/elsewhere": async () => ({ status: 302, headers: { location: "/at-once" } }),
    "/hang": () => new Promise(() => {}),
  };
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "content-type", "access-control-expose-headers": "retry-after" };
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
    const path = request.url;
    seen.push({ path, method: request.method, headers: request.headers, body: Buffer.concat(parts) });
    if (path === "/huge") {
      response.writeHead(200, { ...cors, "content-type": "image/png" });
      response.on("close", () => (ended.huge += 1));
      const chunk = Buffer.alloc(1 << 20);
      for (let sent = 0; sent < 300 && !response.destroyed; sent += 1) {
        if (!response.write(chunk)) await Promise.race([new Promise((resolve) => response.once("drain", resolve)), after(5000)]);
      }
      return response.end();
    }
    const count = seen.filter((other) => other.path === path).length;
    const { status = 200, type = "image/png", headers = {}, body } = await answers[path]({ ...seen.at(-1), count });
    return response.writeHead(status, { ...cors, "content-type": type, ...headers }).end(body);
  });
  return { url: await listening(t, server), seen, ended, posts: (path) => seen.filter((one) => one.path === path && one.method === "POST") };
}

const openWith = (t, urls, options = {}) => open(t, { uses: urls.map((url) => `${url}/`), errorsExpected: true, ...options });

/** One picture of a few colours for each width. */
async function plain(page, widths) {
  const file = async (width) => {
    const picture = sharp({ create: { width, height: 9, channels: 3, background: { r: 10, g: 200, b: 77 } } });
    return { name: `${width}.png`, bytes: await picture.png().toBuffer() };
  };
  return importFiles(page, await Promise.all(widths.map(file)));
}

/** The view of a new batch with this workflow as JSON and one picture, so that it has a preview. */
async function prepare(page, workflow) {
  const picture = await sharp({ create: { width: 8, height: 6, channels: 3, background: "#0ac84d" } }).png().toBuffer();
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(workflow));
  await page.locator(id("file-input")).setInputFiles({ name: "consent.png", mimeType: "image/png", buffer: picture });
  await page.locator(id("live-preview")).waitFor();
}

const question = (page, origin) => page.locator(`${id("server-question")}[data-origin="${origin}"]`);

/** Agrees to a server in the page, by a workflow of its own. */
async function agree(page, url, path = "/preview") {
  await prepare(page, sending({ submitEndpoint: url + path, body: "file" }));
  await question(page, url).locator(id("server-allow")).click();
  await question(page, url).waitFor({ state: "detached" });
}

const raw = async (page, { url }) => sharp(await readAsset(page, url)).removeAlpha().raw().toBuffer();
const INVERTED = [245, 55, 178];

async function assertInverted(page, executions) {
  for (const { status, error, outputs } of executions) {
    assert.equal(status, "success", error);
    const samples = await raw(page, outputs[0]);
    assert.ok(samples.every((sample, at) => sample === INVERTED[at % 3]), outputs[0].name);
  }
}

test("nothing is sent before the user has allowed the server: a batch is refused, and a preview fails", async (t) => {
  const server = await moodyServer(t);
  const { page } = await openWith(t, [server.url]);
  const photos = await plain(page, [20]);
  const workflow = withImages(sending({ submitEndpoint: `${server.url}/at-once`, body: "file" }), { photos });
  const { rejected } = await call(page, "executeBatch", { workflowId: "sending", workflow });
  assert.deepEqual([rejected.code, rejected.error], [400, "invalid_request"]);
  const [found] = rejected.diagnostics;
  assert.deepEqual([found.code, found.actionId, found.field], ["server_not_allowed", "http-action-1", "submitEndpoint"]);
  assert.ok(found.message.includes(server.url), found.message);
  assert.match(found.hint, /allow the server above the preview/);

  await prepare(page, sending({ submitEndpoint: `${server.url}/preview`, body: "file" }));
  await question(page, server.url).waitFor();
  await page.locator(id("preview-failed")).getByText("is not allowed on this device").waitFor();
  await question(page, server.url).locator(id("server-refuse")).click();
  await question(page, server.url).getByText("You do not allow").waitFor();
  assert.equal(await page.locator(id("server-refuse")).count(), 0);
  assert.ok((await call(page, "executeBatch", { workflowId: "sending", workflow })).rejected, "a refusal is no consent");
  await page.waitForTimeout(500);
  assert.deepEqual(server.seen, [], "the server has heard nothing");

  await question(page, server.url).locator(id("server-allow")).click();
  await question(page, server.url).waitFor({ state: "detached" });
  await page.locator(id("preview-facts")).filter({ hasText: "consent" }).waitFor();
  assert.equal(server.posts("/preview").length, 1, "the preview sends its picture once");
  await assertInverted(page, (await run(page, workflow)).executions);
});

test("scripts and documents cannot agree in place of the user", async (t) => {
  const server = await moodyServer(t);
  const { page } = await openWith(t, [server.url]);
  const calls = await page.evaluate(() => Object.keys(window.pixelmill).filter((name) => /allow|setting|preference/i.test(name)));
  assert.deepEqual(calls, []);
  const photos = await plain(page, [20]);
  const workflow = withImages(sending({ submitEndpoint: `${server.url}/at-once`, consent: "on", allowed: true }), { photos });
  workflow.metadata[`server:${server.url}`] = "on";
  assert.equal((await call(page, "executeBatch", { workflowId: "sending", workflow })).rejected?.code, 400);
  for (const submitEndpoint of ["http://example.com/", "ftp://example.com/", `${server.url}\\@example.com/`, "https://user@example.com/"]) {
    const found = await ask(page, "validateWorkflow", sending({ submitEndpoint }));
    assert.ok(found.some(({ code, field }) => code === "invalid_url" && field === "submitEndpoint"), submitEndpoint);
  }
  assert.deepEqual(server.seen, []);
});

test("a server may answer at once, with a picture or with JSON", async (t) => {
  const server = await moodyServer(t);
  const { page } = await openWith(t, [server.url], { workers: 2 });
  await agree(page, server.url);
  const photos = await plain(page, [20, 21, 22]);
  const file = await run(page, withImages(sending({ submitEndpoint: `${server.url}/at-once`, body: "file" }), { photos }));
  await assertInverted(page, file.executions);
  assert.equal(server.posts("/at-once").length, 3);
  for (const { headers } of server.posts("/at-once")) {
    assert.equal(headers["content-type"], "image/png");
    assert.deepEqual([headers.cookie, headers.referer, headers.authorization], [undefined, undefined, undefined]);
  }
  const json = await run(page, withImages(sending({ submitEndpoint: `${server.url}/json`, parameters: { strength: 2 } }), { photos: photos.slice(0, 1) }));
  await assertInverted(page, json.executions);
  const [{ body }] = server.posts("/json");
  const { inputs, parameters } = JSON.parse(body);
  assert.deepEqual(parameters, { strength: 2 });
  assert.deepEqual([inputs.length, inputs[0].type, inputs[0].port, inputs[0].name, inputs[0].mimeType], [1, "image", "input-images", "image.png", "image/png"]);
});

test("the example's server takes a job, says when it has finished, and gives its result", async (t) => {
  const url = await invertingJobs(t);
  const { page } = await openWith(t, [url], { workers: 2 });
  await agree(page, url, "/submit");
  const photos = await plain(page, [20, 21]);
  const { executions } = await run(page, withImages(sending({ submitEndpoint: `${url}/submit`, pollIntervalMs: 250 }), { photos }));
  await assertInverted(page, executions);
});

test("a server that is unwell for a moment is asked again", async (t) => {
  const server = await moodyServer(t);
  const { page } = await openWith(t, [server.url], { workers: 1 });
  await agree(page, server.url);
  const photos = await plain(page, [20]);
  const { executions } = await run(page, withImages(sending({ submitEndpoint: `${server.url}/flaky`, body: "file" }), { photos }));
  await assertInverted(page, executions);
  assert.equal(server.posts("/flaky").length, 3);
  assert.equal(executions[0].attempts, 1, "that is no other attempt of the execution");
});

test("failures name the server, its status and its words", async (t) => {
  const server = await moodyServer(t);
  const { page } = await openWith(t, [server.url], { workers: 2 });
  await agree(page, server.url);
  const photos = await plain(page, [20]);
  for (const [path, category, message, posts, parameters = {}] of [
    ["/refuse", "downstream_error", /answered 400: Pictures of cats only\.$/, 1],
    ["/busy", "rate_limit_error", /answered 429: come back later\.$/, 1],
    ["/job", "downstream_error", /could not process the picture: No subject found\.$/, 1, { pollIntervalMs: 250 }],
    ["/endless", "polling_timeout_error", /has not finished within 2 s\.$/, 1, { pollIntervalMs: 250, timeoutMs: 2000 }],
    ["/hang", "downstream_error", /has not answered within 2 s\.$/, 1, { timeoutMs: 2000 }],
    ["/wrong", "downstream_error", /neither a picture nor the state of a job/, 1],
    ["/cut", "downstream_error", /The server's picture/, 1],
    ["/huge", "downstream_error", /more than 64 MiB\.$/, 1],
    ["/elsewhere", "downstream_error", /gave no answer/, 2, { retries: 1 }],
  ]) {
    const { executions } = await run(page, withImages(sending({ submitEndpoint: server.url + path, body: "file", ...parameters }), { photos }));
    const [{ status, errorCategory, error, actionId, phase, attempts }] = executions;
    assert.deepEqual([status, errorCategory, actionId, phase, attempts], ["failed", category, "http-action-1", "execute", 1], path);
    assert.match(error, message);
    assert.equal(server.posts(path).length, posts, path);
  }
  assert.equal(server.posts("/at-once").length, 0, "the redirect is not followed");
  assert.equal(server.ended.huge, 1);
});

test("a cancelled batch does not wait for its server", async (t) => {
  const server = await moodyServer(t);
  const { page } = await openWith(t, [server.url], { workers: 1 });
  await agree(page, server.url);
  const photos = await plain(page, [20, 21]);
  const batchId = await execute(page, withImages(sending({ submitEndpoint: `${server.url}/hang`, body: "file" }), { photos }));
  await until(page, batchId, () => server.posts("/hang").length === 1);
  await ask(page, "cancelBatch", batchId);
  const began = Date.now();
  const { status, assets } = await untilEnded(page, batchId);
  assert.deepEqual([status, assets.pending], ["cancelled", 2]);
  assert.ok(Date.now() - began < 30_000, "in flight it has 10 s");
});

test("consent that is withdrawn in the settings counts at once, also for a retry", async (t) => {
  const server = await moodyServer(t);
  const { page } = await openWith(t, [server.url], { workers: 1 });
  await agree(page, server.url);
  const photos = await plain(page, [20]);
  const workflow = withImages(sending({ submitEndpoint: `${server.url}/refuse`, body: "file" }), { photos });
  const { batchId } = await run(page, workflow);

  await page.locator(id("preferences")).click();
  const row = page.locator(`${id("server")}[data-origin="${server.url}"]`);
  assert.match(await row.innerText(), /may receive your pictures/);
  await row.locator(id("server-remove")).click();
  await row.waitFor({ state: "detached" });
  await page.locator(id("preferences-close")).click();
  await question(page, server.url).waitFor();
  // A preview may have asked the server until now.
  const before = server.seen.length;

  assert.equal((await call(page, "executeBatch", { workflowId: "sending", workflow })).rejected?.diagnostics[0].code, "server_not_allowed");
  await ask(page, "retryExecutions", batchId, {});
  await untilEnded(page, batchId);
  const { executions } = await ask(page, "listExecutions", batchId);
  assert.deepEqual([executions[0].status, executions[0].errorCategory, executions[0].phase], ["failed", "validation_error", "setup"]);
  assert.match(executions[0].error, /it is not allowed on this device/);
  assert.equal(server.seen.length, before, "nothing was sent");
});
