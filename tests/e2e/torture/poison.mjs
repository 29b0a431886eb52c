// Images that kill whatever processes them.

import { crash as crashTab, execute, executions, until, untilEnded } from "../support/harness.mjs";
import { atMost, audited, bases, exactly, hearing, importVariants, over, reopen, row, spied, spyIn } from "./kit.mjs";

const WORKERS = 2;
/** The third worker that is lost with an image fails it. */
const WORKER_DEATHS = 3;
/** The tab may die once with the image among others, and five times with it alone. */
const TAB_DEATHS = 6;

/** Images on which workers vanish. */
export const poison = {
  name: "poison",
  title: "images on which every worker vanishes",
  long: { images: 200, poisonous: 10 },
  short: { images: 20, poisonous: 2 },
  async run(run) {
    const { random, sizes } = run;
    const { page } = await spied(run, { workers: WORKERS });
    const assets = await importVariants(page, await bases(9, 1), sizes.images);
    const poisonous = random.several(sizes.poisonous, 0, sizes.images - 1);
    const service = await spyIn(page);
    await service.evaluate(
      ([assetIds, delays]) => {
        const spy = self.torture;
        let next = 0;
        spy.onStart = (entry) => {
          if (!assetIds.includes(entry.busy.assetId)) return;
          const id = entry.busy.id;
          setTimeout(() => {
            // With a long delay, the image may have finished first.
            if (entry.busy?.id === id && !entry.dead) spy.kill(entry);
          }, delays[next++ % delays.length]);
        };
      },
      [poisonous.map((index) => assets[index].assetId), Array.from({ length: 30 }, () => random.integer(0, 4))],
    );
    const batchId = await execute(page, over(assets));
    const status = await untilEnded(page, batchId, 300_000);
    const all = await executions(page, batchId);
    const failed = all.filter((one) => one.status === "failed");
    const restarts = await service.evaluate(() => self.torture.workers.filter(({ importer }) => !importer).length) - WORKERS;
    return [
      exactly("batch", "completed", status.status),
      exactly("images that failed", sizes.poisonous, status.assets.failed),
      row("exactly the poisonous ones", poisonous.join(" "), failed.map(({ assetIndex }) => assetIndex).join(" "), failed.every(({ assetIndex }) => poisonous.includes(assetIndex))),
      row("each says why, and what to do", "system_error", [...new Set(failed.map(({ errorCategory }) => errorCategory))].join(" "), failed.every((one) => one.errorCategory === "system_error" && one.error && one.hint && one.attempts === WORKER_DEATHS)),
      exactly("the others", sizes.images - sizes.poisonous, status.assets.completed),
      atMost("workers started again", WORKER_DEATHS * sizes.poisonous, restarts),
      ...(await audited(page)),
    ];
  },
};

/** Images on which the tab dies. */
export const tabPoison = {
  name: "tab-poison",
  title: "an image on which the tab itself dies",
  long: { images: 40 },
  short: { images: 8 },
  async run(run) {
    const { random, sizes } = run;
    const started = [];
    let tell = () => {};
    let deadly;
    const session = await spied(run, {
      inService: () => `self.deadly = ${JSON.stringify(deadly)};`,
      prepare: async (context) => {
        await hearing(context, (record) => {
          started.push(record);
          tell();
        });
      },
    });
    let { page } = session;
    const assets = await importVariants(page, await bases(9, 1), sizes.images);
    const victim = random.integer(0, sizes.images - 1);
    deadly = assets[victim].assetId;
    await (await spyIn(page)).evaluate((deadly) => (self.deadly = deadly), deadly);
    const poisonous = ({ kind, assetId }) => kind === "start" && assetId === deadly;
    const batchId = await execute(page, over(assets));
    let deaths = 0;
    for (;;) {
      // Either the poisonous image is started in this tab, or the batch ends without it.
      const seen = deaths;
      const isStarted = () => started.filter(poisonous).length > seen;
      const dead = new Promise((resolve) => {
        tell = () => isStarted() && resolve(true);
        tell();
      });
      const ended = until(page, batchId, ({ completedAt }) => completedAt !== null, 120_000).then(() => false, () => isStarted());
      if (!(await Promise.race([dead, ended]))) break;
      deaths += 1;
      if (deaths > TAB_DEATHS + 1) break;
      await crashTab(page);
      await ended;
      ({ page } = await reopen(session.context, session.url));
    }
    const status = await untilEnded(page, batchId);
    const failed = (await executions(page, batchId)).filter((one) => one.status === "failed");
    return [
      exactly("batch", "completed", status.status),
      row("the image that failed", victim, failed.map(({ assetIndex }) => assetIndex).join(" "), failed.length === 1 && failed[0].assetIndex === victim),
      exactly("the others", sizes.images - 1, status.assets.completed),
      atMost("tabs lost", TAB_DEATHS, deaths),
      ...(await audited(page)),
    ];
  },
};
