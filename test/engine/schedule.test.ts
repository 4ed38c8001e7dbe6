import { describe, expect, it } from 'vitest';
import type { StepEnd } from '../../src/engine/step-parts.ts';
import { inParallel, runGraph } from '../../src/engine/schedule.ts';
import type { PlanStep } from '../../src/model/step.ts';
import { planStep } from '../journal/fixture.ts';

const NOBODY = new AbortController().signal;

/** Steps that end when they are given to. */
class Runner {
  readonly started: string[] = [];
  readonly running = new Map<string, (end: StepEnd | Error) => void>();
  most = 0;

  run = (step: PlanStep): Promise<StepEnd> => {
    this.started.push(step.id);
    return new Promise((resolve, reject) => {
      this.running.set(step.id, (end) => {
        this.running.delete(step.id);
        if (end instanceof Error) reject(end);
        else resolve(end);
      });
      this.most = Math.max(this.most, this.running.size);
    });
  };

  async end(id: string, end: StepEnd | Error = 'done'): Promise<void> {
    const finish = this.running.get(id);
    if (finish === undefined) throw new Error(`${id} is not running; running: ${[...this.running.keys()].join(', ')}`);
    finish(end);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function begin(steps: readonly PlanStep[], options: { done?: string[]; limit?: number; drain?: AbortSignal } = {}) {
  const runner = new Runner();
  const end = runGraph(steps, new Set(options.done), options.limit ?? 64, options.drain ?? NOBODY, runner.run);
  let settled: string | undefined;
  end.then((e) => (settled = e), (e: unknown) => (settled = `threw ${String(e)}`));
  return { runner, end, settled: () => settled };
}

/** a, then b and c, then d. */
const DIAMOND = [planStep('a'), planStep('b', { after: ['a'] }), planStep('c', { after: ['a'] }), planStep('d', { after: ['b', 'c'] })];

describe('runGraph', () => {
  it('starts each step as soon as all before it are done', async () => {
    const { runner, end, settled } = begin(DIAMOND);
    expect(runner.started).toEqual(['a']);
    await runner.end('a');
    expect(runner.started).toEqual(['a', 'b', 'c']);
    await runner.end('c');
    expect(runner.started).toEqual(['a', 'b', 'c']);
    await runner.end('b');
    expect(runner.started).toEqual(['a', 'b', 'c', 'd']);
    expect(settled()).toBeUndefined();
    await runner.end('d');
    await expect(end).resolves.toBe('done');
  });

  it('of nothing, or of what is done already, is done', async () => {
    await expect(begin([]).end).resolves.toBe('done');
    const { runner, end } = begin(DIAMOND, { done: ['a', 'b', 'c', 'd'] });
    await expect(end).resolves.toBe('done');
    expect(runner.started).toEqual([]);
  });

  it('does not run again what is done', async () => {
    const { runner, end } = begin(DIAMOND, { done: ['a', 'b'] });
    expect(runner.started).toEqual(['c']);
    await runner.end('c');
    await runner.end('d');
    await expect(end).resolves.toBe('done');
  });

  it('runs at most so many at once, and as many', async () => {
    const steps = Array.from({ length: 10 }, (_, i) => planStep(`s${i}`));
    const { runner, end } = begin(steps, { limit: 3 });
    expect(runner.running.size).toBe(3);
    for (let i = 0; i < 10; i++) await runner.end(`s${i}`);
    await expect(end).resolves.toBe('done');
    expect(runner.most).toBe(3);
    expect(runner.started).toEqual(steps.map((s) => s.id));
  });

  it.each(['failed', 'refused', 'interrupted'] as const)('after one that is %s starts nothing new, and waits for what is running', async (bad) => {
    const steps = [...DIAMOND, planStep('x', { after: ['b'] }), planStep('late')];
    const { runner, end, settled } = begin(steps, { limit: 2 });
    await runner.end('a');
    expect([...runner.running.keys()]).toEqual(['late', 'b']);
    await runner.end('late', bad);
    expect(settled()).toBeUndefined();
    await runner.end('b');
    await expect(end).resolves.toBe(bad);
    expect(runner.started).toEqual(['a', 'late', 'b']);
  });

  it('of several bad ends the worst is given', async () => {
    for (const [first, second, told] of [['refused', 'failed', 'failed'], ['failed', 'refused', 'failed'], ['interrupted', 'refused', 'refused']] as const) {
      const { runner, end } = begin([planStep('a'), planStep('b')]);
      await runner.end('a', first);
      await runner.end('b', second);
      await expect(end).resolves.toBe(told);
    }
  });

  it('an optional step that fails or is refused holds back nothing', async () => {
    for (const bad of ['failed', 'refused'] as const) {
      const { runner, end } = begin([planStep('a', { optional: true }), planStep('b', { after: ['a'] })]);
      await runner.end('a', bad);
      expect(runner.started).toEqual(['a', 'b']);
      await runner.end('b');
      await expect(end).resolves.toBe('done');
    }
  });

  it('an optional step that is interrupted interrupts', async () => {
    const { runner, end } = begin([planStep('a', { optional: true }), planStep('b', { after: ['a'] })]);
    await runner.end('a', 'interrupted');
    await expect(end).resolves.toBe('interrupted');
    expect(runner.started).toEqual(['a']);
  });

  it('a paused step holds back what waits for it and nothing else; the end is interrupted', async () => {
    const steps = [planStep('person'), planStep('behind', { after: ['person'] }), planStep('beside'), planStep('after-beside', { after: ['beside'] })];
    const { runner, end } = begin(steps);
    await runner.end('person', 'paused');
    await runner.end('beside');
    await runner.end('after-beside');
    await expect(end).resolves.toBe('interrupted');
    expect(runner.started).toEqual(['person', 'beside', 'after-beside']);
  });

  it('throws what a step throws, once all that was running has ended', async () => {
    const { runner, end, settled } = begin([planStep('a'), planStep('b'), planStep('c', { after: ['b'] })]);
    await runner.end('a', new Error('the journal cannot be written'));
    expect(settled()).toBeUndefined();
    await runner.end('b');
    await expect(end).rejects.toThrow('the journal cannot be written');
    expect(runner.started).toEqual(['a', 'b']);
  });

  it('throws the first error of several, and makes one of what is none', async () => {
    const { runner, end } = begin([planStep('a'), planStep('b')]);
    await runner.end('a', new Error('first'));
    await runner.end('b', new Error('second'));
    await expect(end).rejects.toThrow('first');
    const words = 'words' as unknown as Error;
    const odd = runGraph([planStep('a')], new Set(), 64, NOBODY, () => Promise.reject(words));
    await expect(odd).rejects.toEqual(new Error('words'));
  });

  it('throws also where another step ended badly before', async () => {
    const { runner, end } = begin([planStep('a'), planStep('b')]);
    await runner.end('a', 'failed');
    await runner.end('b', new Error('the journal cannot be written'));
    await expect(end).rejects.toThrow('the journal cannot be written');
  });

  it('a bad end stands, whatever is paused or stopped after it', async () => {
    const stop = new AbortController();
    const { runner, end } = begin([planStep('a'), planStep('b'), planStep('c', { after: ['b'] })], { drain: stop.signal });
    await runner.end('a', 'failed');
    stop.abort(new Error('stop'));
    await runner.end('b', 'paused');
    await expect(end).resolves.toBe('failed');
    expect(runner.started).toEqual(['a', 'b']);
  });

  it('an interrupted step is worse than a paused one, and better than a refusal', async () => {
    for (const [first, told] of [['interrupted', 'interrupted'], ['refused', 'refused']] as const) {
      const { runner, end } = begin([planStep('a'), planStep('b')]);
      await runner.end('a', first);
      await runner.end('b', 'interrupted');
      await expect(end).resolves.toBe(told);
    }
  });

  it('a stop that is asked for starts nothing more', async () => {
    const stop = new AbortController();
    const { runner, end } = begin(DIAMOND, { drain: stop.signal });
    stop.abort(new Error('stop'));
    await runner.end('a');
    await expect(end).resolves.toBe('interrupted');
    expect(runner.started).toEqual(['a']);
  });

  it('a stop that comes with the last step changes nothing', async () => {
    const stop = new AbortController();
    const { runner, end } = begin([planStep('a')], { drain: stop.signal });
    stop.abort(new Error('stop'));
    await runner.end('a');
    await expect(end).resolves.toBe('done');
  });

  it('a circle is an error and no endless wait', async () => {
    await expect(begin([planStep('a', { after: ['b'] }), planStep('b', { after: ['a'] })]).end).rejects.toThrow('the plan has a circle');
  });

  it('runs ten thousand steps, in a chain and side by side', async () => {
    const count = 10_000;
    const run = (): Promise<StepEnd> => Promise.resolve('done');
    const chain = Array.from({ length: count }, (_, i) => planStep(`s${i}`, { after: i === 0 ? [] : [`s${i - 1}`] }));
    await expect(runGraph(chain, new Set(), 64, NOBODY, run)).resolves.toBe('done');
    const wide = [planStep('first'), ...Array.from({ length: count }, (_, i) => planStep(`s${i}`, { after: ['first'] }))];
    const last = planStep('last', { after: wide.map((s) => s.id) });
    const seen: string[] = [];
    await expect(runGraph([...wide, last], new Set(), 64, NOBODY, (s) => (seen.push(s.id), run()))).resolves.toBe('done');
    expect(seen).toHaveLength(count + 2);
    expect(seen.at(-1)).toBe('last');
  });
});

describe('inParallel', () => {
  it('works on every item, so many at a time', async () => {
    const seen: number[] = [];
    let now = 0;
    let most = 0;
    await inParallel([1, 2, 3, 4, 5], 2, async (n) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      seen.push(n);
    });
    expect([seen, most]).toEqual([[1, 2, 3, 4, 5], 2]);
    await inParallel([], 2, () => Promise.reject(new Error('nothing to work on')));
  });

  it('throws the first error once what had begun has ended, and begins nothing more', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const work = inParallel([1, 2, 3, 4], 2, async (n) => {
      begun.push(n);
      if (n === 1) throw new Error('one');
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
      ended.push(n);
    });
    await expect(work).rejects.toThrow('one');
    expect([begun, ended]).toEqual([[1, 2], [2]]);
  });
});
