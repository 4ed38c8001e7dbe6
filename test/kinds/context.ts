import { AwsError } from '../../src/aws/errors.ts';
import type { Json } from '../../src/base/json.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { traceStep } from '../../src/engine/trace.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import type { Acceptances, RunFacts, StepContext, StepKind } from '../../src/model/step.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { tinyEffects } from '../engine/tiny.ts';

export const SEOUL = 'ap-northeast-2';
export const TOKYO = 'ap-northeast-1';

/** What RDS answers for an identifier that is not there. */
export const noInstance = (region: string): AwsError =>
  new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region, code: 'DBInstanceNotFound', message: 'DBInstance not found', httpStatus: 404 });

export const RUN_FACTS: RunFacts = {
  id: '20261120T101500Z-shop-failover-1a2b3c',
  plan: 'a'.repeat(64),
  verb: 'failover',
  account: '111122223333',
  initiator: { identity: 'arn:aws:iam::111122223333:user/kim', user: 'kim', keys: [] },
};

export interface AtHand {
  clock?: VirtualClock;
  effects?: Partial<Effects>;
  facts?: Record<string, Json>;
  acceptances?: Partial<Acceptances>;
  impactAt?: number;
  impactNamed?: boolean;
  /** What the journal holds the intent to change: `RESOURCE FIELD`. */
  intends?: readonly string[];
  /** An earlier request may have been made. Default: where the journal holds an intent. */
  askedBefore?: boolean;
  preview?: true;
  /** Attempts before this one. */
  attempt?: number;
  /** The steps of its plan. */
  planned?: NonNullable<StepContext['planned']>;
  signal?: AbortSignal;
  run?: Partial<RunFacts>;
}

/** One step kind, asked directly: what it answers, and what it has recorded. */
export async function stepOf(name: string, params: Json, at: AtHand = {}) {
  const kind = (await loadStepKind(name)) as unknown as StepKind<Json>;
  const clock = at.clock ?? new VirtualClock();
  const recorded: Record<string, Json> = {};
  const trace = traceStep(tinyEffects(clock, at.effects));
  const signal = at.signal ?? new AbortController().signal;
  const context: StepContext = {
    effects: trace.effects,
    signal,
    runbook: 'shop',
    source: SEOUL,
    target: TOKYO,
    operator: 'arn:aws:iam::111122223333:user/kim',
    run: { ...RUN_FACTS, ...at.run },
    acceptances: { approvedBy: [], ...at.acceptances },
    impactAt: () => at.impactAt,
    impactNamed: at.impactNamed ?? false,
    ...(at.preview === undefined ? {} : { preview: at.preview }),
    ...(at.planned === undefined ? {} : { planned: at.planned }),
    attempt: at.attempt ?? 0,
    askedBefore: at.askedBefore ?? (at.intends ?? []).length > 0,
    intends: (resource, field) => at.intends?.includes(`${resource} ${field}`) ?? false,
    fact: (fact) => recorded[fact] ?? at.facts?.[fact],
    record: (fact, value) => {
      recorded[fact] = value;
    },
    wait: (cause, ms) => trace.wait(cause, () => clock.sleep(ms, signal)),
  };
  const parsed = kind.params.parse(params);
  return {
    kind,
    clock,
    recorded,
    waits: () => trace.all().waits,
    calls: () => trace.all().calls,
    check: () => clock.run(() => kind.check(context, parsed)),
    observe: () => clock.run(() => kind.observe(context, parsed)),
    act: () => clock.run(async () => kind.act?.(context, parsed)),
    verify: () => clock.run(async () => kind.verify?.(context, parsed)),
    holds: () => clock.run(async () => kind.holds?.(context, parsed)),
    made: () => clock.run(async () => kind.made?.(context, parsed)),
    undo: () => clock.run(async () => kind.undo?.(context, parsed)),
    /** In real time: for callers whose work a virtual clock does not see. */
    direct: async (what: 'check' | 'observe' | 'act'): Promise<unknown> => kind[what]?.(context, parsed),
  };
}
