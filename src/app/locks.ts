import { sha256 } from '../base/json.ts';
import { DrError, messageOf } from '../base/errors.ts';
import { RUN_ID } from '../base/ids.ts';
import type { Operator } from '../journal/events.ts';
import { endsTheRun, isHeld, isSuperseded, type Lease, type LeaseRequest, type LockRecord, verbOfHolder } from '../journal/lease.ts';
import type { Guard, StateStore } from '../journal/state-store.ts';
import type { Plan } from '../model/plan.ts';
import { preempts, traitsOf, type Verb } from '../model/verb.ts';
import { runMode } from './live-effects.ts';

/*
 * A run holds its application, and each resource that it changes or leaves: two runbooks may share one, and two runs at once would
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

/**
 * AWS keeps names of databases and of records in lower case, however they are written; others, as of Auto Scaling groups, have a case. Of resources as
 * plans name them: `<service>:<region or zone>:<name>`.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
 */
const CASELESS = /^(rds:|route53:[^:]*:)(\S+)/;

/** The one spelling by which two names of a resource are compared. */
function asAwsNamesIt(resource: string): string {
  return resource.replace(CASELESS, (_, before: string, name: string) => `${before}${name.toLowerCase()}`);
}

/**
 * Each resource that the plan changes, by what AWS calls it, in one order. The old writer of a promotion is one of them, also where nothing
 * fences it: from it another runbook might promote another replica.
 */
export function resourcesOf(plan: Pick<Plan, 'steps'>): string[] {
  // What a custom step changes has a name of the runbook's own making.
  const changed = plan.steps.flatMap(({ origin, changes }) => (origin === 'custom' ? [] : changes.map(({ resource }) => resource)));
  const left = plan.steps.flatMap(({ oldWriter }) => oldWriter ?? []);
  return [...new Set([...changed, ...left].map(asAwsNamesIt))].sort();
}

/** A lock for each resource of the plan. */
export function resourceLocks(plan: Plan, endpoints: readonly string[]): string[] {
  return resourcesOf(plan).map((resource) => {
    const name = lockName(resource.replaceAll(/[^A-Za-z0-9-]/g, '_'), plan.account, endpoints);
    return name.length <= NAME_MAX ? name : `${name.slice(0, name.indexOf('_'))}_${sha256(name).slice(0, 32)}`;
  });
}

/** What a run of this plan could not take now: the locks that others hold, by name, each with who does. Reads only. */
export function heldByOthers(state: StateStore, plan: Plan, endpoints: readonly string[], operator: Operator): Promise<{ lock: string; holder: LockRecord }[]> {
  return heldOf(state, [lockName(plan.runbook.name, plan.account, endpoints), ...resourceLocks(plan, endpoints)], operator);
}

export async function heldOf(state: StateStore, locks: readonly string[], operator: Operator): Promise<{ lock: string; holder: LockRecord }[]> {
  const held = await Promise.all(
    locks.map(async (lock) => {
      const holder = await state.lockOf(lock);
      if (holder === undefined || !isHeld(holder, operator)) return [];
      // A run that is over holds nothing, also where it could not give its lock back.
      const last = RUN_ID.test(holder.run) ? await state.run(holder.run).last().catch(() => undefined) : undefined;
      return endsTheRun(last) ? [] : [{ lock, holder }];
    }),
  );
  return held.flat();
}

interface RunLease extends Lease {
  readonly guard: Guard;
}

interface AllRequest extends Omit<LeaseRequest, 'lock' | 'force'> {
  takeOver?: boolean;
  /** Called, perhaps more than once, with a run that has to give way. Left out: none has to. */
  onPreempted?: (run: string) => void;
}

/** Whether a run that holds a lock has to leave it to a run of that verb. */
export function givesWay(verb: Verb, holder: LockRecord): boolean {
  const held = verbOfHolder(holder);
  return held !== undefined && preempts(verb, held);
}

/** A drill that was superseded leaves its twins: its last words say how they are deleted. */
function withCleanUp(error: unknown, verb: Verb, run: string): Error {
  if (!isSuperseded(error) || !traitsOf(verb).drills) return error instanceof Error ? error : new Error(messageOf(error));
  const { code, exit, message: title, detail } = error;
  const next = [`dr drill clean ${run}    deletes its twins, when the other run is over`];
  return new DrError({ code, exit, title, ...(detail === undefined ? {} : { detail }), next, cause: error });
}

/** Collects the drills that have to give way to a run, and tells who watches, once each. `stopped`: as the journal says it. */
export function stoppedDrills(say: (text: string) => void = () => undefined): { stopped: () => { stoppedDrills?: readonly string[] }; onPreempted: (run: string) => void } {
  const runs = new Set<string>();
  const onPreempted = (run: string): void => {
    if (runs.has(run)) return;
    runs.add(run);
    say(`The drill ${run} holds this application, and gives way: it stops before its next change. Its twins stay; delete them afterwards: dr drill clean ${run}`);
  };
  return { stopped: () => (runs.size === 0 ? {} : { stoppedDrills: [...runs] }), onPreempted };
}

/**
 * Takes the application and its resources, or nothing. The term is that of the application. A person's decision to take a
 * run over (`takeOver`) takes them from that same run, and from no other; with `onPreempted`, a run of this plan also takes them from a run
 * that it does not wait for (`preempts`), whose id is given to it.
 * @throws DrError (busy) that says who holds what
 */
export async function leaseAll(state: StateStore, plan: Plan, endpoints: readonly string[], request: AllRequest): Promise<RunLease> {
  const leases: Lease[] = [];
  const release = async (): Promise<void> => {
    // The application last: who gets it finds its resources free. One that cannot be given back keeps no other.
    let failed: { error: unknown } | undefined;
    for (const lease of leases.splice(0).reverse()) await lease.release().catch((error: unknown) => (failed ??= { error }));
    if (failed !== undefined) throw failed.error;
  };
  try {
    const { takeOver = false, onPreempted, run, operator, now, ids, above } = request;
    const force = (holder: LockRecord): boolean => {
      if (takeOver && holder.run === run) return true;
      if (onPreempted === undefined || !givesWay(plan.verb, holder)) return false;
      onPreempted(holder.run);
      return true;
    };
    const own = lockName(plan.runbook.name, plan.account, endpoints);
    const application = await state.lease({ lock: own, run, operator, now, ids, ...(above === undefined ? {} : { above }), force });
    leases.push(application);
    for (const lock of resourceLocks(plan, endpoints)) leases.push(await state.lease({ lock, run, operator, now, ids, force }));
    const held = [...leases];
    const guard: Guard = (all) => Promise.all((all ? held : [application]).map((lease) => lease.assertHeld())).then(() => undefined, (error: unknown) => Promise.reject(withCleanUp(error, plan.verb, run)));
    return { term: application.term, guard, assertHeld: () => guard(true), release };
  } catch (error) {
    await release().catch(() => undefined);
    throw error;
  }
}
