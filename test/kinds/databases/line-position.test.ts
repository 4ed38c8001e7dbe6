import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { lsnText, recordLinePosition } from '../../../src/kinds/databases/line-position.ts';
import type { SqlPosition } from '../../../src/effects/effects.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';
import type { AtHand } from '../context.ts';
import { awsError, portOf } from '../port.ts';
import { stepIn } from '../world.ts';

const facts = { 'fence.orders': { verdict: 'fenced', because: '', at: 0 }, 'rpo.orders': { database: 'orders', method: 'replica-lag', boundMs: 0, lagMs: 0, sampledAt: 0, ageMs: 0, outageAt: 0, because: 'measured' } };

/** What the promotion has recorded when it decides to ask. */
async function positionOf(sim: Simulation, at: AtHand = {}) {
  const step = await stepIn(sim, 'databases.orders.promote', { facts, ...at });
  const { state } = await step.observe();
  return { state, position: step.recorded['position.orders'] };
}

describe('the position of the data right before the line', () => {
  it('is read in the database: position and time of what was replayed last', async () => {
    const sim = await simulation();
    const sql = { ...sim.effects.sql, position: () => Promise.resolve({ role: 'replica' as const, at: 0x1_6b37_4d84_8n, readOnly: true, mayChange: true, replayedAt: 1_795_000_000_000 }) };
    expect(await positionOf(sim, { effects: { sql } })).toEqual({
      state: 'absent',
      position: { by: 'sql', at: sim.clock.now(), lsn: '16/B374D848', replayedAt: 1_795_000_000_000, because: 'last position that the replica had replayed' },
    });
  });

  it('is the newest lag sample where the database does not answer', async () => {
    const sim = await simulation();
    const sql = { ...sim.effects.sql, position: () => Promise.reject(new Error('connection refused')) };
    expect(await positionOf(sim, { effects: { sql } })).toMatchObject({ state: 'absent', position: { by: 'lag-sample', lagMs: 1_000 } });
  });

  it('holds up nothing: what cannot be read is not known', async () => {
    const sim = await simulation();
    const sql = { ...sim.effects.sql, position: () => new Promise<never>(() => undefined) };
    sim.world.addFault({ service: 'cloudwatch', region: TOKYO, effect: { kind: 'hang' } });
    const began = sim.clock.now();
    expect(await positionOf(sim, { effects: { sql } })).toMatchObject({ state: 'absent', position: { by: 'not known', because: expect.stringContaining('no answer within') as string } });
    expect(sim.clock.now() - began).toBeLessThan(7_000);
  });
});

