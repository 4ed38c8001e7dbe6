import { loadSdk } from '../aws/clients.ts';
import { OPERATIONS, type Service } from '../aws/operations.ts';
import { loadSql } from '../effects/postgres.ts';
import { loadStepKind } from '../kinds/registry.ts';
import type { Plan } from '../model/plan.ts';

/**
 * Loads the code that a run of this plan needs, while something else is waited for: each client of the SDK takes 15 to 300 ms, and users
 * would wait for it. What cannot be loaded is an error where it is used.
 */
export async function loadAhead(plan: Pick<Plan, 'steps'>): Promise<void> {
  const kinds = [...new Set(plan.steps.map(({ kind }) => kind))];
  const hasLogins = plan.steps.some(({ env }) => env.length > 0);
  await Promise.allSettled([...kinds.map(loadStepKind), ...servicesOf(plan).map(loadSdk), ...(hasLogins ? [loadSql()] : [])]);
}

/** The services that a run of this plan calls, by the permissions of its steps and the identity that it asks for first. Sorted. */
export function servicesOf({ steps }: Pick<Plan, 'steps'>): Service[] {
  const prefixes = steps.flatMap(({ permissions }) => permissions.flatMap(({ actions }) => actions.map((action) => action.split(':', 1)[0] ?? '')));
  const named = [...prefixes, 'sts'].map((prefix) => (prefix === 'elasticloadbalancing' ? 'elbv2' : prefix));
  return [...new Set(named)].filter((name): name is Service => Object.hasOwn(OPERATIONS, name)).sort();
}
