// Tables whose rows are run: templates filled in at scale, pictures by name, and what is wrong with a table, in the API and in the page.

import assert from "node:assert/strict";
import sharp from "sharp";
import { ask, call, eventually, importFiles, open, readAsset, run, suite, test, untilEnded, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const id = (name) => `[data-testid="${name}"]`;
const COUNT = 50;
const WIDTH = 300;
const HEIGHT = 100;

/** A banner: a ground, a bar that is as long as the row says, a picture, and a title that is checked by its ink. */
const banner = ({ title, color, bar, photo }) => `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${WIDTH}" height="${HEIGHT}">
  <rect width="${WIDTH}" height="${HEIGHT}" fill="${color}"/>
  <rect y="80" width="${bar}" height="20" fill="#ffffff"/>
  <image x="220" y="20" width="60" height="40" xlink:href="${photo}"/>
  <text x="10" y="50" font-size="20" fill="#000000">${title}</text>
</svg>`;
const TEMPLATE = banner({ title: "{{title}}", color: "{{color}}", bar: "{{bar}}", photo: "{{photo}}" });

/** What the rows say. The first title needs quotes in CSV and escapes in XML. */
const rows = [...Array(COUNT).keys()].map((index) => ({
  title: index === 0 ? 'Oak; "old" & <dry>' : `Nº ${index + 1}`,
  color: `#${(0x204060 + 0x030201 * index).toString(16)}`,
  bar: String(index * 6),
  photo: index % 2 ? "blue.png" : "RED.png",
}));
const quoted = (value) => (/[;"]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const csv = (all) =>
  ["Title;Color;Bar;@Photo", ...all.map(({ title, color, bar, photo }) => [title, color, bar, photo].map(quoted).join(";"))].join("\r\n");
/** As spreadsheets write "Unicode text". */
const utf16 = (text) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]);

const plain = async (background) => await sharp({ create: { width: 6, height: 4, channels: 3, background } }).png().toBuffer();

const workflow = ({ table, template, photos }) => ({
  metadata: { workflowId: "banners", name: "Banners" },
  actions: [
    { actionId: "photos", actionType: "input-images", parameters: { images: photos } },
    { actionId: "table", actionType: "input-files", parameters: { files: table } },
    { actionId: "template", actionType: "input-files", parameters: { files: template } },
    { actionId: "rows", actionType: "parse-data", parameters: {} },
    { actionId: "banner", actionType: "merge-data", parameters: {} },
    { actionId: "save", actionType: "output", parameters: { format: "png", name: "{index:02}-{row.bar}.{ext}" } },
  ],
  connections: [
    pictures.connect("photos", "rows"),
    pictures.connect("table", "rows", "input-files"),
    pictures.connect("template", "banner", "template"),
    { ...pictures.connect("rows", "banner", "data"), sourcePort: "row" },
    pictures.connect("banner", "save"),
  ],
});

const listed = (assets) => assets.map(({ name, url }) => ({ name, sourceUrl: url, storageType: "local" }));

async function prepared(page, table, template = TEMPLATE) {
  const photos = await importFiles(page, [
    { name: "red.png", bytes: await plain("#d01010") },
    { name: "blue.png", bytes: await plain("#1010d0") },
    { name: "unused.png", bytes: await plain("#10d010") },
  ]);
  const [asTable, asTemplate] = await importFiles(page, [
    { name: "banners.csv", bytes: table },
    { name: "banner.svg", bytes: Buffer.from(template) },
  ]);
  return workflow({ table: listed([asTable]), template: listed([asTemplate]), photos: listed(photos) });
}

test("a template and a table of 50 rows make 50 PNGs, each as its row says", async (t) => {
  const { page } = await open(t);
  const done = await run(page, await prepared(page, utf16(csv(rows))));
  assert.equal(done.status.assets.completed, COUNT, JSON.stringify(done.executions.map((one) => one.error)));
  const photo = { "RED.png": await plain("#d01010"), "blue.png": await plain("#1010d0") };
  for (const [index, row] of rows.entries()) {
    const { inputAsset, outputs, warnings } = done.executions[index];
    assert.deepEqual(inputAsset.row, { number: index + 1, values: row });
    assert.equal(inputAsset.inputs[0].name, row.title.replaceAll("/", "-"));
    assert.deepEqual(warnings, []);
    const [output] = outputs;
    const name = `${String(index).padStart(2, "0")}-${row.bar}.png`;
    assert.deepEqual([output.name, output.width, output.height, output.mimeType], [name, WIDTH, HEIGHT, "image/png"]);
    // librsvg draws what somebody would have written by hand, without the text, whose font is another.
    const href = `data:image/png;base64,${photo[row.photo].toString("base64")}`;
    const expected = await sharp(Buffer.from(banner({ ...row, title: "", photo: href }))).removeAlpha().raw().toBuffer();
    const actual = await sharp(await readAsset(page, output.url)).removeAlpha().raw().toBuffer();
    let ink = 0;
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const at = (y * WIDTH + x) * 3;
        const difference = Math.max(...[0, 1, 2].map((channel) => Math.abs(actual[at + channel] - expected[at + channel])));
        const isText = x >= 8 && x < 215 && y >= 20 && y < 65;
        ink += isText && difference > 30 ? 1 : 0;
        const isEdge = x >= 218 && x < 282 && y >= 18 && y < 62;
        assert.ok(isText || isEdge || difference <= 3, `row ${index + 1} at ${x}, ${y}`);
      }
    }
    assert.ok(ink > 50, `the title of row ${index + 1} is there: ${ink}`);
    const middle = (40 * WIDTH + 250) * 3;
    for (const at of [middle, middle + 1, middle + 2]) assert.ok(Math.abs(actual[at] - expected[at]) <= 3, "the picture");
  }
  const report = await ask(page, "getReport", done.batchId);
  assert.equal(report.rows.length, COUNT);
  assert.equal(report.rows[1].inputName, "Nº 2");
});

