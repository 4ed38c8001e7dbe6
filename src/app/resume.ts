import { AwsError } from '../aws/errors.ts';
import { callerIdentity } from '../aws/identity.ts';
import { DrError } from '../base/errors.ts';
import type { Effects } from '../effects/effects.ts';
import { Journal } from '../journal/journal.ts';
import type { Acceptances } from '../kinds/step.ts';
import { liveEffects } from './live-effects.ts';
import { awsFailure } from './observe.ts';
import { lockName } from './lock-name.ts';
import { thisOperator } from './operator.ts';
import { type RunResult, type RunWatchers, runToTheEnd } from './run-to-the-end.ts';
import { listRuns, loadRun } from './runs.ts';
import { openState, type StatePlace } from './state.ts';

export interface ResumeRequest extends RunWatchers {
  /** Default: the newest run that has not succeeded. */
  run?: string;
  state: StatePlace | string;
  /** Takes the application from whoever holds it: the person who says so gives a reason. */
  takeOver?: boolean;
  /** What is said now, on top of what was said before. */
  acceptances: Acceptances;
  effects?: Effects;
}

/** Goes on with a run: every step that is not done is observed, and acted on only where the wanted state is missing. */
export async function resume(request: ResumeRequest): Promise<RunResult> {
  const effects = request.effects ?? liveEffects();
  const state = openState(request.state, effects.aws);
  const run = request.run ?? (await newestOpenRun(request.state));
  const before = await loadRun(state, run);
  const { plan } = before.state;
  if (before.state.outcome === 'succeeded') {
    throw new DrError({
      code: 'RUN_ENDED',
      exit: 'usage',
      title: `Run ${run} has succeeded: there is nothing to resume.`,
      next: [`dr report ${run}`],
    });
  }
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
  const lock = lockName(plan.runbook.name, plan.account, before.state.endpoints);
  const { clock, ids } = effects;
  const force = request.takeOver ?? false;
  const lease = await state.lease({ lock, run, operator, now: clock.now(), ids, above: before.state.term, force });
  const store = state.run(run, () => lease.assertHeld());
  try {
    // Read again under the lock: the runner that held it before may have written on.
    const records = await store.read();
    const journal = new Journal({ store, clock: effects.clock, run, term: lease.term, onRecord: request.onRecord, records });
    const acceptances = merge(journal.state.acceptances, request.acceptances);
    await journal.append({ type: 'run.resumed', operator, acceptances });
    return await runToTheEnd({ ...request, journal, store, effects, operator });
  } finally {
    await store.close();
    await lease.release();
  }
}

async function newestOpenRun(place: StatePlace | string): Promise<string> {
  const open = (await listRuns(place)).find((run) => run.outcome !== 'succeeded');
  if (open !== undefined) return open.run;
  throw new DrError({
    code: 'NOTHING_TO_RESUME',
    exit: 'usage',
    title: 'There is no run that could be resumed.',
    detail: `State: ${typeof place === 'string' ? place : (place.s3 ?? place.folder)}`,
    next: ['dr history    lists the runs'],
  });
}

function merge(before: Acceptances, now: Acceptances): Acceptances {
  // `again` holds for one resume only: what is unclear afterwards has to be looked at afresh.
  const { again: _once, ...lasting } = before;
  const done = union(before.done, now.done);
  return { ...lasting, ...now, approvedBy: union(before.approvedBy, now.approvedBy), ...(done.length === 0 ? {} : { done }) };
}

function union(before: readonly string[] = [], now: readonly string[] = []): string[] {
  return [...new Set([...before, ...now])];
}
