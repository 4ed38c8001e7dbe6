import { describe, expect, it } from 'vitest';
import { APPROVED, planOf, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { stepOf } from '../kinds/context.ts';
import { worldOf } from '../refusals/said.ts';
import { answering, ended, refusing } from './answers.ts';
import { cutOffFromSeoul, MINUTE, NAME, OLD, REPLICA, TOKYO_ADDRESS, ZONE } from './naive.ts';

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

  it('inverted, while the other side passes and a person says that it is lost: users would stay there, so it is refused before the line', async () => {
    const sim = await simulation();
    await invert(sim);
    const end = await ended(sim, TOKYO, undefined, { ...APPROVED, sourceDown: 'alice', reason: 'its database is lost' });
    expect(end).toMatchObject({ outcome: 'refused', changed: [] });
    expect(end.refused).toBe('health-check: the health check hc-tokyo of tokyo is inverted, and 8 of 8 checkers reach it: Route 53 calls the set unhealthy; set seoul counts as healthy: 8 of 8 checkers reach it');
  });

  // https://docs.aws.amazon.com/r53recovery/latest/dg/routing-control.create-health-check.html
  it.each([
    ['and no step turns it: refused', '', 'refused'],
    ['and a custom step may turn it: said', "steps:\n  turn: { kind: manual, after: data, limit: 1h, instruction: Turn the routing control of Tokyo On., changes: nothing }\n", 'interrupted'],
  ])('a routing control, %s', async (_name, step, outcome) => {
    const sim = step === '' ? await simulation() : await worldOf('shop', /^approvals:/m, `${step}\napprovals:`);
    sim.world.breakRegion(SEOUL);
    const end = await ended(answering(sim, 'GetHealthCheck', (output) => ({ HealthCheck: { ...(output['HealthCheck'] as object), HealthCheckConfig: { Type: 'RECOVERY_CONTROL' } } })));
    expect(end.outcome).toBe(outcome);
    expect(outcome === 'refused' ? end.changed : []).toEqual([]);
    expect(end.refused + end.warned).toContain('the health check hc-tokyo of tokyo is an ARC routing control: Route 53 answers with tokyo only while that is On');
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

/*
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHealthCheckStatus.html: not of a calculated check
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHealthCheck.html: a disabled check asks nothing; an inverted one is healthy while its endpoint fails
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html: an alarm, and what is taken for one without data
 */
describe('a health check of the source that does not watch the source is no second witness', () => {
  type Report = { StatusReport?: { Status?: string; CheckedTime?: Date } };
  /** The check of Seoul, and what each of its checkers reports. */
  const checked = (sim: Simulation, config: object, report: Report) => {
    const { aws } = sim.effects;
    const call = (async (request: { operation: string; input: { HealthCheckId?: string } }) => {
      const answer = (await aws.call(request as never)) as { output: { HealthCheck: { HealthCheckConfig: object }; HealthCheckObservations: object[] } };
      if (request.input.HealthCheckId !== 'hc-seoul') return answer;
      const { HealthCheck: check, HealthCheckObservations: all } = answer.output;
      if (request.operation === 'GetHealthCheck') return { ...answer, output: { HealthCheck: { ...check, HealthCheckConfig: { ...check.HealthCheckConfig, ...config } } } };
      return request.operation === 'GetHealthCheckStatus' ? { ...answer, output: { HealthCheckObservations: all.map((one) => ({ ...one, ...report })) } } : answer;
    }) as unknown as typeof aws.call;
    return { ...sim, effects: { ...sim.effects, aws: { call } } };
  };
  /** Seoul serves. This machine reaches nothing of it, and somebody has stopped replication. */
  const cutOff = async (): Promise<Simulation> => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { mode: 'stopped' });
    await sim.clock.run(() => sim.clock.sleep(4 * MINUTE));
    return cutOffFromSeoul(sim);
  };
  const insisted = { ...APPROVED, dataLossSeconds: 900, reason: 'decided' };
  const fails: Report = { StatusReport: { Status: 'Failure: HTTP Status Code 404, Not Found.' } };

  it.each<[string, object, Report, string]>([
    ['it is inverted: an object that is not there', { Inverted: true }, fails, 'the health check hc-seoul is inverted'],
    ['it is disabled: what its checkers saw last stands', { Disabled: true }, fails, 'the health check hc-seoul is disabled: nobody checks its endpoint'],
    ['it watches an alarm', { Type: 'CLOUDWATCH_METRIC' }, fails, 'the health check hc-seoul is of the type CLOUDWATCH_METRIC'],
    ['it is calculated', { Type: 'CALCULATED' }, fails, 'the health check hc-seoul is of the type CALCULATED'],
    ['it is a routing control', { Type: 'RECOVERY_CONTROL' }, fails, 'the health check hc-seoul is of the type RECOVERY_CONTROL'],
    ['its type is not known here', { Type: 'NEWER' }, fails, 'the health check hc-seoul is of the type NEWER'],
    ['its reports say nothing', {}, { StatusReport: {} }, 'none of 8 checkers says now'],
    ['its reports say neither', {}, { StatusReport: { Status: 'Unknown' } }, 'none of 8 checkers says now'],
    ['its reports are of yesterday', {}, { StatusReport: { Status: 'Failure: timeout', CheckedTime: new Date(0) } }, 'none of 8 checkers says now'],
  ])('%s', async (_what, config, report, says) => {
    const sim = checked(await cutOff(), config, report);
    const end = await ended(sim, TOKYO, undefined, insisted);
    expect([end.outcome, end.changed, sim.world.acceptsWrites(OLD), sim.world.acceptsWrites(REPLICA)]).toEqual(['refused', [], true, false]);
    expect(end.refused).toContain('source-down: only this machine sees it down');
    expect(end.refused).toContain(`health-checkers: unknown (${says}`);
  });

  it('and one that does is: the same, with an endpoint that fails', async () => {
    const { outcome, changed } = await ended(checked(await cutOff(), {}, fails), TOKYO, undefined, insisted);
    expect([outcome, changed.length > 0]).toEqual(['succeeded', true]);
  });

  it('of the set that is to answer: said, for nobody sees beforehand whether Route 53 answers with it', async () => {
    const sim = await lost();
    const end = await ended(answering(sim, 'GetHealthCheck', (output) => ({ HealthCheck: { ...(output['HealthCheck'] as object), HealthCheckConfig: { Type: 'CALCULATED' } } })));
    expect(end.outcome).toBe('succeeded');
    expect(end.warned).toContain('the health check hc-tokyo of tokyo is of the type CALCULATED, and watches no endpoint: whether Route 53 answers with tokyo is not seen before the move');
  });

  it('AWS does not tell the status of a calculated check', async () => {
    const sim = await simulation();
    sim.world.addHealthCheck({ id: 'both', watches: { kind: 'checks', of: ['hc-seoul'], threshold: 1 } });
    const answer = await sim.clock.run(() => sim.effects.aws.call({ service: 'route53', region: 'us-east-1', operation: 'GetHealthCheckStatus', input: { HealthCheckId: 'both' } }).catch((error: unknown) => error));
    expect(answer).toMatchObject({ code: 'InvalidInput' });
    const healthy = () => sim.world.snapshot().healthChecks.find(({ id }) => id === 'both')?.healthy;
    expect(healthy()).toBe(true);
    sim.world.breakRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(2 * MINUTE));
    expect(healthy()).toBe(false);
  });
});

