import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { RecordKey, RecordSet } from '../../../src/aws/route53.ts';
import { BATCH_LIMITS } from '../../../src/aws/route53-batches.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import type { PlannedSets } from '../../../src/kinds/route53/batch-rules.ts';
import { askChecks, changeProblems } from '../../../src/kinds/route53/change-problems.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { World } from '../../../src/simulator/world.ts';
import { type Answers, awsError, fakeAws, listing, NO_ANSWER, setOf } from './fake.ts';

const ZONE = 'Z0123456789ABCDEFGHIJ';
const TOKYO = 'ap-northeast-1';

/** What Route 53 would refuse in these changes of a zone that has an A record `old.example.com`. */
async function refusals(planned: PlannedSets[], missing: string[] = []): Promise<string[]> {
  const clock = new VirtualClock();
  const world = new World({ clock, seed: 1, regions: [TOKYO] });
  world.addHostedZone({ id: ZONE, name: 'example.com', records: [{ name: 'old.example.com', type: 'A', ttl: 60, values: ['192.0.2.1'] }, { name: 'www.example.com', type: 'CNAME', ttl: 60, values: ['old.example.com'] }] });
  const ctx = { effects: { aws: world, clock } as unknown as Effects, target: TOKYO, signal: new AbortController().signal } as StepContext;
  const gone = (id: string) => new AwsError({ service: 'route53', operation: 'GetHealthCheckStatus', region: 'us-east-1', code: 'NoSuchHealthCheck', message: id });
  const asked = new Map(missing.map((id) => [id, gone(id)]));
  return (await clock.run(() => changeProblems(ctx, ZONE, planned, asked))).map((one) => one.observed);
}

function created(name: string, type: RecordKey['type'], fields: Partial<RecordSet> = {}): PlannedSets {
  const value = type === 'CNAME' ? 'lb.example.net' : '192.0.2.9';
  return { record: { name, type }, current: [], wanted: [{ Name: name, Type: type, TTL: 60, ResourceRecords: [{ Value: value }], ...fields }] };
}

const alias = (DNSName: string, HostedZoneId = ZONE) => ({ TTL: undefined, ResourceRecords: undefined, AliasTarget: { HostedZoneId, DNSName, EvaluateTargetHealth: false } });

describe('what Route 53 would refuse because of what is there', () => {
  it.each([
    ['a CNAME beside an A record', created('old.example.com', 'CNAME'), 'old.example.com has a record of type A: a CNAME cannot be beside another record, nor at the apex of a zone'],
    ['an A record beside a CNAME', created('www.example.com', 'A'), 'www.example.com has a record of type CNAME: a CNAME cannot be beside another record, nor at the apex of a zone'],
    ['an alias to a name that is not in the zone', created('new.example.com', 'A', alias('nobody.example.com.')), `the alias target nobody.example.com. A is not in zone ${ZONE}`],
    ['an alias to a name of another type', created('new.example.com', 'A', alias('www.example.com.')), `the alias target www.example.com. A is not in zone ${ZONE}`],
  ])('%s', async (_what, planned, observed) => {
    expect(await refusals([planned])).toEqual([observed]);
  });

  it.each([
    ['an alias to a record of the zone', [created('new.example.com', 'A', alias('old.example.com.'))]],
    ['an alias to a record that the same change creates', [created('new.example.com', 'A', alias('other.example.com.')), created('other.example.com', 'A')]],
    ['an alias to another zone, which is not looked at', [created('new.example.com', 'A', alias('lb.elb.amazonaws.com.', 'Z14GRHDCWA56QT'))]],
    ['a CNAME of its own', [created('new.example.com', 'CNAME')]],
  ])('takes %s', async (_what, planned) => {
    expect(await refusals(planned)).toEqual([]);
  });

  it('a health check that does not exist, each once; one that could not be asked is not missing', async () => {
    const planned = ['a.example.com', 'b.example.com'].map((name) => created(name, 'A', { HealthCheckId: 'hc-gone' }));
    expect(await refusals(planned, ['hc-gone'])).toEqual(['the health check hc-gone does not exist']);
    expect(await refusals(planned)).toEqual([]);
  });

  it('the sets of one name that do not fit into one request', async () => {
    const Value = 'x'.repeat(4_000);
    const wanted = Array.from({ length: 9 }, (_, i): RecordSet => ({ Name: 'new.example.com', Type: 'CNAME', TTL: 60, SetIdentifier: `s${i}`, Weight: 1, ResourceRecords: [{ Value }] }));
    const many: PlannedSets = { record: { name: 'new.example.com', type: 'CNAME' }, current: [], wanted };
    expect(await refusals([many])).toEqual([`the sets of new.example.com have 9 elements and 36000 characters: too much for one atomic change`]);
    expect(await refusals([{ ...many, wanted: wanted.slice(0, BATCH_LIMITS.characters / 4_000) }])).toEqual([]);
  });
});

