// Workers that vanish without a report, and services that die with theirs, at random moments.

import { call, execute, executions } from "../support/harness.mjs";
import { Book } from "./book.mjs";
import { atMost, audited, bases, exactly, figure, importVariants, largest, median, over, row, spied, spyIn, undisturbed, wait } from "./kit.mjs";

const WORKERS = 2;
/** Longest time for a batch, in ms. */
const LONGEST = 600_000;
/** A service dies in silence, or of an exception that nobody catches. */
const MANNERS = ["closes", "throws"];

/** Workers are killed, and services. */
export const workers = {
  name: "workers",
  title: "workers and the service are killed at random moments",
  long: { images: 500, kills: 200, services: 25 },
  short: { images: 30, kills: 8, services: 2 },
  async run(run) {
    const { random, sizes } = run;
    const jpegs = await bases(Math.min(18, sizes.images), 6);
    const expected = await undisturbed(run, jpegs);
    const book = new Book();
    const { page } = await spied(run, { workers: WORKERS, prepare: book.prepare() });
    const assets = await importVariants(page, jpegs, sizes.images);
    let service = await spyIn(page);
    await arm(service, {
      // Each kill follows a random start. Most of them cause one more start; none comes so late that the batch may already have ended.
      kills: random
        .several(sizes.kills, 1, sizes.images + Math.floor(0.6 * sizes.kills) - 8)
        .map((moment) => ({ moment, delay: random.integer(0, 250), pick: random.next() })),
      workers: WORKERS,
    });
    const moments = random.several(sizes.services, 1, sizes.images - 3);
    const batchId = await execute(page, over(assets));

    const refused = { count: 0, unclear: [] };
    const note = (name, { rejected }) => {
      refused.count += 1;
      if (!/was started again\. Try again/.test(rejected.message ?? "")) refused.unclear.push(`${name}: ${JSON.stringify(rejected)}`);
    };
    const recorded = new Map();
    const touched = [];
    const keep = async () => {
      for (const one of await executions(page, batchId)) {
        if (one.status !== "success" && one.status !== "failed") continue;
        const text = JSON.stringify([one.status, one.attempts, one.startedAt, one.completedAt, one.outputs]);
        if (recorded.has(one.executionId) && recorded.get(one.executionId) !== text) touched.push(one.executionId);
        recorded.set(one.executionId, text);
      }
    };
    const end = Date.now() + LONGEST;
    const until = async (condition) => {
      for (;;) {
        const status = await call(page, "getBatchStatus", batchId);
        if (status.rejected) note("getBatchStatus", status);
        else if (status.completedAt !== null || condition(status)) return status;
        if (Date.now() > end) throw new Error(`the batch does not end: ${JSON.stringify(status)}`);
        await wait(20);
      }
    };

    const again = [];
    let dead = 0;
    for (const moment of moments) {
      const { completedAt } = await until(({ assets }) => assets.completed + assets.failed >= moment);
      if (completedAt !== null) break;
      await keep();
      await wait(random.integer(0, 200));
      // Calls under way are answered or refused with the reason; nothing waits for ever, and what they write is there or not.
      const under = ["getBatchStatus", "listExecutions", "verifyBatch", "getReport"].map((name) => call(page, name, batchId).then((answer) => answer?.rejected && note(name, answer)));
      under.push(importVariants(page, jpegs, 4, 10_000 + 10 * moment).catch((error) => note("importAssets", { rejected: { message: error.message } })));
      const manner = random.pick(MANNERS);
      const died = book.last();
      const state = await strike(service, manner, await died);
      await Promise.all(under);
      dead += 1;
      service = await spyIn(page, [...book.dead]);
      run.say(`service ${dead} ${manner}`);
    }
  },
};
