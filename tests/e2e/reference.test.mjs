// The API page: everything that the API's description and the catalog have is there, requests can be made from it, and it works without
// the server, by keyboard, and for an automatic checker of accessibility.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { customAction, INVERT } from "./support/custom.mjs";
import { ask, eventually, importFiles, open, ready, run, serve, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const DESCRIPTION = JSON.parse(readFileSync(new URL("../../src/http/openapi.json", import.meta.url), "utf8"));
const EXAMPLES = new URL("../../src/client/examples/", import.meta.url);
const OF_ACTIONS = new URL("../../src/actions/examples/", import.meta.url);
const OPERATIONS = Object.values(DESCRIPTION.paths).flatMap((methods) => Object.values(methods));

const id = (name) => `[data-testid="${name}"]`;
const at = (heading) => `[id="/api/${heading}"]`;
const kebab = (name) => name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();

/** The API page, with the service worker at work unless the browser denies it. */
async function reference(t, { hash = "#/api", ...options } = {}) {
  const session = await open(t, { hash, serviceWorker: true, ...options });
  if (options.serviceWorker !== false) await controlled(session.page);
  await session.page.locator(id("reference")).waitFor();
  return session;
}

async function controlled(page) {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
}

/** Opens the form of an operation. */
async function form(page, operation) {
  const trial = page.locator(`[data-operation="${operation}"] ${id("ref-try")}`);
  await trial.locator("summary").first().click();
  await trial.locator(id("ref-send")).waitFor();
  return {
    field: (name) => trial.locator(id(`ref-field-${name}`)),
    /** Sends the request: `{ status, body }`. */
    async send() {
      await trial.locator(id("ref-outcome")).evaluate((place) => place.replaceChildren());
      await trial.locator(id("ref-send")).click();
      await trial.locator(id("ref-status")).waitFor();
      const body = await trial.locator(`${id("ref-body")} pre`).allTextContents();
      return { status: await trial.locator(id("ref-status")).textContent(), body: body[0] };
    },
    trial,
  };
}

/** Whether an element is at the top of what is seen. */
async function isRead(page, heading) {
  await page.waitForFunction((selector) => {
    const top = document.querySelector(selector)?.getBoundingClientRect().top;
    return top >= 0 && top < 160;
  }, at(heading));
}

async function assertFits(page, what) {
  const { width, scrollWidth } = await page.evaluate(() => ({ width: document.documentElement.clientWidth, scrollWidth: document.documentElement.scrollWidth }));
  assert.ok(scrollWidth <= width, `${what} is ${scrollWidth} pixels wide in a window of ${width}`);
}

test("everything that the API and the catalog have is on the page, each under an address of its own", async (t) => {
  const { page, watch, url } = await open(t);
  await page.locator(id("drop-zone")).waitFor();
  assert.ok(!watch.requests.some((address) => /reference-[0-9a-f]{16}\//.test(address)), "it is not loaded before it is opened");
  await page.locator(id("nav-api")).click();
  await page.locator(id("reference")).waitFor();
  assert.equal(await page.title(), "API · Pixelmill");
  assert.equal(page.url(), `${url}#/api`);
  const headings = await page.locator(id("ref-heading")).evaluateAll((all) => all.map((heading) => heading.dataset.heading));
  assert.equal(new Set(headings).size, headings.length, "each heading has an address of its own");
  const actions = await ask(page, "listActions");
  assert.ok(OPERATIONS.length > 10 && actions.length > 10);
  const expected = [
    ...OPERATIONS.map(({ operationId }) => kebab(operationId)),
    ...actions.map(({ actionType }) => `action-${actionType}`),
    ...Object.keys(DESCRIPTION["x-calls"]).map(kebab),
    ...Object.keys(DESCRIPTION["x-events"]).map((name) => `event-${name}`),
    ...Object.keys(DESCRIPTION.components.responses).map((status) => `error-${status}`),
  ];
  assert.deepEqual(expected.filter((heading) => !headings.includes(heading)), []);
  // The parameters come from the descriptions.
  const rows = async (section) => await page.locator(`${section} .ref-prose > .ref-rows > .ref-row > .ref-row-head > .ref-name`).allTextContents();
  for (const { operationId, parameters } of OPERATIONS) {
    const names = parameters.map((parameter) => parameter.name ?? "api-version");
    const shown = await rows(`[data-operation="${operationId}"]`);
    assert.deepEqual(names.filter((name) => !shown.includes(name)), [], operationId);
  }
  const resize = actions.find(({ actionType }) => actionType === "resize");
  assert.deepEqual(await rows('[data-action="resize"]'), resize.parameters.map(({ name }) => name));
  // The embedding guide has the examples that are tested with their libraries.
  const code = await page.locator('[data-guide="embedding"] pre').allTextContents();
  for (const name of readdirSync(EXAMPLES)) assert.ok(code.includes(readFileSync(new URL(name, EXAMPLES), "utf8").trimEnd()), name);
  // What is inside a property unfolds.
  const body = page.locator('[data-operation="executeBatch"] .ref-row', { has: page.locator(".ref-row-head code", { hasText: /^batchConfig$/ }) }).first();
  await body.locator("summary").first().click();
  await body.getByText("continueOnError", { exact: true }).waitFor();
  for (const link of await page.locator('.ref-article a[href^="#/api/"]').evaluateAll((all) => all.map((link) => link.hash.slice(6)))) {
    assert.ok(headings.includes(link), `a link leads to ${link}`);
  }
});

test("Get started runs to the end in place", async (t) => {
  const { page } = await reference(t, { hash: "#/api/get-started" });
  const run = async (step, status) => {
    const place = page.locator(".ref-step", { has: page.locator(id(`ref-run-${step}`)) });
    await place.locator(id(`ref-run-${step}`)).click();
    await place.locator(id("ref-status")).getByText(status).waitFor();
    return JSON.parse(await place.locator(`${id("ref-body")} pre`).first().textContent());
  };
  const isHttp = async () => assert.equal(await page.locator(".ref-outcome-head .muted", { hasText: "window.pixelmill" }).count(), 0);
  await page.locator(id("ref-hint")).getByText("Upload the picture first.").waitFor();
  const { assets: [asset] } = await run("importAssets", "201 Created");
  assert.equal(asset.mimeType, "image/png");
  // The code has the value, too.
  assert.match(await page.locator(".ref-step", { has: page.locator(id("ref-run-executeBatch")) }).locator("pre").first().textContent(), new RegExp(asset.url));
  const { batchId } = await run("executeBatch", "202 Accepted");
  const { batches } = await run("listBatches", "200 OK");
  assert.deepEqual(batches.map((batch) => batch.batchId), [batchId]);
  await eventually(page, async (id) => (await window.pixelmill.getBatchStatus(id)).completedAt !== null, batchId);
  assert.equal((await run("getBatchStatus", "200 OK")).assets.completed, 1);
  const cancelled = await run("cancelBatch", "200 OK");
  assert.equal(cancelled.status, "cancelled");
  assert.notEqual(cancelled.batchId, batchId);
  const { executions: [execution] } = await run("listExecutions", "200 OK");
  assert.equal(execution.outputs[0].mimeType, "image/webp");
  const picture = page.locator(".ref-step .ref-file img");
  await picture.waitFor();
  assert.equal(await picture.evaluate(async (image) => (await image.decode(), image.naturalWidth)), 800);
  await isHttp();
  await page.locator(id("ref-run-cleanup")).click();
  await page.locator(id("ref-cleaned")).getByText("Deleted 2 batches.").waitFor();
  assert.equal((await ask(page, "listBatches")).batches.length, 0);
});

test("requests can be tried, and the code for them is what is sent", async (t) => {
  const { page } = await reference(t, { errorsExpected: true });
  const list = await form(page, "listBatches");
  await list.field("limit").fill("5");
  assert.deepEqual(JSON.parse((await list.send()).body).pagination, { limit: 5, offset: 0, count: 0, hasMore: false });
  await list.field("limit").fill("1000");
  const refused = await list.send();
  assert.equal(refused.status, "400 Bad Request");
  assert.equal(JSON.parse(refused.body).error, "invalid_request");
  await list.field("limit").fill("7");
  await list.field("status").selectOption("completed");
  // Copied code runs.
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const section = page.locator('[data-operation="listBatches"]');
  await section.locator(id("ref-copy")).first().click();
  await page.locator(id("ref-announcer")).getByText("Copied the snippet.").waitFor({ state: "attached" });
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const answer = await page.evaluate(`(async () => { ${copied}; return answer; })()`);
  assert.deepEqual([answer.pagination.limit, answer.filters], [7, { status: "completed" }]);
  // The choice of a way holds for all operations.
  await section.getByRole("tab", { name: "curl" }).click();
  assert.match(await section.locator("pre").first().textContent(), /curl "http.*api\/batches\?status=completed&limit=7"/);
  assert.equal(await page.locator('[data-operation="executeBatch"]').getByRole("tab", { name: "curl" }).getAttribute("aria-selected"), "true");
  await section.getByRole("tab", { name: "npm" }).click();
  assert.match(await section.locator("pre").first().textContent(), /listBatches\(\{ status: "completed", limit: 7 \}\)/);

  const execute = await form(page, "executeBatch");
  await execute.field("body").fill('{ "workflowId": "x", "workflow": { "actions": [{ "actionId": "a", "actionType": "flop" }] } }');
  const invalid = await execute.send();
  assert.equal(invalid.status, "400 Bad Request");
  assert.ok(JSON.parse(invalid.body).diagnostics.some(({ code }) => code === "unknown_action_type"), invalid.body);
  await execute.field("body").fill("{");
  assert.equal((await execute.send()).status, "400 Bad Request");
  // The example runs as it is.
  await execute.field("example").selectOption("Convert");
  await execute.field("body").fill(await page.evaluate((text) => text, await execute.field("body").inputValue()));

  const upload = await form(page, "importAssets");
  await upload.field("file").setInputFiles({ name: "a b.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") });
  const stored = await upload.send();
  assert.equal(stored.status, "201 Created");
  const [{ assetId, name }] = JSON.parse(stored.body).assets;
  assert.deepEqual([assetId, name], [pictures.sha256(pictures.photo("cat")), "a b.jpg"]);
  const read = await form(page, "readAsset");
  assert.equal(await read.field("assetId").inputValue(), assetId, "what was uploaded is filled in");
  assert.equal((await read.send()).status, "200 OK");
  const [saved] = await Promise.all([page.waitForEvent("download"), read.trial.locator(id("ref-download")).click()]);
  assert.deepEqual(readFileSync(await saved.path()), pictures.photo("cat"));
  await read.field("range").fill("bytes=0-9");
  assert.equal((await read.send()).status, "206 Partial Content");
});

test("where the browser denies service workers, the calls go through the page", async (t) => {
  const { page } = await reference(t, { serviceWorker: false, errorsExpected: true });
  const list = await form(page, "listBatches");
  await list.trial.locator(id("ref-transport")).getByText("No service worker").waitFor();
  assert.equal((await list.send()).status, "200 OK");
  await list.field("limit").fill("0");
  assert.equal((await list.send()).status, "400 Bad Request");
  assert.match(await list.trial.locator(".ref-outcome-head").textContent(), /through window\.pixelmill/);
});

test("search and addresses lead to headings, and Back leads back", async (t) => {
  const { page, url } = await reference(t, { hash: "#/api/action-resize" });
  await isRead(page, "action-resize");
  const here = async (name) => await page.locator('.ref-toc a[aria-current="location"]').getByText(name, { exact: true }).waitFor();
  await here("Resize");
  const search = page.locator(id("ref-search"));
  const found = page.locator(`${id("ref-results")} a`);
  // A parameter that is only in the schema of a body.
  await search.fill("continueOnError");
  await found.getByText("Execute a batch").first().waitFor();
  await search.fill("gaussian");
  await found.first().waitFor();
  assert.equal(await found.first().getAttribute("href"), "#/api/action-gaussian-blur");
  await search.fill("qwertz");
  await page.locator(id("ref-found")).getByText("Nothing found.").waitFor();
  await search.press("Escape");
  assert.equal(await search.inputValue(), "");
  await search.fill("cancel a batch");
  await search.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${url}#/api/cancel-batch`);
  await isRead(page, "cancel-batch");
  await here("Cancel a batch");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.heading), "cancel-batch", "the focus follows");
  assert.equal(await page.locator(".ref-toc").isVisible(), true, "the contents are back");
  await page.locator(`${at("cancel-batch")} .ref-anchor`).focus();
  assert.equal(await page.locator(`${at("cancel-batch")} .ref-anchor`).evaluate((link) => getComputedStyle(link).opacity), "1");
  await page.locator(".ref-toc a", { hasText: "Embedding" }).click();
  await page.waitForURL(`${url}#/api/embedding`);
  await isRead(page, "embedding");
  await page.goBack();
  await isRead(page, "cancel-batch");
  await page.locator(id("nav-batches")).click();
  await page.locator(id("empty")).waitFor();
  await page.goBack();
  await page.locator(id("reference")).waitFor();
  await isRead(page, "cancel-batch");
  assert.equal(await page.locator(id("nav-api")).getAttribute("aria-current"), "page");
});

