import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import { staleTest } from '../../../src/app/check/last-test.ts';
import { leftFindings } from '../../../src/app/left-twins.ts';
import { rtoFindings } from '../../../src/app/feasibility.ts';
import { leaseAll } from '../../../src/app/locks.ts';
import { LocalState } from '../../../src/journal/local-state.ts';
import type { Finding } from '../../../src/model/finding.ts';
import { feasibilityOf } from '../../../src/plan/feasibility.ts';
import { SeededIds } from '../../../src/simulator/random.ts';
import { planOf, SEOUL, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { COPY, TROUBLES, ZONE } from './troubles.ts';
import { checkIn, sleep, worldOf } from './world.ts';

/*
 * One example or more of each rule of `dr check`, for docs/reference/findings.md: the planted troubles, and here what is no trouble of the account.
 */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export const accepting = (until: string): ((text: string) => string) => (text) => `${text}\naccepts:\n  - { rule: rpo-gate, owner: lead@example.com, until: ${until}, why: known }\n`;
export const byObject = (text: string): string => text.replace('switch: record', `switch: object\n    object: { ${TOKYO}: { bucket: shop-dr-tokyo, key: shop-active } }`);
export const byCheck = (text: string): string => text.replace('switch: record', 'switch: health-check');

export const withAlarm = (text: string): string => `${text}\ndecide: { alarms: [{ region: us-east-1, name: shop-canary }] }\n`;

export const withHealth = (text: string): string => `${text}\ndecide: { health: true }\n`;

/** The world, where a health check is shown with another configuration: simulated ones have fewer types, and keep what they watch. */
export function shownAs({ effects: { aws } }: Simulation, id: string, config: object): AwsCaller {
  const call = async (request: { operation: string; input: { HealthCheckId?: string } }) => {
    const answer = (await aws.call(request as never)) as { output: { HealthCheck?: { HealthCheckConfig?: object } } };
    if (request.operation !== 'GetHealthCheck' || request.input.HealthCheckId !== id) return answer;
    const { HealthCheck } = answer.output;
    return { ...answer, output: { HealthCheck: { ...HealthCheck, HealthCheckConfig: { ...HealthCheck?.HealthCheckConfig, ...config } } } };
  };
  return { call } as unknown as AwsCaller;
}

/** Another name of the zone, with the health check of the active side. */
export function sharing(sim: Simulation): Simulation {
  sim.world.addRecordSets(ZONE, [{ name: 'pay.example.com', type: 'A', setIdentifier: 'seoul', failover: 'PRIMARY', ttl: 60, healthCheckId: 'hc-seoul', values: ['127.0.0.2'] }]);
  return sim;
}

/** The world, where the group of the standby is shown with other settings. */
export function groupAs({ effects: { aws } }: Simulation, settings: object): AwsCaller {
  const call = async (request: { operation: string; region: string }) => {
    const answer = (await aws.call(request as never)) as { output: { AutoScalingGroups?: object[] } };
    if (request.operation !== 'DescribeAutoScalingGroups' || request.region !== TOKYO) return answer;
    return { ...answer, output: { AutoScalingGroups: (answer.output.AutoScalingGroups ?? []).map((group) => ({ ...group, ...settings })) } };
  };
  return { call } as unknown as AwsCaller;
}

/** Answers about the lag of two weeks, in seconds; everything else is the world's. */
export function withLags(sim: Simulation, values: readonly number[]): AwsCaller {
  const at = sim.clock.now();
  const call = (request: { operation: string; input: unknown }) => {
    const period = (request.input as { MetricDataQueries?: { MetricStat: { Period: number } }[] }).MetricDataQueries?.[0]?.MetricStat.Period;
    if (period !== 300) return sim.effects.aws.call(request as never);
    return Promise.resolve({ output: { MetricDataResults: [{ Id: 'm1', Timestamps: values.map((_, i) => new Date(at - i * 300_000)), Values: values, StatusCode: 'Complete' }] }, requestId: 'r' });
  };
  return { call } as unknown as AwsCaller;
}

export const lags = (good: number, bad: number): number[] => [...Array.from({ length: good }, () => 2), ...Array.from({ length: bad }, () => -1)];

/** A resolver that answers nothing, or something else, for one type of record. */
export function resolving({ effects: { dns } }: Simulation, type: string, values: readonly string[]): Simulation['effects']['dns'] {
  return { resolve: (...args: Parameters<typeof dns.resolve>) => (args[1] === type ? Promise.resolve({ values: [...values], ttl: 1 }) : dns.resolve(...args)) };
}

/** The database of the standby answers a login so. */
export function answering({ effects: { sql } }: Simulation, position: Simulation['effects']['sql']['position']): Simulation['effects']['sql'] {
  return { ...sql, position };
}

/** As `pg` throws what the server says. */
export const refusedLogin = (): Promise<never> => Promise.reject(Object.assign(new Error('password authentication failed for user "dr"'), { code: '28P01' }));

const findingsOf = async (sim: Simulation, options: Parameters<typeof checkIn>[1] = {}): Promise<readonly Finding[]> => (await checkIn(sim, options)).findings;
const denied = (service: string, operation: string) => ({ service, operation, effect: { kind: 'error' as const, httpStatus: 403, code: 'UnauthorizedOperation', message: `You are not authorized to perform: ${service}:${operation}` } });
/** A machine, and what it has in its environment. */
const machine = (env: Record<string, string>) => ({ env, state: { folder: '/var/lib/dr' }, resolvers: ['192.0.2.53'], vendor: '' });

const MORE: readonly (() => Promise<readonly Finding[]>)[] = [
  async () => { const sim = await worldOf('shop', accepting('2026-11-19')); sim.world.setReplication(COPY, { mode: 'stopped' }); await sleep(sim, 600_000); return findingsOf(sim); },
  async () => findingsOf(await worldOf('shop', accepting('2026-12-31'))),
  async () => { const sim = await worldOf('shop'); return findingsOf(sim, { effects: { dns: resolving(sim, 'NS', ['ns-1.elsewhere.example']) } }); },
  async () => { const sim = await worldOf('shop'); return findingsOf(sim, { effects: { dns: resolving(sim, 'A', []) } }); },
  async () => { const sim = await worldOf('billing'); sim.world.addFault({ service: 'iam', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied', message: 'not allowed' } }); sim.world.state.policies.deny('ec2:StartInstances'); return findingsOf(sim); },
  async () => { const sim = await worldOf('shop'); return findingsOf(sim, { effects: { sql: answering(sim, () => Promise.reject(new Error('timeout expired: no answer from shop-orders-tokyo.example.com:5432 within 3000 ms'))) } }); },
  async () => findingsOf(await worldOf('shop', withAlarm)),
  async () => { const sim = await worldOf('shop'); sim.world.breakRegion(SEOUL); return findingsOf(sim); },
  async () => { const sim = await worldOf('shop'); sim.world.addFault(denied('ec2', 'DescribeSecurityGroups')); return findingsOf(sim); },
  async () => { const sim = await worldOf('shop'); sim.world.addFault(denied('servicequotas', 'GetServiceQuota')); return findingsOf(sim); },
  async () => {
    const sim = await worldOf('shop');
    for (const [service, code] of [['rds', 'DBInstanceNotFound'], ['route53', 'NoSuchHostedZone']] as const) sim.world.addFault({ service, effect: { kind: 'error', httpStatus: 404, code, message: 'not there' } });
    return findingsOf(sim);
  },
  async () => { const sim = await worldOf('shop'); return findingsOf(sim, { effects: { aws: withLags(sim, lags(1_728, 288)) } }); },
  async () => { const sim = await worldOf('shop'); return findingsOf(sim, { effects: { aws: withLags(sim, lags(100, 900)) } }); },
  async () => { const sim = await worldOf('shop', byObject); return findingsOf(sim, { effects: { aws: shownAs(sim, 'hc-seoul', { Inverted: false }) } }); },
  async () => { const sim = await worldOf('shop', byCheck); return findingsOf(sim, { effects: { aws: shownAs(sim, 'hc-tokyo', { Type: 'RECOVERY_CONTROL' }) } }); },
  async () => { const sim = await worldOf('shop'); return findingsOf(sim, { effects: { aws: shownAs(sim, 'hc-tokyo', { FullyQualifiedDomainName: 'shop.example.com' }) } }); },
  async () => { const sim = await worldOf('shop'); return findingsOf(sim, { effects: { aws: groupAs(sim, { LaunchTemplate: undefined, LaunchConfigurationName: 'shop-api-2019' }) } }); },
  async () => findingsOf(sharing(await worldOf('shop', byCheck))),
  async () => findingsOf(await worldOf('shop', (text) => text.replace('rto: 15m', 'rto: 5m'))),
  async () => {
    const sim = await worldOf('shop');
    const plan = await planOf(sim, TOKYO);
    const measured = new Map(plan.steps.map(({ id }): [string, number[]] => [id, id === 'databases.orders.promote' ? [100, 110, 120, 1_200] : [1]]));
    return rtoFindings(sim.loaded, TOKYO, feasibilityOf(plan, { measured, observed: new Map() }));
  },
  async () => {
    const sim = await worldOf('shop');
    const folder = await mkdtemp(join(tmpdir(), 'dr-check-'));
    await leaseAll(new LocalState(folder), await planOf(sim, TOKYO), [], { run: '20261120T000000Z-shop-failover-000001', operator: { identity: 'arn', user: 'ben', host: 'elsewhere', pid: 7 }, now: sim.clock.now(), ids: new SeededIds(1) });
    return findingsOf(sim, { state: { folder } });
  },
  () => Promise.resolve(staleTest({ run: '20260801T000000Z-shop-drill-000001', verb: 'drill', at: 0 }, 'shop', 91 * DAY_MS)),
  () => Promise.resolve(leftFindings([{ run: '20261119T000000Z-shop-drill-000001', startedAt: 0, twins: ['rds:ap-northeast-1:dr-drill-0a1b2c3d-shop-orders-tokyo'] }], 'shop', 25 * HOUR_MS)),
  async () => { const sim = await worldOf('shop'); sim.world.addBucket({ region: SEOUL, name: 'dr-runs' }); return findingsOf(sim, { state: { folder: '/var/lib/dr', s3: `s3://dr-runs/x?region=${SEOUL}` } }); },
  async () => findingsOf(await worldOf('shop'), { surroundings: machine({ AWS_LAMBDA_FUNCTION_NAME: 'dr', AWS_REGION: SEOUL, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' }) }),
  async () => findingsOf(await worldOf('shop', (text) => `${text}\nsteps:\n  cache:\n    kind: command\n    after: data\n    run: [/bin/true]\n    limit: 1m\n`)),
  async () => findingsOf(await worldOf('shop', (text) => text.replace(/ {2}- sns:\n(?: {6}.*\n)+/, ''))),
];

/** Findings of every rule, those of the planted troubles first. */
export async function exampleFindings(): Promise<Finding[]> {
  const all: Finding[] = [];
  for (const { example, troubles } of TROUBLES) {
    for (const { plant, found, runbook } of troubles) {
      const sim = await worldOf(example, runbook);
      await plant(sim);
      const wanted = new Set(found);
      all.push(...(await findingsOf(sim)).filter(({ severity, rule, resource }) => wanted.has(`${severity} ${rule} ${resource}`)));
    }
  }
  all.push(...(await findingsOf(await worldOf('shop'))));
  for (const see of MORE) all.push(...(await see()));
  return all;
}
