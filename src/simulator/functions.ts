import type { FunctionSeed } from './seeds.ts';

const INVOCATIONS_MAX = 1000;

export interface Invocation {
  region: string;
  name: string;
  type: 'RequestResponse' | 'Event';
  /** As it came. */
  payload: string;
  at: number;
}

/** Lambda functions, and how they were invoked. */
export class Functions {
  readonly invocations: Invocation[] = [];
  private readonly byKey = new Map<string, FunctionSeed>();

  add(seed: FunctionSeed): void {
    this.byKey.set(`${seed.region}/${seed.name}`, seed);
  }

  find(region: string, name: string): FunctionSeed | undefined {
    return this.byKey.get(`${region}/${name}`);
  }

  record(invocation: Invocation): void {
    this.invocations.push(invocation);
    if (this.invocations.length > INVOCATIONS_MAX) this.invocations.shift();
  }
}
