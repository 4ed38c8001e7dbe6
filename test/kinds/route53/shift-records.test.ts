import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { RecordSet } from '../../../src/aws/route53.ts';
import type { Verb } from '../../../src/model/verb.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { stepOf } from '../context.ts';
import { aliasOf, type Answers, awsError, fakeAws, listing, NAME, NO_ANSWER, RECORD, setOf, ZONE } from './fake.ts';

/* How sets are brought to an aim: what is refused or warned of before, what is sent, and when it is done. */

const [OLD, NEW] = ['192.0.2.2', '192.0.2.3'];
const weights = (seoul: number, tokyo: number): Json => ({ policy: 'weighted', weights: { seoul, tokyo } });
const PAIR = { policy: 'failover', primary: 'tokyo', secondary: 'seoul' };
const pair = (more: Partial<RecordSet> = {}) => [setOf('seoul', OLD, { Failover: 'PRIMARY', HealthCheckId: 'hc-seoul' }), setOf('tokyo', NEW, { Failover: 'SECONDARY', HealthCheckId: 'hc-tokyo', ...more })];
const weighted = (seoul: number, tokyo: number, more: Partial<RecordSet> = {}) => [setOf('seoul', OLD, { Weight: seoul }), setOf('tokyo', NEW, { Weight: tokyo, ...more })];

const HTTP = { Type: 'HTTP', Disabled: false, Inverted: false };
const checkOf = (config: object) => ({ HealthCheck: { Id: 'hc', HealthCheckVersion: 1, HealthCheckConfig: { ...HTTP, ...config } } });
const status = (...words: string[]) => ({ HealthCheckObservations: words.map((Status) => ({ StatusReport: { Status } })) });
const GUIDE = 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide';

/** A zone whose sets change by what is sent to it. */
function zoneOf(sets: readonly RecordSet[], answers: Answers = {}) {
  let all = [...sets];
  let changes = 0;
  const apply = ({ ChangeBatch: batch }: { ChangeBatch: { Changes: { Action: string; ResourceRecordSet: RecordSet }[] } }) => {
    const same = (a: RecordSet, b: RecordSet) => a.SetIdentifier === b.SetIdentifier && a.Name === b.Name;
    for (const { Action, ResourceRecordSet: set } of batch.Changes) all = Action === 'DELETE' ? all.filter((one) => !same(one, set)) : [...all, set];
    return { ChangeInfo: { Id: `/change/C${++changes}`, Status: 'PENDING' } };
  };
  const fake = fakeAws({
    ListResourceRecordSets: listing(() => all),
    ChangeResourceRecordSets: apply,
    GetChange: { ChangeInfo: { Status: 'INSYNC' } },
    ListResourceRecordSetProtections: { ResourceRecordSetProtections: [] },
    GetHostedZone: { HostedZone: { Id: ZONE, Name: 'example.com.' } },
    GetHealthCheck: checkOf({}),
    GetHealthCheckStatus: status('Success'),
    ...answers,
  });
  return { ...fake, apply, sets: () => all };
}

interface At {
  params?: Record<string, Json>;
  facts?: Record<string, Json>;
  verb?: Verb;
  answers?: Answers;
  planned?: { kind: string }[];
  clock?: VirtualClock;
}

async function shift(sets: readonly RecordSet[], { params, facts = {}, verb = 'failover', answers, planned, clock = new VirtualClock() }: At = {}) {
  const zone = zoneOf(sets, answers);
  const all: Record<string, Json> = { key: 'web', zone: ZONE, records: [RECORD], aim: weights(0, 10), ...params };
  const step = await stepOf('route53-weighted.shift', all, { clock, facts, run: { verb }, effects: { aws: zone.aws }, ...(planned === undefined ? {} : { planned: planned as never }) });
  return { ...zone, ...step, sleep: (ms: number) => clock.run(() => clock.sleep(ms)) };
}

const checked = async (sets: readonly RecordSet[], at: At = {}) => (await shift(sets, at)).check();
async function warned(rule: string, sets: readonly RecordSet[], at: At = {}) {
  const verdict = await checked(sets, at);
  if (verdict.state === 'refused') throw new Error(`refused: ${verdict.refusal.observed}`);
  const warnings = verdict.warnings ?? [];
  for (const one of warnings) expect(one).toMatchObject({ rule: expect.any(String) as string, mend: expect.any(String) as string });
  return warnings.filter((one) => one.rule === rule);
}

