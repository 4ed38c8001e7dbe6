import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../src/journal/events.ts';
import { changeOf } from '../../src/journal/requests.ts';
import type { Fault } from '../../src/simulator/seeds.ts';
import { APPROVED, planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { change } from '../app/check/world.ts';
import { worldOf } from '../refusals/said.ts';
import { MINUTE, OLD, REPLICA } from './naive.ts';

/*
 * What AWS answers, and what of a database, when nobody expects it: situations from AWS's documentation and from public reports. A row each;
 * what is common to them is the class.
 */

const ARCHIVE = fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url));
const PROMOTE = 'databases.orders.promote';
const RESTORED = { region: TOKYO, id: 'archive-documents-tokyo' };

type Set = (sim: Simulation) => void;

const later = (sim: Simulation, ms: number, then: () => void): void => void sim.clock.sleep(ms).then(then);
const refusing = (operation: string, code: string, message: string, httpStatus = 400): Fault => ({ service: 'rds', operation, effect: { kind: 'error', httpStatus, code, message } });
const faultFor = (minutes: number, fault: Fault): Set => (sim) => later(sim, minutes * MINUTE, sim.world.addFault(fault));
const statusFor = (minutes: number, status: string): Set => (sim) => {
  sim.world.setDbStatus(REPLICA, status);
  later(sim, minutes * MINUTE, () => sim.world.setDbStatus(REPLICA, 'available'));
};

/** AWS shows something else: `change` is given each answer to an operation in the target. */
const shows = (operation: string, change: (output: Record<string, unknown>) => Record<string, unknown>): Set => (sim) => {
  const { aws } = sim.effects;
  const call = (async (request: { operation: string; region: string }) => {
    const answer = (await aws.call(request as never)) as { output: Record<string, unknown> };
    return request.operation === operation && request.region === TOKYO ? { ...answer, output: change(answer.output) } : answer;
  }) as unknown as typeof aws.call;
  sim.effects = { ...sim.effects, aws: { call } };
};

interface Situation {
  verb?: 'failover' | 'switchover';
  path?: string;
  timings?: Parameters<typeof simulation>[0];
  set?: Set;
  during?: (sim: Simulation, record: JournalRecord) => void;
}

async function play({ verb = 'failover', path, timings, set, during }: Situation) {
  const sim = await simulation({ ...timings, ...(path === undefined ? {} : { path }) });
  set?.(sim);
  if (verb === 'failover') sim.world.breakRegion(SEOUL);
  const began = sim.clock.now();
  const { outcome, state, records } = await runPlan(sim, await planOf(sim, { verb, region: TOKYO }), { acceptances: APPROVED, onRecord: (record) => during?.(sim, record) });
  const said = records.flatMap((record) => ('because' in record && typeof record.because === 'string' ? [record.because] : []).concat('error' in record && typeof record.error === 'object' ? [record.error.message] : []));
  return { sim, outcome, state, records, said: said.join('\n'), rounds: records.filter(({ type }) => type === 'checks.green').length, tookMs: sim.clock.now() - began, writers: [sim.world.acceptsWrites(OLD), sim.world.acceptsWrites(REPLICA)] };
}

/*
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html: not while it is backing-up
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
 * hashicorp/terraform-provider-aws issue 11905: refused for minutes, while the status is `available`
 */
