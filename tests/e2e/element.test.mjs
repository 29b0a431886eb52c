// <pixel-mill> in pages of another origin with a strict policy: in the page itself, and in a frame.

import assert from "node:assert/strict";
import sharp from "sharp";
import { eventually, open, serve, suite, test } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { deploymentFor, framed, here, serveShop } from "./support/shop.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const MIRROR = pictures.chain("mirror", [["flip", { direction: "horizontal" }]], { format: "png" });

/** Such a page in a tab. */
async function openShop(t, { markup, deployment, policy = here, files, also = [], ...options }) {
  const home = deployment ?? (await serve(undefined, { cors: true }));
  const shop = await serveShop({ deployment: home, policy, markup, files });
  const session = await open(t, { server: shop, uses: [home.url, ...also], unready: true, ...options });
  t.after(async () => {
    await shop.stop();
    await home.stop();
  });
  await session.page.waitForFunction(() => window.heard);
  const untilHeard = (name, count = 1) =>
    session.page.waitForFunction(([name, count]) => window.heard?.filter((one) => one.name === name).length >= count, [name, count]);
  return { ...session, home, shop, untilHeard };
}

async function cats(count, from = 0) {
  return await Promise.all(Array.from({ length: count }, async (_, index) => (await sharp(pictures.photo("cat")).resize(120 + from + index, 90, { fit: "fill" }).png().toBuffer()).toString("base64")));
}

/** Adds files to an element and runs its workflow: the batch's id. */
async function addAndRun(page, element, files) {
  return await page.evaluate(
    async ([element, files]) => {
      const one = document.querySelector(element);
      const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      await one.addFiles(files.map((text, index) => new File([bytes(text)], `cat-${index}.png`, { type: "image/png" })));
      return await one.run();
    },
    [element, files],
  );
}

/** The element's results, with their bytes as text. */
async function resultsOf(page, element) {
  return await page.evaluate(async (element) => {
    const bytes = async (blob) => btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
    const results = await document.querySelector(element).results();
    return await Promise.all(results.map(async ({ name, blob, execution }) => ({ name, text: await bytes(blob), index: execution.assetIndex })));
  }, element);
}

async function assertMirrored(results, files) {
  assert.equal(results.length, files.length);
  for (const [index, { name, text }] of results.entries()) {
    assert.equal(name, `cat-${index}.png`);
    const expected = await pictures.decode(await sharp(Buffer.from(files[index], "base64")).flop().png().toBuffer());
    pictures.assertNear(await pictures.decode(Buffer.from(text, "base64")), expected, { largest: 0 }, name);
  }
}

const WORKFLOW = { "mirror.json": JSON.stringify(MIRROR) };
const THREE_LINES = () => '<pixel-mill id="one" workflow="mirror.json" theme="light"></pixel-mill>';

test("three lines embed it in a page of another origin under a strict policy, and leave that page alone", async (t) => {
  const { page, untilHeard, shop } = await openShop(t, { markup: THREE_LINES, files: WORKFLOW });
  await untilHeard("ready");
  const [before, depth] = await page.evaluate(() => [location.href, history.length]);
  const files = await cats(3);
  const batchId = await addAndRun(page, "#one", files);
  await untilHeard("batchcompleted");
  await assertMirrored(await resultsOf(page, "#one"), files);
  const heard = await page.evaluate(() => window.heard.map(({ name, detail }) => [name, detail?.batchId]));
  const names = heard.map(([name]) => name).filter((name) => name !== "progress");
  assert.deepEqual(names, ["ready", "filesadded", "batchstarted", "executioncompleted", "executioncompleted", "executioncompleted", "batchcompleted"]);
  assert.ok(heard.filter(([name]) => !["ready", "filesadded"].includes(name)).every(([, batch]) => batch === batchId));
  // The view went to the results: in the element only.
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  assert.deepEqual(await page.evaluate(() => [location.href, history.length, document.title]), [before, depth, "Shop"]);
  assert.equal(before, shop.url);
  await page.locator(`pixel-mill ${id("nav-batches")}`).click();
  await page.locator(id("batch-row")).waitFor();
  await page.locator(id("nav-new")).click();
  await page.locator(id("drop-zone")).waitFor();
  assert.deepEqual(await page.evaluate(() => [location.href, history.length, document.title]), [before, depth, "Shop"]);
  // Keys belong to the page unless they are pressed in the element.
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Control+Enter");
  assert.deepEqual((await page.evaluate(() => window.keys)).at(-1), ["Enter", false]);
  assert.equal(await page.evaluate(() => window.heard.filter(({ name }) => name === "batchstarted").length), 1);
});

