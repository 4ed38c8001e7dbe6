import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';

const TICKETS = fileURLToPath(new URL('../../runbooks/active-active.yaml', import.meta.url));
const OREGON = 'us-west-2';

/** tickets, changed. */
async function tickets(change: (text: string) => string): Promise<Simulation> {
  const text = change(await readFile(TICKETS, 'utf8'));
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'tickets.yaml');
  await writeFile(path, text);
  return simulation({ path });
}

function answersOf(sim: Simulation, name = 'tickets.example.com', from?: object): string[] {
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) for (const value of sim.world.resolve(name, 'A', from).values) seen.add(value);
  return [...seen].sort();
}

function trouble(state: Awaited<ReturnType<typeof runPlan>>['state']) {
  return [...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => ({ id: s.id, state: s.state, because: s.because, refusal: s.refusal, error: s.error }));
}

async function settled(sim: Simulation): Promise<void> {
  await sim.clock.run(() => sim.clock.sleep(600_000));
}

const object = `object:
      ${SEOUL}: { in: ${TOKYO}, bucket: tickets-dr-tokyo, key: seoul-is-out }
      ${TOKYO}: { in: ${SEOUL}, bucket: tickets-dr-seoul, key: tokyo-is-out }`;

/** Without the geolocation records, which cannot be switched so. */
const withoutInvoices = (text: string) => text.replace(/\n {2}# Invoices[^]*?(?=\nprobes:)/, '');

describe('several regions switched by watched objects', () => {
  const byObject = (text: string) =>
    withoutInvoices(text)
      .replaceAll('switch: record', `switch: object\n    ${object}`)
      .replace(/weights:.*/, `$&\n    answers: { ${SEOUL}: { values: [127.0.0.2], ttl: 1 }, ${TOKYO}: { values: [127.0.0.3], ttl: 1 } }`);

  it('a lost region leaves every answer with the Route 53 control plane down for the whole run', async () => {
    const sim = await tickets(byObject);
    sim.world.breakRegion(SEOUL);
    sim.world.addFault({ service: 'route53', effect: { kind: 'hang' } });
    const plan = await planOf(sim, TOKYO);
    expect(plan.steps.flatMap((step) => step.controlPlanes)).not.toContain('route53@us-east-1');
    const { state, outcome } = await runPlan(sim, plan, { acceptances: { approvedBy: [], sourceDown: 'alice', reason: 'seen' } });
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    await settled(sim);
    for (const name of ['tickets.example.com', 'api.tickets.example.com']) expect([name, answersOf(sim, name)]).toEqual([name, ['127.0.0.3']]);
    // And comes back when the object goes.
    sim.world.healRegion(SEOUL);
    await settled(sim);
    const back = await runPlan(sim, await planOf(sim, { verb: 'reprotect', region: TOKYO }));
    expect(trouble(back.state)).toEqual([]);
    await settled(sim);
    expect(answersOf(sim)).toEqual(['127.0.0.2', '127.0.0.3']);
  });
});

describe('several regions switched by health checks', () => {
  it('out, and back', async () => {
    const sim = await tickets((text) => withoutInvoices(text).replaceAll('switch: record', 'switch: health-check'));
    const out = await runPlan(sim, await planOf(sim, { verb: 'switchover', region: TOKYO }));
    expect(trouble(out.state)).toEqual([]);
    expect(answersOf(sim)).toEqual(['127.0.0.3']);
    const back = await runPlan(sim, await planOf(sim, { verb: 'reprotect', region: TOKYO }));
    expect(trouble(back.state)).toEqual([]);
    await settled(sim);
    expect(answersOf(sim)).toEqual(['127.0.0.2', '127.0.0.3']);
  });
});

describe('three regions', () => {
  const three = (text: string) =>
    text
      .replace(`  ${TOKYO}: { name: Tokyo }`, `  ${TOKYO}: { name: Tokyo }\n  ${OREGON}: { name: Oregon }`)
      .replace(`${TOKYO}: tickets-tokyo }`, `${TOKYO}: tickets-tokyo, ${OREGON}: tickets-oregon }`)
      .replace(`${TOKYO}: 2 }`, `${TOKYO}: 2, ${OREGON}: 3 }`)
      .replace(`${TOKYO}: tickets-web }`, `${TOKYO}: tickets-web, ${OREGON}: tickets-web }`)
      .replace(`${TOKYO}: tokyo }`, `${TOKYO}: tokyo, ${OREGON}: oregon }`)
      .replace(`${TOKYO}: api-tokyo }`, `${TOKYO}: api-tokyo, ${OREGON}: api-oregon }`)
      .replace(`${TOKYO}: 100 }`, `${TOKYO}: 100, ${OREGON}: 50 }`)
      .replaceAll(/( +)ap-northeast-1: \{ values: \[127.0.0.3\], ttl: 60, healthCheck: tickets-tokyo \}/g, `$&\n$1${OREGON}: { values: [127.0.0.4], ttl: 60, healthCheck: tickets-oregon }`)
      .replaceAll(/( +)ap-northeast-1: \{ autoScalingGroup: tickets-web, healthy: 6 \}/g, `$&\n$1${OREGON}: { autoScalingGroup: tickets-web, healthy: 6 }`);

  it('the region to leave is named; the other two carry on, each scaled and looked at', async () => {
    const sim = await tickets(three);
    sim.world.breakRegion(SEOUL);
    await expect(planOf(sim, TOKYO)).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN', next: [`dr failover --region ${TOKYO} --from ${SEOUL}`, `dr failover --region ${TOKYO} --from ${OREGON}`] });
    const { state, outcome } = await runPlan(sim, await planOf(sim, { verb: 'failover', region: TOKYO, from: SEOUL }));
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(answersOf(sim)).toEqual(['127.0.0.3', '127.0.0.4']);
    expect(answersOf(sim, 'invoices.tickets.example.com', { country: 'DE' })).not.toContain('127.0.0.2');
  });

  it('a second lost region leaves the last one, and does not bring the first back', async () => {
    const sim = await tickets(three);
    sim.world.breakRegion(SEOUL);
    await runPlan(sim, await planOf(sim, { verb: 'failover', region: TOKYO, from: SEOUL }));
    sim.world.breakRegion(OREGON);
    const { state, outcome } = await runPlan(sim, await planOf(sim, { verb: 'failover', region: TOKYO, from: OREGON }));
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(answersOf(sim)).toEqual(['127.0.0.3']);
    for (const place of [{ country: 'KR' }, { country: 'DE' }]) expect(answersOf(sim, 'invoices.tickets.example.com', place)).toEqual(['127.0.0.3']);
  });
});
