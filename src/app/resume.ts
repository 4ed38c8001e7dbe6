import { AwsError } from '../aws/errors.ts';
import { callerIdentity } from '../aws/identity.ts';
import { DrError } from '../base/errors.ts';
import type { Effects } from '../effects/effects.ts';
import { Journal } from '../journal/journal.ts';
import { acquireLease } from '../journal/lease.ts';
import { LocalStore } from '../journal/local-store.ts';
import type { Acceptances } from '../kinds/step.ts';
import { liveEffects } from './live-effects.ts';
import { awsFailure } from './observe.ts';
import { lockName } from './lock-name.ts';
import { thisOperator } from './operator.ts';
import { type RunResult, type RunWatchers, runToTheEnd } from './run-to-the-end.ts';
import { listRuns, loadRun } from './runs.ts';

export interface ResumeRequest extends RunWatchers {
  /** Default: the newest run that has not succeeded. */
  run?: string;
  /** State folder. */
  state: string;
  /** What is said now, on top of what was said before. */
  acceptances: Acceptances;
  effects?: Effects;
}

/** Goes on with a run: every step that is not done is observed, and acted on only where the wanted state is missing. */
export async function resume(request: ResumeRequest): Promise<RunResult> {
  const effects = request.effects ?? liveEffects();
  const run = request.run ?? (await newestOpenRun(request.state));
  const before = await loadRun(request.state, run);
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
  const lease = await acquireLease(request.state, lock, run, operator, effects.clock.now(), effects.ids, before.state.term);
  const store = new LocalStore(request.state, run, () => lease.assertHeld());
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

async function newestOpenRun(stateDir: string): Promise<string> {
  const open = (await listRuns(stateDir)).find((run) => run.outcome !== 'succeeded');
  if (open !== undefined) return open.run;
  throw new DrError({
    code: 'NOTHING_TO_RESUME',
    exit: 'usage',
    title: 'There is no run that could be resumed.',
    detail: `State folder: ${stateDir}`,
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
