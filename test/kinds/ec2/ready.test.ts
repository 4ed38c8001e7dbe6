import { describe, expect, it } from 'vitest';
import { inspectInstances, instanceLaunches } from '../../../src/kinds/ec2/ready.ts';
import type { InspectContext } from '../../../src/model/kind.ts';
import { SEOUL, TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* What a look at readiness finds of instances that wait to be started: spares, zones, types, and how many serve users now. */

const id = (n: number) => `i-0000000${n}`;
const one = (n: number, more: object = {}) => ({ InstanceId: id(n), InstanceType: 'm6g.large', State: { Name: 'stopped' }, Placement: { AvailabilityZone: n % 2 === 0 ? 'b' : 'a' }, ...more });
const RUNS = { State: { Name: 'running' } };
const PAGE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html';
const ABOUT = { resource: `ec2:${TOKYO}:batch`, region: TOKYO, severity: 'warning' };
const EVERYWHERE = ['a', 'b'].flatMap((Location) => ['m6g.large', 'm6g.xlarge', 'r6g.large'].map((InstanceType) => ({ InstanceType, Location })));

interface World {
  here?: object[] | Error;
  there?: object[] | Error;
  spares?: readonly string[] | undefined;
  types?: readonly string[];
  offered?: object[] | Error;
}

async function inspected({ here = [one(1), one(2)], there = [one(7, RUNS), one(8, RUNS)], spares = [], types, offered = EVERYWHERE }: World) {
  const shown = (found: object[] | Error) => (found instanceof Error ? found : { Reservations: [{ Instances: found }] });
  const port = portOf({ DescribeInstances: ({ region }) => shown(region === TOKYO ? here : there), DescribeInstanceTypeOfferings: offered instanceof Error ? offered : { InstanceTypeOfferings: offered } });
  const ctx = { effects: { aws: port.aws }, signal: new AbortController().signal, target: TOKYO, source: SEOUL, runbook: 'shop' } as unknown as InspectContext;
  const idsOf = (found: object[] | Error) => (found instanceof Error ? [id(1)] : found.map((instance) => (instance as { InstanceId: string }).InstanceId));
  const findings = await inspectInstances(ctx, 'batch', { instances: { [TOKYO]: idsOf(here).filter((name) => !spares.includes(name)), [SEOUL]: idsOf(there) }, spares: { [TOKYO]: spares }, types });
  return { findings, ...port };
}
const rules = async (world: World) => (await inspected(world)).findings.map(({ rule }) => rule);

describe('instances that wait', () => {
  it('are ready where they are as many and as large as those that run, in two zones', async () => {
    const { findings, asked, isStoppable } = await inspected({});
    expect(findings).toEqual([]);
    expect(asked.map(({ operation, region, input }) => [operation, region, input.InstanceIds])).toEqual([['DescribeInstances', TOKYO, [id(1), id(2)]], ['DescribeInstances', SEOUL, [id(7), id(8)]], ['DescribeInstanceTypeOfferings', TOKYO, undefined]]);
    expect(isStoppable()).toBe(true);
  });

  it('have spares that are gone, or in no state that is known', async () => {
    const here = [one(1), one(2), one(3), one(4, { State: { Name: 'terminated' } }), one(5, { State: { Name: 'of-tomorrow' } })];
    const { findings, asked } = await inspected({ here, spares: [id(3), id(4), id(5)] });
    expect(findings).toEqual([{ ...ABOUT, rule: 'spare-missing', observed: `spares of batch are terminated, or in no state that can be started: ${id(4)}, ${id(5)}`, wanted: 'spares that can be started', consequence: 'a shortage in one zone ends the run', mend: 'correct `spares` in the runbook', page: PAGE }]);
    expect(asked[0]?.input).toEqual({ InstanceIds: [1, 2, 3, 4, 5].map(id) });
    // Those that are no spares are looked at by the step.
    expect(await rules({ here: [one(1, { State: { Name: 'terminated' } }), one(2)] })).toEqual([]);
  });

  it('are all in one zone; a spare in another one is enough', async () => {
    expect((await inspected({ here: [one(1), one(3)] })).findings).toEqual([{ ...ABOUT, rule: 'zones', observed: 'all instances of batch are in a', wanted: 'two zones or more', consequence: 'a shortage in that zone, or its loss, ends the recovery', mend: 'make some of them, or `spares`, in another zone', page: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html' }]);
    expect(await rules({ here: [one(1), one(3), one(4)], spares: [id(4)] })).toEqual([]);
    // One instance alone is in one zone, whatever its spare.
    expect(await rules({ here: [one(1), one(3)], spares: [id(3)], there: [one(7, RUNS)] })).toEqual([]);
  });

  it('are of a type that their zone does not offer, nor any other that the runbook names', async () => {
    const offered = [{ InstanceType: 'm6g.large', Location: 'a' }, { InstanceType: 'm6g.xlarge', Location: 'b' }];
    expect((await inspected({ offered })).findings).toMatchObject([{ ...ABOUT, rule: 'type-not-offered', observed: 'b offers none of m6g.large' }]);
    expect(await rules({ offered, types: ['m6g.large', 'm6g.xlarge'] })).toEqual([]);
    expect((await inspected({ offered: [], types: ['m6g.large', 'm6g.xlarge'] })).findings).toMatchObject([{ observed: 'a offers none of m6g.large, m6g.xlarge' }, { observed: 'b offers none of m6g.large, m6g.xlarge' }]);
  });

  it('are fewer than those that run now', async () => {
    const { findings } = await inspected({ there: [one(7, RUNS), one(8, RUNS), one(9, RUNS)] });
    expect(findings).toEqual([{ ...ABOUT, rule: 'active-size', observed: `3 instances of batch run in ${SEOUL}, and 2 wait in ${TOKYO}`, wanted: 'at least what serves users now', consequence: 'the recovered application would be smaller than the one that was lost', mend: 'make more instances, and name them in the runbook' }]);
    expect(await rules({ there: [one(7, RUNS), one(8, RUNS), one(9)] })).toEqual([]);
    // A spare takes the place of another one, and is no more than that.
    expect(await rules({ here: [one(1), one(2), one(3)], spares: [id(3)], there: [one(7, RUNS), one(8, RUNS), one(9, RUNS)] })).toEqual(['active-size']);
  });

  it('are of other types than those that run now', async () => {
    const { findings } = await inspected({ here: [one(1), one(2, { InstanceType: undefined })], there: [one(7, { ...RUNS, InstanceType: 'r6g.large' }), one(8, { ...RUNS, InstanceType: 'm6g.xlarge' })] });
    expect(findings).toEqual([{ ...ABOUT, rule: 'instance-type', observed: `instances of batch are m6g.large, unknown in ${TOKYO}, and m6g.xlarge, r6g.large in ${SEOUL}`, wanted: 'the same types on both sides', consequence: 'they may not carry the load of all users', mend: `aws ec2 modify-instance-attribute --region ${TOKYO} --instance-id … --instance-type …`, page: PAGE }]);
    expect(await rules({ there: [one(7), one(8)] })).toEqual([]);
  });

  it('are not called ready where they cannot be seen; what is seen is said all the same', async () => {
    const silent = awsError('NoAnswer', { httpStatus: undefined });
    expect(await rules({ here: silent, there: awsError('AccessDenied', { region: SEOUL }) })).toEqual(['region-silent', 'not-seen']);
    expect(await rules({ here: [one(1), one(3)], there: awsError('NoAnswer', { region: SEOUL, httpStatus: undefined }) })).toEqual(['region-silent', 'zones']);
    expect((await inspected({ offered: awsError('AccessDenied', { operation: 'DescribeInstanceTypeOfferings' }) })).findings).toMatchObject([{ rule: 'not-seen', resource: ABOUT.resource, region: TOKYO }]);
    expect((await inspected({ there: awsError('AccessDenied', { region: SEOUL }) })).findings).toMatchObject([{ rule: 'not-seen', resource: `ec2:${SEOUL}:batch`, region: SEOUL }]);
  });
});

it('what a failover would start is counted by its type: what runs, or is gone, is not started', async () => {
  const found = [one(1), one(2, { InstanceType: 'r6g.large' }), one(3), one(4, RUNS), one(5, { State: { Name: 'terminated' } }), one(6, { InstanceType: undefined }), one(7, { State: { Name: 'of-tomorrow' } })];
  const port = portOf({ DescribeInstances: { Reservations: [{ Instances: found }] } });
  const ctx = { effects: { aws: port.aws }, signal: new AbortController().signal, target: TOKYO } as never;
  expect(await instanceLaunches(ctx, 'batch', { instances: { [TOKYO]: [1, 2, 3, 4, 5, 6, 7].map(id) } })).toEqual([{ types: ['m6g.large'], count: 2 }, { types: ['r6g.large'], count: 1 }]);
  expect(port.asked).toMatchObject([{ region: TOKYO, input: { InstanceIds: [1, 2, 3, 4, 5, 6, 7].map(id) } }]);
  expect(port.isStoppable()).toBe(true);
});
