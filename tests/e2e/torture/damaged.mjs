// Stored results whose bytes were changed, truncated or removed.

import { ask, call, execute, executions, untilEnded } from "../support/harness.mjs";
import { damage } from "../support/storage.mjs";
import { audited, bases, exactly, importVariants, over, row, spied } from "./kit.mjs";

const MANNERS = ["flipped", "shortened", "emptied", "zeroed", "gone"];

/** Damage in the storage. */
export const damaged = {
  name: "damaged",
  title: "stored results that are damaged",
  long: { images: 100, blobs: 20 },
  short: { images: 10, blobs: 4 },
  async run(run) {
    const { random, sizes } = run;
    const { page } = await spied(run);
    // Every picture is different, or several executions would share one result.
    const batchId = await execute(page, over(await importVariants(page, await bases(sizes.images, 0.2), sizes.images)));
    await untilEnded(page, batchId);
    const before = await executions(page, batchId);
    const victims = random.several(sizes.blobs, 0, sizes.images - 1).map((index) => before[index]);
    await damage(page, victims.map(({ outputs }) => ({ key: outputs[0].sha256, manner: random.pick(MANNERS), at: random.next() })));

    const refused = [];
    for (const { outputs } of victims.slice(0, victims.length >> 1)) refused.push(await call(page, "readAsset", outputs[0].url));
    const found = await ask(page, "verifyBatch", batchId);
    const others = before.filter((one) => !victims.includes(one));
    let readable = 0;
    for (const { outputs } of others) readable += (await call(page, "readAsset", outputs[0].url))?.rejected === undefined ? 1 : 0;
    const status = await ask(page, "getBatchStatus", batchId);
    await ask(page, "retryExecutions", batchId, {});
    await untilEnded(page, batchId);
    const after = await executions(page, batchId);
    const same = after.filter((one, index) => one.status === "success" && one.outputs[0].sha256 === before[index].outputs[0].sha256);
    const ids = new Set(status.executions.failedExecutionIds);
    return [
      exactly("damaged results found", sizes.blobs, victims.filter(({ executionId }) => ids.has(executionId)).length),
      exactly("intact ones reported as damaged", 0, ids.size - victims.filter(({ executionId }) => ids.has(executionId)).length),
      row("of them by verifyBatch", "", `${found.damaged.length} of ${found.checked}`, found.damaged.every((id) => ids.has(id))),
      exactly("read nevertheless", 0, refused.filter((answer) => !answer?.rejected?.message).length),
      exactly("intact ones readable", others.length, readable),
      exactly("regenerated with the same bytes", sizes.images, same.length),
      ...(await audited(page)),
    ];
  },
};