const WEIGHTED = `kind: route53-weighted
    zone: ${ZONE}
    record: { name: ${NAME}, type: A }
    sets: { ${SEOUL}: seoul, ${TOKYO}: tokyo }
    weights: { ${SEOUL}: 10, ${TOKYO}: 0 }
`;
const weighted = () => worldOf('shop', /kind: route53-failover[^]*?(?= {4}#.record swaps| {4}switch: record)/, WEIGHTED);
const activeActive = () => simulation({ path: SHOP.replace('shop.yaml', 'active-active.yaml') });

describe('sets that the runbook does not name answer beside those that it does', () => {
  const legacy = { name: NAME, ttl: 1, type: 'A', setIdentifier: 'legacy' };
  const balancer = { zoneId: 'ZWKZPGTI48KDX', name: 'legacy-1.ap-northeast-2.elb.amazonaws.com', evaluateTargetHealth: true };
  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html
  it.each([
    ['weighted', weighted, { ...legacy, values: ['127.0.0.2'], weight: 10 }, 'set legacy of shop.example.com A answers 127.0.0.2 with the weight 10'],
    ['weighted, by a load balancer of that region', weighted, { ...legacy, ttl: 0, values: [], alias: balancer, weight: 1 }, 'set legacy of shop.example.com A answers alias legacy-1.ap-northeast-2.elb.amazonaws.com. with the weight 1'],
    ['latency', activeActive, { ...legacy, name: 'api.tickets.example.com', values: ['127.0.0.2'], region: 'eu-west-1' }, 'set legacy of api.tickets.example.com A answers 127.0.0.2'],
    ['geolocation', activeActive, { ...legacy, name: 'invoices.tickets.example.com', values: ['127.0.0.2'], geo: { country: 'DE' } }, 'set legacy of invoices.tickets.example.com A answers 127.0.0.2'],
  ])('%s, and lead to the region that is lost: refused before the line', async (_name, world, set, says) => {
    const sim = await world();
    sim.world.breakRegion(SEOUL);
    sim.world.addRecordSets(ZONE, [set]);
    const end = await ended(sim);
    expect(end).toMatchObject({ outcome: 'refused', changed: [] });
    expect(end.refused).toBe(`record-sets: ${says}: it leads to ap-northeast-2, and the runbook does not name it`);
  });

  it.each([
    ['elsewhere: said, for nobody is moved by that', { ...legacy, values: ['127.0.0.9'], weight: 10 }, true],
    ['there, with the weight 0: it answers nobody', { ...legacy, values: ['127.0.0.2'], weight: 0 }, false],
  ])('and lead %s', async (_name, set, said) => {
    const sim = await weighted();
    sim.world.addRecordSets(ZONE, [set]);
    sim.world.breakRegion(SEOUL);
    const end = await ended(sim);
    expect(end.changed).toContain('traffic.storefront.shift1');
    expect(end.warned.includes('set legacy of shop.example.com A answers 127.0.0.9 with the weight 10, and the runbook does not name it')).toBe(said);
  });

  it('and lead where the source set leads already, for it was moved: that is not the region that is lost', async () => {
    const sim = await activeActive();
    const step = (await planOf(sim, TOKYO)).steps.find(({ id }) => id === 'traffic.api.settle');
    const record = { Name: 'api.tickets.example.com', Type: 'A' as const, TTL: 60, ResourceRecords: [{ Value: TOKYO_ADDRESS }], HealthCheckId: 'tickets-tokyo' };
    sim.world.addRecordSets(ZONE, [{ ...legacy, name: record.Name, values: [TOKYO_ADDRESS], region: 'eu-west-1' }]);
    const Changes = [{ Action: 'UPSERT' as const, ResourceRecordSet: { ...record, SetIdentifier: 'api-seoul', Region: 'ap-northeast-2' as const } }];
    await sim.clock.run(() => sim.world.call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input: { HostedZoneId: ZONE, ChangeBatch: { Changes } } }));
    const asked = await stepOf(step?.kind ?? '', step?.params ?? {}, { clock: sim.clock, effects: sim.effects });
    expect(await asked.check()).toMatchObject({ state: 'ok', warnings: expect.arrayContaining([expect.objectContaining({ rule: 'sets-beside' })]) as unknown });
  });

  it('every weight is 0, so that Route 53 answers with all: the target is given one', async () => {
    const sim = await weighted();
    const Changes = [{ Action: 'UPSERT' as const, ResourceRecordSet: { Name: NAME, Type: 'A' as const, TTL: 1, SetIdentifier: 'seoul', ResourceRecords: [{ Value: '127.0.0.2' }], Weight: 0 } }];
    await sim.clock.run(() => sim.world.call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input: { HostedZoneId: ZONE, ChangeBatch: { Changes } } }));
    sim.world.breakRegion(SEOUL);
    expect((await ended(sim)).outcome).toBe('succeeded');
    expect(sim.world.snapshot().records.filter(({ weight }) => weight !== undefined).map(({ setIdentifier, weight }) => [setIdentifier, weight])).toEqual([['seoul', 0], ['tokyo', 10]]);
  });
});

