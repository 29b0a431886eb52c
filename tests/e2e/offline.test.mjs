// Installed and offline: the page without its server, the change to a new build, and files that the system hands over.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { DIST } from "./support/built.mjs";
import { deployment, serveHolding } from "./support/deployment.mjs";
import { ask, execute, executions, importFiles, open, openOnDisk, ready, run, scratchFolder, serve, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { readZip } from "./support/zip.mjs";

const site = suite(test);

const id = (name) => `[data-testid="${name}"]`;
const file = (name, photo) => ({ name, mimeType: "image/jpeg", buffer: pictures.photo(photo) });

/** The build that a page belongs to. */
const buildOfPage = (page) => page.locator('meta[name="pixelmill-build"]').getAttribute("content");

/** Waits until a service worker answers a page's requests. */
async function controlled(page) {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
}

/** The ids of the builds in the caches. */
async function keptBuilds(page) {
  const names = await page.evaluate(() => caches.keys());
  return names.filter((name) => name.startsWith("pixelmill-build:")).map((name) => name.split(":").at(-1));
}

async function until(what, condition) {
  for (const end = Date.now() + 60_000; !(await condition()); await new Promise((resolve) => setTimeout(resolve, 100))) {
    assert.ok(Date.now() < end, `after 60 s it is still not so: ${what}`);
  }
}

/** Lets a page ask its server for another build. */
async function lookForUpdate(page) {
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
}

/** A page of a folder that can be changed, with its service worker at work. */
async function deployed(t, options = {}) {
  const folder = deployment();
  const server = await serve(folder.folder);
  t.after(() => server.stop());
  const session = await open(t, { server, serviceWorker: true, ...options });
  await controlled(session.page);
  return { ...session, deployment: folder };
}

/** Changes a file of the page, so that there is another build, and waits until the page offers it. */
async function offerUpdate({ page, deployment }) {
  const before = deployment.build.id;
  deployment.update("worker.js", (script) => `${script}\n`);
  assert.notEqual(deployment.build.id, before);
  await lookForUpdate(page);
  await page.locator(id("update-note")).getByText("A new version is ready.").waitFor();
  return deployment.build.id;
}

/** Waits until a page has been reloaded as one of this build. */
async function becomes(page, build) {
  await page.waitForFunction((build) => document.querySelector('meta[name="pixelmill-build"]')?.content === build, build);
  await ready(page);
}

test("after one visit, the page runs without its server: reload, new tab, pictures, workflows, ZIP", async (t) => {
  const server = await serve();
  t.after(() => server.stop());
  const session = await open(t, { server, serviceWorker: true, workers: 1, errorsExpected: true });
  await controlled(session.page);
  // The model is loaded when it is first needed.
  const portrait = await importFiles(session.page, [{ name: "portrait.jpg", bytes: pictures.photo("portrait") }]);
  const online = await run(session.page, withImages(pictures.builtIn("product-cutout"), { photos: portrait }));
  await server.stop();
  await assert.rejects(fetch(server.url), "the server is gone");

  await session.page.reload();
  await ready(session.page);
  await session.page.close();
  const page = await session.openTab();
  await page.locator(id("file-input")).setInputFiles([file("one.jpg", "cat"), file("two.jpg", "tulips")]);
  await page.locator(id("picked-count")).filter({ hasText: /^2 pictures/ }).waitFor();
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"]`).waitFor();
  const batchId = decodeURIComponent(new URL(page.url()).hash.replace("#/batches/", ""));
  const done = await executions(page, batchId);
  assert.deepEqual(done.map(({ status }) => status), ["success", "success"]);
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id("download-zip")).click()]);
  const entries = readZip(readFileSync(await download.path()));
  assert.deepEqual(entries.map(({ bytes }) => pictures.sha256(bytes)), done.map(({ outputs }) => outputs[0].sha256));

  const offline = await run(page, withImages(pictures.builtIn("product-cutout"), { photos: portrait }));
  const hashes = ({ executions }) => executions[0].outputs.map(({ sha256 }) => sha256);
  assert.deepEqual(hashes(offline), hashes(online));
  const logo = await importFiles(page, [{ name: "logo.png", bytes: (await pictures.logo()).bytes }]);
  for (const name of ["marketplace-square", "watermark-two-sizes"]) {
    const workflow = pictures.builtIn(name);
    const inputs = workflow.actions.filter(({ actionType }) => actionType === "input-images").map(({ actionId }) => [actionId, actionId === "logo" ? logo : portrait]);
    const { executions } = await run(page, withImages(workflow, Object.fromEntries(inputs)));
    assert.deepEqual(executions.map(({ status }) => status), ["success"], name);
  }
  // WebP has an encoder of its own.
  const webp = await run(page, withImages(pictures.chain("webp", [], { format: "webp" }), { photos: portrait }));
  assert.equal(webp.executions[0].outputs[0].mimeType, "image/webp");
});

