import { describe, expect, it } from 'vitest';
import { changesOf, elementsOf, Pacer } from '../../src/aws/pacing.ts';

const values = (count: number) => Array.from({ length: count }, () => ({ Value: 'x' }));
const change = (Action: string, count?: number) => ({ Action, ResourceRecordSet: count === undefined ? {} : { ResourceRecords: values(count) } });

describe('what a change costs', () => {
  it.each([
    ['two values', change('CREATE', 2), 2],
    ['an UPSERT counts twice', change('UPSERT', 2), 4],
    ['a removal', change('DELETE', 3), 3],
    ['an alias has no values, and counts as one', change('CREATE'), 1],
    ['an UPSERT of an alias', change('UPSERT'), 2],
    ['no set at all', { Action: 'CREATE' }, 1],
  ])('%s', (_, one, elements) => {
    expect(elementsOf(one)).toBe(elements);
  });

  it('only a change of records costs any', () => {
    const input = { HostedZoneId: 'Z', ChangeBatch: { Changes: [change('UPSERT', 2), change('CREATE')] } };
    expect(changesOf('route53', 'ChangeResourceRecordSets', input)).toBe(5);
    expect(changesOf('route53', 'GetChange', input)).toBe(0);
    expect(changesOf('ec2', 'ChangeResourceRecordSets', input)).toBe(0);
    expect(changesOf('route53', 'ChangeResourceRecordSets', { HostedZoneId: 'Z' })).toBe(0);
    expect(changesOf('route53', 'ChangeResourceRecordSets', { ChangeBatch: {} })).toBe(0);
  });
});

describe('turns', () => {
  function pacer(startAt = 0) {
    const clock = { at: startAt };
    const paced = new Pacer({ now: () => clock.at, sleep: () => Promise.reject(new Error('nobody sleeps')) });
    return { clock, turn: paced.turn.bind(paced) };
  }
  type Turn = ReturnType<typeof pacer>['turn'];

  it.each<[string, number, number, (turn: Turn) => number]>([
    ['Route 53', 50, 200, (turn) => turn('route53', 'us-east-1', 'GetChange')],
    ['ELB', 40, 50, (turn) => turn('elbv2', 'r', 'DescribeTargetHealth')],
    ['Auto Scaling', 40, 50, (turn) => turn('autoscaling', 'r', 'DescribeAutoScalingGroups')],
    ['any other service', 100, 20, (turn) => turn('rds', 'r', 'DescribeDBInstances')],
    ['the status of a health check', 4, 1_000, (turn) => turn('route53', 'us-east-1', 'GetHealthCheckStatus')],
  ])('%s: %i at once, then one every %i ms', (_, burst, everyMs, ask) => {
    const { turn } = pacer();
    const waits = Array.from({ length: burst + 2 }, () => ask(turn));
    expect(waits).toEqual([...Array.from({ length: burst }, () => 0), everyMs, 2 * everyMs]);
  });

  it('come back with time, no more than there were', () => {
    const { clock, turn } = pacer(1_000);
    const ask = () => turn('route53', 'us-east-1', 'GetHealthCheckStatus');
    for (let i = 0; i < 4; i++) ask();
    clock.at += 500;
    expect(ask()).toBe(500);
    clock.at += 1_000;
    expect(ask()).toBe(500);
    clock.at += 3_600_000;
    expect([ask(), ask(), ask(), ask(), ask()]).toEqual([0, 0, 0, 0, 1_000]);
    // A clock that jumps back takes nothing away.
    clock.at -= 3_600_000;
    expect(ask()).toBe(2_000);
  });

  it('an operation with a rate of its own takes from its service too', () => {
    const { turn } = pacer();
    for (let i = 0; i < 4; i++) turn('route53', 'us-east-1', 'GetHealthCheckStatus');
    for (let i = 0; i < 46; i++) expect(turn('route53', 'us-east-1', 'GetChange')).toBe(0);
    expect(turn('route53', 'us-east-1', 'GetChange')).toBe(200);
  });

  it('of one region or service are those of no other', () => {
    const { turn } = pacer();
    for (let i = 0; i < 41; i++) turn('elbv2', 'r', 'DescribeTargetHealth');
    expect(turn('elbv2', 'r', 'DescribeListeners')).toBe(100);
    expect(turn('elbv2', 'r2', 'DescribeTargetHealth')).toBe(0);
    expect(turn('autoscaling', 'r', 'DescribeAutoScalingGroups')).toBe(0);
    for (let i = 0; i < 5; i++) turn('route53', 'us-east-1', 'GetHealthCheckStatus');
    expect(turn('route53', 'cn-northwest-1', 'GetHealthCheckStatus')).toBe(0);
  });

  it('changes of records: 1000 at once, then a hundred a second, on credit', () => {
    const { clock, turn } = pacer();
    const write = (changes: number) => turn('route53', 'us-east-1', 'ChangeResourceRecordSets', changes);
    expect([write(1_000), write(0), write(50), write(50), write(0)]).toEqual([0, 0, 500, 1_000, 0]);
    clock.at += 1_000;
    expect(write(0)).toBe(0);
    expect(write(1)).toBe(10);
    // One allowance, whatever the region.
    expect(turn('route53', 'eu-west-1', 'ChangeResourceRecordSets', 1)).toBe(20);
  });
});
