import type { Ids } from '../base/ids.ts';

/** A seeded generator (mulberry32). Not for secrets. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** An integer in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }
}

/** Of each byte: every simulated answer has an id. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** `Ids` from a seed: the same seed gives the same ids in the same order. */
export class SeededIds implements Ids {
  private readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  hex(bytes: number): string {
    let text = '';
    for (let i = 0; i < bytes; i++) text += HEX[this.random.below(256)] ?? '';
    return text;
  }

  uuid(): string {
    return `${this.hex(4)}-${this.hex(2)}-${this.hex(2)}-${this.hex(2)}-${this.hex(6)}`;
  }
}