describe('the check', () => {
  it('says how much there is to change; of what is as planned already nothing more is asked', async () => {
    expect(await checked(weighted(10, 0))).toEqual({ state: 'ok', because: '1 of 1 name to change in 1 request', warnings: [] });
    const step = await shift(weighted(0, 10), { params: { towards: ['tokyo'] } });
    expect(await step.check()).toEqual({ state: 'ok', because: 'the records match the plan already', warnings: [] });
    expect([...step.asked('GetHostedZone'), ...step.asked('GetHealthCheck')]).toEqual([]);
  });

  it('says in how many requests', async () => {
    const records = Array.from({ length: 260 }, (_, i) => ({ name: `n${i}.example.com`, type: 'A' as const }));
    const sets = records.flatMap(({ name }) => weighted(10, 0).map((set) => ({ ...set, Name: `${name}.` })));
    expect(await checked(sets, { params: { records } })).toMatchObject({ because: '260 of 260 names to change in 2 requests' });
  });

  it.each([
    ['failover-pair', pair().slice(1), PAIR, 'one PRIMARY and one SECONDARY set, named as in the runbook', `${NAME} A has no failover set called seoul; it has: tokyo`, 'correct `sets` in the runbook'],
    ['record-sets', weighted(10, 0), { policy: 'weighted', weights: { osaka: 1 } }, 'the sets that the runbook names, with one left that answers', `${NAME} A has no weighted set called osaka; it has: seoul, tokyo`, 'correct `sets` in the runbook'],
    ['record-sets', weighted(10, 0), { policy: 'answers', sets: {} }, 'the sets that the runbook names, with one left that answers', `${NAME} A has a set without a region or a place: seoul`, 'correct `sets` in the runbook'],
    ['record-sets', [], { policy: 'simple', answer: { values: [NEW] }, known: [{ values: [OLD] }] }, 'one simple record that has the answer of a region of the runbook: another one belongs to somebody else', `there is no record ${NAME} A in the zone`, 'correct `answers` in the runbook'],
  ] as const)('refuses sets that are not as the runbook says: %s %#', async (rule, sets, aim, threshold, observed, override) => {
    expect(await checked(sets, { params: { aim: aim } })).toEqual({ state: 'refused', refusal: { rule, observed, threshold, consequence: 'users could not be moved', override: `${override}, or the records in zone ${ZONE}` } });
  });

  it('refuses what Route 53 would refuse, the first five', async () => {
    const observed = (name: string) => `${name} A set tokyo would become PRIMARY; it is no alias and has no health check`;
    const refusal = async (count: number) => {
      const records = Array.from({ length: count }, (_, i) => ({ name: `n${i}.example.com`, type: 'A' }));
      const sets = records.flatMap(({ name }) => pair({ HealthCheckId: undefined }).map((set) => ({ ...set, Name: `${name}.` })));
      const verdict = await checked(sets, { params: { records, aim: PAIR } });
      return verdict.state === 'refused' ? verdict.refusal : verdict;
    };
    const first = Array.from({ length: 5 }, (_, i) => observed(`n${i}.example.com`)).join('; ');
    expect(await refusal(5)).toMatchObject({ observed: `Route 53 would refuse the change: ${first}` });
    expect(await refusal(7)).toEqual({
      rule: 'route53-batch',
      observed: `Route 53 would refuse the change: ${first}, and 2 more`,
      threshold: 'a change that Route 53 accepts',
      consequence: 'users could not be moved after the point of no return',
      override: 'none: associate a health check with set tokyo, or make it an alias with EvaluateTargetHealth',
    });
  });

  it('says how each is mended', async () => {
    const verdict = await checked(pair({ HealthCheckId: undefined, TTL: undefined }), { params: { aim: PAIR } });
    expect(verdict).toMatchObject({ refusal: { override: 'none: associate a health check with set tokyo, or make it an alias with EvaluateTargetHealth; set a TTL in seconds; only an alias has none' } });
  });

  it('refuses a health check that is not there, of sets that change and of those that are to answer', async () => {
    const gone = { GetHealthCheck: awsError('NoSuchHealthCheck'), GetHealthCheckStatus: awsError('NoSuchHealthCheck') };
    const aim = (healthCheck: string) => ({ policy: 'answers', sets: { seoul: { answer: { values: [NEW], healthCheck } } } });
    const sets = [setOf('seoul', OLD, { Region: 'ap-northeast-2', HealthCheckId: 'hc-old' })];
    const refusal = { rule: 'route53-batch', observed: 'Route 53 would refuse the change: the health check hc-new does not exist' };
    expect(await checked(sets, { answers: gone, params: { aim: aim('hc-new') } })).toMatchObject({ state: 'refused', refusal });
    expect(await checked(pair(), { answers: gone, params: { aim: PAIR, towards: ['tokyo'] } })).toMatchObject({ state: 'refused', refusal: { observed: 'Route 53 would refuse the change: the health check hc-seoul does not exist; the health check hc-tokyo does not exist' } });
  });

  it('asks the status of a check that a set gets by the change, and not of one that it has', async () => {
    const aim = { policy: 'answers', sets: { seoul: { answer: { values: [NEW], healthCheck: 'hc-new' } } } };
    const step = await shift([setOf('seoul', OLD, { Region: 'ap-northeast-2', HealthCheckId: 'hc-old' })], { params: { aim } });
    await step.check();
    expect(step.asked('GetHealthCheckStatus').map(({ input }) => input['HealthCheckId'])).toEqual(['hc-new']);
    const same = await shift(pair(), { params: { aim: PAIR } });
    await same.check();
    expect(same.asked('GetHealthCheckStatus')).toEqual([]);
  });

  describe('of protections', () => {
    const protectionsOf = (names: number, Comment?: string) => ({ ResourceRecordSetProtections: Array.from({ length: names }, (_, i) => ({ RecordName: `n${i}.example.com.`, RecordType: 'A', ...(Comment === undefined ? {} : { Comment }) })) });
    const records = Array.from({ length: 7 }, (_, i) => ({ name: `n${i}.example.com`, type: 'A' }));
    const sets = records.flatMap(({ name }) => weighted(10, 0).map((set) => ({ ...set, Name: `${name}.` })));
    const under = (answer: unknown) => shift(sets, { params: { records }, answers: { ListResourceRecordSetProtections: answer } });

    it.each([
      [1, 'ask Kim', 'n0.example.com A (ask Kim)'],
      [5, undefined, 'n0.example.com A, n1.example.com A, n2.example.com A, n3.example.com A, n4.example.com A'],
      [7, undefined, 'n0.example.com A, n1.example.com A, n2.example.com A, n3.example.com A, n4.example.com A, and 2 more'],
    ])('refuses %i protected names', async (count, comment, names) => {
      expect(await (await under(protectionsOf(count, comment))).check()).toEqual({ state: 'refused', refusal: {
        rule: 'record-protected',
        observed: `protected from changes: ${names}`,
        threshold: 'no resource record set protection on a name that has to change',
        consequence: 'Route 53 would refuse the change',
        override: `aws route53 delete-resource-record-set-protections --hosted-zone-id ${ZONE} --protections RecordName=n0.example.com,RecordType=A`,
      } });
    });

    it('only warns where that is not known; asked twice, shortly', async () => {
      const step = await under(NO_ANSWER);
      expect(await step.check()).toMatchObject({ state: 'ok', warnings: [{ rule: 'protection-unknown', observed: `whether records are protected is not known: ${NO_ANSWER.message}`, wanted: 'an answer to route53:ListResourceRecordSetProtections', mend: 'allow it: dr iam --verb check prints all that a check needs' }] });
      expect(step.asked('ListResourceRecordSetProtections')).toMatchObject([{ timeoutMs: 2_000, attempts: 2 }]);
      await expect((await under(new TypeError('broken'))).check()).rejects.toThrow('broken');
    });
  });

  it('refuses a zone of another service, and warns of one that is locked', async () => {
    const zone = (more: object) => ({ GetHostedZone: { HostedZone: { Id: ZONE, Name: 'example.com.', ...more } } });
    expect(await checked(weighted(10, 0), { answers: zone({ LinkedService: { ServicePrincipal: 'servicediscovery.amazonaws.com' } }) })).toMatchObject({ state: 'refused', refusal: { rule: 'zone-managed' } });
    expect(await warned('zone-locked', weighted(10, 0), { answers: zone({ Features: { AcceleratedRecoveryStatus: 'ENABLING' } }) })).toHaveLength(1);
  });

  it('warns of what stands in the way back, the first three', async () => {
    const four = Array.from({ length: 4 }, (_, i) => ({ name: `n${i}.example.com`, type: 'A' }));
    const sets = four.flatMap(({ name }) => [setOf('seoul', OLD, { Failover: 'PRIMARY' }), setOf('tokyo', NEW, { Failover: 'SECONDARY', HealthCheckId: 'hc' })].map((set) => ({ ...set, Name: `${name}.` })));
    const before = { policy: 'failover', primary: 'seoul', secondary: 'tokyo' };
    const fix = 'associate a health check with set seoul, or make it an alias with EvaluateTargetHealth';
    const found = await warned('way-back', sets, { params: { records: four, aim: PAIR, before } });
    expect(found.map(({ observed }) => observed)).toEqual([0, 1, 2].map((i) => `the way back is blocked: n${i}.example.com A set seoul would become PRIMARY; it is no alias and has no health check. Fix it: ${fix}`));
    expect(found[0]).toMatchObject({ wanted: 'records that can be changed back', mend: fix });
    expect(await warned('way-back', sets, { params: { records: four, aim: PAIR } })).toEqual([]);
    expect(await warned('way-back', sets, { params: { records: four, aim: PAIR, before: { ...before, primary: 'osaka' } } })).toEqual([]);
  });

  describe('of the health of sets that are to answer', () => {
    const to = (more: object = {}): At => ({ params: { aim: PAIR, towards: ['tokyo'] }, ...more });
    /** What each health check is, by its id. */
    const checks = (configs: Record<string, object>, reports: Record<string, unknown> = {}): Answers => ({
      GetHealthCheck: ({ HealthCheckId: id }: { HealthCheckId: string }) => (configs[id] instanceof Error ? configs[id] : checkOf(configs[id] ?? {})),
      GetHealthCheckStatus: ({ HealthCheckId: id }: { HealthCheckId: string }) => reports[id] ?? status('Success'),
    });
    const INVERTED = 'the health check hc-tokyo of tokyo is inverted, and 1 of 1 checkers reach it: Route 53 calls the set unhealthy';

    it.each([
      ['the other one counts as healthy', checks({ 'hc-tokyo': { Inverted: true } }), pair(), `${INVERTED}; set seoul counts as healthy: 1 of 1 checkers reach it`],
      ['the other one has no health check', checks({ 'hc-tokyo': { Inverted: true } }), [setOf('seoul', OLD, { Failover: 'PRIMARY' }), ...pair().slice(1)], `${INVERTED}; set seoul has no health check: it always counts as healthy`],
      ['the other one is an alias that does not look', checks({ 'hc-tokyo': { Inverted: true } }), [aliasOf('seoul', 'lb.', { Failover: 'PRIMARY', AliasTarget: { HostedZoneId: 'Z1', DNSName: 'lb.', EvaluateTargetHealth: false } }), ...pair().slice(1)], `${INVERTED}; set seoul has no health check: it always counts as healthy`],
      ['it is disabled too, whatever is reported', checks({ 'hc-tokyo': { Inverted: true, Disabled: true } }, { 'hc-tokyo': status('Failure') }), pair(), 'the health check hc-tokyo of tokyo is inverted, and disabled: Route 53 calls the set unhealthy; set seoul counts as healthy: 1 of 1 checkers reach it'],
    ] as const)('refuses a set that Route 53 calls unhealthy: %s', async (_what, answers, sets, observed) => {
      expect(await checked(sets, to({ answers }))).toEqual({ state: 'refused', refusal: {
        rule: 'health-check', observed, threshold: 'a set that counts as healthy while its endpoint works',
        consequence: 'Route 53 would continue to send users to the other side', override: 'none: aws route53 update-health-check --health-check-id ID --no-inverted',
      } });
    });

    it('in a planned move the other one need not be asked: it works', async () => {
      const step = await shift(pair(), to({ answers: checks({ 'hc-tokyo': { Inverted: true } }), verb: 'switchover' }));
      expect(await step.check()).toMatchObject({ state: 'refused', refusal: { observed: INVERTED } });
    });

    it.each([
      ['fails', checks({ 'hc-tokyo': { Inverted: true } }, { 'hc-seoul': status('Failure') }), pair()],
      ['has not reported', checks({ 'hc-tokyo': { Inverted: true } }, { 'hc-seoul': status() }), pair()],
      ['is an alias that looks at its target', checks({ 'hc-tokyo': { Inverted: true } }), [aliasOf('seoul', 'lb.', { Failover: 'PRIMARY' }), ...pair().slice(1)]],
      ['has the same health check', checks({ 'hc-tokyo': { Inverted: true } }), [setOf('seoul', OLD, { Failover: 'PRIMARY', HealthCheckId: 'hc-tokyo' }), ...pair().slice(1)]],
    ] as const)('warns where the other one %s: then Route 53 answers with it all the same', async (_what, answers, sets) => {
      expect(await warned('health-check-inverted', sets, to({ answers }))).toEqual([{
        rule: 'health-check-inverted', observed: `${INVERTED}: when the endpoint of the other side passes again, users are sent back to it`,
        wanted: 'a set that counts as healthy while its endpoint works', mend: 'aws route53 update-health-check --health-check-id ID --no-inverted', page: `${GUIDE}/health-checks-creating-values.html`,
      }]);
    });

    it.each([
      ['its endpoint fails, so that the set counts as healthy', checks({ 'hc-tokyo': { Inverted: true } }, { 'hc-tokyo': status('Failure') })],
      ['its checkers do not answer', checks({ 'hc-tokyo': { Inverted: true } }, { 'hc-tokyo': NO_ANSWER })],
      ['what it is cannot be read', checks({ 'hc-tokyo': NO_ANSWER })],
      ['it is not inverted', checks({ 'hc-tokyo': { Disabled: true } })],
    ])('says nothing of inversion where %s', async (_what, answers) => {
      expect(await warned('health-check-inverted', pair(), to({ answers }))).toEqual([]);
    });

    it('reads the checks of four sets, and an error that is none of AWS ends it', async () => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      const sets = names.map((id) => setOf(id, NEW, { Weight: 1, HealthCheckId: `hc-${id}` }));
      const step = await shift(sets, { params: { aim: { policy: 'weighted', weights: { a: 2 } }, towards: names } });
      await step.check();
      expect(step.asked('GetHealthCheck').map(({ input }) => input['HealthCheckId'])).toEqual(['hc-a', 'hc-b', 'hc-c', 'hc-d']);
      await expect(checked(pair(), to({ answers: checks({ 'hc-tokyo': new TypeError('broken') }) }))).rejects.toThrow('broken');
    });

    it('other sets that are to answer are no other side, whatever their check is, nor one that gets their check', async () => {
      const answers = checks({ 'hc-a': { Inverted: true } }, { 'hc-c': status('Failure') });
      const region = (id: string, Region: 'ap-northeast-1' | 'ap-northeast-2' | 'ap-northeast-3') => setOf(id, NEW, { HealthCheckId: `hc-${id}`, Region });
      const sets = [region('a', 'ap-northeast-1'), region('b', 'ap-northeast-3'), region('c', 'ap-northeast-2')];
      const to = (id: string, healthCheck: string) => ({ policy: 'answers', sets: { [id]: { answer: { values: ['192.0.2.9'], healthCheck } } } });
      expect(await warned('health-check-inverted', sets, { answers, params: { aim: to('c', 'hc-c'), towards: ['a', 'b'] } })).toHaveLength(1);
      expect(await warned('health-check-inverted', sets, { answers, params: { aim: to('c', 'hc-b'), towards: ['a', 'b'] } })).toHaveLength(1);
      expect(await warned('health-check-inverted', [sets[0], sets[2]].filter((set) => set !== undefined), { answers, params: { aim: to('a', 'hc-new'), towards: ['a'] } })).toHaveLength(1);
    });

    it('a routing control is refused for a pair, and warned of where a custom step may turn it', async () => {
      const answers = checks({ 'hc-tokyo': { Type: 'RECOVERY_CONTROL' } });
      expect(await checked(pair(), to({ answers }))).toMatchObject({ state: 'refused', refusal: { rule: 'health-check', observed: expect.stringContaining('is an ARC routing control') as string } });
      const turned = to({ answers, planned: [{ kind: 'own.command' }] });
      expect(await warned('routing-control', pair(), turned)).toHaveLength(1);
      expect(await warned('health-check-unseen', pair(), turned)).toEqual([]);
      const mixed = [setOf('seoul', OLD, { Weight: 10 }), setOf('tokyo', NEW, { Weight: 0, HealthCheckId: 'hc-tokyo' })];
      expect(await warned('routing-control', mixed, { answers, params: { towards: ['tokyo'] } })).toHaveLength(1);
    });

    it('warns of a check that watches no endpoint', async () => {
      expect(await warned('health-check-unseen', pair(), to({ answers: checks({ 'hc-tokyo': { Type: 'CALCULATED' } }) }))).toEqual([{
        rule: 'health-check-unseen', observed: 'the health check hc-tokyo of tokyo is of the type CALCULATED, and watches no endpoint: whether Route 53 answers with tokyo is not seen before the move', wanted: 'a health check of an endpoint',
        mend: 'aws cloudwatch get-metric-statistics --region us-east-1 --namespace AWS/Route53 --metric-name HealthCheckStatus --dimensions Name=HealthCheckId,Value=hc-tokyo … shows it', page: `${GUIDE}/monitoring-health-checks.html`,
      }]);
      for (const config of [{ Type: 'CALCULATED', Disabled: true }, { Disabled: true }]) expect(await warned('health-check-unseen', pair(), to({ answers: checks({ 'hc-tokyo': config }) }))).toEqual([]);
      const inverted = checks({ 'hc-tokyo': { Type: 'CALCULATED', Inverted: true } }, { 'hc-tokyo': status() });
      expect(await warned('health-check-unseen', pair(), to({ answers: inverted }))).toEqual([]);
    });

    it('says of each what it is itself', async () => {
      const sets = [setOf('a', OLD, { Weight: 10, HealthCheckId: 'hc-a' }), setOf('b', NEW, { Weight: 1, HealthCheckId: 'hc-b' })];
      const at = { answers: checks({ 'hc-b': { Type: 'CALCULATED' } }), params: { aim: { policy: 'weighted', weights: { b: 2 } }, towards: ['a', 'b'] } };
      expect(await warned('health-check-unseen', sets, at)).toMatchObject([{ observed: expect.stringMatching(/^the health check hc-b of b is/) as string }]);
    });

    it('warns of a check that fails now', async () => {
      const failing = (more: Record<string, unknown>, config = {}) => warned('health-check-failing', pair(), to({ answers: checks({ 'hc-tokyo': config }, more) }));
      expect(await failing({ 'hc-tokyo': status('Failure') })).toEqual([{
        rule: 'health-check-failing', observed: 'the health check of tokyo fails now (0 of 1 checkers reach it): after the flip it is answered only once it passes again, interval × threshold later. A shallow check does not have this trap',
        wanted: 'a health check of the standby that passes before it is active', mend: 'aws route53 get-health-check-status --health-check-id hc-tokyo says why; let it test something that a standby answers, too', page: `${GUIDE}/dns-failover-determining-health-of-endpoints.html`,
      }]);
      expect(await failing({})).toEqual([]);
      expect(await failing({ 'hc-tokyo': NO_ANSWER })).toEqual([]);
      expect(await failing({ 'hc-tokyo': status('Failure') }, { Disabled: true })).toEqual([]);
      expect(await warned('health-check-failing', pair(), { params: { aim: PAIR } })).toEqual([]);
      // What it is cannot be read: its reports stand.
      expect(await warned('health-check-failing', pair(), to({ answers: checks({ 'hc-tokyo': NO_ANSWER }, { 'hc-tokyo': status('Failure') }) }))).toHaveLength(1);
    });
  });

  it('warns of a long TTL', async () => {
    expect(await warned('record-ttl', weighted(10, 0, { TTL: 300 }))).toEqual([{
      rule: 'record-ttl', observed: `the TTL of ${NAME} is up to 300 s: users move only when it is over`, wanted: 'a TTL of 60 s or less, as AWS advises for records with health checks',
      mend: `write the sets of ${NAME} again with a TTL of 60 s: aws route53 change-resource-record-sets --hosted-zone-id ${ZONE} …`, page: `${GUIDE}/dns-failover-complex-configs.html`,
    }]);
    expect(await warned('record-ttl', weighted(10, 0))).toEqual([]);
    expect(await warned('record-ttl', [aliasOf('seoul', 'lb.', { Weight: 10 }), aliasOf('tokyo', 'lb.', { Weight: 0 })])).toEqual([]);
  });

  it('warns of the long TTL of a record of the zone that an alias leads to', async () => {
    const to = (id: string) => aliasOf(id, `${id}.example.com.`, { Weight: 10, AliasTarget: { HostedZoneId: ZONE, DNSName: `${id}.example.com.`, EvaluateTargetHealth: true } });
    const led = (id: string, TTL: number) => ({ ...setOf(undefined, OLD, { TTL }), Name: `${id}.example.com.` });
    expect(await warned('record-ttl', [to('seoul'), to('tokyo'), led('seoul', 300), led('tokyo', 60)])).toMatchObject([{ observed: 'the TTL of seoul.example.com is up to 300 s: users move only when it is over', mend: expect.stringContaining('write the sets of seoul.example.com again') as string }]);
    expect(await warned('record-ttl', [to('seoul'), to('tokyo'), led('seoul', 60), led('tokyo', 60)])).toEqual([]);
  });

  it('warns of a set that is called healthy whatever happens', async () => {
    const at = { params: { aim: PAIR } };
    const old = (set: RecordSet) => [set, ...pair().slice(1)];
    expect(await warned('set-unchecked', old(setOf('seoul', OLD, { Failover: 'PRIMARY', TTL: 300 })), at)).toEqual([{ rule: 'set-unchecked', observed: 'set seoul has no health check: as PRIMARY it is always called healthy', wanted: 'a health check for each set', mend: 'give the set seoul a health check', page: `${GUIDE}/dns-failover-types.html` }]);
    expect(await warned('record-ttl', old(setOf('seoul', OLD, { Failover: 'PRIMARY', TTL: 300 })), at)).toHaveLength(1);
    expect(await warned('set-unchecked', pair(), at)).toEqual([]);
    expect(await warned('set-unchecked', [...pair({ HealthCheckId: 'hc-tokyo' }).slice(1), setOf('seoul', OLD, { Failover: 'PRIMARY' })], at)).toHaveLength(1);
    expect(await warned('set-unchecked', [setOf(undefined, OLD)], { params: { aim: { policy: 'simple', answer: { values: [NEW] }, known: [{ values: [OLD] }] } } })).toEqual([]);
    expect(await warned('set-unchecked', old(aliasOf('seoul', 'lb.', { Failover: 'PRIMARY' })), at)).toEqual([]);
    expect(await warned('set-unchecked', weighted(10, 0))).toEqual([]);
  });

  it('warns of latency sets that nobody checks, each once', async () => {
    const records = [RECORD, { name: 'www.example.com', type: 'A' }];
    const region = (set: RecordSet, Region: 'ap-northeast-1' | 'ap-northeast-2') => ({ ...set, Region });
    const one = [region(setOf('seoul', OLD), 'ap-northeast-2'), region(aliasOf('tokyo', 'lb.', { AliasTarget: { HostedZoneId: 'Z1', DNSName: 'lb.', EvaluateTargetHealth: false } }), 'ap-northeast-1')];
    const sets = [...one, ...one.map((set) => ({ ...set, Name: 'www.example.com.' }))];
    const aim = { policy: 'answers', sets: { seoul: { answer: { values: [NEW] } } } };
    expect(await warned('set-unchecked', sets, { params: { records, aim } })).toEqual([{
      rule: 'set-unchecked', observed: 'without a health check, and so answered also while the region is lost: seoul, tokyo', wanted: 'a health check for each set',
      mend: 'give each of these sets a health check: seoul, tokyo', page: `${GUIDE}/dns-failover-types.html`,
    }]);
    expect(await warned('set-unchecked', [region(setOf('seoul', OLD, { HealthCheckId: 'hc' }), 'ap-northeast-2'), region(aliasOf('tokyo', 'lb.'), 'ap-northeast-1')], { params: { aim } })).toEqual([]);
  });
});

