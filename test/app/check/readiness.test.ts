import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import { TOKYO } from '../../engine/simulated.ts';
import { withAlarm } from './examples.ts';
import { balancer, encryptedImage, keyIn, LINKED, template, templateWith } from './readiness-troubles.ts';
import { NOTES } from './troubles.ts';
import { analyzed, proxy, withPath, withProxy, withTickets } from './way-in-troubles.ts';
import { change, checkIn, shortly, worldOf } from './world.ts';

/* What looks like a trouble and is none, and what AWS does not let a check see. */

const DAY_MS = 86_400_000;

async function found(plant: (sim: Awaited<ReturnType<typeof worldOf>>) => void, example = 'shop', runbook?: (text: string) => string): Promise<string[]> {
  const sim = await worldOf(example, runbook);
  plant(sim);
  return shortly(await checkIn(sim)).filter((one) => !NOTES.has(one));
}

describe('nothing is said', () => {
  it('of a key that people manage, and that is enabled', async () => {
    expect(await found((sim) => { sim.world.state.keys.add({ region: TOKYO, arn: keyIn('own') }); change(sim, { region: TOKYO, id: 'shop-orders-tokyo' }, { kmsKeyId: keyIn('own') }); })).toEqual([]);
  });

  it.each([
    ['its policy names the role of Auto Scaling', { users: [LINKED] }],
    ['its policy names everybody', { users: ['*'] }],
    ['a grant names the role', { granted: ['arn:aws:iam::000000000000:role/other', LINKED] }],
  ])('of a key of the image: %s', async (_what, more) => {
    expect(await found((sim) => { sim.world.state.keys.add({ region: TOKYO, arn: keyIn('image'), ...more }); encryptedImage(sim, keyIn('image')); })).toEqual([]);
  });

  it('of a key of the image that another account has granted', async () => {
    expect(await found((sim) => { sim.world.state.keys.add({ region: TOKYO, arn: keyIn('image', '999988887777'), granted: [LINKED] }); encryptedImage(sim, keyIn('image', '999988887777')); })).toEqual([]);
  });

  it.each([
    ['names it', [{ names: ['shop.example.com'] }]],
    ['names it by a pattern, and is not the first one', [{ names: ['admin.example.com'] }, { names: ['*.example.com'] }]],
    ['is valid, beside one that has expired', [{ names: ['shop.example.com'], status: 'EXPIRED' as const, validForMs: -DAY_MS }, { names: ['shop.example.com'] }]],
    ['is valid for 31 days', [{ names: ['SHOP.example.com'], validForMs: 31 * DAY_MS }]],
  ])('of a certificate that %s', async (_what, certificates) => {
    expect(await found((sim) => balancer(sim, ...certificates))).toEqual([]);
  });

  it('of a load balancer without TLS', async () => {
    expect(await found((sim) => balancer(sim))).toEqual([]);
  });

  it('of a quota that is just enough: 2 instances run, and 6 are wanted, of 2 vCPUs each', async () => {
    const quota = (max: number) => found(({ world }) => { world.state.vcpuQuotas.set(TOKYO, max); world.state.vcpuQuotas.setOthers(TOKYO, 40); });
    const needed = 40 + 2 * 6;
    expect([await quota(needed), await quota(needed - 1)]).toEqual([[], [`error vcpu-quota ec2:${TOKYO}`]]);
  });

  it('of a reservation with room for all', async () => {
    expect(await found((sim) => {
      sim.world.state.reservations.add({ region: TOKYO, id: 'cr-0123456789abcdef0', zone: `${TOKYO}a`, type: 'm6g.large', total: 8 });
      template(sim, { reservation: 'cr-0123456789abcdef0' });
    })).toEqual([]);
  });

  it('of a launch template whose key pair, security group and profile are there', async () => {
    expect(await found((sim) => {
      sim.world.state.keyPairs.add({ region: TOKYO, name: 'on-call' });
      sim.world.state.profiles.set('shop-api', { role: 'shop-api' });
      sim.world.addSecurityGroup({ region: TOKYO, id: 'sg-0123456789abcdef0', name: 'api', closed: false });
      templateWith(sim, { KeyName: 'on-call', IamInstanceProfile: { Name: 'shop-api' }, SecurityGroupIds: ['sg-0123456789abcdef0'] });
    })).toEqual([]);
  });

  it('of an alarm that is there; one that is not is found, and nothing else', async () => {
    expect(await found(() => undefined, 'shop', withAlarm)).toEqual(['warning alarm-missing cloudwatch:us-east-1:shop-canary']);
    expect(await found(({ world }) => world.state.alarms.add({ region: 'us-east-1', name: 'shop-canary', state: 'ALARM' }), 'shop', withAlarm)).toEqual([]);
  });

  it('of proxies that lead to both writers, and of a path that was found', async () => {
    expect(await found(() => undefined, 'active-active', withTickets)).toEqual([]);
  });

  it('of a proxy that AWS shows to reach the replica', async () => {
    expect(await found((sim) => proxy(sim, { target: 'SHOP-orders-tokyo' }), 'shop', withProxy)).toEqual([]);
  });

  it.each([
    ['of 29 days ago', [{ ageMs: 40 * DAY_MS, found: false, codes: ['NO_ROUTE_TO_DESTINATION'] }, { ageMs: 29 * DAY_MS, found: true }]],
    ['of yesterday, while another one runs', [{ ageMs: DAY_MS, found: true }, { ageMs: 0, status: 'running' as const }]],
  ])('of a path whose newest analysis is %s', async (_what, analyses) => {
    expect(await found((sim) => analyzed(sim, ...analyses), 'shop', withPath)).toEqual([]);
  });

  it('of a right that the policy of a topic or a key may give', async () => {
    expect(await found(({ world }) => { world.state.policies.deny('sns:*'); world.state.policies.deny('kms:*'); })).toEqual([]);
  });

  it('of the rights of a role that stands below a path', async () => {
    const asked: unknown[] = [];
    const sim = await worldOf('shop');
    sim.world.state.policies.path = '/aws-reserved/sso.amazonaws.com/';
    const result = await checkIn(sim, { onCall: ({ operation, input }) => (operation === 'SimulatePrincipalPolicy' ? asked.push((input as { PolicySourceArn: string }).PolicySourceArn) : undefined) });
    expect(shortly(result).filter((one) => !NOTES.has(one))).toEqual([]);
    expect([...new Set(asked)]).toEqual(['arn:aws:iam::000000000000:role/aws-reserved/sso.amazonaws.com/lab']);
  });
});

