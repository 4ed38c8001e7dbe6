import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lines, worldOf } from '../refusals/said.ts';
import { AwsError } from '../../src/aws/errors.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { planOf, resumeRun, runPlan, SEOUL, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { MINUTE } from './naive.ts';

/*
 * An application, its load balancer and the RDS API of a region are silent, and backups have stood still for another reason: that looks like a
 * region that is lost. The database lives, and while the restore runs a backup arrives that was written after the impact.
 */

const ARCHIVE = fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url));

/** Without it a restore cannot be made closed, and is the line itself. */
const FENCE = /^ {4}fence:\n.*\n/m;

const HOUR = 60 * MINUTE;
const ACCEPTS: Acceptances = { approvedBy: ['incident-commander@example.com'], dataLossSeconds: 'unknown', reason: 'decided' };
/** The region that keeps the backups, and has just made the copy, does not say what has arrived. */
const UNASKED = new AwsError({ service: 'rds', operation: 'DescribeDBInstanceAutomatedBackups', region: TOKYO, code: 'InternalFailure', message: 'try again', httpStatus: 500 });

/**
 * From the restore on, the newest restorable time of the source is that much younger than the impact (milliseconds); `unasked`: for so long after the
 * first look at the end of the restore nobody says so.
 */
async function restoreBeside(after: number, { unasked = 0, said = {}, closed = true }: { unasked?: number; said?: Partial<Acceptances>; closed?: boolean } = {}) {
  const sim: Simulation = closed ? await simulation({ path: ARCHIVE }) : await worldOf('archive', FENCE);
  sim.world.breakRegion(SEOUL);
  const impactAt = sim.clock.now();
  const { aws } = sim.effects;
  let restoring = false;
  let unaskedSince: number | undefined;
  const call = (async (request: { operation: string }) => {
    restoring ||= request.operation === 'RestoreDBInstanceToPointInTime';
    if (restoring && unasked > 0 && request.operation === 'DescribeDBInstanceAutomatedBackups') {
      unaskedSince ??= sim.clock.now();
      if (sim.clock.now() - unaskedSince < unasked) throw UNASKED;
    }
    const answer = (await aws.call(request as never)) as { output: { DBInstanceAutomatedBackups?: { RestoreWindow?: object }[] } };
    if (!restoring || request.operation !== 'DescribeDBInstanceAutomatedBackups') return answer;
    const LatestTime = new Date(impactAt + after);
    return { ...answer, output: { DBInstanceAutomatedBackups: answer.output.DBInstanceAutomatedBackups?.map((backup) => ({ ...backup, RestoreWindow: { ...backup.RestoreWindow, LatestTime } })) } };
  }) as unknown as typeof aws.call;
  sim.effects = { ...sim.effects, aws: { call } };
  await sim.clock.run(() => sim.clock.sleep(2 * MINUTE));
  const plan = await planOf(sim, TOKYO);
  const run = await runPlan(sim, plan, { acceptances: { ...ACCEPTS, ...said } });
  return { ...run, sim, open: run.state.steps.get('databases.documents.open') };
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
      override     dr resume: looks at the source again, and fences it where it can; or --attest-source-down NAME --reason "who has seen it, and how""
    `);
    expect(open?.intendedAt).toBeUndefined();
  });

  it('and were written after the impact, where the runbook names no quarantine group: users are not led to the copy, unless a person who has heard of it says so', async () => {
    const { outcome, state, sim, records } = await restoreBeside(10 * MINUTE, { closed: false });
    const restore = state.steps.get('databases.documents.restore');
    expect([outcome, restore?.refusal?.rule]).toEqual(['refused', 'source-down']);
    expect(restore?.refusal?.observed).toContain('it was written after the impact, so that archive-documents in ap-northeast-2 lives');
    expect([...state.steps.values()].filter((step) => step.id.startsWith('traffic.') && step.intendedAt !== undefined)).toEqual([]);
    const last = await resumeRun(sim, records, { ...ACCEPTS, sourceDown: 'alice' });
    expect([last.outcome, last.state.steps.get('databases.documents.restore')?.state]).toEqual(['succeeded', 'done']);
    expect((await restoreBeside(-MINUTE, { closed: false })).outcome).toBe('succeeded');
  });

  it('and were written before it: they are what the region sent last', async () => {
    const { outcome, open } = await restoreBeside(-MINUTE);
    expect(outcome).toBe('succeeded');
    expect(open?.state).toBe('done');
  });

  it('and of which nobody says anything for a while: it is asked again, and then decided', async () => {
    const well = await restoreBeside(-MINUTE, { unasked: 30_000 });
    expect([well.outcome, well.open?.state]).toEqual(['succeeded', 'done']);
    const lives = await restoreBeside(10 * MINUTE, { unasked: 30_000 });
    expect([lives.outcome, lives.open?.intendedAt]).toEqual(['refused', undefined]);
    expect(lives.open?.refusal?.observed).toContain('was written after the impact');
  });

  it('and of which nobody says anything at all: unknown is no reason to open it', async () => {
    const { outcome, open } = await restoreBeside(-MINUTE, { unasked: HOUR });
    expect(outcome).toBe('refused');
    expect(open?.refusal).toMatchObject({ rule: 'source-down', observed: expect.stringMatching(/^whether backups of archive-documents still arrive could not be asked: rds\.DescribeDBInstanceAutomatedBackups in ap-northeast-1: InternalFailure/) as string });
    expect(open?.intendedAt).toBeUndefined();
  });

  it('a person who attested before they came is asked again; a word that has heard of them opens it, and so does one where nobody says anything', async () => {
    const said = { sourceDown: 'alice' };
    const { outcome, open, sim, records } = await restoreBeside(10 * MINUTE, { said });
    expect([outcome, open?.refusal?.rule, open?.intendedAt]).toEqual(['refused', 'source-down', undefined]);
    const last = await resumeRun(sim, records, { ...ACCEPTS, ...said });
    expect(last.outcome).toBe('succeeded');
    const silent = await restoreBeside(-MINUTE, { said, unasked: HOUR });
    expect([silent.outcome, silent.state.facts.get('fence.documents')]).toMatchObject(['succeeded', { verdict: 'source-down' }]);
  });
});

/* The same, and no backup has arrived yet: the API of the source comes back while the restore runs, and its database has lived all the time. */
describe('an API that answers again during a restore', () => {
  async function restoreWhile(closed: boolean) {
    const sim: Simulation = closed ? await simulation({ path: ARCHIVE }) : await worldOf('archive', FENCE);
    sim.world.breakRegion(SEOUL);
    const { aws } = sim.effects;
    const call = ((request: { operation: string }) => {
      if (request.operation === 'RestoreDBInstanceToPointInTime') sim.world.healRegion(SEOUL);
      return aws.call(request as never);
    }) as unknown as typeof aws.call;
    const plan = await planOf(sim, TOKYO);
    const run = await runPlan({ ...sim, effects: { ...sim.effects, aws: { call } } }, plan, { acceptances: ACCEPTS });
    return { ...run, sim };
  }

  it('the copy stays closed; a resume fences the old writer, and moves on', async () => {
    const { outcome, state, sim, records } = await restoreWhile(true);
    const open = state.steps.get('databases.documents.open');
    expect([outcome, open?.refusal?.rule, open?.intendedAt, sim.world.acceptsWrites({ region: TOKYO, id: 'archive-documents-tokyo' })]).toEqual(['refused', 'source-down', undefined, false]);
    expect(open?.refusal?.observed).toContain('the API of ap-northeast-2 answers again');
    const last = await resumeRun(sim, records, { ...ACCEPTS, sourceDown: 'alice' });
    expect([last.outcome, last.state.facts.get('fence.documents')]).toMatchObject(['succeeded', { verdict: 'fenced' }]);
    expect(sim.world.acceptsWrites({ region: SEOUL, id: 'archive-documents' })).toBe(false);
  });

  it('without a quarantine group no user is led to the copy', async () => {
    const { outcome, state } = await restoreWhile(false);
    expect([outcome, state.steps.get('databases.documents.restore')?.refusal?.rule]).toEqual(['refused', 'source-down']);
    expect([...state.steps.values()].filter((step) => step.id.startsWith('traffic.') && step.intendedAt !== undefined)).toEqual([]);
  });
});
