import { describe, expect, it } from 'vitest';
import type { Activity } from '../../../src/aws/autoscaling.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Json } from '../../../src/base/json.ts';
import { lastFailure, launchTrouble, markActivities } from '../../../src/kinds/autoscaling/launches.ts';
import { brief, cannotMend, checksPassed, inItsWords, isShortageText, noCapacity, whyEnded } from '../../../src/kinds/ec2/launch-reasons.ts';
import type { StepContext } from '../../../src/model/step.ts';

/* Why a group does not grow, by what AWS says of its activities. */

const TOKYO = 'ap-northeast-1';
const T0 = Date.UTC(2026, 10, 20);
const SHORTAGE = 'We currently do not have sufficient capacity. Insufficient capacity.';
const KEY = 'Client.InternalError: Client error on launch';

function activity(id: string, StatusCode: string, more: Partial<Activity> = {}): Activity {
  return { ActivityId: id, StatusCode, AutoScalingGroupName: 'web', Cause: 'the group is to have 3', StartTime: new Date(T0), ...more } as Activity;
}
const failed = (id: string, StatusMessage: string, seconds = 0) => activity(id, 'Failed', { StatusMessage, StartTime: new Date(T0 + seconds * 1000) });
const ok = (id: string) => activity(id, 'Successful');

function contextWith(activities: Activity[] | Error, facts: Record<string, Json> = {}, seconds = 0) {
  const recorded: Record<string, Json> = { ...facts };
  const asked: unknown[] = [];
  const shown = { activities };
  const call = (request: unknown) => (asked.push(request), shown.activities instanceof Error ? Promise.reject(shown.activities) : Promise.resolve({ output: { Activities: shown.activities }, requestId: 'r' }));
  const ctx = { effects: { aws: { call }, clock: { now: () => T0 + seconds * 1000 } }, signal: new AbortController().signal, fact: (name: string) => recorded[name], record: (name: string, value: Json) => void (recorded[name] = value) } as unknown as StepContext;
  return { ctx, recorded, asked, shown };
}

const BEFORE = `activities-before.${TOKYO}.web`;
const trouble = async (activities: Activity[], before = 'old') => launchTrouble(contextWith(activities, { [BEFORE]: before }).ctx, TOKYO, 'web');

describe('the activities before a run', () => {
  it('are marked once, by the newest', async () => {
    const { ctx, recorded, asked, shown } = contextWith([ok('a2'), ok('a1')]);
    await markActivities(ctx, TOKYO, 'web');
    expect(recorded).toEqual({ [BEFORE]: 'a2' });
    expect(asked).toMatchObject([{ operation: 'DescribeScalingActivities', region: TOKYO, input: { AutoScalingGroupName: 'web' }, attempts: 1, signal: ctx.signal }]);
    shown.activities = [ok('a3')];
    await markActivities(ctx, TOKYO, 'web');
    expect(recorded).toEqual({ [BEFORE]: 'a2' });
  });

  it('are none in a group that has done nothing, and not marked where they cannot be read', async () => {
    const none = contextWith([]);
    await markActivities(none.ctx, TOKYO, 'web');
    expect(none.recorded).toEqual({ [BEFORE]: '' });
    const silent = contextWith(new AwsError({ service: 'autoscaling', operation: 'DescribeScalingActivities', region: TOKYO, code: 'Throttling', message: 'x', httpStatus: 400 }));
    await markActivities(silent.ctx, TOKYO, 'web');
    expect(silent.recorded).toEqual({});
    expect(await launchTrouble(silent.ctx, TOKYO, 'web')).toEqual({ says: 'the scaling activities of web cannot be read: Throttling' });
    await expect(launchTrouble(contextWith(new TypeError('a defect')).ctx, TOKYO, 'web')).rejects.toThrow('a defect');
  });

  it('count for nothing: what failed then is said as older, and ends no wait', async () => {
    expect(await trouble([ok('new'), ok('old'), failed('x', SHORTAGE)])).toEqual({ says: `AWS: Failed: ${SHORTAGE} (before this run waited)` });
    expect(await trouble([ok('old'), ok('x')])).toBeUndefined();
    const later = contextWith([failed('n2', 'a reason of tomorrow'), ok('n1'), ok('old')], { [BEFORE]: 'old' });
    expect(await launchTrouble(later.ctx, TOKYO, 'web')).toEqual({ says: 'AWS: Failed: a reason of tomorrow', since: true });
    // The mark stays: what comes next is counted with it.
    expect(later.recorded).toEqual({ [BEFORE]: 'old' });
    const first = contextWith([failed('a1', SHORTAGE)]);
    expect(await launchTrouble(first.ctx, TOKYO, 'web')).toEqual({ says: `AWS: Failed: ${SHORTAGE} (before this run waited)` });
    expect(first.recorded).toEqual({ [BEFORE]: 'a1' });
  });
});

