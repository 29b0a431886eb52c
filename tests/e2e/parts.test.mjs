// The parts of the page's program: what its first view does not need is fetched afterwards, and may be missing.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DIST } from "./support/built.mjs";
import { open, suite, test } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const cat = () => ({ name: "cat.jpg", mimeType: "image/jpeg", buffer: pictures.photo("cat") });

/** The files of the parts, as the program's script names them. */
const PARTS = (() => {
  const script = readdirSync(DIST).find((name) => /^app-[0-9a-f]{16}\.js$/.test(name));
  return [...readFileSync(join(DIST, script), "utf8").matchAll(/"\.\/(part_[^"]+)"/g)].map(([, name]) => name);
})();
const partOf = (name) => PARTS.find((part) => part.startsWith(`part_${name}-`));

/** The addresses of a part's file, wherever the page is. */
const fileOf = (name) => `**/${partOf(name)}`;

/** Waits until the page has requested these parts. */
async function requested(page, watch, names) {
  for (const end = Date.now() + 30_000; !names.every((name) => watch.requests.some((url) => url.endsWith(`/${name}`))); await page.waitForTimeout(50)) {
    assert.ok(Date.now() < end, "a part was not requested");
  }
}

test("the program's script names every part by its content, and each is there", () => {
  const there = readdirSync(DIST).filter((name) => name.startsWith("part_"));
  assert.deepEqual([...PARTS].sort(), there.sort());
  assert.ok(partOf("batches") && partOf("later") && partOf("graph"), PARTS.join(" "));
  for (const name of PARTS) {
    assert.match(name, /^part_\w+-[0-9a-f]{16}\.wasm$/);
    assert.ok(statSync(join(DIST, name)).size > 0);
  }
});

test("the parts follow when the first view is there, so that no view waits for the server", async (t) => {
  const { page, context, watch } = await open(t);
  await page.locator(id("drop-zone")).waitFor();
  // The graph's only when it is first shown.
  await requested(page, watch, PARTS.filter((name) => name !== partOf("graph")));
  await page.waitForLoadState("networkidle");
  await context.setOffline(true);
  await page.locator(id("nav-batches")).click();
  await page.locator(id("empty")).waitFor();
  await page.locator(id("nav-new")).click();
  await page.locator(id("file-input")).setInputFiles([cat()]);
  await page.locator(id("picked-row")).waitFor();
  await page.locator(id("preferences")).click();
  await page.locator(id("preference-webhooks")).waitFor();
});

test("a page that begins with the batches does not wait for the first view's parts", async (t) => {
  const held = [];
  const { page } = await open(t, { hash: "#/batches", prepare: (context) => context.route(fileOf("later"), (route) => held.push(route)) });
  await page.locator(id("empty")).waitFor();
  await Promise.all(held.map((route) => route.continue()));
});

test("a view that cannot be fetched says so and comes on request", async (t) => {
  let tries = 0;
  const fail = (route) => {
    tries += 1;
    return route.abort();
  };
  const { page, context, watch } = await open(t, {
    hash: "#/batches",
    errorsExpected: true,
    prepare: (context) => context.route(fileOf("batches"), fail),
  });
  await page.locator(id("not-loaded")).getByText("This view could not be loaded").waitFor();
  // From here on only the button tries again.
  await requested(page, watch, [partOf("later")]);
  await page.waitForLoadState("networkidle");
  const before = tries;
  await page.locator(id("load-again")).click();
  // Or it would be allowed in the middle of this try.
  for (const end = Date.now() + 10_000; tries === before; await page.waitForTimeout(20)) assert.ok(Date.now() < end, "not tried again");
  await page.locator(id("not-loaded")).getByText("Check the connection and try again.").waitFor();
  await context.unroute(fileOf("batches"));
  await page.locator(id("load-again")).click();
  await page.locator(id("empty")).waitFor();
});

test("a server's own page in place of a part is no part", async (t) => {
  const { page } = await open(t, {
    hash: "#/batches",
    errorsExpected: true,
    prepare: (context) => context.route(fileOf("batches"), (route) => route.fulfill({ status: 404, contentType: "text/html", body: "<p>Not found" })),
  });
  await page.locator(id("not-loaded")).waitFor();
});

test("a part arrives whatever type the server sends it by", async (t) => {
  const plain = async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, headers: { ...answer.headers(), "content-type": "application/octet-stream" } });
  };
  const { page } = await open(t, { hash: "#/batches", prepare: (context) => context.route("**/part_*.wasm", plain) });
  await page.locator(id("empty")).waitFor();
});

test("without the later parts the page says what it cannot do, and does it once they are there", async (t) => {
  const { page, context } = await open(t, {
    errorsExpected: true,
    prepare: async (context) => {
      for (const part of ["later", "editing"]) await context.route(fileOf(part), (route) => route.abort());
    },
  });
  await page.locator(id("file-input")).setInputFiles([cat()]);
  await page.locator(id("notice")).getByText("A part of the page could not be loaded.").first().waitFor();
  // Where steps are added, and where the preferences would be.
  await page.locator(id("not-loaded")).waitFor();
  await page.locator(id("preferences")).click();
  await page.locator(id("not-loaded")).nth(1).waitFor();
  for (const part of ["later", "editing"]) await context.unroute(fileOf(part));
  // The one in the header.
  await page.locator(id("load-again")).first().click();
  await page.locator(id("preferences-close")).click();
  await page.locator(id("file-input")).setInputFiles([cat()]);
  await page.locator(id("picked-row")).waitFor();
});