test("without the server it opens for the first time, and requests are answered", async (t) => {
  const server = await serve();
  t.after(() => server.stop());
  const { page } = await open(t, { server, serviceWorker: true });
  await controlled(page);
  await server.stop();
  await page.locator(id("nav-api")).click();
  await page.locator(id("reference")).waitFor();
  const actions = await form(page, "listActions");
  assert.equal((await actions.send()).status, "200 OK");
});

test("what could not be loaded can be tried again", async (t) => {
  const { page } = await open(t, { errorsExpected: true });
  const failed = page.locator(id("reference-failed"));
  const block = (file) => page.route(file, (route) => route.abort());
  // One of the script's own modules, then one of the guides.
  await block("**/dom.js");
  await page.locator(id("nav-api")).click();
  await failed.getByText("Check that the server can be reached").waitFor();
  await page.unroute("**/dom.js");
  await block("**/embedding.txt");
  await failed.getByRole("button", { name: "Try again" }).click();
  await failed.getByText("Failed to fetch").waitFor();
  await page.unroute("**/embedding.txt");
  await failed.getByRole("button", { name: "Try again" }).click();
  await page.locator(id("reference")).waitFor();
});

test("nothing is wider than the window, and no rule of accessibility is broken, light and dark", async (t) => {
  const { page } = await reference(t, { serviceWorker: false, context: { viewport: { width: 1440, height: 900 }, bypassCSP: true } });
  await (await form(page, "listBatches")).send();
  await page.locator('[data-operation="executeBatch"] details:not([open])').evaluateAll((all) => all.forEach((details) => (details.open = true)));
  await page.locator(id("ref-run-importAssets")).click();
  await page.locator(id("ref-status")).getByText("201 Created").waitFor();
  for (const width of [320, 390, 1024, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await assertFits(page, "the page");
  }
  // One section of each kind stays: the checker would take minutes for thousands of elements.
  const kinds = ["guide=get-started", "guide=http", "guide=workflows", "operation=executeBatch", "operation=listBatches", "operation=deleteWorkflow", "action=resize", "event=progress", "call=retryExecutions", "schema=workflow"];
  await page.evaluate((kinds) => {
    const kept = kinds.map((kind) => document.querySelector(`[data-${kind.replace("=", '="')}"]`));
    for (const section of document.querySelectorAll(".ref-article section")) {
      if (!kept.some((one) => one.contains(section) || section.contains(one))) section.remove();
    }
  }, kinds);
  await page.addScriptTag({ path: AXE });
  const check = async (what) => {
    // What a bar covers has to be scrolled to first.
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
    const found = await page.evaluate(async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
      const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary})`).join("; ")}`);
    });
    assert.deepEqual(found, [], what);
  };
  await check("light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  await check("dark");
  await page.setViewportSize({ width: 390, height: 900 });
  await page.locator(`${id("ref-contents")} > summary`).click();
  await page.locator(id("ref-search")).fill("resize");
  await page.locator(`${id("ref-results")} a`).first().waitFor();
  await check("the search, narrow and dark");
});

