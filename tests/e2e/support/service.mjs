// The page's other programs: the service, which runs the batches, and the workers it starts, which import files and run pictures.

import assert from "node:assert/strict";
import { addressOf } from "./built.mjs";

/**
 * Runs a script in the service of every page that a context loads from now on, before the service's own code. `script` is its text or a
 * function without parameters; or one that is called whenever a service is loaded, and returns the text: `{ each: () => text }`.
 */
export async function inService(context, script) {
  const text = () => (script.each ? script.each() : typeof script === "function" ? `(${script})();` : script);
  await context.route(addressOf("service.js"), async (route) => {
    try {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${text()}\n${await response.text()}` });
    } catch (error) {
      // The browser may be killed meanwhile.
      if (!/disposed|closed|canceled/.test(error.message)) throw error;
    }
  });
}

async function named(page, prefix) {
  const workers = page.workers();
  const names = await Promise.all(workers.map((worker) => worker.evaluate(() => self.name).catch(() => "")));
  return workers.filter((_, index) => names[index].startsWith(prefix));
}

/** The page's service. */
export async function serviceOf(page) {
  const services = await named(page, "pixelmill-service:");
  assert.equal(services.length, 1, "the page has one service");
  return services[0];
}

/** The workers of the page's service, oldest first. */
export async function workersOf(page) {
  return await named(page, "pixelmill-worker:");
}
