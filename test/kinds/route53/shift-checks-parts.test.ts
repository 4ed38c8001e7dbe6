import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { RecordSet } from '../../../src/aws/route53.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { stepOf } from '../context.ts';
import { type Answers, awsError, fakeAws, listing, NO_ANSWER, RECORD, setOf, ZONE } from './fake.ts';

/* The switch by health checks, request by request. */

interface State {
  disabled: boolean;
  inverted: boolean;
  type?: string;
}
const FREE: State = { disabled: false, inverted: false };
const OUT: State = { disabled: true, inverted: true };
const PAGE = 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html';

interface At {
  out?: string[];
  in?: string[];
  states?: Record<string, State>;
  sets?: readonly RecordSet[];
  answers?: Answers;
  facts?: Record<string, Json>;
  records?: { name: string; type: string }[];
}

const named = (id: string | undefined, check: string | undefined) => setOf(id, '192.0.2.1', check === undefined ? {} : { HealthCheckId: check });
const SETS = ['seoul', 'tokyo', 'osaka'].map((id) => named(id, `hc-${id}`));

async function shift({ out = ['seoul'], in: back = ['tokyo'], states = {}, sets = SETS, answers = {}, facts = {}, records = [RECORD] }: At = {}) {
  const clock = new VirtualClock();
  const now = new Map<string, State & { version: number }>(Object.entries(states).map(([id, state]) => [id, { ...state, version: 7 }]));
  const stateOf = (id: string) => now.get(id) ?? { ...FREE, version: 7 };
  const shown = (id: string) => {
    const { disabled, inverted, type = 'HTTP', version } = stateOf(id);
    return { HealthCheck: { Id: id, HealthCheckVersion: version, HealthCheckConfig: { Type: type, Disabled: disabled, Inverted: inverted } } };
  };
  const updates: [string, boolean, boolean, number][] = [];
  const fake = fakeAws({
    ListResourceRecordSets: listing(() => sets),
    GetHealthCheck: ({ HealthCheckId: id }: { HealthCheckId: string }) => shown(id),
    UpdateHealthCheck: ({ HealthCheckId: id, HealthCheckVersion: version, Disabled: disabled, Inverted: inverted }: { HealthCheckId: string; HealthCheckVersion: number; Disabled: boolean; Inverted: boolean }) => {
      updates.push([id, disabled, inverted, version]);
      if (version !== stateOf(id).version) return awsError('HealthCheckVersionMismatch', { httpStatus: 409 });
      now.set(id, { ...stateOf(id), disabled, inverted, version: version + 1 });
      return shown(id);
    },
    ...answers,
  });
  const step = await stepOf('route53-weighted.shiftChecks', { zone: ZONE, records, out, in: back }, { clock, facts, effects: { aws: fake.aws } });
  return { ...fake, ...step, now, updates, stateOf: (id: string) => ({ disabled: stateOf(id).disabled, inverted: stateOf(id).inverted }) };
}

const refused = (observed: string, override = 'give each set its own health check, or set `switch: record`') => ({ state: 'refused', refusal: {
  rule: 'health-check', observed, threshold: 'each set has a health check of its own that is not inverted, of a type that can be disabled and inverted', consequence: 'switching it would take out too much, or nothing', override,
} });
const rule = (name: string, more: object) => ({ rule: name, page: PAGE, ...more });