describe('what is asked for it', () => {
  /** The problems of a change, and the names and types that Route 53 was asked for. */
  async function asked(planned: PlannedSets[], sets: RecordSet[] = [], checks = new Map()) {
    const { aws, calls } = fakeAws({ ListResourceRecordSets: listing(() => sets) });
    const ctx = { effects: { aws }, target: TOKYO, signal: new AbortController().signal } as unknown as StepContext;
    const problems = await changeProblems(ctx, ZONE, planned, checks);
    return { problems, asked: [...new Set(calls.map(({ input }) => `${String(input['StartRecordName'])} ${String(input['StartRecordType'])}`))].sort(), regions: new Set(calls.map(({ region }) => region)) };
  }
  const existing = { Name: 'new.example.com.', Type: 'A' as const, TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }] };

  it('a CNAME conflicts with every other type, and every other type with a CNAME', async () => {
    const types = ['NS', 'SOA', 'A', 'AAAA', 'MX', 'TXT', 'CAA', 'SRV'];
    expect((await asked([created('new.example.com', 'CNAME')])).asked).toEqual(types.map((type) => `new.example.com. ${type}`).sort());
    const { asked: names, regions } = await asked([created('new.example.com', 'AAAA')]);
    expect([names, regions]).toEqual([['new.example.com. CNAME'], new Set(['us-east-1'])]);
  });

  it('a name that has the record already cannot conflict, nor one that gets none', async () => {
    expect((await asked([{ ...created('new.example.com', 'A'), current: [existing] }])).asked).toEqual([]);
    const [one, two] = [created('one.example.com', 'A'), created('two.example.com', 'CNAME')];
    expect((await asked([one, { ...two, wanted: [] }])).asked).toEqual(['one.example.com. CNAME']);
  });

  it('nothing, where nothing changes', async () => {
    const same = { ...created('new.example.com', 'CNAME'), current: created('new.example.com', 'CNAME').wanted };
    expect(await asked([same])).toMatchObject({ problems: [], asked: [] });
  });

  it('an alias to a record that is deleted by the same change is missing, and asked for once', async () => {
    const aliases = ['a', 'b'].map((label) => created(`${label}.example.com`, 'A', alias('gone.example.com.')));
    const { problems } = await asked([...aliases, { record: { name: 'gone.example.com', type: 'A' }, current: [], wanted: [] }]);
    expect(problems).toEqual([{ observed: `the alias target gone.example.com. A is not in zone ${ZONE}`, fix: 'create gone.example.com. A, or correct `alias` in the runbook' }]);
  });

  it('says how each is mended', async () => {
    const cname = { Name: 'new.example.com.', Type: 'CNAME' as const, TTL: 60, ResourceRecords: [{ Value: 'x.example.net' }] };
    const checks = new Map([['hc', awsError('NoSuchHealthCheck')]]);
    const { problems } = await asked([created('new.example.com', 'A', { HealthCheckId: 'hc' })], [cname], checks);
    expect(problems.map(({ fix }) => fix)).toEqual(['delete the CNAME record of new.example.com, or use another type', 'create it, or correct `healthCheck` in the runbook or the record set']);
    expect((await asked([created('new.example.com', 'A', { HealthCheckId: 'hc' })], [], new Map([['hc', NO_ANSWER]]))).problems).toEqual([]);
    const wanted = Array.from({ length: 9 }, (_, i): RecordSet => ({ Name: 'new.example.com', Type: 'TXT', TTL: 60, SetIdentifier: `s${i}`, Weight: 1, ResourceRecords: [{ Value: 'x'.repeat(4_000) }] }));
    expect((await asked([{ record: { name: 'new.example.com', type: 'A' }, current: [], wanted }])).problems).toMatchObject([{ fix: 'keep the sets of new.example.com within 1000 elements and 32000 characters of one request' }]);
  });
});

describe('health checks of a change', () => {
  async function ask(sets: (string | undefined)[], others: (string | undefined)[], answers: Answers = {}) {
    const turns: unknown[] = [];
    const { aws, asked } = fakeAws({ GetHealthCheckStatus: { HealthCheckObservations: [{ StatusReport: { Status: 'Success' } }] }, GetHealthCheck: { HealthCheck: { Id: 'x', HealthCheckVersion: 1, HealthCheckConfig: { Type: 'HTTP' } } }, ...answers });
    const call: typeof aws.call = (request) => (turns.push(request.turn), aws.call(request));
    const ctx = { effects: { aws: { call }, clock: new VirtualClock() }, target: TOKYO, signal: new AbortController().signal } as unknown as StepContext;
    const having = (ids: (string | undefined)[]) => ids.map((id) => setOf('x', '192.0.2.1', id === undefined ? {} : { HealthCheckId: id }));
    const found = await askChecks(ctx, having(sets), having(others));
    const ids = (operation: string) => asked(operation).map(({ input }) => input['HealthCheckId']);
    return { found, status: ids('GetHealthCheckStatus'), read: ids('GetHealthCheck'), calls: asked('GetHealthCheck'), turns: new Set(turns) };
  }

  it('of sets that are to answer the status is asked, of others whether they exist: of each the first four, each once', async () => {
    const { status, read, found, calls } = await ask(['a', 'a', undefined, 'b', 'c', 'd', 'e'], ['a', 'v', 'v', undefined, 'w', 'x', 'y', 'z']);
    expect([status, read]).toEqual([['a', 'b', 'c', 'd'], ['v', 'w', 'x', 'y']]);
    expect([...found.keys()]).toEqual(['a', 'b', 'c', 'd']);
    expect(found.get('a')).toMatchObject({ says: 'up' });
    expect(calls[0]).toMatchObject({ attempts: 1, region: 'us-east-1' });
  });

  it('a status is asked for only where nobody else waits for one', async () => {
    expect((await ask(['a'], [])).turns).toEqual(new Set(['if-free']));
  });

  it('errors of AWS are answers, and no others', async () => {
    const gone = awsError('NoSuchHealthCheck');
    expect([...(await ask(['a'], ['b'], { GetHealthCheckStatus: NO_ANSWER, GetHealthCheck: gone })).found]).toEqual([['a', NO_ANSWER], ['b', gone]]);
    await expect(ask([], ['b'], { GetHealthCheck: new TypeError('broken') })).rejects.toThrow('broken');
  });
});
