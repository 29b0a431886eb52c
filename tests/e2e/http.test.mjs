// The API over HTTP: requests of a page that the service worker answers, with and without a server, by a client that is made of the
// OpenAPI document alone.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import Ajv2020 from "ajv/dist/2020.js";
import { ask, eventually, executions, open, ready, serve, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

/** The page with its service worker at work. */
async function controlled(t, options = {}) {
  const session = await open(t, { serviceWorker: true, ...options });
  await session.page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
  return session;
}

/** Sends a request from a page; `base64` is a binary body. Answers the status, the headers and the body, parsed if it is JSON. */
async function send(page, method, path, { headers = {}, body, base64, form } = {}) {
  const answer = await page.evaluate(
    async ([method, path, headers, body, base64, form]) => {
      const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      let content = base64 ? bytes(base64) : body;
      if (form) {
        content = new FormData();
        for (const [field, name, text] of form) content.append(field, name === null ? text : new File([bytes(text)], name));
      }
      const response = await fetch(new URL(path, document.baseURI), { method, headers, body: content });
      const buffer = new Uint8Array(await response.arrayBuffer());
      let text = "";
      for (let at = 0; at < buffer.length; at += 32768) text += String.fromCharCode(...buffer.subarray(at, at + 32768));
      return { status: response.status, headers: Object.fromEntries(response.headers), text: btoa(text) };
    },
    [method, path, headers, body, base64, form],
  );
  const content = Buffer.from(answer.text, "base64");
  const isJson = answer.headers["content-type"] === "application/json";
  return { status: answer.status, headers: answer.headers, content, body: isJson ? JSON.parse(content) : undefined };
}

/** A client with a method for each operation; every answer is checked against the document. */
async function clientOf(page) {
  const { status, body: document } = await send(page, "GET", "api/openapi.json");
  assert.equal(status, 200);
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  ajv.addSchema({ $id: "https://pixelmill.example/openapi", ...document });
  const client = {};
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      client[operation.operationId] = async ({ path: values = {}, query, body, ...options } = {}) => {
        let address = `api${path}`.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name]));
        if (query) address += `?${new URLSearchParams(query)}`;
        if (body !== undefined) options = { ...options, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
        const answer = await send(page, method.toUpperCase(), address, options);
        const response = operation.responses[answer.status];
        assert.ok(response, `${operation.operationId} answered ${answer.status}, which is not described`);
        const place = response.$ref ? response.$ref.split("/").slice(1) : ["paths", path, method, "responses", String(answer.status)];
        if (answer.body !== undefined) {
          const escaped = [...place, "content", "application/json", "schema"].map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")));
          const validate = ajv.compile({ $ref: `https://pixelmill.example/openapi#/${escaped.join("/")}` });
          assert.ok(validate(answer.body), `${operation.operationId}: ${JSON.stringify(validate.errors)} ${JSON.stringify(answer.body)}`);
        }
        assert.equal(answer.headers["api-version"], "1.0");
        return answer;
      };
    }
  }
  return client;
}

const photo = (name) => pictures.photo(name).toString("base64");

function gallery(assets) {
  return { workflowId: "web-gallery", workflow: withImages(pictures.builtIn("web-gallery"), { photos: assets }) };
}

async function ended(client, batchId) {
  for (const end = Date.now() + 120_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const { status, body } = await client.getBatchStatus({ path: { batchId } });
    assert.equal(status, 200);
    if (body.completedAt !== null) return body;
    assert.ok(Date.now() < end, JSON.stringify(body));
  }
}