test("a new version is not applied while a batch runs, and by itself when the batch has ended", async (t) => {
  const session = await deployed(t, { workers: 1 });
  const { page, deployment } = session;
  const before = await buildOfPage(page);
  const photo = await sharp(pictures.photo("cat")).resize(2400).jpeg().toBuffer();
  const files = Array.from({ length: 10 }, (_, index) => ({ name: `${index}.jpg`, bytes: pictures.withComment(photo, `number ${index}`) }));
  const stored = await importFiles(page, files);
  // It has to outlast everything that happens before the update is pressed.
  const COUNT = 240;
  const assets = Array.from({ length: COUNT }, (_, index) => stored[index % stored.length]);
  const batchId = await execute(page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  const other = await session.openTab();
  const next = await offerUpdate(session);
  await page.evaluate(() => (window.isOld = true));
  // In a tab that only watches the batch.
  await other.locator(id("update")).click();
  await other.locator(id("update-note")).getByText("as soon as the batches and imports that are running have finished").waitFor();
  assert.equal(await other.locator(id("update")).count(), 0);
  const during = await ask(page, "getBatchStatus", batchId);
  assert.ok(during.assets.completed < COUNT, "the batch was too short for this test");
  assert.equal(await page.evaluate(() => window.isOld), true);
  assert.ok((await keptBuilds(page)).includes(before), "the files of the build in use are kept");

  await becomes(page, next);
  await becomes(other, next);
  assert.equal(await page.evaluate(() => window.isOld), undefined);
  const status = await untilEnded(page, batchId);
  assert.deepEqual([status.status, status.assets.completed], ["completed", COUNT]);
  assert.deepEqual((await executions(page, batchId)).map(({ attempts }) => attempts), Array(COUNT).fill(1), "nothing was interrupted");
  await until("only the new build is kept", async () => String(await keptBuilds(page)) === next);
  assert.equal(await page.locator(id("update-note")).count(), 0);
  assert.equal(deployment.build.id, next);
});

test("an idle page changes to the new version at once, with every tab, and keeps what was picked", async (t) => {
  const session = await deployed(t);
  const { page } = session;
  const other = await session.openTab();
  await controlled(other);
  await page.locator(id("file-input")).setInputFiles([file("one.jpg", "cat")]);
  await page.locator(id("picked-count")).filter({ hasText: /^1 picture/ }).waitFor();
  const next = await offerUpdate(session);
  await other.locator(id("update-note")).waitFor();
  await page.locator(id("update")).click();
  await becomes(page, next);
  await becomes(other, next);
  await page.locator(id("picked-count")).filter({ hasText: /^1 picture/ }).waitFor();
  // Once per page and version.
  await page.evaluate(() => (window.isSame = true));
  await page.waitForTimeout(1500);
  assert.equal(await page.evaluate(() => window.isSame), true);
});

test("without a word from the user, a reload stays with the version that is active, and closing all tabs changes it", async (t) => {
  const session = await deployed(t);
  const before = await buildOfPage(session.page);
  const next = await offerUpdate(session);
  await session.page.reload();
  await ready(session.page);
  assert.equal(await buildOfPage(session.page), before);
  await session.page.locator(id("update-note")).waitFor();
  await session.page.goto("about:blank");
  let page = await session.openTab();
  if ((await buildOfPage(page)) !== next) {
    // The browser may not have noticed yet that the last tab is gone.
    await page.close();
    page = await session.openTab();
  }
  await until("the new version is active", async () => (await buildOfPage(page)) === next);
});

test("a page of an older version still gets its own files after a deployment has removed them", async (t) => {
  const { page, deployment } = await deployed(t, { errorsExpected: true });
  const old = Object.keys(deployment.build.files).find((name) => name.startsWith("libwebp") && name.endsWith(".js"));
  deployment.update("libwebp.js", (script) => script);
  await lookForUpdate(page);
  await page.locator(id("update-note")).waitFor();
  const answers = await page.evaluate(async (name) => [(await fetch(name)).status, (await fetch("no-such-file-0123456789abcdef.js")).status], old);
  assert.deepEqual(answers, [200, 404]);
});

test("a browser that is killed in the middle of an update starts with the version before, and then gets the new one", async (t) => {
  const folder = deployment();
  const server = await serveHolding(folder.folder);
  t.after(() => server.stop());
  const profile = scratchFolder("profile");
  const options = { server, serviceWorker: true, errorsExpected: true };
  const first = await openOnDisk(t, profile, options);
  await controlled(first.page);
  const before = await buildOfPage(first.page);
  folder.update("libwebp.js", (script) => `${script}\n`);
  const name = folder.update("worker.js", (script) => `${script}\n`);
  server.held = new RegExp(name);
  await first.page.evaluate(() => {
    navigator.serviceWorker.ready.then((registration) => registration.update());
  });
  await until("the update is in the middle", async () => server.asked.some((path) => path.endsWith(name)) && (await keptBuilds(first.page)).length === 2);
  const gone = new Promise((resolve) => first.context.once("close", resolve));
  const control = (await first.context.browser()?.newBrowserCDPSession()) ?? (await first.context.newCDPSession(first.page));
  control.send("Browser.crash").catch(() => {});
  await gone;
  await server.stop();

  // Without a server, so that nothing can help.
  const second = await openOnDisk(t, profile, options);
  assert.equal(await buildOfPage(second.page), before);
  const assets = await importFiles(second.page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
  const { status } = await run(second.page, withImages(pictures.builtIn("web-gallery"), { photos: assets }));
  assert.equal(status.assets.completed, 1);

  const again = await serveHolding(folder.folder, server.port);
  t.after(() => again.stop());
  await lookForUpdate(second.page);
  await second.page.locator(id("update")).click();
  await becomes(second.page, folder.build.id);
  await until("nothing is left of the builds before", async () => String(await keptBuilds(second.page)) === folder.build.id);
});

test("an update that fails leaves the page as it was, and the next attempt succeeds", async (t) => {
  const session = await deployed(t, { errorsExpected: true });
  const { page, deployment } = session;
  const before = await buildOfPage(page);
  const name = deployment.update("worker.js", (script) => `${script}\n`);
  // As in the middle of an upload: the file is shorter than it will be.
  const path = join(deployment.folder, name);
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, 1000));
  await lookForUpdate(page).catch(() => {});
  await page.evaluate(async () => {
    const { installing } = await navigator.serviceWorker.ready;
    if (installing) await new Promise((resolve) => installing.addEventListener("statechange", resolve));
  });
  assert.equal(await page.locator(id("update-note")).count(), 0);
  await page.reload();
  await ready(page);
  assert.equal(await buildOfPage(page), before);
  writeFileSync(path, whole);
  // The short answer may have been cached by the browser under this name, as for any page.
  deployment.update("worker.js", (script) => `${script}\n`);
  await lookForUpdate(page);
  await page.locator(id("update")).click();
  await becomes(page, deployment.build.id);
  await until("the failed build is gone", async () => String(await keptBuilds(page)) === deployment.build.id);
});

