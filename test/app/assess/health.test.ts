import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Assessment, assessLoaded } from '../../../src/app/assess/assess.ts';
import { healthLooks, healthSeen } from '../../../src/app/assess/health.ts';
import { iamPolicies } from '../../../src/app/iam.ts';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import { wildcardsOf } from '../../../src/plan/wildcards.ts';
import { SEOUL, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { withHealth } from '../check/examples.ts';
import { sleep, worldOf } from '../check/world.ts';
import { allows, recording } from '../iam-needs.ts';

const WAY = { source: SEOUL, target: TOKYO };
const NOTHING = 'no open issue is published; AWS publishes late, so that does not say that there is none';

async function assessIn(sim: Simulation, aws: AwsCaller = sim.effects.aws): Promise<Assessment> {
  const state = { folder: await mkdtemp(join(tmpdir(), 'dr-health-')) };
  return sim.clock.run(() => assessLoaded(sim.loaded, { runbooks: '.', state, effects: { ...sim.effects, aws } }));
}

const healthRows = ({ ways }: Assessment) => ways.flatMap(({ rows }) => rows.filter(({ observer }) => observer === 'AWS Health').map(({ signal, region, says, because }) => [signal, region, says, because]));

function seen(sim: Simulation, aws: AwsCaller = sim.effects.aws) {
  return sim.clock.run(() => healthSeen({ effects: { ...sim.effects, aws }, signal: new AbortController().signal }, WAY));
}

/** What asks, and where. */
function counted({ effects }: Simulation, asked: string[]): AwsCaller {
  return { call: (request) => (asked.push(request.region), effects.aws.call(request)) };
}

describe('AWS Health beside what is seen', () => {
  it('is not asked unless the runbook says so', async () => {
    const sim = await worldOf('shop');
    const { aws, needs } = recording(sim.effects.aws, '000000000000');
    expect(healthRows(await assessIn(sim, aws))).toEqual([]);
    expect(needs.filter(({ action }) => action.startsWith('health:'))).toEqual([]);
    expect(healthLooks(sim.loaded)).toEqual([]);
  });

  it('nothing is published: that says nothing, and no API row counts it; every call is allowed by `dr iam --verb check`', async () => {
    const sim = await worldOf('shop', withHealth);
    const { aws, needs } = recording(sim.effects.aws, '000000000000');
    const result = await assessIn(sim, aws);
    expect(healthRows(result)).toEqual([['AWS Health', SEOUL, 'unknown', NOTHING]]);
    expect(result.ways.flatMap(({ rows }) => rows.filter(({ api }) => api === 'health'))).toEqual([]);
    const policies = (await iamPolicies({ paths: [sim.loaded.path], verb: 'check', account: '000000000000' })).flatMap(({ policies: parts }) => parts.map(({ document }) => document));
    const asked = needs.filter(({ action }) => action === 'health:DescribeEvents');
    expect(asked).toHaveLength(1);
    expect(asked.filter((need) => !allows(policies, need))).toEqual([]);
    expect(policies.flatMap(wildcardsOf).filter(({ why }) => why === undefined)).toEqual([]);
    // Nor anywhere else.
    expect(allows(policies, { ...asked[0], context: { 'aws:RequestedRegion': TOKYO } } as (typeof asked)[number])).toBe(false);
  });

  it('an issue while all is well changes nothing; with the region lost it is a reason', async () => {
    const sim = await worldOf('shop', withHealth);
    sim.world.state.healthEvents.add({ region: SEOUL, service: 'RDS', zone: `${SEOUL}a` });
    await sleep(sim, 120_000);
    const [calm] = (await assessIn(sim)).ways;
    expect([calm?.scope, calm?.recommendation, calm?.reasons]).toEqual(['nothing', 'do-not-move', ['users are served, and nothing that was seen is in trouble']]);
    sim.world.breakRegion(SEOUL);
    await sleep(sim, 240_000);
    const result = await assessIn(sim);
    const [row] = healthRows(result);
    expect(row).toEqual(['AWS Health: RDS AWS_RDS_OPERATIONAL_ISSUE', SEOUL, 'down', expect.stringMatching(/^open for 6m.*, in ap-northeast-2a$/)]);
    expect([result.ways[0]?.scope, result.ways[0]?.recommendation]).toEqual(['region', 'move']);
    expect(result.ways[0]?.reasons).toContain(`AWS Health: RDS AWS_RDS_OPERATIONAL_ISSUE in ${SEOUL}: ${row?.[3] ?? '?'}`);
  });

  it('open issues of both regions and of global services, five at most, the source first; nothing else', async () => {
    const sim = await worldOf('shop');
    const { world } = sim;
    for (const region of [TOKYO, 'global', 'us-west-2', SEOUL]) world.state.healthEvents.add({ region, service: 'EC2' });
    world.state.healthEvents.add({ region: SEOUL, service: 'S3', status: 'closed' });
    world.state.healthEvents.add({ region: SEOUL, service: 'SNS', status: 'upcoming' });
    world.state.healthEvents.add({ region: SEOUL, service: 'KMS', category: 'scheduledChange' });
    expect((await seen(sim)).map(({ region, says }) => `${region} ${says}`)).toEqual([`${SEOUL} down`, 'global down', `${TOKYO} down`]);
    for (let i = 0; i < 150; i++) world.state.healthEvents.add({ region: TOKYO, service: 'EC2' });
    const many = await seen(sim);
    expect(many.map(({ region }) => region)).toEqual([SEOUL, TOKYO, TOKYO, TOKYO, TOKYO]);
    // 153 on two pages.
    expect(many.map(({ because }) => because.includes('148 more are not shown'))).toEqual([false, false, false, false, true]);
  });
});

describe('AWS Health that does not tell', () => {
  it('an account without a plan: that is said, and nobody else is asked', async () => {
    const sim = await worldOf('shop');
    sim.world.state.healthEvents.plan = false;
    const asked: string[] = [];
    expect(await seen(sim, counted(sim, asked))).toEqual([{ signal: 'AWS Health', region: SEOUL, says: 'unknown', because: 'not answered: the API needs a Business or Enterprise support plan' }]);
    expect(asked).toEqual(['us-east-1']);
  });

  it.each([{ kind: 'hang' }, { kind: 'reset' }, { kind: 'empty' }, { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' }] as const)('us-east-1: $kind; us-east-2 is asked', async (effect) => {
    const sim = await worldOf('shop', withHealth);
    sim.world.state.healthEvents.add({ region: SEOUL, service: 'EC2' });
    sim.world.addFault({ region: 'us-east-1', service: 'health', effect });
    expect(healthRows(await assessIn(sim))).toEqual([['AWS Health: EC2 AWS_EC2_OPERATIONAL_ISSUE', SEOUL, 'down', expect.stringMatching(/^open for /)]]);
  });

  it('neither answers: unknown, and the rest is not held up', async () => {
    const sim = await worldOf('shop', withHealth);
    sim.world.addFault({ service: 'health', effect: { kind: 'hang' } });
    const began = sim.clock.now();
    const result = await assessIn(sim);
    expect(sim.clock.now() - began).toBeLessThan(12_000);
    expect(healthRows(result)).toEqual([['AWS Health', SEOUL, 'unknown', 'no answer from us-east-1 and us-east-2']]);
    expect(result.ways.map(({ scope, recommendation }) => [scope, recommendation])).toEqual([['nothing', 'do-not-move']]);
  });

  it('a right that is missing is said', async () => {
    const sim = await worldOf('shop');
    sim.world.addFault({ service: 'health', effect: { kind: 'error', httpStatus: 400, code: 'AccessDeniedException', message: 'not authorized' } });
    expect(await seen(sim)).toEqual([{ signal: 'AWS Health', region: SEOUL, says: 'unknown', because: expect.stringContaining('AccessDeniedException') as string }]);
  });

  it('a list without an end: after ten pages nothing is made of a part of it', async () => {
    const sim = await worldOf('shop');
    for (let i = 0; i < 1000; i++) sim.world.state.healthEvents.add({ region: SEOUL, service: 'EC2' });
    const asked: string[] = [];
    expect((await seen(sim, counted(sim, asked))).map(({ says }) => says)).toEqual(['down', 'down', 'down', 'down', 'down']);
    expect(asked).toHaveLength(10);
    sim.world.state.healthEvents.add({ region: SEOUL, service: 'EC2' });
    asked.length = 0;
    expect(await seen(sim, counted(sim, asked))).toEqual([{ signal: 'AWS Health', region: SEOUL, says: 'unknown', because: expect.stringContaining('the list has not ended after 10 pages') as string }]);
    expect(asked).toHaveLength(10);
  });

  it.each(['cn-north-1', 'us-gov-west-1', 'eusc-de-east-1'])('%s: not asked, and that is said', async (source) => {
    const sim = await worldOf('shop');
    const asked: string[] = [];
    const rows = await healthSeen({ effects: { ...sim.effects, aws: counted(sim, asked) }, signal: new AbortController().signal }, { source, target: source });
    expect(rows).toEqual([{ signal: 'AWS Health', region: source, says: 'unknown', because: `not asked: outside of the standard regions of AWS dr does not ask it (${source})` }]);
    expect(asked).toEqual([]);
    const there = { ...sim.loaded, runbook: { ...sim.loaded.runbook, home: source, decideHealth: true } };
    expect(healthLooks(there)).toEqual([]);
  });
});