test("styles leak neither way", async (t) => {
  const { page, untilHeard } = await openShop(t, { markup: (base) => `<h1 id="title">Shop</h1><button id="host">Host</button>${THREE_LINES(base)}`, files: WORKFLOW });
  const look = () => page.evaluate(() => ["#title", "#host", "body", "html"].map((selector) => {
    const { color, fontSize, fontFamily, background, letterSpacing, display, overflow } = getComputedStyle(document.querySelector(selector));
    return { color, fontSize, fontFamily, background, letterSpacing, display, overflow };
  }));
  const before = await look();
  await untilHeard("ready");
  await page.locator(`pixel-mill ${id("drop-zone")}`).waitFor();
  assert.deepEqual(await look(), before);
  const inside = await page.locator("pixel-mill .button").first().evaluate((button) => {
    const { color, fontSize, display } = getComputedStyle(button);
    return { color, fontSize, display };
  });
  assert.notEqual(inside.color, "rgb(255, 0, 0)");
  assert.notEqual(inside.display, "none");
  assert.ok(parseFloat(inside.fontSize) < 20, inside.fontSize);
  // Custom properties are the way in.
  const canvas = () => page.locator("pixel-mill .scroller").evaluate((element) => getComputedStyle(element).backgroundColor);
  assert.equal(await canvas(), "rgb(245, 245, 243)");
  await page.evaluate(() => document.querySelector("pixel-mill").style.setProperty("--pixelmill-background", "rgb(1, 2, 3)"));
  assert.equal(await canvas(), "rgb(1, 2, 3)");
  await page.evaluate(() => document.querySelector("pixel-mill").setAttribute("theme", "dark"));
  await page.locator('pixel-mill .stage[data-theme="dark"]').waitFor();
});

test("several elements, the script twice, and moving and removing them", async (t) => {
  const markup = (base) => `<script type="module" src="${base}embed.js?again"></script><main></main><pixel-mill id="one" workflow="mirror.json" layout="drop"></pixel-mill><pixel-mill id="two" workflow="mirror.json" layout="results" database="second"></pixel-mill>`;
  const { page, untilHeard } = await openShop(t, { markup, files: WORKFLOW });
  await untilHeard("ready", 2);
  const [first, second] = [await cats(2), await cats(1, 10)];
  await Promise.all([addAndRun(page, "#one", first), addAndRun(page, "#two", second)]);
  await untilHeard("batchcompleted", 2);
  await assertMirrored(await resultsOf(page, "#one"), first);
  await assertMirrored(await resultsOf(page, "#two"), second);
  const lists = await page.evaluate(async () => {
    const clients = await Promise.all(["#one", "#two"].map((selector) => document.querySelector(selector).client));
    return await Promise.all(clients.map(async (client) => (await client.listBatches()).batches.map(({ batchId }) => batchId)));
  });
  const started = await page.evaluate(() => window.heard.filter(({ name }) => name === "batchstarted").map(({ id, detail }) => [id, detail.batchId]));
  assert.deepEqual(Object.fromEntries(started), { one: lists[0][0], two: lists[1][0] });
  assert.deepEqual(lists.map((list) => list.length), [1, 1]);
  // Moved, it goes on; removed, everything that it started ends.
  await page.evaluate(() => document.querySelector("main").append(document.querySelector("#one")));
  await page.waitForTimeout(200);
  assert.equal((await resultsOf(page, "#one")).length, 2);
  await page.evaluate(() => document.querySelectorAll("pixel-mill").forEach((element) => element.remove()));
  await eventually(page, async () => (await navigator.locks.query()).held.length === 0);
  assert.equal(await page.evaluate(() => document.querySelector("#gone")), null);
  const message = await page.evaluate(async () => {
    const element = document.createElement("pixel-mill");
    element.setAttribute("layout", "progress");
    document.body.append(element);
    const client = await element.client;
    const { batches } = await client.listBatches();
    element.remove();
    await new Promise((resolve) => setTimeout(resolve, 200));
    return [batches.length, await client.listBatches().catch(({ message }) => message)];
  });
  assert.equal(message[0], 1);
  assert.match(message[1], /closed|stopped/);
});

