import { AsyncLocalStorage } from 'node:async_hooks';
import { hash } from 'node:crypto';

/*
 * Runs several runners in one process and decides, operation by operation, whose takes effect next. The same choices give the same
 * run: anyone who repeats a list of choices is in the same state again.
 */

/** What a runner has asked for, and what has not happened yet. */
interface Pending {
  label: string;
  /** Ways in which it can end. The first is the usual one; the others cost one fault each. */
  ends: readonly { name: string; effect: () => unknown }[];
  settle: (effect: () => unknown) => void;
}

export class Runner {
  readonly name: string;
  readonly pending: Pending[] = [];
  /** All that it has been answered: a runner is a function of it. */
  heard = '';
  /** Undefined while it runs. */
  end: 'ended' | 'crashed' | undefined;
  readonly after: string | undefined;
  begun = false;
  readonly #work: () => Promise<void>;

  /** @param after It begins when that runner has ended or crashed. */
  constructor(name: string, work: () => Promise<void>, after?: string) {
    this.name = name;
    this.#work = work;
    this.after = after;
  }

  begin(): void {
    this.begun = true;
    here.run(this, () => void this.#work().finally(() => (this.end ??= 'ended')));
  }
}

const here = new AsyncLocalStorage<Runner>();

/** Who asks; undefined for the test itself. */
export function whoAsks(): string | undefined {
  return here.getStore()?.name;
}

/** An operation that others can see: it takes effect when it is chosen. Outside a runner at once. */
export function operation<T>(label: string, effect: () => T, faults: readonly { name: string; effect: () => T }[] = []): Promise<T> {
  const me = here.getStore();
  if (me === undefined) return new Promise((resolve) => resolve(effect()));
  return new Promise<T>((resolve, reject) => {
    const settle = (chosen: () => unknown): void => {
      try {
        const value = chosen() as T;
        me.heard = digest(me.heard, `${label}=${JSON.stringify(value ?? null)}`);
        resolve(value);
      } catch (error) {
        me.heard = digest(me.heard, `${label}!${(error as { code?: string }).code ?? ''}`);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    me.pending.push({ label, ends: [{ name: '', effect }, ...faults], settle });
  });
}

/** Short, and different for all that is different. */
function digest(...texts: readonly string[]): string {
  return hash('sha1', texts.join('\0'));
}

interface Choice {
  label: string;
  fault: boolean;
  take(): void;
}

/** One world, and the runners in it. */
export interface Scene {
  runners: readonly Runner[];
  /** May lose its memory at any point, which costs one fault. */
  mayCrash: readonly string[];
  /** All that can be seen of the world, besides what runners have heard. */
  key(): string;
  /** Asked in every state. @throws what must never be */
  check(): Promise<void>;
}

export interface Found {
  schedules: number;
  states: number;
  /** Longest schedule. */
  depth: number;
}

/**
 * Every order of the operations with at most `faults` faults, depth first. A state that was seen with as few faults is not gone into
 * again. @throws Error with the schedule that led to a violation
 */
export async function explore(make: () => Scene, faults: number): Promise<Found> {
  const seen = new Set<string>();
  const open: number[][] = [[]];
  const found: Found = { schedules: 0, states: 0, depth: 0 };
  for (let prefix = open.pop(); prefix !== undefined; prefix = open.pop()) {
    found.schedules++;
    const scene = make();
    const trace: string[] = [];
    let used = 0;
    for (let at = 0; ; at++) {
      await quiet();
      const choices = choicesOf(scene, faults - used);
      if (at >= prefix.length) {
        const key = digest(`${used}`, ...scene.runners.flatMap((r) => [r.begun ? r.heard : '-', r.end ?? '', ...r.pending.map((p) => p.label)]), scene.key());
        if (seen.has(key)) break;
        seen.add(key);
        await scene.check().catch((error: unknown) => {
          throw new Error(`${error instanceof Error ? error.message : String(error)}\n  after: ${trace.join('; ')}`, { cause: error });
        });
        for (let other = choices.length - 1; other > 0; other--) open.push([...prefix, ...Array<number>(at - prefix.length).fill(0), other]);
      }
      const choice = choices[prefix[at] ?? 0];
      if (choice === undefined) break;
      if (choice.fault) used++;
      trace.push(choice.label);
      choice.take();
      found.depth = Math.max(found.depth, at + 1);
    }
  }
  return { ...found, states: seen.size };
}

function choicesOf({ runners, mayCrash }: Scene, faults: number): Choice[] {
  const choices: Choice[] = [];
  for (const one of runners) {
    if (one.end !== undefined) continue;
    if (!one.begun) {
      const before = runners.find(({ name }) => name === one.after);
      if (before === undefined || before.end !== undefined) choices.push({ label: `${one.name} begins`, fault: false, take: () => one.begin() });
      continue;
    }
    for (const [index, { label, ends, settle }] of one.pending.entries()) {
      for (const [n, { name, effect }] of ends.entries()) {
        if (n > 0 && faults === 0) continue;
        choices.push({
          label: `${one.name}: ${label}${name === '' ? '' : ` (${name})`}`,
          fault: n > 0,
          take: () => {
            one.pending.splice(index, 1);
            settle(effect);
          },
        });
      }
    }
    if (faults > 0 && mayCrash.includes(one.name)) choices.push({ label: `${one.name} crashes`, fault: true, take: () => ((one.end = 'crashed'), one.pending.splice(0)) });
  }
  return choices;
}

/** Until every runner waits for an operation, or has ended: nothing here takes time. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
