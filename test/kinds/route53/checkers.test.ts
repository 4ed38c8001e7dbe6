import { describe, expect, it } from 'vitest';
import { checkersOf } from '../../../src/kinds/route53/checkers.ts';
import { SEOUL, simulation } from '../../engine/simulated.ts';
import { wait } from '../world.ts';

/** Route 53 answers so often that it was asked too often, while Seoul is lost; what comes of a look then. */
async function looked(throttled: number, turn?: 'if-free' | 'patient') {
  const sim = await simulation();
  sim.world.breakRegion(SEOUL);
  await wait(sim, 120_000);
  const [HealthCheckId = ''] = sim.world.snapshot().healthChecks.filter(({ id }) => id.includes('seoul') || id.includes(SEOUL)).map(({ id }) => id);
  let asked = 0;
  const aws = {
    call: ((request: { operation: string }) => {
      if (request.operation === 'GetHealthCheckStatus') asked += 1;
      return sim.effects.aws.call(request as never);
    }) as typeof sim.effects.aws.call,
  };
  if (throttled > 0) sim.world.addFault({ operation: 'GetHealthCheckStatus', effect: { kind: 'throttle' }, times: throttled });
  const begun = sim.clock.now();
  const ctx = { effects: { ...sim.effects, aws }, target: 'ap-northeast-1', signal: new AbortController().signal };
  const seen = await sim.clock.run(() => checkersOf(ctx, { Name: 'shop.example.com', Type: 'A', HealthCheckId }, turn));
  return { says: seen?.says, because: seen?.because, asked, seconds: Math.floor((sim.clock.now() - begun) / 1000) };
}

describe("a look at what Route 53's checkers see", () => {
  it('is made again, a second later, where it was throttled', async () => {
    expect(await looked(0)).toMatchObject({ says: 'down', asked: 1, seconds: 0 });
    expect(await looked(1, 'patient')).toMatchObject({ says: 'down', asked: 2, seconds: 1 });
    expect(await looked(4)).toMatchObject({ says: 'down', asked: 5, seconds: 4 });
  });

  it('ends as unknown, with the reason, after five', async () => {
    expect(await looked(5, 'patient')).toMatchObject({ says: 'unknown', because: expect.stringContaining('Throttling') as string, asked: 5, seconds: 4 });
  });

  it('waits for nobody where it only warns', async () => {
    expect(await looked(1, 'if-free')).toMatchObject({ says: 'unknown', asked: 1, seconds: 0 });
  });
});