test("a client made of the OpenAPI document runs a batch by fetch alone, without the server", async (t) => {
  const server = await serve();
  t.after(() => server.stop());
  const { page } = await controlled(t, { server, errorsExpected: true });
  await server.stop();
  await assert.rejects(fetch(server.url), "the server is gone");

  const client = await clientOf(page);
  const first = await client.importAssets({ base64: photo("portrait"), headers: { "content-type": "image/jpeg", "x-file-name": encodeURIComponent("Ä b.jpg") } });
  assert.equal(first.status, 201);
  const [portrait] = first.body.assets;
  assert.deepEqual([portrait.name, portrait.mimeType, portrait.assetId], ["Ä b.jpg", "image/jpeg", pictures.sha256(pictures.photo("portrait"))]);
  const rest = await client.importAssets({ form: [["note", null, "text"], ["files", "one.jpg", photo("portrait")], ["files", "two.jpg", photo("cat")]] });
  assert.deepEqual(rest.body.assets.map(({ name }) => name), ["one.jpg", "two.jpg"]);

  const accepted = await client.executeBatch({ body: { ...gallery([portrait, ...rest.body.assets]), batchConfig: { priority: "HIGH" } } });
  assert.equal(accepted.status, 202);
  const { batchId, links } = accepted.body;
  // The links lead to the same routes.
  assert.equal((await send(page, "GET", links.status.href)).body.batchId, batchId);
  const status = await ended(client, batchId);
  assert.deepEqual([status.status, status.assets.completed], ["completed", 3]);

  const listed = await client.listBatches({ query: { status: "completed", limit: "1" } });
  assert.deepEqual(listed.body.batches.map((batch) => batch.batchId), [batchId]);
  const results = await client.listExecutions({ path: { batchId }, query: { status: "success", limit: "2", offset: "1" } });
  assert.deepEqual(results.body.executions.map(({ assetIndex }) => assetIndex), [1, 2]);
  const csv = await client.getReport({ path: { batchId }, query: { format: "csv" } });
  assert.match(csv.headers["content-type"], /^text\/csv/);
  assert.equal(csv.content.toString().trim().split("\n").length, 4);

  const [output] = results.body.executions[0].outputs;
  const assetId = output.url.replace("asset:", "");
  const whole = await client.readAsset({ path: { assetId } });
  assert.deepEqual([whole.status, whole.headers["content-type"], pictures.sha256(whole.content)], [200, output.mimeType, output.sha256]);
  for (const [range, from, to] of [["bytes=0-99", 0, 100], ["bytes=100-", 100, undefined], ["bytes=-10", -10, undefined], ["bytes=5-999999999", 5, undefined]]) {
    const part = await client.readAsset({ path: { assetId }, headers: { range } });
    assert.equal(part.status, 206, range);
    assert.ok(part.content.equals(whole.content.subarray(from, to)), range);
    const start = from < 0 ? output.bytes + from : from;
    assert.equal(part.headers["content-range"], `bytes ${start}-${start + part.content.length - 1}/${output.bytes}`);
  }
  const known = await client.readAsset({ path: { assetId }, headers: { "if-none-match": whole.headers.etag } });
  assert.deepEqual([known.status, known.content.length], [304, 0]);
  const head = await send(page, "HEAD", `api/assets/${assetId}`);
  assert.deepEqual([head.status, head.content.length, head.headers["accept-ranges"]], [200, 0, "bytes"]);

  const again = await client.executeBatch({ body: gallery([portrait]) });
  const { body: late } = await client.cancelBatch({ path: { batchId: again.body.batchId } });
  assert.ok(late.status === "cancelled" || late.code === 400, JSON.stringify(late));
  assert.deepEqual((await client.cancelBatch({ path: { batchId } })).body.code, 400);
});