test("it can be used by keyboard alone", async (t) => {
  const { page, url } = await open(t, { serviceWorker: true, context: { viewport: { width: 390, height: 800 } } });
  await controlled(page);
  const focused = () => page.evaluate(() => ({ testid: document.activeElement.dataset.testid, text: document.activeElement.textContent.trim(), tag: document.activeElement.tagName }));
  const tabTo = async (what, is) => {
    for (let step = 0; step < 60; step += 1) {
      await page.keyboard.press("Tab");
      if (is(await focused())) return;
    }
    assert.fail(`${what} is not reached`);
  };
  await tabTo("the link to the API", ({ testid }) => testid === "nav-api");
  await page.keyboard.press("Enter");
  await page.locator(id("reference")).waitFor();
  await tabTo("the contents", ({ tag }) => tag === "SUMMARY");
  await page.keyboard.press("Enter");
  await tabTo("the search", ({ testid }) => testid === "ref-search");
  await page.keyboard.type("list and filter batches");
  await page.locator(`${id("ref-results")} a`).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(`${url}#/api/list-batches`);
  assert.equal(await page.locator(id("ref-search")).isVisible(), false, "the contents are folded again");
  await isRead(page, "list-batches");
  await tabTo("the tabs of the code", ({ tag, text }) => tag === "BUTTON" && text === "fetch");
  await page.keyboard.press("ArrowRight");
  assert.equal((await focused()).text, "npm");
  await tabTo("the form", ({ tag, text }) => tag === "SUMMARY" && text === "Try it: List and filter batches");
  await page.keyboard.press("Enter");
  await page.locator(id("ref-send")).waitFor();
  await tabTo("the button that sends", ({ testid }) => testid === "ref-send");
  await page.keyboard.press("Enter");
  await page.locator(id("ref-status")).getByText("200 OK").waitFor();
  assert.equal((await focused()).testid, "ref-send", "the focus stays");
});

