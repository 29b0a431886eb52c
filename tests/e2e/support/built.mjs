// The files of the built page: each has the hash of its content in its name, and index.html declares the names.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the built page. */
export const DIST = process.env.PIXELMILL_DIST ?? fileURLToPath(new URL("../../../dist", import.meta.url));

/** The names that a page declares for the files that it fetches by itself, by their plain names. */
export function declaredNames(html) {
  return JSON.parse(/<meta name="pixelmill-files" content='([^']*)'>/.exec(html)[1]);
}

/** The name that a file has in the built page. */
export function builtName(plain) {
  const name = declaredNames(readFileSync(join(DIST, "index.html"), "utf8"))[plain];
  if (!name) throw new Error(`the page declares no ${plain}`);
  return name;
}

/** Matches an address of a file of the page, whatever its revision. */
export function addressOf(plain) {
  const [, stem, extension] = /^(.*)(\.[^.]*)$/.exec(plain);
  return new RegExp(`/${stem}-[0-9a-f]{16}\\${extension}$`);
}
