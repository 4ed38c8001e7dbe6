import { beforeEach, describe, expect, it } from 'vitest';
import type { AwsCaller, AwsRequest } from '../../src/aws/caller.ts';
import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import { changeRecords, changeStatus, listRecordSets, protectionsOf, type RecordChange } from '../../src/aws/route53.ts';
import { sharedRoute53 } from '../../src/aws/shared-route53.ts';
import { DrError } from '../../src/base/errors.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { World } from '../../src/simulator/world.ts';

/** Any region of the run. */
const AT = { region: 'ap-northeast-1' };

const ZONE = 'Z123';
const NAMES = Array.from({ length: 30 }, (_, i) => `app-${i}.example.com`);
let clock: VirtualClock;
let world: World;
let calls: string[];
let aws: AwsCaller;

beforeEach(() => {
  clock = new VirtualClock();
  world = new World({ clock, seed: 1, regions: ['ap-northeast-1'] });
  world.addHostedZone({ id: ZONE, name: 'example.com', records: NAMES.map((name, i) => ({ name, type: 'A', ttl: 60, values: [`10.0.0.${i + 1}`] })) });
  calls = [];
  const counted = { call: (request: AwsRequest) => (calls.push(request.operation), world.call(request)) } as unknown as AwsCaller;
  aws = sharedRoute53(counted, clock);
});

const upsert = (name: string, value: string): RecordChange => ({ Action: 'UPSERT', ResourceRecordSet: { Name: name, Type: 'A', TTL: 60, ResourceRecords: [{ Value: value }] } });
const valueOf = (name: string) => world.resolve(name, 'A').values[0];
const insync = () => clock.run(() => clock.sleep(120_000));

