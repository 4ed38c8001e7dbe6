import { seal } from '../../src/journal/chain.ts';
import type { JournalRecord, RunEvent, RunMode, WaitRecord } from '../../src/journal/events.ts';
import { foldAll } from '../../src/journal/fold.ts';
import type { Json } from '../../src/base/json.ts';
import type { RunState } from '../../src/journal/state.ts';
import type { Phase, PlanStep } from '../../src/model/step.ts';
import type { Plan } from '../../src/model/plan.ts';

/** 2026-11-20 10:15:00 UTC. */
export const T0 = Date.UTC(2026, 10, 20, 10, 15, 0);
export const RUN = '20261120T101502Z-shop-failover-1a2b3c';

export function planStep(id: string, over: Partial<PlanStep> = {}): PlanStep {
  return {
    id,
    kind: `some-kind.${id.split('.').at(-1) ?? 'step'}`,
    title: id,
    phase: id.split('.')[0] as Phase,
    reversibility: 'reversible',
    gate: false,
    optional: false,
    after: [],
    params: {},
    origin: id.startsWith('own.') ? 'custom' : 'resource',
    env: [],
    controlPlanes: [],
    permissions: [],
    estimate: { p50: 2, p95: 5, basis: 'measured in the lab' },
    limitMs: 600_000,
    changes: [],
    ...over,
  };
}

export const SHOP_STEPS: readonly PlanStep[] = [
  planStep('assess.source', { title: 'Is Seoul down? Ask two independent signals', gate: true }),
  planStep('databases.orders.fence', { phase: 'fence', title: 'Fence the old writer shop-orders in Seoul' }),
  planStep('databases.orders.rpoGate', { phase: 'assess', title: 'Data loss of orders against the RPO', gate: true }),
  planStep('databases.orders.promote', {
    phase: 'data',
    title: 'Promote shop-orders-tokyo',
    reversibility: 'point-of-no-return',
    estimate: { p50: 180, p95: 420, basis: 'RDS PostgreSQL, published figures' },
    changes: [
      { resource: 'rds:ap-northeast-1:shop-orders-tokyo', field: 'role', before: 'read replica of shop-orders', after: 'primary' },
    ],
  }),
  planStep('databases.orders.canary', {
    phase: 'data',
    title: 'Write a row to shop-orders-tokyo and read it back',
    changes: [{ resource: 'rds:ap-northeast-1:shop-orders-tokyo', field: 'table dr_canary', before: '', after: 'one canary row' }],
  }),
  planStep('compute.api.scale', {
    title: 'Scale shop-api in Tokyo',
    changes: [
      { resource: 'autoscaling:ap-northeast-1:shop-api', field: 'desired', before: '2', after: '6' },
      { resource: 'autoscaling:ap-northeast-1:shop-api', field: 'min', before: '1', after: '4' },
    ],
  }),
  planStep('traffic.storefront.flip', {
    title: 'Point shop.example.com at Tokyo',
    changes: [{ resource: 'route53:shop.example.com/A', field: 'PRIMARY', before: 'seoul', after: 'tokyo' }],
  }),
  planStep('verify.home-page', { title: 'Hold: home-page good for 3 s' }),
  planStep('notify.sns-1', { phase: 'protect', title: 'Tell people', optional: true }),
];

export function shopPlan(steps: readonly PlanStep[] = SHOP_STEPS): Plan {
  return {
    schema: 'dr.plan/3',
    runbook: { name: 'shop', sha256: 'ab'.repeat(32), path: 'runbooks/shop.yaml' },
    verb: 'failover',
    strategy: 'warm-standby',
    source: 'ap-northeast-2',
    target: 'ap-northeast-1',
    account: '111122223333',
    madeAt: new Date(T0 - 5000).toISOString(),
    objectives: { rpoMs: 60_000, rtoMs: 900_000 },
    probes: [{ name: 'home-page', http: 'https://shop.example.com/healthz', status: 200, everyMs: 1000, holdMs: 3000 }],
    steps,
    fingerprint: 'cd'.repeat(32),
    hash: 'ef'.repeat(32),
  };
}

/** Writes a journal by hand: `at` in milliseconds after T0. */
export class Script {
  readonly records: JournalRecord[] = [];

