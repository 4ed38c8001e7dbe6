import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { type DbInstance, findDbInstance } from '../../aws/rds.ts';
import { cannotWrite, type DbInstanceState, dbInstanceState, mayBeAsked } from '../../aws/states/rds.ts';
import { iso } from '../../base/clock.ts';
import { LIMITS } from '../../base/limits.ts';
import { databasePart, noCheck, securityGroupId, stepKind } from '../common.ts';
import { lastsFor, lastsNot } from '../looks.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { cutOff, cutOffChanges, cutOffFurther, cutOffRights, letInAgain, rememberGroups } from './cut-off.ts';
import { apartOf } from './refusals.ts';
import { insistOnQuarantine } from './quarantine.ts';
import { fenceOf, recordFence } from './verdict.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import type { Database } from './instance.ts';

/* A guard. An old writer that could not be fenced while its region was silent is cut off as soon as that answers again. */

const params = z.strictObject({ ...databasePart, group: securityGroupId });
type Params = z.infer<typeof params>;

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const before = fenceOf(ctx, p.name)?.verdict;
  if (ctx.attempt === 0 && (before === 'fenced' || before === 'read-only')) return { state: 'reached', because: `${p.id} was fenced before its copy took over` };
  let instance: DbInstance | undefined;
  try {
    instance = await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 });
  } catch (error) {
    if (!(error instanceof AwsError) || !error.saysNothing) throw error;
    return silent(ctx, p);
  }
  lastsNot(ctx, quiet(p));
  // AWS knows it by its name only. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
  if (instance === undefined) {
    const because = `${p.region} answers that there is no ${p.id}: it was deleted, or has another name by now and takes writes under that. If it is there: close it by hand`;
    // It was seen to take writes since.
    return { state: 'pending', because, waitingFor: 'hold', ...(seenFact.has(ctx, p.name) ? { unsafe: true } : {}) };
  }
  const state = dbInstanceState(instance.DBInstanceStatus);
  const seen = seenAgain(ctx, p, instance, state);
  return seen.state === 'pending' && !cannotWrite(state) ? { ...seen, unsafe: true } : seen;
}

/** An old writer that has answered since, and gives no answer for so long, is lost again, as far as anyone can know. Milliseconds. */
const LOST_AGAIN_MS = 60_000;

const quiet = (p: Params): string => `guard-quiet.${p.name}`;

/** One that was seen open a moment ago is open still, whatever its API says now. */
function silent(ctx: StepContext, p: Params): Observation {
  const seen = seenFact.read(ctx, p.name);
  if (seen !== undefined && lastsFor(ctx, quiet(p)) < LOST_AGAIN_MS) {
    return { state: 'pending', because: `${p.id} in ${p.region} answered again at ${iso(seen)}, was not fenced yet, and gives no answer now`, waitingFor: 'aws', unsafe: true };
  }
  const how = seen === undefined ? 'has not answered since' : 'answered again, and is silent now';
  return { state: 'pending', because: `${p.id} in ${p.region} ${how}, so it is not fenced. Once it answers, dr reprotect fences it before anything else`, waitingFor: 'hold' };
}

function seenAgain(ctx: StepContext, p: Params, instance: DbInstance, state: DbInstanceState): Observation {
  const cut = cutOff(ctx, p, instance);
  if (cut.state === 'cut-off') return done(ctx, p, cut.because);
  // AWS changes nothing of it, and nobody can write to it until somebody starts it.
  if (cannotWrite(state)) return { state: 'pending', because: `${p.id} is ${state.shown}, and takes no writes. It is not in quarantine: dr reprotect fences it before anything else`, waitingFor: 'hold' };
  if (seenFact.read(ctx, p.name) === undefined) seenFact.record(ctx, p.name, ctx.effects.clock.now());
  if (cut.state === 'stuck') return { state: 'pending', because: `${p.id} answers again: ${cut.because}`, waitingFor: 'aws' };
  if (cut.state !== 'open') return cut;
  const apart = apartOf(instance);
  if (apart !== undefined) {
    return { state: 'pending', because: `${p.id} answers again, and takes writes: it is ${apart}, which dr cannot put into quarantine. Close it by hand`, waitingFor: 'hold' };
  }
  if (!mayBeAsked(state)) return { state: 'pending', because: `${p.id} answers again, and is ${state.shown}: not fenced yet`, waitingFor: 'aws' };
  rememberGroups(ctx, p, instance);
  return { state: 'absent', because: `${p.id} answers again, and is not in quarantine` };
}

const seenFact = fact('seen-again', z.number());

function done(ctx: StepContext, p: Params, why: string): Observation {
  const at = ctx.effects.clock.now();
  const seen = seenFact.read(ctx, p.name);
  const because = seen === undefined ? why : `${why}. It answered again at ${iso(seen)}, after its copy had taken over: what it took until ${iso(at)} is in no other instance`;
  recordFence(ctx, p.name, { verdict: 'fenced', because, at, ...(seen === undefined ? {} : { returnedAt: seen }) });
  return { state: 'reached', because };
}

export const fenceAgain = stepKind<Params>({
  params,
  check: noCheck,
  observe,
  act: (ctx, p) => cutOffFurther(ctx, p, () => insistOnQuarantine(ctx, p.region, p.id, p.group)),
  undo: letInAgain,
});

/** A guard looks for as long as the run is open. */
const LIMIT_MS = 7 * 24 * 3_600_000;

/** From `crossing`, the step by which its copy takes over; none without a quarantine group. */
export function fenceAgainStep(ctx: PlanContext, old: Database, group: string | undefined, crossing: string): StepDraft[] {
  if (group === undefined) return [];
  return [
    {
      step: 'fenceAgain',
      phase: 'fence',
      beside: [crossing],
      optional: true,
      reversibility: 'compensable',
      title: `Fence ${old.id} if ${old.region} answers again`,
      params: { ...old, group } satisfies Params,
      controlPlanes: [],
      permissions: cutOffRights(ctx, old, group),
      estimate: { p50: 0, p95: 0, basis: 'runs beside the rest, and nothing waits for it' },
      limitMs: LIMIT_MS,
      changes: cutOffChanges(old, group, 'if it was not fenced, and is seen again'),
    },
  ];
}
