import { describe, expect, it } from 'vitest';
import { lookingCaller } from '../../../src/aws/looking.ts';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { apisOf, type Api, type Evidence, rowsOf, type TargetsSeen } from '../../../src/app/assess/evidence.ts';
import { judge, zoneInTrouble } from '../../../src/app/assess/judge.ts';
import type { ServingTarget } from '../../../src/model/kind.ts';
import type { Signal } from '../../../src/model/signals.ts';

const [SOURCE, TARGET] = ['ap-northeast-2', 'ap-northeast-1'];
type Says = Signal['says'];

const api = (region: string, service: string, says: Says = 'up'): Api => ({ region, service, says, because: 'x' });
const signal = (vantage: Signal['vantage'], says: Says, more: Partial<Signal> = {}) => ({ name: vantage, signal: { vantage, says, because: `${vantage} is ${says}`, ...more } });
const alarm = (says: Says) => ({ region: 'us-west-2', name: 'canary', says, because: 'x' });
const ANSWER = [api(SOURCE, 'rds'), api(SOURCE, 'ec2'), api(TARGET, 'rds'), api('us-east-1', 'route53')];

function verdict(signals: Evidence['signals'], more: Partial<Evidence> = {}, planned = true): string {
  const evidence: Evidence = { source: SOURCE, target: TARGET, signals, apis: ANSWER, targets: [], standby: { says: 'unknown', because: 'x' }, ...more };
  const { scope, recommendation } = judge(evidence, planned);
  return `${scope}: ${recommendation}`;
}

const DEAD = [signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'down', { silent: true }), signal('replication', 'down')];
const SILENT = [api(SOURCE, 'rds', 'down'), api(SOURCE, 'ec2', 'down'), api(TARGET, 'rds'), api('us-east-1', 'route53')];

describe('what AWS Health publishes', () => {
  const health = [{ signal: 'AWS Health: RDS AWS_RDS_OPERATIONAL_ISSUE', region: SOURCE, says: 'down' as const, because: 'open for 3m' }, { signal: 'AWS Health', region: SOURCE, says: 'unknown' as const, because: 'x' }];
  const SAID = `AWS Health: RDS AWS_RDS_OPERATIONAL_ISSUE in ${SOURCE}: open for 3m`;

  it.each<[string, boolean, Evidence['signals'], Partial<Evidence>]>([
    ['the region', true, DEAD, { apis: SILENT }],
    ['one service, while users are served', true, [signal('users', 'up', { atSource: true }), signal('source-api', 'up'), signal('replication', 'down')], {}],
    ['nothing', false, [signal('users', 'up', { atSource: true }), signal('source-api', 'up'), signal('replication', 'up')], {}],
    ['the application', false, [signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'up'), signal('replication', 'up')], {}],
    ['not seen', false, [signal('source-api', 'up'), signal('replication', 'up')], {}],
  ])('%s in trouble: it changes nothing, and is said where a region or a service is', (_name, isSaid, signals, more) => {
    const evidence: Evidence = { source: SOURCE, target: TARGET, signals, apis: ANSWER, targets: [], standby: { says: 'up', because: 'x' }, ...more };
    const [without, beside] = [judge(evidence, true), judge({ ...evidence, health }, true)];
    expect(beside).toEqual({ ...without, reasons: [...without.reasons, ...(isSaid ? [SAID] : [])] });
  });
});

