import { fold } from '../../src/journal/fold.ts';
import type { JournalRecord, RunEvent } from '../../src/journal/events.ts';
import type { RunState } from '../../src/journal/state.ts';
import type { PlanStep } from '../../src/model/step.ts';
import { PLAN_SCHEMA, type Plan } from '../../src/model/plan.ts';

export const RUN = '20261120T101500Z-shop-failover-1a2b3c';
/** 2026-11-20T10:15:00Z */
export const T0 = Date.UTC(2026, 10, 20, 10, 15, 0);

export function step(id: string, parts: Partial<PlanStep> = {}): PlanStep {
  return {
    id,
    kind: 'test.step',
    title: `Title of ${id}`,
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

export function plan(parts: Partial<Plan> = {}): Plan {
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
    probes: [{ name: 'home-page', http: 'https://shop.example.com/healthz', status: 200, everyMs: 1000, holdMs: 30_000 }],
    steps: [
      step('assess.source', { title: 'Assess Seoul' }),
      step('data.orders.gate', { phase: 'data', gate: true, title: 'RPO gate of orders', after: ['assess.source'] }),
      step('data.orders.promote', {
        phase: 'data',
        title: 'Promote shop-orders-tokyo',
        reversibility: 'point-of-no-return',
        after: ['data.orders.gate'],
        estimate: { p50: 300, p95: 600, basis: 'test' },
        controlPlanes: ['rds@ap-northeast-1'],
        permissions: [
          { actions: ['rds:PromoteReadReplica', 'rds:DescribeDBInstances'], resources: ['arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo'] },
        ],
        changes: [{ resource: 'rds:ap-northeast-1:shop-orders-tokyo', field: 'role', before: 'replica', after: 'primary' }],
      }),
      step('compute.api.scale', {
        phase: 'compute',
        title: 'Scale shop-api',
        reversibility: 'compensable',
        after: ['assess.source'],
        estimate: { p50: 120, p95: 240, basis: 'test' },
        controlPlanes: ['autoscaling@ap-northeast-1'],
        permissions: [{ actions: ['autoscaling:UpdateAutoScalingGroup'], resources: ['*'] }],
      }),
      step('traffic.storefront.flip', {
        phase: 'traffic',
        title: 'Flip shop.example.com',
        after: ['data.orders.promote', 'compute.api.scale'],
        estimate: { p50: 60, p95: 60, basis: 'test' },
        controlPlanes: ['route53@us-east-1'],
        permissions: [{ actions: ['route53:ChangeResourceRecordSets'], resources: ['*'] }],
      }),
    ],
    fingerprint: 'cd'.repeat(32),
    hash: 'ef'.repeat(32),
    ...parts,
  };
}

export function started(parts: Partial<Extract<RunEvent, { type: 'run.started' }>> = {}): RunEvent {
  return {
    type: 'run.started',
    plan: plan(),
    operator: { identity: 'arn:aws:iam::111122223333:user/kim', user: 'kim', host: 'ops-1', pid: 4242 },
    tool: { name: 'dr', version: '0.1.0', node: 'v24' },
    mode: 'live',
    declaredAt: T0,
    confirmedBy: 'typed',
    acceptances: { approvedBy: [] },
    endpoints: [],
    ...parts,
  };
}

/** Follows a journal as a presenter sees it; a second passes between records unless `at` says otherwise. */
export class Story {
  readonly records: JournalRecord[] = [];
  state: RunState | undefined;
  readonly #listen: (record: JournalRecord, state: RunState) => void;

  constructor(listen: (record: JournalRecord, state: RunState) => void = () => undefined) {
    this.#listen = listen;
  }

  add(event: RunEvent, at = T0 + this.records.length * 1000): this {
    const record: JournalRecord = {
      ...event,
      seq: this.records.length,
      run: RUN,
      term: 1,
      at,
      prev: '0'.repeat(64),
      hash: String(this.records.length).padStart(64, '0'),
    };
    this.records.push(record);
    this.state = fold(this.state, record);
    this.#listen(record, this.state);
    return this;
  }

  get run(): RunState {
    if (this.state === undefined) throw new Error('nothing was added yet');
    return this.state;
  }
}

/** A run that goes well up to the promotion, and then fails there. */
export function failedStory(listen?: (record: JournalRecord, state: RunState) => void): Story {
  return new Story(listen)
    .add(started())
    .add({ type: 'probe.changed', probe: 'home-page', up: false, status: 0, error: 'ECONNREFUSED', sampledAt: T0 + 500 })
    .add({ type: 'checks.green' })
    .add({ type: 'step.started', step: 'assess.source' })
    .add({ type: 'step.done', step: 'assess.source', already: false, because: 'two signals agree that Seoul is down' })
    .add({ type: 'step.started', step: 'data.orders.gate' })
    .add({ type: 'step.done', step: 'data.orders.gate', already: false, because: 'lag 0.8 s is below 1m' })
    .add({ type: 'step.started', step: 'data.orders.promote' })
    .add({ type: 'step.intent', step: 'data.orders.promote', attempt: 1, because: 'it is a replica' })
    .add({
      type: 'step.failed',
      step: 'data.orders.promote',
      because: 'RDS refused',
      error: { code: 'InvalidDBInstanceState', message: 'the instance is not available', next: ['dr resume'] },
      calls: [{ service: 'rds', region: 'ap-northeast-1', operation: 'PromoteReadReplica', requestId: 'req-1', at: T0 + 8000, ms: 120, error: 'InvalidDBInstanceState' }],
    })
    .add({ type: 'run.finished', outcome: 'failed' });
}
