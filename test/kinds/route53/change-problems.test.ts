import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { RecordKey, RecordSet } from '../../../src/aws/route53.ts';
import { BATCH_LIMITS } from '../../../src/aws/route53-batches.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import type { PlannedSets } from '../../../src/kinds/route53/batch-rules.ts';
import { changeProblems } from '../../../src/kinds/route53/change-problems.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { World } from '../../../src/simulator/world.ts';

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
