// A batch whose tab crashes, or whose browser is killed, again and again.

import { crash as crashTab, execute, executions, scratchFolder, until, untilEnded, within } from "../support/harness.mjs";
import { atMost, audited, bases, browserOf, exactly, figure, firstStartSince, importVariants, largest, ledger, median, over, reopen, row, spied, spiedOnDisk, undisturbed, wait } from "./kit.mjs";

/** The pictures' size: 100 to 300 ms of work each, so that an interruption hits some. */
const MEGAPIXELS = 6;
const WORKERS = 2;

/** Tabs crash. */
export const crash = {
  name: "crash",
  title: "the tab crashes at random points of a batch",
  long: { images: 1000, times: 50 },
  short: { images: 24, times: 2 },
  async run(run) {
    const session = await spied(run, { workers: WORKERS });
    return await interrupted(run, session.page, {
      async again(page) {
        await crashTab(page);
        return await reopen(session.context, session.url);
      },
      /** A crash while the page is starting. */
      async early(page, delay) {
        await crashTab(page);
        const starting = await session.context.newPage();
        starting.goto(session.url).catch(() => {});
        await wait(delay);
        await crashTab(starting);
        return await reopen(session.context, session.url);
      },
    });
  },
};

/** Browsers are killed. */
export const kill = {
  name: "kill",
  title: "the browser is killed at random points of a batch",
  long: { images: 1000, times: 50 },
  short: { images: 16, times: 1 },
  async run(run) {
    const folder = scratchFolder("torture");
    let session = await spiedOnDisk(run, folder, { workers: WORKERS });
    const killed = async () => {
      const gone = new Promise((resolve) => session.context.once("close", resolve));
      const browser = browserOf(folder);
      if (browser === undefined) {
        const control = await session.context.newCDPSession(session.page);
        control.send("Browser.crash").catch(() => {});
      } else {
        process.kill(browser, "SIGKILL");
      }
      await within(30_000, "the end of the browser", gone);
    };
    const again = async () => {
      await killed();
      session = await spiedOnDisk(run, folder, { workers: WORKERS });
      return { page: session.page, began: session.began };
    };
    return await interrupted(run, session.page, {
      again,
      async early(_, delay) {
        await killed();
        session = await spiedOnDisk(run, folder, { workers: WORKERS, unready: true });
        await wait(delay);
        return await again();
      },
    });
  },
};

/** Runs a batch to its end despite `again` and `early`, which interrupt it and return `{ page, began }`. */
async function interrupted(run, firstPage, { again, early }) {
  const { random, sizes } = run;
  const jpegs = await bases(Math.min(18, sizes.images), MEGAPIXELS);
  const expected = await undisturbed(run, jpegs);

  let page = firstPage;
  const batchId = await execute(page, over(await importVariants(page, jpegs, sizes.images)));
  const { touched, keep } = ledger(() => executions(page, batchId));

  const moments = random.several(sizes.times, 1, sizes.images - 3);
  const resumed = [];
  let interruptions = 0;
  for (const moment of moments) {
    const { assets } = await until(page, batchId, ({ assets, completedAt }) => assets.completed + assets.failed >= moment || completedAt !== null);
    if (assets.pending + assets.processing === 0) break;
    await wait(random.integer(0, 200));
    await keep();
    await wait(random.integer(0, 100));
    let began;
    if (random.chance(0.2)) {
      ({ page, began } = await early(page, random.integer(20, 900)));
      interruptions += 2;
    } else {
      ({ page, began } = await again(page));
      interruptions += 1;
    }
    const time = await firstStartSince(page, batchId, began);
    if (time !== null) resumed.push(time);
    run.say(`interruption ${interruptions} at ${assets.completed} of ${sizes.images}: resumed after ${time} ms`);
  }
  const status = await untilEnded(page, batchId, 600_000);
  await keep();
  const all = await executions(page, batchId);
  const hash = ({ outputs }) => outputs.map(({ sha256 }) => sha256).join(" ");
  const attempts = all.reduce((sum, one) => sum + one.attempts, 0);
  return [
    row("interruptions", `≥ ${moments.length}`, interruptions, interruptions >= moments.length),
    exactly("results lost", 0, sizes.images - status.assets.completed),
    exactly("results duplicated", 0, all.length - new Set(all.map(({ assetIndex }) => assetIndex)).size),
    exactly("finished results touched again", 0, touched.length),
    exactly("outputs that differ from an undisturbed run", 0, all.filter((one) => hash(one) !== expected[one.assetIndex % jpegs.length]).length),
    atMost("attempts", sizes.images + WORKERS * interruptions, attempts),
    atMost("resumed after reopening, at most", 3000, largest(resumed), " ms"),
    figure("resumed after reopening, median", `${median(resumed)} ms`),
    ...(await audited(page)),
  ];
}