/** The example of each action, by its name. */
const actionExamples = () => Object.fromEntries(readdirSync(OF_ACTIONS).map((name) => [name.replace(".json", ""), JSON.parse(readFileSync(new URL(name, OF_ACTIONS), "utf8"))]));

test("every action has its example, which opens in the studio", async (t) => {
  const { page } = await reference(t, { hash: "#/api/action-catalog" });
  const examples = actionExamples();
  const actions = await ask(page, "listActions");
  assert.deepEqual(actions.map(({ actionType }) => actionType).sort(), Object.keys(examples).sort());
  assert.equal(await page.locator(id("ref-example")).count(), actions.length);
  const place = page.locator(`[data-action="duotone"] ${id("ref-example")}`);
  await place.locator("summary").click();
  const shown = await place.locator("pre").textContent();
  assert.deepEqual(JSON.parse(shown), examples.duotone);
  assert.equal(shown.split("\n").length, 12, "an action or a connection in each line");
  await assertFits(page, "the example");
  await place.locator(id("ref-open-example")).click();
  await page.getByText(`“${examples.duotone.metadata.name}” was opened from a link.`).waitFor();
  await page.locator('.step[data-step="brand"]').waitFor();
});

test("every example runs in the app", async (t) => {
  const { page } = await open(t);
  await ready(page);
  const add = (bytes, name, kind) =>
    page.evaluate(
      ([bytes, name, kind]) => window.pixelmill.importFile(new File([Uint8Array.from(bytes)], name), { kind }),
      [[...bytes], name, kind],
    );
  await add(Buffer.from("LUT_1D_SIZE 2\n0.1 0 0\n1 0.9 1\n"), "film.cube", "lut");
  const spec = { name: "Scan lines", description: "Inverts the colours of a picture.", version: "1.0.0", parameters: [] };
  await add(customAction(spec, INVERT), "scanlines.wasm", "action");
  const photo = pictures.photo("cat");
  const [table, chair, logo, animated] = await importFiles(page, [
    { name: "table.jpg", bytes: photo },
    { name: "chair.jpg", bytes: pictures.photo("coins") },
    { ...(await pictures.logo(60)), name: "logo.png" },
    { name: "animated.gif", bytes: readFileSync(new URL("../data/animation/previous.gif", import.meta.url)) },
  ]);
  const first = {
    "parse-data": [table, chair],
    "contact-sheet": [table, chair],
    animate: [table, chair],
    ...Object.fromEntries(["still", "trim-frames", "frame-rate", "reverse"].map((name) => [name, [animated]])),
  };
  for (const [name, document] of Object.entries(actionExamples())) {
    const inputs = document.actions.filter(({ actionType }) => actionType === "input-images").map(({ actionId }) => actionId);
    const filled = withImages(document, Object.fromEntries(inputs.map((actionId, at) => [actionId, at === 0 ? (first[name] ?? [table]) : [logo]])));
    const { status, executions } = await run(page, filled);
    const failures = executions.filter((one) => one.status !== "success").map(({ error, hint }) => `${error} ${hint}`);
    assert.deepEqual(failures, [], name);
    assert.equal(status.status, "completed", name);
    const outputs = executions.flatMap((one) => one.outputs ?? []);
    assert.ok(outputs.length > 0 && outputs.every(({ bytes }) => bytes > 0), name);
    assert.ok(outputs.every(({ name: result }) => !/[{}]/.test(result)), `${name}: ${outputs.map(({ name: result }) => result)}`);
  }
});