  at(ms: number, event: RunEvent): this {
    const last = this.records.at(-1);
    this.records.push(
      seal(event, { seq: this.records.length, run: RUN, term: 1, at: T0 + ms, prev: last?.hash ?? '0'.repeat(64) }),
    );
    return this;
  }

  started(ms: number, over: { plan?: Plan; mode?: RunMode } & Partial<Extract<RunEvent, { type: 'run.started' }>> = {}): this {
    return this.at(ms, {
      type: 'run.started',
      plan: shopPlan(),
      operator: { identity: 'arn:aws:sts::111122223333:assumed-role/dr/kim', user: 'kim', host: 'laptop', pid: 4711 },
      tool: { name: 'region-recovery', version: '0.1.0', node: '24.21.0' },
      mode: 'live',
      declaredAt: T0 + ms - 400,
      confirmedBy: 'typed',
      acceptances: { approvedBy: ['incident-commander@example.com'] },
      endpoints: [],
      git: { commit: '0123456789abcdef0123456789abcdef01234567', dirty: false },
      ...over,
    });
  }

  probe(ms: number, up: boolean, probe = 'home-page'): this {
    const seen = up ? { status: 200, address: '198.51.100.7' } : { status: 0, error: 'no answer: timed out' };
    return this.at(Math.max(ms, this.now()), { type: 'probe.changed', probe, up, ...seen, sampledAt: T0 + ms });
  }

  /** A step from start to done, with one call that changes something when `act` names it. */
  step(
    id: string,
    from: number,
    to: number,
    options: { act?: [string, string, string]; waits?: WaitRecord[]; facts?: Record<string, Json> } = {},
  ): this {
    this.at(from, { type: 'step.started', step: id });
    const calls = [
      { service: 'rds', region: 'ap-northeast-1', operation: 'DescribeDBInstances', requestId: `req-${id}-look`, at: T0 + from + 2, ms: 40 },
    ];
    if (options.act !== undefined) {
      const [service, region, operation] = options.act;
      this.at(from + 50, { type: 'step.intent', step: id, attempt: 1, because: 'not there yet' });
      const call = { service, region, operation, requestId: `req-${id}-act`, at: T0 + from + 55, ms: 60 };
      calls.push(call);
      this.at(from + 120, { type: 'step.acted', step: id, attempt: 1, calls: [call] });
    }
    const { waits = [], facts = {} } = options;
    return this.at(to, { type: 'step.done', step: id, already: options.act === undefined, because: `${id} matches the plan`, facts, calls, callCount: calls.length, waits });
  }

  now(): number {
    return (this.records.at(-1)?.at ?? T0) - T0;
  }

  state(): RunState {
    return foldAll(this.records);
  }
}

export const wait = (cause: WaitRecord['cause'], from: number, to: number): WaitRecord => ({ cause, from: T0 + from, to: T0 + to });

export const ORDERS_FACTS = {
  fence: { verdict: 'source-down', because: 'the RDS API of ap-northeast-2 does not answer; 2 independent signals say down' },
  users: { vantage: 'users', says: 'down', because: 'home-page: no answer within 2 s' },
  api: { vantage: 'source-api', says: 'down', because: 'rds@ap-northeast-2: no answer within 2 s', silent: true },
  verdict: { verdict: 'source-down', because: '2 independent signals say down' },
  rpo: {
    database: 'orders',
    method: 'replica-lag',
    boundMs: 31_000,
    lagMs: 900,
    sampledAt: T0 - 29_500,
    ageMs: 33_000,
    outageAt: T0 + 600,
    because: 'everything committed before the sample minus its lag has reached the replica',
  },
  canary: { token: 'shop-1a2b3c4d5e6f7081', at: T0 + 7190, table: 'dr_canary' },
};

