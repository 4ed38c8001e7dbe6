import { DRILL_BUGS } from './drill-bugs.ts';
import { type Bug, make, spoil } from './plant.ts';
import type { Scenario } from './scenario.ts';
import { NAME } from './shapes.ts';

/*
 * Defects of drills, planted in the simulation of whole failovers.
 */

const needs = ({ drill }: Scenario): boolean => drill !== undefined;

export const DRILL_RUN_BUGS: readonly Bug[] = [
  ...DRILL_BUGS.filter(({ alone }) => alone !== true).map(({ name, breaks, instances, step }): Bug => ({
    name: `drill-${name}`,
    breaks: breaks === 28 ? [28, 27] : [breaks],
    needs: (scenario) => needs(scenario) && (instances !== true || ['instances', 'image'].includes(scenario.shape.compute)),
    step: (of, kind) => step(of, kind),
  })),
  {
    // A failover takes the application, and the drill does not see it.
    name: 'drill-does-not-give-way',
    breaks: [8, 25],
    needs: (scenario) => scenario.drill?.when === 'beside' && scenario.state === 'folder',
    store: (inner, records) => ({ ...inner, assertHeld: () => (records[0]?.type === 'run.started' && records[0].plan.verb === 'drill' ? Promise.resolve() : (inner.assertHeld?.() ?? Promise.resolve())) }),
  },
  {
    // The record of a drill is made beside the one of users, and that one is changed too.
    name: 'drill-leads-users',
    breaks: [26],
    needs,
    step: spoil('twinRecord', (code) => ({
      act: async (ctx, p) => {
        const change = { Action: 'UPSERT', ResourceRecordSet: { Name: NAME, Type: 'A', SetIdentifier: 'drill', Weight: 1, TTL: 60, ResourceRecords: [{ Value: '127.0.0.3' }] } };
        await make(ctx, 'route53', 'ChangeResourceRecordSets', 'us-east-1', { HostedZoneId: 'Z0123456789ABCDEFGHIJ', ChangeBatch: { Changes: [change] } });
        await code.act?.(ctx, p);
      },
    })),
  },
  {
    name: 'drill-shrinks-production-at-its-end',
    breaks: [26],
    needs,
    step: spoil('twinGroup', (code) => ({
      undo: async (ctx, p) => {
        await make(ctx, 'autoscaling', 'UpdateAutoScalingGroup', ctx.target, { AutoScalingGroupName: 'shop-api', MinSize: 0, DesiredCapacity: 0 });
        await code.undo?.(ctx, p);
      },
    })),
  },
];
