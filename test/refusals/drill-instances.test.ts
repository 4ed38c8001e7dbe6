import { describe, expect, it } from 'vitest';
import type { LaunchTemplateSeed } from '../../src/simulator/seeds.ts';
import { DRILL, keepBackups } from '../engine/drills.ts';
import { planOf, type Simulation, TOKYO } from '../engine/simulated.ts';
import { saidByRun, saidIn, worldOf } from './said.ts';

const unmarked = (text: string) => text.replaceAll(/dr-drill-[0-9a-f]{8}/g, 'dr-drill-MARK');
const denied = (operation: string) => ({ service: 'ec2' as const, operation, effect: { kind: 'error' as const, httpStatus: 403, code: 'UnauthorizedOperation', message: `You are not authorized to perform this operation. User: dr is not authorized to perform: ec2:${operation}` } });

async function archive(change: (sim: Simulation) => void, from?: string, to?: string): Promise<Simulation> {
  const sim = await worldOf('archive', from, to);
  await keepBackups(sim);
  change(sim);
  return sim;
}

/** The template of Tokyo says that too. */
function template(sim: Simulation, data: NonNullable<LaunchTemplateSeed['data']>): void {
  const { instances } = sim.world.state;
  const seed = instances.template(TOKYO, 'archive-api');
  if (seed === undefined) throw new Error('no template');
  instances.removeTemplate(TOKYO, seed.id);
  sim.world.addLaunchTemplate({ ...seed, data });
}

describe('a drill of instances is refused before anything is launched', () => {
  it('where the twin could not be terminated', async () => {
    const sim = await archive(({ world }) => world.addFault(denied('TerminateInstances')));
    expect(unmarked(await saidByRun(sim, DRILL))).toMatchInlineSnapshot(`
      "compute.api.twinInstances
      rule         drill-rights
      observed     ec2.TerminateInstances in ap-northeast-1: UnauthorizedOperation: You are not authorized to perform this operation. User: dr is not authorized to perform: ec2:TerminateInstances (just now)
      threshold    the right to delete what a drill makes
      consequence  dr-drill-MARK-api would be made, and stay
      override     none: allow ec2:TerminateInstances on instance/i-00000000000000000, and on instances whose tag Name is dr-drill-*; dr plan --verb drill --iam shows the whole policy"
    `);
  });

  it('where somebody has the name', async () => {
    const sim = await archive(() => undefined);
    const plan = await planOf(sim, DRILL);
    const twin = `dr-drill-${plan.drill?.mark ?? ''}-api`;
    sim.world.addEc2Instance({ region: TOKYO, id: 'i-0feedfeed', tags: { Name: twin } });
    expect(unmarked(await saidIn(sim, 'compute.api.twinInstances', { to: DRILL, params: { twin } }))).toMatchInlineSnapshot(`
      "rule         twin-name
      observed     i-0feedfeed in ap-northeast-1 has the name dr-drill-MARK-api already: dr-drill-MARK-api carries no tag dr:drill (just now)
      threshold    a name that only this drill uses
      consequence  what somebody else has made would be taken for a twin
      override     none: dr drill clean    deletes what an earlier drill has left; then start again"
    `);
  });

  it('where the template keeps a volume, or takes what only one instance can have', async () => {
    const volume = await archive((sim) => template(sim, { BlockDeviceMappings: [{ DeviceName: '/dev/xvdb', Ebs: { VolumeSize: 100 } }] }));
    expect(unmarked(await saidIn(volume, 'compute.api.twinInstances', { to: DRILL }))).toMatchInlineSnapshot(`
      "rule         twin-leaves
      observed     the volume /dev/xvdb of archive-api stays when its instance is terminated, or nothing says that it goes (just now)
      threshold    volumes that go with the twin
      consequence  the drill could launch no twin of api and leave nothing
      override     none: \`drill: { capacity: none }\` in the runbook launches nothing, and asks AWS whether it might"
    `);
    const said = async (data: Parameters<typeof template>[1]) => (await saidIn(await archive((sim) => template(sim, data)), 'compute.api.twinInstances', { to: DRILL })).split('\n')[1];
    expect(await said({ BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } }] })).toContain('the volume /dev/xvda of archive-api stays');
    expect(await said({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: 'eni-0123' }] })).toContain('which only one instance can have');
    expect(await said({ NetworkInterfaces: [{ DeviceIndex: 0, PrivateIpAddress: '10.0.0.7' }] })).toContain('which only one instance can have');
    expect(await said({ NetworkInterfaces: [{ DeviceIndex: 0, DeleteOnTermination: false }] })).toContain('a network interface that stays');
    // All of that goes with its instance.
    const goes = await archive((sim) => template(sim, { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: {} }, { DeviceName: '/dev/xvdb', Ebs: { DeleteOnTermination: true } }, { DeviceName: '/dev/xvdc', NoDevice: '' }], NetworkInterfaces: [{ DeviceIndex: 0, DeleteOnTermination: true }] }));
    await expect(saidIn(goes, 'compute.api.twinInstances', { to: DRILL })).rejects.toThrow('not refused');
  });

  it('where the image of a stopped one is gone', async () => {
    const sim = await worldOf('billing');
    await keepBackups(sim);
    sim.world.state.instances.removeImage(TOKYO, 'ami-00000000000000000');
    expect(unmarked(await saidByRun(sim, DRILL))).toMatchInlineSnapshot(`
      "compute.batch.twinInstances
      rule         twin-source
      observed     the image ami-00000000000000000 of i-0b00000000000b001 is not there any more (just now)
      threshold    an image from which an instance can be launched
      consequence  the drill could launch no twin of batch and leave nothing
      override     none: \`drill: { capacity: none }\` in the runbook launches nothing, and asks AWS whether it might"
    `);
  });
});

describe('a drill that only asks is refused where AWS would not let it', () => {
  it('launch', async () => {
    const sim = await archive(({ world }) => world.addFault(denied('RunInstances')), '    count: 2\n', '    count: 2\n    drill: { capacity: none }\n');
    expect(await saidByRun(sim, DRILL)).toMatchInlineSnapshot(`
      "compute.api.dryRun
      rule         dry-run
      observed     ec2.RunInstances in ap-northeast-1: UnauthorizedOperation: You are not authorized to perform this operation. User: dr is not authorized to perform: ec2:RunInstances (just now)
      threshold    the right to launch 2 instances of api
      consequence  a failover with these credentials could bring up no capacity
      override     none: dr plan --verb failover --iam shows the policy"
    `);
  });

  it('start', async () => {
    const sim = await worldOf('billing', '    kind: ec2-instances\n', '    kind: ec2-instances\n    drill: { capacity: none }\n');
    await keepBackups(sim);
    sim.world.addFault(denied('StartInstances'));
    expect(await saidByRun(sim, DRILL)).toMatchInlineSnapshot(`
      "compute.batch.dryRun
      rule         dry-run
      observed     ec2.StartInstances in ap-northeast-1: UnauthorizedOperation: You are not authorized to perform this operation. User: dr is not authorized to perform: ec2:StartInstances (just now)
      threshold    the right to start 2 instances of batch
      consequence  a failover with these credentials could bring up no capacity
      override     none: dr plan --verb failover --iam shows the policy"
    `);
  });
});
