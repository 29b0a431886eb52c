// Every case of every action in the built app: a document with the action alone, whose PNG is compared with the picture that an independent
// program made (tests/oracles/actions). The same cases run natively in tests/actions.rs; here the worker's own kernels run.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import sharp from "sharp";
import { importFiles, open, readAsset, run, suite, test } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

suite(test);

const FOLDER = new URL("../data/actions/", import.meta.url);
const CATALOG = JSON.parse(readFileSync(new URL("../../src/actions/catalog.json", import.meta.url), "utf8"));
const file = (name) => ({ name: name.replaceAll("/", "-"), bytes: readFileSync(new URL(name, FOLDER)) });

/** The files that actions use besides pictures, by the parameter that names one, which is also their kind. */
const FILES = { lut: (name) => `lut/${name}.cube`, font: (name) => `../fonts/${name}.ttf` };

/** Adds the files that parameters name, unless they were added for an earlier case. */
async function addFiles(page, parameters, added) {
  for (const [kind, path] of Object.entries(FILES)) {
    const name = parameters[kind];
    if (name === undefined || added.has(`${kind} ${name}`)) continue;
    added.add(`${kind} ${name}`);
    const bytes = [...readFileSync(new URL(path(name), FOLDER))];
    await page.evaluate(
      ([bytes, kind, name]) => window.pixelmill.importFile(new Blob([new Uint8Array(bytes)]), { kind, name }),
      [bytes, kind, name],
    );
  }
}

/** A document that runs one action: the first picture goes into its first port, the others into the ports behind it. */
function document(entry, parameters, inputs) {
  const sources = inputs.map(({ name, url }, index) => ({
    actionId: `input-${index}`,
    actionType: "input-images",
    parameters: { images: [{ name, sourceUrl: url, storageType: "local" }] },
  }));
  return {
    metadata: { workflowId: entry.actionType, name: entry.name },
    actions: [
      ...sources,
      { actionId: "action", actionType: entry.actionType, parameters },
      { actionId: "save", actionType: "output", parameters: { format: "png" } },
    ],
    connections: [
      ...sources.map(({ actionId }, index) => ({
        connectionSource: actionId,
        sourcePort: "outputs",
        connectionTarget: "action",
        targetPort: entry.inputs[index].name,
      })),
      pictures.connect("action", "save"),
    ],
  };
}

/**
 * Colour times alpha, and alpha, in levels of 8 bits: what is hidden does not count. The samples are taken as they are, whatever the
 * profile says.
 */
async function seen(bytes) {
  const isDeep = (await sharp(bytes).metadata()).depth === "ushort";
  const { data, width, height } = isDeep ? await pictures.deepSamples(bytes) : await pictures.plainSamples(bytes);
  const samples = new Float64Array(data.length);
  for (let at = 0; at < data.length; at += 4) {
    for (let channel = 0; channel < 3; channel += 1) samples[at + channel] = (data[at + channel] * data[at + 3]) / 255;
    samples[at + 3] = data[at + 3];
  }
  return { samples, width, height, isDeep };
}

/** How far two results agree on what they change in a picture: the intersection of both changes, divided by their union. */
function agreement(one, other, before) {
  let [both, either] = [0, 0];
  for (let at = 0; at < before.length; at += 1) {
    const [a, b] = [one[at] - before[at], other[at] - before[at]];
    const shared = a * b > 0 ? Math.min(Math.abs(a), Math.abs(b)) : 0;
    both += shared;
    either += Math.abs(a) + Math.abs(b) - shared;
  }
  return both / either;
}

const transforms = CATALOG.filter(({ role }) => role === "transform");

test("every transform has cases, except those that other tests are about", () => {
  const without = transforms.map(({ actionType }) => actionType).filter((name) => !existsSync(new URL(`${name}/cases.json`, FOLDER)));
  const ofFrames = ["frame-rate", "reverse", "still", "trim-frames"];
  assert.deepEqual(without.toSorted(), ["condition", "custom", "http-action", "remove-background", "straighten", ...ofFrames].toSorted());
});

for (const entry of transforms.filter(({ actionType }) => existsSync(new URL(`${actionType}/cases.json`, FOLDER)))) {
  test(`${entry.actionType} makes in the app what its definition makes`, async (t) => {
    const { page } = await open(t);
    const { cases } = JSON.parse(readFileSync(new URL(`${entry.actionType}/cases.json`, FOLDER), "utf8"));
    const added = new Set();
    for (const { name, inputs, parameters, tolerance = 1, psnr, iou } of cases) {
      const assets = await importFiles(page, inputs.map(file));
      await addFiles(page, parameters, added);
      const { executions } = await run(page, document(entry, parameters, assets));
      assert.equal(executions[0].status, "success", `${name}: ${executions[0].error}`);
      const actual = await seen(await readAsset(page, executions[0].outputs[0].url));
      const expected = await seen(file(`${entry.actionType}/${name}.png`).bytes);
      assert.deepEqual([actual.width, actual.height, actual.isDeep], [expected.width, expected.height, expected.isDeep], name);
      let [largest, squares] = [0, 0];
      for (let at = 0; at < actual.samples.length; at += 1) {
        const difference = Math.abs(actual.samples[at] - expected.samples[at]);
        largest = Math.max(largest, difference);
        squares += difference ** 2;
      }
      const decibels = 10 * Math.log10((255 ** 2 * actual.samples.length) / squares);
      const rounding = expected.isDeep ? 0.02 : 0.5;
      let isNear = psnr === undefined ? largest <= tolerance + rounding : decibels >= psnr - 1;
      if (iou !== undefined) {
        const before = await seen(file(inputs[0]).bytes);
        isNear = agreement(actual.samples, expected.samples, before.samples) >= iou - 0.01;
      }
      assert.ok(isNear, `${name}: off by ${largest.toFixed(1)}, ${decibels.toFixed(1)} dB`);
    }
  });
}
