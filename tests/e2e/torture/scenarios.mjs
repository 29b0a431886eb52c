// The list: what `cargo xtask torture` runs in full and `torture.test.mjs` in short form. A scenario has sizes for both, and a function from a
// run (`random`, `sizes`, `say`, `after`) to rows of the table.

import { abort } from "./abort.mjs";
import { bombs } from "./bombs.mjs";
import { damaged } from "./damaged.mjs";
import { crash, kill } from "./interruptions.mjs";
import { memory, scale } from "./many.mjs";
import { mutated } from "./mutated.mjs";
import { poison, tabPoison } from "./poison.mjs";
import { quota } from "./quota.mjs";
import { leader, tabs } from "./tabs.mjs";
import { workers } from "./workers.mjs";

export const scenarios = [crash, kill, workers, poison, tabPoison, tabs, leader, mutated, bombs, quota, abort, damaged, scale, memory];
