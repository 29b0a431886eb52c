// What must hold whatever breaks, in small: `cargo xtask torture` runs the same scenarios in full.

import assert from "node:assert/strict";
import { suite, test } from "./support/harness.mjs";
import { perform, sizesOf } from "./torture/perform.mjs";
import { scenarios } from "./torture/scenarios.mjs";

suite(test);

const SEED = 20_260;

for (const scenario of scenarios.filter(({ short }) => short)) {
  test(scenario.title, async (t) => {
    const said = [];
    t.signal.addEventListener("abort", () => t.diagnostic(`what it said before its time was over: ${said.join("; ")}`));
    const rows = await perform(scenario, { seed: SEED, sizes: sizesOf(scenario, { short: true }), say: (text) => said.push(text) });
    assert.deepEqual(rows.filter(({ passed }) => !passed), [], JSON.stringify(rows, null, 2));
  });
}