it('a certificate of which AWS does not say until when it is valid is not taken for a good one', async () => {
  const sim = await worldOf('shop');
  balancer(sim, { names: ['shop.example.com'] });
  const { aws } = sim.effects;
  const undated: AwsCaller = { call: async (request) => {
    const answer = await aws.call(request);
    return request.operation === 'DescribeCertificate' ? ({ ...answer, output: { Certificate: { ...(answer.output as { Certificate: object }).Certificate, NotAfter: undefined } } } as never) : answer;
  } };
  expect(shortly(await checkIn(sim, { effects: { aws: undated } })).filter((one) => !NOTES.has(one))).toEqual([`warning certificate-ends certificate:${TOKYO}:shop.example.com`]);
});

describe('a look that AWS refuses', () => {
  it.each([
    ['rds', 'DescribeDBProxies', 'AccessDenied'],
    ['rds', 'DescribeDBProxyTargets', 'AccessDenied'],
    ['ec2', 'DescribeNetworkInsightsPaths', 'UnauthorizedOperation'],
    ['ec2', 'DescribeNetworkInsightsAnalyses', 'UnauthorizedOperation'],
  ] as const)('%s %s, where the runbook names a proxy and a path: a note', async (service, operation, code) => {
    const sim = await worldOf('active-active', withTickets);
    sim.world.addFault({ service, operation, effect: { kind: 'error', httpStatus: 403, code, message: 'not authorized' } });
    const { findings } = await checkIn(sim);
    expect([...new Set(findings.map(({ severity, rule }) => `${severity} ${rule}`))]).toEqual(['note not-checked']);
    expect(findings.map(({ observed }) => observed)).toContain(`${service}:${operation} is not allowed in ${TOKYO}`);
  });

  const denied = (service: string, operation: string, code: string, httpStatus = 400) => ({ service, operation, effect: { kind: 'error' as const, httpStatus, code, message: 'not authorized' } });

  it.each([
    ['kms', 'DescribeKey', 'AccessDeniedException', `kms:${TOKYO}`],
    ['iam', 'GetRole', 'AccessDenied', 'iam:us-east-1'],
    ['iam', 'SimulatePrincipalPolicy', 'AccessDenied', 'iam:us-east-1'],
    ['servicequotas', 'GetServiceQuota', 'AccessDeniedException', `servicequotas:${TOKYO}`],
    ['elbv2', 'DescribeTargetGroups', 'AccessDenied', `elbv2:${TOKYO}`],
    ['ec2', 'DescribeInstanceTypes', 'UnauthorizedOperation', `ec2:${TOKYO}`],
  ] as const)('%s %s: is said once as a note, and fails nothing', async (service, operation, code, about) => {
    const sim = await worldOf('shop');
    sim.world.addFault(denied(service, operation, code, 403));
    const { findings } = await checkIn(sim);
    const own = findings.filter(({ rule }) => rule === 'not-checked');
    expect(own.map(({ severity, resource }) => `${severity} ${resource}`)).toEqual([`note ${about}`]);
    expect(own[0]?.observed).toBe(`${service}:${operation} is not allowed in ${service === 'iam' ? 'us-east-1' : TOKYO}`);
    expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });

  it('the policy of a key: nobody says that Auto Scaling may not use it', async () => {
    const sim = await worldOf('shop');
    encryptedImage(sim, keyIn('image'));
    sim.world.addFault(denied('kms', 'GetKeyPolicy', 'AccessDeniedException'));
    expect(shortly(await checkIn(sim)).filter((one) => !NOTES.has(one))).toEqual([`note not-checked kms:${TOKYO}`]);
  });

  it('a service that gives no answer is no failure of the check', async () => {
    const sim = await worldOf('shop');
    for (const service of ['kms', 'iam', 'servicequotas']) sim.world.addFault({ service, effect: { kind: 'reset' } });
    const seen = shortly(await checkIn(sim)).filter((one) => !NOTES.has(one));
    expect(seen.toSorted()).toEqual(['note not-checked iam:us-east-1', `note not-checked kms:${TOKYO}`, `note not-checked servicequotas:${TOKYO}`]);
  });

  it('a quota whose use is not measured: what a failover starts alone decides', async () => {
    const sim = await worldOf('shop');
    const { aws } = sim.effects;
    const unmeasured: AwsCaller = { call: (request) => (request.operation === 'GetMetricData' && JSON.stringify(request.input).includes('AWS/Usage') ? Promise.resolve({ output: { MetricDataResults: [{ Id: 'm1', Timestamps: [], Values: [] }] }, requestId: 'r' } as never) : aws.call(request)) };
    const observed = async (max: number) => {
      sim.world.state.vcpuQuotas.set(TOKYO, max);
      return (await checkIn(sim, { effects: { aws: unmeasured } })).findings.find(({ rule }) => rule === 'vcpu-quota')?.observed;
    };
    expect(await observed(7)).toBe('a failover starts 8 vCPUs in ap-northeast-1, how many run there is not known, and "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances" allows 7');
    expect(await observed(8)).toBeUndefined();
  });
});