test("workflows are stored, changed, published, run by id and deleted", async (t) => {
  // Chromium reports every answer of 400 and more as an error.
  const { page } = await controlled(t, { errorsExpected: true });
  const client = await clientOf(page);
  const saved = await client.saveWorkflow({ body: { ...pictures.builtIn("web-gallery"), metadata: { ...pictures.builtIn("web-gallery").metadata, workflowId: "mine" } } });
  assert.equal(saved.status, 201);
  const { workflowId } = saved.body;
  const changed = { ...saved.body.workflow, metadata: { ...saved.body.workflow.metadata, name: "Changed" } };
  assert.equal((await client.changeWorkflow({ path: { workflowId }, body: changed })).status, 200);
  assert.equal((await client.getWorkflow({ path: { workflowId } })).body.workflow.metadata.name, "Changed");
  const { body } = await client.importAssets({ base64: photo("cat"), headers: { "x-file-name": "cat.jpg" } });
  assert.equal((await client.publishWorkflow({ path: { workflowId } })).body.code, 400, "it has never run");
  const tried = await client.executeBatch({ body: { workflowId, workflow: withImages(changed, { photos: body.assets }) } });
  assert.equal((await ended(client, tried.body.batchId)).assets.completed, 1);
  const published = await client.publishWorkflow({ path: { workflowId } });
  assert.equal(published.status, 200, JSON.stringify(published.body));
  assert.ok((await client.listWorkflows({ query: { status: "published" } })).body.workflows.some((one) => one.workflowId === workflowId));

  const inputs = [[{ node_id: "photos", content: [{ presignedUrl: body.assets[0].url, storageType: "local" }] }]];
  const accepted = await client.executeBatch({ body: { workflow: { workflowId, inputs } } });
  assert.equal(accepted.status, 202, JSON.stringify(accepted.body));
  assert.equal((await ended(client, accepted.body.batchId)).assets.completed, 1);

  assert.equal((await client.deleteWorkflow({ path: { workflowId } })).status, 200);
  assert.equal((await client.getWorkflow({ path: { workflowId } })).status, 404);
  assert.ok((await client.listActions()).body.some(({ actionType }) => actionType === "resize"));
});

test("malformed requests get the right status and the error object", async (t) => {
  const { page } = await controlled(t, { errorsExpected: true });
  const json = { "content-type": "application/json" };
  const post = (path, body, headers = json) => ["POST", path, { body, headers }];
  const batch = "batch-a-20260131-00000000";
  const [asset] = (await send(page, "POST", "api/assets", { base64: photo("cat"), headers: { "x-file-name": "cat.jpg" } })).body.assets;
  const execute = (change) => post("api/batch/execute", JSON.stringify({ ...gallery([asset]), ...change }));
  const file = `api/assets/${asset.assetId}`;
  const cases = [
    [404, "GET", "api/"],
    [404, "GET", "api/nothing"],
    [404, "POST", "api/batches/", { body: "{}", headers: json }],
    [404, "GET", "api/batch"],
    [404, "GET", `api/batch/${batch}`],
    [404, "GET", `api/batch/${batch}/status`],
    [404, "GET", "api/batch/x/status"],
    [404, "GET", `api/batch/${batch}/executions`],
    [404, "POST", `api/batch/${batch}/cancel`],
    [404, "GET", `api/batch/${batch}/report`],
    [404, "GET", "api/batch/a%2Fb/status"],
    [404, "GET", "api/batch/__proto__/status"],
    [404, "GET", "api/workflows/nothing"],
    [404, "DELETE", "api/workflows/nothing"],
    [404, "POST", "api/workflows/nothing/publish"],
    [404, "GET", `api/assets/${"0".repeat(64)}`],
    [400, "GET", "api/assets/0"],
    [400, "GET", `api/assets/${asset.assetId.toUpperCase().replace(/^[0-9]*/, "A")}`],
    [400, "GET", "api/batch/%/status"],
    [400, "GET", "api/batches?limit=0"],
    [400, "GET", "api/batches?limit=101"],
    [400, "GET", "api/batches?limit=ten"],
    [400, "GET", "api/batches?offset=-1"],
    [400, "GET", "api/batches?status=done"],
    [400, "GET", "api/batches?createdAfter=yesterday"],
    [400, "GET", "api/batches?limit=1&limit=2"],
    [400, "GET", `api/batch/${batch}/executions?limit=501`],
    [400, "GET", `api/batch/${batch}/status?format=other`],
    [400, "GET", "api/batches", { headers: { "api-version": "2.0" } }],
    [400, ...post("api/batch/execute", "")],
    [400, ...post("api/batch/execute", "{")],
    [400, ...post("api/batch/execute", "null")],
    [400, ...post("api/batch/execute", "[]")],
    [400, ...post("api/batch/execute", "[".repeat(100_000))],
    [400, ...post("api/batch/execute", "[".repeat(100_000) + "]".repeat(100_000))],
    [400, ...post("api/batch/execute", "{}")],
    [400, ...execute({ workflowId: "" })],
    [400, ...execute({ workflow: { actions: [] } })],
    [400, ...execute({ batchConfig: { priority: "urgent" } })],
    [400, ...execute({ batchConfig: { concurrencyLimit: 0 } })],
    [400, ...execute({ batchId: "../x" })],
    [415, ...post("api/batch/execute", "{}", { "content-type": "text/plain" })],
    [415, ...post("api/workflows", "<a/>", { "content-type": "application/xml" })],
    [400, ...post("api/workflows", "7")],
    [400, "POST", "api/assets"],
    [400, "POST", "api/assets", { form: [["text", null, "no file"]] }],
    [400, "POST", "api/assets", { body: "no boundary", headers: { "content-type": "multipart/form-data" } }],
    [405, "DELETE", "api/batches"],
    [405, "GET", "api/batch/execute"],
    [405, "PUT", "api/workflows", { body: "{}", headers: json }],
    [416, "GET", file, { headers: { range: `bytes=${asset.bytes}-` } }],
    [416, "GET", file, { headers: { range: "bytes=-0" } }],
  ];
  for (const [code, method, path, options] of cases) {
    const what = `${method} ${path} ${JSON.stringify(options ?? {}).slice(0, 100)}`;
    const answer = await send(page, method, path, options);
    assert.equal(answer.status, code, `${what}: ${answer.content}`);
    assert.equal(answer.headers["api-version"], "1.0", what);
    const { error, message, status, code: written } = answer.body;
    assert.ok(error && message.length > 10, what);
    assert.equal(written, code, what);
    assert.equal(status, error === "unsupported_api_version" ? "error" : "failed", what);
  }
  assert.equal((await send(page, "PATCH", "api/batches")).headers.allow, "GET, HEAD");
  assert.equal((await ask(page, "listBatches")).batches.length, 0, "none of them was accepted");
});

