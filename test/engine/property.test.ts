import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { verifyRecords } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { PHASES, type PlanStep } from '../../src/model/step.ts';
import { linkSteps } from '../../src/plan/graph.ts';
import { ABSENT, type Fake, PENDING, REACHED, REFUSAL, resumeTiny, runTiny, type TinyRun, tinyStep } from './tiny.ts';

/*
 * Any small plan, any behaviour of its steps, a stop or a crash at any time: what must never happen, and what must always.
 */

const WAYS = ['there', 'made', 'lost-answer', 'throttled', 'slow', 'refused', 'impossible', 'bug', 'denied', 'endless'] as const;
type Way = (typeof WAYS)[number];

interface Draft {
  phase: (typeof PHASES)[number];
  gate: boolean;
  line: boolean;
  optional: boolean;
  way: Way;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  phase: fc.constantFrom(...PHASES),
  gate: fc.boolean(),
  line: fc.boolean(),
  optional: fc.boolean(),
  // Mostly good, so that runs get somewhere.
  way: fc.oneof({ weight: 5, arbitrary: fc.constantFrom<Way>('there', 'made', 'slow', 'lost-answer', 'throttled') }, { weight: 1, arbitrary: fc.constantFrom(...WAYS) }),
});

const aws = (code: string) => new AwsError({ service: 'rds', operation: 'PromoteReadReplica', region: 'ap-northeast-1', code, message: '' });

/** The state that one step is about. It outlives the process, as AWS does. */
class World {
  there = false;
  looks = 0;
  acts = 0;
  readonly way: Way;

  constructor(way: Way) {
    this.way = way;
  }

  fake(): Fake {
    const look = () => {
      this.looks += 1;
      if (this.there || this.way === 'there') return REACHED;
      if (this.way === 'refused') return { state: 'refused', refusal: REFUSAL } as const;
      if (this.way === 'impossible') return { state: 'impossible', because: 'gone' } as const;
      if (this.way === 'endless') return PENDING;
      if (this.way === 'slow' && this.looks < 4) return PENDING;
      if (this.way === 'bug') throw new TypeError('x is not a function');
      return ABSENT;
    };
    return {
      observe: look,
      act: () => {
        this.acts += 1;
        if (this.way === 'denied') throw aws('AccessDenied');
        if (this.way === 'throttled' && this.acts < 3) throw aws('Throttling');
        this.there = true;
        if (this.way === 'lost-answer') throw aws('NoAnswer');
      },
    };
  }
}

function stepsOf(drafts: readonly Draft[]): PlanStep[] {
  const steps = drafts.map(({ phase, gate, line, optional }, i) => {
    const past = line && phase === 'data';
    // What looks at the result is no gate of the line, and a gate is never optional.
    return tinyStep(`s${i}`, { phase, limitMs: 30_000, gate: gate && !past, optional: optional && !gate && !past && phase === 'protect', reversibility: past ? 'point-of-no-return' : 'reversible' });
  });
  return linkSteps(steps, 'failover');
}

const ENDS = new Set(['step.done', 'step.refused', 'step.failed']);

const decides = (s: PlanStep): boolean => s.gate || s.phase === 'assess' || s.phase === 'fence';

function restsOn(step: PlanStep, id: string, byId: ReadonlyMap<string, PlanStep>): boolean {
  return step.after.some((before) => before === id || restsOn(byId.get(before) ?? step, id, byId));
}