describe('rights', () => {
  it('names what is missing, each right once, and the first five of many', async () => {
    const sim = await worldOf('shop');
    for (const action of ['rds:*', 'autoscaling:*']) sim.world.state.policies.deny(action);
    const { findings } = await checkIn(sim);
    const [one, ...others] = findings.filter(({ rule }) => rule === 'right-missing');
    expect(others).toEqual([]);
    expect(one?.observed).toMatch(/^arn:aws:iam::000000000000:role\/lab may not: (\S+ on \S+; ){4}\S+ on \S+; and \d+ more$/);
  });

  it.each([
    ['a federated user', 'GetCallerIdentity', { UserId: 'u', Account: '000000000000', Arn: 'arn:aws:sts::000000000000:federated-user/eve' }, 'note not-checked iam:federated-user/eve'],
    ['IAM gives no answer for', 'SimulatePrincipalPolicy', { EvaluationResults: [], IsTruncated: false }, 'note not-checked iam:role/lab'],
  ] as const)('of which nothing is known are said to be unknown: %s', async (_what, operation, output, note) => {
    const sim = await worldOf('shop');
    const { aws } = sim.effects;
    const other: AwsCaller = { call: (request) => (request.operation === operation ? Promise.resolve({ output, requestId: 'r' } as never) : aws.call(request)) };
    expect(shortly(await checkIn(sim, { effects: { aws: other } })).filter((one) => !NOTES.has(one))).toEqual([note]);
  });

  it('of the root user are all there are', async () => {
    const sim = await worldOf('shop');
    const { aws } = sim.effects;
    const root: AwsCaller = { call: (request) => (request.operation === 'GetCallerIdentity' ? Promise.resolve({ output: { UserId: '000000000000', Account: '000000000000', Arn: 'arn:aws:iam::000000000000:root' }, requestId: 'r' } as never) : aws.call(request)) };
    expect(shortly(await checkIn(sim, { effects: { aws: root } })).filter((one) => !NOTES.has(one))).toEqual([]);
  });

  it('asks in few requests, whatever the number of rights', async () => {
    const asked: string[][] = [];
    const sim = await worldOf('shop');
    await checkIn(sim, { onCall: ({ operation, input }) => (operation === 'SimulatePrincipalPolicy' ? asked.push((input as { ActionNames: string[] }).ActionNames) : undefined) });
    expect(asked.length).toBeLessThanOrEqual(8);
    expect(asked.flat()).toEqual(expect.arrayContaining(['rds:PromoteReadReplica', 'route53:ChangeResourceRecordSets', 'autoscaling:UpdateAutoScalingGroup']));
  });
});

