import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { RecordSet } from '../../../src/aws/route53.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';
import { type Answers, awsError, fakeAws, listing, NO_ANSWER, RECORD, setOf, ZONE } from './fake.ts';

/* Whether the regions that stay carry the load, and for how long that is waited for. */

const ARN = `arn:aws:elasticloadbalancing:${TOKYO}:111122223333:targetgroup/shop/0123456789abcdef`;
const targets = (...states: string[]) => ({ TargetHealthDescriptions: states.map((State, n) => ({ Target: { Id: `i-${n}` }, TargetHealth: { State } })) });
const group = (n: number) => ({ AutoScalingGroups: [{ AutoScalingGroupName: 'web', MinSize: n, DesiredCapacity: n, MaxSize: n, Instances: Array.from({ length: n }, (_, i) => ({ InstanceId: `i-${i}`, LifecycleState: 'InService', HealthStatus: 'Healthy' })) }] });
const status = (...words: string[]) => ({ HealthCheckObservations: words.map((Status) => ({ StatusReport: { Status } })) });
const CHECK = { HealthCheck: { Id: 'hc', HealthCheckVersion: 1, HealthCheckConfig: { Type: 'HTTP', Disabled: false, Inverted: false } } };

interface At {
  survivors?: Json[];
  mustKnow?: boolean;
  holdMs?: number;
  sets?: readonly RecordSet[];
  answers?: Answers;
  facts?: Record<string, Json>;
}

const byTargets = (healthy: number, region = TOKYO) => ({ region, set: 'tokyo', capacity: { targetGroup: ARN, healthy } });
const bySet = { region: TOKYO, set: 'tokyo' };

async function carry({ survivors = [bySet], mustKnow = true, holdMs = 0, sets = [setOf('tokyo', '192.0.2.3', { HealthCheckId: 'hc' })], answers = {}, facts = {} }: At = {}) {
  const clock = new VirtualClock(1_800_000_000_000);
  const fake = fakeAws({ ListResourceRecordSets: listing(() => sets), GetHealthCheckStatus: status('Success'), GetHealthCheck: CHECK, DescribeTargetHealth: targets('healthy', 'healthy', 'unhealthy'), ...answers });
  const step = await stepOf('route53-weighted.carry', { key: 'shop', zone: ZONE, records: [RECORD], survivors, mustKnow, holdMs }, { clock, facts, effects: { aws: fake.aws } });
  return { ...fake, ...step, sleep: (ms: number) => clock.run(() => clock.sleep(ms)) };
}

const ok = (because: string) => ({ state: 'ok', because });
const refusal = (observed: string, override = 'name `capacity` for each region in the runbook, or give its set a health check') => ({ state: 'refused', refusal: {
  rule: 'survivors-carry', observed, threshold: 'every region that stays has what it needs to carry the load', consequence: 'users would be sent where nobody can serve them', override,
} });
const SCALE = 'scale the regions that stay, or lower `healthy` in the runbook if fewer carry the load';
const few = (because: string) => ({ ...ok(because), warnings: [{ rule: 'carry', observed: `not yet enough: ${because}`, wanted: 'regions that stay and can carry the load', mend: 'scale them, or lower `healthy` in the runbook if fewer carry the load' }] });

