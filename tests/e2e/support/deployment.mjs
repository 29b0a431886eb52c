// A copy of the built page that is changed as by a deployment, and a server that can be made to stop in the middle of one.

import { createHash } from "node:crypto";
import { cpSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { DIST, declaredNames } from "./built.mjs";
import { scratchFolder } from "./harness.mjs";

/** The id and the files of the build that a service worker's script belongs to. */
export function buildOf(script) {
  return JSON.parse(/^const BUILD = (.*);$/m.exec(script)[1]);
}

/** A copy of the built page that can be changed like a folder during a deployment. */
export function deployment() {
  const folder = scratchFolder("deployment");
  cpSync(DIST, folder, { recursive: true });
  const at = (name) => join(folder, name);
  return {
    folder,
    get build() {
      return buildOf(readFileSync(at("sw.js"), "utf8"));
    },
    /** Replaces a file with another revision, which makes another build; returns the file's new name. */
    update(plain, change) {
      const html = readFileSync(at("index.html"), "utf8");
      const script = readFileSync(at("sw.js"), "utf8");
      const build = buildOf(script);
      const old = declaredNames(html)[plain] ?? Object.keys(build.files).find((name) => name.replace(/-[0-9a-f]{16}\./, ".") === plain);
      const content = Buffer.from(change(readFileSync(at(old))));
      const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);
      const name = old.replace(/-[0-9a-f]{16}\./, `-${hash(old + hash(content))}.`);
      writeFileSync(at(old), content);
      renameSync(at(old), at(name));
      const files = { ...build.files };
      if (old in files) {
        delete files[old];
        files[name] = content.length;
      }
      const id = hash(build.id + name);
      writeFileSync(at("index.html"), html.replaceAll(old, name).replace(`content="${build.id}"`, `content="${id}"`));
      writeFileSync(at("sw.js"), script.replace(/^const BUILD = .*;$/m, () => `const BUILD = ${JSON.stringify({ id, files })};`));
      return name;
    },
  };
}

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json" };

/**
 * Serves a folder below a path, as `serve` does, on any port or a given one. Requests for paths that `held` matches are never answered while it is set; `asked` lists
 * all paths.
 */
export async function serveHolding(folder, port = 0) {
  const base = "/some/sub-path/";
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    site.asked.push(path);
    if (site.held?.test(path)) return;
    const name = normalize(path.slice(base.length)) === "." ? "index.html" : path.slice(base.length);
    try {
      const body = readFileSync(join(folder, name));
      response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "cache-control": "no-cache" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const site = {
    url: `http://127.0.0.1:${server.address().port}${base}`,
    port: server.address().port,
    asked: [],
    held: undefined,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return site;
}
