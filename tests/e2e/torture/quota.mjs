// Storage that is full: during the import, in the middle of a batch.

import { ask, call, closeProfile, execute, executions, until, untilEnded } from "../support/harness.mjs";
import { audit, bases, exactly, figure, importVariants, over, row, spied } from "./kit.mjs";

/** The page's own reserve. */
const RESERVE = 512 << 10;

/** Room at random sizes. */
export const quota = {
  name: "quota",
  title: "storage full at random sizes",
  long: { sizes: 10, images: 40 },
  short: { sizes: 2, images: 16 },
  async run(run) {
    const { random, sizes } = run;
    const jpegs = await bases(9, 2);
    const each = jpegs.reduce((sum, { bytes }) => sum + bytes.length, 0) / jpegs.length;
    const found = { corrupt: 0, dropped: 0, importsRefused: 0, batchesPaused: 0, unwritable: 0, silent: [], faults: [], touched: 0, kept: [] };
    for (let number = 0; number < sizes.sizes; number += 1) {
      // Some runs are stopped while they import, the others while they work. Some contain something that may be removed when room is needed, and
      // extra room for it.
      const total = Math.round(each * sizes.images);
      const room = RESERVE + (random.chance(0.5) ? random.integer(total >> 3, total) : random.integer(total, total + (total >> 3)));
      const first = random.chance(0.5);
      // The browser caches the available space for a while, so the quota must be set from the beginning.
      let control;
      let origin;
      const allow = async (quotaSize) => await control.send("Storage.overrideQuotaForOrigin", { origin, ...(quotaSize && { quotaSize: Math.round(quotaSize) }) });
      const { page, context } = await spied(run, {
        prepare: async (context, url) => {
          origin = new URL(url).origin;
          control = await context.newCDPSession(await context.newPage());
          await allow(room + (first ? 6 * each : 0));
        },
      });
      const used = async () => (await control.send("Storage.getUsageAndQuota", { origin })).usage;

      let old;
      if (first) {
        old = await execute(page, over(await importVariants(page, jpegs, 4, 1000)));
        await untilEnded(page, old);
      }
      const answer = await importAll(page, jpegs, sizes.images);
      const imported = answer.imported ?? [];
      if (answer.error) {
        found.importsRefused += 1;
        if (!/space|room|full|storage/i.test(answer.error)) found.silent.push(`an import was refused with "${answer.error}"`);
      } else if (imported.length !== sizes.images) {
        found.silent.push(`an import answered ${imported.length} of ${sizes.images} files and no error`);
      }
      if (answer.error) await allow((await used()) + random.integer(total >> 4, total >> 2));
      run.say(`size ${number}: room for ${(room / each).toFixed(1)} pictures, ${imported.length} imported`);

      let results = 0;
      if (imported.length > 0) {
        const request = over(imported);
        const executed = { workflowId: "quota", workflow: request };
        let accepted = await call(page, "executeBatch", executed);
        if (accepted.rejected) {
          if (!/space|room|full|storage/i.test(accepted.rejected.message ?? "")) found.silent.push(`a batch was refused with ${JSON.stringify(accepted.rejected)}`);
          await allow();
          accepted = await ask(page, "executeBatch", executed);
        }
        const { batchId } = accepted;
        let status = await until(page, batchId, ({ completedAt, paused }) => completedAt !== null || paused !== null);
        // Executions that were in flight when the room ran out return, as soon as that can be written.
        await page.waitForTimeout(500);
        const before = await executions(page, batchId);
        while (status.completedAt === null) {
          found.batchesPaused += 1;
          if (status.paused.reason !== "quota") found.silent.push(`a batch paused for ${status.paused.reason}`);
          const { faults, corrupt } = await audit(page);
          found.corrupt += corrupt;
          found.faults.push(...faults);
          // First a deletion makes room, which must be possible even now; then the browser does.
          if (old !== undefined) {
            const deleted = await call(page, "deleteBatch", old);
            if (deleted.rejected) found.kept.push(deleted.rejected.message);
            old = undefined;
          } else {
            await allow();
          }
          const resumed = await call(page, "resumeBatch", batchId);
          if (resumed.rejected) {
            // The browser counts deleted data as used, and not even this can be written.
            if (!/storage is full/.test(resumed.rejected.message ?? "")) found.silent.push(`resuming was refused with ${JSON.stringify(resumed.rejected)}`);
            found.unwritable += 1;
            await allow();
            await ask(page, "resumeBatch", batchId);
          }
          status = await goneOn(page, batchId);
          if (status === undefined) {
            // The browser counts deleted data as used, and accepts nothing, not even a pause: then the page says so, and continues
            // automatically once there is room.
            found.unwritable += 1;
            await page.evaluate(() => (location.hash = "#/batches"));
            await page.locator("[data-testid=tab-note]").filter({ hasText: /storage is full/ }).waitFor({ timeout: 5_000 });
            await allow();
            status = await until(page, batchId, ({ completedAt, paused }) => completedAt !== null || paused !== null);
          }
          if (status.completedAt === null) await page.waitForTimeout(500);
        }
        run.say(`size ${number}: ${before.filter((one) => one.status === "success").length} done before it paused, ${status.assets.completed} at the end`);
        results = status.assets.completed;
        const after = await executions(page, batchId);
        found.touched += before.filter((one) => one.status === "success" && JSON.stringify(after[one.assetIndex]) !== JSON.stringify(one)).length;
      }
      found.dropped += imported.length - results;
      await allow();
      // Refused files can be added now.
      const rest = await importVariants(page, jpegs, sizes.images - imported.length, imported.length);
      found.dropped += sizes.images - imported.length - rest.length;
      const { faults, corrupt } = await audit(page);
      found.corrupt += corrupt;
      found.faults.push(...faults);
      await closeProfile(context);
    }
    return [
      figure("imports refused / batches paused", `${found.importsRefused} / ${found.batchesPaused}`),
      figure("times nothing at all could be written", found.unwritable),
      row("the storage was full at least once a size", `≥ ${sizes.sizes}`, found.importsRefused + found.batchesPaused, found.importsRefused + found.batchesPaused >= sizes.sizes),
      exactly("stored bytes that are not what their name says", 0, found.corrupt),
      row("batches that could not be deleted for lack of space", 0, found.kept.length === 0 ? 0 : found.kept.join("; "), found.kept.length === 0),
      exactly("files or results dropped", 0, found.dropped),
      exactly("finished results touched again", 0, found.touched),
      row("refused without saying why", 0, found.silent.length === 0 ? 0 : found.silent.slice(0, 3).join("; "), found.silent.length === 0),
      row("faults of the databases' records", 0, found.faults.length === 0 ? 0 : found.faults.slice(0, 3).join("; "), found.faults.length === 0),
    ];
  },
};

