import { describe, expect, it } from 'vitest';
import { iamPolicies } from '../../../src/app/iam.ts';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import { NOT_ASKED, lookingCaller } from '../../../src/aws/looking.ts';
import { SEOUL, TOKYO } from '../../engine/simulated.ts';
import { allows, matches, recording } from '../iam-needs.ts';
import { withAlarm, withHealth } from './examples.ts';
import { AT_COPY, COPY, MAIN } from './troubles.ts';
import { withArchive, withPath, withProxy, withTickets } from './way-in-troubles.ts';
import { checkIn, shortly, worldOf } from './world.ts';

const ACCOUNT = '000000000000';

describe('what a check needs', () => {
  it.each([
    { example: 'shop' },
    { example: 'shop', more: (text: string) => withPath(withProxy(text)) },
    { example: 'shop', more: withAlarm },
    { example: 'shop', more: withHealth },
    { example: 'archive' },
    { example: 'archive', more: withArchive },
    { example: 'billing' },
    { example: 'active-active' },
    { example: 'active-active', more: withTickets },
  ])('$example: every call is allowed by `dr iam --verb check`, which allows no change', async ({ example, more }) => {
    const sim = await worldOf(example, more);
    const { aws, needs } = recording(sim.effects.aws, ACCOUNT);
    await checkIn(sim, { effects: { aws } });
    const policies = (await iamPolicies({ paths: [sim.loaded.path], verb: 'check', account: ACCOUNT })).flatMap(({ policies: parts }) => parts.map(({ document }) => document));
    expect(needs.length).toBeGreaterThan(10);
    expect(needs.filter((need) => !allows(policies, need))).toEqual([]);
    const actions = policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
    // IAM's own judge changes nothing: its access level is Read.
    const reads = ['*:Describe*', '*:Get*', '*:List*', 'iam:SimulatePrincipalPolicy'];
    expect(actions.filter((action) => !reads.some((read) => matches(read, action)))).toEqual([]);
  });
});

describe('the caller of a check', () => {
  const answer = { output: { Account: ACCOUNT, Arn: 'arn:aws:iam::1:user/x', UserId: 'x' }, requestId: undefined };
  const asking = (made: string[]): AwsCaller => ({ call: (request) => { made.push(request.operation); return Promise.resolve(answer as never); } });
  const signal = new AbortController().signal;

  it('sends nothing that changes something', async () => {
    const made: string[] = [];
    const { aws } = lookingCaller(asking(made), { calls: 10, signal });
    await expect(aws.call({ service: 'rds', region: TOKYO, operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: 'x' } })).rejects.toMatchObject({ code: NOT_ASKED });
    expect(made).toEqual([]);
    // Asked to do nothing, by whom that is documented of.
    const ids = { InstanceIds: ['i-0'] };
    await expect(aws.call({ service: 'ec2', region: TOKYO, operation: 'StartInstances', input: ids })).rejects.toMatchObject({ code: NOT_ASKED });
    await expect(aws.call({ service: 'ec2', region: TOKYO, operation: 'StartInstances', input: { ...ids, DryRun: false } })).rejects.toMatchObject({ code: NOT_ASKED });
    await aws.call({ service: 'ec2', region: TOKYO, operation: 'StartInstances', input: { ...ids, DryRun: true } });
    expect(made).toEqual(['StartInstances']);
  });

  it('asks the same once, and no more than it may', async () => {
    const made: string[] = [];
    const { aws, asked } = lookingCaller(asking(made), { calls: 2, signal });
    const one = (region: string) => aws.call({ service: 'sts', region, operation: 'GetCallerIdentity', input: {} });
    await Promise.all([one(TOKYO), one(TOKYO), one(SEOUL)]);
    await expect(one('us-east-1')).rejects.toMatchObject({ code: NOT_ASKED, message: expect.stringContaining('the limit of 2 requests of one check is reached') as string });
    expect([made.length, asked.length]).toEqual([2, 2]);
  });
});