test("attributes limit and start it, and a wrong one is told", async (t) => {
  const markup = () => '<pixel-mill id="one" workflow="mirror.json" layout="drop" accept="image/png" max-files="2" autostart concurrency="1"></pixel-mill>';
  const { page, untilHeard } = await openShop(t, { markup, files: { ...WORKFLOW, "broken.json": "{ no JSON" } });
  await untilHeard("ready");
  const file = (name, mimeType, buffer) => ({ name, mimeType, buffer });
  const [first, second, third] = (await cats(3)).map((text) => Buffer.from(text, "base64"));
  await page.locator(id("file-input")).setInputFiles([file("cat-0.png", "image/png", first), file("a.jpg", "image/jpeg", pictures.photo("cat")), file("cat-1.png", "image/png", second), file("cat-2.png", "image/png", third)]);
  await untilHeard("batchcompleted");
  const status = await page.evaluate(async () => (await (await document.querySelector("#one").client).listBatches()).batches[0]);
  assert.deepEqual([status.assets.total, status.assets.completed], [2, 2]);
  await page.evaluate(() => document.querySelector("#one").setAttribute("workflow", "broken.json"));
  await untilHeard("error");
  assert.match(await page.evaluate(() => window.heard.at(-1).detail.message), /broken\.json is not a workflow document/);
});

test("a deployment that cannot be read is told in the element, with a way on", async (t) => {
  const closed = await serve();
  t.after(() => closed.stop());
  const { page, untilHeard } = await openShop(t, { markup: () => `<pixel-mill id="one" base="${closed.url}"></pixel-mill>`, policy: (base) => ({ ...here(base), "connect-src": `'self' ${closed.url}` }), also: [closed.url], errorsExpected: true });
  await untilHeard("error");
  assert.match(await page.evaluate(() => window.heard.at(-1).detail.message), /cannot be fetched: .*CORS/);
  await page.locator("pixel-mill button", { hasText: "Try again" }).click();
  await untilHeard("error", 2);
});

test("in a frame it runs with a database of its own, and the host needs to allow frames only", async (t) => {
  const deployment = await deploymentFor(["*"]);
  const markup = () => '<pixel-mill id="one" isolation="frame" workflow="mirror.json" layout="results"></pixel-mill>';
  const { page, untilHeard } = await openShop(t, { markup, deployment, policy: framed, files: WORKFLOW });
  await untilHeard("ready");
  const files = await cats(2);
  const batchId = await addAndRun(page, "#one", files);
  await untilHeard("batchcompleted");
  await assertMirrored(await resultsOf(page, "#one"), files);
  const names = await page.evaluate(() => window.heard.map(({ name }) => name).filter((name) => name !== "progress"));
  assert.deepEqual(names, ["ready", "filesadded", "batchstarted", "executioncompleted", "executioncompleted", "batchcompleted"]);
  assert.equal(await page.evaluate(async (batchId) => (await (await document.querySelector("#one").client).getBatchStatus(batchId)).status, batchId), "completed");
  const refused = await page.evaluate(async () => (await document.querySelector("#one").client).getBatchStatus("batch-none-20260101-00000000").catch(({ code }) => code));
  assert.equal(refused, 404);
  // Another host sees nothing of it.
  const other = await openShop(t, { markup, deployment, policy: framed, files: WORKFLOW, context: {} });
  await other.untilHeard("ready");
  assert.deepEqual(await other.page.evaluate(async () => (await (await document.querySelector("#one").client).listBatches()).batches), []);
  const frame = page.frames().find((frame) => frame.url().endsWith("frame.html"));
  const databases = await frame.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  assert.ok(databases.every((name) => name.startsWith("pixelmill:frame.http")), String(databases));
  // Both have the same deployment, which ends with the first.
  await other.page.close();
});

