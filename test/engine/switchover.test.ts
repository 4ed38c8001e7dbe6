import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findDbInstance } from '../../src/aws/rds.ts';
import type { DrError } from '../../src/base/errors.ts';
import { APPROVED, planOf, resumeRun, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from './simulated.ts';

const SOURCE = { region: SEOUL, id: 'shop-orders' };
const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };
const TO_TOKYO = { verb: 'switchover', region: TOKYO } as const;

async function switched(sim: Simulation) {
  return runPlan(sim, await planOf(sim, TO_TOKYO), { acceptances: APPROVED });
}

describe('a switchover in simulated time', () => {
  it('moves the application and loses nothing, with that proven by positions', async () => {
    const sim = await simulation();
    const { state, outcome } = await switched(sim);
    expect([...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.state, s.because, s.refusal, s.error])).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(sim.world.acceptsWrites(SOURCE)).toBe(false);
    expect(sim.world.acceptsWrites(REPLICA)).toBe(true);
    expect(sim.world.lossOf(REPLICA)).toMatchObject({ commits: 0, ms: 0 });
    expect(state.facts.get('rpo.orders')).toMatchObject({ boundMs: 0, method: 'position' });
    expect(sim.world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.3']);
  });
});

describe('a switchover that takes long to prepare', () => {
  it('goes over its line all the same: the launch of instances makes no decision old', async () => {
    const sim = await simulation({ timings: { instanceWarmUpMs: 12 * 60_000 } });
    const began = sim.clock.now();
    const { state, outcome } = await switched(sim);
    expect([...state.steps.values()].flatMap((s) => s.refusal ?? s.error ?? [])).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(sim.clock.now() - began).toBeGreaterThan(12 * 60_000);
  });

  it('and so does one that waits for backups', async () => {
    const sim = await simulation({ path: SHOP.replace('shop.yaml', 'archive.yaml'), timings: { backupPeriodMs: 9 * 60_000 } });
    const { state, outcome } = await switched(sim);
    expect([...state.steps.values()].flatMap((s) => s.refusal ?? s.error ?? [])).toEqual([]);
    expect(outcome).toBe('succeeded');
  });
});

/** What stood in the way, and what of it had been changed. */
async function refusal(sim: Simulation) {
  const { state, outcome, records } = await switched(sim);
  const refused = [...state.steps.values()].flatMap((s) => (s.refusal === undefined ? [] : [s.refusal]));
  return { outcome, refused, state, changed: records.flatMap((r) => (r.type === 'step.intent' ? [r.step] : [])) };
}

describe('what a switchover refuses', () => {
  it('a source that is down for its users, and names the failover', async () => {
    const sim = await simulation();
    sim.world.setApplicationUp('127.0.0.2', false);
    await sim.clock.run(() => sim.clock.sleep(60_000));
    const { outcome, refused, changed } = await refusal(sim);
    expect(outcome).toBe('refused');
    expect(changed).toEqual([]);
    expect(refused).toMatchObject([
      {
        rule: 'source-healthy',
        threshold: 'every signal of the source is up, and its replicas follow',
        override: `none: wait until it is healthy, or, when ${SEOUL} is lost: dr failover --region ${TOKYO}`,
      },
    ]);
    expect(refused[0]?.observed).toContain('users: down');
  });

  it('a source whose API does not answer', async () => {
    const sim = await simulation();
    sim.world.addFault({ region: SEOUL, service: 'rds', effect: { kind: 'hang' } });
    const { outcome, changed, state } = await refusal(sim);
    expect(outcome).toBe('refused');
    expect(changed).toEqual([]);
    expect(state.steps.get('databases.orders.quiesce')?.check).toBe('failed');
  });

  it('a replica that lags behind', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { lagMs: 900_000 });
    await sim.clock.run(() => sim.clock.sleep(1_200_000));
    const { outcome, refused, changed } = await refusal(sim);
    expect(outcome).toBe('refused');
    expect(changed).toEqual([]);
    expect(refused[0]?.observed).toContain('shop-orders-tokyo lags 15m behind, more than 5m');
  });

  it('a login that does not own the database', async () => {
    const sim = await simulation();
    const { sql } = sim.effects;
    const effects = { ...sim.effects, sql: { ...sql, position: async (...args: Parameters<typeof sql.position>) => ({ ...(await sql.position(...args)), mayChange: false }) } };
    const { outcome, refused, changed } = await refusal({ ...sim, effects });
    expect(outcome).toBe('refused');
    expect(changed).toEqual([]);
    expect(refused).toMatchObject([{ rule: 'quiesce', observed: 'the login of SHOP_DB_USER has not the rights of the owner of database shop' }]);
  });

  it('a runbook without a login, and says what to add', async () => {
    const text = await readFile(SHOP, 'utf8');
    const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
    await writeFile(path, text.replace(/^ +canary: .*\n/m, ''));
    const sim = await simulation({ path });
    const error = await planOf(sim, TO_TOKYO).then(() => undefined, (e: unknown) => e);
    expect(error).toMatchObject({ code: 'LOGIN_NEEDED', exit: 'refused' });
    expect((error as DrError).next[0]).toBe('add to the database: canary: { database: NAME, table: dr_canary, userEnv: DB_USER, passwordEnv: DB_PASSWORD }');
  });

  it('a region that is active already', async () => {
    await expect(planOf(await simulation(), { verb: 'switchover', region: SEOUL })).rejects.toMatchObject({ code: 'ALREADY_ACTIVE', next: [`dr plan --verb switchover --region ${TOKYO}    for the other direction`] });
  });
});

