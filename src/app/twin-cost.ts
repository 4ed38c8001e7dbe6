import { AwsError } from '../aws/errors.ts';
import type { Effects } from '../effects/effects.ts';
import { knownKind } from '../kinds/registry.ts';
import { TWIN } from '../kinds/twins.ts';
import { type Cost, costOf } from '../measure/prices.ts';
import type { Plan } from '../model/plan.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';

/** What a drill would make, and about what that costs while it is there. */
export interface PlannedTwins {
  /** As plans name them. */
  twins: readonly { resource: string; what: string }[];
  cost: Cost;
}

/** Reads only; what gives no answer has no price. @throws what is no answer of AWS */
export async function plannedTwins(effects: Effects, { runbook }: LoadedRunbook, plan: Plan, signal: AbortSignal): Promise<PlannedTwins> {
  const ctx = { effects, signal, target: plan.target };
  const rented = await Promise.all(runbook.resources.map(async ({ section, name, kind, resource }) => {
    try {
      return costOf((await (await knownKind(kind)).rents?.(ctx, resource)) ?? []);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { usdPerHour: 0, unknown: [`${section}.${name}`] };
    }
  }));
  return {
    twins: plan.steps.flatMap(({ changes }) => changes.flatMap(({ resource, field, after }) => (field === TWIN ? [{ resource, what: after }] : []))),
    cost: { usdPerHour: rented.reduce((sum, one) => sum + one.usdPerHour, 0), unknown: [...new Set(rented.flatMap(({ unknown }) => unknown))] },
  };
}