describe('launches that go wrong', () => {
  it('for want of capacity end the wait where the newest did, and count again after a resume', async () => {
    const { ctx, recorded } = contextWith([failed('new', SHORTAGE), ok('old')], { [BEFORE]: 'old' });
    expect(await launchTrouble(ctx, TOKYO, 'web')).toEqual({ says: `AWS: Failed: ${SHORTAGE}`, since: true, ends: 'shortage' });
    expect(recorded).toEqual({ [BEFORE]: 'new' });
    expect(await trouble([activity('newer', 'PreInService'), failed('new', SHORTAGE), ok('old')])).toEqual({ says: `AWS: Failed: ${SHORTAGE}`, since: true });
    expect(await trouble([failed('new', 'a reason of tomorrow')])).toEqual({ says: 'AWS: Failed: a reason of tomorrow', since: true });
  });

  it.each([
    ['a zone', 'We currently do not have sufficient m6g.large capacity in the Availability Zone you requested (ap-northeast-1a). Launching EC2 instance failed.'],
    ['a subnet', 'There are not enough free addresses in subnet subnet-0a to satisfy the requested number of instances.'],
  ])('for want of room in %s do not end the wait while AWS may try another zone', async (_what, full) => {
    const seen = async (seconds: number, ...activities: Activity[]) => (await launchTrouble(contextWith([...activities, ok('old')], { [BEFORE]: 'old' }, seconds).ctx, TOKYO, 'web'))?.ends;
    expect(await seen(5, failed('a', full))).toBeUndefined();
    expect(await seen(179, failed('c', full, 60), failed('a', full))).toBeUndefined();
    expect(await seen(180, failed('c', full, 60), failed('a', full))).toBe('shortage');
    // What has not ended, and an instance that was taken away, are no launches that found room.
    const beside = [activity('p', 'InProgress'), activity('t', 'Successful', { Description: 'Terminating EC2 instance: i-1' })];
    expect(await seen(180, failed('c', full, 60), ...beside, failed('a', full))).toBe('shortage');
    // One that has succeeded in between: the others count from there.
    expect(await seen(230, failed('d', full, 60), ok('c'), failed('a', full))).toBeUndefined();
    expect(await seen(240, failed('d', full, 60), ok('c'), failed('a', full))).toBe('shortage');
    expect(await seen(600, activity('a', 'Failed', { StatusMessage: full, StartTime: undefined }))).toBeUndefined();
    // A quota is the same in every zone.
    expect(await seen(5, failed('a', 'You have requested more vCPU capacity than your current vCPU limit of 32 allows'))).toBe('shortage');
  });

  it('an instance that is taken away is said, and is no shortage', async () => {
    expect(await trouble([activity('new', 'Successful', { Description: 'Terminating EC2 instance: i-1', Cause: 'it was taken out: insufficient capacity' })])).toEqual({ says: 'AWS: it was taken out: insufficient capacity', since: true });
  });

  it('three times within three minutes or more, for one reason that no wait mends, end the wait', async () => {
    const times = (...seconds: number[]) => seconds.map((at, i) => failed(`n${i}`, KEY, at));
    const fixed = { says: `AWS: Failed: ${KEY}`, since: true, ends: 'fixed' };
    const open = { says: `AWS: Failed: ${KEY}`, since: true };
    expect(await trouble(times(180, 90, 0))).toEqual(fixed);
    expect(await trouble(times(179, 90, 0))).toEqual(open);
    expect(await trouble(times(300, 0))).toEqual(open);
    const [a, b, c] = times(180, 90, 0) as [Activity, Activity, Activity];
    expect(await trouble([a, ok('between'), b, c])).toEqual(open);
    expect(await trouble([a, failed('between', SHORTAGE, 100), b, c])).toEqual(open);
    expect(await trouble([a, b, c, ok('before')])).toEqual(fixed);
    expect(await trouble([activity('going', 'InProgress'), a, activity('t', 'Successful', { Description: 'Terminating EC2 instance' }), b, c])).toEqual(fixed);
    expect(await trouble([failed('n', KEY, 500), ...[180, 90, 0].map((at, i) => failed(`m${i}`, 'AMI ami-1 does not exist', at))])).toEqual(open);
  });

  it('have a reason in the words of AWS, wherever it stands', async () => {
    const says = async (more: Partial<Activity>) => (await trouble([activity('new', 'Failed', { Cause: undefined, ...more })]))?.says;
    expect(await says({ StatusMessage: 'a', Cause: 'c' })).toBe('AWS: Failed: a');
    expect(await says({ Description: 'Launching a new EC2 instance. Status Reason: two\nlines', Cause: 'c' })).toBe('AWS: Failed: two lines');
    expect(await says({ Description: 'Launching', Cause: 'c' })).toBe('AWS: Failed: c');
    expect(await says({ Description: 'Launching' })).toBe('AWS: Failed: Launching');
    expect(await says({})).toBe('AWS: Failed: AWS gives no reason');
  });

  it('are those of the newest launch that has ended', () => {
    expect(lastFailure([failed('a', 'x'), ok('b')])).toBe('AWS: Failed: x');
    expect(lastFailure([ok('b'), failed('a', 'x')])).toBeUndefined();
    expect(lastFailure([activity('c', 'InProgress'), failed('a', 'x')])).toBe('AWS: Failed: x');
    expect(lastFailure([activity('t', 'Successful', { Description: 'Terminating EC2 instance' }), failed('a', 'x')])).toBe('AWS: Failed: x');
    expect(lastFailure([])).toBeUndefined();
  });
});