test("a frame listens to nobody but the page that it was opened by, once", async (t) => {
  const deployment = await deploymentFor(["*"]);
  const markup = () => '<pixel-mill id="one" isolation="frame"></pixel-mill><iframe id="stranger" src="stranger.html"></iframe>';
  // What its script sends comes from its window.
  const files = { "stranger.html": '<!doctype html><title>Stranger</title><script src="stranger.js"></script>', "stranger.js": "window.send = (target, ...rest) => target.postMessage(...rest);" };
  const { page, untilHeard } = await openShop(t, { markup, deployment, policy: (base) => ({ ...framed(base), "frame-src": `${base} 'self'` }), files });
  await untilHeard("ready");
  const answers = await page.evaluate(async (origin) => {
    const frame = document.querySelector("#one").shadowRoot.querySelector("iframe").contentWindow;
    const answers = [];
    const send = (source, message, ports = 1) => {
      const channels = Array.from({ length: ports }, () => new MessageChannel());
      for (const { port1 } of channels) port1.onmessage = ({ data }) => answers.push(data);
      source(message, channels.map(({ port2 }) => port2));
    };
    const own = (message, ports) => frame.postMessage(message, origin, ports);
    const stranger = document.querySelector("#stranger").contentWindow;
    const strange = (message, ports) => stranger.send(frame, message, origin, ports);
    const hello = { pixelmill: 1, hello: "0-1-2-3-4-5-6-7" };
    const kinds = [hello, { pixelmill: 1 }, { pixelmill: 2, hello: "0-1-2-3-4-5-6-7" }, { hello: 5 }, null, "x", [hello], { pixelmill: 1, hello: "x".repeat(1_000_000) }, { id: 0, call: ["listBatches", []] }, { pixelmill: 1, hello: { toString: () => "0-1-2-3" }.toString() }];
    for (let turn = 0; turn < 10; turn += 1) {
      for (const kind of kinds) {
        send(own, kind);
        send(strange, kind);
      }
      send(own, hello, 0);
      send(own, hello, 2);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    return answers;
  }, new URL(deployment.url).origin);
  assert.deepEqual(answers, []);
  const list = await page.evaluate(async () => (await (await document.querySelector("#one").client).listBatches()).batches);
  assert.deepEqual(list, []);
});

test("a frame answers every message on its port, however wrong", async (t) => {
  const deployment = await deploymentFor(["*"]);
  const { page } = await openShop(t, { markup: () => "<p>Host</p>", deployment, policy: framed });
  const answers = await page.evaluate(async (base) => {
    const frame = document.createElement("iframe");
    frame.src = `${base}frame.html`;
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
    document.body.append(frame);
    await loaded;
    const { port1, port2 } = new MessageChannel();
    const answers = new Map();
    const started = new Promise((resolve) => {
      port1.onmessage = ({ data }) => ("id" in data ? answers.set(data.id, data) : data.hello && resolve());
    });
    frame.contentWindow.postMessage({ pixelmill: 1, hello: "01234567" }, new URL(base).origin, [port2]);
    await started;
    const deep = Array.from({ length: 3000 }).reduce((inner) => [inner], []);
    const calls = [undefined, null, 5, "listBatches", [], [5, []], ["listBatches"], ["listBatches", {}], ["listBatches", [1, 2, 3, 4]], ["constructor", []], ["processFile", []], ["addEventListener", ["x", 1]], ["dispatchEvent", [{}]], ["__proto__", []], ["x".repeat(100_000), []], ["addFiles", [5]], ["addFiles", [["x"]]], ["configure", [null]], ["run", []], ["listBatches", [{ limit: -1 }]], ["executeBatch", [deep]], ["executeBatch", ["x".repeat(1_000_000)]], ["getBatchStatus", [{}]], ["deleteBatch", ["../../x"]], ["readAsset", [5]]];
    const messages = [];
    for (let turn = 0; turn < 8; turn += 1) messages.push(...calls);
    messages.forEach((call, id) => port1.postMessage({ id, call }));
    for (const stray of [null, undefined, 5, "x", [], { id: -1, call: ["run", []] }, { id: "1", call: [] }, { id: 1.5 }]) port1.postMessage(stray);
    const until = performance.now() + 60_000;
    while (answers.size < messages.length && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
    port1.postMessage({ id: 10_000, call: ["listBatches", []] });
    while (!answers.has(10_000) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
    return { count: messages.length, wrong: [...answers.values()].filter(({ id, error }) => id < 10_000 && !(error && typeof error.message === "string")), last: answers.get(10_000) };
  }, deployment.url);
  assert.equal(answers.count, 200);
  assert.deepEqual(answers.wrong, []);
  assert.deepEqual(answers.last.answer.batches, []);
});

test("a frame refuses a host that the deployment does not allow, and says so", async (t) => {
  const { page, untilHeard } = await openShop(t, { markup: () => '<pixel-mill id="one" isolation="frame"></pixel-mill>', policy: framed });
  await untilHeard("error");
  assert.match(await page.evaluate(() => window.heard.at(-1).detail.message), /does not allow pages of http:\/\/127\.0\.0\.1:\d+ to embed it/);
});

test("where a frame gets no storage, results arrive all the same", async (t) => {
  const deployment = await deploymentFor(["*"]);
  const markup = () => '<pixel-mill id="one" isolation="frame" workflow="mirror.json"></pixel-mill>';
  // As in a browser that denies storage to frames of other sites.
  const prepare = (context) => context.addInitScript(() => {
    if (parent === self) return;
    for (const name of ["indexedDB", "localStorage", "sessionStorage", "caches"]) {
      Object.defineProperty(self, name, { get() { throw new DOMException("denied", "SecurityError"); } });
    }
  });
  const { page, untilHeard } = await openShop(t, { markup, deployment, policy: framed, files: WORKFLOW, prepare });
  await untilHeard("ready");
  const files = await cats(2);
  await addAndRun(page, "#one", files);
  await untilHeard("batchcompleted");
  await assertMirrored(await resultsOf(page, "#one"), files);
});
