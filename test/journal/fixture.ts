import type { Clock } from '../../src/base/clock.ts';
import { CHAIN_START, seal } from '../../src/journal/chain.ts';
import type { JournalRecord, Operator, RunEvent } from '../../src/journal/events.ts';
import type { PlanStep } from '../../src/model/step.ts';
import { PLAN_SCHEMA, type Plan } from '../../src/model/plan.ts';

export const RUN = '20261120T101500Z-shop-failover-1a2b3c';
/** 2026-11-20T10:15:00Z */
export const T0 = Date.UTC(2026, 10, 20, 10, 15, 0);

export const OPERATOR: Operator = { identity: 'arn:aws:iam::111122223333:user/kim', user: 'kim', host: 'ops-1', pid: 4242 };

/** A clock that continues by a second a look and never sleeps. */
export function tickingClock(): Clock {
  let now = T0 - 1000;
  return { now: () => (now += 1000), sleep: () => Promise.resolve() };
}

export function planStep(id: string, parts: Partial<PlanStep> = {}): PlanStep {
  return {
    id,
    kind: 'test.step',
    title: id,
    phase: 'assess',
    reversibility: 'reversible',
    gate: false,
    optional: false,
    after: [],
    params: {},
    origin: id.startsWith('own.') ? 'custom' : 'resource',
    env: [],
    controlPlanes: [],
    permissions: [],
    estimate: { p50: 0, p95: 0, basis: 'test' },
    limitMs: 60_000,
    changes: [],
    ...parts,
  };
}

export function planWith(steps: readonly PlanStep[], parts: Partial<Plan> = {}): Plan {
  return {
    schema: PLAN_SCHEMA,
    runbook: { name: 'shop', sha256: 'ab'.repeat(32), path: 'runbooks/shop.yaml' },
    verb: 'failover',
    strategy: 'warm-standby',
    source: 'ap-northeast-2',
    target: 'ap-northeast-1',
    account: '111122223333',
    madeAt: '2026-11-20T10:14:00.000Z',
    objectives: { rpoMs: 60_000, rtoMs: 900_000 },
    probes: [{ name: 'home-page', http: 'http://shop.example.com/healthz', status: 200, everyMs: 1000, holdMs: 5000 }],
    steps,
    fingerprint: 'cd'.repeat(32),
    hash: 'ef'.repeat(32),
    ...parts,
  };
}

export function started(parts: Partial<Extract<RunEvent, { type: 'run.started' }>> = {}): RunEvent {
  return {
    type: 'run.started',
    plan: planWith([planStep('one'), planStep('two', { after: ['one'] }), planStep('three', { after: ['one'] })]),
    operator: OPERATOR,
    tool: { name: 'dr', version: '0.1.0', node: 'v24' },
    mode: 'live',
    declaredAt: T0,
    confirmedBy: 'typed',
    acceptances: { approvedBy: [] },
    endpoints: [],
    ...parts,
  };
}

/** Events as records of one chain, a second apart. */
export function chained(events: readonly RunEvent[], term = 1): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (const event of events) {
    const seq = records.length;
    records.push(seal(event, { seq, run: RUN, term, at: T0 + seq * 1000, prev: records.at(-1)?.hash ?? CHAIN_START }));
  }
  return records;
}

/** The same records with a plan of another schema, sealed again, as another version of dr would have written them. */
export function withPlanSchema(records: readonly JournalRecord[], schema: string): JournalRecord[] {
  let prev = CHAIN_START;
  return records.map((record) => {
    const { hash: _hash, seq, run, term, at, prev: _prev, ...event } = structuredClone(record);
    if (event.type === 'run.started') Object.assign(event.plan, { schema });
    const sealed = seal(event, { seq, run, term, at, prev });
    prev = sealed.hash;
    return sealed;
  });
}
