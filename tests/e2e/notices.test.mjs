// Effects outside the page: webhooks and notifications, only where the user allows them; and the global pause.

import assert from "node:assert/strict";
import { ask, execute, importFiles, open, ready, run, suite, test, until, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);

async function workflowOver(page, name = "cat") {
  return withImages(SMALL, { photos: await importFiles(page, [{ name: `${name}.jpg`, bytes: pictures.photo(name) }]) });
}

/** Answers the webhook's URL, with these statuses in turn (then the last one), and records the requests. */
async function webhook(context, url, statuses) {
  const came = [];
  await context.route(`${url}hook`, async (route) => {
    const status = statuses[Math.min(came.length, statuses.length - 1)];
    came.push({ method: route.request().method(), type: route.request().headers()["content-type"], body: route.request().postData(), at: Date.now() });
    await (status === "abort" ? route.abort() : route.fulfill({ status, body: "" }));
  });
  return came;
}

async function logOf(page, batchId, count) {
  for (;;) {
    const { entries } = await ask(page, "getBatchLog", batchId);
    if (entries.length >= count) return entries.map(({ level, message }) => [level, message]);
    await page.waitForTimeout(100);
  }
}

async function allow(page, preference) {
  await page.locator(id("preferences")).click();
  await page.locator(id(`preference-${preference}`)).check();
  await page.locator(id("preferences-close")).click();
}

test("a webhook is not called unless the settings allow it, and the log says so", async (t) => {
  const { page, context, url } = await open(t);
  const came = await webhook(context, url, [200]);
  const { batchId } = await run(page, await workflowOver(page), { webhookUrl: `${url}hook` });
  assert.deepEqual(await logOf(page, batchId, 1), [["info", "Webhook not sent: the settings do not allow it."]]);
  assert.deepEqual(came, []);
  await page.goto(`${url}#/batches/${batchId}`);
  assert.match(await page.locator(id("log")).innerText(), /not sent/);
});

test("an allowed webhook receives the status and no picture, and is called again after a failure, across a reload", async (t) => {
  const { page, context, url } = await open(t, { errorsExpected: true });
  const came = await webhook(context, url, ["abort", 503, 204]);
  await allow(page, "webhooks");
  const { batchId } = await run(page, await workflowOver(page), { webhookUrl: `${url}hook` });
  const [[level, message]] = await logOf(page, batchId, 1);
  assert.equal(level, "warning");
  assert.match(message, /attempt 1: no answer .*CORS\. Next attempt in 10 s/);
  const [{ method, type, body }] = came;
  assert.deepEqual([method, type], ["POST", "application/json"]);
  const status = JSON.parse(body);
  assert.deepEqual([status.batchId, status.status, status.assets.completed, status.executions.allExecutionIds], [batchId, "completed", 1, undefined]);
  assert.ok(!body.includes("asset:") && !body.includes("cat.jpg"), body);
  // A pending call outlives the page.
  await page.reload();
  await ready(page);
  const entries = await logOf(page, batchId, 2);
  assert.match(entries[1][1], /attempt 2: the server answered 503\. Next attempt in 1 min/);
  assert.ok(came[1].at - came[0].at >= 9_500, "it was called again too soon");
});

test("a permanent refusal by the server ends the webhook's delivery", async (t) => {
  const { page, context, url } = await open(t, { errorsExpected: true });
  const came = await webhook(context, url, [410]);
  await allow(page, "webhooks");
  const { batchId } = await run(page, await workflowOver(page), { webhookUrl: `${url}hook` });
  assert.match((await logOf(page, batchId, 1))[0][1], /Giving up/);
  assert.equal(came.length, 1);
});

test("a notification is shown at the end of a batch, if it was requested and granted", async (t) => {
  const { page, context, url } = await open(t, { context: { permissions: ["notifications"] } });
  await context.addInitScript(() => {
    window.shown = [];
    const Real = window.Notification;
    window.Notification = class extends EventTarget {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(title, options) {
        super();
        window.shown.push({ title, ...options });
      }
    };
    Object.assign(window.Notification, { Real });
  });
  await page.reload();
  await ready(page);
  const workflow = await workflowOver(page);
  await run(page, workflow);
  assert.deepEqual(await page.evaluate(() => window.shown), [], "nobody asked for it");
  await allow(page, "notifications");
  const { batchId } = await run(page, workflow);
  await page.waitForFunction(() => window.shown.length > 0);
  assert.deepEqual(await page.evaluate(() => window.shown), [{ title: "small: done", body: "1 of 1 done", tag: batchId }]);
  await page.goto(`${url}#/batches`);
  await page.locator(id("preferences")).click();
  assert.ok(await page.locator(id("preference-notifications")).isChecked(), "the choice is kept");
});

test("notifications that the browser refuses stay off", async (t) => {
  const { page } = await open(t);
  await page.evaluate(() => {
    window.Notification.requestPermission = async () => "denied";
  });
  await page.locator(id("preferences")).click();
  await page.locator(id("preference-notifications")).click();
  const problem = page.locator(id("preference-problem"));
  assert.match(await problem.innerText(), /does not allow notifications.*Allow them in the browser's settings/s);
  // Next to the switch in the dialog, where it can be seen.
  const described = await page.locator(id("preference-notifications")).getAttribute("aria-describedby");
  assert.ok(described.split(" ").includes(await problem.getAttribute("id")), described);
  assert.equal(await page.locator(`${id("preferences-dialog")} ${id("preference-problem")}`).count(), 1);
  assert.equal(await page.locator(id("notice")).count(), 0);
  assert.equal(await page.locator(id("preference-notifications")).isChecked(), false);
});

test("everything is paused and resumed in all tabs and across a reload", async (t) => {
  const { page, url, openTab } = await open(t);
  const assets = await importFiles(page, await pictures.photographs(6, 2));
  await ask(page, "pauseAll");
  const batchId = await execute(page, withImages(SMALL, { photos: assets }));
  const other = await openTab();
  const held = await ask(other, "getBatchStatus", batchId);
  assert.deepEqual([held.status, held.paused.reason, held.timing.estimatedTimeRemainingMs], ["pending", "user", null]);
  await page.reload();
  await ready(page);
  await page.waitForTimeout(1000);
  assert.equal((await ask(page, "getBatchStatus", batchId)).assets.pending, 6, "something was started");
  await page.goto(`${url}#/batches`);
  await page.locator(id("held")).waitFor();
  await page.locator(id("resume-all")).click();
  await page.locator(id("held")).waitFor({ state: "detached" });
  const status = await untilEnded(other, batchId);
  assert.deepEqual([status.assets.completed, status.paused], [6, null]);
  await until(other, batchId, ({ completedAt }) => completedAt !== null);
});