describe('AWS says "not now" right before the line, for longer than decisions are young', () => {
  it.each<[string, Set]>([
    ['its nightly backup takes twelve minutes', statusFor(12, 'backing-up')],
    ['its engine is upgraded for a quarter of an hour', statusFor(15, 'upgrading')],
    ['its class is changed for eight minutes', statusFor(8, 'modifying')],
    ['it is available, and refused for eight minutes', faultFor(8, refusing('PromoteReadReplica', 'InvalidDBInstanceState', 'due to an in-progress management operation'))],
    ['requests are throttled for eight minutes', faultFor(8, { service: 'rds', operation: 'PromoteReadReplica', effect: { kind: 'throttle' } })],
  ])('%s: the run decides again, and nobody has to resume it', async (_what, set) => {
    const { outcome, rounds, writers, records } = await play({ set });
    expect({ outcome, writers }).toEqual({ outcome: 'succeeded', writers: [false, true] });
    expect(rounds).toBeGreaterThan(1);
    // What the promotion rests on is as young as ever when it is asked for.
    const asked = records.findLast((r) => r.type === 'step.intent' && r.step === PROMOTE)?.at ?? 0;
    const gate = records.findLast((r) => r.type === 'step.done' && r.step === 'databases.orders.rpoGate' && r.at <= asked)?.at ?? 0;
    expect(asked - gate).toBeLessThan(5 * MINUTE);
  });

  it('what the gates looked at has changed meanwhile: refused by that, and not by its age', async () => {
    const set: Set = (sim) => {
      statusFor(12, 'backing-up')(sim);
      later(sim, 6 * MINUTE, () => sim.world.healRegion(SEOUL));
    };
    const { outcome, state, writers } = await play({ set });
    expect({ outcome, writers }).toEqual({ outcome: 'refused', writers: [true, false] });
    expect([...state.steps.values()].flatMap(({ refusal }) => (refusal === undefined ? [] : [refusal.rule]))).toEqual(['source-down']);
  });

  it('a planned move gives the old writer back, or ends with the new one', async () => {
    const { outcome, writers } = await play({ verb: 'switchover', set: statusFor(12, 'backing-up') });
    expect({ outcome, writers }).toEqual({ outcome: 'succeeded', writers: [false, true] });
  });
});

/* https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html#API_PromoteReadReplica_Errors */
describe('AWS clearly refuses the promotion: it was not made', () => {
  const REFUSALS: [string, Fault][] = [
    ['the right is missing', refusing('PromoteReadReplica', 'AccessDenied', 'not authorized to perform: rds:PromoteReadReplica', 403)],
    ['its state forbids it for good', refusing('PromoteReadReplica', 'InvalidDBInstanceState', 'cross-Region automated backups are under way')],
  ];

  it.each(REFUSALS)('%s: a failover ends in AWS’s words, and counts nothing as requested', async (_what, fault) => {
    const { outcome, state, said, writers, tookMs } = await play({ set: (sim) => void sim.world.addFault(fault) });
    expect({ outcome, writers }).toEqual({ outcome: 'failed', writers: [false, false] });
    expect(changeOf(state.steps.get(PROMOTE))).toBe('not-requested');
    expect(said).toContain(fault.effect.kind === 'error' ? fault.effect.message : '');
    expect(tookMs).toBeLessThan(20 * MINUTE);
  });

  it.each(REFUSALS)('%s: a planned move leaves users where they were, and writes open', async (_what, fault) => {
    const { outcome, writers } = await play({ verb: 'switchover', set: (sim) => void sim.world.addFault(fault) });
    expect({ outcome, writers }).toEqual({ outcome: 'aborted', writers: [true, false] });
  });

  it('it is accepted, and nothing comes of it: the run says so, and ends', async () => {
    const set: Set = (sim) => {
      const { aws } = sim.effects;
      const call = ((request) => (request.operation === 'PromoteReadReplica' ? Promise.resolve({ output: {}, requestId: 'x', at: sim.clock.now() }) : aws.call(request))) as typeof aws.call;
      sim.effects = { ...sim.effects, aws: { call } };
    };
    const { outcome, state, writers, tookMs } = await play({ set });
    expect({ outcome, writers }).toEqual({ outcome: 'failed', writers: [false, false] });
    expect(state.steps.get(PROMOTE)?.error?.message).toBe('shop-orders-tokyo is still a replica (after 5 attempts; AWS accepted the request, and nothing shows of it)');
    expect(tookMs).toBeLessThan(20 * MINUTE);
  });
});