test("a version that does not start makes way for the one that repairs it", async (t) => {
  const session = await deployed(t, { errorsExpected: true });
  const { page, deployment } = session;
  const app = Object.keys(deployment.build.files).find((name) => /^app.*\.js$/.test(name)).replace(/-[0-9a-f]{16}\./, ".");
  let sound;
  deployment.update(app, (script) => {
    sound = script;
    return "throw new Error('broken');";
  });
  await lookForUpdate(page);
  await page.locator(id("update")).click();
  await page.getByText("Pixelmill could not start: broken").waitFor();
  deployment.update(app, () => sound);
  await page.reload();
  await becomes(page, deployment.build.id);
});

test("when the browser has dropped the kept files, the page starts from its server and keeps them again", async (t) => {
  const { page } = await open(t, { serviceWorker: true });
  await controlled(page);
  const [build] = await keptBuilds(page);
  const count = () => page.evaluate(async (build) => (await (await caches.open(`pixelmill-build:${location.pathname}:${build}`)).keys()).length, build);
  const before = await count();
  assert.ok(before > 10);
  await page.evaluate(async () => Promise.all((await caches.keys()).map((name) => caches.delete(name))));
  await page.reload();
  await ready(page);
  await until("the files are kept again", async () => (await count()) === before);
});

