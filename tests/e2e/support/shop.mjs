// A page of another origin with a strict policy that has the deployment's element in it.

import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder, serve } from "./harness.mjs";
import { serveHost } from "./host.mjs";

/** What a page needs to allow for an element of the deployment at this address. */
export const here = (base) => ({ "script-src": `'self' ${new URL(base).origin} 'wasm-unsafe-eval'`, "worker-src": "blob:", "connect-src": `'self' ${base}`, "img-src": "blob:" });

/** What it needs to allow for one in a frame: that, and nothing else. */
export const framed = (base) => ({ "script-src": `'self' ${new URL(base).origin}`, "connect-src": "'self'", "frame-src": base, "worker-src": "'none'" });

/** Keeps every event of the page's elements and every key. */
const RECORDER = `
window.heard = [];
for (const name of ["ready", "filesadded", "batchstarted", "progress", "executioncompleted", "batchcompleted", "error"]) {
  document.addEventListener("pixelmill-" + name, ({ target, detail }) => window.heard.push({ id: target.id, name, detail: name === "ready" ? null : detail }));
}
window.keys = [];
addEventListener("keydown", ({ key, defaultPrevented }) => window.keys.push([key, defaultPrevented]));
`;

/** Styles that an element must not notice. */
const CSS = "* { color: rgb(255, 0, 0); } button { display: none; } html { font-size: 40px; } h1 { letter-spacing: 9px; }";

/** Serves such a page with this markup, which may have the deployment's address in it. */
export function serveShop({ deployment, policy = here, markup, files = {} }) {
  const base = deployment.url;
  const head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>';
  const scripts = `<script type="module" src="recorder.js"></script><script type="module" src="${base}embed.js"></script>`;
  const page = `${head}<link rel="stylesheet" href="shop.css">${scripts}${markup(base)}`;
  return serveHost(base, { policy: { "style-src": "'self'", ...policy(base) }, scripts: { "index.html": page, "recorder.js": RECORDER, "shop.css": CSS, ...files } });
}

/** A deployment whose frame these origins may embed. */
export function deploymentFor(allow) {
  const folder = join(scratchFolder("frame"), "dist");
  cpSync(process.env.PIXELMILL_DIST, folder, { recursive: true });
  writeFileSync(join(folder, "frame.json"), JSON.stringify({ allow }));
  return serve(folder, { cors: true });
}
