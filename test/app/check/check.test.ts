import { describe, expect, it } from 'vitest';
import { APPROVED, planOf, runPlan, TOKYO } from '../../engine/simulated.ts';
import { resolving } from './examples.ts';
import { AT_COPY, MAIN, NOTES, TROUBLES, ZONE } from './troubles.ts';
import { change, checkIn, shortly, worldOf } from './world.ts';

/** What the time that a run takes decides, and a source that lives although somebody says that it is down. */
const ONLY_IN_A_RUN: ReadonlySet<string> = new Set(['decision-age', 'fence']);

it('there are at least 30 troubles', () => {
  const all = TROUBLES.flatMap(({ troubles }) => troubles);
  expect(all.length).toBeGreaterThanOrEqual(30);
  expect(all.filter(({ found }) => found.length === 0)).toEqual([]);
});

describe.each(TROUBLES)('$example', ({ example, troubles }) => {
  it('nothing in the healthy lab but what it lacks', async () => {
    const result = await checkIn(await worldOf(example));
    expect(shortly(result).filter((one) => !NOTES.has(one))).toEqual([]);
    expect(result.calls.made).toBeLessThan(60);
  });

  it.each(troubles)('$name: is found, and nothing else', async ({ plant, found, runbook }) => {
    const sim = await worldOf(example, runbook);
    await plant(sim);
    const result = await checkIn(sim);
    expect(shortly(result).filter((one) => !NOTES.has(one)).sort()).toEqual(found.toSorted());
    expect(result.findings.filter(({ wanted, mend }) => wanted === '' || mend === '' || /what the (warning|check) says/.test(mend))).toEqual([]);
  });

  it.each(troubles)('$name: what a run refuses or warns of, the check has found', async ({ plant, runbook }) => {
    const sim = await worldOf(example, runbook);
    await plant(sim);
    const { findings } = await checkIn(sim);
    // In the lab no message is sent, and none is missed.
    const { env } = sim.effects;
    sim.effects.env = (name) => (name === 'SLACK_WEBHOOK_URL' ? 'https://hooks.slack.example/x' : env(name));
    const acceptances = { ...APPROVED, approvedBy: ['incident-commander@example.com', 'archive-lead@example.com', 'billing-lead@example.com', 'tickets-lead@example.com'], sourceDown: 'a person', reason: 'a test' };
    const { state } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances });
    const steps = [...state.steps.values()];
    const refused = steps.flatMap(({ refusal }) => (refusal === undefined || ONLY_IN_A_RUN.has(refusal.rule) ? [] : [refusal.rule]));
    const warned = steps.filter(({ id }) => !state.plan.steps.some((step) => step.id === id && step.gate && step.phase !== 'assess')).flatMap(({ warnings }) => warnings);
    expect(refused.filter((rule) => findings.every((one) => one.rule !== rule))).toEqual([]);
    expect(warned.filter((text) => findings.every(({ observed }) => observed !== text))).toEqual([]);
  });
});

describe('names', () => {
  it('the zone of the runbook is not the one that users are led to', async () => {
    const sim = await worldOf('shop');
    expect(shortly(await checkIn(sim, { effects: { dns: resolving(sim, 'NS', ['ns-1.elsewhere.example']) } }))).toContain(`error delegation route53:${ZONE}`);
  });

  it('a name that this machine cannot see', async () => {
    const sim = await worldOf('shop');
    expect(shortly(await checkIn(sim, { effects: { dns: resolving(sim, 'A', []) } }))).toContain(`warning name-not-seen route53:${ZONE}`);
  });
});

describe('a finding', () => {
  it('says all that a person needs', async () => {
    const sim = await worldOf('shop');
    change(sim, MAIN, { multiAz: true });
    expect((await checkIn(sim)).findings[0]).toEqual({
      rule: 'multi-az',
      severity: 'warning',
      resource: AT_COPY,
      region: TOKYO,
      observed: 'shop-orders-tokyo: it is in one zone, and the writer in several',
      wanted: 'Multi-AZ, as the writer',
      consequence: 'after a promotion the loss of one zone would stop the application again',
      mend: `aws rds modify-db-instance --region ${TOKYO} --db-instance-identifier shop-orders-tokyo --multi-az --apply-immediately`,
      page: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZSingleStandby.html',
      path: ['databases', 'orders'],
      target: TOKYO,
      ...sim.loaded.at(['databases', 'orders']),
    });
  });
});
