import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Journey, trouble } from './journey.ts';

/*
 * A drill of each strategy in the lab, with users on it all the time. Production is the same before and after: servers and their roles, groups,
 * instances, records; and of the rows, none of those that users were told is safe is missing.
 */

const TOKYO = 'ap-northeast-1';
const SEOUL = 'ap-northeast-2';

/** What of production can be compared. */
async function production(journey: Journey): Promise<unknown> {
  const { databases, world } = await journey.lab.status();
  return {
    servers: databases.map(({ region, id, state, door }) => `${region}/${id}: ${state}, ${door}`).sort(),
    databases: world.databases.map(({ region, id, role, source, acceptsWrites, securityGroups }) => ({ region, id, role, source, acceptsWrites, securityGroups })),
    groups: world.groups.map(({ region, name, min, max, desired }) => ({ region, name, min, max, desired })),
    instances: world.instances,
    records: await journey.recordSets(),
  };
}

it.each([
  ['warm-standby', 'shop'],
  ['pilot-light', 'billing'],
  ['backup-restore', 'archive'],
  ['active-active', 'active-active'],
])('the drill of %s (%s) is green, and production is as it was', { timeout: 240_000 }, async (strategy, name) => {
  const folder = await mkdtemp(join(tmpdir(), 'dr-drills-'));
  const path = join(folder, `${name}.yaml`);
  const text = await readFile(join(import.meta.dirname, '..', '..', 'runbooks', `${name}.yaml`), 'utf8');
  expect(text).toContain(`strategy: ${strategy}`);
  await writeFile(path, text);
  const journey = await Journey.begin(path);
  try {
    await journey.servedAnywhere(30);
    const before = await production(journey);
    const result = await journey.run({ verb: 'drill', region: TOKYO });
    expect(trouble(result).filter((step) => !JSON.stringify(step).includes('"undone"'))).toEqual([]);
    expect(result.state.outcome).toBe('succeeded');
    expect(result.state.plan.steps.filter(({ changes }) => changes.some(({ field }) => field === 'drill twin')).length).toBeGreaterThan(1);
    expect(result.state.plan.drill?.skipped ?? []).toEqual([]);
    expect(await production(journey)).toEqual(before);
    await journey.servedAnywhere(30);
    const { loss, lastGood } = await journey.lab.ledger();
    expect(loss).toMatchObject({ lost: 0, notChecked: 0 });
    if (strategy !== 'active-active') expect(lastGood?.region).toBe(SEOUL);
  } finally {
    await journey.end();
    await rm(folder, { recursive: true });
  }
});
