// What must hold whatever breaks, in small: `cargo xtask torture` runs the same scenarios in full.

import assert from "node:assert/strict";
import test from "node:test";
import { suite } from "./support/harness.mjs";
import { perform, sizesOf } from "./torture/perform.mjs";
import { scenarios } from "./torture/scenarios.mjs";

suite(test);

const SEED = 20_260;

for (const scenario of scenarios.filter(({ short }) => short)) {
  test(scenario.title, async () => {
    const rows = await perform(scenario, { seed: SEED, sizes: sizesOf(scenario, { short: true }), say: () => {} });
    assert.deepEqual(rows.filter(({ passed }) => !passed), [], JSON.stringify(rows, null, 2));
  });
}
