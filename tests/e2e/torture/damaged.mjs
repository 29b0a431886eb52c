// Stored results that rot.

import { ask, execute, executions, untilEnded } from "../support/harness.mjs";
import { tamper } from "../support/storage.mjs";
import { atMost, audited, bases, exactly, importVariants, over, row, spied } from "./kit.mjs";

const WAYS = ["flip", "cut", "gone"];

/** Stored results with a bit changed, cut off, or gone. */
export const damaged = {
  name: "damaged",
  title: "stored results that are damaged",
  long: { images: 200, damaged: 20 },
  short: { images: 12, damaged: 4 },
  async run(run) {
    const { random, sizes } = run;
    const { page } = await spied(run);
    // Each picture is another one, or several would share one result.
    const assets = await importVariants(page, await bases(sizes.images, 0.2), sizes.images);
    const batchId = await execute(page, over(assets));
    await untilEnded(page, batchId, 300_000);
    const before = await executions(page, batchId);
    const chosen = random.several(sizes.damaged, 0, sizes.images - 1).map((index) => before[index]);
    for (const [index, how] of WAYS.entries()) {
      const these = chosen.filter((_, position) => position % WAYS.length === index);
      await tamper(page, these.map(({ outputs }) => outputs[0].sha256), how);
    }
    const ids = chosen.map(({ executionId }) => executionId).sort();
    const began = Date.now();
    const { damaged: found } = await ask(page, "verifyBatch", batchId);
    const took = (Date.now() - began) / 1000;
    await ask(page, "retryExecutions", batchId);
    const status = await untilEnded(page, batchId, 300_000);
    const after = await executions(page, batchId);
    const unlike = after.filter(({ outputs }, index) => outputs[0]?.sha256 !== before[index].outputs[0].sha256).length;
    return [
      exactly("damaged results found", sizes.damaged, found.length),
      row("they are the damaged ones", "all", found.toSorted().join() === ids.join() ? "all" : found.join(" "), found.toSorted().join() === ids.join()),
      atMost("the look took", 10, took, " s"),
      exactly("results after a retry", sizes.images, status.assets.completed),
      exactly("outputs unlike those before", 0, unlike),
      ...(await audited(page)),
    ];
  },
};
