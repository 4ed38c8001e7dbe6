import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { SEOUL, type Simulation, TOKYO } from '../engine/simulated.ts';
import { type Asked, saidBy, saidByRun, saidIn, worldOf } from './said.ts';

const ZONE = 'Z0123456789ABCDEFGHIJ';
const pair = () => worldOf('shop');
const byCheck = () => worldOf('shop', 'switch: record', 'switch: health-check');
const flip = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'traffic.storefront.flip', at);
const shift = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'traffic.storefront.shiftChecks', at);

/** A set of the pair, changed in Route 53 by somebody else. */
async function changed(sim: Simulation, id: string, more: object): Promise<void> {
  const ask = { service: 'route53', region: 'us-east-1' } as const;
  await sim.clock.run(async () => {
    const { output } = await sim.world.call({ ...ask, operation: 'ListResourceRecordSets', input: { HostedZoneId: ZONE } });
    const set = (output.ResourceRecordSets ?? []).find((s) => s.SetIdentifier === id);
    if (set === undefined) throw new Error(`no set ${id}`);
    const { Name, Type } = set;
    const next = Object.fromEntries(Object.entries({ ...set, ...more }).filter(([, value]) => value !== undefined));
    const Changes = [{ Action: 'UPSERT' as const, ResourceRecordSet: { Name, Type, ...next } }];
    await sim.world.call({ ...ask, operation: 'ChangeResourceRecordSets', input: { HostedZoneId: ZONE, ChangeBatch: { Changes } } });
  });
}

describe('record sets', () => {
  it('a pair that is not as the runbook says', async () => {
    const aim = { policy: 'failover', primary: 'tokyo', secondary: 'osaka' };
    const step = await worldOf('shop');
    expect(await flip(step, { params: { aim } })).toMatchInlineSnapshot(`
      "rule         failover-pair
      observed     shop.example.com A has no failover set called osaka; it has: seoul, tokyo (just now)
      threshold    one PRIMARY and one SECONDARY set, named as in the runbook
      consequence  users could not be moved
      override     correct \`sets\` in the runbook, or the records in zone Z0123456789ABCDEFGHIJ"
    `);
  });

  it('one that Route 53 would not take as PRIMARY', async () => {
    const sim = await pair();
    await changed(sim, 'tokyo', { HealthCheckId: undefined });
    expect(await saidByRun(sim, TOKYO, undefined, ({ world }) => world.breakRegion(SEOUL))).toMatchInlineSnapshot(`
      "traffic.storefront.flip
      rule         route53-batch
      observed     Route 53 would refuse the change: shop.example.com A set tokyo would become PRIMARY; it is no alias and has no health check (just now)
      threshold    a change that Route 53 accepts
      consequence  users could not be moved after the point of no return
      override     none: associate a health check with set tokyo, or make it an alias with EvaluateTargetHealth"
    `);
  });

  it('one that is protected from changes', async () => {
    const sim = await pair();
    sim.world.protectRecords(ZONE, { name: 'shop.example.com', type: 'A', comment: 'ask Kim' });
    expect(await saidByRun(sim, TOKYO, undefined, ({ world }) => world.breakRegion(SEOUL))).toMatchInlineSnapshot(`
      "traffic.storefront.flip
      rule         record-protected
      observed     protected from changes: shop.example.com A (ask Kim) (just now)
      threshold    no resource record set protection on a name that has to change
      consequence  Route 53 would refuse the change
      override     aws route53 delete-resource-record-set-protections --hosted-zone-id Z0123456789ABCDEFGHIJ --protections RecordName=shop.example.com,RecordType=A"
    `);
  });

  it('one that is protected, and nobody says why', async () => {
    const sim = await pair();
    sim.world.protectRecords(ZONE, { name: 'shop.example.com', type: 'A' });
    expect(await flip(sim)).toMatchInlineSnapshot(`
      "rule         record-protected
      observed     protected from changes: shop.example.com A (just now)
      threshold    no resource record set protection on a name that has to change
      consequence  Route 53 would refuse the change
      override     aws route53 delete-resource-record-set-protections --hosted-zone-id Z0123456789ABCDEFGHIJ --protections RecordName=shop.example.com,RecordType=A"
    `);
  });

  it('one in a zone of another service', async () => {
    const sim = await pair();
    Object.assign(sim.world.state.zones.get(ZONE) ?? {}, { managedBy: 'servicediscovery.amazonaws.com' });
    expect(await flip(sim)).toMatchInlineSnapshot(`
      "rule         zone-managed
      observed     the zone Z0123456789ABCDEFGHIJ (example.com.) was made by servicediscovery.amazonaws.com (just now)
      threshold    a hosted zone that Route 53 lets its account change
      consequence  Route 53 refuses every change of its records, after the point of no return
      override     none: change it through the service that made it, in a custom step, or name the zone that users are led by"
    `);
  });

  it('one in a zone that is locked, in a planned move', async () => {
    const sim = await pair();
    Object.assign(sim.world.state.zones.get(ZONE) ?? {}, { recovery: 'ENABLING_HOSTED_ZONE_LOCKED' });
    expect(await saidByRun(sim, { verb: 'switchover', region: TOKYO })).toMatchInlineSnapshot(`
      "traffic.storefront.flip
      rule         zone-locked
      observed     the accelerated recovery of the zone Z0123456789ABCDEFGHIJ is ENABLING_HOSTED_ZONE_LOCKED: Route 53 takes no change of its records until that has ended (just now)
      threshold    a zone whose records can be changed
      consequence  users could not be moved after the point of no return
      override     none: wait until it has ended (aws route53 get-hosted-zone --id Z0123456789ABCDEFGHIJ), then start again"
    `);
  });

  const weighted = async (weights: Json) => {
    const sim = await worldOf('active-active');
    return saidIn(sim, 'traffic.shop.shift1', { params: { aim: { policy: 'weighted', weights } } });
  };

  it('weights that leave nobody', async () => {
    expect(await weighted({ seoul: 0, tokyo: 0 })).toMatchInlineSnapshot(`
      "rule         record-sets
      observed     every set of tickets.example.com would have the weight 0, which Route 53 takes for equal shares (just now)
      threshold    the sets that the runbook names, with one left that answers
      consequence  users could not be moved
      override     correct \`sets\` in the runbook, or the records in zone Z0123456789ABCDEFGHIJ"
    `);
  });

  it('a set that is not there', async () => {
    expect(await weighted({ seoul: 0, osaka: 100 })).toMatchInlineSnapshot(`
      "rule         record-sets
      observed     tickets.example.com A has no weighted set called osaka; it has: seoul, tokyo (just now)
      threshold    the sets that the runbook names, with one left that answers
      consequence  users could not be moved
      override     correct \`sets\` in the runbook, or the records in zone Z0123456789ABCDEFGHIJ"
    `);
  });
});