test("a picture that is missing is a diagnostic with its row, before anything runs", async (t) => {
  const { page } = await open(t);
  const broken = structuredClone(rows);
  broken[6].photo = "gone.png";
  const document = await prepared(page, Buffer.from(csv(broken)));
  const { rejected } = await call(page, "executeBatch", { workflowId: "banners", workflow: document });
  assert.equal(rejected.code, 400);
  const [found, ...others] = rejected.diagnostics;
  assert.deepEqual(others, []);
  assert.deepEqual([found.severity, found.code, found.actionId, found.field], ["error", "missing_picture", "rows", "photo"]);
  assert.match(found.message, /^Row 7 names "gone\.png"/);
  assert.deepEqual((await ask(page, "listBatches")).batches, []);
});

test("columns that the table lacks, entities and a second table are refused", async (t) => {
  const { page } = await open(t);
  const codes = async (document) => {
    const { rejected } = await call(page, "executeBatch", { workflowId: "banners", workflow: document });
    return rejected.diagnostics.filter(({ severity }) => severity === "error").map(({ code, message }) => [code, message]);
  };
  const table = Buffer.from(csv(rows.slice(0, 2)));
  const other = await prepared(page, table, TEMPLATE.replace("{{title}}", "{{headline}}"));
  assert.deepEqual(await codes(other), [["unknown_column", 'The table has no column "headline".']]);
  const entities = await prepared(page, table, TEMPLATE.replace("<svg", '<!DOCTYPE svg [<!ENTITY a "b">]><svg'));
  assert.deepEqual((await codes(entities)).map(([code]) => code), ["unsupported_template"]);
  const twice = await prepared(page, table);
  twice.actions.push({ actionId: "more", actionType: "parse-data", parameters: {} });
  assert.ok((await codes(twice)).some(([code]) => code === "several_tables"));
});

