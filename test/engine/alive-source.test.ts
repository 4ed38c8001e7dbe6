import { describe, expect, it } from 'vitest';
import { APPROVED, planOf, runPlan, SEOUL, simulation, TOKYO } from './simulated.ts';

const OLD = { region: SEOUL, id: 'shop-orders' };

/** The load balancer of Seoul answers nobody, and its RDS API is silent. The database takes writes, and replicates. */
async function controlPlaneAndUsersGone(seconds: number) {
  const sim = await simulation();
  const { applications } = sim.world.state;
  const status = applications.status.bind(applications);
  applications.status = (app, now) => (app.region === SEOUL ? 0 : status(app, now));
  // Health checks look again.
  sim.world.setApplicationUp('127.0.0.2', false);
  sim.world.addFault({ region: SEOUL, service: 'rds', effect: { kind: 'hang' } });
  await sim.clock.run(() => sim.clock.sleep(seconds * 1000));
  return sim;
}

describe('an old writer that lives behind a silent API', () => {
  it.each([120, 300, 345])('is not left by what users and checkers see, %i s on', async (seconds) => {
    const sim = await controlPlaneAndUsersGone(seconds);
    const { outcome, state } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances: APPROVED });
    expect(outcome).toBe('refused');
    expect(state.steps.get('assess.source')?.because).toContain('a replica still receives from the source, so that its database lives');
    expect(state.steps.get('databases.orders.promote')?.attempts ?? 0).toBe(0);
    expect(sim.world.acceptsWrites(OLD)).toBe(true);
  });
});