describe('health checks that cannot switch', () => {
  it('a set that is not there', async () => {
    expect(await shift(await byCheck(), { params: { out: ['osaka'] } })).toMatchInlineSnapshot(`
      "rule         health-check
      observed     there is no set osaka (just now)
      threshold    each set has a health check of its own that is not inverted, of a type that can be disabled and inverted
      consequence  switching it would take out too much, or nothing
      override     give each set its own health check, or set \`switch: record\`"
    `);
  });

  it('a set without one', async () => {
    const sim = await byCheck();
    await changed(sim, 'tokyo', { HealthCheckId: undefined });
    expect(await shift(sim)).toMatchInlineSnapshot(`
      "rule         health-check
      observed     set tokyo has no health check of its own (just now)
      threshold    each set has a health check of its own that is not inverted, of a type that can be disabled and inverted
      consequence  switching it would take out too much, or nothing
      override     give each set its own health check, or set \`switch: record\`"
    `);
  });

  it('one that both sets share', async () => {
    const sim = await byCheck();
    await changed(sim, 'tokyo', { HealthCheckId: 'hc-seoul' });
    expect(await shift(sim)).toMatchInlineSnapshot(`
      "rule         health-check
      observed     health check hc-seoul belongs to seoul and tokyo: it would take all of them out (just now)
      threshold    each set has a health check of its own that is not inverted, of a type that can be disabled and inverted
      consequence  switching it would take out too much, or nothing
      override     give each set its own health check, or set \`switch: record\`"
    `);
  });

  it('a name that no other set answers', async () => {
    const sim = await byCheck();
    sim.world.addRecordSets(ZONE, [{ name: 'www.example.com', ttl: 60, type: 'A', values: ['127.0.0.2'], setIdentifier: 'seoul', weight: 1, healthCheckId: 'hc-seoul' }]);
    expect(await shift(sim, { params: { records: ['shop', 'www'].map((label) => ({ name: `${label}.example.com`, type: 'A' })) } })).toMatchInlineSnapshot(`
      "rule         health-check
      observed     www.example.com A has only sets that would be taken out (seoul): Route 53 would still answer with them (just now)
      threshold    each set has a health check of its own that is not inverted, of a type that can be disabled and inverted
      consequence  switching it would take out too much, or nothing
      override     give each name a set that answers for the region that stays, or correct \`sets\` in the runbook"
    `);
  });

  it('one that is inverted', async () => {
    const sim = await byCheck();
    sim.world.addHealthCheck({ id: 'hc-inverted', watches: { kind: 'region-endpoint', region: TOKYO }, inverted: true });
    await changed(sim, 'seoul', { HealthCheckId: 'hc-inverted' });
    expect(await shift(sim)).toMatchInlineSnapshot(`
      "rule         health-check
      observed     health check hc-inverted is inverted: it watches something else than its set’s endpoint (just now)
      threshold    each set has a health check of its own that is not inverted, of a type that can be disabled and inverted
      consequence  switching it would take out too much, or nothing
      override     give each set its own health check, or set \`switch: record\`"
    `);
  });
});

