// Custom actions: modules of the user's own, added through the API and in the form, run in the workers, and stopped where they do not end.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import sharp from "sharp";
import { customAction, hangAt, INVERT, trapAt } from "./support/custom.mjs";
import { ask, call, importFiles, open, readAsset, ready, run, suite, test, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const SPEC = {
  name: "Invert",
  description: "Inverts the colours of a picture.",
  version: "1.0.0",
  parameters: [
    { name: "amount", type: "number", default: 1, range: [0, 2], description: "How much." },
    { name: "only-once", type: "boolean", default: false },
    { name: "mood", type: "choice", default: "calm", values: ["calm", "wild"] },
    { name: "tint", type: "color", default: "#102030" },
    { name: "caption", type: "text", default: "" },
  ],
};
const INVERTS = customAction(SPEC, INVERT);
/** The step is the first one, whose form is open. */
const custom = (parameters, output = { format: "png" }) => pictures.chain("custom", [["custom", parameters]], output);

/** Adds a module and returns what the service says of it, also if it refuses it. */
function add(page, bytes, fileName, options = {}) {
  return page.evaluate(
    async ([text, fileName, options]) => {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      try {
        return await window.pixelmill.importFile(new File([bytes], fileName), { kind: "action", ...options });
      } catch (error) {
        return { rejected: error };
      }
    },
    [Buffer.from(bytes).toString("base64"), fileName, options],
  );
}

/** Pictures of one colour, one for each width. */
async function plain(page, widths) {
  const file = async (width) => {
    const picture = sharp({ create: { width, height: 9, channels: 3, background: { r: 10, g: 200, b: 77 } } });
    return { name: `${width}.png`, bytes: await picture.png().toBuffer() };
  };
  return importFiles(page, await Promise.all(widths.map(file)));
}

test("a module is added, listed, run over pictures, and its hash recorded with every result", async (t) => {
  const { page } = await open(t);
  const added = await add(page, INVERTS, "invert.wasm");
  assert.deepEqual([added.kind, added.name, added.bytes, added.builtIn], ["action", "invert", INVERTS.length, false]);
  assert.equal(added.assetId, sha256(INVERTS));
  assert.deepEqual(added.spec, SPEC);
  await page.reload();
  await ready(page);
  assert.deepEqual(await ask(page, "listFiles", { kind: "action" }), [added]);

  const photos = await importFiles(page, ["cat", "coins", "tulips"].map((name) => ({ name: `${name}.jpg`, bytes: pictures.photo(name) })));
  const parameters = { action: "invert", settings: { amount: 0.5 } };
  const { batchId, executions } = await run(page, withImages(custom(parameters), { photos }));
  assert.equal(executions.length, 3);
  const plainly = await run(page, withImages(custom({}), { photos }));
  for (const [at, { status, error, outputs }] of executions.entries()) {
    assert.equal(status, "success", error);
    assert.deepEqual(outputs[0].modules, { invert: sha256(INVERTS) });
    const [before, after] = await Promise.all(
      [plainly.executions[at].outputs[0], outputs[0]].map(async ({ url }) => sharp(await readAsset(page, url), { ignoreIcc: true }).raw().toBuffer()),
    );
    assert.ok(before.every((sample, place) => sample + after[place] === 255), `picture ${at}`);
  }
  assert.equal(plainly.executions[0].outputs[0].modules, undefined, "no module had a part in it");
  assert.equal(plainly.executions[0].warnings[0].code, "no_custom_action");
  const report = await ask(page, "getReport", batchId);
  assert.deepEqual(report.rows.map(({ modules }) => modules), Array(3).fill(`invert ${sha256(INVERTS)}`));

  const jpeg = await run(page, withImages(custom(parameters, {}), { photos }));
  assert.deepEqual(jpeg.executions.map(({ outputs }) => outputs[0].mimeType), Array(3).fill("image/jpeg"));
});

test("results are reused from the same module only", async (t) => {
  const { page } = await open(t, { workers: 1 });
  const photos = await plain(page, [20]);
  const workflow = withImages(custom({ action: "mine" }), { photos });
  const again = async () => {
    const { batchId } = await ask(page, "executeBatch", { workflowId: "custom", workflow, skipUnchanged: true });
    for (;;) {
      const { executions } = await ask(page, "listExecutions", batchId);
      if (["success", "failed"].includes(executions[0].status)) return executions[0];
      await page.waitForTimeout(50);
    }
  };
  await add(page, INVERTS, "mine.wasm");
  const first = await again();
  assert.equal(first.reused, undefined);
  assert.deepEqual((await again()).outputs, first.outputs, "with the same module");
  assert.notEqual((await again()).reused, undefined);
  await ask(page, "deleteFile", { kind: "action", name: "mine" });
  const missing = await again();
  assert.match(missing.error, /There is no custom action "mine" in this browser/);
  const other = customAction({ name: "Nothing", version: "1" }, []);
  await add(page, other, "mine.wasm");
  const second = await again();
  assert.equal(second.reused, undefined);
  assert.deepEqual(second.outputs[0].modules, { mine: sha256(other) });
  assert.notEqual(second.outputs[0].sha256, first.outputs[0].sha256);
});

test("a module that cannot be used is refused when it is added, with the reason, and nothing of it is stored", async (t) => {
  const { page } = await open(t);
  for (const [bytes, message] of [
    [customAction(SPEC, INVERT, { withImport: true }), /It imports "now" from "env"; a custom action must not import anything/],
    [customAction(SPEC, INVERT, { without: "pixelmill_run" }), /It exports no function "pixelmill_run"/],
    [customAction(SPEC, INVERT, { without: "memory" }), /It exports no memory "memory"/],
    [customAction({ ...SPEC, depths: [12] }, INVERT), /Its "depths" are neither \[8\] nor \[8, 16\]/],
    [customAction({ version: "1" }, INVERT), /Its description has no "name"/],
    // An instruction that does not exist.
    [customAction(SPEC, [0xff]), /The custom action "file" cannot be used\. It is not valid: CompileError/],
    [Buffer.from("LUT_3D_SIZE 2"), /It is not a readable WebAssembly module/],
  ]) {
    const { rejected } = await add(page, bytes, "file");
    assert.equal(rejected?.code, 400, String(message));
    assert.match(rejected.message, message);
  }
  assert.deepEqual(await ask(page, "listFiles", { kind: "action" }), []);
});

test("settings that the module does not accept fail with what it accepts", async (t) => {
  const { page } = await open(t, { workers: 1 });
  await add(page, INVERTS, "invert.wasm");
  const photos = await plain(page, [20]);
  for (const [settings, message, hint] of [
    [{ amount: 3 }, 'The custom action "invert" needs "amount" from 0 to 2, not 3.', "The nearest valid value is 2."],
    [{ mood: "sad" }, 'The custom action "invert" cannot use "sad" as "mood".', "Give one of calm, wild."],
    [{ much: 1 }, 'The custom action "invert" has no setting "much".', "Use amount, only-once, mood, tint, caption."],
  ]) {
    const { executions } = await run(page, withImages(custom({ action: "invert", settings }), { photos }));
    const [{ error, hint: given, errorCategory, actionId }] = executions;
    assert.deepEqual([error, given, errorCategory, actionId], [message, hint, "validation_error", "custom-1"]);
  }
  const refused = await call(page, "executeBatch", { workflowId: "custom", workflow: withImages(custom({ settings: "{amount: 1}" }), { photos }) });
  assert.equal(refused.rejected.diagnostics[0].field, "settings");
});

test("a module that traps or never ends fails its own picture at once, and the others finish", async (t) => {
  const { page } = await open(t, { workers: 2 });
  await add(page, customAction({ name: "Moody", version: "1" }, [...trapAt(17), ...hangAt(13), ...INVERT]), "moody.wasm");
  const photos = await plain(page, [11, 13, 17, 19, 23]);
  const { executions, status } = await run(page, withImages(custom({ action: "moody" }), { photos }));
  assert.deepEqual(executions.map(({ status }) => status), ["success", "failed", "failed", "success", "success"]);
  assert.equal(status.status, "completed");
  const [, hung, trapped] = executions;
  assert.equal(hung.error, 'The custom action "moody" took too long and was stopped.');
  assert.deepEqual([hung.errorCategory, hung.attempts], ["polling_timeout_error", 1]);
  assert.match(trapped.error, /^The custom action "moody" failed: It broke down in "pixelmill_run": RuntimeError: .*unreachable/);
  assert.deepEqual([trapped.errorCategory, trapped.attempts, trapped.actionId], ["system_error", 1, "custom-1"]);
});

test("a custom action travels in an archive with what it says of itself", async (t) => {
  const first = await open(t);
  const added = await add(first.page, INVERTS, "invert.wasm");
  const archive = await first.page.evaluate(async () => [...new Uint8Array(await (await window.pixelmill.exportArchive()).arrayBuffer())]);
  const second = await open(t);
  const summary = await second.page.evaluate((bytes) => window.pixelmill.importArchive(new Blob([new Uint8Array(bytes)])), archive);
  assert.deepEqual([summary.files, summary.problems], [1, []]);
  assert.deepEqual(await ask(second.page, "listFiles", { kind: "action" }), [added]);
});

test("in the form a module is added from a file, and what it says can be set has controls", async (t) => {
  const { page } = await open(t, { workers: 1 });
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(custom({})));
  const parameters = async () => JSON.parse(await page.locator(id("own-json")).inputValue()).actions[1].parameters;
  const becomes = async (expected) => {
    for (const end = Date.now() + 10_000; ; await page.waitForTimeout(50)) {
      const now = await parameters();
      if (JSON.stringify(now) === JSON.stringify(expected)) return;
      assert.ok(Date.now() < end, `${JSON.stringify(now)} instead of ${JSON.stringify(expected)}`);
    }
  };
  const change = async (name, text) => {
    const field = page.locator(id(`field-custom-1-settings${name}`));
    await field.fill(text);
    await field.blur();
  };
  // Without a module its settings are JSON.
  await change("", '{"amount":');
  await page.locator(id("field-error")).getByText("Give an object such as").waitFor();
  await change("", '{"amount":2,"much":1}');
  await becomes({ settings: { amount: 2, much: 1 } });

  await page.locator(id("action-file")).setInputFiles({ name: "invert.wasm", mimeType: "", buffer: INVERTS });
  await page.locator(id("name-yes")).click();
  await page.locator(id("field-custom-1-settings-amount")).waitFor();
  await becomes({ settings: { amount: 2, much: 1 }, action: "invert" });
  assert.equal(await page.locator(id("field-custom-1-settings-amount")).inputValue(), "2");
  await page.locator(`${id("field-custom-1-settings-unknown")} button`).click();
  await becomes({ settings: { amount: 2 }, action: "invert" });
  await page.locator(id("field-custom-1-settings-mood")).selectOption("wild");
  await page.locator(id("field-custom-1-settings-only-once")).click();
  await change("-tint", "#ff0000");
  await change("-caption", "Hello");
  await becomes({ settings: { amount: 2, mood: "wild", "only-once": true, tint: "#ff0000", caption: "Hello" }, action: "invert" });
  await change("-amount", "3");
  await page.locator(id("field-error")).getByText("from 0 to 2, not 3").waitFor();
  await change("-amount", "1");
  await page.locator(id("field-error")).waitFor({ state: "detached" });
  await becomes({ settings: { amount: 1, mood: "wild", "only-once": true, tint: "#ff0000", caption: "Hello" }, action: "invert" });
  await change("-amount", "");
  await becomes({ settings: { mood: "wild", "only-once": true, tint: "#ff0000", caption: "Hello" }, action: "invert" });
  assert.equal(await page.locator(id("field-custom-1-settings-amount")).inputValue(), "1", "its default");

  await page.locator(id("action-remove")).click();
  await page.locator(id("confirm-yes")).click();
  await page.locator(`${id("field-custom-1-action")} option[value="invert"]`).waitFor({ state: "detached" });
});
