// Pictures with flipped bits, removed parts, inserted parts of others, and overwritten header fields.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { ask, executions, importFiles, run as runBatch, until } from "../support/harness.mjs";
import * as pictures from "../support/pictures.mjs";
import { atMost, exactly, figure, largest, over, row, spied, spyIn, start } from "./kit.mjs";

const CODECS = fileURLToPath(new URL("../../data/codecs/", import.meta.url));
const PICTURE = /\.(jpe?g|png|webp|gif|bmp|tiff?|ico|cur|qoi|p[bgnp]m|pam|tga|ps[db]|dng|nef|arw|raf|rw2|orf)$/i;
const LARGEST_SEED = 300_000;
const BATCH = 250;
/** One that can stay planar from end to end, one that cannot. */
const WORKFLOWS = [
  pictures.chain("mutated-planar", [["resize", { width: 64 }], ["sharpen", {}]]),
  pictures.chain("mutated-rgb", [["adjust", { contrast: 10 }], ["resize", { width: 64 }]], { format: "png" }),
];

/** Mutated files. */
export const mutated = {
  name: "mutated",
  title: "mutated files",
  long: { files: 10_000 },
  short: { files: 150 },
  async run(run) {
    const { random, sizes } = run;
    const seeds = run.seeds ? below(run.seeds) : await ownSeeds();
    const { page } = await spied(run);
    let crashed = 0;
    page.on("crash", () => (crashed += 1));
    const [counts, reasons, durations] = [{ success: 0, failed: 0 }, new Map(), []];
    for (let first = 0; first < sizes.files; first += BATCH) {
      const files = Array.from({ length: Math.min(BATCH, sizes.files - first) }, (_, index) => {
        const seed = random.pick(seeds);
        return { name: `${first + index}-${seed.name}`, bytes: mutate(random, seed.bytes, seeds) };
      });
      const assets = await importFiles(page, files);
      const { batchId } = await start(page, over(assets, WORKFLOWS[(first / BATCH) % WORKFLOWS.length]));
      await until(page, batchId, ({ completedAt }) => completedAt !== null, 30_000 + 2_000 * files.length);
      for (const one of await executions(page, batchId)) {
        counts[one.status] += 1;
        durations.push(one.durationMs);
        if (one.errorCategory === "system_error") {
          reasons.set(one.error, [...(reasons.get(one.error) ?? []), one.inputAsset.inputs[0].name]);
        }
      }
      await ask(page, "deleteBatch", batchId);
      run.say(`${first + files.length} files: ${counts.success} succeeded, ${counts.failed} failed`);
    }
    // Both workers, or their replacements, still work.
    const good = await importFiles(page, [{ name: "good.jpg", bytes: pictures.photo("cat") }]);
    const { status } = await runBatch(page, over([...good, ...good, ...good, ...good], WORKFLOWS[0]));
    const { lost, alive } = await (await spyIn(page)).evaluate(() => {
      const spy = self.torture;
      return { lost: spy.workers.length - spy.pool().length - spy.workers.filter(({ importer }) => importer).length, alive: spy.ready() };
    });
    for (const [reason, names] of reasons) run.say(`${reason}: ${names.join(" ")}`);
    const system = [...reasons.values()].reduce((sum, names) => sum + names.length, 0);
    return [
      figure("seeds", seeds.length),
      exactly("ended as success or failed", sizes.files, counts.success + counts.failed),
      figure("success / failed", `${counts.success} / ${counts.failed}`),
      atMost("longest", 20, largest(durations) / 1000, " s"),
      row("failed because of a fault in the program", 0, system === 0 ? 0 : `${system}: ${[...reasons.keys()].slice(0, 3).join("; ")}`, system === 0),
      figure("workers replaced", lost),
      exactly("workers ready afterwards", 2, alive),
      exactly("good pictures afterwards", 4, status.assets.completed),
      exactly("tabs lost", 0, crashed),
    ];
  },
};

/** Files of a folder and those below it. */
function below(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => PICTURE.test(name))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size <= LARGEST_SEED)
    .sort()
    .map((path) => ({ name: path.split(/[\\/]/).at(-1), bytes: readFileSync(path) }));
}

/** Small files in every readable format and most of their variants. */
async function ownSeeds() {
  const base = (name) => sharp(pictures.photo(name)).resize(160, 120, { fit: "cover" });
  const made = [
    ["baseline.jpg", base("cat").jpeg({ quality: 85 })],
    ["progressive.jpg", base("tulips").jpeg({ quality: 75, progressive: true })],
    ["full-chroma.jpg", base("flowers").jpeg({ quality: 95, chromaSubsampling: "4:4:4" })],
    ["gray.jpg", base("coins").toColourspace("b-w").jpeg()],
    ["described.jpg", base("portrait").jpeg().withMetadata({ orientation: 6, icc: "p3" })],
    ["colour.png", base("cat").png()],
    ["palette.png", base("tulips").png({ palette: true, colours: 32 })],
    ["interlaced.png", base("flowers").png({ progressive: true })],
    ["deep.png", base("moon").toColourspace("rgb16").png()],
    ["alpha.png", base("retina").ensureAlpha(0.5).png()],
    ["lossy.webp", base("cat").webp({ quality: 80 })],
    ["lossless.webp", base("tulips").webp({ lossless: true })],
    ["alpha.webp", base("grass").ensureAlpha(0.5).webp({ quality: 60 })],
    ["still.gif", base("branches").gif()],
  ];
  const encoded = await Promise.all(made.map(async ([name, image]) => ({ name, bytes: await image.toBuffer() })));
  return [...encoded, ...below(CODECS)];
}

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** One to four changes to a file, each of a random kind; mostly short ones. */
export function mutate(random, original, seeds) {
  let bytes = Buffer.from(original);
  for (let left = random.integer(1, 4); left > 0 && bytes.length > 8; left -= 1) {
    const at = random.integer(0, bytes.length - 1);
    const length = Math.min(bytes.length - at, random.integer(1, random.chance(0.7) ? 16 : Math.max(1, bytes.length >> 2)));
    switch (random.integer(0, 7)) {
      case 0:
        for (let count = random.integer(1, 16); count > 0; count -= 1) bytes[random.integer(0, bytes.length - 1)] ^= 1 << random.integer(0, 7);
        break;
      case 1:
        bytes[at] = random.pick(INTERESTING) & 0xff;
        break;
      case 2:
        bytes = bytes.subarray(0, Math.max(1, at));
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 5: {
        const other = random.pick(seeds).bytes;
        const from = random.integer(0, other.length - 1);
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at)]);
        break;
      }
      case 6: {
        // Sizes, lengths and offsets are near the beginning.
        const field = random.integer(0, Math.min(bytes.length, 96) - 4);
        const value = random.chance(0.7) ? random.pick(INTERESTING) : random.integer(0, 0xffff);
        if (random.chance(0.5)) bytes.writeUInt16BE(value & 0xffff, field);
        else if (random.chance(0.5)) bytes.writeUInt16LE(value & 0xffff, field);
        else if (random.chance(0.5)) bytes.writeUInt32BE(value >>> 0, field);
        else bytes.writeUInt32LE(value >>> 0, field);
        break;
      }
      default:
        for (let place = at; place < Math.min(at + length, at + 64); place += 1) bytes[place] = random.integer(0, 255);
    }
  }
  return bytes;
}