describe('where IAM tells nothing of rights', () => {
  const denied = { service: 'iam', effect: { kind: 'error' as const, httpStatus: 403, code: 'AccessDenied', message: 'not allowed' } };
  const asked = async (example: string, plant: (sim: Awaited<ReturnType<typeof worldOf>>) => void) => {
    const sim = await worldOf(example);
    sim.world.addFault(denied);
    plant(sim);
    const dry: unknown[] = [];
    const result = await checkIn(sim, { onCall: ({ operation, input }) => ('DryRun' in (input as object) ? dry.push([operation, (input as { DryRun: unknown }).DryRun]) : undefined) });
    return { found: shortly(result).filter((one) => !NOTES.has(one) && one.includes('dry-run')), notes: result.findings.filter(({ rule }) => rule === 'not-checked').length, dry, running: [...sim.world.state.instances.table(TOKYO).values()].filter(({ stopped }) => !stopped).length };
  };

  it('EC2 is asked to do nothing: a right that is missing is found, and nothing is started or launched', async () => {
    expect(await asked('billing', ({ world }) => world.state.policies.deny('ec2:StartInstances'))).toEqual({ found: [`warning dry-run ec2:${TOKYO}:batch`], notes: 1, dry: [['StartInstances', true]], running: 0 });
    expect(await asked('archive', ({ world }) => world.state.policies.deny('ec2:RunInstances'))).toEqual({ found: [`warning dry-run ec2:${TOKYO}:api`], notes: 1, dry: [['RunInstances', true]], running: 0 });
  });

  it('and of one that is there nothing is said; where IAM judges, EC2 is not asked', async () => {
    expect(await asked('billing', () => undefined)).toMatchObject({ found: [], dry: [['StartInstances', true]], running: 0 });
    expect(await asked('archive', () => undefined)).toMatchObject({ found: [], dry: [['RunInstances', true]], running: 0 });
    expect(await asked('shop', () => undefined)).toMatchObject({ found: [], dry: [] });
    const dry: string[] = [];
    await checkIn(await worldOf('billing'), { onCall: ({ operation, input }) => ('DryRun' in (input as object) ? dry.push(operation) : undefined) });
    expect(dry).toEqual([]);
  });
});
