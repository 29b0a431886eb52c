// `cargo xtask bench --actions`: what each action costs per megapixel on a photograph of twelve in RGB, beside wasm-vips, photon and the canvas
// where these have the same operation.

import { readFile } from "node:fs/promises";
import { inWorker, takeTurns } from "./bench/host.mjs";
import { twelveMegapixels } from "./support/photograph.mjs";

const MEGAPIXELS = 12;
const PEERS = ["wasm-vips", "photon", "canvas"];

/** Parameters with which an action does something, where its defaults do not. */
const PARAMETERS = {
  resize: { width: 1600 },
  crop: { ratio: "1:1" },
  pad: { ratio: "1:1" },
  rotate: { angle: 7 },
  adjust: { exposure: 0.5, contrast: 10, saturation: 20 },
  levels: { black: 20, white: 235 },
  curves: { rgb: [[0, 0], [64, 50], [192, 206], [255, 255]] },
  temperature: { temperature: 30 },
  "highlights-shadows": { highlights: -30, shadows: 40 },
  denoise: { method: "median" },
  "remove-background": { method: "flat-backdrop" },
};

const catalog = JSON.parse(await readFile(new URL("../../src/actions/catalog.json", import.meta.url), "utf8"));
const actions = catalog.filter(({ role, category }) => role === "transform" && category !== "logic").map(({ actionType }) => actionType);

await inWorker("actions-worker.js", { photograph: await twelveMegapixels() }, async (ask) => {
  await ask("prepare");
  console.log(`\n    ${"ms per megapixel".padEnd(22)} ${["Pixelmill", ...PEERS].map((name) => name.padStart(12)).join("")}`);
  for (const action of actions) {
    const names = ["Pixelmill", ...(await ask("peers", action))];
    const found = await takeTurns(names, (name) => ask("measure", name, action, PARAMETERS[action] ?? {})).catch(() => undefined);
    if (!found) {
      console.log(`    ${action.padEnd(22)} needs a font, a model or another file, which only the page has`);
      continue;
    }
    const cell = (name) => (found.has(name) ? (found.get(name).time / MEGAPIXELS).toFixed(1) : "").padStart(12);
    console.log(`    ${action.padEnd(22)} ${["Pixelmill", ...PEERS].map(cell).join("")}`);
  }
});