describe('a look', () => {
  it('says how many names are still to change, and that a request may be on its way from now on', async () => {
    const records = [RECORD, { name: 'www.example.com', type: 'A' }];
    const step = await shift([...weighted(10, 0), ...weighted(0, 10).map((set) => ({ ...set, Name: 'www.example.com.' }))], { params: { records } });
    expect(await step.observe()).toEqual({ state: 'absent', because: '1 of 2 names still to change' });
    expect(step.recorded['route53.asked.web']).toBe(step.clock.now());
    await step.act();
    expect(step.recorded['route53.asked.web']).toBeNull();
    expect(await step.observe()).toEqual({ state: 'reached', because: 'Route 53 has 2 names as planned, on all its servers (INSYNC)' });
  });

  it('asks again for sets that are not shown any more', async () => {
    const step = await shift(weighted(10, 0).slice(0, 1));
    expect(await step.observe()).toMatchObject({ state: 'pending', because: expect.stringContaining('has no weighted set called tokyo') as string });
    expect(Object.keys(step.recorded)).toEqual(['lasts.missing.web']);
    step.apply({ ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet: weighted(10, 0)[1] as RecordSet }] } });
    expect((await step.observe()).state).toBe('absent');
    expect(step.recorded['lasts.missing.web']).toBeNull();
  });

  it('a pair that is as planned by a change that nobody here knows is reached: its answer is seen from outside', async () => {
    const step = await shift(pair(), { params: { aim: { policy: 'failover', primary: 'seoul', secondary: 'tokyo' } } });
    expect(await step.observe()).toEqual({ state: 'reached', because: `Route 53 has ${NAME} as planned` });
  });

  it('a batch whose id is not known may be on its way beside one whose id is', async () => {
    const facts = { 'route53.changes.web': ['C1'], 'route53.asked.web': 1 };
    const step = await shift(weighted(0, 10), { facts });
    expect(await step.observe()).toEqual({ state: 'pending', because: 'it is not known when the records were changed to this: Route 53 gets its usual minute to bring it to all its servers', waitingFor: 'aws' });
    const sure = await shift(weighted(0, 10), { facts: { 'route53.changes.web': ['C1'] } });
    expect((await sure.observe()).state).toBe('reached');
  });

  it('waits for each change', async () => {
    const pending = { GetChange: ({ Id }: { Id: string }) => ({ ChangeInfo: { Status: Id === 'C2' ? 'PENDING' : 'INSYNC' } }) };
    const step = await shift(weighted(0, 10), { facts: { 'route53.changes.web': ['C1', 'C2', 'C3'] }, answers: pending });
    expect(await step.observe()).toEqual({ state: 'pending', because: 'change C2 is PENDING', waitingFor: 'aws' });
    expect(step.asked('GetChange')).toHaveLength(2);
    const [began, lists] = [step.clock.now(), step.asked('ListResourceRecordSets').length];
    expect(await step.verify()).toEqual({ state: 'pending', because: 'change C2 is PENDING', waitingFor: 'aws' });
    expect(step.asked('ListResourceRecordSets')).toHaveLength(lists);
    expect(step.clock.now() - began).toBe(19_000);
    expect(new Set(step.waits().map(({ cause }) => cause))).toEqual(new Set(['aws']));
  });

  it('the end state is looked at once the changes are everywhere', async () => {
    const step = await shift(weighted(0, 10), { facts: { 'route53.changes.web': ['C1'] } });
    expect(await step.verify()).toEqual({ state: 'reached', because: `Route 53 has ${NAME} as planned, on all its servers (INSYNC)` });
    expect((await (await shift(weighted(10, 0), { facts: { 'route53.changes.web': ['C1'] } })).verify())?.state).toBe('absent');
  });

  it.each([
    ['a young one is on its way', 59_999, 'pending'],
    ['an old one is known no more', 60_000, 'reached'],
    ['of one without a time the sets decide', undefined, 'reached'],
  ])('a change that Route 53 does not know: %s', async (_what, age, state) => {
    const clock = new VirtualClock(1_800_000_000_000);
    const facts: Record<string, Json> = { 'route53.changes.web': ['C1'], ...(age === undefined ? {} : { 'route53.sent-at.web': clock.now() - age }) };
    expect((await (await shift(weighted(0, 10), { clock, facts, answers: { GetChange: awsError('NoSuchChange') } })).observe()).state).toBe(state);
  });

  it('any other error of a change is one', async () => {
    for (const error of [NO_ANSWER, new TypeError('broken')]) {
      const step = await shift(weighted(0, 10), { facts: { 'route53.changes.web': ['C1'], 'route53.sent-at.web': 1 }, answers: { GetChange: error } });
      await expect(step.observe()).rejects.toBe(error);
    }
  });
});

