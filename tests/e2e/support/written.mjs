// What the page writes of a picture, and how it is compared with what another reader makes of it.

import assert from "node:assert/strict";
import { importFiles, readAsset, run, withImages } from "./harness.mjs";
import * as pictures from "./pictures.mjs";

/** Runs one file through a workflow that only writes it; the one result, with its bytes. */
export async function written(page, bytes, output) {
  const photos = await importFiles(page, [{ name: "picture.bin", bytes }]);
  const { executions } = await run(page, withImages(pictures.chain("saved", [], output), { photos }));
  const [{ status, outputs, warnings, error }] = executions;
  assert.equal(status, "success", error);
  return { ...outputs[0], warnings, data: Buffer.from(await readAsset(page, outputs[0].url)) };
}

/** A picture without its alpha. */
export function opaque({ data, width, height }) {
  return pictures.draw(width, height, 3, (x, y, channel) => data[(y * width + x) * 4 + channel]);
}

/** A picture as it is seen on white. */
export function onWhite({ data, width, height }) {
  return pictures.draw(width, height, 3, (x, y, channel) => {
    const [at, alpha] = [(y * width + x) * 4, data[(y * width + x) * 4 + 3] / 255];
    return data[at + channel] * alpha + 255 * (1 - alpha);
  });
}
