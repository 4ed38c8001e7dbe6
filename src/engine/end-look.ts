import { messageOf } from '../base/errors.ts';
import { reachable } from '../base/graph.ts';
import { LIMITS } from '../base/limits.ts';
import type { PlanStep, Verdict } from '../model/step.ts';
import { inParallel } from './schedule.ts';
import { ask, type Run } from './run.ts';
import { isSuperseded } from '../journal/lease.ts';
import { traitsOf } from '../model/verb.ts';

/*
 * Success is declared from what is there at that moment: what a step saw minutes ago may be gone.
 *
 * Invariants:
 * 1. Every step that is done and can say whether its end state still holds has said so, after everything else has ended, and all of
 *    them within LIMITS.endFreshMs, counted from the answers: what one said while another had no answer yet is asked again.
 * 2. One that cannot say so within LIMITS.endLookMs has failed, and so has one that only others keep from it: a resume continues it.
 *    Where users are led elsewhere by now, so has the step that led them: it is made again.
 * 3. Traffic follows data: users are not led to data that was made a while ago and is gone.
 * 4. Reads only.
 */

/** Code of the error of a step whose end state was reached, and is gone. */
export const END_STATE_GONE = 'END_STATE_GONE';

/** Looks once more at the end state of a run that has done everything. What is not there is journaled as failed. */
export async function stillThere(run: Run): Promise<'succeeded' | 'failed' | 'interrupted'> {
  const { journal, drain } = run;
  const { clock } = run.effects;
  const done = run.steps.filter((step) => journal.state.steps.get(step.id)?.state === 'done' && run.kindOf(step).holds !== undefined);
  const until = clock.now() + LIMITS.endLookMs;
  const saidAt = new Map<PlanStep, number>();
  const fail = async (step: PlanStep, because: string): Promise<void> => {
    await journal.append({ type: 'step.failed', step: step.id, because, error: { code: END_STATE_GONE, message: because, next: ['dr resume'] } });
  };
  for (let open = done; open.length > 0; open = done.filter((step) => clock.now() - (saidAt.get(step) ?? 0) > LIMITS.endFreshMs)) {
    if (clock.now() > until && !drain.aborted) {
      for (const step of open) await fail(step, 'it was so a while ago, and other answers took too long to say so of all at once');
      return 'failed';
    }
    const missing = new Set(open);
    await inParallel(open, LIMITS.checksInParallel, async (step) => {
      const why = await whyGone(run, step);
      if (why === undefined) {
        missing.delete(step);
        saidAt.set(step, clock.now());
      } else if (!drain.aborted) {
        await fail(step, `it was so, and at the end of the run it is not: ${why.seen}`);
        for (const mover of await undoneMovers(run, step)) await fail(mover, `it was made, and somebody has changed it since: ${why.seen}`);
      }
    });
    if (missing.size > 0) return drain.aborted ? 'interrupted' : 'failed';
  }
  return 'succeeded';
}

/**
 * The refusal of a step that leads users to data which is there no more. What was made a moment ago is not asked again, but where AWS has
 * turned the step away before (`turnedAway`): it may be tried for minutes. In a failover only a clear no counts: where the API of the target is silent, users have nowhere better to be.
 */
