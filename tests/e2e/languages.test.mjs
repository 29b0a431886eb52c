// The page in other languages: chosen by the browser or by the user, from right to left, with nothing left in English; and elements.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { eventually, open, serve, suite, test } from "./support/harness.mjs";
import { violations } from "./support/axe.mjs";
import { addressOf } from "./support/built.mjs";
import * as pictures from "./support/pictures.mjs";
import { deploymentFor, framed, here, serveShop } from "./support/shop.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const table = (language) => JSON.parse(readFileSync(new URL(`../../src/languages/translation/${language}.json`, import.meta.url), "utf8"));
const { texts: GERMAN } = table("de");
const { texts: ARABIC } = table("ar");
/** A text that an empty element has. */
const PICK = "Pick files";
const photos = ["cat", "moon"].map((name) => ({ name: `${name}.jpg`, mimeType: "image/jpeg", buffer: pictures.photo(name) }));
const broken = { name: "broken.jpg", mimeType: "image/jpeg", buffer: pictures.photo("tulips").subarray(0, 700) };

const language = (page) => page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);

/** What is wider than the window. */
const overflow = (page) =>
  page.evaluate(() => {
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    return wide > 0 ? wide : 0;
  });

test("the page has the language that the browser prefers, until the user chooses another, at once and after a reload", async (t) => {
  const { page } = await open(t, { context: { locale: "de-CH" } });
  await page.locator(id("nav-new")).getByText(GERMAN["New batch"], { exact: true }).waitFor();
  assert.deepEqual(await language(page), ["de", "ltr"]);
  await page.locator(id("preferences")).click();
  await page.locator(`${id("preferences-dialog")} h2`).getByText(GERMAN.Settings, { exact: true }).waitFor();
  // The names of the languages stay as they are.
  assert.deepEqual(await page.locator(`${id("language")} option`).allInnerTexts(), ["English", "Deutsch", "العربية"]);
  assert.equal(await page.locator(id("language")).inputValue(), "de");
  await page.locator(id("language")).selectOption("en");
  await page.locator(`${id("preferences-dialog")} h2`).getByText("Settings", { exact: true }).waitFor();
  await page.locator(id("nav-new")).getByText("New batch", { exact: true }).waitFor();
  assert.equal(await page.locator(id("preferences")).getAttribute("aria-label"), "Settings");
  await page.locator(id("language")).selectOption("ar");
  await page.locator(id("nav-new")).getByText(ARABIC["New batch"], { exact: true }).waitFor();
  assert.equal(await page.locator(id("preferences")).getAttribute("aria-label"), ARABIC.Settings);
  await page.reload();
  await page.locator(id("nav-new")).getByText(ARABIC["New batch"], { exact: true }).waitFor();
  assert.deepEqual(await language(page), ["ar", "rtl"]);
  await page.locator(id("preferences")).click();
  assert.equal(await page.locator(id("language")).inputValue(), "ar");
});

test("a browser that prefers a language without a table has English, and fetches no table", async (t) => {
  const { page, watch } = await open(t, { context: { locale: "fi-FI" } });
  await page.locator(id("nav-new")).getByText("New batch", { exact: true }).waitFor();
  await page.waitForFunction(() => document.documentElement.lang === "en");
  assert.deepEqual(watch.requests.filter((url) => /\/(de|ar)\.json$/.test(url)), []);
  const english = await open(t);
  assert.deepEqual(english.watch.requests.filter((url) => /translat/.test(url)), [], "English needs nothing");
});

/** Visits the views with pictures, a batch of which one picture fails, settings, menus and dialogs. */
async function visit(page, each) {
  await each("empty");
  await page.locator(id("file-input")).setInputFiles([...photos, broken]);
  await page.locator(id("workflow-card-web-gallery")).click();
  await page.locator(`${id("live-preview")} ${id("preview-facts")}`).waitFor();
  await page.locator(id("options-summary")).click();
  await each("new batch");
  await page.locator(id("preferences")).click();
  await page.locator(id("preferences-dialog")).waitFor();
  await each("settings");
  await page.locator(id("preferences-close")).click();
  await page.locator(`${id("run")}:enabled`).click();
  await page.locator(`${id("results")}[data-status="completed"], ${id("results")}[data-status="failed"], ${id("results")}[data-status="partial"]`).first().waitFor();
  await each("results");
  await page.locator(`${id("execution-row")} .open`).first().click();
  await page.locator(id("detail")).waitFor();
  await each("detail");
  await page.keyboard.press("Escape");
  await page.locator(id("nav-batches")).click();
  await page.locator(id("batch-row")).first().waitFor();
  await each("batches");
}