describe('AWS’s words', () => {
  it.each<[string, string]>([
    ['Client.InternalError: Client error on launch', 'key'],
    ['The KMS key is disabled', 'key'],
    ['The image id [ami-1] does not exist', 'image'],
    ['The launch template lt-1 does not exist', 'template'],
    ['The security group sg-1 does not exist', 'security group'],
    ['The key pair shop does not exist', 'key pair'],
    ['The subnet ID subnet-1 does not exist', 'subnet'],
    ['Invalid IAM Instance Profile name', 'instance profile'],
    ['You are not authorized to perform this operation', 'permission'],
    ['InvalidBlockDeviceMapping', 'volume'],
    ['Value (x) for parameter y is invalid', 'parameter'],
    ['OptInRequired', 'subscription'],
    ["You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account.", 'metadata options'],
  ])('%s: somebody has to mend the %s', (text, what) => {
    expect([cannotMend(text), isShortageText(`${text}: capacity`)]).toEqual([what, false]);
  });

  it('tell want of capacity from too many requests', () => {
    for (const text of ['InsufficientInstanceCapacity', 'no capacity', 'VcpuLimitExceeded', 'the quota', 'You have exceeded x']) expect([text, isShortageText(text)]).toEqual([text, true]);
    for (const text of ['Request limit exceeded', 'RequestLimitExceeded', 'Throttling: rate exceeded', 'Rate exceeded', 'who knows']) expect([text, isShortageText(text)]).toEqual([text, false]);
  });

  it('are one line, without their encoded message, and cut', () => {
    expect(brief(' two\n lines  Encoded authorization failure message: AAAA\nBBBB')).toBe('two lines');
    expect([brief('x'.repeat(300)), brief('x'.repeat(301))]).toEqual(['x'.repeat(300), `${'x'.repeat(300)}…`]);
  });

  it('are said where they say more than that there is no capacity', () => {
    const error = (code: string) => new AwsError({ service: 'ec2', operation: 'RunInstances', region: TOKYO, code, message: 'of t3.micro', httpStatus: 400 });
    expect(inItsWords(error('InsufficientInstanceCapacity'))).toBe('');
    for (const code of ['InsufficientFreeAddressesInSubnet', 'OtherCapacity']) expect(inItsWords(error(code))).toBe(` (${brief(error(code).message)})`);
  });

  it('end a step at once where nothing named has capacity', () => {
    expect(noCapacity('2 instances', TOKYO, ['a: none', 'b: none'], 'name another type')).toMatchObject({
      code: 'NO_CAPACITY', exit: 'failed', message: `${TOKYO} has no capacity for 2 instances: a: none; b: none`,
      next: ['name another type', 'only a capacity reservation guarantees it: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-reservations.html'],
    });
  });

  it('of an instance that has ended stand in its description', () => {
    expect(whyEnded([{ InstanceId: 'i-1' }, { InstanceId: 'i-2', StateReason: { Message: 'Client.\nInternalError' } }])).toBe('i-2 has ended: AWS: Client. InternalError');
    expect(whyEnded([{ InstanceId: 'i-1' }])).toBe('');
  });

  it('instances are ready once enough have passed their checks', () => {
    const up = (count: number, why: string) => checksPassed({ ids: new Set(Array.from({ length: count }, (_, i) => `i-${i}`)), why }, 2);
    expect(up(2, 'x')).toEqual({ state: 'reached', because: '2 instances running, status checks passed' });
    expect(up(1, '')).toEqual({ state: 'pending', because: 'status checks passed: 1 of 2 instances', waitingFor: 'aws' });
    expect(up(1, 'i-2 is impaired')).toMatchObject({ because: 'status checks passed: 1 of 2 instances; i-2 is impaired' });
  });
});
