import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AssessedWay, type Assessment, assessLoaded, type AssessRequest, exitOf } from '../../../src/app/assess/assess.ts';
import { iamPolicies } from '../../../src/app/iam.ts';
import { assessText } from '../../../src/cli/assess-view.ts';
import { plain } from '../../../src/cli/text.ts';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import { MUTATIONS } from '../../../src/aws/operations.ts';
import { SEOUL, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { exampleOf, sleep, worldOf } from '../check/world.ts';
import { allows, recording } from '../iam-needs.ts';

const WRITER = { region: SEOUL, id: 'shop-orders' };
/** Seconds of waits that it may take, whatever is dead. */
const LONGEST_MS = 30_000;

async function assessIn(sim: Simulation, more: Partial<AssessRequest> = {}): Promise<Assessment> {
  const state = { folder: await mkdtemp(join(tmpdir(), 'dr-assess-')) };
  const inner = more.effects ?? sim.effects;
  const aws: AwsCaller = {
    call: (request) => {
      if (MUTATIONS.has(`${request.service}.${request.operation}`)) throw new Error(`assess has called ${request.operation}`);
      return inner.aws.call(request);
    },
  };
  const began = sim.clock.now();
  const result = await sim.clock.run(() => assessLoaded(sim.loaded, { runbooks: '.', state, ...more, effects: { ...inner, aws } }));
  expect(sim.clock.now() - began).toBeLessThan(LONGEST_MS);
  return result;
}

function onlyWay(result: Assessment): AssessedWay {
  expect(result.ways.map(({ source, target }) => [source, target])).toEqual([[SEOUL, TOKYO]]);
  return result.ways[0] as AssessedWay;
}

const stopApplications = ({ world }: Simulation, region: string): void => {
  for (const app of world.state.applications.in(region)) world.setApplicationUp(app.address, false);
};
const said = ({ rows }: AssessedWay, signal: string): string | undefined => rows.find((row) => row.signal === signal)?.says;

describe('what is broken, and would moving help', () => {
  it('nothing is wrong: stay', async () => {
    const sim = await worldOf('shop');
    const result = await assessIn(sim);
    const way = onlyWay(result);
    expect([way.scope, way.recommendation, exitOf(result)]).toEqual(['nothing', 'do-not-move', 'ok']);
    const apis = (region: string) => way.rows.flatMap((row) => (row.region === region && row.api !== undefined && row.says === 'up' ? [row.api] : []));
    expect(apis(SEOUL)).toEqual(['autoscaling', 'ec2', 'elbv2', 'rds', 'sts']);
    expect(apis(TOKYO)).toEqual(['autoscaling', 'cloudwatch', 'ec2', 'elbv2', 'rds', 'sts']);
    const targets = way.rows.filter((row) => row.signal === 'targets of compute.api').map(({ region, says, because }) => [region, says, because]);
    expect(targets).toEqual([[SEOUL, 'up', '6 of 6 healthy'], [TOKYO, 'up', '2 of 2 healthy']]);
  });

  it('the region is lost: move, with the command', async () => {
    const sim = await worldOf('shop');
    sim.world.breakRegion(SEOUL);
    await sleep(sim, 240_000);
    const result = await assessIn(sim, { impactAt: sim.clock.now() - 240_000 });
    const way = onlyWay(result);
    expect([way.scope, way.recommendation, exitOf(result)]).toEqual(['region', 'move', 'changes']);
    expect(way.failover).toEqual({
      command: `dr failover --region ${TOKYO} --runbook shop --impact-at 2026-11-20T10:10:00.000Z --approved-by incident-commander@example.com`,
      refusedBy: [],
      approvals: ['1 of incident-commander@example.com, shop-lead@example.com'],
    });
    const { rto, used, failover, latestStart } = way.cost;
    expect([rto, used]).toEqual([900, 250]);
    expect(Date.parse(latestStart ?? '')).toBe(Date.parse('2026-11-20T10:10:00.000Z') + 900_000 - (failover?.p50 ?? 0) * 1000);
    expect(way.cost.losses).toEqual([{ database: 'orders', boundMs: 61_000, rpoMs: 300_000, because: expect.any(String) as string }]);
    const text = assessText(result, plain, undefined);
    for (const part of ['MOVE. In trouble: the region.', way.failover?.command ?? '?', 'A failover would lose of orders: at most 1m 1s of writes; RPO 5m', 'RTO 15m, 4m 10s of it used']) expect(text).toContain(part);
  });

  it('the alarms of the runbook are one observer more, in a region of their own', async () => {
    const decide = '\ndecide:\n  alarms:\n    - { region: us-east-1, name: shop-canary }\n    - { region: us-east-1, name: shop-errors }\n';
    const sim = await worldOf('shop', (text) => `${text}${decide}`);
    sim.world.state.alarms.add({ region: 'us-east-1', name: 'shop-canary' });
    const alarms = (way: AssessedWay) => way.rows.flatMap(({ signal, observer, says, because }) => (signal.startsWith('alarm ') ? [[signal, observer, says, because]] : []));
    const calm = onlyWay(await assessIn(sim));
    expect(alarms(calm)).toEqual([
      ['alarm shop-canary', 'CloudWatch in us-east-1', 'up', expect.stringMatching(/^OK for /)],
      ['alarm shop-errors', 'CloudWatch in us-east-1', 'unknown', 'there is no such alarm in us-east-1'],
    ]);
    expect([calm.scope, calm.users]).toEqual(['nothing', 'up']);
    sim.world.breakRegion(SEOUL);
    await sleep(sim, 240_000);
    sim.world.state.alarms.add({ region: 'us-east-1', name: 'shop-canary', state: 'ALARM', reason: '3 of 3 runs failed' });
    await sleep(sim, 60_000);
    const lost = await assessIn(sim);
    expect(alarms(onlyWay(lost))[0]?.slice(2)).toEqual(['down', expect.stringMatching(/^ALARM for \S.*: 3 of 3 runs failed$/)]);
    expect(onlyWay(lost).reasons).toContain('the alarm shop-canary in us-east-1 says so, too');
    expect(exitOf(lost)).toBe('changes');
    // Users are served, and the alarm has not gone back yet: nobody moves on that alone.
    sim.world.healRegion(SEOUL);
    await sleep(sim, 600_000);
    const back = await assessIn(sim);
    expect([onlyWay(back).recommendation, onlyWay(back).reasons[0]]).toEqual(['unknown', expect.stringMatching(/^users are served as far as it was asked, and the alarm shop-canary in us-east-1 is ALARM/)]);
  });

  it('a region of alarms that gives no answer tells nothing, and holds up nothing', async () => {
    const sim = await worldOf('shop', (text) => `${text}\ndecide: { alarms: [{ region: us-west-2, name: shop-canary }] }\n`);
    const way = onlyWay(await assessIn(sim));
    expect([way.scope, said(way, 'alarm shop-canary')]).toEqual(['nothing', 'unknown']);
  });

  it('only the application is dead: stay, the trouble would follow', async () => {
    const sim = await worldOf('shop');
    stopApplications(sim, SEOUL);
    await sleep(sim, 240_000);
    const result = await assessIn(sim);
    const way = onlyWay(result);
    expect([way.scope, way.recommendation, exitOf(result)]).toEqual(['application', 'do-not-move', 'ok']);
  });

  it('only the database is dead: move', async () => {
    const sim = await worldOf('shop');
    sim.world.setDbStatus(WRITER, 'failed');
    await sleep(sim, 240_000);
    const result = await assessIn(sim);
    const way = onlyWay(result);
    expect([way.scope, way.recommendation, exitOf(result)]).toEqual(['service', 'move', 'changes']);
    // The impact is not known: loss counts up to now, and nobody but a person has seen the source down.
    expect(way.failover?.command).toContain('--accept-data-loss 510s --attest-source-down NAME --reason "…"');
    expect(way.failover?.command.match(/--reason/g)).toHaveLength(1);
  });

  it('the API of RDS is in trouble, and users are served: stay', async () => {
    const sim = await worldOf('shop');
    sim.world.addFault({ region: SEOUL, service: 'rds', effect: { kind: 'hang' } });
    await sleep(sim, 60_000);
    const result = await assessIn(sim);
    const way = onlyWay(result);
    expect([way.scope, way.recommendation, exitOf(result)]).toEqual(['service', 'do-not-move', 'ok']);
  });

  it('the network of this machine is cut: unknown', async () => {
    const sim = await worldOf('shop');
    sim.world.addFault({ effect: { kind: 'hang' } });
    const cut = { ...sim.effects, http: { request: () => sim.clock.sleep(1_000).then(() => ({ status: 0, body: '', address: undefined, ms: 1_000, error: 'getaddrinfo EAI_AGAIN' })) } };
    const result = await assessIn(sim, { effects: cut });
    const way = onlyWay(result);
    expect([way.scope, way.recommendation, exitOf(result)]).toEqual(['observer', 'unknown', 'unclear']);
    expect(way.rows.find(({ signal }) => signal === 'users, asked of the standby')?.because).toMatch(/^where it answers is not known: route53/);
  });

  it('both sides are bad: unknown, and it says so', async () => {
    const sim = await worldOf('shop');
    sim.world.breakRegion(SEOUL);
    sim.world.addFault({ region: TOKYO, service: 'rds', effect: { kind: 'hang' } });
    await sleep(sim, 240_000);
    const result = await assessIn(sim);
    const way = onlyWay(result);
    expect([way.recommendation, exitOf(result)]).toEqual(['unknown', 'unclear']);
    expect(said(way, `API of rds in ${TOKYO}`)).toBe('down');
  });

  it.each(['archive', 'billing'])('only the application of %s is dead: stay', async (example) => {
    const sim = await worldOf(example);
    stopApplications(sim, SEOUL);
    await sleep(sim, 240_000);
    expect(onlyWay(await assessIn(sim)).scope).toBe('application');
  });

  it('of instances that are registered one by one it shows the targets', async () => {
    const way = onlyWay(await assessIn(await worldOf('billing')));
    const targets = way.rows.filter((row) => row.signal === 'targets of compute.batch').map(({ region, says }) => [region, says]);
    expect(targets).toEqual([[SEOUL, 'up'], [TOKYO, 'unknown']]);
  });

  it.each(['archive', 'billing', 'active-active'])('the region of %s is lost: move', async (example) => {
    const sim = await worldOf(example);
    sim.world.breakRegion(SEOUL);
    await sleep(sim, 1_200_000);
    const { ways } = await assessIn(sim, { region: TOKYO, impactAt: sim.clock.now() - 1_200_000 });
    expect(ways.map(({ scope, recommendation }) => [scope, recommendation])).toEqual([['region', 'move']]);
  });

  it('before the time that the runbook has agreed on it waits, and says until when', async () => {
    const sim = await worldOf('shop', (text) => text.replace('\nregions:', '\ndecide: { after: 10m }\nregions:'));
    sim.world.breakRegion(SEOUL);
    const impactAt = sim.clock.now();
    await sleep(sim, 240_000);
    const early = onlyWay(await assessIn(sim, { impactAt }));
    expect([early.scope, early.recommendation]).toEqual(['region', 'do-not-move']);
    expect(early.cost.decide).toEqual({ after: 600, at: new Date(impactAt + 600_000).toISOString() });
    expect(early.look).toEqual([`moving would help: run it again at ${new Date(impactAt + 600_000).toISOString()}, and move where it still says so`]);
    // Since when is not known: nor is that time, and what helps is said.
    expect(onlyWay(await assessIn(sim)).recommendation).toBe('move');
    await sleep(sim, 360_000);
    expect(onlyWay(await assessIn(sim, { impactAt })).recommendation).toBe('move');
  });

  it('both regions fail alike: stay', async () => {
    const sim = await worldOf('active-active');
    stopApplications(sim, SEOUL);
    stopApplications(sim, TOKYO);
    await sleep(sim, 240_000);
    const result = await assessIn(sim, { region: TOKYO });
    expect(result.ways.map(({ scope, recommendation }) => [scope, recommendation])).toContainEqual(['application', 'do-not-move']);
    expect(result.ways.flatMap(({ reasons }) => reasons)).toContain(`${TOKYO} does not answer users either: both regions fail alike`);
  });

  it('the application and the API of EC2: not the application alone', async () => {
    const sim = await worldOf('shop');
    stopApplications(sim, SEOUL);
    sim.world.addFault({ region: SEOUL, service: 'ec2', effect: { kind: 'error', httpStatus: 503, code: 'Unavailable', message: 'x' } });
    sim.world.addFault({ region: SEOUL, service: 'autoscaling', effect: { kind: 'hang' } });
    await sleep(sim, 240_000);
    const way = onlyWay(await assessIn(sim));
    expect(way.scope).not.toBe('application');
    expect(way.recommendation).not.toBe('do-not-move');
  });

  it('targets that fail their health checks everywhere are no zone', async () => {
    const sim = await worldOf('shop');
    for (const { name } of [...sim.world.state.groups.table(SEOUL).values()]) sim.world.setGroupTrouble(SEOUL, name, { targets: 'Target.Timeout' });
    const way = onlyWay(await assessIn(sim));
    expect(way.scope).not.toBe('zone');
    const row = way.rows.find(({ signal, region }) => signal === 'targets of compute.api' && region === SEOUL);
    expect([row?.says, row?.because]).toEqual(['down', expect.stringMatching(/^0 of 6 healthy: i-\w+ is unhealthy: Target.Timeout/) as string]);
  });

  it('a zone: its targets alone are not healthy', async () => {
    const sim = await worldOf('shop');
    const table = sim.world.state.groups.table(SEOUL);
    for (const group of [...table.values()]) {
      const instances = group.instances.map((one) => (one.zone === `${SEOUL}b` ? { ...one, launchedAt: sim.clock.now(), warmUpMs: 3_600_000 } : one));
      table.set(group.name, { ...group, instances }, sim.clock.now());
    }
    const result = await assessIn(sim);
    const way = onlyWay(result);
    expect([way.scope, way.what, way.recommendation, exitOf(result)]).toEqual(['zone', `${SEOUL}b`, 'do-not-move', 'ok']);
    expect(way.look[0]).toContain('aws arc-zonal-shift start-zonal-shift');
  });
});

describe('what it is', () => {
  it.each(['shop', 'archive', 'billing', 'active-active'])('%s, healthy: nothing is wrong, and every call is allowed by `dr iam --verb check`', async (example) => {
    const sim = await worldOf(example);
    const { aws, needs } = recording(sim.effects.aws, '000000000000');
    const result = await assessIn(sim, { effects: { ...sim.effects, aws } });
    expect(result.ways.map(({ scope }) => scope)).toEqual(result.ways.map(() => 'nothing'));
    expect(result.ways.length).toBeGreaterThan(0);
    const policies = (await iamPolicies({ paths: [exampleOf(example)], verb: 'check', account: '000000000000' })).flatMap(({ policies: parts }) => parts.map(({ document }) => document));
    expect(needs.filter((need) => !allows(policies, need))).toEqual([]);
  });

  it('the region that is active already is named', async () => {
    const sim = await worldOf('shop');
    await expect(assessIn(sim, { region: SEOUL })).rejects.toMatchObject({ code: 'ALREADY_ACTIVE' });
  });
});
