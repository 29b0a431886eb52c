// Workers that vanish without a report, and services that die with their workers, at random moments.

import { assertCountsAddUp, call, execute, executions } from "../support/harness.mjs";
import { Book } from "./book.mjs";
import { atMost, audited, bases, exactly, figure, hearing, importVariants, largest, ledger, median, over, row, spied, spyIn, undisturbed, wait } from "./kit.mjs";

const WORKERS = 2;
/** If the batch takes longer than this, it hangs. */
const HANGS_MS = 600_000;
/** A service dies without a word, or of an exception that nobody catches. */
const MANNERS = ["closes", "throws"];
/** What a call is told that was under way when its service died. */
const STOPPED = "The service that runs the batches stopped and was started again. Try again.";

/** Workers are killed, and services. */
export const workers = {
  name: "workers",
  title: "workers and services are killed at random moments",
  long: { images: 500, kills: 200, services: 25 },
  short: { images: 30, kills: 8, services: 2 },
  async run(run) {
    const { random, sizes } = run;
    const jpegs = await bases(Math.min(18, sizes.images), 6);
    const expected = await undisturbed(run, jpegs);
    const book = new Book();
    const deaths = [];
    const { page } = await spied(run, {
      workers: WORKERS,
      prepare: (context) =>
        hearing(context, (record) => {
          book.told(record);
          if (record.kind !== "death") return;
          book.dead.add(record.service);
          deaths.push(record);
        }),
    });
    const assets = await importVariants(page, jpegs, sizes.images);
    let service = await spyIn(page);
    await arm(service, {
      // Each kill follows a random start. Most of them cause one more start; none comes so late that the batch may already have ended.
      kills: random
        .several(sizes.kills, 1, sizes.images + Math.floor(0.6 * sizes.kills) - 8)
        .map((moment) => ({ moment, delay: random.integer(0, 250), pick: random.next(), isDone: false })),
      workers: WORKERS,
      starts: 0,
      killed: 0,
      busy: 0,
      spared: 0,
      whole: [],
      losses: {},
    });
    const batchId = await execute(page, over(assets));

    const refused = { count: 0, unclear: [] };
    const note = (name, message) => {
      refused.count += 1;
      if (message !== STOPPED) refused.unclear.push(`${name}: ${message}`);
    };
    const until = async (condition) => {
      const end = Date.now() + HANGS_MS;
      for (;;) {
        const status = await call(page, "getBatchStatus", batchId);
        if (status.rejected) {
          note("getBatchStatus", status.rejected.message);
        } else {
          assertCountsAddUp(status);
          if (status.completedAt !== null || condition(status)) return status;
        }
        if (Date.now() > end) throw new Error(`the batch does not go on: ${JSON.stringify(status)}`);
        await wait(30);
      }
    };
    const { touched, keep } = ledger(() => executions(page, batchId));
    /** Calls that are under way when a service dies: each is answered, or refused with the reason. */
    const calls = (number) => [
      ...["getBatchStatus", "listExecutions", "getReport"].map((name) => call(page, name, batchId).then((answer) => answer.rejected && note(name, answer.rejected.message))),
      importVariants(page, jpegs.slice(0, 1), 4, 10_000 + 4 * number).catch((error) => note("importAssets", /Error: (.*)/.exec(error.message)?.[1])),
    ];

    const again = [];
    for (const moment of random.several(sizes.services, 1, Math.floor(0.9 * sizes.images))) {
      const { assets } = await until(({ assets }) => assets.completed + assets.failed >= moment);
      await wait(random.integer(0, 200));
      await keep();
      const underWay = calls(deaths.length);
      await wait(random.integer(0, 60));
      const known = deaths.length;
      await die(service, random.pick(MANNERS));
      const end = Date.now() + 10_000;
      while (deaths.length === known && Date.now() < end) await wait(5);
      const death = deaths[known];
      if (!death) throw new Error("a service did not die");
      service = await spyIn(page, [...book.dead]);
      await arm(service, death.plan);
      await Promise.all(underWay);
      again.push((await completeAt(service)) - death.at);
      run.say(`service ${deaths.length} ${death.manner} at ${assets.completed} of ${sizes.images}: workers again after ${again.at(-1)} ms`);
    }
    const status = await until(() => false);
    await keep();
    const { killed, busy, spared, whole, losses } = await service.evaluate(() => self.torture.plan);
    const all = await executions(page, batchId);
    const hash = ({ outputs }) => outputs.map(({ sha256 }) => sha256).join(" ");
    const succeeded = all.filter(({ status }) => status === "success");
    // An image can be handed to a worker that is already dead: after two losses, that is the third.
    const unlucky = all.filter(({ executionId }) => losses[executionId] >= 3);
    return [
      exactly("workers killed", sizes.kills, killed),
      figure("of them in the middle of an image", busy),
      figure("skipped, because the image had lost two already", spared),
      exactly("services killed", sizes.services, deaths.length),
      figure("calls refused meanwhile", refused.count),
      row("of them without the reason", 0, refused.unclear.length === 0 ? 0 : refused.unclear.slice(0, 3).join("; "), refused.unclear.length === 0),
      exactly("results", sizes.images, status.assets.completed + status.assets.failed),
      exactly("results duplicated", 0, all.length - new Set(all.map(({ assetIndex }) => assetIndex)).size),
      exactly("finished results touched again", 0, touched.length),
      exactly("executions started while another service had them, or twice", 0, book.doubled.length),
      figure("of them failures, because three workers were lost with them", status.assets.failed),
      exactly("failures without that", 0, all.filter((one) => one.status === "failed" && !unlucky.includes(one)).length),
      exactly("outputs that differ from an undisturbed run", 0, succeeded.filter((one) => hash(one) !== expected[one.assetIndex % jpegs.length]).length),
      atMost("attempts", sizes.images + killed + WORKERS * deaths.length, all.reduce((sum, one) => sum + one.attempts, 0)),
      // A worker that dies before it has said that it is alive is given up after 3 s.
      atMost("pool complete again, at most", 3500, Math.round(largest(whole)), " ms"),
      figure("pool complete again, median", `${Math.round(median(whole))} ms`),
      atMost("pool complete again after a service died, at most", 3000, largest(again), " ms"),
      figure("pool complete again after a service died, median", `${median(again)} ms`),
      ...(await audited(page)),
    ];
  },
};