test("forms of other sites cannot write", async (t) => {
  const { page, url } = await controlled(t, { errorsExpected: true });
  // Its origin is no one's.
  const other = await page.context().newPage();
  const [answer] = await Promise.all([
    other.waitForNavigation(),
    other.evaluate((action) => {
      const form = Object.assign(document.createElement("form"), { method: "post", enctype: "text/plain", action });
      form.append(Object.assign(document.createElement("input"), { name: '{"workflowId":"x","a":"', value: '"}' }));
      document.body.append(form);
      form.submit();
    }, `${url}api/batch/execute`),
  ]);
  assert.equal(answer.status(), 403);
});

test("a batch that is sent while no tab is open waits, and the next tab runs it once", async (t) => {
  const { page, context, url } = await controlled(t, { errorsExpected: true });
  const [asset] = (await send(page, "POST", "api/assets", { base64: photo("cat"), headers: { "x-file-name": "cat.jpg" } })).body.assets;
  // A page in the folder that is not Pixelmill.
  const other = await context.newPage();
  await other.goto(`${url}api/openapi.json`);
  await page.close();
  const api = (path) => new URL(`api/${path}`, url).href;
  const json = { "content-type": "application/json" };

  assert.deepEqual((await send(other, "GET", api("batches"))).body.code, 503);
  const accepted = await send(other, "POST", api("batch/execute"), { body: JSON.stringify(gallery([asset])), headers: json });
  assert.deepEqual([accepted.status, accepted.body.status], [202, "pending"]);
  assert.match(accepted.body.message, /not open/);
  const { batchId } = accepted.body;
  const refused = await send(other, "POST", api("batch/execute"), { body: JSON.stringify({ workflowId: "x", workflow: { actions: [] } }), headers: json });
  assert.equal(refused.status, 202);
  assert.equal((await send(other, "GET", api(`batch/${batchId}/status`))).body.status, "pending");
  assert.equal((await send(other, "POST", api("batch/execute"), { body: "{", headers: json })).status, 400);
  const wrong = await send(other, "POST", api("batch/execute"), { body: JSON.stringify({ ...gallery([asset]), batchId: "mine" }), headers: json });
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.message, /"batchId" is "mine"/);

  const tab = await context.newPage();
  await tab.goto(url);
  await ready(tab);
  await eventually(tab, async (batchId) => (await window.pixelmill.listBatches()).batches.some((batch) => batch.batchId === batchId), batchId);
  assert.equal((await untilEnded(tab, batchId)).assets.completed, 1);
  assert.equal((await executions(tab, batchId)).length, 1);
  const status = await send(other, "GET", api(`batch/${refused.body.batchId}/status`));
  assert.equal(status.status, 400, "why the page refused it");
  await tab.reload();
  await ready(tab);
  assert.equal((await ask(tab, "listBatches")).batches.length, 1);
  // What was set aside while the only page was suspended.
  const late = { ...gallery([asset]), batchId: "batch-late-20260131-00000001", clientData: 17 };
  await tab.evaluate(async (request) => {
    const [name] = (await caches.keys()).filter((name) => name.startsWith("pixelmill-waiting:"));
    const kept = JSON.stringify({ request, accepted: { createdAt: new Date().toISOString() } });
    await (await caches.open(name)).put("https://waiting.invalid/late", new Response(kept));
    document.dispatchEvent(new Event("resume"));
  }, late);
  await eventually(tab, async (batchId) => (await window.pixelmill.listBatches()).batches.some((batch) => batch.batchId === batchId), late.batchId);
  assert.equal((await untilEnded(tab, late.batchId)).clientData, 17);
});

