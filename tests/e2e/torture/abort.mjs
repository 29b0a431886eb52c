// Transactions of the browser's database that are aborted: any of them, in the service, in a worker, and while the page starts.

import { readFileSync } from "node:fs";
import { call } from "../support/harness.mjs";
import { audited, bases, exactly, figure, importVariants, over, row, spied, spyIn } from "./kit.mjs";

const SABOTEUR = readFileSync(new URL("saboteur.js", import.meta.url), "utf8");
const MANNERS = ["at its beginning", "in the middle", "at its end"];
const IMAGES = 4;
/** If something takes longer than this, it hangs. */
const HANGS_MS = 20_000;

/** Aborts. */
export const abort = {
  name: "abort",
  title: "transactions of the database are aborted",
  long: { places: 100 },
  short: { places: 8 },
  async run(run) {
    const { random, sizes } = run;
    const injured = [];
    // For the next service that is loaded.
    let order;
    const { page } = await spied(run, {
      inService: () => {
        const text = `self.tortureOrder = ${JSON.stringify(order)};\nself.tortureSource = ${JSON.stringify(SABOTEUR)};\n${SABOTEUR}`;
        order = undefined;
        return text;
      },
      prepare: async (context) => {
        await context.exposeBinding("tortureInjured", (_, record) => injured.push(record));
        await context.addInitScript(() => {
          if (!location.protocol.startsWith("http")) return;
          new BroadcastChannel("torture-sabotage").addEventListener("message", ({ data }) => data.injured && window.tortureInjured(data.injured));
        });
      },
    });
    const jpegs = await bases(IMAGES, 0.5);
    let assets = await importVariants(page, jpegs, IMAGES);
    const found = { hangs: [], refused: 0, unclear: [], paused: 0, lost: 0, reloaded: 0 };
    let tries = 0;
    while (injured.length < sizes.places && tries < 4 * sizes.places) {
      tries += 1;
      const seen = injured.length;
      const starting = random.chance(0.2);
      const realm = starting || random.chance(0.5) ? "service" : "worker";
      const plan = { realm, after: random.integer(1, starting ? 12 : realm === "service" ? 25 : 5), manner: random.pick(MANNERS) };
      if (!starting) await command(page, plan);

      // A refused call says why, and succeeds when it is repeated.
      const insist = async (name, ...parameters) => {
        for (let left = 3; ; left -= 1) {
          const answer = await within(call(page, name, ...parameters));
          if (answer === HUNG) {
            found.hangs.push(`${name} (${described(injured.at(-1))})`);
            return undefined;
          }
          if (!answer?.rejected) return answer;
          found.refused += 1;
          if (!answer.rejected.message) found.unclear.push(`${name}: ${JSON.stringify(answer.rejected)}`);
          if (left === 0) return undefined;
        }
      };
      if (tries % 5 === 0) {
        // Something new each time, so that its bytes are written.
        const more = await within(importVariants(page, jpegs, IMAGES, 10 * tries).catch((error) => String(error)));
        if (more === HUNG) found.hangs.push(`importAssets (${described(injured.at(-1))})`);
        else if (typeof more !== "string") assets = more;
      }
      const accepted = await insist("executeBatch", { workflowId: "web-gallery", workflow: over(assets) });
      if (!accepted) continue;
      if (starting) {
        order = plan;
        await page.reload();
        // A page that could not start says so, and starts on a reload.
        const started = await within(page.waitForFunction(() => window.pixelmill !== undefined || document.querySelector("[role=alert]")), 15_000);
        if (started === HUNG) found.hangs.push(`start (${described(injured.at(-1))})`);
        if (!(await page.evaluate(() => window.pixelmill !== undefined))) {
          found.reloaded += 1;
          await page.reload();
          await page.waitForFunction(() => window.pixelmill !== undefined);
        }
      }
      const { batchId } = accepted;
      const end = Date.now() + HANGS_MS;
      for (;;) {
        const status = await insist("getBatchStatus", batchId);
        if (!status) break;
        if (status.completedAt !== null) {
          found.lost += IMAGES - status.assets.completed;
          break;
        }
        if (status.paused !== null && status.assets.processing === 0) {
          found.paused += 1;
          if (status.paused.reason !== "storage") found.unclear.push(`paused for ${status.paused.reason}`);
          await insist("resumeBatch", batchId);
        }
        if (Date.now() > end) {
          found.hangs.push(`${described(injured.at(-1))}: ${JSON.stringify(status.assets)}`);
          break;
        }
        await page.waitForTimeout(20);
      }
      await command(page, undefined);
      if (injured.length > seen) run.say(`${injured.length}: ${described(injured.at(-1))}${starting ? ", while the page starts" : ""}`);
    }
    const places = new Set(injured.map(described));
    return [
      row("transactions aborted", `≥ ${sizes.places}`, injured.length, injured.length >= sizes.places),
      figure("different places", places.size),
      row("hangs", 0, found.hangs.length === 0 ? 0 : found.hangs.slice(0, 3).join("; "), found.hangs.length === 0),
      figure("calls refused / batches paused / starts repeated", `${found.refused} / ${found.paused} / ${found.reloaded}`),
      row("of them without a clear reason", 0, found.unclear.length === 0 ? 0 : found.unclear.slice(0, 3).join("; "), found.unclear.length === 0),
      exactly("results lost", 0, found.lost),
      ...(await audited(page)),
    ];
  },
};

/** Gives the saboteurs of a page an order, or takes it back. */
async function command(page, plan) {
  await (await spyIn(page)).evaluate((plan) => self.torturePlan(plan), plan);
}

const HUNG = Symbol("hung");

async function within(work, patience = HANGS_MS) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(HUNG), patience);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function described(injury) {
  return injury ? `${injury.realm}, ${injury.stores}, ${injury.manner}` : "nothing aborted yet";
}
