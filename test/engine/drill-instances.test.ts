import { describe, expect, it } from 'vitest';
import { findInstances } from '../../src/aws/ec2.ts';
import { leftBehind } from '../../src/journal/state.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { MUTATIONS } from '../../src/aws/operations.ts';
import { worldOf } from '../refusals/said.ts';
import { DRILL, isDryRun, keepBackups, namesChanged, twinsIn } from './drills.ts';
import { APPROVED, planOf, runPlan, type Simulation, TOKYO } from './simulated.ts';
import { endState } from './sweep.ts';

/* Drills of instances that no group launches: from an image, and of those that wait stopped. */


interface Asked {
  operation: string;
  names: readonly string[];
  input: Record<string, unknown>;
}

/** What was asked of EC2 that changes something, dry runs too. */
function watched(sim: Simulation): { sim: Simulation; asked: Asked[] } {
  const asked: Asked[] = [];
  const { aws } = sim.effects;
  const call: typeof aws.call = (request) => {
    if (request.service === 'ec2' && MUTATIONS.has(`ec2.${request.operation}`)) asked.push({ operation: request.operation, names: namesChanged(sim.world, request), input: request.input as Record<string, unknown> });
    return aws.call(request);
  };
  return { sim: { ...sim, effects: { ...sim.effects, aws: { call } } }, asked };
}

async function drillOf(sim: Simulation, onRecord: (record: JournalRecord) => void = () => undefined) {
  await keepBackups(sim);
  const { sim: seen, asked } = watched(sim);
  const before = await endState(sim);
  const plan = await planOf(seen, DRILL);
  const { state, outcome } = await runPlan(seen, plan, { onRecord });
  const same = JSON.stringify(await endState(sim)) === JSON.stringify(before);
  return { state, outcome, asked, same, left: twinsIn(sim), plan };
}

const real = (asked: readonly Asked[]) => asked.filter(({ input }) => !isDryRun(input));
const tagsOf = ({ input }: Asked) => Object.fromEntries((input.TagSpecifications as { Tags: { Key: string; Value: string }[] }[]).flatMap(({ Tags }) => Tags.map(({ Key, Value }) => [Key, Value])));

describe('the drill of an image', () => {
  it('launches one instance of the template and image that the gate chose, in no target group, and terminates it', async () => {
    const { asked, outcome, same, left, plan, state } = await drillOf(await worldOf('archive'));
    expect([outcome, same, left]).toEqual(['succeeded', true, []]);
    const [launch, end, ...more] = real(asked);
    expect([launch?.operation, end?.operation, more]).toEqual(['RunInstances', 'TerminateInstances', []]);
    const name = `dr-drill-${plan.drill?.mark ?? ''}-api`;
    expect(launch?.input).toMatchObject({ MinCount: 1, MaxCount: 1, DisableApiTermination: false, LaunchTemplate: { LaunchTemplateName: 'archive-api', Version: '1' } });
    expect(launch === undefined ? {} : tagsOf(launch)).toMatchObject({ Name: name, 'dr:drill': state.run, 'dr:runbook': 'archive' });
    expect(end?.names[0]).toMatch(new RegExp(`^${name} i-`));
  });

  it('launches as many as a failover, or none and only asks, where the runbook says so', async () => {
    const full = await drillOf(await worldOf('archive', '    count: 2\n', '    count: 2\n    drill: { capacity: full }\n'));
    expect([full.outcome, full.same, full.left, real(full.asked)[0]?.input.MaxCount]).toEqual(['succeeded', true, [], 2]);
    const none = await drillOf(await worldOf('archive', '    count: 2\n', '    count: 2\n    drill: { capacity: none }\n'));
    expect([none.outcome, none.same, real(none.asked)]).toEqual(['succeeded', true, []]);
    expect(none.asked.at(-1)).toMatchObject({ operation: 'RunInstances', input: { DryRun: true, MaxCount: 2, LaunchTemplate: { LaunchTemplateName: 'archive-api', Version: '1' } } });
    expect(none.state.steps.get('compute.api.dryRun')?.because).toContain('these credentials may launch 2 instances of api; nothing was done');
  });

  it('also from a template whose instances nobody may terminate', async () => {
    const sim = await worldOf('archive');
    const { instances } = sim.world.state;
    const seed = instances.template(TOKYO, 'archive-api');
    if (seed === undefined) throw new Error('no template');
    instances.removeTemplate(TOKYO, seed.id);
    sim.world.addLaunchTemplate({ ...seed, data: { DisableApiTermination: true } });
    const { outcome, left } = await drillOf(sim);
    expect([outcome, left]).toEqual(['succeeded', []]);
  });

  it('says what a failover would find where the region has no capacity, and leaves nothing', async () => {
    const sim = await worldOf('archive');
    for (const type of ['m6g.large', 'm7g.large', 'm6g.xlarge']) for (const zone of ['a', 'c', 'd']) sim.world.state.instances.setCapacity({ region: TOKYO, zone: `${TOKYO}${zone}`, type }, 0);
    const { outcome, left, same, state } = await drillOf(sim);
    expect([outcome, left, same]).toEqual(['failed', [], true]);
    expect(state.steps.get('compute.api.twinInstances')?.error?.message).toContain('ap-northeast-1 has no capacity for api: no instance of the template’s type in subnet-');
  });

  it('whose answer was lost is launched once, and terminated', async () => {
    const sim = await worldOf('archive');
    sim.world.addFault({ service: 'ec2', operation: 'RunInstances', effect: { kind: 'answer-lost' }, times: 1 });
    const { outcome, left, same } = await drillOf(sim);
    expect([outcome, left, same]).toEqual(['succeeded', [], true]);
    expect([...sim.world.state.instances.table(TOKYO).values()].filter(({ terminated }) => terminated)).toHaveLength(1);
  });

  it('leaves one that somebody has renamed, and says so', async () => {
    const sim = await worldOf('archive');
    const rename = (record: JournalRecord) => {
      const [twin] = [...sim.world.state.instances.table(TOKYO).values()].filter(({ tags }) => tags['dr:drill'] !== undefined);
      if (record.type === 'step.done' && record.step === 'compute.api.twinInstances' && twin !== undefined) sim.world.state.instances.put({ ...twin, tags: { ...twin.tags, Name: 'mine' } }, sim.world.now());
    };
    const { outcome, state } = await drillOf(sim, rename);
    expect(outcome).toBe('failed');
    expect(leftBehind(state).map(({ id }) => id)).toEqual(['compute.api.twinInstances']);
    expect(state.steps.get('compute.api.twinInstances')?.notUndone?.message).toContain('mine is no name of a twin: it is left as it is');
  });
});