describe('where the trouble is', () => {
  it.each<[string, string, Evidence['signals'], Partial<Evidence>, boolean?]>([
    ['all is up', 'nothing: do-not-move', [signal('users', 'up', { atSource: true }), signal('health-checkers', 'up'), signal('source-api', 'up'), signal('replication', 'up')], {}],
    ['everything of the source is dead', 'region: move', DEAD, { apis: SILENT }],
    ['the same, and no plan can be made', 'region: unknown', DEAD, { apis: SILENT }, false],
    ['the same, and the standby gives no answer', 'region: unknown', DEAD, { apis: SILENT, standby: { says: 'down', because: 'x' } }],
    ['the same, and the target answers only in part', 'region: unknown', DEAD, { apis: [...SILENT, api(TARGET, 'ec2', 'down')] }],
    ['nothing answers, and nobody sees users', 'observer: unknown', [signal('users', 'down')], { apis: [api(SOURCE, 'rds', 'down'), api(TARGET, 'rds', 'down')] }],
    ['no API answers, and users are served', 'service: do-not-move', [signal('users', 'up', { atSource: true })], { apis: [api(SOURCE, 'rds', 'down'), api(TARGET, 'rds', 'down')] }],
    ['only this machine sees it down', 'observer: unknown', [signal('users', 'down'), signal('health-checkers', 'up'), signal('source-api', 'down', { silent: true })], { apis: SILENT }],
    ['load balancer and APIs dead, the database lives and replicates', 'unknown: unknown', [signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'down', { silent: true }), signal('replication', 'up', { receiving: true })], { apis: SILENT }],
    ['only the application', 'application: do-not-move', [signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'up'), signal('replication', 'up')], {}],
    ['only the application, which the checkers do not notice', 'application: do-not-move', [signal('users', 'down'), signal('health-checkers', 'up'), signal('source-api', 'up'), signal('replication', 'up')], {}],
    ['the application, and of a database nothing is known', 'unknown: unknown', [signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'unknown'), signal('replication', 'up')], {}],
    ['the application, of a runbook without databases', 'application: do-not-move', [signal('users', 'down'), signal('health-checkers', 'down')], {}],
    ['users and replication, although all APIs answer', 'region: move', [signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'up'), signal('replication', 'down')], {}],
    ['the application and a part of the APIs', 'service: move', [signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'up'), signal('replication', 'up')], { apis: [...ANSWER, api(SOURCE, 'elbv2', 'down')] }],
    ['the application, while one API was asked too often', 'application: do-not-move', [signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'up'), signal('replication', 'up')], { apis: [...ANSWER, api(SOURCE, 'elbv2', 'unknown')] }],
    ['the database, while users are served', 'service: unknown', [signal('users', 'up', { atSource: true }), signal('source-api', 'down')], {}],
    ['replication, while users are served', 'service: do-not-move', [signal('users', 'up', { atSource: true }), signal('source-api', 'up'), signal('replication', 'down')], {}],
    ['the standby, while users are served', 'service: do-not-move', [signal('users', 'up', { atSource: true }), signal('source-api', 'up'), signal('replication', 'up')], { apis: [...ANSWER, api(TARGET, 'ec2', 'down')] }],
    ['served from here, and no checker gets there', 'unknown: unknown', [signal('users', 'up'), signal('health-checkers', 'down')], {}],
    ['nobody sees users, and an alarm says that they are not served', 'application: do-not-move', [signal('source-api', 'up'), signal('replication', 'up')], { alarms: [alarm('down')] }],
    ['nobody sees users, and an alarm is quiet', 'nothing: do-not-move', [signal('source-api', 'up'), signal('replication', 'up')], { alarms: [alarm('up')] }],
    ['nobody sees users, and an alarm tells nothing', 'unknown: unknown', [signal('source-api', 'up'), signal('replication', 'up')], { alarms: [alarm('unknown')] }],
    ['served from here, and an alarm says otherwise', 'unknown: unknown', [signal('users', 'up'), signal('health-checkers', 'up')], { alarms: [alarm('down')] }],
    ['served from here, no checker gets there, and the alarm sides with them', 'unknown: unknown', [signal('users', 'up'), signal('health-checkers', 'down'), signal('source-api', 'down', { silent: true })], { apis: SILENT, alarms: [alarm('down')] }],
    ['everything of the source is dead, and the alarm has not noticed yet', 'region: move', DEAD, { apis: SILENT, alarms: [alarm('up')] }],
    ['only this machine sees it down, and the alarm is quiet', 'observer: unknown', [signal('users', 'down'), signal('health-checkers', 'up'), signal('source-api', 'down', { silent: true })], { apis: SILENT, alarms: [alarm('up')] }],
    ['nobody sees users', 'unknown: unknown', [signal('source-api', 'up'), signal('replication', 'up')], {}],
  ])('%s', (_name, expected, signals, more, planned) => {
    expect(verdict(signals, more, planned)).toBe(expected);
  });
});

