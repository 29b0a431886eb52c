// Runs one scenario and cleans up after it, whether it succeeds or fails.

import { within } from "../support/harness.mjs";
import { row } from "./kit.mjs";
import { Random } from "./random.mjs";

/** How long a scenario may take in full, in ms: the longest takes six minutes. */
const LONGEST = 45 * 60_000;

/** A scenario's sizes, overridden by the requested ones. */
export function sizesOf(scenario, { short = false, set = new Map() } = {}) {
  const sizes = { ...(short ? scenario.short : scenario.long) };
  for (const name of Object.keys(sizes)) if (set.has(name)) sizes[name] = set.get(name);
  return sizes;
}

/** The scenario's rows; an exception becomes a row that failed. */
export async function perform(scenario, { seed, sizes, seeds, say, longest = LONGEST }) {
  const ends = [];
  // The harness registers cleanup with `after`, as on a test context.
  const run = { random: new Random(seed), sizes, seeds, say, after: (work) => ends.push(work) };
  const rows = [];
  const guarded = async (work) => {
    try {
      return await work();
    } catch (error) {
      rows.push(row(`${scenario.name} broke off`, "", error?.stack ?? error, false));
      return undefined;
    }
  };
  rows.push(...((await guarded(async () => await within(longest, `the scenario ${scenario.name}`, scenario.run(run)))) ?? []));
  for (const work of ends.reverse()) await guarded(work);
  return rows;
}