test("where there is no service worker or none is allowed, the page works as before", async (t) => {
  const refusals = {
    "not there": () => Object.defineProperty(Navigator.prototype, "serviceWorker", { get: () => undefined }),
    denied: () => Object.defineProperty(Navigator.prototype, "serviceWorker", { get: () => { throw new DOMException("denied", "SecurityError"); } }),
    "not registered": () => {
      // A blank tab has none.
      if (window.isSecureContext && navigator.serviceWorker) navigator.serviceWorker.register = () => Promise.reject(new DOMException("private", "NotSupportedError"));
    },
    "without locks": () => Object.defineProperty(Navigator.prototype, "locks", { get: () => undefined }),
  };
  for (const [name, refuse] of Object.entries(refusals)) {
    const { page } = await open(t, { serviceWorker: true, prepare: (context) => context.addInitScript(refuse) });
    const assets = await importFiles(page, [{ name: "cat.jpg", bytes: pictures.photo("cat") }]);
    const { status } = await run(page, withImages(pictures.chain("small", [["resize", { width: 64 }]]), { photos: assets }));
    assert.equal(status.assets.completed, 1, name);
    assert.equal(await page.locator(id("update-note")).count(), 0, name);
  }
});

test("files shared with the app are picked, and nothing is left of them", async (t) => {
  const { page, url } = await open(t, { serviceWorker: true });
  await controlled(page);
  const workflow = JSON.stringify(pictures.chain("shared-flow", [["resize", { width: 64 }]]));
  const share = async (files) => {
    await page.evaluate(async (files) => {
      const form = Object.assign(document.createElement("form"), { action: "share", method: "post", enctype: "multipart/form-data" });
      const input = Object.assign(document.createElement("input"), { type: "file", name: "files", multiple: true });
      const transfer = new DataTransfer();
      for (const { name, type, text } of files) transfer.items.add(new File([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))], name, { type }));
      input.files = transfer.files;
      form.append(input);
      document.body.append(form);
      form.submit();
    }, files.map(({ name, mimeType, buffer }) => ({ name, type: mimeType, text: Buffer.from(buffer).toString("base64") })));
    await page.waitForURL(`${url}#/new`);
    await ready(page);
  };
  await share([file("žluťoučký.jpg", "cat"), file("two.jpg", "tulips"), { name: "flow.pixelmill", mimeType: "", buffer: workflow }]);
  await page.locator(id("picked-count")).filter({ hasText: /^2 pictures/ }).waitFor();
  assert.match((await page.locator(id("picked-row")).allInnerTexts()).join(" "), /žluťoučký\.jpg.*two\.jpg/s);
  await page.locator(id("notice")).getByText("Opened “flow.pixelmill” as your own workflow.").waitFor();
  assert.deepEqual(await page.evaluate(async () => (await (await caches.open(`pixelmill-shared:${location.pathname}`)).keys()).length), 0);
  // A reload shares nothing again.
  await page.reload();
  await page.locator(id("picked-count")).filter({ hasText: /^2 pictures/ }).waitFor();
  // What nobody fetched within a day is removed.
  await page.evaluate(async () => {
    const cache = await caches.open(`pixelmill-shared:${location.pathname}`);
    const put = (time) => cache.put(new URL(`shared/${time}-x/0`, document.baseURI), new Response("left"));
    await Promise.all([put(Date.now() - 25 * 3600_000), put(Date.now() - 3600_000)]);
  });
  await page.reload();
  await ready(page);
  await until("one is left", () => page.evaluate(async () => (await (await caches.open(`pixelmill-shared:${location.pathname}`)).keys()).length === 1));
  await page.goto(`${url}?shared=0-none#/new`);
  await page.locator(id("notice")).getByText("The shared files did not arrive.").waitFor();
});

