import type { Fault } from './seeds.ts';

/** Codes that services throttle with, where it is not 400 `Throttling`. */
const THROTTLES: Record<string, readonly [code: string, httpStatus: number, message: string]> = {
  ec2: ['RequestLimitExceeded', 503, 'Request limit exceeded.'],
  s3: ['SlowDown', 503, 'Please reduce your request rate.'],
  sns: ['ThrottledException', 429, 'Rate exceeded'],
};

export function throttleOf(service: string): readonly [code: string, httpStatus: number, message: string] {
  return THROTTLES[service] ?? ['Throttling', 400, 'Rate exceeded'];
}

/** An answer of the right form, of which somebody else has taken out what makes it one. */
export function emptied(output: unknown, without: 'lists' | 'elements'): unknown {
  if (Array.isArray(output)) return without === 'lists' ? [] : output.map(() => ({}));
  if (typeof output !== 'object' || output === null || output instanceof Date || output instanceof Uint8Array) return output;
  return Object.fromEntries(Object.entries(output).map(([name, value]) => [name, emptied(value, without)]));
}

export class Faults {
  private faults: { fault: Fault; left: number }[] = [];

  add(fault: Fault): () => void {
    const entry = { fault: { ...fault }, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.faults.push(entry);
    return () => {
      this.faults = this.faults.filter((other) => other !== entry);
    };
  }

  take(call: { region: string; service: string; operation: string; mutation: boolean }): Fault['effect'] | undefined {
    if (this.faults.length === 0) return undefined;
    const entry = this.faults.find(({ fault, left }) => left > 0 && matches(fault, call));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.faults = this.faults.filter((other) => other !== entry);
    return entry.fault.effect;
  }
}

function matches(fault: Fault, call: { region: string; service: string; operation: string; mutation: boolean }): boolean {
  if ((fault.effect.kind === 'stale-read' || fault.effect.kind === 'empty' || fault.effect.kind === 'foreign') && call.mutation) return false;
  return (
    (fault.region === undefined || fault.region === call.region) &&
    (fault.service === undefined || fault.service === call.service) &&
    (fault.operation === undefined || fault.operation === call.operation)
  );
}
