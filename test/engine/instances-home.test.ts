import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';
import type { Direction } from '../../src/app/observe.ts';

const ARCHIVE = fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url));
const ZONES = ['a', 'c', 'd'].map((letter) => `${TOKYO}${letter}`);

/** The archive, with other settings of its compute. */
async function archive(settings = '', drop: RegExp = /^$/): Promise<Simulation> {
  const text = (await readFile(ARCHIVE, 'utf8')).replace(drop, '').replace('    kind: ec2-image\n', `    kind: ec2-image\n${settings}`);
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'archive.yaml');
  await writeFile(path, text);
  return simulation({ path });
}

async function done(sim: Simulation, direction: Direction) {
  const run = await runPlan(sim, await planOf(sim, direction));
  expect([...run.state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.state, s.because, s.refusal, s.error])).toEqual([]);
  await sim.clock.run(() => sim.clock.sleep(60_000));
  return run;
}

async function there(sim: Simulation) {
  await done(sim, { verb: 'switchover', region: TOKYO });
  await done(sim, { verb: 'reprotect' });
}

async function andBack(sim: Simulation) {
  await done(sim, { verb: 'switchover', region: SEOUL });
  await done(sim, { verb: 'reprotect' });
}

function instances(sim: Simulation, region: string, state = 'running') {
  return sim.world.snapshot().instances.filter((i) => i.region === region && i.state === state).map((i) => i.id).sort();
}

const ORIGINALS = ['i-000000000', 'i-000000001'];

describe('instances of a launch template, out and home again', () => {
  it.each([
    ['known by their target group', '', /^$/],
    ['known by the tag that the runbook names', '    existing: { key: role, value: archive-api }\n', /^$/],
    ['known by their launch template where there is no target group', '', / {4}# A load balancer without[^]*?(?=\n\ntraffic:)/],
  ])('%s: the same ones run at home, however often it is left', async (_, settings, drop) => {
    const sim = await archive(settings, drop);
    expect(instances(sim, SEOUL)).toEqual(ORIGINALS);
    await there(sim);
    const launched = instances(sim, TOKYO);
    expect(launched).toHaveLength(2);
    await andBack(sim);
    expect([instances(sim, SEOUL), instances(sim, TOKYO)]).toEqual([ORIGINALS, []]);
    expect(instances(sim, TOKYO, 'stopped')).toEqual(launched);
    // What was launched before is of the image that would be launched now.
    await there(sim);
    expect(instances(sim, TOKYO)).toEqual(launched);
    await andBack(sim);
    expect(sim.world.snapshot().instances).toHaveLength(4);
  });

  it('launches the newer image beside those that wait with the older one', async () => {
    const sim = await archive();
    await there(sim);
    const older = instances(sim, TOKYO);
    await andBack(sim);
    sim.world.addImage({ region: TOKYO, id: 'ami-0fffffffffffffff0', name: 'archive-api-2', ageMs: 0 });
    await there(sim);
    expect(instances(sim, TOKYO).filter((id) => older.includes(id))).toEqual([]);
    expect(instances(sim, TOKYO)).toHaveLength(2);
    expect(instances(sim, TOKYO, 'stopped')).toEqual(older);
  });

  it('says of an instance that runs another image that it counts', async () => {
    const sim = await archive();
    await there(sim);
    sim.world.addImage({ region: SEOUL, id: 'ami-0fffffffffffffff0', name: 'archive-api-2', ageMs: 0 });
    const { state } = await done(sim, { verb: 'switchover', region: SEOUL });
    const [warning] = state.steps.get('compute.api.imageGate')?.warnings ?? [];
    expect(warning).toMatch(/^i-000000000 runs ami-\w+, not ami-0fffffffffffffff0: it counts, and is not replaced$/);
  });

  it('leaves alone what is of the same template, and serves no user', async () => {
    const sim = await archive();
    const [original] = [...sim.world.state.instances.all()];
    sim.world.addEc2Instance({ region: TOKYO, id: 'i-0aaaaaaaa', tags: original?.tags ?? {} });
    await there(sim);
    expect(instances(sim, TOKYO)).toHaveLength(3);
    await andBack(sim);
    expect(instances(sim, TOKYO)).toEqual(['i-0aaaaaaaa']);
  });

  it('launches where those that wait cannot be started: they hold no capacity', async () => {
    const sim = await archive();
    await there(sim);
    const before = instances(sim, TOKYO);
    await andBack(sim);
    for (const zone of ZONES) sim.world.state.instances.setCapacity({ region: TOKYO, zone, type: 'm6g.large' }, 0);
    await done(sim, { verb: 'switchover', region: TOKYO });
    expect(instances(sim, TOKYO)).toHaveLength(2);
    expect(instances(sim, TOKYO).filter((id) => before.includes(id))).toEqual([]);
  });
});