function checkOrder(records: readonly JournalRecord[], steps: readonly PlanStep[]): void {
  const byId = new Map(steps.map((s) => [s.id, s]));
  const done = new Set<string>();
  /** Optional steps that ended otherwise: what waits for them continues. They are not done, so a resume tries them again. */
  const given = new Set<string>();
  let green = false;
  const line = steps.filter((s) => s.reversibility === 'point-of-no-return');
  /** Requests that may have been sent. */
  const intended = new Map<string, number>();
  const ahead = () => line.length === 0 || line.some((s) => !done.has(s.id) && (intended.get(s.id) ?? 0) === 0);
  for (const record of records) {
    if (record.type === 'run.resumed') {
      green = false;
      given.clear();
    }
    // Before the line anyone who continues decides again, where something that moves users or data still rests on it.
    if (record.type === 'run.resumed' && ahead()) {
      const again = steps.filter((s) => decides(s) && steps.some((open) => !decides(open) && open.phase !== 'verify' && open.phase !== 'protect' && !done.has(open.id) && restsOn(open, s.id, byId)));
      for (const s of again) done.delete(s.id);
    }
    // Capacity is looked at again by anyone who continues, while users are still to be led to it, also if it is a gate.
    if (record.type === 'run.resumed' && steps.some((s) => s.phase === 'traffic' && !decides(s) && !done.has(s.id))) {
      for (const s of steps) if (s.phase === 'compute') done.delete(s.id);
    }
    if (record.type === 'checks.green') green = true;
    if (!('step' in record)) continue;
    const step = byId.get(record.step);
    if (record.type === 'step.started') {
      expect(green, 'started before the checks were green').toBe(true);
      expect(done.has(record.step), `${record.step} was done, and was started again`).toBe(false);
      for (const before of step?.after ?? []) expect(done.has(before) || given.has(before), `${record.step} started before ${before} was done`).toBe(true);
    }
    if (record.type === 'step.intent' && step?.reversibility === 'point-of-no-return') {
      intended.set(record.step, (intended.get(record.step) ?? 0) + 1);
      for (const gate of steps.filter((s) => s.gate && s.phase !== 'traffic' && s.phase !== 'verify' && s.phase !== 'protect')) {
        expect(done.has(gate.id), `${record.step} crossed the line before the gate ${gate.id}`).toBe(true);
      }
    }
    // Of a request that was not sent, or that AWS clearly refused, the intent counts for nothing.
    if ((record.type === 'step.unclear' || record.type === 'step.refused' || record.type === 'step.failed') && record.unsent === true) intended.set(record.step, (intended.get(record.step) ?? 1) - 1);
    if (record.type === 'step.done') done.add(record.step);
    else if (ENDS.has(record.type) && step?.optional === true) given.add(record.step);
  }
}

function checkEnd(run: TinyRun, steps: readonly PlanStep[], worlds: ReadonlyMap<string, World>): void {
  expect(() => verifyRecords(run.records, 'j')).not.toThrow();
  expect(foldAll(run.records)).toEqual(run.state);
  expect(['succeeded', 'refused', 'failed']).toContain(run.outcome);
  expect(run.told.at(-1)).toBe('run.finished');
  const states = steps.map((s) => ({ optional: s.optional, state: run.state.steps.get(s.id)?.state, id: s.id }));
  // Nothing is left in the middle of something.
  for (const { id, state } of states) expect(['waiting', 'done', 'refused', 'failed'], id).toContain(state);
  const bad = states.filter((s) => !s.optional && (s.state === 'failed' || s.state === 'refused'));
  expect(run.outcome === 'succeeded').toBe(bad.length === 0);
  if (run.outcome === 'succeeded') for (const { id, optional, state } of states) if (!optional) expect(state, id).toBe('done');
  // What has happened is not made to happen again, whatever became of the answer.
  for (const [id, world] of worlds) {
    if (world.way === 'lost-answer' || world.way === 'made' || world.way === 'slow') expect(world.acts, id).toBeLessThanOrEqual(1);
    if (world.way === 'there') expect(world.acts, id).toBe(0);
  }
}

/** Its step of no return is clearly refused by AWS: it was not made, and a resume decides again. */
const DENIED: [Draft[], { after: number; how: 'stop' | 'crash' }[]] = [
  [
    { phase: 'data', gate: false, optional: false, line: true, way: 'denied' },
    { phase: 'assess', gate: false, optional: false, line: false, way: 'there' },
  ],
  [{ after: 8, how: 'stop' }],
];