describe('a change that is sent', () => {
  const locked = { GetHostedZone: { HostedZone: { Id: ZONE, Name: 'example.com.', Features: { AcceleratedRecoveryStatus: 'ENABLING_HOSTED_ZONE_LOCKED' } } } };

  it('is one batch that says whose it is; its id and its time are kept', async () => {
    const step = await shift(weighted(10, 0));
    await step.act();
    expect(step.asked('ChangeResourceRecordSets')).toMatchObject([{ attempts: 8, region: 'us-east-1', input: { HostedZoneId: ZONE, ChangeBatch: { Comment: 'dr web of shop' } } }]);
    expect(step.recorded).toMatchObject({ 'route53.changes.web': ['C1'], 'route53.sent-at.web': step.clock.now(), 'route53.asked.web': null });
    expect(step.sets()).toEqual(weighted(0, 10));
  });

  it('adds to what was sent before', async () => {
    const step = await shift(weighted(10, 0), { facts: { 'route53.changes.web': ['C0'] } });
    await step.act();
    expect(step.recorded['route53.changes.web']).toEqual(['C0', 'C1']);
  });

  it('in several batches: what is known of the first is kept where the second fails', async () => {
    const records = Array.from({ length: 260 }, (_, i) => ({ name: `n${i}.example.com`, type: 'A' as const }));
    const sets = records.flatMap(({ name }) => weighted(10, 0).map((set) => ({ ...set, Name: `${name}.` })));
    let times = 0;
    const step = await shift(sets, { params: { records }, answers: { ChangeResourceRecordSets: () => (times++ === 0 ? { ChangeInfo: { Id: '/change/C1', Status: 'PENDING' } } : NO_ANSWER) } });
    await step.observe();
    await expect(step.act()).rejects.toBe(NO_ANSWER);
    expect(step.recorded['route53.changes.web']).toEqual(['C1']);
    expect(step.recorded['route53.asked.web']).toBe(step.clock.now());
  });

  it('that a locked zone refuses is no failure: the step waits until the lock has ended', async () => {
    const answers: Answers = { ...locked, ChangeResourceRecordSets: awsError('AccessDenied') };
    const step = await shift(weighted(10, 0), { answers });
    await step.act();
    expect(step.recorded['route53.locked.web']).toBe(true);
    const lock = `the accelerated recovery of the zone ${ZONE} is ENABLING_HOSTED_ZONE_LOCKED: Route 53 takes no change of its records until that has ended`;
    expect(await step.observe()).toEqual({ state: 'pending', because: lock, waitingFor: 'aws', reason: lock });
  });

  it('is asked of the zone only once it was refused; once it is taken, no more', async () => {
    const step = await shift(weighted(10, 0), { answers: locked });
    expect((await step.observe()).state).toBe('absent');
    expect(step.asked('GetHostedZone')).toEqual([]);
    const free = await shift(weighted(10, 0), { facts: { 'route53.locked.web': true } });
    expect((await free.observe()).state).toBe('absent');
    await free.act();
    expect(free.recorded['route53.locked.web']).toBeNull();
    const done = await shift(weighted(0, 10), { facts: { 'route53.locked.web': true, 'route53.changes.web': ['C1'] }, answers: locked });
    expect((await done.observe()).state).toBe('reached');
  });

  it.each([
    ['a refusal of a zone that is not locked', awsError('AccessDenied'), {}],
    ['an answer that is lost', NO_ANSWER, locked],
    ['what is no error of AWS', new TypeError('broken'), locked],
  ])('%s ends the act', async (_what, error, zone) => {
    const step = await shift(weighted(10, 0), { answers: { ...zone, ChangeResourceRecordSets: error } });
    await expect(step.act()).rejects.toBe(error);
    expect(step.asked('ChangeResourceRecordSets')).toHaveLength(1);
  });

  describe('and rests on sets as they are no more', () => {
    const refusal = (message: string) => awsError('InvalidChangeBatch', { message });
    const OUTDATED = ['Tried to create resource record set, but it already exists', 'it was not found', 'the values provided do not match the current values'];

    it('is made again by what is read then', async () => {
      let times = 0;
      const step = await shift(weighted(10, 0), { answers: { ChangeResourceRecordSets: () => (times++ === 0 ? refusal('any reason') : { ChangeInfo: { Id: '/change/C1', Status: 'PENDING' } }) } });
      await step.act();
      expect(step.recorded['route53.changes.web']).toEqual(['C1']);
      expect(step.waits()).toEqual([]);
    });

    it.each(OUTDATED)('a list may be behind, for a minute: %s', async (message) => {
      const step = await shift(weighted(10, 0), { answers: { ChangeResourceRecordSets: refusal(message) } });
      const began = step.clock.now();
      await expect(step.act()).rejects.toThrow(message);
      expect(step.clock.now() - began).toBe(60_000);
      expect(step.waits().every(({ cause }) => cause === 'aws')).toBe(true);
    });

    it('the same, refused twice for another reason, ends the act', async () => {
      const step = await shift(weighted(10, 0), { answers: { ChangeResourceRecordSets: refusal('ARC is not allowed') } });
      const began = step.clock.now();
      await expect(step.act()).rejects.toThrow('ARC is not allowed');
      expect([step.clock.now() - began, step.asked('ChangeResourceRecordSets').length]).toEqual([0, 2]);
    });

    it('sets that are not listed yet are waited for, as long', async () => {
      const clock = new VirtualClock();
      const began = clock.now();
      const sets = () => (clock.now() - began < 4_000 ? weighted(10, 0).slice(0, 1) : weighted(10, 0));
      const step = await shift([], { clock, answers: { ListResourceRecordSets: listing(sets) } });
      await step.act();
      expect(clock.now() - began).toBe(4_000);
      const never = await shift(weighted(10, 0).slice(0, 1));
      const at = never.clock.now();
      await expect(never.act()).rejects.toThrow(`${NAME} A has no weighted set called tokyo`);
      expect(never.clock.now() - at).toBe(60_000);
      expect(new Set(never.waits().map(({ cause }) => cause))).toEqual(new Set(['aws']));
    });
  });
});

