import { describe, expect, it } from 'vitest';
import { SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { ended, refusing } from './answers.ts';
import { MINUTE, NAME, TOKYO_ADDRESS, ZONE } from './naive.ts';

/*
 * What Route 53 has and answers beside the records that are moved. Each situation from AWS's documentation.
 */

async function lost(timings: Parameters<typeof simulation>[0] = {}): Promise<Simulation> {
  const sim = await simulation({ path: SHOP, ...timings });
  sim.world.breakRegion(SEOUL);
  return sim;
}

describe('a name has more records than the runbook says', () => {
  const set = { name: NAME, ttl: 60 };
  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
  it.each([
    ['IPv6', [{ ...set, type: 'AAAA', values: ['2001:db8::2'] }], 'has AAAA records too'],
    ['a pair for IPv6', [{ ...set, type: 'AAAA', values: ['2001:db8::2'], setIdentifier: 'seoul', weight: 1 }, { ...set, type: 'AAAA', values: ['2001:db8::3'], setIdentifier: 'tokyo', weight: 1 }], 'has AAAA records too'],
    ['HTTPS with hints', [{ ...set, type: 'HTTPS', values: ['1 . alpn=h2 ipv4hint=127.0.0.2'] }], 'has HTTPS records too'],
  ])('%s: it is said before anything is changed', async (_name, records, says) => {
    const sim = await lost();
    sim.world.addRecordSets(ZONE, records);
    const end = await ended(sim);
    expect(end.outcome).toBe('succeeded');
    expect(end.warned).toContain(`${NAME} ${says}, which the runbook does not move here`);
  });

  it('and what leads nobody is not', async () => {
    const sim = await lost();
    sim.world.addRecordSets(ZONE, [{ ...set, type: 'TXT', values: ['"v=spf1 -all"'] }, { name: `api.${NAME}`, ttl: 60, type: 'AAAA', values: ['2001:db8::9'] }]);
    expect((await ended(sim)).warned).not.toContain('records too');
  });
});

describe('a health check that is not what it seems', () => {
  const invert = async (sim: Simulation): Promise<void> => {
    const request = { service: 'route53', region: 'us-east-1', operation: 'UpdateHealthCheck', input: { HealthCheckId: 'hc-tokyo', Inverted: true } } as const;
    await sim.clock.run(() => sim.world.call(request));
    await sim.clock.run(() => sim.clock.sleep(2 * MINUTE));
  };

  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
  it('inverted, its checkers all report success: a move on purpose is refused before the database moves', async () => {
    const sim = await simulation();
    await invert(sim);
    const end = await ended(sim, { verb: 'switchover', region: TOKYO });
    expect(end).toMatchObject({ outcome: 'refused', changed: [] });
    expect(end.refused).toBe('health-check: the health check hc-tokyo of tokyo is inverted, and 8 of 8 checkers reach it: Route 53 calls the set unhealthy');
  });

  it('inverted, in an outage: the standby is answered while nobody else passes, and people are warned of the rest', async () => {
    const sim = await simulation();
    await invert(sim);
    sim.world.breakRegion(SEOUL);
    const end = await ended(sim);
    expect(end.outcome).toBe('succeeded');
    expect(end.warned).toContain('when the endpoint of the other side passes again, users are sent back to it');
  });

  // NoSuchHealthCheck of https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
  it('deleted under a set that is written again: refused before the line', async () => {
    const end = await ended(refusing(await lost(), 'GetHealthCheckStatus', 'NoSuchHealthCheck', 'No health check exists with the specified ID.'));
    expect(end).toMatchObject({ outcome: 'refused', changed: [] });
    expect(end.refused).toMatch(/route53-batch: .*the health check hc-\w+ does not exist/);
  });
});

describe('Route 53 takes its time', () => {
  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests
  it.each([
    ['PriorRequestNotComplete', 'The request was rejected because Route 53 was still processing a prior request.'],
    ['Throttling', 'Rate exceeded'],
  ])('%s for minutes past the line is waited out', async (code, message) => {
    const end = await ended(refusing(await lost(), 'ChangeResourceRecordSets', code, message, 60));
    expect(end.outcome).toBe('succeeded');
  });

  it('a change that stays PENDING is named when its time is up', async () => {
    const end = await ended(await lost({ timings: { insyncMs: 25 * MINUTE } }));
    expect(end.failed).toMatch(/^not reached within its limit of 900 s; change C\w+ is PENDING$/);
  });
});

describe('an object by which traffic is switched', () => {
  it('lies in a bucket that does not exist: S3 answers a HEAD like one for a missing object, and dr asks by GET', async () => {
    const sim = await simulation();
    const { aws } = sim.effects;
    const of = { service: 's3', region: TOKYO, input: { Bucket: 'never-was', Key: 'active' } } as const;
    await expect(sim.clock.run(() => aws.call({ ...of, operation: 'HeadObject' }))).rejects.toMatchObject({ code: 'NotFound' });
    await expect(sim.clock.run(() => aws.call({ ...of, operation: 'GetObject' }))).rejects.toMatchObject({ code: 'NoSuchBucket' });
    expect(sim.world.resolve(NAME, 'A').values).not.toEqual([TOKYO_ADDRESS]);
  });
});
