// Who started which execution, as the spies tell while it happens.

import { hearing, wait } from "./kit.mjs";

/** Who started what. */
export class Book {
  constructor() {
    this.starts = [];
    this.doubled = [];
    this.dead = new Set();
    this.running = new Map();
    this.hearers = new Set();
  }

  prepare() {
    return async (context) => {
      await hearing(context, (record) => this.told(record));
    };
  }

  told(record) {
    const { kind, service, id, attempt } = record;
    const earlier = this.running.get(id);
    if (kind === "end") {
      if (earlier?.service === service && earlier.attempt === attempt) this.running.delete(id);
      return;
    }
    if (kind !== "start") return;
    // A start counts as a duplicate if that attempt was started before, or an earlier one is still running in a service that is alive.
    const again = this.starts.some((start) => start.id === id && start.attempt === attempt);
    if (again || (earlier && !this.dead.has(earlier.service))) this.doubled.push(record);
    this.starts.push(record);
    this.running.set(id, record);
    for (const hearer of this.hearers) hearer(record);
  }

  /** Resolves with the first start from now on that satisfies a condition; or with undefined when that takes too long. */
  async next(condition, patience = 20_000) {
    let hearer;
    const found = new Promise((resolve) => {
      hearer = (record) => condition(record) && resolve(record);
      this.hearers.add(hearer);
    });
    const answer = await Promise.race([found, wait(patience)]);
    this.hearers.delete(hearer);
    return answer;
  }
}