/**
 * Has a service kill workers: each after a start of its own number, a delay and a draw. A worker on an image that has lost two already is
 * left alone: with the third the image would rightly fail. `whole` has the times from a kill until the pool is complete again. A plan is passed on
 * from a service that dies to the next.
 */
async function arm(service, plan) {
  await service.evaluate((plan) => {
    const spy = self.torture;
    const lose = (id) => (plan.losses[id] = (plan.losses[id] ?? 0) + 1);
    spy.plan = plan;
    let since;
    const strike = (kill) => {
      const candidates = spy.pool();
      const victim = candidates[Math.floor(kill.pick * candidates.length)];
      const id = victim?.busy?.id;
      if (!victim || (id && plan.losses[id] >= 2)) {
        plan.spared += victim ? 1 : 0;
        setTimeout(() => strike(kill), 30);
        return;
      }
      kill.isDone = true;
      plan.killed += 1;
      if (id) {
        plan.busy += 1;
        lose(id);
      }
      since = performance.now();
      spy.kill(victim);
    };
    const due = plan.kills.filter(({ isDone }) => !isDone);
    const check = () => {
      while (due.length > 0 && plan.starts + spy.starts >= due[0].moment) {
        const kill = due.shift();
        setTimeout(() => strike(kill), kill.delay);
      }
    };
    spy.onStart = (entry) => {
      if (entry.dead) lose(entry.busy.id);
      check();
    };
    spy.onReady = () => {
      if (since === undefined || spy.ready() < plan.workers) return;
      plan.whole.push(performance.now() - since);
      since = undefined;
    };
    check();
  }, plan);
}

/** Has a service die in this manner, and tell its plan with its last breath. */
async function die(service, manner) {
  await service.evaluate((manner) => {
    // In a task of its own: the browser does not stop code that its debugger runs.
    setTimeout(() => {
      const { tell, plan, starts } = self.torture;
      tell({ kind: "death", manner, plan: { ...plan, starts: plan.starts + starts } });
      // It may live a little longer: nothing that the next one does not know of must happen.
      Object.assign(self.torture, { onStart: undefined, kill: () => {} });
      if (manner === "closes") return close();
      throw new Error("killed by the test");
    });
  }, manner);
}

/** When as many workers for pictures as there should be had been ready in a service; Infinity if that takes too long. */
async function completeAt(service, patience = 30_000) {
  const end = Date.now() + patience;
  while (Date.now() < end) {
    const times = await service.evaluate(() => self.torture.workers.filter(({ importer, ready }) => ready && !importer).map(({ readyAt }) => readyAt));
    if (times.length >= WORKERS) return times.sort((one, other) => one - other)[WORKERS - 1];
    await wait(20);
  }
  return Infinity;
}
