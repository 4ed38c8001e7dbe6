import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { SqlPosition } from '../../../src/effects/effects.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const PARAMS = { name: 'orders', region: TOKYO, id: 'replica', database: 'shop', userEnv: 'DB_USER', passwordEnv: 'DB_PASSWORD', source: { region: SEOUL, id: 'writer' } };
const QUIESCED: Record<string, Json> = { 'quiesce.orders': { at: '100', since: NOW - 5_000 } };
const writer = (at: bigint, readOnly = true): SqlPosition => ({ role: 'writer', at, readOnly, mayChange: true });
const replica = (at: bigint): SqlPosition => ({ role: 'replica', at }) as SqlPosition;

interface Case {
  source: SqlPosition | Error;
  replica: SqlPosition | Error;
  facts?: Record<string, Json>;
  signal?: AbortSignal;
  intends?: readonly string[];
}

/** The replica and its source, each with what it says of its log. */
async function gate({ source, replica: seen, facts = QUIESCED, signal, intends = [] }: Case) {
  const asked: unknown[] = [];
  const aws = {
    call: ({ region, input }: { region: string; input: { DBInstanceIdentifier: string } }) =>
      Promise.resolve({ output: { DBInstances: [{ DBInstanceIdentifier: input.DBInstanceIdentifier, Engine: 'postgres', Endpoint: { Address: `${input.DBInstanceIdentifier}.${region}`, Port: 5432 } }] }, requestId: undefined }),
  };
  const sql = {
    position: (target: { host: string }) => {
      asked.push(target);
      const answer = target.host.startsWith('writer') ? source : seen;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const env = (name: string) => ({ DB_USER: 'shop', DB_PASSWORD: 'secret' })[name];
  const step = await stepOf('rds-read-replica.positionGate', PARAMS, { clock: new VirtualClock(NOW), facts, intends, effects: { aws, sql, env } as never, ...(signal === undefined ? {} : { signal }) });
  return { ...step, asked };
}

describe('a promotion without loss', () => {
  it('may begin once the replica has all that the source has written', async () => {
    for (const at of [100n, 101n]) {
      const step = await gate({ source: writer(100n), replica: replica(at) });
      const because = 'replica has replayed everything up to 100, where the log of writer stands without writes';
      expect(await step.observe()).toEqual({ state: 'reached', because });
      expect(step.recorded).toEqual({
        'rpo.orders': { database: 'orders', method: 'position', boundMs: 0, lagMs: 0, sampledAt: NOW, ageMs: 0, outageAt: NOW - 5_000, because },
      });
      expect(step.asked).toEqual([
        { engine: 'postgres', host: `writer.${SEOUL}`, port: 5432, database: 'shop', user: 'shop', password: 'secret' },
        { engine: 'postgres', host: `replica.${TOKYO}`, port: 5432, database: 'shop', user: 'shop', password: 'secret' },
      ]);
    }
  });

  it('not while something is written to another database of the instance: that would be lost', async () => {
    const using = (written: bigint): SqlPosition => ({ ...writer(100n), besides: { databases: ['billing'], written } });
    const world = { source: using(7n), replica: replica(100n) };
    const step = await gate(world);
    const waits = { state: 'pending', because: 'others use billing of writer: whether something is written there shows within 15 s', waitingFor: 'database' };
    expect(await step.observe()).toEqual(waits);
    await step.clock.run(() => step.clock.sleep(14_999));
    expect(await step.observe()).toEqual(waits);
    await step.clock.run(() => step.clock.sleep(1));
    expect(await step.observe()).toMatchObject({ state: 'reached' });
    const facts = { ...QUIESCED, 'besides.orders': { written: '6', since: NOW - 5_000, at: NOW - 60_000 } };
    expect(await (await gate({ ...world, facts })).observe()).toEqual({ state: 'impossible', because: 'others use billing of writer, and something is written there: writes are stopped in shop only', next: ['stop by hand what writes there, then: dr switchover'] });
    // Of an earlier stop of writes: it is counted again.
    expect(await (await gate({ ...world, facts: { ...facts, 'besides.orders': { written: '6', since: 1, at: 1 } } })).observe()).toEqual(waits);
  });

  it('waits for the rest, and says how much it is', async () => {
    const step = await gate({ source: writer(100n), replica: replica(97n) });
    expect(await step.observe()).toEqual({ state: 'pending', because: 'replica has replayed up to 97, 3 bytes behind', waitingFor: 'database' });
    expect(step.recorded).toEqual({});
  });

  it('waits also for what came into the log after writes were stopped; a log never stands before that', async () => {
    expect(await (await gate({ source: writer(120n), replica: replica(110n) })).observe()).toMatchObject({ state: 'pending', because: 'replica has replayed up to 110, 10 bytes behind' });
    expect(await (await gate({ source: writer(90n), replica: replica(95n) })).observe()).toMatchObject({ state: 'pending', because: 'replica has replayed up to 95, 5 bytes behind' });
  });

  it('goes by what was recorded where the source answers no more', async () => {
    expect(await (await gate({ source: new Error('gone'), replica: replica(100n) })).observe()).toMatchObject({ state: 'reached' });
    expect(await (await gate({ source: new Error('gone'), replica: replica(99n) })).observe()).toMatchObject({ state: 'pending' });
  });

  it('is none when the source takes writes again, or nobody stopped them', async () => {
    expect(await (await gate({ source: writer(100n, false), replica: replica(100n) })).observe()).toEqual({ state: 'impossible', because: 'writer takes writes again' });
    const unstopped = await gate({ source: writer(100n), replica: replica(100n), facts: {} });
    expect(await unstopped.observe()).toEqual({ state: 'impossible', because: 'writes to writer were not stopped by this run' });
    expect(unstopped.asked).toEqual([]);
  });

  it('holds for a replica that this run has promoted since: another machine continues it', async () => {
    const facts = (method: string) => ({ 'quiesce.orders': { at: '100', since: 1 }, 'rpo.orders': { method, boundMs: 0, outageAt: 1, because: '' } });
    const intends = [`rds:${TOKYO}:replica role`];
    const after = await gate({ source: writer(100n), replica: writer(130n, false), facts: facts('position'), intends });
    expect(await after.observe()).toEqual({ state: 'reached', because: 'replica is a writer: this run saw that it had replayed everything, and has promoted it' });
    const byHand = await gate({ source: writer(100n), replica: writer(130n, false), facts: facts('position') });
    expect(await byHand.observe()).toEqual({ state: 'impossible', because: 'replica is no replica any more' });
    const other = await gate({ source: writer(100n), replica: writer(130n, false), facts: facts('replica-lag'), intends });
    expect(await other.observe()).toMatchObject({ state: 'impossible' });
  });

  it('is none of what is no replica any more, and waits for one that does not answer', async () => {
    expect(await (await gate({ source: writer(100n), replica: writer(100n) })).observe()).toEqual({ state: 'impossible', because: 'replica is no replica any more' });
    expect(await (await gate({ source: writer(100n), replica: new Error('refused') })).observe()).toEqual({ state: 'pending', because: 'replica: refused', waitingFor: 'database' });
  });

  it('ends when it is stopped, and takes that for no silence', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect((await gate({ source: new Error('cut'), replica: replica(100n), signal: stop.signal })).observe()).rejects.toThrow('stopped');
  });
});

describe('before the run', () => {
  it('the replica must tell how far it is', async () => {
    expect(await (await gate({ source: writer(1n), replica: replica(1n), facts: {} })).check()).toEqual({ state: 'ok', because: 'replica tells how far it has replayed' });
    expect(await (await gate({ source: writer(1n), replica: new Error('no route') })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'position-gate', observed: 'replica: no route', consequence: 'that nothing is lost could not be proven' } });
  });
});