test("files that the system opens with the app are picked, and shortcuts lead to their views", async (t) => {
  const prepare = (context) =>
    context.addInitScript(() => {
      const queue = { setConsumer: (consumer) => (window.launch = consumer) };
      Object.defineProperty(window, "launchQueue", { value: queue });
    });
  const { page, url } = await open(t, { prepare, unready: true });
  // Before the program has started.
  await page.waitForFunction(() => window.launch);
  const open_ = (names) =>
    page.evaluate(async (names) => {
      const canvas = new OffscreenCanvas(40, 30);
      canvas.getContext("2d").fillRect(0, 0, 20, 20);
      const blob = await canvas.convertToBlob({ type: "image/png" });
      await window.launch({ targetURL: document.baseURI, files: names.map((name) => ({ getFile: async () => new File([blob], name, { type: "image/png" }) })) });
    }, names);
  await open_(["early.png"]);
  await ready(page);
  await page.locator(id("picked-count")).filter({ hasText: /^1 picture/ }).waitFor();
  await page.goto(`${url}#/batches`);
  await open_(["late.png", "later.png"]);
  await page.locator(id("picked-count")).filter({ hasText: /^3 pictures/ }).waitFor();
  assert.equal(new URL(page.url()).hash, "#/new");
  await page.evaluate(() => window.launch({ targetURL: new URL("#/batches", document.baseURI).href, files: [] }));
  await page.waitForURL(`${url}#/batches`);
});

test("offline, a workflow says that its model or its font was never downloaded, until it is", async (t) => {
  const { page, context } = await open(t, { workers: 1, errorsExpected: true });
  const note = page.locator(id("module-note"));
  await page.locator(id("workflow-card-product-cutout")).click();
  await context.setOffline(true);
  await note.getByText("needs the model, which this browser has not downloaded yet").waitFor();
  await page.locator(id("workflows-all")).click();
  await page.locator(id("workflow-card-caption-name")).click();
  await note.getByText("needs the font").waitFor();
  await page.locator(id("workflow-card-web-gallery")).click();
  await note.waitFor({ state: "detached" });
  await page.locator(id("workflow-card-product-cutout")).click();
  await note.waitFor();
  await context.setOffline(false);
  await note.waitFor({ state: "detached" });
  const assets = await importFiles(page, [{ name: "portrait.jpg", bytes: pictures.photo("portrait") }]);
  await run(page, withImages(pictures.builtIn("product-cutout"), { photos: assets }));
  await context.setOffline(true);
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(id("workflow-card-product-cutout")).click();
  await page.waitForTimeout(500);
  assert.equal(await note.count(), 0);
});

test("the settings say whether the browser keeps what is stored", async (t) => {
  for (const [kept, text] of [[true, /^Kept until you delete it\. .+ in use\.$/], [false, /^May be cleared by the browser when space is short/]]) {
    const prepare = (context) => context.addInitScript((kept) => {
        // A blank tab has none.
        if (navigator.storage) navigator.storage.persisted = async () => kept;
      }, kept);
    const { page } = await open(t, { prepare });
    await page.locator(id("preferences")).click();
    const state = page.locator(id("storage-state"));
    await state.waitFor();
    assert.match(await state.innerText(), text);
  }
});

test("the manifest has what browsers need to install the page, below any path", async (t) => {
  const manifest = JSON.parse(readFileSync(join(DIST, "manifest.webmanifest"), "utf8"));
  // An id would be resolved against the origin, and two installations on it would be one app.
  assert.deepEqual([manifest.id, manifest.start_url, manifest.scope, manifest.display], [undefined, "./", "./", "standalone"]);
  const images = [...manifest.icons, ...manifest.screenshots, ...manifest.shortcuts.flatMap(({ icons }) => icons)];
  for (const { src, sizes, type } of images) {
    const { width, height, format } = await sharp(join(DIST, src)).metadata();
    assert.equal(type, `image/${format}${format === "svg" ? "+xml" : ""}`, src);
    if (sizes !== "any") assert.equal(sizes, `${width}x${height}`, src);
  }
  const purposes = ["any", "maskable"].map((purpose) => manifest.icons.filter((icon) => icon.purpose === purpose).map(({ sizes }) => sizes));
  assert.deepEqual(purposes, [["any", "192x192", "512x512"], ["any", "192x192", "512x512"]]);

  const { page, context } = await open(t, { serviceWorker: true });
  await controlled(page);
  const devtools = await context.newCDPSession(page);
  const { url, errors } = await devtools.send("Page.getAppManifest");
  assert.deepEqual([url, errors], [`${site.url}manifest.webmanifest`, []]);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  // The tests' profiles are off the record, where nothing can be installed.
  assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId).filter((error) => error !== "in-incognito"), []);
});
