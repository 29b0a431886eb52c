// A page of somebody else, on an origin of its own and with a policy, that uses the npm client. It does not have the page's
// `window.pixelmill`, so it puts its connection there, and what the other helpers call is the client.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";

/** The sources of the policy that the client needs in such a page, for a deployment at this address. */
export function neededPolicy(base) {
  return { "default-src": "'none'", "script-src": "'self' 'wasm-unsafe-eval'", "worker-src": "blob:", "connect-src": base };
}

/** The client as it is in the sources. */
export const CLIENT = readFileSync(new URL("../../../src/client/pixelmill.js", import.meta.url), "utf8");

const source = (path) => readFileSync(new URL(`../../../src/${path}`, import.meta.url), "utf8");

/** What it imports, as it is in the package. */
const IMPORTED = { "process.js": source("client/process.js"), "element.js": source("embed/element.js").replace("../client/", "./") };

/** Connects as the address says, and keeps the events in the order in which they arrived. */
const HOST = `
import * as client from "./pixelmill.js";

const { base, ...options } = Object.fromEntries(new URL(location).searchParams);
window.client = client;
window.base = base;
window.heard = [];
try {
  const pixelmill = await client.connect({ base, ...options });
  for (const type of ["progress", "executioncompleted", "batchcompleted"]) {
    pixelmill.addEventListener(type, ({ detail }) => window.heard.push({ type, detail }));
  }
  window.pixelmill = pixelmill;
} catch (error) {
  window.refused = { ...error, message: error.message, name: error.name };
}
`;

const PAGE = '<!doctype html><meta charset="utf-8"><title>Host</title><script type="module" src="./host.js"></script>';

const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", json: "application/json" };

/**
 * Serves such a page: `url` is its address for a deployment at `base`. `scripts` replaces its scripts, `policy` its policy's sources.
 */
export async function serveHost(base, { scripts = {}, policy = {}, query = {} } = {}) {
  const files = { "index.html": PAGE, "host.js": HOST, "pixelmill.js": CLIENT, ...IMPORTED, ...scripts };
  const rules = Object.entries({ ...neededPolicy(base), ...policy });
  const header = rules.map(([directive, sources]) => `${directive} ${sources}`).join("; ");
  const server = createServer((request, response) => {
    const name = new URL(request.url, "http://x").pathname.slice(1) || "index.html";
    if (!Object.hasOwn(files, name)) return void response.writeHead(204).end();
    response.writeHead(200, { "content-type": TYPES[name.split(".").at(-1)], "content-security-policy": header, "cache-control": "no-store" }).end(files[name]);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A test that fails may not get as far as stopping it.
  server.unref();
  const address = `http://127.0.0.1:${server.address().port}/`;
  return {
    url: `${address}?${new URLSearchParams({ base, ...query })}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