test("a page that hears a call too late does not make it", async (t) => {
  const { page } = await controlled(t);
  /** Passes a call to the page as the service worker does, and goes on or gives up when the page has heard it. */
  const pass = (goesOn) =>
    page.evaluate(async (goesOn) => {
      const { port1, port2 } = new MessageChannel();
      const next = () => new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
      const heard = next();
      const call = { name: "deleteWorkflow", parameters: [{ value: "mine" }], version: null };
      navigator.serviceWorker.dispatchEvent(new MessageEvent("message", { data: { pixelmillCall: call }, ports: [port2] }));
      if (!(await heard).heard) throw new Error("the page does not say that it heard");
      const outcome = next();
      if (goesOn) port1.postMessage("go on");
      else port1.close();
      return await Promise.race([outcome, new Promise((resolve) => setTimeout(resolve, 500, "nothing"))]);
    }, goesOn);
  const workflow = pictures.builtIn("web-gallery");
  await ask(page, "saveWorkflow", { ...workflow, metadata: { ...workflow.metadata, workflowId: "mine" } });
  assert.equal(await pass(false), "nothing");
  assert.equal((await ask(page, "getWorkflow", "mine")).workflowId, "mine", "it is still there");
  assert.equal((await pass(true)).answer.workflowId, "mine");
});

test("a file that is too large to be in memory as a whole is uploaded and comes back unchanged", async (t) => {
  const { page } = await controlled(t);
  const pattern = Buffer.from(Array.from({ length: 1_000_003 }, (_, index) => (index * 7919) >> 5));
  const count = 80;
  const hash = createHash("sha256");
  for (let sent = 0; sent < count; sent += 1) hash.update(pattern);
  const answer = await page.evaluate(
    async ([text, count]) => {
      const pattern = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const body = new Blob(Array.from({ length: count }, () => pattern));
      const response = await fetch("api/assets", { method: "POST", headers: { "content-type": "application/octet-stream", "x-file-name": "large.bin" }, body });
      const { assets } = await response.json();
      const [{ assetId }] = assets;
      const from = 1_000_003 * 63 - 2;
      const part = await fetch(`api/assets/${assetId}`, { headers: { range: `bytes=${from}-${from + 4}` } });
      return { status: response.status, asset: assets[0], part: [...new Uint8Array(await part.arrayBuffer())] };
    },
    [pattern.toString("base64"), count],
  );
  assert.equal(answer.status, 201);
  assert.equal(answer.asset.bytes, pattern.length * count);
  assert.equal(answer.asset.assetId, hash.digest("hex"));
  assert.deepEqual(answer.part, [pattern.at(-2), pattern.at(-1), pattern[0], pattern[1], pattern[2]]);
});
