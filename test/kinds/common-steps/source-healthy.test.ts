import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { SEOUL, stepOf } from '../context.ts';

const ALL = { users: 'users', 'source-api': 'api', replication: 'link', 'health-checkers': 'checkers' } as const;
type Vantage = keyof typeof ALL;

/** Every vantage says up, but these. */
async function gate(says: Partial<Record<Vantage, string>>, more: Record<string, Json> = {}) {
  const names = Object.values(ALL);
  const facts = Object.fromEntries(Object.entries(ALL).map(([vantage, name]) => [`signal.${name}`, { vantage, says: says[vantage as Vantage] ?? 'up', because: 'seen' }]));
  return stepOf('run.source-healthy', { region: SEOUL, signals: names }, { facts: { ...facts, ...more } });
}

const STOPPED = { 'writes.stopped': true };

describe('run.source-healthy', () => {
  it('is open when all say up, and says what they said', async () => {
    const step = await gate({});
    expect(await step.check()).toEqual({ state: 'ok', because: '' });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'users: up (seen); api: up (seen); link: up (seen); checkers: up (seen)' });
  });

  it.each<[Vantage, string, string]>([
    ['users', 'unknown', 'reached'], // A runbook without probes: nobody has asked users.
    ['users', 'down', 'refused'],
    ['source-api', 'unknown', 'refused'],
    ['source-api', 'down', 'refused'],
    ['replication', 'unknown', 'refused'],
    ['replication', 'down', 'refused'],
    ['health-checkers', 'unknown', 'reached'],
    ['health-checkers', 'down', 'refused'],
  ])('%s says %s: %s', async (vantage, says, state) => {
    expect((await (await gate({ [vantage]: says })).observe()).state).toBe(state);
  });

  it('an instance that may serve, and is in no state to be left in good order, is not healthy', async () => {
    const step = await gate({}, { 'signal.api': { vantage: 'source-api', says: 'up', because: 'shop-orders is rebooting', unsettled: true } });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { observed: 'api: up (shop-orders is rebooting)' } });
  });

  it.each<[Vantage, string]>([['users', 'reached'], ['health-checkers', 'reached'], ['source-api', 'refused'], ['replication', 'refused']])(
    'resumed after this run has stopped writes, %s that says down is its own doing: %s',
    async (vantage, state) => {
      expect((await (await gate({ [vantage]: 'down' }, STOPPED)).observe()).state).toBe(state);
    },
  );

  it('what was not seen does not count as good, also then', async () => {
    for (const more of [{}, STOPPED]) {
      expect(await (await gate({}, { ...more, 'signal.users': null, 'signal.link': 'no signal' })).observe()).toMatchObject({ state: 'refused', refusal: { observed: 'users: not seen; link: not seen' } });
    }
  });
});
