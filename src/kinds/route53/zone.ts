import { findZone } from '../../aws/route53.ts';
import { unlessAws } from '../../aws/errors.ts';
import { acceleratedRecovery } from '../../aws/states/others.ts';
import { LIMITS } from '../../base/limits.ts';
import { isPlannedMove } from '../../model/verb.ts';
import { refused } from '../common.ts';
import type { StepContext, Verdict, Warning } from '../../model/step.ts';

/* Does Route 53 take changes of the zone's records? What AWS does not tell stops nothing: Route 53 itself refuses then. */

const LOCK_PAGE = 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/accelerated-recovery.html';

async function seen(ctx: StepContext, zone: string) {
  return findZone(ctx.effects.aws, zone, { region: ctx.target, signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 2 }).catch(unlessAws);
}

function lockOf(zone: string, recovery: string | undefined): string | undefined {
  if (recovery === undefined) return undefined;
  const { changes, shown } = acceleratedRecovery(recovery);
  return changes === 'yes' ? undefined : `the accelerated recovery of the zone ${zone} is ${shown}: Route 53 ${changes === 'no' ? 'takes' : 'may take'} no change of its records ${changes === 'no' ? 'until that has ended' : 'meanwhile'}`;
}

/** Why Route 53 takes no change for a while; undefined where it says nothing of that. */
export async function lockedZone(ctx: StepContext, zone: string): Promise<string | undefined> {
  return lockOf(zone, (await seen(ctx, zone))?.recovery);
}

/** Asked before anything is changed: a zone of another service is never changed, and a planned move waits for one that is locked. */
export async function zoneProblems(ctx: StepContext, zone: string, changes: boolean): Promise<{ refusal?: Verdict; warnings: Warning[] }> {
  if (!changes) return { warnings: [] };
  const found = await seen(ctx, zone);
  if (found?.managedBy !== undefined) {
    return { warnings: [], refusal: refused({ rule: 'zone-managed', observed: `the zone ${zone} (${found.name}) was made by ${found.managedBy}`, threshold: 'a hosted zone that Route 53 lets its account change', consequence: 'Route 53 refuses every change of its records, after the point of no return', override: 'none: change it through the service that made it, in a custom step, or name the zone that users are led by' }) };
  }
  const lock = lockOf(zone, found?.recovery);
  if (lock === undefined) return { warnings: [] };
  if (!isPlannedMove(ctx.run.verb)) return { warnings: [{ rule: 'zone-locked', observed: `${lock}; the run waits for it`, wanted: 'a zone that can be changed', mend: `aws route53 get-hosted-zone --id ${zone} shows when it has ended`, page: LOCK_PAGE }] };
  return { warnings: [], refusal: refused({ rule: 'zone-locked', observed: lock, threshold: 'a zone whose records can be changed', consequence: 'users could not be moved after the point of no return', override: `none: wait until it has ended (aws route53 get-hosted-zone --id ${zone}), then start again` }) };
}
