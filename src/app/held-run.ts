import { AwsError } from '../aws/errors.ts';
import { callerIdentity } from '../aws/identity.ts';
import { DrError } from '../base/errors.ts';
import type { Effects } from '../effects/effects.ts';
import type { JournalRecord, Operator } from '../journal/events.ts';
import { Journal } from '../journal/journal.ts';
import type { RunStore, StateStore } from '../journal/state-store.ts';
import { isOver, type RunState } from '../journal/state.ts';
import { PLAN_SCHEMA } from '../model/plan.ts';
import { type RunResult, thenGiveBack } from './run-to-the-end.ts';
import { refuseOtherLab } from './in-lab.ts';
import { leaseAll, stoppedDrills } from './locks.ts';
import { awsFailure } from './observe.ts';
import { thisOperator } from './operator.ts';
import { loadRun } from './runs.ts';
import { openState, type StatePlace } from './state.ts';

/** A run that has begun, held by this process alone: its journal can be written on. */
interface HeldRun {
  journal: Journal;
  state: StateStore;
  store: RunStore;
  operator: Operator;
  /** Drills that it took the application from, as the journal says it. */
  stopped: { stoppedDrills?: readonly string[] };
}

interface HoldRequest {
  run: string;
  state: StatePlace;
  effects: Effects;
  /** Takes the application from the run that holds it. */
  takeOver?: boolean;
  onRecord: (record: JournalRecord, state: RunState) => void;
  onMessage?: (text: string) => void;
  /** Looks at the run before it is taken. @throws DrError when it must not be. */
  mayTake: (state: RunState) => Promise<void>;
}

/**
 * Takes a run that has begun, and lets `work` continue with it: the account is that of the run, the lock is held, and the
 * journal was read again under it.
 * @throws DrError: no such run, a plan of another version of dr, other account, held by somebody else.
 */
export async function withHeldRun(request: HoldRequest, work: (held: HeldRun) => Promise<RunResult>): Promise<RunResult> {
  const { effects } = request;
  const state = openState(request.state, effects.aws);
  const before = await loadRun(state, request.run);
  const { plan, run } = before.state;
  if (!isOver(before.state)) refuseOldPlan(before.state);
  refuseOtherLab(before.state);
  await request.mayTake(before.state);
  const identity = await callerIdentity(effects.aws, plan.target).catch((error: unknown) => {
    throw error instanceof AwsError ? awsFailure(error, plan.target) : error;
  });
  if (identity.account !== plan.account) {
    throw new DrError({
      code: 'WRONG_ACCOUNT',
      exit: 'refused',
      title: `The run is for account ${plan.account}; your credentials are for ${identity.account}.`,
      next: ['export AWS_PROFILE=…'],
    });
  }
  const operator = thisOperator(identity.arn);
  const { clock, ids } = effects;
  const { stopped, onPreempted } = stoppedDrills(request.onMessage);
  const lease = await leaseAll(state, plan, before.state.endpoints, { run, operator, now: clock.now(), ids, above: before.state.term, takeOver: request.takeOver ?? false, onPreempted });
  const store = state.run(run, lease.guard, request.onMessage);
  return thenGiveBack(store, lease, async () => {
    // Read again under the lock: the runner that held it before may have written on.
    const records = await store.read();
    const journal = new Journal({ store, clock, run, term: lease.term, onRecord: request.onRecord, records });
    return work({ journal, state, store, operator, stopped: stopped() });
  });
}

/** The steps of such a plan would be read as what they are not. */
function refuseOldPlan({ run, plan, tool }: RunState): void {
  // A journal is read as what this version writes; an older one names another schema.
  const schema: string = plan.schema;
  if (schema === PLAN_SCHEMA) return;
  throw new DrError({
    code: 'PLAN_OF_OTHER_VERSION',
    exit: 'refused',
    title: `Run ${run} has a plan of the schema ${schema}; this version of dr runs ${PLAN_SCHEMA}.`,
    detail: `It was begun by dr ${tool.version}.`,
    next: ['continue with the version of dr that began it', `dr ${plan.verb} --region ${plan.target}    starts again, from what is there now`],
  });
}
