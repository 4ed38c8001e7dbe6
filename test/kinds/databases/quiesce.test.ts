import { describe, expect, it } from 'vitest';
import type { SqlPosition } from '../../../src/effects/effects.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, stepOf } from '../context.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const PARAMS = { name: 'orders', region: SEOUL, id: 'writer', database: 'shop', userEnv: 'DB_USER', passwordEnv: 'DB_PASSWORD' };

/** A writer whose writes this run has stopped, and what it says now. */
async function stopped(seen: SqlPosition | Error) {
  const aws = { call: () => Promise.resolve({ output: { DBInstances: [{ DBInstanceIdentifier: 'writer', Engine: 'postgres', Endpoint: { Address: 'writer', Port: 5432 } }] }, requestId: undefined }) };
  const sql = { position: () => (seen instanceof Error ? Promise.reject(seen) : Promise.resolve(seen)) };
  const env = (name: string) => ({ DB_USER: 'shop', DB_PASSWORD: 'secret' })[name];
  return stepOf('rds-read-replica.quiesce', PARAMS, { clock: new VirtualClock(NOW), facts: { 'quiesce.orders': { at: '100', since: NOW - 5_000 } }, effects: { aws, sql, env } as never });
}

describe('writes that this run has stopped', () => {
  it('are stopped while the writer says so', async () => {
    expect(await (await stopped({ role: 'writer', at: 100n, readOnly: true, mayChange: true })).observe()).toMatchObject({ state: 'reached' });
  });

  it('are stopped again where somebody has let it take writes since: what was recorded is not what is there', async () => {
    const step = await stopped({ role: 'writer', at: 120n, readOnly: false, mayChange: true });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'writer takes writes again' });
  });
});