describe('a zone', () => {
  const at = (zone: string | undefined, healthy: boolean, id = 'i'): ServingTarget => ({ id, zone, healthy, because: 'x' });
  const seen = (...targets: ServingTarget[]): TargetsSeen[] => [{ resource: 'compute.api', region: SOURCE, targets }];

  it.each<[string, TargetsSeen[], string | undefined]>([
    ['all of one, and no other', seen(at('a', true), at('b', false), at('b', false), at('c', true)), 'b'],
    ['none', seen(at('a', true), at('b', true)), undefined],
    ['two zones', seen(at('a', false), at('b', false), at('c', true)), undefined],
    ['one of two in a zone', seen(at('a', true), at('b', false), at('b', true)), undefined],
    ['everything stands in one zone', seen(at('a', false), at('a', false)), undefined],
    ['a zone is not known', seen(at('a', true), at('b', false), at(undefined, false)), undefined],
    ['nobody answered', [{ resource: 'compute.api', region: SOURCE, unknown: 'x' }], undefined],
  ])('%s', (_name, targets, expected) => {
    expect(zoneInTrouble(targets)?.zone).toBe(expected);
  });

  it('is no advice where a database is down, too', () => {
    const targets = seen(at('a', true), at('b', false));
    expect(verdict([signal('users', 'up', { atSource: true }), signal('source-api', 'up')], { targets })).toBe('zone: do-not-move');
    expect(verdict([signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'down')], { targets })).toBe('service: move');
    expect(verdict([signal('users', 'down'), signal('health-checkers', 'down'), signal('source-api', 'up')], { targets })).toBe('application: do-not-move');
    // Of the standby it says nothing.
    expect(verdict([signal('users', 'up', { atSource: true })], { targets: targets.map((one) => ({ ...one, region: TARGET })) })).toBe('nothing: do-not-move');
  });
});

describe('what APIs answer', () => {
  it.each<[string, ('given' | 'silent' | 'unclear' | undefined)[], Says]>([
    ['all', ['given', 'given'], 'up'],
    ['none', ['silent', 'silent'], 'down'],
    ['some', ['given', 'silent'], 'unknown'],
    ['too many requests', ['unclear'], 'unknown'],
    ['still waited for', [undefined], 'unknown'],
  ])('%s', (_name, answers, expected) => {
    const asked = answers.map((answer) => ({ service: 'rds', region: SOURCE, operation: 'DescribeDBInstances', ...(answer === undefined ? {} : { answer }) }));
    expect(apisOf(asked).map(({ says }) => says)).toEqual([expected]);
  });

  it('the caller keeps what became of each question, and is in a hurry', async () => {
    const limits: unknown[] = [];
    const failing = (code: string, httpStatus?: number) => new AwsError({ service: 'rds', region: SOURCE, operation: 'x', code, message: 'x', httpStatus });
    const ends: Record<string, () => Promise<unknown>> = {
      DescribeDBInstances: () => Promise.resolve({ output: {}, requestId: undefined }),
      DescribeDBSnapshots: () => Promise.reject(failing('NoAnswer')),
      DescribeDBSubnetGroups: () => Promise.reject(failing('AccessDenied', 403)),
      DescribeOptionGroups: () => Promise.reject(failing('Throttling', 400)),
      DescribeDBParameterGroups: () => Promise.reject(failing('ServiceUnavailable', 503)),
    };
    const inner = { call: ({ operation, timeoutMs, attempts }: { operation: string; timeoutMs?: number; attempts?: number }) => (limits.push([timeoutMs, attempts]), ends[operation]?.()) } as unknown as AwsCaller;
    const { aws, asked } = lookingCaller(inner, { calls: 10, signal: new AbortController().signal, hurried: true });
    const call = aws.call.bind(aws) as unknown as (request: object) => Promise<unknown>;
    for (const operation of Object.keys(ends)) await call({ service: 'rds', region: SOURCE, operation, input: {} }).catch(() => undefined);
    expect(asked.map(({ answer }) => answer)).toEqual(['given', 'silent', 'given', 'unclear', 'silent']);
    await call({ service: 'rds', region: TARGET, operation: 'DescribeDBInstances', input: {}, timeoutMs: 100, attempts: 1 });
    await call({ service: 'rds', region: TARGET, operation: 'DescribeDBInstances', input: { x: 1 }, timeoutMs: 60_000, attempts: 9 });
    expect(limits.slice(-3)).toEqual([[LIMITS.hurriedMs, 2], [100, 1], [LIMITS.hurriedMs, 2]]);
  });
});

it('the table begins with what users get', () => {
  const evidence: Evidence = { source: SOURCE, target: TARGET, signals: [signal('replication', 'up'), signal('source-api', 'up'), signal('users', 'up')], apis: ANSWER, targets: [{ resource: 'compute.api', region: SOURCE, targets: [] }], standby: { says: 'unknown', because: 'x' } };
  expect(rowsOf(evidence).map((row) => row.signal).slice(0, 5)).toEqual(['users', 'source-api', 'replication', 'users, asked of the standby', 'targets of compute.api']);
});