describe('the way back of a switchover', () => {
  it('before the line it rolls back by itself, and users never knew more than a pause', async () => {
    const sim = await simulation();
    const groups = sim.world.snapshot().groups;
    const plan = await planOf(sim, TO_TOKYO);
    const { state, outcome, records } = await runPlan(sim, plan, {
      onRecord: (r) => {
        if (r.type === 'step.done' && r.step === 'databases.orders.quiesce') sim.world.setReplication(REPLICA, { mode: 'stopped' });
      },
    });
    expect(outcome).toBe('aborted');
    expect(state.steps.get('databases.orders.positionGate')).toMatchObject({ state: 'failed', error: { code: 'STEP_TIMED_OUT' } });
    expect(records.filter((r) => r.type.startsWith('undo.')).map((r) => [r.type, 'step' in r ? r.step : ''])).toEqual([
      ['undo.started', ''],
      ['undo.intent', 'databases.orders.quiesce'],
      ['undo.done', 'databases.orders.quiesce'],
      ['undo.intent', 'compute.api.scaleOut'],
      ['undo.done', 'compute.api.scaleOut'],
    ]);
    expect(sim.world.acceptsWrites(SOURCE)).toBe(true);
    expect(sim.world.snapshot().groups).toEqual(groups);
    // Writes stood still from the quiesce to the end of the gate's time, and no longer.
    const at = (type: string, step: string) => records.find((r) => r.type === type && 'step' in r && r.step === step)?.at ?? 0;
    expect(at('undo.done', 'databases.orders.quiesce') - at('step.intent', 'databases.orders.quiesce')).toBeLessThan(200_000);
  });

  it('after the line nothing is undone: it fails, and a resume continues', async () => {
    const sim = await simulation();
    const gone = sim.world.addFault({ service: 'route53', operation: 'ChangeResourceRecordSets', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
    const { outcome, records, state } = await switched(sim);
    expect(outcome).toBe('failed');
    expect(records.filter((r) => r.type.startsWith('undo.'))).toEqual([]);
    expect(state.steps.get('databases.orders.promote')?.state).toBe('done');
    gone();
    const resumed = await resumeRun(sim, records);
    expect(resumed.outcome).toBe('succeeded');
    expect(sim.world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.3']);
  });

  it('a source that dies between quiesce and line is left by a failover, which opens the new writer', async () => {
    const sim = await simulation();
    const plan = await planOf(sim, TO_TOKYO);
    const { outcome, state } = await runPlan(sim, plan, {
      onRecord: (r) => {
        if (r.type === 'step.intent' && r.step === 'databases.orders.promote') throw new Error('the machine of the operator dies as well');
      },
    }).catch(() => ({ outcome: 'dead', state: undefined }));
    expect([outcome, state]).toEqual(['dead', undefined]);
    sim.world.breakRegion(SEOUL);
    const failover = await runPlan(sim, await planOf(sim, TOKYO));
    expect(failover.outcome).toBe('succeeded');
    expect(failover.state.steps.get('databases.orders.openWrites')).toMatchObject({ state: 'done', already: false });
    expect(sim.world.acceptsWrites(REPLICA)).toBe(true);
  });
});

describe('the backups of the new writer', () => {
  const days = async (sim: Simulation) => (await sim.clock.run(() => findDbInstance(sim.effects.aws, TOKYO, 'shop-orders-tokyo')))?.BackupRetentionPeriod;
  /** What a promotion asks for, and what its check warns of. */
  /** The simulated replica keeps no backups of its own. */
  const FIRST_BACKUP = 'shop-orders-tokyo keeps no backups: after the promotion AWS makes a full one, which may take hours; it takes writes meanwhile';

  async function promoted(sim: Simulation, to: Parameters<typeof planOf>[1]) {
    const { state, outcome } = await runPlan(sim, await planOf(sim, to));
    expect(outcome).toBe('succeeded');
    return { days: await days(sim), warnings: state.steps.get('databases.orders.promote')?.warnings ?? [] };
  }

  it('are kept for as long as the runbook says, anyone who can be asked', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    expect(await promoted(sim, TOKYO)).toEqual({ days: 7, warnings: [FIRST_BACKUP] });
  });

  describe('where the runbook says nothing', () => {
    let path: string;
    beforeAll(async () => {
      path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
      await writeFile(path, (await readFile(SHOP, 'utf8')).replace(/ {4}retentionDays: .*\n/, ''));
    });

    it('are kept as those of the old writer, when it can be asked', async () => {
      expect(await promoted(await simulation({ path }), TO_TOKYO)).toEqual({ days: 7, warnings: [FIRST_BACKUP] });
    });

    it('are kept for the one day of AWS when it is lost, and the check says so', async () => {
      const sim = await simulation({ path });
      sim.world.breakRegion(SEOUL);
      expect(await promoted(sim, TOKYO)).toEqual({
        days: 1,
        warnings: [FIRST_BACKUP, 'AWS keeps backups of a promoted replica for one day: name `retentionDays` for orders in the runbook'],
      });
    });
  });
});