/** Seoul dies 0.6 s after T0; the run starts at 2 s and ends at 13 s; users are served again at 8.8 s. */
export function goodRun(over: Parameters<Script['started']>[1] = {}, fence: Json = ORDERS_FACTS.fence): Script {
  const script = new Script();
  script.started(2000, over);
  for (const id of ['assess.source', 'databases.orders.promote']) {
    script.at(2200, { type: 'check.passed', step: id, because: 'permissions and parity are in order', ...(id.startsWith('databases') ? { warnings: ['backups are kept for 1 day only'] } : {}) });
  }
  return script
    .at(2300, { type: 'checks.green' })
    .probe(2350, false)
    .step('assess.source', 2400, 2900, {
      waits: [wait('aws', 2402, 2890)],
      facts: { 'signal.users': ORDERS_FACTS.users, 'signal.rds-api.orders': ORDERS_FACTS.api, 'source.verdict': ORDERS_FACTS.verdict },
    })
    .step('databases.orders.fence', 2910, 3400, { waits: [wait('aws', 2912, 3390)], facts: { 'fence.orders': fence } })
    .step('databases.orders.rpoGate', 3410, 3500, { waits: [wait('aws', 3412, 3490)], facts: { 'rpo.orders': ORDERS_FACTS.rpo } })
    .step('databases.orders.promote', 3510, 6900, { act: ['rds', 'ap-northeast-1', 'PromoteReadReplica'], waits: [wait('database', 3680, 6880)] })
    .step('compute.api.scale', 3520, 6000, { act: ['auto-scaling', 'ap-northeast-1', 'UpdateAutoScalingGroup'], waits: [wait('aws', 3700, 5990)] })
    .step('databases.orders.canary', 6905, 7200, { waits: [wait('database', 6910, 7190)], facts: { 'canary.orders': ORDERS_FACTS.canary } })
    .step('traffic.storefront.flip', 7210, 8300, { act: ['route-53', 'us-east-1', 'ChangeResourceRecordSets'], waits: [wait('dns', 7380, 8290)] })
    .probe(8800, true)
    .step('verify.home-page', 8710, 12_000, { waits: [wait('users', 8711, 8800), wait('hold', 8800, 11_900)] })
    .at(12_100, { type: 'step.started', step: 'notify.sns-1' })
    .at(12_600, { type: 'step.failed', step: 'notify.sns-1', error: { code: 'NOTIFY_FAILED', message: 'SNS did not answer' }, because: 'SNS did not answer' })
    .at(12_900, { type: 'probe.summary', probe: 'home-page', samples: 11, failed: 6, lastUp: true })
    .at(13_000, { type: 'run.finished', outcome: 'succeeded' });
}

export const LAB = {
  clientDowntimeMs: 8210,
  lastGoodAt: T0 + 590,
  firstGoodAt: T0 + 8800,
  acknowledged: 1204,
  lost: 3,
  lostSpanMs: 20,
  postgres: 'real' as const,
};

/** Promotion fails after an unclear answer and a second attempt. */
export function failedRun(over: Parameters<Script['started']>[1] = {}): Script {
  const error = { code: 'STEP_TIMED_OUT', message: 'not reached within its limit of 600 s; status is "backing-up"', next: ['wait until the backup of shop-orders-tokyo has ended'] };
  return new Script()
    .started(2000, over)
    .at(2300, { type: 'checks.green' })
    .probe(2350, false)
    .step('assess.source', 2400, 2900)
    .step('databases.orders.fence', 2910, 3400, { facts: { 'fence.orders': ORDERS_FACTS.fence } })
    .step('databases.orders.rpoGate', 3410, 3500, { facts: { 'rpo.orders': ORDERS_FACTS.rpo } })
    .step('compute.api.scale', 3520, 63_000, { act: ['auto-scaling', 'ap-northeast-1', 'UpdateAutoScalingGroup'], waits: [wait('aws', 3700, 62_900)] })
    .at(63_000, { type: 'step.started', step: 'databases.orders.promote' })
    .at(63_100, { type: 'step.intent', step: 'databases.orders.promote', attempt: 1, because: 'still a replica' })
    .at(68_200, { type: 'step.unclear', step: 'databases.orders.promote', attempt: 1, error: { code: 'Timeout', message: 'no answer within 5000 ms' }, calls: [{ service: 'rds', region: 'ap-northeast-1', operation: 'PromoteReadReplica', at: T0 + 63_110, ms: 5000, error: 'Timeout' }] })
    .at(68_300, { type: 'step.intent', step: 'databases.orders.promote', attempt: 2, because: 'still a replica' })
    .at(68_900, { type: 'step.acted', step: 'databases.orders.promote', attempt: 2, calls: [] })
    .at(663_000, { type: 'step.failed', step: 'databases.orders.promote', error, because: error.message, waits: [wait('database', 69_000, 662_900)] })
    .at(663_500, { type: 'probe.summary', probe: 'home-page', samples: 660, failed: 660, lastUp: false })
    .at(664_000, { type: 'run.finished', outcome: 'failed' });
}
