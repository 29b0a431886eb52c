// Several tabs at once, one of which leads: opened, closed, reloaded and crashed at random.

import { closeProfile, crash as crashTab, execute, executions, images, ready, untilEnded, within } from "../support/harness.mjs";
import * as pictures from "../support/pictures.mjs";
import { Book } from "./book.mjs";
import { audited, bases, exactly, figure, importVariants, largest, median, over, row, spied, spyIn, wait } from "./kit.mjs";

/** The name that the spy gave itself in a tab's service. */
async function spyOf(page) {
  return await (await spyIn(page)).evaluate(() => self.torture.service);
}

/** What a tab sees of a batch, the locks and its workers; or why it does not answer. */
async function stateOf(page, batchId) {
  const seen = page.evaluate(async (batchId) => ({ status: await window.pixelmill.getBatchStatus(batchId), locks: await navigator.locks.query() }), batchId);
  const workers = spyIn(page).then((service) => service.evaluate(() => ({ service: self.torture.service, workers: self.torture.workers.map(({ port2, ...rest }) => rest) })));
  const answers = await Promise.allSettled([within(5_000, "what the page sees", seen), within(5_000, "what the service sees", workers)]);
  return answers.map(({ value, reason }) => JSON.stringify(value) ?? String(reason)).join(" ");
}

/** Two to five tabs that open and close. */
export const tabs = {
  name: "tabs",
  title: "two to five tabs that open and close during three batches",
  long: { runs: 20, images: 60 },
  short: { runs: 1, images: 24 },
  async run(run) {
    const { random, sizes } = run;
    const jpegs = await bases(9, 3);
    let [results, doubled, starts, accidents, ofLeader] = [0, 0, 0, 0, 0];
    const rows = [];
    for (let number = 0; number < sizes.runs; number += 1) {
      const book = new Book();
      const session = await spied(run, { prepare: book.prepare() });
      const live = [session.page];
      const count = random.integer(2, 5);
      while (live.length < count) live.push(await session.openTab());
      const assets = await importVariants(random.pick(live), jpegs, sizes.images, 1000 * number);
      const third = Math.ceil(sizes.images / 3);
      const batches = [];
      for (let first = 0; first < sizes.images; first += third) {
        batches.push(await execute(random.pick(live), over(assets.slice(first, first + third))));
      }
      for (let accident = random.integer(1, 4); accident > 0; accident -= 1) {
        await wait(random.integer(50, 700));
        // Half of them hit the tab that leads.
        const services = await Promise.all(live.map(spyOf));
        const leads = services.indexOf(book.starts.at(-1)?.service);
        const at = random.chance(0.5) && leads >= 0 ? leads : random.integer(0, live.length - 1);
        const kind = live.length > 1 ? random.pick(["close", "crash", "crash", "reload", "open"]) : random.pick(["reload", "open"]);
        run.say(`run ${number}: ${kind} tab ${at} of ${live.length}, ${leads} leads`);
        accidents += 1;
        if (at === leads && kind !== "open" && book.running.size > 0) ofLeader += 1;
        if (kind === "open") {
          live.push(await session.openTab());
          continue;
        }
        const [tab] = kind === "reload" ? [live[at]] : live.splice(at, 1);
        book.dead.add(services[at]);
        if (kind === "close") await tab.close();
        if (kind === "crash") await crashTab(tab);
        if (kind === "reload") {
          await tab.reload();
          await ready(tab);
        }
      }
      for (const batchId of batches) {
        await untilEnded(random.pick(live), batchId);
        const all = await executions(random.pick(live), batchId);
        results += all.filter(({ status }) => status === "success").length;
      }
      doubled += book.doubled.length;
      starts += book.starts.length;
      for (const found of await audited(random.pick(live))) if (!found.passed) rows.push(found);
      await closeProfile(session.context);
    }
    return [
      figure("tabs closed, crashed, reloaded, opened in the meantime", accidents),
      figure("of them to the tab that led, at work", ofLeader),
      exactly("results", sizes.runs * sizes.images, results),
      row("executions started", `≥ ${sizes.runs * sizes.images}`, starts, starts >= sizes.runs * sizes.images),
      exactly("of them while another tab had them", 0, doubled),
      ...(rows.length > 0 ? rows : [exactly("faults of the databases", 0, 0)]),
    ];
  },
};

/** The tab that leads dies; another takes over. */
export const leader = {
  name: "leader",
  title: "the tab that leads is killed, another takes over",
  long: { times: 20 },
  short: { times: 3 },
  async run(run) {
    const { random, sizes } = run;
    const book = new Book();
    const session = await spied(run, { prepare: book.prepare() });
    const live = [session.page, await session.openTab()];
    // One picture many times: only the starts matter.
    const [asset] = await importVariants(session.page, await bases(1, 3), 1);
    const count = 60 * sizes.times;
    const workflow = pictures.builtIn("web-gallery");
    workflow.actions.find(({ actionId }) => actionId === "photos").parameters.images = Array.from({ length: count }, () => images([asset])[0]);
    const batchId = await execute(session.page, workflow);
    const times = [];
    for (let number = 0; number < sizes.times; number += 1) {
      const { service } = (await book.next(() => true)) ?? {};
      if (service === undefined) break;
      const services = await Promise.all(live.map(spyOf));
      const at = services.indexOf(service);
      await wait(random.integer(0, 400));
      const next = book.next((record) => record.service !== service);
      const [tab] = live.splice(at, 1);
      book.dead.add(service);
      const began = Date.now();
      await crashTab(tab);
      const taken = await next;
      times.push(taken ? taken.at - began : Infinity);
      run.say(`taken over after ${times.at(-1)} ms`);
      if (!taken) for (const tab of live) run.say(`nobody took over: ${await stateOf(tab, batchId)}`);
      live.push(await session.openTab());
    }
    const status = await untilEnded(live[0], batchId, 300_000);
    return [
      exactly("taken over within 2 s", `${sizes.times} of ${sizes.times}`, `${times.filter((time) => time <= 2000).length} of ${sizes.times}`),
      figure("from the crash to the next start, median / at most", `${median(times)} / ${largest(times)} ms`),
      exactly("results", count, status.assets.completed),
      exactly("executions started while another tab had them", 0, book.doubled.length),
      ...(await audited(live[0])),
    ];
  },
};