/** An optional step has failed, and the process dies before the run has ended: the resume tries that step again. */
const TRIED_AGAIN: [Draft[], { after: number; how: 'stop' | 'crash' }[]] = [
  [
    { phase: 'assess', gate: false, line: false, optional: false, way: 'lost-answer' },
    { phase: 'assess', gate: false, line: false, optional: false, way: 'lost-answer' },
    { phase: 'protect', gate: false, line: false, optional: true, way: 'denied' },
    { phase: 'assess', gate: false, line: false, optional: false, way: 'made' },
    { phase: 'assess', gate: false, line: false, optional: false, way: 'lost-answer' },
  ],
  [{ after: 26, how: 'crash' }, { after: 1, how: 'stop' }],
];

/** Capacity that is a gate as well: a resume before the line looks at it again, and the line waits for it again. */
const GATE_OF_CAPACITY: [Draft[], { after: number; how: 'stop' | 'crash' }[]] = [
  [
    { phase: 'compute', gate: true, line: false, optional: false, way: 'throttled' },
    { phase: 'data', gate: false, line: true, optional: false, way: 'there' },
    { phase: 'traffic', gate: false, line: false, optional: false, way: 'there' },
    { phase: 'assess', gate: false, line: false, optional: false, way: 'there' },
  ],
  [{ after: 17, how: 'stop' }, { after: 1, how: 'stop' }],
];

describe('any plan', () => {
  it('ends; no step starts before those it waits for; no line is crossed before a gate', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(draft, { minLength: 1, maxLength: 9 }), async (drafts) => {
        const steps = stepsOf(drafts);
        const worlds = new Map(drafts.map((d, i) => [`s${i}`, new World(d.way)]));
        const run = await runTiny(steps, Object.fromEntries([...worlds].map(([id, w]) => [id, w.fake()])));
        checkOrder(run.records, steps);
        checkEnd(run, steps, worlds);
      }),
      { numRuns: 250 },
    );
  });

  it('stopped or crashed at any record, again and again, then resumed, ends as well, and makes nothing twice', async () => {
    const cut = fc.record({ after: fc.integer({ min: 1, max: 40 }), how: fc.constantFrom<'stop' | 'crash'>('stop', 'crash') });
    await fc.assert(
      fc.asyncProperty(fc.array(draft, { minLength: 1, maxLength: 7 }), fc.array(cut, { minLength: 1, maxLength: 3 }), async (drafts, cuts) => {
        const steps = stepsOf(drafts);
        const worlds = new Map(drafts.map((d, i) => [`s${i}`, new World(d.way)]));
        const fakes = () => Object.fromEntries([...worlds].map(([id, w]) => [id, w.fake()]));
        let records: readonly JournalRecord[] = [];
        for (const { after, how } of cuts) {
          if (records.length > 0 && foldAll(records).outcome === 'succeeded') break;
          records = await cutShort(steps, fakes(), records, records.length + after, how);
        }
        // What has succeeded is not resumed.
        if (foldAll(records).outcome === 'succeeded') { checkOrder(records, steps); return; }
        const run = await resumeTiny(records, fakes());
        checkOrder(run.records, steps);
        checkEnd(run, steps, worlds);
      }),
      { numRuns: 150, examples: [TRIED_AGAIN, DENIED, GATE_OF_CAPACITY] },
    );
  });
});

class Crash extends Error {}

/** One life of a run: it ends by itself, or is stopped or killed at that record. What it left behind. */
async function cutShort(steps: readonly PlanStep[], fakes: Record<string, Fake>, before: readonly JournalRecord[], at: number, how: string): Promise<readonly JournalRecord[]> {
  const stop = new AbortController();
  const store = new MemoryStore((record) => {
    if (record.seq < at) return;
    if (how === 'crash') throw new Crash('crash');
    stop.abort(new Error('stop'));
  });
  const options = { store, drain: stop.signal };
  await (before.length === 0 ? runTiny(steps, fakes, options) : resumeTiny(before, fakes, options)).catch((error: unknown) => {
    if (!(error instanceof Crash)) throw error;
  });
  return store.records;
}
