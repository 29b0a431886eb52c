// Workers that vanish without a report, at random moments.

import assert from "node:assert/strict";
import { execute, executions, untilEnded } from "../support/harness.mjs";
import { atMost, audited, bases, exactly, figure, importVariants, largest, median, over, spied, undisturbed } from "./kit.mjs";

const WORKERS = 2;

/** Workers are killed. */
export const workers = {
  name: "workers",
  title: "workers are killed at random moments",
  long: { images: 500, kills: 200 },
  short: { images: 30, kills: 8 },
  async run(run) {
    const { random, sizes } = run;
    const jpegs = await bases(Math.min(18, sizes.images), 6);
    const expected = await undisturbed(run, jpegs);
    const { page } = await spied(run, { workers: WORKERS });
    const assets = await importVariants(page, jpegs, sizes.images);
    await arm(page, {
      // Each kill follows a random start. Most of them cause one more start; none comes so late that the batch may already have ended.
      moments: random.several(sizes.kills, 1, sizes.images + Math.floor(0.6 * sizes.kills) - 8),
      delays: Array.from({ length: sizes.kills }, () => random.integer(0, 250)),
      picks: Array.from({ length: sizes.kills }, () => random.next()),
      workers: WORKERS,
    });
    const batchId = await execute(page, over(assets));
    const status = await untilEnded(page, batchId, 600_000);
    const { killed, busy, spared, whole, losses } = await page.evaluate(() => window.torture.plan);
    const all = await executions(page, batchId);
    const hash = ({ outputs }) => outputs.map(({ sha256 }) => sha256).join(" ");
    const succeeded = all.filter(({ status }) => status === "success");
    // An image can be handed to a worker that is already dead: after two losses, that is the third.
    const unlucky = all.filter(({ executionId }) => losses[executionId] >= 3);
    return [
      exactly("workers killed", sizes.kills, killed),
      figure("of them in the middle of an image", busy),
      figure("skipped, because the image had lost two already", spared),
      exactly("results", sizes.images, status.assets.completed + status.assets.failed),
      figure("of them failures, because three workers were lost with them", status.assets.failed),
      exactly("failures without that", 0, all.filter((one) => one.status === "failed" && !unlucky.includes(one)).length),
      exactly("outputs that differ from an undisturbed run", 0, succeeded.filter((one) => hash(one) !== expected[one.assetIndex % jpegs.length]).length),
      atMost("attempts", sizes.images + killed, all.reduce((sum, one) => sum + one.attempts, 0)),
      atMost("pool complete again, at most", 2000, Math.round(largest(whole)), " ms"),
      figure("pool complete again, median", `${Math.round(median(whole))} ms`),
      ...(await audited(page)),
    ];
  },
};

/**
 * Has the page kill workers: each after a start of its own number, a delay and a draw. A worker on an image that has lost two already is
 * left alone: with the third the image would rightly fail. `whole` has the times from a kill until the pool is complete again.
 */
async function arm(page, plan) {
  await page.evaluate((plan) => {
    const spy = window.torture;
    const lose = (id) => (done.losses[id] = (done.losses[id] ?? 0) + 1);
    const done = { killed: 0, busy: 0, spared: 0, whole: [], losses: {} };
    spy.plan = done;
    let since;
    let next = 0;
    const strike = (pick) => {
      const candidates = spy.pool();
      const victim = candidates[Math.floor(pick * candidates.length)];
      const id = victim?.busy?.id;
      if (!victim || (id && done.losses[id] >= 2)) {
        done.spared += 1;
        setTimeout(() => strike(pick), 30);
        return;
      }
      done.killed += 1;
      if (id) {
        done.busy += 1;
        lose(id);
      }
      since = performance.now();
      spy.kill(victim);
    };
    spy.onStart = (entry) => {
      if (entry.dead) lose(entry.busy.id);
      while (next < plan.moments.length && spy.starts >= plan.moments[next]) {
        const number = next;
        next += 1;
        setTimeout(() => strike(plan.picks[number]), plan.delays[number]);
      }
    };
    spy.onReady = () => {
      if (since === undefined || spy.ready() < plan.workers) return;
      done.whole.push(performance.now() - since);
      since = undefined;
    };
  }, plan);
  assert.ok(plan.moments.length > 0);
}