describe('the check', () => {
  const SWITCH = 'set the state of its routing control (aws route53-recovery-cluster update-routing-control-state), or set `switch: record`';
  const ARC = { ...FREE, type: 'RECOVERY_CONTROL' };

  it.each([
    ['a set that is not there', { out: ['kyoto'] }, 'there is no set kyoto'],
    ['one that is to come back is not there', { in: ['kyoto'] }, 'there is no set kyoto'],
    ['a set without a health check', { sets: [named('seoul', 'hc-seoul'), named('tokyo', undefined)] }, 'set tokyo has no health check of its own'],
    ['a check that both sides share', { sets: [named('seoul', 'hc'), named('tokyo', 'hc')] }, 'health check hc belongs to seoul and tokyo: it would take all of them out'],
    ['one that a set of no side shares', { sets: [...SETS.slice(0, 2), named('osaka', 'hc-seoul')] }, 'health check hc-seoul belongs to seoul and osaka: it would take all of them out'],
    ['one that a record without a policy shares', { sets: [...SETS.slice(0, 2), named(undefined, 'hc-seoul')] }, 'health check hc-seoul belongs to seoul and (simple): it would take all of them out'],
    ['one that is out, and shared with what stays out', { sets: [...SETS.slice(0, 2), named('osaka', 'hc-tokyo')], states: { 'hc-tokyo': OUT } }, 'health check hc-tokyo belongs to tokyo and osaka: it would bring all of them back'],
    ['one that is inverted', { states: { 'hc-tokyo': { disabled: false, inverted: true } } }, 'health check hc-tokyo is inverted: it watches something else than its set’s endpoint'],
  ] as [string, At, string][])('refuses %s', async (_what, at, observed) => {
    expect(await (await shift(at)).check()).toEqual(refused(observed));
  });

  it('refuses to take out all that a name has: Route 53 would still answer with it', async () => {
    const records = [RECORD, { name: 'www.example.com', type: 'A' }];
    const www = (id: string) => ({ ...named(id, `hc-${id}`), Name: 'www.example.com.' });
    const override = 'give each name a set that answers for the region that stays, or correct `sets` in the runbook';
    const observed = 'www.example.com A has only sets that would be taken out (seoul): Route 53 would still answer with them';
    expect(await (await shift({ records, sets: [...SETS, www('seoul')] })).check()).toEqual(refused(observed, override));
    for (const others of [[www('seoul'), www('tokyo')], [www('seoul'), { ...named('plain', undefined), Name: 'www.example.com.' }], [www('tokyo')], []]) {
      expect((await (await shift({ records, sets: [...SETS, ...others] })).check()).state).toBe('ok');
    }
    // One that has begun is led to its end, and comes back.
    const step = await shift({ records, sets: [...SETS, www('seoul')] });
    await step.act();
    await step.undo().catch(() => undefined);
    expect(step.updates.map(([id]) => id)).toEqual(['hc-seoul']);
  });

  it('refuses a type that cannot be switched, with what to do instead', async () => {
    expect(await (await shift({ states: { 'hc-seoul': ARC } })).check()).toEqual(refused('health check hc-seoul of seoul is of the type RECOVERY_CONTROL, which Route 53 does not let anybody disable or invert', SWITCH));
    const both = [named('seoul', 'hc'), named('osaka', 'hc'), named('tokyo', 'hc-tokyo')];
    expect(await (await shift({ out: ['seoul', 'osaka'], sets: both, states: { hc: ARC } })).check()).toMatchObject({ refusal: { observed: expect.stringMatching(/^health check hc of seoul and osaka is/) as string } });
  });

  it('takes one that is shared and has nothing to be switched, or belongs to one side as a whole', async () => {
    const ok = (count: number) => ({ state: 'ok', because: `${count} health checks can be switched`, warnings: [] });
    expect(await (await shift({ sets: [...SETS.slice(0, 2), named('osaka', 'hc-tokyo')] })).check()).toEqual(ok(2));
    expect(await (await shift({ out: ['seoul', 'osaka'], sets: [named('seoul', 'hc'), named('osaka', 'hc'), named('tokyo', 'hc-tokyo')] })).check()).toEqual(ok(2));
    expect(await (await shift({ states: { 'hc-seoul': OUT, 'hc-tokyo': OUT } })).check()).toEqual(ok(2));
  });

  it('warns of one that is disabled already', async () => {
    const disabled = { disabled: true, inverted: false };
    const observed = (id: string) => `health check hc-${id} of ${id} is disabled already: it counts as healthy whatever it watches`;
    const more = (id: string) => ({ wanted: 'a health check that is enabled', mend: `aws route53 update-health-check --health-check-id hc-${id} --no-disabled` });
    expect(await (await shift({ states: { 'hc-seoul': disabled, 'hc-tokyo': disabled } })).check()).toMatchObject({ state: 'ok', warnings: [
      rule('health-check-disabled', { observed: `${observed('seoul')}; a rollback leaves it disabled`, ...more('seoul') }),
      rule('health-check-disabled', { observed: observed('tokyo'), ...more('tokyo') }),
    ] });
  });

  it('warns where traffic could not leave the target again', async () => {
    const verdict = await (await shift({ sets: [named('seoul', 'hc-seoul'), named('tokyo', 'hc'), named('osaka', 'hc')], in: ['tokyo', 'osaka'], states: { hc: ARC } })).check();
    expect(verdict).toEqual({ state: 'ok', because: '2 health checks can be switched', warnings: [
      expect.objectContaining({ rule: 'routing-control', observed: expect.stringMatching(/^the health check hc of tokyo and osaka is an ARC routing control/) as string }),
      rule('health-check-type', { observed: `health check hc of tokyo and osaka is of the type RECOVERY_CONTROL, which Route 53 does not let anybody disable or invert: traffic could not leave it again. ${SWITCH}`, wanted: 'a health check that can be disabled and inverted', mend: SWITCH }),
    ] });
  });
});

