// Checking a page with axe.

import { createRequire } from "node:module";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** The rules that something on the page breaks, each with where. The page must have been opened with `bypassCSP`. */
export async function violations(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.addScriptTag({ path: AXE });
  await page.evaluate(settled);
  return await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const found = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary})`).join("; ")}`);
  });
}

/** Waits until nothing has faded or moved for two frames: until then, colours are between two states. The end of one transition can begin another, and what changed just now has begun none yet. */
async function settled() {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const running = () => document.getAnimations().filter((animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime));
  for (let still = 0; still < 2; ) {
    const animations = running();
    await Promise.all(animations.map((animation) => animation.finished.catch(() => {})));
    await frame();
    still = animations.length === 0 ? still + 1 : 0;
  }
}