describe('the drill of stopped instances', () => {
  it('launches one beside them, as they were launched, and they stay stopped', async () => {
    const { asked, outcome, same, left, state } = await drillOf(await worldOf('billing'));
    expect([outcome, same, left]).toEqual(['succeeded', true, []]);
    const [launch, end, ...more] = real(asked);
    expect([launch?.operation, end?.operation, more]).toEqual(['RunInstances', 'TerminateInstances', []]);
    expect(launch?.input).toMatchObject({ ImageId: 'ami-00000000000000000', InstanceType: 'm6g.large', SecurityGroupIds: ['sg-0e0000000000000ec'], MaxCount: 1, DisableApiTermination: false });
    expect(launch?.input).not.toHaveProperty('LaunchTemplate');
    expect(state.steps.get('compute.batch.production')?.state).toBe('undone');
  });

  it('launches one for each, or none and only asks, where the runbook says so', async () => {
    const capacity = (word: string) => worldOf('billing', '    kind: ec2-instances\n', `    kind: ec2-instances\n    drill: { capacity: ${word} }\n`);
    const full = await drillOf(await capacity('full'));
    expect([full.outcome, full.same, full.left, real(full.asked).filter(({ operation }) => operation === 'RunInstances')]).toMatchObject(['succeeded', true, [], { length: 2 }]);
    const none = await drillOf(await capacity('none'));
    expect([none.outcome, none.same, real(none.asked)]).toEqual(['succeeded', true, []]);
    expect(none.asked).toContainEqual(expect.objectContaining({ operation: 'StartInstances', input: { InstanceIds: ['i-0b00000000000b001', 'i-0b00000000000b002'], DryRun: true } }));
  });

  it('fails when somebody starts one of them meanwhile', async () => {
    const sim = await worldOf('billing');
    const start = (record: JournalRecord) => {
      if (record.type === 'step.done' && record.step === 'compute.batch.twinInstances') void sim.effects.aws.call({ service: 'ec2', region: TOKYO, operation: 'StartInstances', input: { InstanceIds: ['i-0b00000000000b001'] } });
    };
    const { outcome, state } = await drillOf(sim, start);
    expect(outcome).toBe('failed');
    expect(state.steps.get('compute.batch.production')?.notUndone?.message).toContain('the instances of batch in ap-northeast-1: i-0b00000000000b001 was {"image"');
  });
});

it('a failover does not take a twin that a drill has left for one of its own', async () => {
  const sim = await worldOf('archive', /    targets:\n      port: 8080\n      groups:\n.*\n.*\n/, '');
  await sim.clock.run(async () => {
    const input = { LaunchTemplate: { LaunchTemplateName: 'archive-api' }, ImageId: sim.world.state.instances.imagesIn(TOKYO)[0]?.id, MinCount: 1, MaxCount: 1, TagSpecifications: [{ ResourceType: 'instance' as const, Tags: [{ Key: 'Name', Value: 'dr-drill-00000000-api' }, { Key: 'dr:drill', Value: 'a-drill' }] }] };
    await sim.effects.aws.call({ service: 'ec2', region: TOKYO, operation: 'RunInstances', input });
    await sim.clock.sleep(600_000);
  });
  sim.world.breakRegion('ap-northeast-2');
  await sim.clock.run(() => sim.clock.sleep(60_000));
  const { outcome } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances: APPROVED });
  expect(outcome).toBe('succeeded');
  const running = await sim.clock.run(() => findInstances(sim.effects.aws, TOKYO, { Filters: [{ Name: 'instance-state-name', Values: ['running'] }] }));
  expect(running.map(({ Tags }) => Tags?.some(({ Key }) => Key === 'dr:drill')).sort()).toEqual([false, false, true]);
});
