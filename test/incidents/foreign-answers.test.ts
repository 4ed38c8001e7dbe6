import { describe, expect, it } from 'vitest';
import { SEOUL, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { ended } from './answers.ts';

/*
 * An answer 200 that is not what AWS holds: a proxy, a cache or a portal between. It has the members that belong there, and nothing in them, so
 * that nothing tells it from a true one. For a quarter of a minute it ends no run, wherever in it that comes.
 */

const SECONDS = 15_000;
type Aim = { service: string; operation: string };
const GROUPS: Aim = { service: 'autoscaling', operation: 'DescribeAutoScalingGroups' };
const RECORDS: Aim = { service: 'route53', operation: 'ListResourceRecordSets' };
const TARGETS: Aim = { service: 'elbv2', operation: 'DescribeTargetHealth' };
const DATABASES: Aim = { service: 'rds', operation: 'DescribeDBInstances' };

async function lost(): Promise<Simulation> {
  const sim = await simulation();
  sim.world.breakRegion(SEOUL);
  return sim;
}

describe('an answer of the right form with nothing in it', () => {
  const promoted = 'step.acted databases.orders.promote';
  it.each([
    [GROUPS, 'step.acted compute.api.scaleOut'], [GROUPS, promoted], [GROUPS, 'step.started verify.home-page'], [GROUPS, 'step.started notify.sns-1'],
    [RECORDS, 'step.started databases.orders.canary'], [RECORDS, 'step.started traffic.storefront.flip'], [RECORDS, 'step.acted traffic.storefront.flip'], [RECORDS, 'step.started traffic.storefront.settle'],
    [TARGETS, promoted], [TARGETS, 'step.started notify.sns-1'], [DATABASES, promoted], [DATABASES, 'step.started notify.sns-1'],
  ])('%j, from %s on', async (aim, from) => {
    for (const without of ['lists', 'elements'] as const) {
      const sim = await lost();
      let laid = false;
      const end = await ended(sim, TOKYO, (record) => {
        if (laid || !('step' in record) || `${record.type} ${record.step}` !== from) return;
        laid = true;
        const over = sim.world.addFault({ ...aim, effect: { kind: 'foreign', without } });
        void sim.clock.sleep(SECONDS).then(over);
      });
      expect([without, laid, end.outcome, end.failed]).toEqual([without, true, 'succeeded', '']);
    }
  });

  it.each(['step.started databases.orders.inSync', 'step.started compute.api.scaleIn', 'step.acted compute.api.scaleIn'])('of groups on the way to a new standby, from %s on', async (from) => {
    const sim = await lost();
    await ended(sim);
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(600_000));
    let laid = false;
    const end = await ended(sim, { verb: 'reprotect' }, (record) => {
      if (laid || !('step' in record) || `${record.type} ${record.step}` !== from) return;
      laid = true;
      const over = sim.world.addFault({ ...GROUPS, region: SEOUL, effect: { kind: 'foreign', without: 'lists' } });
      void sim.clock.sleep(SECONDS).then(over);
    });
    expect([laid, end.outcome, end.failed]).toEqual([true, 'succeeded', '']);
  });

  it.each([
    [GROUPS, promoted, 'shop-api is not in ap-northeast-1'],
    [RECORDS, 'step.started traffic.storefront.flip', 'shop.example.com A has no failover set called tokyo or seoul; it has: nothing'],
  ])('%j, from %s on: what lasts is so, and the run ends with it', async (aim, from, says) => {
    const sim = await lost();
    const end = await ended(sim, TOKYO, (record) => {
      if ('step' in record && `${record.type} ${record.step}` === from) sim.world.addFault({ ...aim, effect: { kind: 'foreign', without: 'lists' } });
    });
    expect(end.outcome).toBe('failed');
    expect(end.failed).toContain(says);
    expect(end.took).toBeLessThan(600_000);
  });
});
