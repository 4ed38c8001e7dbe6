import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lines } from '../refusals/said.ts';
import { planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { MINUTE } from './naive.ts';

/*
 * An application, its load balancer and the RDS API of a region are silent, and backups have stood still for another reason: that looks like a
 * region that is lost. The database lives, and while the restore runs a backup arrives that was written after the impact.
 */

const ARCHIVE = fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url));

/** From the restore on, the newest restorable time of the source is that much younger than the impact. Milliseconds. */
async function restoreBeside(after: number) {
  const sim: Simulation = await simulation({ path: ARCHIVE });
  sim.world.breakRegion(SEOUL);
  const impactAt = sim.clock.now();
  const { aws } = sim.effects;
  let restoring = false;
  const call = (async (request: { operation: string }) => {
    restoring ||= request.operation === 'RestoreDBInstanceToPointInTime';
    const answer = (await aws.call(request as never)) as { output: { DBInstanceAutomatedBackups?: { RestoreWindow?: object }[] } };
    if (!restoring || request.operation !== 'DescribeDBInstanceAutomatedBackups') return answer;
    const LatestTime = new Date(impactAt + after);
    return { ...answer, output: { DBInstanceAutomatedBackups: answer.output.DBInstanceAutomatedBackups?.map((backup) => ({ ...backup, RestoreWindow: { ...backup.RestoreWindow, LatestTime } })) } };
  }) as unknown as typeof aws.call;
  sim.effects = { ...sim.effects, aws: { call } };
  await sim.clock.run(() => sim.clock.sleep(2 * MINUTE));
  const plan = await planOf(sim, TOKYO);
  const run = await runPlan(sim, plan, { acceptances: { approvedBy: ['incident-commander@example.com'], dataLossSeconds: 'unknown', reason: 'decided' } });
  return { ...run, open: run.state.steps.get('databases.documents.open') };
}

describe('backups that arrive during a restore', () => {
  it('and were written after the impact: the source lives, and the copy stays closed', async () => {
    const { outcome, open } = await restoreBeside(10 * MINUTE);
    expect(outcome).toBe('refused');
    expect(open?.refusal === undefined ? '' : lines(open.refusal)).toMatchInlineSnapshot(`
      "rule         source-down
      observed     the newest restorable time of archive-documents is 4m 6s old: it was written after the impact, so that archive-documents in ap-northeast-2 lives (just now)
      threshold    no sign of life from the source since it was judged to be lost
      consequence  users would write to archive-documents-tokyo while others may write to archive-documents, and their data can no longer be joined
      override     dr resume: looks at the source again; or --attest-source-down NAME --reason "who has seen it, and how""
    `);
    expect(open?.intendedAt).toBeUndefined();
  });

  it('and were written before it: they are what the region sent last', async () => {
    const { outcome, open } = await restoreBeside(-MINUTE);
    expect(outcome).toBe('succeeded');
    expect(open?.state).toBe('done');
  });
});