describe('records that the zone holds, and that another one answers for', () => {
  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-routing-traffic-for-subdomains.html
  it('an NS record at the name: refused, for a change moves nobody', async () => {
    const sim = await lost();
    sim.world.addRecordSets(ZONE, [{ name: NAME, ttl: 300, type: 'NS', values: ['ns1.example.net.'] }]);
    expect(sim.world.resolve(NAME, 'A').values).toEqual([]);
    const end = await ended(sim);
    expect(end).toMatchObject({ outcome: 'refused', changed: [] });
    expect(end.refused).toBe(`delegation: the zone ${ZONE} has an NS record at ${NAME}: another zone answers for it, and the records in this one answer nobody`);
  });

  it('an NS record above it, of several records of active-active', async () => {
    const sim = await activeActive();
    sim.world.addRecordSets(ZONE, [{ name: 'tickets.example.com', ttl: 300, type: 'NS', values: ['ns1.example.net.'] }]);
    const end = await ended(sim, { verb: 'switchover', region: TOKYO });
    expect(end.refused).toContain(`the zone ${ZONE} has an NS record at tickets.example.com: another zone answers for api.tickets.example.com, too`);
    expect(end.changed).toEqual([]);
  });

  // https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
  it('a traffic policy made them: refused, for it replaces what it has made', async () => {
    const sim = await lost();
    const end = await ended(answering(sim, 'ListResourceRecordSets', (output) => ({ ...output, ResourceRecordSets: (output['ResourceRecordSets'] as object[]).map((set) => ({ ...set, TrafficPolicyInstanceId: 'tpi-1' })) })));
    expect(end).toMatchObject({ outcome: 'refused', changed: [] });
    expect(end.refused).toContain('shop.example.com A set tokyo belongs to the traffic policy instance tpi-1');
  });
});

