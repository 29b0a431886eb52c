// Helpers of the scenarios: rows of the table, tabs with a spy in their services, pictures in numbers, waiting, and an audit of the database.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import sharp from "sharp";
import { ask, closeProfile, executions, images, open, openOnDisk, ready, until, within } from "../support/harness.mjs";
import { rendererMemory } from "../support/memory.mjs";
import * as pictures from "../support/pictures.mjs";
import { inService } from "../support/service.mjs";

const SPY = readFileSync(new URL("spy.js", import.meta.url), "utf8");
const AUDIT = readFileSync(new URL("audit.js", import.meta.url), "utf8");

/** A row: the requirement, the measurement, whether it passes. */
export function row(what, bound, found, passed) {
  return { what, bound: String(bound), found: String(found), passed: Boolean(passed) };
}

/** A number that must have this value. */
export function exactly(what, wanted, found) {
  return row(what, wanted, found, found === wanted);
}

/** A number that must not be larger. */
export function atMost(what, limit, found, unit = "") {
  const text = Number.isInteger(found) ? found : Number(found).toFixed(2);
  return row(what, `≤ ${limit}${unit}`, `${text}${unit}`, found <= limit);
}

/** For information only: it cannot fail. */
export function figure(what, found) {
  return row(what, "", found, true);
}

/** The largest number in a list, 0 for an empty one. */
export function largest(list) {
  return list.reduce((most, one) => Math.max(most, one), 0);
}

/** The median of a list. */
export function median(list) {
  return list.toSorted((one, other) => one - other)[Math.floor(list.length / 2)] ?? 0;
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export { wait };

/**
 * A profile in memory with the spy in every tab's service. Console errors are not failures here, since injected faults cause some. In addition
 * to the harness's options: `inService`, which returns more script for it whenever one is loaded.
 */
export async function spied(run, options = {}) {
  return await open(run, prepared(options));
}

/** The same on disk. */
export async function spiedOnDisk(run, folder, options = {}) {
  return await openOnDisk(run, folder, prepared(options));
}

function prepared(options) {
  return {
    workers: 2,
    errorsExpected: true,
    ...options,
    async prepare(context, url) {
      await inService(context, { each: () => `${options.inService?.() ?? ""}\n${SPY}` });
      await options.prepare?.(context, url);
    },
  };
}

/** Calls `hear` with every record that the spies of a context tell, once, whichever of its tabs passes it on first. */
export async function hearing(context, hear) {
  const known = new Set();
  await context.exposeBinding("tortureTold", (_, record) => {
    const key = `${record.service} ${record.number}`;
    if (known.has(key)) return;
    known.add(key);
    hear(record);
  });
  await context.addInitScript(() => {
    if (!location.protocol.startsWith("http")) return;
    new BroadcastChannel("torture").addEventListener("message", ({ data }) => window.tortureTold(data));
  });
}

/**
 * The page's service: one with a spy, other than those in `besides`. Unlike `serviceOf`, it does not wait until every worker has finished its
 * picture, nor for a service that is being started again.
 */
export async function spyIn(page, besides = [], patience = 30_000) {
  const end = Date.now() + patience;
  for (;;) {
    const found = page.workers().map(async (worker) => {
      const service = await worker.evaluate(() => self.torture?.service);
      if (service === undefined || besides.includes(service)) throw new Error("another worker");
      return worker;
    });
    // One that is just dying may not answer.
    const service = await Promise.race([Promise.any(found).catch(() => undefined), wait(1_000)]);
    if (service) return service;
    if (Date.now() >= end) throw new Error(`the page has no service after ${patience / 1000} s`);
    await wait(10);
  }
}

/** Different pictures as JPEG: `{ name, bytes }`. */
export async function bases(count, megapixels) {
  const sources = ["tulips", "cat", "flowers", "branches", "portrait", "grass", "moon", "coins", "retina"].slice(0, count);
  const width = Math.round(Math.sqrt((megapixels * 1e6 * 4) / 3));
  const height = Math.round((width * 3) / 4);
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => ({
      name: `base-${index}.jpg`,
      bytes: await sharp(pictures.photo(sources[index % sources.length]))
        .resize({ width, height, fit: "cover", kernel: "cubic" })
        .toColourspace("srgb")
        .linear(1, 3 * Math.floor(index / sources.length))
        .jpeg({ quality: 88 })
        .toBuffer(),
    })),
  );
}

/**
 * Imports `count` JPEGs made from these in turn, each with a comment of its own, so that no two are the same asset. They are made in the
 * page, since the driver transfers everything as text.
 */