export async function dataGone(run: Run, step: PlanStep, turnedAway: boolean): Promise<Verdict | undefined> {
  if (step.phase !== 'traffic') return undefined;
  const { journal, effects, drain } = run;
  const now = effects.clock.now();
  const youngMs = turnedAway ? LIMITS.endFreshMs : LIMITS.checkAgeMs;
  const old = run.steps.filter((s) => {
    if (s.phase !== 'data' || run.kindOf(s).holds === undefined) return false;
    const made = journal.state.steps.get(s.id);
    return made?.state === 'done' && now - (made.endedAt ?? now) > youngMs;
  });
  if (old.length === 0) return undefined;
  const looks = await Promise.all(old.map((s) => whyGone(run, s)));
  drain.throwIfAborted();
  const clear = traitsOf(journal.state.plan.verb).sourceMayBeDead ? looks.filter((why) => why?.surely === true) : looks.filter((why) => why !== undefined);
  if (clear.length === 0) return undefined;
  return {
    state: 'refused',
    refusal: {
      rule: 'data-gone',
      observed: `since it was made: ${clear.map((why) => why?.seen ?? '').join('; ')}`,
      threshold: 'traffic follows data: the database that users are led to is there, and takes writes',
      consequence: 'users would be led to a region that cannot serve them',
      override: 'none: mend it, then dr resume',
    },
  };
}

/** Says which of the data that a failed run made is not as it was, for what users see. One look at each, and nothing where that gives no answer. */
export async function sayWhatIsGone(run: Run): Promise<void> {
  const { journal, drain } = run;
  const made = run.steps.filter((s) => s.phase === 'data' && journal.state.steps.get(s.id)?.state === 'done' && run.kindOf(s).holds !== undefined);
  await inParallel(made, LIMITS.checksInParallel, async (step) => {
    const look = await ask(run, step, { ms: LIMITS.endFreshMs }, (kind, ctx) => kind.holds?.(ctx, step.params) ?? Promise.reject(new Error('nothing to look at'))).catch(() => undefined);
    if (look === undefined || look.state === 'reached' || drain.aborted) return;
    await journal.append({ type: 'step.silent', step: step.id, because: `it was so, and when the run failed it was not: ${look.state === 'refused' ? look.refusal.observed : look.because}` });
  });
}

/** The last steps that led users to where this one looks, and whose end state is not there any more. */
async function undoneMovers(run: Run, gone: PlanStep): Promise<PlanStep[]> {
  const { journal } = run;
  if (gone.phase !== 'traffic') return [];
  const byId = new Map(run.steps.map((step) => [step.id, step]));
  // custom steps are not run twice for it.
  const isMover = (step: PlanStep): boolean => step.origin !== 'custom' && run.kindOf(step).act !== undefined;
  // Nothing that leads users lies behind a step of another phase.
  const before = ({ after }: PlanStep): PlanStep[] => after.flatMap((id) => byId.get(id) ?? []).filter(({ phase }) => phase === 'traffic');
  const movers = [...reachable(before(gone), (step) => (isMover(step) ? [] : before(step)))].filter(isMover);
  const done = movers.filter(({ id }) => journal.state.steps.get(id)?.state === 'done');
  const looks = await Promise.all(done.map((step) => ask(run, step, { ms: LIMITS.checkMs }, (kind, ctx) => kind.observe(ctx, step.params)).catch(() => undefined)));
  return done.filter((_, i) => looks[i]?.state === 'absent');
}

/** Undefined where the end state of a step holds. A look that is not answered, or says "not now", is made again for a while. */
async function whyGone(run: Run, step: PlanStep): Promise<{ seen: string; surely: boolean } | undefined> {
  const { effects, drain } = run;
  const { clock } = effects;
  const until = clock.now() + LIMITS.endLookMs;
  let seen = '';
  while (!drain.aborted) {
    try {
      const ms = Math.max(1, until - clock.now());
      const look = await ask(run, step, { ms }, (kind, ctx) => kind.holds?.(ctx, step.params) ?? Promise.reject(new Error('nothing to look at')));
      if (look.state === 'reached') return undefined;
      seen = look.state === 'refused' ? look.refusal.observed : look.because;
      if (look.state === 'impossible') return { seen, surely: true };
    } catch (error) {
      if (isSuperseded(error)) throw error;
      seen = messageOf(error);
    }
    if (clock.now() + LIMITS.endPollMs >= until) break;
    await clock.sleep(LIMITS.endPollMs, drain).catch(() => undefined);
  }
  return { seen, surely: false };
}