/** One import of all files: `{ imported, error }`. */
async function importAll(page, jpegs, count) {
  return await page.evaluate(
    async ([texts, count]) => {
      const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const jpegs = texts.map(decode);
      const files = Array.from({ length: count }, (_, index) => {
        const comment = new TextEncoder().encode(`number ${index}`);
        const jpeg = jpegs[index % jpegs.length];
        const segment = new Uint8Array([0xff, 0xfe, 0, comment.length + 2, ...comment]);
        return new File([jpeg.subarray(0, 2), segment, jpeg.subarray(2)], `photo-${index}.jpg`, { type: "image/jpeg" });
      });
      try {
        return { imported: await window.pixelmill.importAssets(files) };
      } catch (error) {
        return { imported: error.imported, error: String(error.message ?? error) };
      }
    },
    [jpegs.map(({ bytes }) => bytes.toString("base64")), count],
  );
}

/** The batch's status once it has ended or paused; undefined when it does neither and does not change for 10 s. */
async function goneOn(page, batchId) {
  let [since, last] = [Date.now(), ""];
  const status = await until(page, batchId, ({ completedAt, paused, assets }) => {
    const now = JSON.stringify(assets);
    if (now !== last) [since, last] = [Date.now(), now];
    return completedAt !== null || paused !== null || Date.now() - since > 10_000;
  });
  return status.completedAt !== null || status.paused !== null ? status : undefined;
}
