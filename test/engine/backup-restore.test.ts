import { readFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findDbInstance } from '../../src/aws/rds.ts';
import { onAwsTime } from '../../src/aws/aws-time.ts';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { RpoBound } from '../../src/measure/rpo.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { APPROVED, planOf, resumeRun, runPlan, SEOUL, simulation, type Simulation, type SimulatedRun, TOKYO } from './simulated.ts';

const ARCHIVE = fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url));
const HOME = { region: SEOUL, id: 'archive-documents' };
const RESTORED = { region: TOKYO, id: 'archive-documents-tokyo' };
const HOUR_MS = 3_600_000;

const archive = (options: Parameters<typeof simulation>[0] = {}): Promise<Simulation> => simulation({ path: ARCHIVE, ...options });

/** The archive with one part of its runbook replaced. */
async function edited(from: string | RegExp, to: string): Promise<Simulation> {
  const text = await readFile(ARCHIVE, 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error('the runbook does not contain that');
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'archive.yaml');
  await writeFile(path, changed);
  return simulation({ path });
}

function troubleOf({ state }: SimulatedRun) {
  return [...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => ({ id: s.id, state: s.state, because: s.because, refusal: s.refusal, error: s.error }));
}

async function failover(sim: Simulation, acceptances: Acceptances = APPROVED) {
  const run = await runPlan(sim, await planOf(sim, TOKYO), { acceptances });
  const refused = [...run.state.steps.values()].flatMap((s) => (s.refusal === undefined ? [] : [s.refusal]));
  const mutations = run.records.filter((r) => r.type === 'step.intent').map((r) => r.step);
  return { ...run, refused, mutations };
}

const instance = (sim: Simulation, ref: { region: string; id: string }) => sim.clock.run(() => findDbInstance(sim.effects.aws, ref.region, ref.id));

