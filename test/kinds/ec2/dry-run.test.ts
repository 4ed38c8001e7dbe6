import { describe, expect, it } from 'vitest';
import { dryRunStep, inspectDryRun } from '../../../src/kinds/ec2/dry-run.ts';
import { type AtHand, stepOf, TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* A drill that launches nothing asks AWS whether these credentials might. */

const START = { name: 'batch', region: TOKYO, count: 2, asks: { for: 'start', ids: ['i-00000001', 'i-00000002'] } } as const;
const LAUNCH = { name: 'web', region: TOKYO, count: 1, asks: { for: 'launch', template: { name: 'web', version: '$Default' } } } as const;
const YES = awsError('DryRunOperation', { operation: 'StartInstances', httpStatus: 412 });
const NO = awsError('UnauthorizedOperation', { operation: 'StartInstances', httpStatus: 403 });

async function dryRun(p: typeof START | typeof LAUNCH = START, answer: object = YES, at: AtHand = {}) {
  const port = portOf({ StartInstances: answer, RunInstances: answer });
  return { ...(await stepOf(p.asks.for === 'start' ? 'ec2-instances.dryRun' : 'ec2-image.dryRun', p, { ...at, effects: { aws: port.aws } })), ...port };
}

describe('the right', () => {
  it('to start is there where AWS would have done it', async () => {
    const step = await dryRun();
    const because = 'these credentials may start 2 instances of batch; nothing was done (DryRun), and capacity is not shown';
    expect([await step.check(), await step.observe()]).toEqual([{ state: 'ok', because }, { state: 'reached', because }]);
    expect(step.changes()[0]).toEqual({ service: 'ec2', operation: 'StartInstances', region: TOKYO, input: { InstanceIds: ['i-00000001', 'i-00000002'], DryRun: true } });
    expect(step.isStoppable()).toBe(true);
  });

  it('to launch is asked for with the tags of a launch, of what the gate has chosen, or of what the runbook names', async () => {
    const input = { MinCount: 1, MaxCount: 1, TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'dr:runbook', Value: 'shop' }, { Key: 'dr:compute', Value: 'web' }] }], DryRun: true };
    const chosen = await dryRun(LAUNCH, YES, { facts: { 'launch.web': { image: 'ami-1', version: '3', token: 'cafe' } } });
    expect(await chosen.observe()).toMatchObject({ state: 'reached', because: expect.stringContaining('these credentials may launch 1 instance of web') as string });
    expect(chosen.changes()).toEqual([{ service: 'ec2', operation: 'RunInstances', region: TOKYO, input: { ...input, LaunchTemplate: { LaunchTemplateName: 'web', Version: '3' }, ImageId: 'ami-1' } }]);
    const named = await dryRun(LAUNCH);
    await named.observe();
    expect(named.changes()[0]?.input).toEqual({ ...input, LaunchTemplate: { LaunchTemplateName: 'web', Version: '$Default' } });
    expect(named.isStoppable()).toBe(true);
  });

  it('that is missing refuses the drill', async () => {
    const refusal = { rule: 'dry-run', observed: NO.message, threshold: 'the right to start 2 instances of batch', consequence: 'a failover with these credentials could bring up no capacity', override: 'none: dr plan --verb drill --iam shows the policy'.replace('drill', 'failover') };
    const step = await dryRun(START, NO);
    expect([await step.check(), await step.observe()]).toEqual([{ state: 'refused', refusal }, { state: 'refused', refusal }]);
  });

  it('is not known by any other answer', async () => {
    for (const error of [awsError('NoAnswer', { operation: 'StartInstances', httpStatus: undefined }), Object.assign(new TypeError('a defect'), { code: 'DryRunOperation' })]) await expect((await dryRun(START, error)).observe()).rejects.toBe(error);
    await expect((await dryRun(START, {})).observe()).rejects.toThrow(`it was asked to do nothing (DryRun), and answered as if it had been done: look at the instances of batch in ${TOKYO}`);
  });

  it('is not asked for in a preview', async () => {
    const step = await dryRun(START, NO, { preview: true });
    expect(await step.check()).toEqual({ state: 'ok', because: 'AWS is asked when the drill runs' });
    expect(step.asked).toEqual([]);
  });
});

describe('a look at readiness', () => {
  const inspect = (answer: object, choice?: { image: string; version: string }) => {
    const port = portOf({ StartInstances: answer, RunInstances: answer });
    const ctx = { effects: { aws: port.aws }, signal: new AbortController().signal, runbook: 'shop' } as never;
    return { port, findings: inspectDryRun(ctx, (choice === undefined ? START : LAUNCH) as never, choice) };
  };

  it('warns of a right that is missing: who checks may be another one than who runs', async () => {
    expect(await inspect(YES).findings).toEqual([]);
    expect(await inspect(NO).findings).toEqual([{
      rule: 'dry-run',
      severity: 'warning',
      resource: `ec2:${TOKYO}:batch`,
      region: TOKYO,
      observed: `EC2 refuses to start 2 instances of batch, asked to do nothing (DryRun): ${NO.message}`,
      wanted: 'the right to start 2 instances of batch',
      consequence: 'a failover with these credentials could bring up no capacity',
      mend: 'run dr check as the role that would run the failover; dr iam --verb failover prints what it needs',
      page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html',
    }]);
    const { port, findings } = inspect(YES, { image: 'ami-1', version: '3' });
    await findings;
    expect(port.changes()[0]?.input).toMatchObject({ ImageId: 'ami-1', LaunchTemplate: { Version: '3' } });
  });
});

it('the step changes nothing', () => {
  const permissions = [{ actions: ['ec2:StartInstances'], resources: ['*'] }];
  expect(dryRunStep(START as never, permissions)).toEqual({
    step: 'dryRun', phase: 'compute', reversibility: 'reversible', title: 'Might these credentials start 2 instances of batch? (nothing is launched)', params: START, controlPlanes: [`ec2@${TOKYO}`], permissions, estimate: { p50: 1, p95: 3, basis: 'one API call' }, limitMs: 60_000, changes: [],
  });
});
