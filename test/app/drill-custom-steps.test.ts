import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadStepKind } from '../../src/kinds/registry.ts';
import { DRILL, keepBackups } from '../engine/drills.ts';
import { APPROVED, planOf } from '../engine/simulated.ts';
import { bench, type Bench, refusalOf } from './fixture.ts';

/** The shop with one custom step, where a drill can be made. */
async function withStep(step: string): Promise<Bench> {
  const b = await bench({ alive: true });
  await keepBackups(b.sim);
  await Promise.all((await planOf(b.sim, DRILL)).steps.map(({ kind }) => loadStepKind(kind)));
  const path = join(b.runbooks, 'shop.yaml');
  await writeFile(path, `${await readFile(path, 'utf8')}\nsteps:\n  ${step}\n`);
  return b;
}

describe('a custom step that cannot be taken back', () => {
  it('refuses a drill in which it would run, with what to do', async () => {
    const b = await withStep('purge: { kind: command, after: data, limit: 30s, run: [./purge], verbs: [failover, drill] }');
    const refused = await refusalOf(b.start(DRILL));
    expect(refused).toMatchObject({ code: 'DRILL_NOT_REVERSIBLE', exit: 'refused' });
    expect(refused.detail).toContain('own.purge: purge: ');
    expect(refused.next.join('\n')).toMatch(/give it an undo in .*shop\.yaml.*\ntake drill out of its `verbs`/);
    expect(b.sim.world.snapshot().databases.filter(({ id }) => id.startsWith('dr-drill-'))).toEqual([]);
  });

  it('is skipped, and said to be, where it does not run in a drill; one with an undo runs and is undone', async () => {
    const skipped = await (await withStep('purge: { kind: command, after: data, limit: 30s, run: [./purge] }')).start(DRILL);
    expect([skipped.state.outcome, skipped.state.plan.drill?.skipped]).toEqual(['succeeded', expect.arrayContaining(['steps.purge']) as string[]]);
    const undone = await (await withStep('purge: { kind: command, after: data, limit: 30s, run: [./purge], undo: { run: [./refill] }, verbs: [failover, drill] }')).start({ ...DRILL, acceptances: { ...APPROVED, customSteps: true } });
    expect([undone.state.outcome, undone.state.steps.get('own.purge')?.state]).toEqual(['succeeded', 'undone']);
  });
});