describe('backup and restore in simulated time', () => {
  it('brings the archive back in Tokyo from backups alone, with the settings that the runbook names', async () => {
    const sim = await archive();
    sim.world.breakRegion(SEOUL);
    const run = await failover(sim);
    expect(troubleOf(run)).toEqual([]);
    expect(run.outcome).toBe('succeeded');
    expect(sim.world.resolve('archive.example.com', 'A').values).toEqual(['127.0.0.3']);
    expect(sim.world.acceptsWrites(RESTORED)).toBe(true);
    expect(await instance(sim, RESTORED)).toMatchObject({
      DBInstanceClass: 'db.r6g.large',
      DBSubnetGroup: { DBSubnetGroupName: 'archive' },
      DBParameterGroups: [{ DBParameterGroupName: 'archive-pg17', ParameterApplyStatus: 'in-sync' }],
      MultiAZ: true,
      BackupRetentionPeriod: 14,
      VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0b10000000000000b', Status: 'active' }],
    });
  });

  it('asks nothing of the lost region but whether it answers', async () => {
    const sim = await archive();
    sim.world.breakRegion(SEOUL);
    const { state } = await failover(sim);
    const [guards, others] = [true, false].map((guard) => [...state.steps.values()].filter((s) => s.id.endsWith('.fenceAgain') === guard));
    const asked = (steps: typeof guards = []) => steps.flatMap((s) => s.calls).filter((c) => c.region === SEOUL);
    // Once when it is judged, and once before the copy is opened.
    expect(asked(others).map((c) => [c.operation, c.error])).toEqual([['DescribeDBInstances', 'NoAnswer'], ['DescribeDBInstances', 'NoAnswer']]);
    expect(new Set(asked(guards).map((c) => [c.operation, c.error].join(' ')))).toEqual(new Set(['DescribeDBInstances NoAnswer']));
  });

  it('states a loss that is never below what was lost', async () => {
    for (const minutes of [0, 1, 2, 4]) {
      const sim = await archive();
      await sim.clock.run(() => sim.clock.sleep(minutes * 60_000 + 7_000));
      sim.world.breakRegion(SEOUL);
      const { state } = await failover(sim);
      const bound = state.facts.get('rpo.documents') as unknown as RpoBound;
      const loss = sim.world.lossOf(RESTORED);
      expect(bound).toMatchObject({ method: 'restorable-time' });
      expect(loss?.commits).toBeGreaterThan(0);
      expect(bound.boundMs).toBeGreaterThanOrEqual(loss?.ms ?? Number.NaN);
      // And not far above it: the outage was seen within seconds.
      expect(bound.boundMs).toBeLessThan((loss?.ms ?? 0) + 30_000);
    }
  });

  it('lets nobody write before the line is crossed', async () => {
    const sim = await archive();
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    const line = plan.steps.filter((s) => s.reversibility === 'point-of-no-return').map((s) => s.id);
    expect(line).toEqual(['databases.documents.open']);
    const before: boolean[] = [];
    const { records } = await runPlan(sim, plan, {
      onRecord: (r) => {
        if (r.type === 'step.done' && r.step === 'databases.documents.restore') before.push(sim.world.acceptsWrites(RESTORED));
        if (r.type === 'step.intent' && r.step === line[0]) before.push(sim.world.acceptsWrites(RESTORED));
      },
    });
    // The opening is tried during the first backup, and again after it.
    expect(new Set(before)).toEqual(new Set([false]));
    const order = records.flatMap((r) => (r.type === 'step.done' ? [r.step] : []));
    expect(order.indexOf('databases.documents.open')).toBeLessThan(order.indexOf('traffic.site.flip'));
  });

  it('an instance that can be opened only hours later is decided about again, and nobody writes until then', async () => {
    const sim = await archive({ timings: { firstFullBackupMs: 3 * HOUR_MS } });
    sim.world.breakRegion(SEOUL);
    const began = sim.clock.now();
    const first = await failover(sim);
    // Nobody has seen that the source was dead all the time: what it may have taken counts, until somebody says when it stopped or accepts it.
    expect(first).toMatchObject({ outcome: 'refused', refused: [{ rule: 'rpo-gate', threshold: 'RPO 30m', observed: expect.stringContaining('(--impact-at, if an alarm knows)') as string }] });
    expect(first.records.filter((r) => r.type === 'checks.green')).toHaveLength(2);
    expect(sim.clock.now() - began).toBeGreaterThan(3 * HOUR_MS);
    expect(sim.world.acceptsWrites(RESTORED)).toBe(false);
    const last = await resumeRun(sim, first.records, { ...APPROVED, dataLossSeconds: 4 * 3_600, reason: 'the region is gone' });
    expect(troubleOf(last)).toEqual([]);
    expect(last.outcome).toBe('succeeded');
    expect(sim.world.acceptsWrites(RESTORED)).toBe(true);
    // What was restored at first is what is opened.
    expect(last.records.filter((r) => r.type === 'step.intent' && r.step === 'databases.documents.restore')).toHaveLength(1);
  });

  it('without a quarantine group the restore itself is the line', async () => {
    const sim = await edited(/ {4}# A restored instance is closed[^]*?fence:\n.*\n/, '');
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    expect(plan.steps.filter((s) => s.reversibility === 'point-of-no-return').map((s) => s.id)).toEqual(['databases.documents.restore']);
    const run = await runPlan(sim, plan);
    expect(troubleOf(run)).toEqual([]);
    expect(sim.world.acceptsWrites(RESTORED)).toBe(true);
  });

  it('takes the newest point that is usable: a snapshot of the hour, not backups that stopped yesterday', async () => {
    const sim = await archive();
    const { world } = sim;
    world.addAutomatedBackup({ region: TOKYO, source: HOME, stopped: true, fresh: false, kmsKeyId: `arn:aws:kms:${SEOUL}:111122223333:key/of-the-lost-region` });
    world.addDbSnapshot({ region: TOKYO, id: 'archive-hourly-1', source: HOME, ageMs: 2 * HOUR_MS });
    world.addDbSnapshot({ region: TOKYO, id: 'archive-hourly-2', source: HOME, ageMs: HOUR_MS });
    world.addDbSnapshot({ region: TOKYO, id: 'archive-hourly-3', source: HOME, ageMs: 60_000, status: 'creating' });
    world.addDbSnapshot({ region: TOKYO, id: 'archive-hourly-4', source: HOME, ageMs: 60_000, kmsKeyId: `arn:aws:kms:${SEOUL}:111122223333:key/of-the-lost-region` });
    world.breakRegion(SEOUL);
    const first = await failover(sim);
    expect(first.refused).toMatchObject([{ rule: 'rpo-gate', threshold: 'RPO 30m' }]);
    expect(first.refused[0]?.observed).toContain('at most 1h');
    expect(first.refused[0]?.observed).toContain('snapshot archive-hourly-2 of ap-northeast-2');
    expect(first.refused[0]?.observed).toContain('snapshot archive-hourly-3 is creating');
    expect(first.refused[0]?.observed).toContain('snapshot archive-hourly-4: its key is in ap-northeast-2, not in ap-northeast-1');
    expect(first.mutations).toEqual([]);
    const seconds = Number(/(\d+)s/.exec(first.refused[0]?.override ?? '')?.[1]);
    const second = await failover(sim, { ...APPROVED, dataLossSeconds: seconds, reason: 'decided' });
    expect(troubleOf(second)).toEqual([]);
    expect(second.state.facts.get('rpo.documents')).toMatchObject({ method: 'snapshot-time' });
    expect(second.state.facts.get('restored.documents')).toMatchObject({ from: 'archive-hourly-2' });
  });
});

describe('what backup and restore refuses', () => {
  it('an instance of that name which no run has made', async () => {
    const sim = await archive();
    sim.world.addDbInstance({ ...RESTORED, securityGroups: ['sg-0b20000000000000b'] });
    sim.world.breakRegion(SEOUL);
    const { refused, mutations } = await failover(sim);
    expect(refused).toEqual([
      {
        rule: 'restore-target',
        observed: 'archive-documents-tokyo in ap-northeast-1 exists already (available), and no run of dr made it',
        threshold: 'a free identifier',
        consequence: 'users would get whatever is in it; it is not overwritten, and not deleted',
        override:
          'keep it under another name: aws rds modify-db-instance --region ap-northeast-1 --db-instance-identifier archive-documents-tokyo --new-db-instance-identifier archive-documents-tokyo-kept --apply-immediately',
      },
    ]);
    expect(mutations).toEqual([]);
  });

  it('no recovery point at all, even when a loss is accepted', async () => {
    const sim = await archive();
    sim.world.addAutomatedBackup({ region: TOKYO, source: HOME, kmsKeyId: `arn:aws:kms:${SEOUL}:111122223333:key/of-the-lost-region` });
    sim.world.breakRegion(SEOUL);
    const { refused } = await failover(sim);
    expect(refused).toMatchObject([
      {
        rule: 'rpo-gate',
        observed:
          'the recovery point of archive-documents is unknown: no usable recovery point was found; not usable: automated backups of archive-documents in ap-northeast-2: its key is in ap-northeast-2, not in ap-northeast-1',
        override: '--accept-data-loss unknown --reason "…"',
      },
    ]);
    const accepted = await failover(sim, { ...APPROVED, dataLossSeconds: 'unknown', reason: 'decided' });
    expect(accepted.refused).toMatchObject([{ rule: 'recovery-point', threshold: 'one recovery point of archive-documents in ap-northeast-1' }]);
    expect(accepted.mutations).toEqual([]);
  });

  it('a region without the groups that a restore names', async () => {
    const sim = await archive();
    sim.world.addFault({ service: 'rds', operation: 'DescribeDBSubnetGroups', effect: { kind: 'error', httpStatus: 404, code: 'DBSubnetGroupNotFoundFault' } });
    sim.world.breakRegion(SEOUL);
    const { refused, mutations } = await failover(sim);
    expect(refused).toMatchObject([{ rule: 'restore-settings', observed: 'ap-northeast-1 does not have the subnet group archive' }]);
    expect(mutations).toEqual([]);
  });

  it('an image that is too old, and one that is not there', async () => {
    const old = await edited('maxAge: 90d', 'maxAge: 1h');
    await old.clock.run(() => old.clock.sleep(HOUR_MS));
    old.world.breakRegion(SEOUL);
    expect((await failover(old)).refused).toMatchObject([{ rule: 'image', threshold: 'at most 1h old', override: 'none: copy the current image into ap-northeast-1, or raise `maxAge` in the runbook' }]);
    const none = await archive();
    none.world.addFault({ service: 'ec2', operation: 'DescribeImages', effect: { kind: 'error', httpStatus: 400, code: 'InvalidAMIID.NotFound' } });
    none.world.breakRegion(SEOUL);
    expect((await failover(none)).refused).toMatchObject([{ rule: 'image', observed: 'ap-northeast-1 has no image archive-api-* that is available' }]);
  });
});

describe('compute from an image', () => {
  const of = (sim: Simulation) => [...sim.world.state.instances.table(TOKYO).values()];

  it('tries the next zone, then the next type, and says early what it has tried', async () => {
    const sim = await archive();
    for (const zone of ['a', 'c']) sim.world.state.instances.setCapacity({ region: TOKYO, zone: `${TOKYO}${zone}`, type: 'm6g.large' }, 1);
    sim.world.breakRegion(SEOUL);
    expect(troubleOf(await failover(sim))).toEqual([]);
    expect(of(sim).map((i) => [i.type, i.zone])).toEqual([
      ['m7g.large', `${TOKYO}a`],
      ['m7g.large', `${TOKYO}a`],
    ]);

    const none = await archive();
    for (const zone of ['a', 'c']) for (const type of ['m6g.large', 'm7g.large', 'm6g.xlarge']) none.world.state.instances.setCapacity({ region: TOKYO, zone: `${TOKYO}${zone}`, type }, 0);
    none.world.breakRegion(SEOUL);
    const run = await failover(none);
    const launch = run.state.steps.get('compute.api.launch');
    expect(run.outcome).toBe('failed');
    expect(launch?.error).toMatchObject({ code: 'NO_CAPACITY', message: expect.stringContaining('no m6g.xlarge in subnet-0b1000000000000bc') });
    // From the error, and not from a time-out.
    expect((launch?.endedAt ?? Infinity) - (launch?.startedAt ?? 0)).toBeLessThan(10_000);
  });

  it('launches once, whatever answer is lost', async () => {
    const sim = await archive();
    sim.world.addFault({ service: 'ec2', operation: 'RunInstances', effect: { kind: 'answer-lost' }, times: 1 });
    sim.world.breakRegion(SEOUL);
    expect(troubleOf(await failover(sim))).toEqual([]);
    expect(of(sim)).toHaveLength(2);
  });

  it('launches once, when besides what was launched cannot be seen yet', async () => {
    const sim = await archive();
    sim.world.addFault({ service: 'ec2', operation: 'RunInstances', effect: { kind: 'answer-lost' }, times: 1 });
    sim.world.addFault({ service: 'ec2', operation: 'DescribeInstances', region: TOKYO, effect: { kind: 'stale-read', ms: 60_000 }, times: 6 });
    sim.world.breakRegion(SEOUL);
    const run = await failover(sim);
    expect(troubleOf(run)).toEqual([]);
    expect(run.state.steps.get('compute.api.launch')?.attempts).toBeGreaterThan(1);
    expect(of(sim)).toHaveLength(2);
  });
});

class Crash extends Error {}

/** A failover that dies before or after an operation. */
async function crashed(operation: string, when: 'before' | 'after') {
  const sim = await archive();
  sim.world.breakRegion(SEOUL);
  const plan = await planOf(sim, TOKYO);
  let dead = false;
  const store = new MemoryStore(() => {
    if (dead) throw new Crash('crash');
  });
  const inner = sim.effects.aws;
  const aws: AwsCaller = {
    call: async (request) => {
      const mine = !dead && request.operation === operation;
      if (mine && when === 'before') dead = true;
      if (dead) throw new Crash('crash');
      return await inner.call(request).finally(() => {
        if (mine) dead = true;
        if (dead) throw new Crash('crash');
      });
    },
  };
  await runPlan({ ...sim, effects: { ...sim.effects, aws } }, plan, { store }).catch((error: unknown) => {
    if (!dead) throw error;
  });
  expect({ operation, dead }).toEqual({ operation, dead: true });
  return { sim, records: store.records };
}

describe('a crash while restoring, then resume', () => {
  it.each(['before', 'after'] as const)('ends with one instance, two servers and the archive up, %s any change', async (when) => {
    for (const operation of ['RestoreDBInstanceToPointInTime', 'RunInstances', 'RegisterTargets', 'ModifyDBInstance', 'ChangeResourceRecordSets']) {
      const { sim, records } = await crashed(operation, when);
      const run = await resumeRun(sim, records);
      expect({ operation, outcome: run.outcome, trouble: troubleOf(run) }).toEqual({ operation, outcome: 'succeeded', trouble: [] });
      expect([...sim.world.state.instances.table(TOKYO).values()]).toHaveLength(2);
      expect(sim.world.acceptsWrites(RESTORED)).toBe(true);
    }
  });

  it('knows its own instance again although nothing of it could be seen at first', async () => {
    const { sim, records } = await crashed('RestoreDBInstanceToPointInTime', 'after');
    sim.world.addFault({ service: 'rds', operation: 'DescribeDBInstances', region: TOKYO, effect: { kind: 'stale-read', ms: 600_000 }, times: 3 });
    const run = await resumeRun(sim, records);
    expect({ outcome: run.outcome, trouble: troubleOf(run) }).toEqual({ outcome: 'succeeded', trouble: [] });
  });
});

describe('what is lost, on machines and of sources that are not what they seem', () => {
  /** The same world, seen from a machine whose clock is off. */
  function offBy(sim: Simulation, ms: number): Simulation {
    const own = { now: () => sim.clock.now() + ms, sleep: (time: number, signal?: AbortSignal) => sim.clock.sleep(time, signal) };
    const { aws, clock } = onAwsTime(sim.effects.aws, own);
    return { ...sim, effects: { ...sim.effects, aws, clock } };
  }

  it.each([-90_000, 90_000])('a switchover loses nothing where the clock is %i ms off', async (ms) => {
    const sim = offBy(await archive({ timings: { backupPeriodMs: 20_000 } }), ms);
    const { outcome } = await runPlan(sim, await planOf(sim, { verb: 'switchover', region: TOKYO }));
    expect(outcome).toBe('succeeded');
    expect(sim.world.lossOf(RESTORED)).toMatchObject({ commits: 0 });
  });

  it('counts what a source that lives took until it was fenced', async () => {
    const sim = await archive();
    const run = await failover(sim, { ...APPROVED, sourceDown: 'lead', reason: 'seen' });
    expect(run.outcome).toBe('succeeded');
    const { boundMs } = run.state.facts.get('rpo.documents') as unknown as RpoBound;
    const loss = sim.world.lossOf(RESTORED)?.ms ?? Number.NaN;
    expect(loss).toBeGreaterThan(0);
    expect(boundMs).toBeGreaterThanOrEqual(loss);
  });

  it('is refused at the line when the fence took so long that it is over the RPO', async () => {
    const sim = await archive({ timings: { modifyMs: 100_000, backupPeriodMs: 60_000, backupDelayMs: 1_730_000 } });
    const run = await failover(sim, { ...APPROVED, sourceDown: 'lead', reason: 'seen' });
    expect(run.refused.map((r) => r.rule)).toContain('rpo-gate');
    expect(sim.world.acceptsWrites(RESTORED)).toBe(false);
  });
});

describe('a switchover by backups', () => {
  it('loses nothing: the restore waits until the backups hold the last write', async () => {
    const sim = await archive();
    const plan = await planOf(sim, { verb: 'switchover', region: TOKYO });
    const run = await runPlan(sim, plan);
    expect(troubleOf(run)).toEqual([]);
    expect(run.state.facts.get('rpo.documents')).toMatchObject({ boundMs: 0, method: 'restorable-time' });
    expect(sim.world.lossOf(RESTORED)?.commits).toBe(0);
    expect(sim.world.acceptsWrites(RESTORED)).toBe(true);
    expect(sim.world.acceptsWrites(HOME)).toBe(false);
  });

  it('rolls back before the line: users write to the old side again, at once', async () => {
    const sim = await archive();
    sim.world.addFault({ service: 'rds', operation: 'RestoreDBInstanceToPointInTime', effect: { kind: 'error', httpStatus: 400, code: 'StorageQuotaExceeded' } });
    const { outcome, records } = await runPlan(sim, await planOf(sim, { verb: 'switchover', region: TOKYO }));
    expect(outcome).toBe('aborted');
    const undone = records.flatMap((r) => (r.type === 'undo.done' ? [r.step] : []));
    expect(undone).toContain('databases.documents.quiesce');
    expect(sim.world.acceptsWrites(HOME)).toBe(true);
    // What was launched is stopped again, and not terminated.
    expect([...sim.world.state.instances.table(TOKYO).values()].map((i) => i.stopped)).toEqual([true, true]);
  });

  it('is refused where there are only snapshots', async () => {
    const sim = await archive();
    sim.world.addAutomatedBackup({ region: TOKYO, source: HOME, kmsKeyId: `arn:aws:kms:${SEOUL}:111122223333:key/x` });
    sim.world.addDbSnapshot({ region: TOKYO, id: 'archive-hourly-1', source: HOME, ageMs: HOUR_MS });
    const run = await runPlan(sim, await planOf(sim, { verb: 'switchover', region: TOKYO }));
    const refused = [...run.state.steps.values()].flatMap((s) => (s.refusal === undefined ? [] : [s.refusal]));
    expect(refused).toMatchObject([{ rule: 'switchover-backup', observed: 'only snapshots', consequence: 'a switchover from a snapshot would lose every write since it was taken' }]);
    expect(sim.world.acceptsWrites(HOME)).toBe(true);
  });
});

describe('out and home again', () => {
  /** Roles and records; not the names of what is kept besides. */
  const roles = (sim: Simulation) => ({
    writers: sim.world.snapshot().databases.filter((d) => d.acceptsWrites && !d.id.includes('-old-')).map((d) => `${d.region}/${d.id}`),
    answers: sim.world.resolve('archive.example.com', 'A').values,
    records: sim.world.snapshot().records.map(({ name, setIdentifier, failover }) => ({ name, setIdentifier, failover })),
    running: running(sim),
    healthy: sim.world.snapshot().applications,
  });
  const running = (sim: Simulation) => sim.world.snapshot().instances.filter(({ state }) => state === 'running').map(({ region, id }) => `${region}/${id}`).sort();

  async function verb(sim: Simulation, direction: Parameters<typeof planOf>[1]): Promise<SimulatedRun> {
    const run = await runPlan(sim, await planOf(sim, direction));
    expect(troubleOf(run)).toEqual([]);
    return run;
  }

  it('A → B → A is the identity, and nothing that holds data is deleted', async () => {
    const sim = await archive();
    const atHome = roles(sim);
    sim.world.breakRegion(SEOUL);
    await verb(sim, TOKYO);
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(600_000));
    const protect = await verb(sim, { verb: 'reprotect', region: TOKYO });
    const kept = protect.state.facts.get('kept.documents.ap-northeast-2') as string;
    expect(kept).toMatch(/^archive-documents-old-\d{8}$/);
    expect(await instance(sim, { region: SEOUL, id: kept })).toMatchObject({ DBInstanceStatus: 'available' });
    expect(sim.world.snapshot().databases.find((d) => d.id === kept)).toMatchObject({ quarantined: true, acceptsWrites: false });
    expect(await instance(sim, HOME)).toBeUndefined();
    await verb(sim, { verb: 'switchover', region: SEOUL });
    // The old side still runs what was launched there, until it is the standby again.
    expect({ ...roles(sim), running: running(sim).filter((id) => id.startsWith(SEOUL)), healthy: atHome.healthy }).toEqual(atHome);
    // The way home is planned: it loses nothing.
    expect(sim.world.lossOf(HOME)?.commits).toBe(0);
    expect((await instance(sim, HOME))?.BackupRetentionPeriod).toBe(14);
    await verb(sim, { verb: 'reprotect', region: SEOUL });
    await sim.clock.run(() => sim.clock.sleep(60_000));
    expect(roles(sim)).toEqual(atHome);
    expect(sim.world.snapshot().databases.map((d) => d.id).filter((id) => id.includes('-old-'))).toHaveLength(2);
  });

  it('reprotect takes no name away while the active instance is not available', async () => {
    const sim = await archive();
    sim.world.breakRegion(SEOUL);
    await verb(sim, TOKYO);
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(600_000));
    const plan = await planOf(sim, { verb: 'reprotect', region: TOKYO });
    sim.world.setDbStatus(RESTORED, 'storage-full');
    const { outcome, state, records } = await runPlan(sim, plan);
    expect(outcome).toBe('refused');
    expect(state.steps.get('databases.documents.keepOld')?.refusal).toMatchObject({ rule: 'keep-old', observed: 'archive-documents-tokyo in ap-northeast-1 is storage-full' });
    expect(records.filter((r) => r.type === 'step.intent')).toEqual([]);
  });
});
