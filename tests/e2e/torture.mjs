// `cargo xtask torture`: what must hold whatever breaks, shown with figures. Each scenario is a file in `torture/`; a seed replays
// it.

import { readdirSync } from "node:fs";
import { suite } from "./support/harness.mjs";
import { perform, sizesOf } from "./torture/perform.mjs";
import { scenarios } from "./torture/scenarios.mjs";

const USAGE = `torture takes names of scenarios (${scenarios.map(({ name }) => name).join(", ")}; all when none is given) and
  --seed <number>         the same accidents again (otherwise a new seed, which is printed)
  --short                 the small sizes of \`cargo xtask test\`
  --size <name>=<number>  another size, such as images=200, in every scenario that has it
  --seeds <folder>        files to mutate, in place of the repository's own
  --verbose               say what happens`;

const options = readOptions(process.argv.slice(2));
const begin = [];
const end = [];
suite({ before: (work) => begin.push(work), after: (work) => end.push(work) });
for (const work of begin) await work();
console.log(`  seed ${options.seed}\n`);
let failed = 0;
try {
  for (const scenario of options.chosen) {
    const sizes = sizesOf(scenario, options);
    console.log(`  ${scenario.name}: ${scenario.title} (${Object.entries(sizes).map(([name, size]) => `${name} ${size}`).join(", ") || "all"})`);
    const start = performance.now();
    const rows = await perform(scenario, { ...options, sizes, say: options.verbose ? (text) => console.log(`      ${text}`) : () => {} });
    for (const { what, bound, found, passed } of rows) {
      console.log(`    ${passed ? "✓" : "✗"} ${what.padEnd(52)} ${bound.padStart(14)}  ${found}`);
      if (!passed) failed += 1;
    }
    console.log(`      in ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
  }
} finally {
  for (const work of end) await work();
}
if (failed > 0) {
  console.log(`  ${failed} rows failed; again with: --seed ${options.seed}`);
  process.exitCode = 1;
}

function readOptions(rest) {
  const found = { seed: Math.floor(Math.random() * 1e9), short: false, verbose: false, seeds: undefined, set: new Map(), chosen: [] };
  while (rest.length > 0) {
    const option = rest.shift();
    if (option === "--seed") found.seed = numberOf(rest.shift());
    else if (option === "--short") found.short = true;
    else if (option === "--verbose") found.verbose = true;
    else if (option === "--seeds") found.seeds = folderOf(rest.shift());
    else if (option === "--size") {
      const [name, number] = (rest.shift() ?? "").split("=");
      if (!scenarios.some(({ long }) => name in long)) refuse(`no scenario has a size ${name}`);
      found.set.set(name, numberOf(number));
    } else {
      const scenario = scenarios.find(({ name }) => name === option);
      if (!scenario) refuse(`there is no scenario or option ${option}`);
      found.chosen.push(scenario);
    }
  }
  if (found.chosen.length === 0) found.chosen = scenarios;
  return found;
}

function numberOf(text) {
  const number = Number(text);
  return Number.isInteger(number) && number >= 0 ? number : refuse(`${text} is no number`);
}

function folderOf(path) {
  try {
    readdirSync(path ?? "");
    return path;
  } catch {
    return refuse(`there is no folder ${path}`);
  }
}

function refuse(reason) {
  console.error(`${reason}\n${USAGE}`);
  process.exit(2);
}