describe('a region is seen', () => {
  it.each([
    ['by its target group: enough', { survivors: [byTargets(2)] }, ok(`${TOKYO}: 2 of 2 are healthy`)],
    ['by its target group: too few', { survivors: [byTargets(3)] }, few(`${TOKYO}: 2 of 3 are healthy`)],
    ['by its Auto Scaling group', { survivors: [{ region: TOKYO, set: 'tokyo', capacity: { autoScalingGroup: 'web', healthy: 2 } }], answers: { DescribeAutoScalingGroups: group(2) } }, ok(`${TOKYO}: 2 of 2 are healthy`)],
    ['by a group that is being deleted', { survivors: [{ region: TOKYO, set: 'tokyo', capacity: { autoScalingGroup: 'web', healthy: 2 } }], answers: { DescribeAutoScalingGroups: { AutoScalingGroups: group(2).AutoScalingGroups.map((one) => ({ ...one, Status: 'Delete in progress' })) } } }, few(`${TOKYO}: the Auto Scaling group web is being deleted`)],
    ['by a group that is not there', { survivors: [{ region: TOKYO, set: 'tokyo', capacity: { autoScalingGroup: 'web', healthy: 2 } }], answers: { DescribeAutoScalingGroups: { AutoScalingGroups: [] } } }, few(`${TOKYO}: there is no Auto Scaling group web`)],
    ['by the health check of its set', {}, ok(`${TOKYO}: 1 of 1 checkers reach it`)],
    ['by a health check that fails', { answers: { GetHealthCheckStatus: status('Failure') } }, few(`${TOKYO}: 0 of 1 checkers reach it`)],
    ['by checkers that say nothing', { answers: { GetHealthCheckStatus: status() } }, refusal(`${TOKYO}: no checker has reported`)],
    ['by nothing: its set has no health check', { sets: [setOf('tokyo', '192.0.2.3')] }, refusal(`${TOKYO}: set tokyo has no health check, and the runbook names no capacity`)],
    ['by nothing: AWS does not answer for its set', { answers: { ListResourceRecordSets: NO_ANSWER } }, refusal(`${TOKYO}: ${NO_ANSWER.message}`)],
    ['by nothing: AWS does not answer for its targets, which is bad', { survivors: [byTargets(2)], answers: { DescribeTargetHealth: awsError('AccessDenied') } }, few(`${TOKYO}: ${awsError('AccessDenied').message}`)],
  ] as [string, At, object][])('%s', async (_what, at, verdict) => {
    expect(await (await carry(at)).check()).toEqual(verdict);
  });

  it('what nobody can see passes where that need not be known', async () => {
    const at = { sets: [setOf('tokyo', '192.0.2.3')], mustKnow: false };
    const because = `${TOKYO}: set tokyo has no health check, and the runbook names no capacity`;
    expect(await (await carry(at)).check()).toEqual(ok(because));
    expect(await (await carry(at)).observe()).toEqual({ state: 'reached', because });
    expect(await (await carry({ ...at, survivors: [bySet, byTargets(3)] })).check()).toMatchObject({ warnings: [{ rule: 'carry' }] });
  });

  it('all of them are, in their order; the worst decides', async () => {
    const good = byTargets(2, SEOUL);
    expect(await (await carry({ survivors: [good, bySet] })).check()).toEqual(ok(`${SEOUL}: 2 of 2 are healthy; ${TOKYO}: 1 of 1 checkers reach it`));
    expect(await (await carry({ survivors: [good, byTargets(3)] })).check()).toEqual(few(`${SEOUL}: 2 of 2 are healthy; ${TOKYO}: 2 of 3 are healthy`));
    const observed = `${SEOUL}: 2 of 2 are healthy; ${TOKYO}: set tokyo has no health check, and the runbook names no capacity`;
    expect(await (await carry({ survivors: [good, bySet], sets: [setOf('tokyo', '192.0.2.3')] })).check()).toEqual(refusal(observed));
  });

  it('where it is; its set where Route 53 of the run is', async () => {
    const step = await carry({ survivors: [byTargets(2, SEOUL), bySet] });
    await step.check();
    expect(step.asked('DescribeTargetHealth').map(({ region }) => region)).toEqual([SEOUL]);
    expect(step.asked('ListResourceRecordSets').map(({ region }) => region)).toEqual(['us-east-1']);
  });

  it('an error that is none of AWS ends the look', async () => {
    await expect((await carry({ survivors: [byTargets(2)], answers: { DescribeTargetHealth: new TypeError('broken') } })).check()).rejects.toThrow('broken');
  });
});

describe('over time', () => {
  const bad: At = { survivors: [byTargets(3)] };
  const because = `${TOKYO}: 2 of 3 are healthy`;

  it('a gate opens at the first good look', async () => {
    const step = await carry({ survivors: [byTargets(2)] });
    expect(await step.observe()).toEqual({ state: 'reached', because: `${TOKYO}: 2 of 2 are healthy` });
    expect(step.recorded['carry.shop']).toEqual({ goodSince: step.clock.now(), last: step.clock.now() });
  });

  it('what is bad is waited for, two minutes, and refused then', async () => {
    const step = await carry(bad);
    const pending = { state: 'pending', because, waitingFor: 'aws' };
    expect(await step.observe()).toEqual(pending);
    for (const ms of [50_000, 50_000, 19_999]) {
      await step.sleep(ms);
      expect(await step.observe()).toEqual(pending);
    }
    await step.sleep(1);
    expect(await step.observe()).toEqual(refusal(because, SCALE));
  });

  it('what nobody can see is waited for as long, and refused with the other words', async () => {
    const step = await carry({ sets: [setOf('tokyo', '192.0.2.3')], facts: { 'carry.shop': { badSince: 1_800_000_000_000 - 120_000, last: 1_800_000_000_000 - 1 } } });
    expect(await step.observe()).toEqual(refusal(`${TOKYO}: set tokyo has no health check, and the runbook names no capacity`));
  });

  it('looks that do not follow one another count for nothing', async () => {
    const step = await carry({ ...bad, facts: { 'carry.shop': { badSince: 1_800_000_000_000 - 600_000, last: 1_800_000_000_000 - 60_000 } } });
    expect((await step.observe()).state).toBe('pending');
  });

  it('a hold must stay good without a break', async () => {
    let enough = true;
    const step = await carry({ survivors: [byTargets(2)], holdMs: 30_000, answers: { DescribeTargetHealth: () => targets('healthy', enough ? 'healthy' : 'unhealthy') } });
    const good = `${TOKYO}: 2 of 2 are healthy`;
    expect(await step.observe()).toEqual({ state: 'pending', because: good, waitingFor: 'hold' });
    await step.sleep(29_999);
    expect((await step.observe()).state).toBe('pending');
    enough = false;
    expect(await step.observe()).toMatchObject({ state: 'pending', waitingFor: 'aws' });
    enough = true;
    await step.sleep(1);
    expect((await step.observe()).state).toBe('pending');
    await step.sleep(30_000);
    expect(await step.observe()).toEqual({ state: 'reached', because: `good for 30 s: ${good}` });
  });

  it('what was good in between is bad from its next bad look on', async () => {
    const now = 1_800_000_000_000;
    const step = await carry({ ...bad, facts: { 'carry.shop': { goodSince: now - 600_000, last: now - 1 } } });
    expect((await step.observe()).state).toBe('pending');
    expect(step.recorded['carry.shop']).toEqual({ badSince: now, last: now });
  });
});
