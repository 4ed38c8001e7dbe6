import { messageOf } from '../base/errors.ts';
import type { Permission } from '../model/step.ts';
import type { ResourceState } from '../model/kind.ts';
import { traitsOf, type Verb } from '../model/verb.ts';
import { knownKind, stepsOfKind } from '../kinds/registry.ts';
import { compilePlan, type ObservedResource } from '../plan/compile.ts';
import type { Plan } from '../model/plan.ts';
import type { LoadedRunbook, RunbookResource } from '../runbook/runbook.ts';

/*
 * Plans from the runbook alone. Nothing is asked, so that every state is assumed that would make another plan, and what a
 * caller wants to know holds for all of them together.
 */

/** What stands for an account that nobody has named: AWS refuses a policy with it. */
export const ACCOUNT_UNKNOWN = 'ACCOUNT_ID';

interface OfflinePlans {
  plans: readonly Plan[];
  /** Where the runbook has no such way, and why. */
  impossible: readonly { source: string; because: string }[];
}

/** Every plan that a verb may make with `target` active at its end. */
export async function offlinePlans(loaded: LoadedRunbook, verb: Verb, target: string, account: string = ACCOUNT_UNKNOWN): Promise<OfflinePlans> {
  const { runbook } = loaded;
  const others = runbook.regions.map((r) => r.id).filter((id) => id !== target);
  const plans: Plan[] = [];
  const impossible: { source: string; because: string }[] = [];
  for (const source of traitsOf(verb).rebuilds ? others.slice(0, 1) : others) {
    const rebuild = traitsOf(verb).rebuilds ? { rebuild: others } : {};
    for (const active of assumed(loaded, verb, source, target)) {
      const resources = await Promise.all(runbook.resources.map((resource) => assume(resource, active)));
      try {
        plans.push(compilePlan({ loaded, verb, source, target, ...rebuild, account, now: 0, resources }));
      } catch (error) {
        impossible.push({ source, because: messageOf(error) });
        break;
      }
    }
  }
  return { plans, impossible };
}

/** The regions that may be active by section, before the verb. */
function assumed(loaded: LoadedRunbook, verb: Verb, source: string, target: string): { data: string[]; traffic: string[] }[] {
  const all = loaded.runbook.regions.map((r) => r.id);
  if (traitsOf(verb).rebuilds) return [{ data: [target], traffic: all.filter((id) => id !== source) }, { data: [target], traffic: [target] }];
  if (loaded.runbook.strategy !== 'active-active') return [{ data: [source], traffic: [source] }];
  // The target may have been out itself.
  return [{ data: [source], traffic: all }, { data: [source], traffic: all.filter((id) => id !== target) }];
}

async function assume(resource: RunbookResource, active: { data: string[]; traffic: string[] }): Promise<ObservedResource> {
  const kind = await knownKind(resource.kind);
  const activeIn = resource.section === 'traffic' ? active.traffic : resource.section === 'databases' ? active.data : [];
  const state: ResourceState = { activeIn, because: 'assumed from the runbook', facts: {} };
  return { ...resource, state, draft: (ctx) => stepsOfKind(kind, ctx, resource.name, resource.resource, state) };
}

/** What the looks before a plan need. A reprotect looks from every region, for it finds the active one by itself. */
export async function lookPermissions(loaded: LoadedRunbook, verb: Verb, target: string, account: string = ACCOUNT_UNKNOWN): Promise<Permission[]> {
  const from = traitsOf(verb).rebuilds ? loaded.runbook.regions.map((r) => r.id) : [target];
  const perResource = await Promise.all(
    loaded.runbook.resources.map(async (resource) => {
      const kind = await knownKind(resource.kind);
      return from.flatMap((region) => kind.looks?.({ target: region, account }, resource.resource) ?? []);
    }),
  );
  return perResource.flat();
}
