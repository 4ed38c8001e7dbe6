import { describe, expect, it } from 'vitest';
import type { DbInstance } from '../../../src/aws/rds.ts';
import type { Json } from '../../../src/base/json.ts';
import { follows, freeName, keptBefore, keptPattern, learn, notShown, settingsOf, standbyFact, type StandbyParams } from '../../../src/kinds/databases/standby.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, TOKYO } from '../context.ts';
import { type Call, smallRds } from './small-rds.ts';

/* What a new standby gets from the old instance, and the names by which that is kept. */

const P: StandbyParams = { name: 'orders', region: SEOUL, id: 'old', writer: `arn:aws:rds:${TOKYO}:111122223333:db:new` };
const OLD: DbInstance = { DBInstanceIdentifier: 'old', DBInstanceClass: 'db.r6g.large', MultiAZ: true, PubliclyAccessible: true, DeletionProtection: true };

describe('the settings of a new standby', () => {
  it('are those of the old instance', () => {
    const groups = ['sg-1', undefined, 'sg-2'].map((VpcSecurityGroupId) => ({ VpcSecurityGroupId }));
    const old = { ...OLD, DBSubnetGroup: { DBSubnetGroupName: 'private' }, DBParameterGroups: [{ DBParameterGroupName: 'tuned' }], VpcSecurityGroups: groups, KmsKeyId: 'arn:key', StorageType: 'io1' };
    expect(settingsOf(old, P)).toMatchObject({ instanceClass: 'db.r6g.large', subnetGroup: 'private', parameterGroup: 'tuned', securityGroups: ['sg-1', 'sg-2'], multiAz: true, kmsKeyId: 'arn:key', publiclyAccessible: true, deletionProtection: true, carried: { StorageType: 'io1' }, shown: { 'storage type': 'io1' } });
  });

  it('what is not shown is not made up: what the request cannot do without is named by `notShown`', () => {
    expect(settingsOf({}, P)).toMatchObject({ instanceClass: '', securityGroups: [], multiAz: false, publiclyAccessible: false, deletionProtection: false });
    expect([settingsOf({}, P).subnetGroup, settingsOf({}, P).parameterGroup, settingsOf({}, P).kmsKeyId]).toEqual([undefined, undefined, undefined]);
    expect(notShown({}, P)).toEqual(['DBInstanceClass', 'MultiAZ', 'PubliclyAccessible', 'DeletionProtection']);
    expect(notShown({ MultiAZ: false, PubliclyAccessible: false, DeletionProtection: false }, { instanceClass: 'db.t4g.small' })).toEqual([]);
    expect(notShown(OLD, {})).toEqual([]);
  });

  it('the runbook goes before, and a group that closes is none of the application', () => {
    const old = { ...OLD, VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-1' }, { VpcSecurityGroupId: 'sg-closed' }], ProcessorFeatures: [{ Name: 'coreCount', Value: '2' }] };
    expect(settingsOf(old, { ...P, quarantine: 'sg-closed' }).securityGroups).toEqual(['sg-1']);
    expect(settingsOf(old, { ...P, quarantine: 'sg-closed', securityGroups: ['sg-3'], instanceClass: 'db.t4g.small' })).toMatchObject({ securityGroups: ['sg-3'], instanceClass: 'db.t4g.small', carried: {} });
    expect(settingsOf(old, P).carried).toHaveProperty('ProcessorFeatures');
  });

  it('a parameter group of AWS is left to AWS: it is of one version', () => {
    const group = (DBParameterGroupName: string) => settingsOf({ DBParameterGroups: [{ DBParameterGroupName }] }, P).parameterGroup;
    expect(settingsOf({ DBParameterGroups: [] }, P).parameterGroup).toBeUndefined();
    expect([group('default.postgres17'), group('defaults'), group('my.default.one')]).toEqual([undefined, 'defaults', 'my.default.one']);
  });
});

describe('what is written down of the old instance', () => {
  const FACT = `standby.orders.${SEOUL}`;
  const WHOLE: DbInstance = { ...OLD, VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-1' }] };
  const learning = (old: DbInstance, kept: string | null, before?: Json) => {
    const facts: Record<string, Json> = before === undefined ? {} : { [FACT]: before };
    const ctx = { fact: (name: string) => facts[name], record: (name: string, value: Json) => void (facts[name] = value) } as unknown as StepContext;
    return { waits: learn(ctx, P, old, kept), fact: facts[FACT] };
  };
  const known = (settings: object): Json => ({ kept: null, settings: { ...settingsOf(WHOLE, P), ...settings } as unknown as Json });

  it('is all that the new replica is to have, and the name by which it is kept', () => {
    expect(learning(WHOLE, null)).toEqual({ waits: undefined, fact: { kept: null, settings: settingsOf(WHOLE, P) } });
    expect(learning(WHOLE, 'kept').fact).toMatchObject({ kept: 'kept' });
  });

  it('is nothing while AWS does not show a part of it', () => {
    const waits = (fields: string, id = 'old') => ({ waits: { state: 'pending', because: `AWS does not show ${fields} of ${id}, which the new replica is to have`, waitingFor: 'aws' }, fact: undefined });
    expect(learning({ ...WHOLE, MultiAZ: undefined, DeletionProtection: undefined }, null)).toEqual(waits('MultiAZ, DeletionProtection'));
    expect(learning({ ...OLD, DBInstanceIdentifier: 'old-old-1' }, null)).toEqual(waits('VpcSecurityGroups', 'old-old-1'));
    expect(learning({ ...WHOLE, DBInstanceIdentifier: undefined, MultiAZ: undefined }, null)).toEqual(waits('MultiAZ'));
  });

  it('stays as it was written down first, whatever is shown later', () => {
    const before = known({ securityGroups: ['sg-9'] });
    expect(learning({ DBInstanceIdentifier: 'old' }, 'kept', before)).toEqual({ waits: undefined, fact: { ...(before as object), kept: 'kept' } });
  });

  it.each<[Json, boolean]>([[{}, true], [{ Iops: 1 }, true], [null, false], ['x', false]])('may be read with %j carried over: %s', (carried, readable) => {
    const found = standbyFact.read({ fact: () => known({ carried }) }, 'x');
    expect(found !== undefined).toBe(readable);
  });
});

it('an instance follows the writer that it names, however that is written', () => {
  expect([P.writer, P.writer.toUpperCase(), 'new', undefined].map((name) => follows({ ReadReplicaSourceDBInstanceIdentifier: name }, P))).toEqual([true, true, false, false]);
});

const TAIL = '-old-20261120';
const looking = (names: readonly string[]) => {
  const { aws, calls } = smallRds({ instances: { [SEOUL]: names.map((DBInstanceIdentifier) => ({ DBInstanceIdentifier })) } });
  return { effects: { aws, clock: new VirtualClock(Date.parse('2026-11-20T23:59:00Z')) }, signal: new AbortController().signal, calls } as unknown as StepContext & { calls: Call[] };
};
/** A hyphen stands where the name is cut. */
const LONG = `${'a'.repeat(49)}-${'b'.repeat(10)}`;

describe('the name by which the old instance is kept', () => {
  it.each<[string, string, readonly string[], string]>([
    ['has the day', 'old', [], `old${TAIL}`],
    ['is in lower case', 'Old', [], `old${TAIL}`],
    ['with the hyphens of its own', 'shop-orders-eu', [], `shop-orders-eu${TAIL}`],
    ['and a number where that is taken', 'old', [`old${TAIL}`, `old${TAIL}-2`, `old${TAIL}-4`], `old${TAIL}-3`],
    ['is cut to what AWS allows, without two hyphens in a row', LONG, [], `${'a'.repeat(49)}${TAIL}`],
    ['as long as AWS allows', 'a'.repeat(60), [], `${'a'.repeat(50)}${TAIL}`],
    ['with its number', 'a'.repeat(60), [`${'a'.repeat(50)}${TAIL}`], `${'a'.repeat(48)}${TAIL}-2`],
  ])('%s', async (_what, id, taken, name) => {
    expect(await freeName(looking(taken), { region: SEOUL, id })).toBe(name);
  });

  it('is within the right that is asked for before it is known', async () => {
    expect(keptPattern('Old')).toBe('old-old-*');
    for (const length of [45, 46, 47, 48, 63]) {
      const id = 'a'.repeat(length);
      const right = new RegExp(`^${keptPattern(id).replaceAll('*', '.*')}$`);
      for (const taken of [[], [`${id.slice(0, 50)}${TAIL}`]]) expect(await freeName(looking(taken), { region: SEOUL, id })).toMatch(right);
    }
    expect([keptPattern('a'.repeat(46)), keptPattern('a'.repeat(47)), keptPattern(`${'A'.repeat(45)}-bb`), keptPattern(`a-${'b'.repeat(60)}`)]).toEqual([`${'a'.repeat(46)}-old-*`, `${'a'.repeat(46)}*-old-*`, `${'a'.repeat(45)}*-old-*`, `a-${'b'.repeat(44)}*-old-*`]);
  });
});

describe('the old instance that an earlier run has kept', () => {
  const found = async (names: readonly string[], id = 'old') => (await keptBefore(looking(names), { ...P, id }))?.DBInstanceIdentifier;

  it.each<[string, readonly string[], string | undefined]>([
    ['none', [], undefined],
    ['the newest day', ['old-old-20261119', 'old-old-20261120', 'old-old-20261118'], 'old-old-20261120'],
    ['of one day the highest number', ['old-old-20261120', 'old-old-20261120-10', 'old-old-20261120-9'], 'old-old-20261120-10'],
    ['a number, found first', ['old-old-20261120-2', 'old-old-20261120'], 'old-old-20261120-2'],
    ['a day goes before a number', ['old-old-20261119-3', 'old-old-20261120'], 'old-old-20261120'],
    ['one that is listed after others', ['x', 'old', 'old-old-20261120'], 'old-old-20261120'],
    ['none of another name', ['older-old-20261120', 'x-old-old-20261120', 'old', 'old-old-2026112', 'old-old-20261120-x', 'old-old-20261120x'], undefined],
  ])('%s', async (_what, names, name) => {
    expect(await found(names)).toBe(name);
  });

  it('is found where its own name looks like one that is kept', async () => {
    expect(await found(['orders-old-20250101-old-20261120'], 'orders-old-20250101')).toBe('orders-old-20250101-old-20261120');
  });

  it('both ask for as long as the run wants to know', async () => {
    for (const ask of [freeName, keptBefore]) {
      const ctx = looking([]);
      await ask(ctx, P);
      expect(ctx.calls.map((call) => [call.region, call.input, call.signal === ctx.signal])).toEqual([[SEOUL, {}, true]]);
    }
  });

  it('is found by a name that was cut', async () => {
    expect(await found([`${'a'.repeat(49)}${TAIL}`], LONG)).toBe(`${'a'.repeat(49)}${TAIL}`);
    expect(await found([`${'a'.repeat(48)}${TAIL}`], LONG)).toBeUndefined();
  });
});
