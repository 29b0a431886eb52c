// `cargo xtask bench --cutouts <folder>`: how well the built page cuts subjects out of photographs whose opacity is known. The folder has
// pairs: NAME.png, a photograph, and NAME_gt.png, its opacity in gray. Measures intersection over union at half opacity, and the mean error of
// the opacity over all pixels, 0 to 1, both with the model and by an even backdrop. --look <folder> saves the cut-outs there on magenta.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { importFiles, open, readAsset, run, suite, withImages } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";

const LEAST = 0.95;
const METHODS = ["network", "flat-backdrop"];
const [folder, look] = process.argv.slice(2);
const [before, after] = [[], []];
suite({ before: (step) => before.push(step), after: (step) => after.push(step) });
try {
  for (const step of before) await step();
  const { page } = await open({ after: (step) => after.unshift(step) }, { workers: 2 });
  const names = readdirSync(folder).filter((name) => name.endsWith("_gt.png")).map((name) => name.replace("_gt.png", "")).sort();
  const assets = await importFiles(page, names.map((name) => ({ name: `${name}.png`, bytes: readFileSync(join(folder, `${name}.png`)) })));
  console.log(`\n  ${"".padEnd(18)} ${METHODS.map((method) => `${method.padStart(14)} ${"error".padStart(8)}`).join(" ")}`);
  const columns = await all(METHODS, (method) => measured(page, method, names, assets));
  names.forEach((name, row) => {
    console.log(`  ${name.padEnd(18)} ${columns.map((column) => `${column[row].overlap.toFixed(4).padStart(14)} ${column[row].error.toFixed(4).padStart(8)}`).join(" ")}`);
  });
  const least = Math.min(...columns[0].map(({ overlap }) => overlap));
  console.log(`\n  Least intersection over union by the model ${least.toFixed(4)} (aim at least ${LEAST}: ${least >= LEAST ? "reached" : "not reached"})`);
} finally {
  for (const step of after) await step();
}

async function measured(page, method, names, assets) {
  const workflow = pictures.chain("cut-out", [["remove-background", { method }]], { format: "png" });
  const { executions } = await run(page, withImages(workflow, { photos: assets }));
  return await all(executions, async (execution) => {
    const name = names[execution.assetIndex];
    if (execution.status !== "success") throw new Error(`${name}: ${execution.error}`);
    const result = await readAsset(page, execution.outputs[0].url);
    if (look) await sharp(result).flatten({ background: "#ff20c0" }).toFile(join(look, `${name}-${method}.png`));
    const found = await sharp(result).ensureAlpha().extractChannel(3).raw().toBuffer();
    const expected = await sharp(join(folder, `${name}_gt.png`)).toColourspace("b-w").extractChannel(0).raw().toBuffer();
    if (found.length !== expected.length) throw new Error(`${name}: the opacity has another size than the photograph`);
    let [both, either, sum] = [0, 0, 0];
    found.forEach((value, at) => {
      both += value > 127 && expected[at] > 127;
      either += value > 127 || expected[at] > 127;
      sum += Math.abs(value - expected[at]);
    });
    return { overlap: both / either, error: sum / 255 / found.length };
  });
}

/** One after the other: two batches at once would share the workers. */
async function all(items, task) {
  const done = [];
  for (const item of items) done.push(await task(item));
  return done;
}