/* https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status */
describe('a database that breaks after it was made is the reason that people are shown', () => {
  const BROKEN = ['incompatible-parameters', 'failed', 'inaccessible-encryption-credentials-recoverable', 'stopped'];

  it.each(BROKEN)('promoted, then %s', async (status) => {
    const during: Situation['during'] = (sim, record) => {
      if (record.type === 'step.acted' && record.step === PROMOTE) later(sim, 238_000, () => sim.world.setDbStatus(REPLICA, status));
    };
    const { outcome, state } = await play({ during });
    expect(outcome).toBe('failed');
    expect(state.steps.get(PROMOTE)?.because).toBe(`it was so, and when the run failed it was not: shop-orders-tokyo is ${status}`);
  });

  it.each([...BROKEN, 'incompatible-restore', 'incompatible-option-group', 'incompatible-network', 'restore-error', 'storage-full'])('restored, and then %s: it ends at once', async (status) => {
    const during: Situation['during'] = (sim, record) => {
      if (record.type === 'step.acted' && record.step === 'databases.documents.restore') later(sim, 10 * MINUTE, () => sim.world.setDbStatus(RESTORED, status));
    };
    const { sim, outcome, said, tookMs } = await play({ path: ARCHIVE, during });
    expect([outcome, sim.world.acceptsWrites(RESTORED) && outcome === 'succeeded']).toEqual(['failed', false]);
    expect(said).toContain(`archive-documents-tokyo is ${status}`);
    expect(tookMs).toBeLessThan(30 * MINUTE);
  });
});

describe('a restore that AWS would refuse, or that it is at work on', () => {
  /* https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html: the family of the parameter group must be that of the engine and its major version */
  it.each(['postgres16', 'mysql8.4'])('a parameter group of the family %s is refused before anything is changed', async (family) => {
    const set = shows('DescribeDBParameterGroups', () => ({ DBParameterGroups: [{ DBParameterGroupName: 'archive-pg17', DBParameterGroupFamily: family }] }));
    const { outcome, state, records } = await play({ path: ARCHIVE, set });
    expect([outcome, records.filter(({ type }) => type === 'step.intent')]).toEqual(['refused', []]);
    expect(state.steps.get('databases.documents.restore')?.refusal?.observed).toMatch(new RegExp(`^the parameter group archive-pg17 is for ${family}, and the data is of postgres 17`));
  });

  it.each([2, 4])('RDS is at work on it for %d minutes after it shows available: that is counted from then', async (minutes) => {
    const { outcome, sim } = await play({ path: ARCHIVE, timings: { timings: { busyMs: minutes * MINUTE } } });
    expect([outcome, sim.world.acceptsWrites(RESTORED)]).toEqual(['succeeded', true]);
  });
});

/*
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html#Concepts.DBInstanceClass.Support
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
 */