describe('a look', () => {
  it('says who is out, and who is not', async () => {
    expect(await (await shift({ states: { 'hc-seoul': OUT } })).observe()).toEqual({ state: 'reached', because: 'out by their health checks: hc-seoul; not: hc-tokyo' });
    expect(await (await shift({ out: [], in: ['tokyo', 'osaka'] })).observe()).toEqual({ state: 'reached', because: 'out by their health checks: none; not: hc-tokyo, hc-osaka' });
  });

  it.each([{ disabled: true, inverted: false }, { disabled: false, inverted: true }])('half of it is not out: %o', async (half) => {
    expect(await (await shift({ states: { 'hc-seoul': half, 'hc-tokyo': half } })).observe()).toEqual({ state: 'absent', because: 'hc-seoul is not yet out' });
  });

  it('notes what each check was, once, before it is switched', async () => {
    const step = await shift({ states: { 'hc-tokyo': OUT }, facts: { 'route53.check-before.hc-tokyo': { disabled: true, inverted: false } } });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'hc-seoul is not yet out, hc-tokyo is still out' });
    expect(step.recorded).toEqual({ 'route53.check-before.hc-seoul': FREE });
  });

  it('asks again for a set that is not shown any more', async () => {
    const step = await shift({ sets: SETS.slice(0, 1) });
    expect(await step.observe()).toMatchObject({ state: 'pending', because: expect.stringMatching(/^there is no set tokyo;/) as string });
    expect(Object.keys(step.recorded)).toEqual([`lasts.missing.checks.${ZONE}.seoul.tokyo`]);
    const name = `lasts.missing.checks.${ZONE}.seoul.tokyo`;
    const again = await shift({ facts: { [name]: { since: 0, last: 0 } } });
    await again.observe();
    expect(again.recorded[name]).toBeNull();
  });
});

describe('the switch', () => {
  it('brings back first, then takes out, and touches nothing that is as wanted', async () => {
    const step = await shift({ out: ['seoul', 'osaka'], states: { 'hc-tokyo': OUT, 'hc-osaka': OUT } });
    await step.act();
    expect(step.updates).toEqual([['hc-tokyo', false, false, 7], ['hc-seoul', true, true, 7]]);
    expect(step.asked('UpdateHealthCheck').map(({ region }) => region)).toEqual(['us-east-1', 'us-east-1']);
  });

  it('cannot be made of sets that are not there', async () => {
    const step = await shift({ out: ['kyoto'] });
    await expect(step.act()).rejects.toThrow('there is no set kyoto');
    await expect(step.undo()).rejects.toThrow('there is no set kyoto');
    expect(step.updates).toEqual([]);
  });

  describe('where somebody else updates the check at the same time', () => {
    /** Each read is behind by that many updates. */
    const raced = (times: number, theirs: State = FREE) => {
      let reads = 0;
      return shift({ in: [], answers: { GetHealthCheck: () => ({ HealthCheck: { Id: 'hc-seoul', HealthCheckVersion: reads++ < times ? 1 : 7, HealthCheckConfig: { Type: 'HTTP', Disabled: reads > 1 && theirs.disabled, Inverted: reads > 1 && theirs.inverted } } }) }, out: ['seoul'] });
    };

    it('theirs is read, and ours is written over it', async () => {
      const step = await raced(2);
      await step.act();
      expect(step.updates).toEqual([['hc-seoul', true, true, 1], ['hc-seoul', true, true, 1], ['hc-seoul', true, true, 7]]);
    });

    it('three times at most', async () => {
      const step = await raced(9);
      await expect(step.act()).rejects.toMatchObject({ code: 'HealthCheckVersionMismatch' });
      expect(step.updates).toHaveLength(3);
    });

    it('nothing more is written where theirs is as ours', async () => {
      const step = await raced(1, OUT);
      await step.act();
      expect(step.updates).toHaveLength(1);
    });

    it.each([{ disabled: true, inverted: false }, { disabled: false, inverted: true }])('half of it is not as ours: %o', async (theirs) => {
      const step = await raced(1, theirs);
      await step.act();
      expect(step.updates).toHaveLength(2);
    });

    it.each([NO_ANSWER, awsError('AccessDenied'), Object.assign(new Error('broken'), { code: 'HealthCheckVersionMismatch' })])('another error stands: %s', async (error) => {
      const step = await shift({ answers: { UpdateHealthCheck: error } });
      await expect(step.act()).rejects.toBe(error);
      expect(step.asked('UpdateHealthCheck')).toHaveLength(1);
    });
  });
});

describe('the way back', () => {
  const before = (states: Record<string, State>) => Object.fromEntries(Object.entries(states).map(([id, { disabled, inverted }]) => [`route53.check-before.${id}`, { disabled, inverted }]));

  it('makes each what it was, those that were taken out first', async () => {
    const was = { disabled: true, inverted: false };
    const step = await shift({ in: ['tokyo'], out: ['seoul'], states: { 'hc-seoul': OUT }, facts: before({ 'hc-tokyo': OUT, 'hc-seoul': was }) });
    await step.undo();
    expect(step.updates).toEqual([['hc-seoul', true, false, 7], ['hc-tokyo', true, true, 7]]);
  });

  it('leaves one as it is that is no more as this step made it, or of which nothing is known', async () => {
    const step = await shift({ out: ['seoul', 'osaka'], in: [], states: { 'hc-seoul': FREE, 'hc-osaka': OUT }, facts: before({ 'hc-seoul': FREE }) });
    await step.undo();
    expect(step.updates).toEqual([]);
  });

  it('is refused where nothing is known at all', async () => {
    const step = await shift({ states: { 'hc-seoul': OUT }, facts: { 'route53.check-before.hc-seoul': { disabled: 'yes' } } });
    await expect(step.undo()).rejects.toThrow('what the health checks were before is not known');
  });
});