test("a column of pictures leads each row's picture through steps, and conditions and texts use its values", async (t) => {
  const { page } = await open(t);
  const photos = await importFiles(page, [
    { name: "red.png", bytes: await plain("#d01010") },
    { name: "blue.png", bytes: await plain("#1010d0") },
  ]);
  const [table] = await importFiles(page, [
    { name: "prices.json", bytes: Buffer.from(JSON.stringify([{ "@photo": "blue.png", price: 12.5 }, { "@photo": "red.png", price: 3 }])) },
  ]);
  const document = {
    metadata: { workflowId: "priced", name: "Priced" },
    actions: [
      { actionId: "photos", actionType: "input-images", parameters: { images: listed(photos) } },
      { actionId: "table", actionType: "input-files", parameters: { files: listed([table]) } },
      { actionId: "rows", actionType: "parse-data", parameters: {} },
      { actionId: "dear", actionType: "condition", parameters: { when: "row.price > 10" } },
      { actionId: "save", actionType: "output", parameters: { format: "png", name: "{name}-{row.price}.{ext}" } },
    ],
    connections: [
      pictures.connect("photos", "rows"),
      pictures.connect("table", "rows", "input-files"),
      { ...pictures.connect("rows", "dear"), sourcePort: "photo" },
      { ...pictures.connect("dear", "save"), sourcePort: "then" },
    ],
  };
  const done = await run(page, document);
  assert.deepEqual(done.executions.map(({ outputs }) => outputs.map(({ name }) => name)), [["blue-12.5.png"], []]);
  const [output] = done.executions[0].outputs;
  const { dominant } = await sharp(await readAsset(page, output.url)).stats();
  assert.ok(dominant.b > dominant.r);
  // Reused from the same row, and not from another value.
  const again = async (bytes) => {
    const [table] = await importFiles(page, [{ name: "prices.csv", bytes: Buffer.from(bytes) }]);
    const changed = structuredClone(document);
    changed.actions[1].parameters.files = listed([table]);
    const answer = await ask(page, "executeBatch", { workflowId: "priced", workflow: changed, skipUnchanged: true });
    await untilEnded(page, answer.batchId);
    return answer.assets.completed;
  };
  assert.equal(await again("@photo,price\nred.png,99\nblue.png,12.5\n"), 1, "the same row in another place of another file");
  assert.equal(await again("@photo,price\nblue.png,12.50\n"), 0);
});

test("the built-in price banners are made of the sample pictures, and the preview shows the row of the chosen one", async (t) => {
  const { page } = await open(t);
  const samples = pictures.samples();
  const photos = await importFiles(page, samples);
  const done = await run(page, withImages(pictures.builtIn("price-banners"), { photos }));
  const names = done.executions.map(({ outputs }) => outputs.map(({ name, width, height }) => [name, width, height]));
  const expected = ["Stoneware mug", "Glazed bottle", "Fresh tulips"].map((name) => [[`${name}-banner.png`, 1200, 628]]);
  assert.deepEqual(names, expected, JSON.stringify(done.executions.map((one) => one.error)));
  assert.deepEqual(done.executions.flatMap(({ warnings }) => warnings), []);
  await page.locator(id("workflows-all")).click();
  await page.locator(id("workflow-card-price-banners")).click();
  await page.locator(id("file-input")).setInputFiles(samples.map(({ name, bytes }) => ({ name, mimeType: "image/jpeg", buffer: bytes })));
  await page.locator(id("preview-facts"), { hasText: "Stoneware mug-banner.png" }).waitFor();
  // The columns of its table are known already: nothing is edited.
  assert.equal(await page.locator(id("edited")).count(), 0);
});

test("in the page, table, template and pictures are picked, what is missing is said, and the rows run", async (t) => {
  const { page } = await open(t);
  await page.locator(id("drop-zone")).waitFor();
  await page.locator(id("workflow-card-own")).click();
  await page.locator(id("own-json")).fill(JSON.stringify(workflow({ table: [], template: [], photos: [] })));
  const asFile = (name, buffer, mimeType = "") => ({ name, mimeType, buffer });
  await page.locator(id("file-input")).setInputFiles([asFile("red.png", await plain("#d01010"), "image/png")]);
  await page.locator(id("input-template")).setInputFiles([asFile("banner.svg", Buffer.from(TEMPLATE), "image/svg+xml")]);
  await page.locator(id("input-table")).setInputFiles([asFile("banners.csv", Buffer.from(csv(rows.slice(0, 3))), "text/csv")]);
  await page.locator(`${id("drop-table")} ${id("picked-row")}`).waitFor();
  await page.locator(`${id("run")}:enabled`).click();
  await page.getByText('Row 2 names "blue.png"').first().waitFor();
  // Another table takes the place of the first.
  await page.locator(id("input-table")).setInputFiles([asFile("red.csv", Buffer.from(csv([rows[0], rows[2]])), "text/csv")]);
  await eventually(page, () => document.querySelector('[data-testid="drop-table"]')?.textContent.includes("red.csv"));
  assert.equal(await page.locator(`${id("drop-table")} ${id("picked-row")}`).count(), 1);
  await page.locator(`${id("run")}:enabled`).click();
  await page.waitForURL(/#\/batches\/batch-banners-/);
  const batchId = page.url().split("/").at(-1);
  const { assets } = await untilEnded(page, batchId);
  assert.deepEqual([assets.total, assets.completed], [2, 2]);
  await page.locator(`${id("execution-row")}[data-index="1"] .thumb img`).waitFor();
});