describe('an account that gives trouble', () => {
  it('no credentials: nothing can be said', async () => {
    const sim = await worldOf('shop');
    sim.world.addFault({ service: 'sts', effect: { kind: 'error', httpStatus: 403, code: 'InvalidClientTokenId', message: 'not valid' } });
    await expect(checkIn(sim)).rejects.toMatchObject({ code: 'NO_CREDENTIALS' });
  });

  it('the active region gives no answer: what the standby shows is said', async () => {
    const sim = await worldOf('shop');
    sim.world.setReplication(COPY, { mode: 'stopped' });
    sim.world.breakRegion(SEOUL);
    const seen = shortly(await checkIn(sim));
    expect(seen).toContain(`error region-silent rds:${SEOUL}`);
    expect(seen).toContain(`error replication ${AT_COPY}`);
    expect(seen.filter((one) => one.includes('aws-silent'))).toEqual([]);
  });

  it('the standby gives no answer: no failover can be planned, and what the active side shows is said', async () => {
    const sim = await worldOf('shop');
    sim.world.setDbStatus(MAIN, 'stopped');
    sim.world.breakRegion(TOKYO);
    const result = await checkIn(sim);
    expect(result.ways).toEqual([{ source: SEOUL, target: TOKYO }]);
    expect(shortly(result)).toContain('error aws-silent runbook:shop');
    expect(shortly(result)).toContain(`warning writer-status rds:${SEOUL}:shop-orders`);
  });

  it('an account with nothing in it: each thing that is missing, and no crash', async () => {
    const sim = await worldOf('shop');
    for (const [service, code, httpStatus] of [['rds', 'DBInstanceNotFound', 404], ['route53', 'NoSuchHostedZone', 404]] as const) sim.world.addFault({ service, effect: { kind: 'error', httpStatus, code, message: 'not there' } });
    const seen = shortly(await checkIn(sim));
    expect(seen).toContain('error database-not-found runbook:shop');
    expect(seen).toContain(`error writer-missing rds:${SEOUL}:shop-orders`);
    expect(seen).toContain('error zone-missing route53:Z0123456789ABCDEFGHIJ');
  });

  it('throttled now and then: asked again, and the same is found', async () => {
    const sim = await worldOf('shop');
    for (const service of ['rds', 'autoscaling', 'ec2', 'route53', 'elbv2', 'cloudwatch', 'kms', 'iam', 'servicequotas', 'sns']) sim.world.addFault({ service, effect: { kind: 'throttle' }, times: 2 });
    expect(shortly(await checkIn(sim))).toEqual([`note replica-backups ${AT_COPY}`]);
  });

  it('a permission is missing: that is said, with how to get it, and the rest is found', async () => {
    const sim = await worldOf('shop');
    sim.world.addFault({ service: 'ec2', operation: 'DescribeSecurityGroups', effect: { kind: 'error', httpStatus: 403, code: 'UnauthorizedOperation', message: 'You are not authorized' } });
    sim.world.setReplication(COPY, { mode: 'stopped' });
    const { findings } = await checkIn(sim);
    expect(findings.filter(({ rule }) => rule === 'not-seen').map(({ mend }) => mend)).toEqual(['allow it: dr iam --verb check prints all that a check needs', 'allow it: dr iam --verb check prints all that a check needs']);
    expect(findings.map(({ rule }) => rule)).toContain('replication');
  });

  it('5,000 instances and 10,000 records that are not of the application: what is asked does not grow', async () => {
    const sim = await worldOf('shop');
    for (let i = 0; i < 5_000; i++) sim.world.addEc2Instance({ region: TOKYO, id: `i-0${String(i).padStart(16, '0')}` });
    sim.world.addRecordSets('Z0123456789ABCDEFGHIJ', Array.from({ length: 10_000 }, (_, i) => ({ name: `r${i}.example.com`, type: 'A', ttl: 60, values: ['192.0.2.1'] })));
    const { calls } = await checkIn(sim);
    const { calls: small } = await checkIn(await worldOf('shop'));
    expect(calls.made).toBe(small.made);
  });
});
