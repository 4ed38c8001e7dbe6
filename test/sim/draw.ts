import { Random } from '../../src/simulator/random.ts';

/** Choices of one seed, in the order in which they are asked for. */
export class Draw {
  readonly #random: Random;

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike.
    this.#random = new Random(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13));
    this.#random.next();
  }

  /** True that often, 0 to 1. */
  chance(share: number): boolean {
    return this.#random.next() < share;
  }

  /** An integer in [from, to]. */
  between(from: number, to: number): number {
    return from + this.#random.below(to - from + 1);
  }

  pick<T>(from: readonly T[]): T {
    const chosen = from[this.#random.below(from.length)];
    if (chosen === undefined) throw new Error('nothing to pick from');
    return chosen;
  }

  /** As many as drawn, made one after the other. */
  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.between(0, most) }, make);
  }
}
