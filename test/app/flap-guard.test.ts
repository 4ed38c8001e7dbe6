import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { APPROVED, SEOUL, TOKYO } from '../engine/simulated.ts';
import { type Bench, bench, stopAt } from './fixture.ts';

const REASON = { flap: 'kim', reason: 'Tokyo burns too' };
const BACK = { verb: 'failover', region: SEOUL } as const;

const guardOf = async (started: ReturnType<Bench['start']>) => {
  const { state, exit } = await started;
  return { exit, check: state.steps.get('assess.flap-guard')?.check, refusal: state.steps.get('assess.flap-guard')?.refusal, because: state.steps.get('assess.flap-guard')?.because, state };
};

/** Moved to Tokyo a moment ago. */
async function moved(): Promise<{ b: Bench; run: string; endedAt: number }> {
  const b = await bench();
  const { exit, state } = await b.start();
  expect(exit).toBe('ok');
  b.sim.world.healRegion(SEOUL);
  return { b, run: state.run, endedAt: state.lastAt };
}

describe('the flap guard', () => {
  it('lets the first move through', async () => {
    const b = await bench();
    expect(await guardOf(b.start())).toMatchObject({ exit: 'ok', because: 'no run has moved shop within 1h' });
  });

  it('refuses the way back within an hour, before anything is changed', async () => {
    const { b, run, endedAt } = await moved();
    await b.sim.clock.run(() => b.sim.clock.sleep(20 * 60_000));
    const { exit, refusal, state } = await guardOf(b.start(BACK));
    expect(exit).toBe('refused');
    expect(refusal).toEqual({
      rule: 'flap-guard',
      observed: expect.stringMatching(new RegExp(`^${run} moved shop from ${SEOUL} to ${TOKYO}, by .+@.+$`)) as string,
      ageMs: expect.any(Number) as number,
      threshold: `no move within 1h: again from ${new Date(endedAt + 3_600_000).toISOString()}`,
      consequence: 'going back and forth makes an outage worse: each move may lose data and stop writes',
      override: '--acknowledge-flap NAME --reason "why it has to move again so soon"',
    });
    expect([...state.steps.values()].some((step) => step.intendedAt !== undefined)).toBe(false);
  });

  it.each(['failover', 'switchover'] as const)('guards a %s', async (verb) => {
    const { b } = await moved();
    expect(await guardOf(b.start({ verb, region: SEOUL }))).toMatchObject({ exit: 'refused', check: 'refused' });
  });

  it('lets a move through that a person acknowledges, and keeps who did', async () => {
    const { b, run } = await moved();
    const { check, state, because } = await guardOf(b.start({ ...BACK, acceptances: { ...APPROVED, ...REASON } }));
    expect(check).toBe('passed');
    expect(because).toMatch(new RegExp(`^${run} moved shop from ${SEOUL} to ${TOKYO} .+ ago, acknowledged by kim$`));
    expect(state.acceptances).toMatchObject(REASON);
  });

  it('is over when its time is', async () => {
    const { b } = await moved();
    await b.sim.clock.run(() => b.sim.clock.sleep(3_600_000));
    expect(await guardOf(b.start(BACK))).toMatchObject({ check: 'passed', because: 'no run has moved shop within 1h' });
  });

  it('has the time that the runbook gives it', async () => {
    const { b } = await moved();
    const path = join(b.runbooks, 'shop.yaml');
    await writeFile(path, `${await readFile(path, 'utf8')}\nflapGuard: 2h\n`);
    await b.sim.clock.run(() => b.sim.clock.sleep(90 * 60_000));
    expect((await guardOf(b.start(BACK))).refusal?.threshold).toMatch(/^no move within 2h: again from /);
  });

  const cutAfter = async (step: string) => {
    const b = await bench();
    const { exit, state } = await b.start(stopAt((r) => r.type === 'step.done' && r.step === step));
    expect(exit).toBe('interrupted');
    return { b, run: state.run };
  };

  it('continues the same move that did not come to its end', async () => {
    const { b, run } = await cutAfter('databases.orders.promote');
    const { check, because } = await guardOf(b.start());
    expect([check, because]).toEqual(['passed', `${run} moved shop from ${SEOUL} to ${TOKYO} and did not come to its end: this run continues it`]);
  });

  it('refuses the way back from a move that did not come to its end', async () => {
    const { b } = await cutAfter('traffic.storefront.flip');
    b.sim.world.healRegion(SEOUL);
    expect((await guardOf(b.start(BACK))).refusal?.rule).toBe('flap-guard');
  });

  it('refuses when the history cannot be read, and a person may say that it is not needed', async () => {
    const { b, run } = await moved();
    const path = join(b.state, 'runs', run, 'journal.jsonl');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"checks.green"', '"checks.greem"'));
    const { exit, refusal } = await guardOf(b.start(BACK));
    expect(exit).toBe('refused');
    expect(refusal).toMatchObject({
      rule: 'flap-guard',
      observed: expect.stringMatching(/^the runs of the last 1h cannot be read: The journal is damaged at /) as string,
      threshold: 'no move within 1h, as far as every run can be read',
      override: '--acknowledge-flap NAME --reason "why it has to move again so soon"',
    });
    expect(await guardOf(b.start({ ...BACK, acceptances: { ...APPROVED, ...REASON } }))).toMatchObject({ check: 'passed', because: 'whether it moved within 1h cannot be known, acknowledged by kim' });
  });

  it('does not count a run that changed nothing, nor one of another application', async () => {
    const { b, run } = await moved();
    const runs = join(b.state, 'runs');
    await cp(join(runs, run), join(runs, run.replace('-shop-', '-shop-eu-')), { recursive: true });
    const other = await bench();
    await cp(join(runs, run), join(other.state, 'runs', run.replace('-shop-', '-workshop-')), { recursive: true });
    await cp(join(runs, run), join(other.state, 'runs', run.replace('-shop-', '-eu-shop-')), { recursive: true });
    expect((await readdir(join(other.state, 'runs'))).length).toBe(2);
    const refused = await other.start({ acceptances: { approvedBy: [] } });
    expect(refused.exit).toBe('refused');
    expect(await guardOf(other.start())).toMatchObject({ exit: 'ok', because: 'no run has moved shop within 1h' });
  });

  it('is part of no reprotect', async () => {
    const { b } = await moved();
    const { state } = await b.start({ verb: 'reprotect', region: undefined });
    expect(state.steps.has('assess.flap-guard')).toBe(false);
  });
});