describe('RDS does not offer in a region what an instance there is to be', () => {
  const WITHHELD = { region: TOKYO, instanceClass: 'db.r6g.large' };

  it.each<[string, Set, RegExp]>([
    ['the class', (sim) => sim.world.state.dbOffers.withhold(WITHHELD), /^RDS does not offer db\.r6g\.large for postgres 17\.5 in ap-northeast-1/],
    ['in the zones of the subnet group', (sim) => sim.world.state.dbOffers.withhold({ ...WITHHELD, zones: [`${TOKYO}a`, `${TOKYO}c`] }), /^RDS offers db\.r6g\.large in ap-northeast-1 in (none|fewer than two) of the zones ap-northeast-1a, ap-northeast-1c/],
  ])('a restore: %s', async (_what, set, says) => {
    const { outcome, state, records } = await play({ path: ARCHIVE, set });
    expect([outcome, records.filter(({ type }) => type === 'step.intent')]).toEqual(['refused', []]);
    expect(state.steps.get('databases.documents.restore')?.refusal?.observed).toMatch(says);
  });

  async function reprotect(set: Set) {
    const { sim } = await play({});
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(10 * MINUTE));
    set(sim);
    const { outcome, state, records } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }), { acceptances: APPROVED });
    return { outcome, changed: records.flatMap((r) => (r.type === 'step.intent' ? [r.step] : [])), observed: state.steps.get('databases.orders.standbyGate')?.refusal?.observed ?? '' };
  }

  it.each<[string, Set, RegExp]>([
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
    ['the writer has grown to where the old instance may not grow', (sim) => { change(sim, OLD, { settings: { maxAllocatedStorage: 500 } }); change(sim, REPLICA, { settings: { allocatedStorage: 1000 } }); }, /^shop-orders-tokyo in ap-northeast-1 is of 1000 GiB by now, and the storage of the old instance in ap-northeast-2, whose settings the new one gets, grows to 500 GiB only: AWS wants 1100 or more$/],
    ['the class of the old instance', (sim) => sim.world.state.dbOffers.withhold({ region: SEOUL, instanceClass: 'db.m6g.large' }), /^RDS does not offer db\.m6g\.large for postgres 17\.5 in ap-northeast-2$/],
    ['its certificate authority', (sim) => sim.world.state.dbOffers.withholdAuthority(SEOUL, 'rds-ca-rsa2048-g1'), /^ap-northeast-2 does not have the certificate authority rds-ca-rsa2048-g1$/],
  ])('a new standby: %s. The old instance keeps its name and its users', async (_what, set, says) => {
    const { outcome, changed, observed } = await reprotect(set);
    expect({ outcome, changed }).toEqual({ outcome: 'refused', changed: [] });
    expect(observed).toMatch(says);
  });

  it('a larger class after the promotion: refused before it', async () => {
    const sim = await worldOf('shop', '    retentionDays: 7', '    retentionDays: 7\n    instanceClass: { active: db.r6g.xlarge, standby: db.r6g.large }');
    sim.world.state.dbOffers.withhold({ region: TOKYO, instanceClass: 'db.r6g.xlarge' });
    sim.world.breakRegion(SEOUL);
    const { outcome, records, state } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances: APPROVED });
    expect([outcome, records.filter(({ type }) => type === 'step.intent')]).toEqual(['refused', []]);
    expect(state.steps.get('databases.orders.resize')?.refusal?.observed).toBe('RDS does not offer db.r6g.xlarge for postgres 17.5 in ap-northeast-1');
  });
});

/* https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html */
describe('a promotion restarts the instance', () => {
  const group = (ParameterApplyStatus: string) => shows('DescribeDBInstances', ({ DBInstances }) => ({ DBInstances: (DBInstances as object[]).map((db) => ({ ...db, DBParameterGroups: [{ DBParameterGroupName: 'tuned', ParameterApplyStatus }] })) }));

  it.each([
    ['pending-reboot', 'shop-orders-tokyo waits for a restart to use its parameter group tuned: the promotion restarts it'],
    ['failed-to-apply', 'the parameter group tuned of shop-orders-tokyo is failed-to-apply'],
    ['in-sync', ''],
  ])('and its parameter group is %s: said before anything is changed', async (status, says) => {
    const { outcome, records } = await play({ set: group(status) });
    const warned = JSON.stringify(records.filter(({ type }) => type === 'check.passed'));
    expect([outcome, says === '' ? warned.includes('tuned') : warned.includes(says)]).toEqual(['succeeded', says !== '']);
  });
});

