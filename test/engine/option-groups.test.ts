import { readFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Direction } from '../../src/app/observe.ts';
import type { OptionGroupSeed } from '../../src/simulator/seeds.ts';
import { change } from '../app/check/world.ts';
import { DRILL } from './drills.ts';
import { planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';

/* An option group is of one region, engine, major version and maybe VPC. A run that sends one has asked for it before anything was changed. */

const HOME = { region: SEOUL, id: 'shop-orders' };
const AWAY = { region: TOKYO, id: 'shop-orders-tokyo' };

async function run(sim: Simulation, direction: Direction) {
  const { outcome, state, records } = await runPlan(sim, await planOf(sim, direction));
  return {
    outcome,
    refused: [...state.steps.values()].flatMap(({ refusal }) => (refusal === undefined ? [] : [[refusal.rule, refusal.observed]])),
    failed: [...state.steps.values()].flatMap(({ error }) => (error === undefined ? [] : [error])),
    mutations: records.filter(({ type }) => type === 'step.intent').length,
  };
}

describe('a reprotect, whose old instance has an option group of its own', () => {
  async function protectable(): Promise<Simulation> {
    const sim = await simulation();
    sim.world.state.dbOptionGroups.add({ region: SEOUL, name: 'audit' });
    change(sim, HOME, { settings: { optionGroup: 'audit' } });
    expect(await run(sim, { verb: 'switchover', region: TOKYO })).toMatchObject({ outcome: 'succeeded' });
    return sim;
  }

  it('gives it to the new replica', async () => {
    const sim = await protectable();
    expect(await run(sim, { verb: 'reprotect' })).toMatchObject({ outcome: 'succeeded', refused: [], failed: [] });
    expect(sim.world.state.databases.row(HOME)?.settings.optionGroup).toBe('audit');
  });

  it('is refused before the old instance is touched, where the writer was upgraded since', async () => {
    const sim = await protectable();
    change(sim, AWAY, { settings: { engineVersion: '18.1' } });
    expect(await run(sim, { verb: 'reprotect' })).toEqual({ outcome: 'refused', refused: [['standby-settings', 'the option group audit is for postgres 17, and the data is of version 18.1']], failed: [], mutations: 0 });
    expect(sim.world.state.databases.row(HOME)?.ref).toEqual(HOME);
  });

  it('and so for its parameter group', async () => {
    const sim = await simulation();
    sim.world.addDbParameterGroup({ region: SEOUL, name: 'tuned', family: 'postgres17' });
    change(sim, HOME, { parameterGroup: 'tuned' });
    expect(await run(sim, { verb: 'switchover', region: TOKYO })).toMatchObject({ outcome: 'succeeded' });
    change(sim, AWAY, { settings: { engineVersion: '18.1' } });
    expect(await run(sim, { verb: 'reprotect' })).toEqual({ outcome: 'refused', refused: [['standby-settings', 'the parameter group tuned is for postgres17, and the data is of postgres 18.1']], failed: [], mutations: 0 });
  });

  it('is refused where it is for another VPC', async () => {
    const sim = await protectable();
    sim.world.state.dbOptionGroups.add({ region: SEOUL, name: 'audit', vpc: 'vpc-9' });
    expect(await run(sim, { verb: 'reprotect' })).toMatchObject({ outcome: 'refused', refused: [['standby-settings', expect.stringContaining('the option group audit is for vpc-9, and the subnet group ') as string]], mutations: 0 });
  });
});

describe('a restore that names an option group', () => {
  async function archive(): Promise<Simulation> {
    const text = await readFile(fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url)), 'utf8');
    const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'archive.yaml');
    await writeFile(path, text.replaceAll('parameterGroup: archive-pg17\n', 'parameterGroup: archive-pg17\n        optionGroup: archive-audit\n'));
    return simulation({ path });
  }
  const FAILOVER: Direction = { verb: 'failover', region: TOKYO };

  it('has it', async () => {
    const sim = await archive();
    sim.world.breakRegion(SEOUL);
    expect(await run(sim, FAILOVER)).toMatchObject({ outcome: 'succeeded' });
    expect(sim.world.state.databases.row({ region: TOKYO, id: 'archive-documents-tokyo' })?.settings.optionGroup).toBe('archive-audit');
  });

  it.each<[string, OptionGroupSeed, string]>([
    ['major version', { region: TOKYO, name: 'archive-audit', majorVersion: '16' }, 'the option group archive-audit is for postgres 16, and the data is of version 17.5'],
    ['version that only begins alike', { region: TOKYO, name: 'archive-audit', majorVersion: '1' }, 'the option group archive-audit is for postgres 1, and the data is of version 17.5'],
    ['engine', { region: TOKYO, name: 'archive-audit', engine: 'mysql', majorVersion: '8.4' }, 'the option group archive-audit is for mysql 8.4, and the data is of postgres 17.5'],
    ['VPC', { region: TOKYO, name: 'archive-audit', vpc: 'vpc-9' }, 'the option group archive-audit is for vpc-9, and the subnet group archive is in vpc-00000000000000001'],
  ])('is refused before the first change where that is for another %s, and so is its drill', async (_what, group, observed) => {
    const sim = await archive();
    sim.world.state.dbOptionGroups.add(group);
    const refused = { outcome: 'refused', refused: [['restore-settings', observed]], failed: [], mutations: 0 };
    expect(await run(sim, DRILL)).toEqual(refused);
    sim.world.breakRegion(SEOUL);
    expect(await run(sim, FAILOVER)).toEqual(refused);
  });

  it('is refused where it is not there', async () => {
    const sim = await archive();
    sim.world.addFault({ service: 'rds', region: TOKYO, operation: 'DescribeOptionGroups', effect: { kind: 'error', httpStatus: 404, code: 'OptionGroupNotFoundFault' } });
    sim.world.breakRegion(SEOUL);
    expect(await run(sim, FAILOVER)).toEqual({ outcome: 'refused', refused: [['restore-settings', `${TOKYO} does not have the option group archive-audit`]], failed: [], mutations: 0 });
  });
});