describe('what is written down of it', () => {
  const LOGIN = { database: 'shop', userEnv: 'DB_USER', passwordEnv: 'DB_PASSWORD' };
  const NOW = 1_795_000_000_000;
  const replica = { role: 'replica', at: 0x1_0000_00ffn, readOnly: true, mayChange: true } as const;
  const samples = (...values: number[]) => ({ MetricDataResults: [{ Id: 'm1', StatusCode: 'Complete', Timestamps: values.map((_, i) => new Date(NOW - (i + 1) * 60_000)), Values: values }] });

  interface Seen {
    sql?: SqlPosition | Error | 'silent';
    lag?: object | Error;
    login?: typeof LOGIN | undefined;
    signal?: AbortSignal;
  }

  async function recorded({ sql = replica, lag = samples(2), signal = new AbortController().signal, ...rest }: Seen) {
    const clock = new VirtualClock(NOW);
    const port = portOf({ DescribeDBInstances: { DBInstances: [{ DBInstanceIdentifier: 'orders-tokyo', Engine: 'postgres', Endpoint: { Address: 'db', Port: 5432 } }] }, GetMetricData: lag });
    const statements: unknown[][] = [];
    const position = (...args: unknown[]) => {
      statements.push(args);
      if (sql === 'silent') return new Promise<never>(() => undefined);
      return sql instanceof Error ? Promise.reject(sql) : Promise.resolve(sql);
    };
    const facts: Record<string, Json> = {};
    const ctx = { effects: { clock, aws: port.aws, sql: { position }, env: () => 'x' }, signal, record: (name: string, value: Json) => void (facts[name] = value) } as unknown as StepContext;
    const login = 'login' in rest ? rest.login : LOGIN;
    await clock.run(() => recordLinePosition(ctx, { name: 'orders', region: TOKYO, id: 'orders-tokyo', login }));
    return { facts, statements, took: clock.now() - NOW, ...port };
  }
  const byLag = { 'position.orders': { by: 'lag-sample', at: NOW, lagMs: 2_000, sampledAt: NOW - 60_000, because: 'newest lag that AWS shows' } };
  const notKnown = (because: string) => ({ 'position.orders': { by: 'not known', at: NOW, because } });

  it('by SQL, and nothing else is asked; a replica that has replayed nothing yet tells no time of it', async () => {
    const { facts, statements } = await recorded({});
    expect(facts).toEqual({ 'position.orders': { by: 'sql', at: NOW, lsn: '1/FF', because: 'last position that the replica had replayed' } });
    expect(statements.map(([target]) => target)).toMatchObject([{ host: 'db', database: 'shop' }]);
    const timed = await recorded({ sql: { ...replica, replayedAt: 7 } });
    expect(timed.facts).toMatchObject({ 'position.orders': { replayedAt: 7 } });
    expect(timed.statements).toHaveLength(1);
  });

  it('by the newest lag that says something, where no login is named, or what answers is no replica', async () => {
    const lag = samples(-1, 2).MetricDataResults;
    const older = { MetricDataResults: lag };
    expect((await recorded({ login: undefined })).facts).toEqual(byLag);
    expect((await recorded({ sql: { ...replica, role: 'writer' } })).facts).toEqual(byLag);
    expect((await recorded({ sql: new Error('refused'), lag: older })).facts).toEqual({ 'position.orders': { ...byLag['position.orders'], sampledAt: NOW - 120_000 } });
  });

  it.each<[string, Seen, string]>([
    ['no login, no sample', { login: undefined, lag: samples() }, 'the runbook names no login; no ReplicaLag sample was found'],
    ['no replica', { sql: { ...replica, role: 'writer' }, lag: samples(-1) }, 'orders-tokyo is no replica; no ReplicaLag sample was found'],
    ['an error of each', { sql: new Error('refused'), lag: awsError('AccessDenied', { service: 'cloudwatch', operation: 'GetMetricData' }) }, `orders-tokyo: refused; cloudwatch.GetMetricData in ${TOKYO}: AccessDenied: said AWS`],
  ])('with both reasons where nothing tells it: %s', async (_what, seen, because) => {
    expect((await recorded(seen)).facts).toEqual(notKnown(because));
  });

  it('after three seconds at most of each', async () => {
    const { facts, took } = await recorded({ sql: 'silent', lag: samples() });
    expect(took).toBe(3_000);
    expect(facts).toEqual({ 'position.orders': { by: 'not known', at: NOW + 3_000, because: 'the position by SQL: no answer within 3000 ms; no ReplicaLag sample was found' } });
  });

  it('not at all by a run that was ended meanwhile', async () => {
    const stop = new AbortController();
    const ended = new Error('ended');
    const sql = Object.assign(new Error('refused'), { get message() { stop.abort(ended); return 'refused'; } });
    await expect(recorded({ sql, signal: stop.signal, lag: samples() })).rejects.toBe(ended);
  });

  it('as PostgreSQL writes it', () => {
    expect([0n, 0xffff_ffffn, 0x1_0000_0000n, 0xabc_0000_0def0n].map(lsnText)).toEqual(['0/0', '0/FFFFFFFF', '1/0', 'ABC0/DEF0']);
  });
});
