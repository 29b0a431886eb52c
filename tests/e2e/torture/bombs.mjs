// Small files that claim to be large: pictures, and their metadata.

import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { executions, importFiles, scratchFolder, until } from "../support/harness.mjs";
import * as pictures from "../support/pictures.mjs";
import { atMost, browserOf, exactly, figure, largest, over, row, sampleMemory, spiedOnDisk, start } from "./kit.mjs";

const SMALL = pictures.chain("small", [["resize", { width: 64 }]]);

/** Bombs. */
export const bombs = {
  name: "bombs",
  title: "files that claim far more than they contain",
  long: { rounds: 5 },
  short: { rounds: 1 },
  async run(run) {
    const folder = scratchFolder("torture");
    const { page } = await spiedOnDisk(run, folder);
    const good = await importFiles(page, [{ name: "good.jpg", bytes: pictures.photo("cat") }]);
    const execute = async (assets) => {
      const { batchId } = await start(page, over(assets, SMALL));
      await until(page, batchId, ({ completedAt }) => completedAt !== null);
      return await executions(page, batchId);
    };
    // Workers are running, and have allocated what intact files of this size need.
    const [sound] = await importFiles(page, [{ name: "sound.png", bytes: await noise() }]);
    const sized = await importFiles(page, await sizeBombs());
    const told = await importFiles(page, await metadataBombs());
    const browser = browserOf(folder);
    const usual = sampleMemory(browser ?? -1, 20);
    for (let round = 0; round < 2 * run.sizes.rounds; round += 1) await execute(Array.from({ length: 8 }, () => sound));
    const before = largest(usual.stop().map(({ size }) => size));
    const memory = sampleMemory(browser ?? -1, 20);
    const all = { sized: [], told: [] };
    for (let round = 0; round < run.sizes.rounds; round += 1) all.sized.push(...(await execute(sized)));
    for (let round = 0; round < run.sizes.rounds; round += 1) all.told.push(...(await execute(told)));
    const peak = largest(memory.stop().map(({ size }) => size));
    const times = (list) => list.map(({ durationMs }) => durationMs);
    const described = (one) => `${one.inputAsset.inputs[0].name}: ${one.status} ${one.error ?? ""}`;
    const refused = (one) => one.status === "failed" && one.errorCategory === "validation_error";
    const odd = [...all.sized.filter((one) => !refused(one)), ...all.told.filter((one) => one.status === "failed" && !refused(one))];
    for (const one of [...all.sized, ...all.told].slice(0, sized.length + told.length)) run.say(`${described(one)} (${one.durationMs} ms)`);
    return [
      exactly("claims of too many pixels refused", sized.length * run.sizes.rounds, all.sized.filter(refused).length),
      figure("overlong metadata refused / left out", `${all.told.filter(refused).length} / ${all.told.filter(({ status }) => status === "success").length}`),
      row("neither refused nor run", 0, odd.map(described).join("; ") || 0, odd.length === 0),
      atMost("time of each", 200, largest([...times(all.sized), ...times(all.told)]), " ms"),
      browser === undefined ? figure("memory of the renderer", "not reported by this system") : atMost("memory of the renderer beyond that of intact files", 50, peak - before, " MB"),
      exactly("good pictures afterwards", "success", (await execute(good))[0].status),
    ];
  },
};

/** An intact PNG of 5 MB. */
async function noise() {
  const [width, height] = [1300, 1300];
  return await sharp({ create: { width, height, channels: 3, background: "#808080", noise: { type: "gaussian", mean: 128, sigma: 60 } } }).png().toBuffer();
}

