// What must hold whatever breaks, in short form: `cargo xtask torture` runs the same scenarios in full.

import assert from "node:assert/strict";
import { suite, test } from "./support/harness.mjs";
import { perform, sizesOf } from "./torture/perform.mjs";
import { scenarios } from "./torture/scenarios.mjs";

suite(test);

const SEED = 20_260;
/** How long a scenario may take in short form, in ms; most take a few seconds. */
const LONGEST = 200_000;

for (const scenario of scenarios.filter(({ short }) => short)) {
  test(scenario.title, async () => {
    const said = [];
    const sizes = sizesOf(scenario, { short: true });
    const rows = await perform(scenario, { seed: SEED, sizes, say: (text) => said.push(text), longest: LONGEST });
    assert.deepEqual(rows.filter(({ passed }) => !passed), [], JSON.stringify({ rows, said }, null, 2));
  });
}