/* https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html */
describe('a replica that is not what the runbook takes it for is refused before anything is changed', () => {
  const one = (more: object) => shows('DescribeDBInstances', ({ DBInstances }) => ({ DBInstances: (DBInstances as object[]).map((db) => ({ ...db, ...more })) }));

  it.each<[string, Set, string]>([
    ['a replica of a replica', one({ ReadReplicaSourceDBInstanceIdentifier: `arn:aws:rds:${SEOUL}:111122223333:db:shop-orders-reader` }), `shop-orders-tokyo replicates from arn:aws:rds:${SEOUL}:111122223333:db:shop-orders-reader`],
    ['a replica of a Multi-AZ DB cluster', one({ ReadReplicaSourceDBInstanceIdentifier: undefined, ReadReplicaSourceDBClusterIdentifier: 'c-1' }), 'shop-orders-tokyo replicates from c-1'],
    ['one whose storage is full', (sim) => sim.world.setDbStatus(REPLICA, 'storage-full'), 'shop-orders-tokyo in ap-northeast-1 is storage-full'],
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_MySQL.Replication.ReadReplicas.DelayReplication.html
    ['one that is an hour late on purpose: what it holds back would be lost', (sim) => sim.world.setReplication(REPLICA, { lagMs: 60 * MINUTE }), 'rpo-gate: at most 1h'],
  ])('%s', async (_what, set, says) => {
    const sim = await simulation();
    set(sim);
    await sim.clock.run(() => sim.clock.sleep(60 * MINUTE));
    sim.world.breakRegion(SEOUL);
    const { outcome, state, records } = await runPlan(sim, await planOf(sim, { verb: 'failover', region: TOKYO }), { acceptances: APPROVED });
    expect([outcome, records.filter(({ type }) => type === 'step.intent')]).toEqual(['refused', []]);
    expect([...state.steps.values()].map(({ refusal }) => `${refusal?.rule ?? ''}: ${refusal?.observed ?? ''}`).join('; ')).toContain(says);
  });
});

/*
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 * KMSKeyNotAccessibleFault of https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
 */
describe('a key that cannot be used', () => {
  const keyOf = (region: string, id: string): string => `arn:aws:kms:${region}:111122223333:key/${id}`;
  const BACKUPS = keyOf(TOKYO, '0a1b2c3d-0000-4000-8000-00000000000b');
  const SNAPSHOT = keyOf(TOKYO, '5a1b2c3d-0000-4000-8000-00000000000b');
  const make = (state: 'Disabled' | 'PendingDeletion' | 'PendingImport' | 'Unavailable'): Set => ({ world }) => world.state.keys.add({ region: TOKYO, arn: BACKUPS, state });
  const snapshot: Set = ({ world }) => {
    world.addDbSnapshot({ region: TOKYO, id: 'nightly-1', source: { region: SEOUL, id: 'archive-documents' }, ageMs: 10 * MINUTE, kmsKeyId: SNAPSHOT });
  };
  const refusals = ({ state, records }: Awaited<ReturnType<typeof play>>) => ({ intents: records.filter(({ type }) => type === 'step.intent'), observed: [...state.steps.values()].flatMap(({ refusal }) => refusal?.observed ?? []).join('; ') });

  it.each(['Disabled', 'PendingDeletion', 'PendingImport', 'Unavailable'] as const)('of all backups, %s: refused before anything is changed', async (status) => {
    const end = await play({ path: ARCHIVE, set: make(status) });
    expect([end.outcome, refusals(end).intents]).toEqual(['refused', []]);
    expect(refusals(end).observed).toContain(`not usable: automated backups of archive-documents in ap-northeast-2: its key ${BACKUPS} is ${status}`);
  });

  it('of the newest backups: what is older, and can be opened, is restored', async () => {
    const { sim, outcome, said } = await play({ path: ARCHIVE, set: (sim) => { snapshot(sim); make('Disabled')(sim); } });
    expect([outcome, sim.world.acceptsWrites(RESTORED)]).toEqual(['succeeded', true]);
    expect(said).toContain('snapshot nightly-1 of ap-northeast-2');
  });

  it('and one that nobody may look at is tried', async () => {
    const { outcome } = await play({ path: ARCHIVE, set: (sim) => void sim.world.addFault({ service: 'kms', effect: { kind: 'error', httpStatus: 400, code: 'AccessDeniedException', message: 'not you' } }) });
    expect(outcome).toBe('succeeded');
  });

  it('of a backup, deleted since: refused; of the old instance that is there, and not shown to these credentials: tried', async () => {
    const gone = await play({ path: ARCHIVE, set: ({ world }) => world.state.keys.remove(BACKUPS) });
    expect([gone.outcome, refusals(gone).observed]).toEqual(['refused', expect.stringContaining(`its key ${BACKUPS} is not in ap-northeast-1`)]);
    const { sim } = await play({});
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(10 * MINUTE));
    change(sim, OLD, { kmsKeyId: keyOf(SEOUL, 'not-shown') });
    const { outcome } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }), { acceptances: APPROVED });
    expect(outcome).toBe('succeeded');
  });

  it('of the old instance: a new standby is refused before that is closed and renamed', async () => {
    const { sim } = await play({});
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(10 * MINUTE));
    change(sim, OLD, { kmsKeyId: keyOf(SEOUL, 'old') });
    sim.world.state.keys.add({ region: SEOUL, arn: keyOf(SEOUL, 'old'), state: 'PendingDeletion' });
    const { outcome, state, records } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }), { acceptances: APPROVED });
    expect([outcome, records.filter(({ type }) => type === 'step.intent')]).toEqual(['refused', []]);
    expect(state.steps.get('databases.orders.standbyGate')?.refusal?.observed).toContain(`its key ${keyOf(SEOUL, 'old')} is PendingDeletion`);
  });

  it('for backups in the region that was left: refused before they are asked for', async () => {
    const { sim } = await play({ path: ARCHIVE });
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(10 * MINUTE));
    const key = keyOf(SEOUL, '0a1b2c3d-0000-4000-8000-00000000000a');
    sim.world.state.keys.add({ region: SEOUL, arn: key, state: 'Disabled' });
    const { outcome, state } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }), { acceptances: APPROVED });
    expect(outcome).toBe('refused');
    expect(state.steps.get('databases.documents.replicate')?.refusal?.observed).toContain(`its key ${key} is Disabled`);
  });
});

