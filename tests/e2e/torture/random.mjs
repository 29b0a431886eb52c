// Reproducible random numbers: a failed scenario can be replayed from its seed.

/** A generator (mulberry32) with the methods that scenarios use. */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** At least 0, below 1. */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from `low` to `high`, inclusive. */
  integer(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** One of a list. */
  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  /** Whether an event of this probability happens. */
  chance(probability) {
    return this.next() < probability;
  }

  /** `count` different whole numbers from `low` to `high`, or as many as there are, in order. */
  several(count, low, high) {
    const found = new Set();
    while (found.size < Math.min(count, high - low + 1)) found.add(this.integer(low, high));
    return [...found].sort((one, other) => one - other);
  }

  /** Another generator, for one part of a run: the parts draw independently of each other. */
  fork() {
    return new Random(Math.floor(this.next() * 4294967296));
  }
}
