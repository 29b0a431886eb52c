// Many pictures: ten thousand small ones, and large ones for a long time.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, execute, executions, images, scratchFolder, until } from "../support/harness.mjs";
import * as pictures from "../support/pictures.mjs";
import { atMost, bases, browserOf, exactly, figure, largest, median, row, sampleMemory, spiedOnDisk } from "./kit.mjs";

const WORKERS = 2;
const LARGEST_SMALL = 50_000;
const PAGE = 500;

/** Many small files: imported, listed, filtered, run. */
export const scale = {
  name: "scale",
  title: "many small files, from the disk",
  long: { images: 10_000 },
  short: { images: 300 },
  async run(run) {
    const { sizes } = run;
    const folder = scratchFolder("torture");
    const { page } = await spiedOnDisk(run, folder, { workers: WORKERS });
    const files = onDisk(await bases(9, 0.12), sizes.images);
    await page.evaluate(() => {
      const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, id: "torture" });
      document.body.append(input);
    });
    await page.setInputFiles("#torture", files);
    const memory = sampleMemory(browserOf(folder) ?? -1, 250);
    const imported = await page.evaluate(async () => {
      const start = performance.now();
      const assets = await window.pixelmill.importAssets(document.querySelector("#torture").files);
      return { time: performance.now() - start, assets };
    });
    run.say(`imported in ${(imported.time / 1000).toFixed(1)} s`);
    const afterImport = memory.samples.at(-1)?.size ?? 0;
    const workflow = pictures.chain("small", [["resize", { width: 128 }]]);
    workflow.actions[0].parameters.images = images(imported.assets);
    const accepting = Date.now();
    const batchId = await execute(page, workflow);
    const accepted = Date.now() - accepting;

    const listed = async (query) => {
      const times = [];
      let count = 0;
      for (;;) {
        const [time, answer] = await page.evaluate(
          async ([batchId, query]) => {
            const start = performance.now();
            const answer = await window.pixelmill.listExecutions(batchId, query);
            return [performance.now() - start, { got: answer.executions.length, more: answer.pagination.hasMore }];
          },
          [batchId, { ...query, limit: PAGE, offset: count }],
        );
        times.push(time);
        count += answer.got;
        if (!answer.more) return { times, count };
      }
    };
    const began = Date.now();
    const [busy, peaks] = [[], []];
    let seen = 0;
    // Measured while it runs: what a user notices, and the memory after every tenth.
    for (let tenth = 1; tenth <= 10; tenth += 1) {
      const status = await until(page, batchId, ({ assets, completedAt }) => assets.completed >= (sizes.images * tenth) / 10 || completedAt !== null, 600_000);
      if (tenth === 5) busy.push(...(await listed({ status: "success" })).times);
      peaks.push(largest(memory.samples.slice(seen).map(({ size }) => size)));
      seen = memory.samples.length;
      if (status.completedAt !== null) break;
    }
    const status = await until(page, batchId, ({ completedAt }) => completedAt !== null, 600_000);
    const ran = Date.now() - began;
    const every = await listed({});
    const succeeded = await listed({ status: "success" });
    memory.stop();
    const last = largest(peaks.slice(-2));
    run.say(`memory by tenths: ${peaks.map((size) => size.toFixed(0)).join(" ")} MB`);
    return [
      row("imported within", "≤ 60 s", `${(imported.time / 1000).toFixed(1)} s`, imported.time <= 60_000 && imported.assets.length === sizes.images),
      figure("accepted within", `${(accepted / 1000).toFixed(1)} s`),
      exactly("results", sizes.images, status.assets.completed),
      figure("images per second", ((1000 * sizes.images) / ran).toFixed(1)),
      row("listed in pages", sizes.images, every.count, every.count === sizes.images),
      row("filtered in pages", sizes.images, succeeded.count, succeeded.count === sizes.images),
      figure(`a page of ${PAGE}, median / at most`, `${median(every.times).toFixed(0)} / ${largest(every.times).toFixed(0)} ms`),
      atMost("a filtered page at most", 500, Math.round(largest(succeeded.times)), " ms"),
      figure("a filtered page while it runs, at most", `${largest(busy).toFixed(0)} ms`),
      figure("memory of the renderer after the import", `${afterImport.toFixed(0)} MB`),
      row("memory at the end compared with the third tenth", "≤ 1.3", (last / (peaks[2] || 1)).toFixed(2), last <= 1.3 * (peaks[2] || last)),
    ];
  },
};

/** Writes files into a folder: these in turn, each with its own comment. */
function onDisk(jpegs, count) {
  const folder = scratchFolder("pictures");
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: count }, (_, index) => {
    const { bytes } = jpegs[index % jpegs.length];
    if (bytes.length > LARGEST_SMALL) throw new Error(`a picture of ${bytes.length} bytes is too large for this`);
    const path = join(folder, `photo-${index}.jpg`);
    writeFileSync(path, pictures.withComment(bytes, `number ${index}`));
    return path;
  });
}

/** Many large pictures: memory stays flat. */
export const memory = {
  name: "memory",
  title: "memory of the renderer over many pictures of 12 megapixels",
  long: { images: 2_000, first: 50 },
  short: { images: 24, first: 8 },
  async run(run) {
    const { sizes } = run;
    const folder = scratchFolder("torture");
    const { page } = await spiedOnDisk(run, folder, { workers: WORKERS });
    const assets = await page.evaluate(
      async (texts) => {
        const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
        return await window.pixelmill.importAssets(texts.map((text, index) => new File([decode(text)], `photo-${index}.jpg`, { type: "image/jpeg" })));
      },
      (await bases(9, 12)).map(({ bytes }) => bytes.toString("base64")),
    );
    // The same files again and again: the disk has enough room, and the work is the same.
    const workflow = pictures.builtIn("web-gallery");
    workflow.actions.find(({ actionId }) => actionId === "photos").parameters.images = Array.from({ length: sizes.images }, (_, index) => images([assets[index % assets.length]])[0]);
    const sampled = sampleMemory(browserOf(folder) ?? -1, 50);
    const batchId = await execute(page, workflow);
    await until(page, batchId, ({ assets }) => assets.completed >= sizes.first, 600_000);
    const early = largest(sampled.samples.map(({ size }) => size));
    const status = await until(page, batchId, ({ completedAt }) => completedAt !== null, 3_600_000);
    const peak = largest(sampled.stop().map(({ size }) => size));
    const told = early > 0;
    const all = await executions(page, batchId);
    await ask(page, "deleteBatch", batchId);
    return [
      exactly("results", sizes.images, status.assets.completed),
      exactly("attempts", sizes.images, all.reduce((sum, { attempts }) => sum + attempts, 0)),
      figure(`peak over the first ${sizes.first}`, told ? `${early.toFixed(0)} MB` : "not reported by this system"),
      figure("peak over all", told ? `${peak.toFixed(0)} MB` : "not reported by this system"),
      row("of all compared with the first", "≤ 1.3", told ? (peak / early).toFixed(2) : "not reported by this system", peak <= 1.3 * early),
    ];
  },
};
