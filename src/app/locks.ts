import { sha256 } from '../base/json.ts';
import type { Lease } from '../journal/lease.ts';
import type { LeaseRequest, StateStore } from '../journal/state-store.ts';
import type { Plan } from '../plan/plan.ts';
import { runMode } from './live-effects.ts';

/*
 * A run holds its application, and each database that it changes: two runbooks may share one, and two runs at once would
 * each promote and fence what the other one is about to (invariant: no two runs act on the same resources).
 */

/** Names of locks are names of files and of objects. */
const NAME_MAX = 120;

/**
 * The lock that guards an application: one for its name and account. Each lab is a world of its own, so that two of
 * them, or a lab and the real thing, do not wait for each other. `endpoints` are the run's endpoint overrides.
 */
export function lockName(runbook: string, account: string, endpoints: readonly string[]): string {
  if (runMode(account) === 'live') return `${runbook}-${account}`;
  return `${runbook}-lab-${sha256(endpoints.join('\n')).slice(0, 12)}`;
}

/** A lock for each database instance that the plan changes, by what AWS calls it, in one order. */
export function databaseLocks(plan: Plan, endpoints: readonly string[]): string[] {
  const changed = plan.steps.flatMap(({ changes }) => changes.map(({ resource }) => resource)).filter((resource) => resource.startsWith('rds:'));
  return [...new Set(changed)].sort().map((resource) => {
    const name = lockName(resource.replaceAll(/[^A-Za-z0-9-]/g, '_'), plan.account, endpoints);
    return name.length <= NAME_MAX ? name : `rds_${sha256(name).slice(0, 32)}`;
  });
}

/**
 * Takes the application and its databases, or nothing. The term is that of the application. A person's decision to take a
 * run over (`force`) takes a database from that same run, and from no other.
 * @throws DrError (busy) that says who holds what
 */
export async function leaseAll(state: StateStore, plan: Plan, endpoints: readonly string[], request: Omit<LeaseRequest, 'lock'>): Promise<Lease> {
  const leases: Lease[] = [];
  const release = async (): Promise<void> => {
    // The application last: who gets it finds its databases free.
    for (const lease of leases.splice(0).reverse()) await lease.release();
  };
  try {
    const application = await state.lease({ ...request, lock: lockName(plan.runbook.name, plan.account, endpoints) });
    leases.push(application);
    for (const lock of databaseLocks(plan, endpoints)) {
      const { force = false, run, operator, now, ids } = request;
      const holder = force ? await state.lockOf(lock) : undefined;
      leases.push(await state.lease({ lock, run, operator, now, ids, force: force && holder?.run === run }));
    }
    const held = [...leases];
    return { term: application.term, assertHeld: () => Promise.all(held.map((lease) => lease.assertHeld())).then(() => undefined), release };
  } catch (error) {
    await release();
    throw error;
  }
}