export async function importVariants(page, jpegs, count, first = 0) {
  return await page.evaluate(
    async ([texts, count, first]) => {
      const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const jpegs = texts.map(decode);
      const assets = [];
      for (let start = 0; start < count; start += 100) {
        const files = [];
        for (let index = start; index < Math.min(start + 100, count); index += 1) {
          const number = first + index;
          const comment = new TextEncoder().encode(`number ${number}`);
          const jpeg = jpegs[number % jpegs.length];
          const segment = new Uint8Array([0xff, 0xfe, 0, comment.length + 2, ...comment]);
          files.push(new File([jpeg.subarray(0, 2), segment, jpeg.subarray(2)], `photo-${number}.jpg`, { type: "image/jpeg" }));
        }
        try {
          assets.push(...(await window.pixelmill.importAssets(files)));
        } catch (error) {
          throw new Error(error.message ?? String(error));
        }
      }
      return assets;
    },
    [jpegs.map(({ bytes }) => bytes.toString("base64")), count, first],
  );
}

/** "Web gallery" over these assets, or another workflow with an action `photos`. */
export function over(assets, workflow = pictures.builtIn("web-gallery")) {
  const copy = structuredClone(workflow);
  copy.actions.find(({ actionId }) => actionId === "photos").parameters.images = images(assets);
  return copy;
}

/** SHA-256 of each picture's only output, from an undisturbed run. */
export async function undisturbed(run, jpegs, workflow) {
  const { page, context } = await spied(run);
  const { batchId } = await start(page, over(await importVariants(page, jpegs, jpegs.length), workflow));
  const status = await until(page, batchId, ({ completedAt }) => completedAt !== null);
  assert.equal(status.assets.completed, jpegs.length, "the undisturbed run failed");
  const hashes = (await executions(page, batchId)).map(({ outputs }) => outputs.map(({ sha256 }) => sha256).join(" "));
  await closeProfile(context);
  return hashes;
}

/** Starts a batch: `{ batchId }`. */
export async function start(page, workflow, batchConfig) {
  return await ask(page, "executeBatch", { workflowId: workflow.metadata.workflowId, workflow, batchConfig });
}

/** The faults of the database. */
export async function audit(page) {
  return await page.evaluate(`(${AUDIT})()`);
}

/** The audit as rows. */
export async function audited(page) {
  const { faults, corrupt } = await audit(page);
  return [
    exactly("stored bytes that are not what their name says", 0, corrupt),
    row("faults of the database's records", 0, faults.length === 0 ? 0 : faults.slice(0, 3).join("; "), faults.length === 0),
  ];
}

/** Opens the page and waits until it accepts calls; returns when it began. */
export async function reopen(context, url) {
  const page = await context.newPage();
  const began = Date.now();
  await page.goto(url);
  await ready(page);
  return { page, began };
}

/** Resolves with the time, in ms since `since`, of the first start of an execution of the batch that is not before it; or null at its end. */
export async function firstStartSince(page, batchId, since, patience = 30_000) {
  return await page.evaluate(
    async ([batchId, since, patience]) => {
      const end = Date.now() + patience;
      const asked = async (name, ...parameters) => {
        try {
          return await window.pixelmill[name](...parameters);
        } catch (error) {
          throw new Error(`${name} was refused: ${JSON.stringify(error)}`);
        }
      };
      while (Date.now() < end) {
        const found = [];
        for (const status of ["running", "success", "failed"]) {
          const { executions } = await asked("listExecutions", batchId, { status, limit: 500 });
          found.push(...executions.map(({ startedAt }) => Date.parse(startedAt)).filter((at) => at >= since));
        }
        if (found.length > 0) return Math.min(...found) - since;
        const { completedAt } = await asked("getBatchStatus", batchId);
        if (completedAt !== null) return null;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return Infinity;
    },
    [batchId, since, patience],
  );
}

/** The process of the browser with this profile folder; undefined if the system does not report it. */
export function browserOf(folder) {
  let names;
  try {
    names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  for (const name of names) {
    try {
      const parameters = readFileSync(`/proc/${name}/cmdline`, "latin1").split("\0");
      if (parameters.includes(`--user-data-dir=${folder}`) && !parameters.some((one) => one.startsWith("--type="))) return Number(name);
    } catch {
      // It has ended.
    }
  }
  return undefined;
}

/** Samples a renderer's memory until `stop()`, which returns `[{ at, size }]`. */
export function sampleMemory(browserProcess, every = 100) {
  const samples = [];
  const take = () => samples.push({ at: Date.now(), size: rendererMemory(browserProcess) });
  take();
  const timer = setInterval(take, every);
  return {
    samples,
    stop() {
      clearInterval(timer);
      take();
      return samples;
    },
  };
}

/** Ended executions as they were first read, by `read`: `keep()` reads them again, and `touched` has those that differ from before. */
export function ledger(read) {
  const recorded = new Map();
  const touched = [];
  const keep = async () => {
    for (const one of await read()) {
      if (one.status !== "success" && one.status !== "failed") continue;
      const text = JSON.stringify([one.status, one.attempts, one.startedAt, one.completedAt, one.outputs]);
      if (recorded.has(one.executionId) && recorded.get(one.executionId) !== text) touched.push(one.executionId);
      recorded.set(one.executionId, text);
    }
  };
  return { touched, keep };
}