async function sizeBombs() {
  const bmp = (width, height) => {
    const file = Buffer.alloc(54 + 64);
    file.write("BM", "latin1");
    file.writeUInt32LE(file.length, 2);
    file.writeUInt32LE(54, 10);
    file.writeUInt32LE(40, 14);
    file.writeInt32LE(width, 18);
    file.writeInt32LE(height, 22);
    file.writeUInt16LE(1, 26);
    file.writeUInt16LE(24, 28);
    return file;
  };
  const gif = await sharp(pictures.photo("cat")).resize(16).gif().toBuffer();
  gif.writeUInt16LE(65535, 6);
  gif.writeUInt16LE(65535, 8);
  const frame = gif.indexOf(0x2c, 13 + 3 * 2 ** ((gif[10] & 7) + 1));
  gif.writeUInt16LE(65535, frame + 5);
  gif.writeUInt16LE(65535, frame + 7);
  const lossless = await sharp(pictures.photo("cat")).resize(16).webp({ lossless: true }).toBuffer();
  // 14 bits each for width − 1 and height − 1: the largest that the format knows but one.
  lossless.writeUInt32LE((lossless.readUInt32LE(21) & 0xf0000000) | 0x3ffe | (0x3ffe << 14), 21);
  return [
    { name: "65535.png", bytes: pictures.pngClaiming(65535, 65535) },
    { name: "20000.png", bytes: pictures.pngClaiming(20000, 20000) },
    { name: "thin.png", bytes: pictures.pngClaiming(2_000_000_000, 1) },
    { name: "65535.jpg", bytes: await pictures.jpegClaiming(65535, 65535) },
    { name: "12000.jpg", bytes: await pictures.jpegClaiming(12000, 12000) },
    { name: "65535.gif", bytes: gif },
    { name: "16383.webp", bytes: lossless },
    { name: "30000.bmp", bytes: bmp(30000, 30000) },
    { name: "most.bmp", bytes: bmp(0x7fffffff, 0x7fffffff) },
  ];
}

async function metadataBombs() {
  const png = await sharp(pictures.photo("cat")).resize(64).png().toBuffer();
  const jpeg = await sharp(pictures.photo("cat")).resize(64).jpeg().toBuffer();
  const webp = await sharp(pictures.photo("cat")).resize(64).withIccProfile("p3").webp().toBuffer();
  const chunk = (type, data) => {
    const whole = Buffer.alloc(12 + data.length);
    whole.writeUInt32BE(data.length, 0);
    whole.write(type, 4, "latin1");
    whole.set(data, 8);
    whole.writeUInt32BE(pictures.crc32(whole.subarray(4, 8 + data.length)), 8 + data.length);
    return whole;
  };
  /** A PNG with an additional chunk after its header. */
  const withChunk = (type, ...parts) => Buffer.concat([png.subarray(0, 33), chunk(type, Buffer.concat(parts)), png.subarray(33)]);
  const zeros = deflateSync(Buffer.alloc(256 << 20), { level: 9 });
  const segments = (marker, head, count) =>
    Buffer.concat([
      jpeg.subarray(0, 2),
      ...Array.from({ length: count }, (_, index) => {
        const segment = Buffer.alloc(65537, 0x20);
        segment.writeUInt16BE(marker, 0);
        segment.writeUInt16BE(65535, 2);
        segment.set(head(index), 4);
        return segment;
      }),
      jpeg.subarray(2),
    ]);
  const riff = (type, length) => {
    const data = Buffer.alloc(8 + length, 0x20);
    data.write(type, "latin1");
    data.writeUInt32LE(length, 4);
    const at = webp.indexOf("ICCP");
    const old = 8 + webp.readUInt32LE(at + 4) + (webp.readUInt32LE(at + 4) & 1);
    const whole = Buffer.concat([webp.subarray(0, at), data, webp.subarray(at + old)]);
    whole.writeUInt32LE(whole.length - 8, 4);
    return whole;
  };
  const endless = Buffer.from(withChunk("tEXt", Buffer.from("Comment\0x")));
  endless.writeUInt32BE(0x7fffffff, 33);
  return [
    { name: "profile-of-256-MB.png", bytes: withChunk("iCCP", Buffer.from("profile\0\0"), zeros) },
    { name: "text-of-256-MB.png", bytes: withChunk("zTXt", Buffer.from("Comment\0\0"), zeros) },
    { name: "international-text-of-256-MB.png", bytes: withChunk("iTXt", Buffer.from("Comment\0\u0001\0\0\0"), zeros) },
    { name: "text-in-full.png", bytes: withChunk("tEXt", Buffer.from("Comment\0"), Buffer.alloc(1 << 20, 0x20)) },
    { name: "chunk-of-2-GB.png", bytes: endless },
    { name: "profile-of-66-parts.jpg", bytes: segments(0xffe2, (index) => Buffer.from(`ICC_PROFILE\0${String.fromCharCode(index + 1, 66)}`, "latin1"), 66) },
    { name: "exif-16-times.jpg", bytes: segments(0xffe1, () => Buffer.from("Exif\0\0MM\0*\0\0\0\b\xff\xff", "latin1"), 16) },
    { name: "comments.jpg", bytes: segments(0xfffe, () => Buffer.alloc(0), 16) },
    { name: "profile-of-5-MB.webp", bytes: riff("ICCP", 5_000_000) },
  ];
}