describe('an object that a health check watches', () => {
  const byObject = () => worldOf('shop', 'switch: record', 'switch: object\n    object: { ap-northeast-1: { bucket: shop-dr-tokyo, key: shop-active } }');
  const object = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'traffic.storefront.flipObject', at);

  it('its bucket is not there', async () => {
    expect(await object(await byObject(), { params: { bucket: 'never-was' } })).toMatchInlineSnapshot(`
      "rule         watched-object
      observed     s3.GetObject in ap-northeast-1: NoSuchBucket: The specified bucket does not exist (just now)
      threshold    s3://never-was in ap-northeast-1 can be read and written
      consequence  traffic could not be switched
      override     mend bucket, policy or credentials, or set \`switch: record\`"
    `);
  });

  it('it may not be read', async () => {
    expect(await object(await byObject(), { then: ({ world }) => {
      world.addFault({ service: 's3', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied', message: 'not you' } });
    } })).toMatchInlineSnapshot(`
      "rule         watched-object
      observed     s3.GetObject in ap-northeast-1: AccessDenied: not you (just now)
      threshold    s3://shop-dr-tokyo in ap-northeast-1 can be read and written
      consequence  traffic could not be switched
      override     mend bucket, policy or credentials, or set \`switch: record\`"
    `);
  });
});

describe('regions that stay, and cannot carry', () => {
  /** Seen to be so for two minutes. */
  const carry = async (survivor: object, at: Asked = {}) => {
    const sim = await worldOf('active-active');
    const facts = { 'carry.shop.gate': { badSince: sim.clock.now() - 120_000, last: sim.clock.now() - 5_000 } };
    const params = { key: 'shop.gate', survivors: [{ region: TOKYO, set: 'tokyo', ...survivor }] as Json, mustKnow: true };
    return saidIn(sim, 'traffic.shop.carry', { what: 'observe', facts, params, ...at });
  };

  it('too few healthy targets', async () => {
    expect(await carry({ capacity: { autoScalingGroup: 'tickets-web', healthy: 9999 } })).toMatchInlineSnapshot(`
      "rule         survivors-carry
      observed     ap-northeast-1: 3 of 9999 are healthy (just now)
      threshold    every region that stays has what it needs to carry the load
      consequence  users would be sent where nobody can serve them
      override     scale the regions that stay, or lower \`healthy\` in the runbook if fewer carry the load"
    `);
  });

  it('no such group', async () => {
    expect(await carry({ capacity: { autoScalingGroup: 'never-was', healthy: 1 } })).toMatchInlineSnapshot(`
      "rule         survivors-carry
      observed     ap-northeast-1: there is no Auto Scaling group never-was (just now)
      threshold    every region that stays has what it needs to carry the load
      consequence  users would be sent where nobody can serve them
      override     scale the regions that stay, or lower \`healthy\` in the runbook if fewer carry the load"
    `);
  });

  it('nobody can see it', async () => {
    const then = ({ world }: Simulation) => {
      world.addFault({ service: 'route53', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied', message: 'not you' } });
    };
    expect(await carry({}, { what: 'check', then })).toMatchInlineSnapshot(`
      "rule         survivors-carry
      observed     ap-northeast-1: route53.ListResourceRecordSets in us-east-1: AccessDenied: not you (just now)
      threshold    every region that stays has what it needs to carry the load
      consequence  users would be sent where nobody can serve them
      override     name \`capacity\` for each region in the runbook, or give its set a health check"
    `);
  });
});

describe('records that decide nothing', () => {
  it('another zone answers for the name', async () => {
    const sim = await worldOf('shop');
    sim.world.addRecordSets('Z0123456789ABCDEFGHIJ', [{ name: 'shop.example.com', ttl: 300, type: 'NS', values: ['ns1.example.net.'] }]);
    expect(await saidIn(sim, 'traffic.storefront.settle')).toMatchInlineSnapshot(`
      "rule         delegation
      observed     the zone Z0123456789ABCDEFGHIJ has an NS record at shop.example.com: another zone answers for it, and the records in this one answer nobody (just now)
      threshold    names that the zone itself answers for
      consequence  users could not be moved: they are led by the other zone
      override     none: name the hosted zone of shop.example.com in the runbook, or delete the NS record: aws route53 list-hosted-zones-by-name --dns-name shop.example.com"
    `);
  });

  it('a set beside the runbook’s leads to the region that is left', async () => {
    const sim = await worldOf('active-active');
    sim.world.addRecordSets('Z0123456789ABCDEFGHIJ', [{ name: 'api.tickets.example.com', ttl: 60, type: 'A', values: ['127.0.0.2'], setIdentifier: 'legacy', region: 'eu-west-1' }]);
    expect(await saidIn(sim, 'traffic.api.settle')).toMatchInlineSnapshot(`
      "rule         record-sets
      observed     set legacy of api.tickets.example.com A answers 127.0.0.2: it leads to ap-northeast-2, and the runbook does not name it (just now)
      threshold    every set that leads users to ap-northeast-2 in the runbook
      consequence  users whom it answers would stay where nothing serves them
      override     none: delete that set, or let it answer otherwise: aws route53 change-resource-record-sets …; or name it in the runbook"
    `);
  });
});

describe('custom steps', () => {
  it('what cannot run is refused before anything is changed, in a whole run', async () => {
    const sim = await worldOf('shop', /$/, `
steps:
  job: { kind: command, after: data, limit: 30s, run: [./job], env: [NOT_SET, NOT_SET_EITHER] }
  gone: { kind: lambda-invoke, after: data, limit: 10s, functions: { ap-northeast-2: f, ap-northeast-1: gone } }
`);
    expect(await saidByRun(sim, TOKYO, undefined, ({ world }) => world.breakRegion(SEOUL))).toMatchInlineSnapshot(`
      "own.job
      rule         own-step
      observed     NOT_SET and NOT_SET_EITHER not set (just now)
      threshold    the environment variables that the custom step job names
      consequence  job could not run when its turn comes
      override     export NOT_SET=… NOT_SET_EITHER=…, or --done job if it is done already
      own.gone
      rule         own-step
      observed     lambda.Invoke in ap-northeast-1: ResourceNotFoundException: Function not found: arn:aws:lambda:ap-northeast-1:000000000000:function:gone (just now)
      threshold    the function gone in ap-northeast-1, and the right to invoke it
      consequence  gone could not run when its turn comes
      override     deploy it to ap-northeast-1, or --done gone if it is done already"
    `);
  });

  it('a database that shows no endpoint', async () => {
    const { effects, clock } = await pair();
    const params = { name: 'fill', limitMs: 1000, repeatable: true, region: TOKYO, instance: 'gone', database: 'shop', userEnv: 'SHOP_DB_USER', passwordEnv: 'SHOP_DB_PASSWORD', env: [], statement: 'select 1' };
    expect(await saidBy('own.sql', params, { effects, clock })).toMatchInlineSnapshot(`
      "rule         own-step
      observed     there is no DB instance gone in ap-northeast-1 (just now)
      threshold    a PostgreSQL endpoint in the target region
      consequence  fill could not run when its turn comes
      override     correct the runbook, or --done fill if it is done already"
    `);
  });
});