for (const [locale, direction] of [["de", "ltr"], ["ar", "rtl"]]) {
  test(`nothing of the views is left in English, accessible and as wide as the window: ${locale}`, async (t) => {
    const { page } = await open(t, { context: { locale, bypassCSP: true }, errorsExpected: true });
    await page.waitForFunction((locale) => document.documentElement.lang === locale, locale);
    await visit(page, async (where) => {
      for (const [width, height] of [[1440, 900], [1024, 768], [390, 844]]) {
        await page.setViewportSize({ width, height });
        assert.equal(await overflow(page), 0, `${where} at ${width}`);
      }
      // So high that nothing is below the bar with the buttons.
      await page.setViewportSize({ width: 1440, height: 3000 });
      assert.deepEqual(await violations(page), [], where);
      await page.setViewportSize({ width: 1440, height: 900 });
    });
    assert.deepEqual(await language(page), [locale, direction]);
    const missing = await page.evaluate(async () => {
      const files = JSON.parse(document.querySelector("meta[name=pixelmill-files]").content);
      return [...(await import(new URL(files["translate.js"], document.baseURI))).missing];
    });
    assert.deepEqual(missing, []);
  });
}

test("an element has the language of its attribute or of the page around, or words of its own", async (t) => {
  const markup = () => `<div lang="ar"><pixel-mill id="one" layout="drop"></pixel-mill></div><pixel-mill id="two" layout="drop" lang="de-AT"></pixel-mill>`;
  const home = await serve(undefined, { cors: true });
  const shop = await serveShop({ deployment: home, policy: here, markup });
  const { page } = await open(t, { server: shop, uses: [home.url], unready: true });
  t.after(async () => {
    await shop.stop();
    await home.stop();
  });
  const first = (element) => page.locator(`${element} ${id("drop-zone")}`);
  const spoken = (element) => page.locator(element).evaluate((one) => [one.shadowRoot.querySelector(".outer").lang, one.shadowRoot.querySelector(".outer").dir]);
  await first("#one").waitFor();
  await first("#two").waitFor();
  await eventually(page, () => document.querySelector("#one").shadowRoot.querySelector(".outer").lang === "ar");
  await eventually(page, () => document.querySelector("#two").shadowRoot.querySelector(".outer").lang === "de");
  assert.deepEqual([await spoken("#one"), await spoken("#two")], [["ar", "rtl"], ["de", "ltr"]]);
  assert.equal(await page.evaluate(() => document.documentElement.dir), "", "the page around is left alone");
  await page.locator("#two").getByText(GERMAN[PICK], { exact: true }).waitFor();
  await page.locator("#one").getByText(ARABIC[PICK], { exact: true }).waitFor();
  await page.locator("#two").evaluate((one, pick) => {
    one.translations = { fr: { language: "fr", texts: { [pick]: "Choisir des fichiers" } } };
    one.lang = "fr";
  }, PICK);
  await page.locator("#two").getByText("Choisir des fichiers", { exact: true }).waitFor();
});

test("an element in a frame has words of the page around", async (t) => {
  const home = await deploymentFor(["*"]);
  const markup = () => `<pixel-mill id="one" layout="drop" isolation="frame" lang="de"></pixel-mill>`;
  const shop = await serveShop({ deployment: home, policy: framed, markup });
  const { page } = await open(t, { server: shop, uses: [home.url], unready: true });
  t.after(async () => {
    await shop.stop();
    await home.stop();
  });
  const view = page.frameLocator("#one iframe");
  await view.getByText(GERMAN[PICK], { exact: true }).waitFor();
  await page.locator("#one").evaluate((one, pick) => {
    one.translations = { fr: { language: "fr", texts: { [pick]: "Choisir des fichiers" } } };
    one.lang = "fr";
  }, PICK);
  await view.getByText("Choisir des fichiers", { exact: true }).waitFor();
});

test("what the user has named is not translated", async (t) => {
  const { page } = await open(t, { context: { locale: "de-DE" } });
  await page.waitForFunction(() => document.documentElement.lang === "de");
  await page.locator(id("file-input")).setInputFiles([{ ...photos[0], name: "Run" }]);
  await page.locator(id("picked-row")).getByText("Run", { exact: true }).waitFor();
  assert.notEqual(GERMAN.Run, "Run");
  assert.ok(addressOf("translate.js"));
});