describe('a zone that takes no changes', () => {
  const zoneOf = (sim: Simulation) => sim.world.state.zones.get(ZONE) ?? expect.fail('no zone');

  // https://docs.aws.amazon.com/Route53/latest/APIReference/API_LinkedService.html
  it('for another service of AWS made it: refused before the line', async () => {
    const sim = await lost();
    zoneOf(sim).managedBy = 'servicediscovery.amazonaws.com';
    const end = await ended(sim);
    expect(end).toMatchObject({ outcome: 'refused', changed: [] });
    expect(end.refused).toBe(`zone-managed: the zone ${ZONE} (example.com.) was made by servicediscovery.amazonaws.com`);
  });

  // https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZoneFeatures.html
  it.each(['ENABLING', 'ENABLING_HOSTED_ZONE_LOCKED', 'DISABLING'] as const)('while its accelerated recovery is %s: a failover says so, and waits for it', async (status) => {
    const sim = await lost();
    zoneOf(sim).recovery = status;
    const end = await ended(sim, TOKYO, (record) => {
      if (record.type === 'step.intent' && record.step === 'traffic.storefront.flip') void sim.clock.sleep(7 * MINUTE).then(() => (zoneOf(sim).recovery = 'ENABLED'));
    });
    expect(end.outcome).toBe('succeeded');
    expect(end.warned).toContain(`the accelerated recovery of the zone ${ZONE} is ${status}: Route 53 `);
    expect(end.took).toBeGreaterThan(7 * MINUTE);
  });

  it('longer than a step may take: AWS’s state is what people read', async () => {
    const sim = await lost();
    zoneOf(sim).recovery = 'DISABLING_HOSTED_ZONE_LOCKED';
    const end = await ended(sim);
    expect(end.failed).toMatch(/is DISABLING_HOSTED_ZONE_LOCKED: Route 53 takes no change of its records until that has ended$/);
  });

  it('a planned move waits until that is over', async () => {
    const sim = await simulation();
    zoneOf(sim).recovery = 'ENABLING_HOSTED_ZONE_LOCKED';
    const end = await ended(sim, { verb: 'switchover', region: TOKYO });
    expect(end).toMatchObject({ outcome: 'refused', changed: [] });
    expect(end.refused).toContain(`zone-locked: the accelerated recovery of the zone ${ZONE} is ENABLING_HOSTED_ZONE_LOCKED`);
  });

  it('and one of which AWS says nothing stops nothing', async () => {
    const end = await ended(refusing(await lost(), 'GetHostedZone', 'AccessDenied', 'not you'));
    expect(end.outcome).toBe('succeeded');
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