describe('the way back', () => {
  it('needs to know what was before', async () => {
    await expect((await shift(weighted(0, 10))).undo()).rejects.toThrow('what the records were before is not known');
  });

  it('is one change, and over when it is everywhere, however long that takes', async () => {
    let looks = 0;
    const step = await shift(weighted(0, 10), { params: { before: weights(10, 0) }, answers: { GetChange: () => ({ ChangeInfo: { Status: ++looks > 50 ? 'INSYNC' : 'PENDING' } }) } });
    const began = step.clock.now();
    await step.undo();
    expect(step.asked('ChangeResourceRecordSets')).toMatchObject([{ input: { ChangeBatch: { Comment: 'dr: way back of web of shop' } } }]);
    expect(step.sets()).toEqual(weighted(10, 0));
    expect([looks, step.clock.now() - began]).toEqual([51, 50_000]);
  });

  it('that finds everything as it was waits for AWS', async () => {
    const step = await shift(weighted(10, 0), { params: { before: weights(10, 0) } });
    await step.undo();
    expect(step.waits()).toMatchObject([{ cause: 'aws' }]);
  });

  it('ends when it is stopped', async () => {
    const stop = new AbortController();
    let looks = 0;
    const zone = zoneOf(weighted(0, 10), { GetChange: () => {
      if (++looks === 20) stop.abort(new Error('enough'));
      return { ChangeInfo: { Status: 'PENDING' } };
    } });
    const step = await stepOf('route53-weighted.shift', { key: 'web', zone: ZONE, records: [RECORD], aim: weights(0, 10), before: weights(10, 0) }, { signal: stop.signal, effects: { aws: zone.aws } });
    await expect(step.undo()).rejects.toThrow('enough');
  });
});

it('one act may take the time of all its batches, each after the one before', async () => {
  const records = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `n${i}.example.com`, type: 'A' }));
  const step = await shift([]);
  const ms = (count: number) => step.kind.actMs?.({ records: records(count) });
  expect([ms(1), ms(250), ms(251)]).toEqual([102_000, 102_000, 114_000]);
});