describe('what many applications ask of Route 53', () => {
  it('look-ups of one zone are read together, and each gets its own', async () => {
    const sets = await clock.run(() => Promise.all([...NAMES, 'nobody.example.com'].map((name) => listRecordSets(aws, ZONE, name, 'A', AT))));
    expect(sets.slice(0, 30).map((found) => found.map((set) => set.ResourceRecords?.[0]?.Value))).toEqual(NAMES.map((_, i) => [`10.0.0.${i + 1}`]));
    expect(sets[30]).toEqual([]);
    // One page, and one more look for the name that was not on it.
    expect(calls).toEqual(['ListResourceRecordSets', 'ListResourceRecordSets']);
  });

  it('a few are asked for as they are', async () => {
    const [one] = await clock.run(() => Promise.all([listRecordSets(aws, ZONE, 'app-7.example.com', 'A', AT), listRecordSets(aws, ZONE, 'app-7.example.com', 'A', AT)]));
    expect([one[0]?.ResourceRecords, calls]).toEqual([[{ Value: '10.0.0.8' }], ['ListResourceRecordSets']]);
  });

  it('a look-up that is asked for after a change sees the change', async () => {
    const after = await clock.run(async () => {
      const others = NAMES.map((name) => listRecordSets(aws, ZONE, name, 'A', AT));
      await changeRecords(aws, ZONE, [upsert('app-1.example.com', '10.9.9.9')], 'a test', AT);
      const seen = await listRecordSets(aws, ZONE, 'app-1.example.com', 'A', AT);
      await Promise.all(others);
      return seen;
    });
    expect(after[0]?.ResourceRecords).toEqual([{ Value: '10.9.9.9' }]);
  });

  it('changes go out in one batch, of which everybody has the id', async () => {
    const changes = await clock.run(() => Promise.all(NAMES.map((name, i) => changeRecords(aws, ZONE, [upsert(name, `10.1.0.${i + 1}`)], `of ${name}`, AT))));
    expect(calls).toEqual(['ChangeResourceRecordSets']);
    expect(new Set(changes.map((change) => change.changeId)).size).toBe(1);
    calls.length = 0;
    const states = await clock.run(() => Promise.all(changes.map(({ changeId }) => changeStatus(aws, changeId, AT))));
    expect([new Set(states), calls]).toEqual([new Set(['PENDING']), ['GetChange']]);
    await insync();
    expect(NAMES.map(valueOf)).toEqual(NAMES.map((_, i) => `10.1.0.${i + 1}`));
  });

  it('two that touch the same name stay apart, in their order', async () => {
    await clock.run(() => Promise.all(['10.2.0.1', '10.2.0.2'].map((value) => changeRecords(aws, ZONE, [upsert('app-0.example.com', value)], 'x', AT))));
    expect(calls).toEqual(['ChangeResourceRecordSets', 'ChangeResourceRecordSets']);
    await insync();
    expect(valueOf('app-0.example.com')).toBe('10.2.0.2');
  });

  it('of a batch that is refused only the wrong change fails', async () => {
    const wrong: RecordChange = { Action: 'DELETE', ResourceRecordSet: { Name: 'app-1.example.com', Type: 'A', TTL: 1, ResourceRecords: [{ Value: '10.0.0.1' }] } };
    const ends = await clock.run(() =>
      Promise.allSettled([
        changeRecords(aws, ZONE, [upsert('app-0.example.com', '10.3.0.1')], 'good', AT),
        changeRecords(aws, ZONE, [wrong], 'wrong', AT),
        changeRecords(aws, ZONE, [upsert('app-2.example.com', '10.3.0.3')], 'good', AT),
      ]),
    );
    expect(ends.map((end) => (end.status === 'rejected' ? (end.reason as { code: string }).code : end.status))).toEqual(['fulfilled', 'InvalidChangeBatch', 'fulfilled']);
    await insync();
    expect(['app-0', 'app-1', 'app-2'].map((name) => valueOf(`${name}.example.com`))).toEqual(['10.3.0.1', '10.0.0.2', '10.3.0.3']);
  });

  it('an answer that is lost may have happened for everybody in the batch', async () => {
    world.addFault({ service: 'route53', operation: 'ChangeResourceRecordSets', effect: { kind: 'answer-lost' }, times: 1 });
    const ends = await clock.run(() => Promise.allSettled(['app-0.example.com', 'app-1.example.com'].map((name) => changeRecords(aws, ZONE, [upsert(name, '10.4.0.1')], 'x', AT))));
    expect(ends.map((end) => (end.status === 'rejected' ? (end.reason as { kind: string }).kind : 'fulfilled'))).toEqual(['unknown', 'unknown']);
    expect(calls).toEqual(['ChangeResourceRecordSets']);
  });

  it('anyone who leaves before it is sent is not acted for', async () => {
    const leave = new AbortController();
    const ends = await clock.run(async () => {
      const left = changeRecords(aws, ZONE, [upsert('app-0.example.com', '10.5.0.1')], 'x', { ...AT, signal: leave.signal });
      const stays = changeRecords(aws, ZONE, [upsert('app-1.example.com', '10.5.0.2')], 'y', AT);
      leave.abort(new Error('time is up'));
      return Promise.allSettled([left, stays]);
    });
    expect(ends.map((end) => end.status)).toEqual(['rejected', 'fulfilled']);
    await insync();
    expect(['app-0', 'app-1'].map((name) => valueOf(`${name}.example.com`))).toEqual(['10.0.0.1', '10.5.0.2']);
  });

  it('of those who may no longer change anything nothing is in the batch', async () => {
    aws = sharedRoute53(reliableCaller(world, { clock, ids: new SeededIds(1) }), clock);
    const gone = new DrError({ code: 'SUPERSEDED', exit: 'busy', title: 'somebody has taken over' });
    const asked = (name: string, before?: () => Promise<void>) =>
      aws.call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input: { HostedZoneId: ZONE, ChangeBatch: { Changes: [upsert(name, '10.6.0.1')] } }, before });
    const ends = await clock.run(() => Promise.allSettled([asked('app-0.example.com'), asked('app-1.example.com', () => Promise.reject(gone)), asked('app-2.example.com')]));
    expect(ends.map((end) => (end.status === 'rejected' ? (end.reason as unknown) : end.status))).toEqual(['fulfilled', gone, 'fulfilled']);
    await insync();
    expect(['app-0', 'app-1', 'app-2'].map((name) => valueOf(`${name}.example.com`))).toEqual(['10.6.0.1', '10.0.0.2', '10.6.0.1']);
  });

  it('protections are read once; more status look-ups than may be made are not made', async () => {
    await clock.run(() => Promise.all(NAMES.map((name) => protectionsOf(aws, ZONE, [{ name, type: 'A' }], AT))));
    expect(calls).toEqual(['ListResourceRecordSetProtections']);
    for (let i = 0; i < 10; i++) world.addHealthCheck({ id: `hc-${i}`, watches: { kind: 'region-endpoint', region: 'ap-northeast-1' } });
    // With its turns: AWS throttles those who ask more often.
    const counted = { call: (request: AwsRequest) => (calls.push(request.operation), world.call(request)) } as unknown as AwsCaller;
    aws = sharedRoute53(reliableCaller(counted, { clock, ids: new SeededIds(1) }), clock);
    const status = (i: number, turn?: 'if-free' | 'patient') => aws.call({ service: 'route53', region: 'us-east-1', operation: 'GetHealthCheckStatus', input: { HealthCheckId: `hc-${i}` }, turn });
    const asked = (all: () => readonly Promise<unknown>[]) => clock.run(() => Promise.allSettled(all())).then((ends) => ends.map((end) => (end.status === 'rejected' ? (end.reason as { code: string }).code : 'told')));
    expect(await asked(() => NAMES.slice(0, 10).map((_, i) => status(i)))).toEqual([...Array.from({ length: 4 }, () => 'told'), ...Array.from({ length: 6 }, () => 'NotAsked')]);
    expect(calls.filter((name) => name === 'GetHealthCheckStatus')).toHaveLength(4);
    // What is only nice to know does not take a turn from those who decide by it.
    expect(await asked(() => [status(0, 'if-free'), status(1, 'if-free'), status(2)])).toEqual(['told', 'NotAsked', 'told']);
    // Where nothing else tells that a region is lost, everybody waits for their turn.
    expect(await asked(() => NAMES.slice(0, 10).map((_, i) => status(i, 'patient')))).toEqual(Array.from({ length: 10 }, () => 'told'));
  });
});
