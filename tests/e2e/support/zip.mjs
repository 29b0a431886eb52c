// Reads ZIP files for the tests, strictly: anything that only a lenient reader would accept is an error here. Also writes them.

import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { crc32 } from "./pictures.mjs";

/** The entries in the order of the central directory: `[{ name, bytes }]`. Stored entries only, including ZIP64. */
export function readZip(bytes) {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  assert.ok(end >= 0 && end + 22 + bytes.readUInt16LE(end + 20) === bytes.length, "the end record is missing or not at the end");
  let count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  const locator = end - 20;
  if (locator >= 0 && bytes.readUInt32LE(locator) === 0x07064b50) {
    const record = Number(bytes.readBigUInt64LE(locator + 8));
    assert.equal(bytes.readUInt32LE(record), 0x06064b50, "the ZIP64 end record is not where its locator says");
    count = Number(bytes.readBigUInt64LE(record + 32));
    at = Number(bytes.readBigUInt64LE(record + 48));
  }
  const entries = [];
  for (let index = 0; index < count; index += 1) {
    assert.equal(bytes.readUInt32LE(at), 0x02014b50, `central header ${index} is missing`);
    const flags = bytes.readUInt16LE(at + 8);
    assert.equal(bytes.readUInt16LE(at + 10), 0, "an entry is not stored");
    const [crc, size, full] = [16, 20, 24].map((offset) => bytes.readUInt32LE(at + offset));
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const name = bytes.subarray(at + 46, at + 46 + nameLength);
    assert.ok(flags & 0x800 || name.every((byte) => byte < 128), "a name is neither ASCII nor marked as UTF-8");
    const local = bytes.readUInt32LE(at + 42);
    assert.ok(![size, full, local].includes(0xffffffff), "this reader takes small entries only");
    assert.equal(size, full);
    assert.equal(bytes.readUInt32LE(local), 0x04034b50, `local header ${index} is missing`);
    assert.deepEqual(bytes.subarray(local + 30, local + 30 + bytes.readUInt16LE(local + 26)), name, "the two names of an entry differ");
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + size);
    assert.equal(crc32(data), crc, `the checksum of ${name} is wrong`);
    entries.push({ name: name.toString("utf8"), bytes: data });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

/** A ZIP of files, compressed as by other programs: `{ "sub/name.jpg": bytes }`. */
export function writeZip(files) {
  const [parts, directory] = [[], []];
  let offset = 0;
  for (const [path, bytes] of Object.entries(files)) {
    const [name, packed] = [Buffer.from(path), deflateRawSync(bytes)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), common, name, packed);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00"), common, place, name);
    offset += 30 + name.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(files).length, 4);
  end.writeUInt16LE(Object.keys(files).length, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, list, Buffer.from("PK\x05\x06"), end]);
}