describe('AWS’s reason for a wait, or for a state, is shown when it is first seen', () => {
  it('launches that fail: within seconds, while the database is promoted beside it', async () => {
    const missing = { StatusCode: 'Failed', StatusMessage: 'The image id ami-0123456789abcdef0 does not exist. Launching EC2 instance failed.' };
    const set: Set = (sim) => {
      sim.world.setGroupCapacity(TOKYO, 'shop-api', 2);
      shows('DescribeScalingActivities', ({ Activities }) => ({ Activities: (Activities as { StatusCode?: string }[]).map((one) => (one.StatusCode === 'Failed' ? { ...one, ...missing } : one)) }))(sim);
    };
    const { records } = await play({ set });
    const asked = records.find((r) => r.type === 'step.acted' && r.step === 'compute.api.scaleOut')?.at ?? 0;
    const shown = records.find((r) => r.type === 'step.silent' && r.step === 'compute.api.scaleOut');
    expect(shown).toMatchObject({ because: expect.stringContaining('AWS: Failed: The image id ami-0123456789abcdef0 does not exist') as string });
    expect((shown?.at ?? 0) - asked).toBeLessThan(MINUTE);
  });

  it('a replica that is backed up: what the promotion waits for', async () => {
    const { records } = await play({ set: statusFor(12, 'backing-up') });
    expect(records.filter((r) => r.type === 'step.silent' && r.step === PROMOTE).map((r) => (r.type === 'step.silent' ? r.because : ''))).toEqual([
      'shop-orders-tokyo is backing-up',
      expect.stringMatching(/was answered 1\dm .* ago: the run decides again$/) as string,
    ]);
  });

  it('replication that has stopped: its message, where a planned move is refused for it', async () => {
    const stopped = { StatusInfos: [{ StatusType: 'read replication', Normal: false, Status: 'error', Message: 'Replication slot was invalidated' }] };
    const set = shows('DescribeDBInstances', ({ DBInstances }) => ({ DBInstances: (DBInstances as object[]).map((db) => ({ ...db, ...stopped })) }));
    const { outcome, state, records } = await play({ verb: 'switchover', set });
    expect([outcome, records.filter(({ type }) => type === 'step.intent')]).toEqual(['refused', []]);
    expect(state.steps.get('assess.source')?.refusal?.observed).toContain('replication of shop-orders-tokyo has the status error: Replication slot was invalidated');
  });
});
