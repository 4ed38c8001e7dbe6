import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { formatDuration } from '../../base/duration.ts';
import { type DbInstance, findDbInstance } from '../../aws/rds.ts';
import { cannotWrite, type DbInstanceState, dbInstanceState } from '../../aws/states/rds.ts';
import { LIMITS } from '../../base/limits.ts';
import { databasePart, refused, securityGroupId, stepKind } from '../common.ts';
import { follows, lastsFor, lastsNot } from '../looks.ts';
import { fact } from '../../model/fact.ts';
import { notShown, RECEIVES, type Sign, showSigns, signalFact, sourceVerdictFact, wordsOf } from '../../model/signals.ts';
import { seenJustNow, sourceApiSignal } from './signals.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';
import { refusalOf } from './change.ts';
import { cutOff, cutOffChanges, cutOffFurther, cutOffRights, letInAgain, rememberGroups } from './cut-off.ts';
import { apartOf } from './refusals.ts';
import { quarantineUnfit } from './vpc.ts';
import { askForQuarantine, quarantineOf } from './quarantine.ts';
import { type FenceVerdict, recordFence } from './verdict.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import type { Database } from './instance.ts';

/*
 * Makes sure that the old writer takes no more writes: where its API answers, its security groups are replaced by a closed
 * one, and a reboot ends its sessions. Where it does not, the verdict on the source region must hold. Recorded as
 * `fence.<database>`.
 */

const params = z.strictObject({ ...databasePart, group: securityGroupId.optional() });
type Params = z.infer<typeof params>;

type Look = { instance: DbInstance | undefined } | { dead: string };

/** Looks at an API that was silent while users are served: one lost answer is no dead region. */
const LOOKS_WHILE_SERVED = 3;

/** The old writer, unless the region was found dead a moment ago: its silence need not be waited for twice, but where users are served. */
async function look(ctx: StepContext, p: Params): Promise<Look> {
  const signal = signalFact.read(ctx, sourceApiSignal(p.name));
  const served = signalFact.read(ctx, 'users')?.says === 'up';
  if (signal?.silent === true && seenJustNow(ctx, signal.at) && !served) return { dead: signal.because };
  try {
    const options = { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: served ? LOOKS_WHILE_SERVED : 1 };
    return { instance: await findDbInstance(ctx.effects.aws, p.region, p.id, options) };
  } catch (error) {
    if (error instanceof AwsError && error.saysNothing) return { dead: error.message };
    throw error;
  }
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const seen = await look(ctx, p);
  // Silence is no sign that it is down while its replica was seen to receive from it.
  const receives = signalFact.read(ctx, `replication.${p.name}`)?.receiving === true;
  const gone = 'dead' in seen ? seen.dead : seen.instance === undefined ? `${p.region} answers that there is no ${p.id}` : undefined;
  const before = gone === undefined ? undefined : answeredBefore(ctx, p);
  if (gone !== undefined && before !== undefined) return answersNoMore(ctx, p, gone, before);
  lastsNot(ctx, quiet(p));
  if (gone !== undefined && receives) return byAPerson(ctx, p, `${gone}; ${RECEIVES}`, ['receives']);
  if ('dead' in seen) return againstSigns(ctx, p, seen.dead) ?? withoutItsApi(ctx, p, seen.dead, ', so that nothing can be fenced there');
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
  if (seen.instance === undefined) return byAPerson(ctx, p, `${p.region} answers that there is no ${p.id}: it was deleted, or has another name by now and takes writes under that`);
  const state = dbInstanceState(seen.instance.DBInstanceStatus);
  if (p.group === undefined) return withoutGroup(ctx, p, state);
  const apart = apartOf(seen.instance);
  if (apart !== undefined) return withoutGroup(ctx, p, state, `, and it is ${apart}, whose security groups AWS does not change by itself`);
  const cut = cutOff(ctx, { ...p, group: p.group }, seen.instance);
  if (cut.state === 'cut-off') return done(ctx, p, 'fenced', cut.because);
  if (cut.state === 'stuck') return withoutItsApi(ctx, p, cut.because);
  const open = cut.state === 'open';
  // AWS changes nothing of it: it is out for as long as nobody starts it.
  if (open && cannotWrite(state)) return withoutItsApi(ctx, p, saysOfItself(state));
  const refusal = refusalOf(ctx, p);
  if (stalled(ctx, p, seen.instance, refusal === undefined ? SLOW_MS : REFUSED_MS)) {
    const asked = refusal === undefined ? '' : `; AWS refuses the change: ${refusal}`;
    const why = open ? `it is ${state.shown}, and not in quarantine${asked}` : `${cut.because}; it is ${state.shown}${asked}. It stays closed: dr resume tries again, dr abort gives its security groups back`;
    return byAPerson(ctx, p, why, refusal === undefined ? [] : ['refused']);
  }
  // What was refused shows no sign of itself: it is asked for again.
  const again = refusal === undefined ? {} : ({ further: true } as const);
  if (!open) return cut.state === 'absent' ? { ...cut, ...again } : cut;
  const unfit = refusal === undefined ? await unfitGroup(ctx, p, seen.instance, p.group) : undefined;
  if (unfit !== undefined) return byAPerson(ctx, p, `it cannot be put into quarantine: ${unfit}`);
  rememberGroups(ctx, p, seen.instance);
  return { state: 'absent', because: state.ask === 'yes' ? `${p.id} answers, and is not in quarantine` : `${p.id} is ${state.shown}, and not in quarantine`, ...again };
}

/** So long an API that answered when the source was judged is asked again. Milliseconds. */
const ASKED_AGAIN_MS = 15_000;

const quiet = (p: Params): string => `fence-quiet.${p.name}`;

/** What its API answered when the source was judged, if that was a database that may take writes. */
function answeredBefore(ctx: StepContext, p: Params): string | undefined {
  const signal = signalFact.read(ctx, sourceApiSignal(p.name));
  return signal?.says === 'up' || signal?.unsettled === true ? signal.because : undefined;
}

/** One lost answer is waited out. What lasts is no sign that the database is lost; nor is an instance that is gone: it may have another name. */
function answersNoMore(ctx: StepContext, p: Params, why: string, answered: string): Observation {
  const lasts = lastsFor(ctx, quiet(p));
  if (lasts < ASKED_AGAIN_MS) return { state: 'pending', because: `${why}; when the source was judged its API answered that ${answered}: it is asked again`, waitingFor: 'aws' };
  return byAPerson(ctx, p, `${why}, for ${formatDuration(lasts)}; when the source was judged its API answered that ${answered} (if it was lost since: dr resume)`);
}

/** A fence that AWS refuses for so long does not end in time: then a person decides. */
const REFUSED_MS = 90_000;
/** The same for one that continues too slowly. Shorter than the step's limit. */
const SLOW_MS = 180_000;

const stallFact = fact('fence-stands', z.object({ at: z.string(), since: z.number(), last: z.number() }));

/** Whether it has stood where it stands for so long, while this run looked. */
function stalled(ctx: StepContext, p: Params, instance: DbInstance, limitMs: number): boolean {
  const now = ctx.effects.clock.now();
  const at = quarantineOf(instance, p.group ?? '');
  const before = stallFact.read(ctx, p.name);
  const same = before !== undefined && before.at === at && follows(before.last, now);
  const since = same ? before.since : now;
  stallFact.record(ctx, p.name, { at, since, last: now });
  return now - since >= limitMs;
}

/** One that AWS starts again by itself is closed by nobody then. */
function saysOfItself({ shown, returns }: DbInstanceState): string {
  return `its API answers that it is ${shown}${returns === undefined ? '' : ` (${returns})`}`;
}

/** It answers, and cannot be cut off: unless AWS says that nobody can write to the database, only a person can say so. */
function withoutGroup(ctx: StepContext, p: Params, state: DbInstanceState, lacks = ', and the runbook names no quarantine group'): Observation {
  const why = `${saysOfItself(state)}${lacks}`;
  return cannotWrite(state) ? withoutItsApi(ctx, p, why) : byAPerson(ctx, p, why);
}

function byAPerson(ctx: StepContext, p: Params, why: string, seen: readonly Sign[] = []): Observation {
  const attested = ctx.acceptances.sourceDown;
  const signs = [...(sourceVerdictFact.read(ctx)?.signs ?? []), ...seen];
  if (attested === undefined) {
    showSigns(ctx, signs);
    return unfenced(p, why, 'fenced by a security group, or a named person who says that it takes no writes');
  }
  const before = wordBefore(ctx, p, why, signs);
  return before ?? done(ctx, p, 'attested', `${why}; attested by ${attested}`);
}

/** The word was given before signs of life were shown, and says nothing of them: its giver is asked again. Undefined where it holds. */
function wordBefore(ctx: StepContext, p: Params, why: string, signs: readonly Sign[]): Observation | undefined {
  const unheard = notShown(ctx, signs);
  if (unheard.length === 0) return undefined;
  showSigns(ctx, unheard);
  const attested = ctx.acceptances.sourceDown ?? 'somebody';
  return unfenced(p, `${why}. ${attested} said that it is down, and had not been shown that ${wordsOf(unheard)}`, 'fenced, or a named person who has been shown that, and says again that it takes no writes');
}

/** A silent source for whose loss there is only a word, and against which signs of life speak. */
function againstSigns(ctx: StepContext, p: Params, why: string): Observation | undefined {
  const judged = sourceVerdictFact.read(ctx);
  return judged?.verdict === 'attested' ? wordBefore(ctx, p, why, judged.signs ?? []) : undefined;
}

/** Nothing can be changed there, or AWS says that it is stopped: then the region itself must be known to be down. */
function withoutItsApi(ctx: StepContext, p: Params, why: string, so = ''): Observation {
  const judged = sourceVerdictFact.read(ctx);
  if (judged !== undefined && judged.verdict !== 'not-down') return done(ctx, p, judged.verdict, `${why}${so}; ${judged.because}`, `${why}${so}; ${judged.weighed?.short ?? judged.because}`);
  return unfenced(p, why, 'fenced, or the source down by two independent signals');
}

function unfenced(p: Params, why: string, threshold: string): Observation {
  return refused({
    rule: 'fence',
    observed: `the old writer ${p.id} cannot be fenced: ${why}`,
    threshold,
    consequence: 'two writers may accept orders at once, and their data can no longer be joined',
    override: '--attest-source-down NAME --reason "who has seen it, and how"',
  });
}

/** `shown`: without the signals, which stand with the step that weighed them. */
function done(ctx: StepContext, p: Params, verdict: FenceVerdict['verdict'], because: string, shown = because): Observation {
  recordFence(ctx, p.name, { verdict, because, at: ctx.effects.clock.now() });
  return { state: 'reached', because: shown };
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const { group } = p;
  if (group === undefined) throw new Error('nothing to quarantine with');
  await cutOffFurther(ctx, { ...p, group }, () => askForQuarantine(ctx, p.region, p.id, group));
}

/** What the source answers is used, and not needed. Shown before a run. In the run itself nothing waits for the source but the looks that decide, and the fence asks the same when it acts. */
async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const because = '';
  if (p.group === undefined || ctx.preview === undefined) return { state: 'ok', because };
  try {
    const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 });
    if (instance === undefined || quarantineOf(instance, p.group) !== 'open') return { state: 'ok', because };
    const apart = apartOf(instance);
    const unfit = apart === undefined ? await unfitGroup(ctx, p, instance, p.group) : `${p.id} is ${apart}`;
    if (unfit === undefined) return { state: 'ok', because };
    return { state: 'ok', because, warnings: [{
      rule: 'quarantine',
      observed: `the old writer ${p.id} cannot be put into quarantine: ${unfit}. While its API answers, the failover needs --attest-source-down`,
      wanted: 'an old writer that a security group without rules can cut off',
      mend: apart === undefined ? `correct the group ${p.group} in ${p.region}, or \`fence.quarantine\` in the runbook` : 'agree beforehand on who attests that the source is lost (--attest-source-down)',
      page: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.RDSSecurityGroups.html',
    }] };
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (error instanceof AwsError) return { state: 'ok', because };
    throw error;
  }
}

/** Why the group is no quarantine; undefined also where that cannot be asked: then AWS's own refusal is the answer. */
async function unfitGroup(ctx: StepContext, p: Params, instance: DbInstance, group: string): Promise<string | undefined> {
  try {
    const unfit = await quarantineUnfit(ctx, p.region, instance, group, { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 });
    return unfit.length === 0 ? undefined : unfit.join('; ');
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

export const fence = stepKind<Params>({
  params,
  check,
  observe,
  act,
  undo: letInAgain,
});

/** A decision that carries a step over the line is old after LIMITS.decisionAgeMs: the signals before the fence must not have grown old when it is done. */
const LIMIT_MS = 240_000;

export function fenceStep(ctx: PlanContext, old: Database, group: string | undefined): StepDraft {
  return {
    step: 'fence',
    phase: 'fence',
    reversibility: 'compensable',
    title: `Fence the old writer ${old.id} in ${old.region}`,
    params: { ...old, ...(group === undefined ? {} : { group }) } satisfies Params,
    // What the source still answers is used, and never needed.
    controlPlanes: [],
    permissions: cutOffRights(ctx, old, group),
    estimate: { p50: 1, p95: 180, basis: 'nothing to change where the region is dead; else a change of security groups takes under a minute, and a reboot one or two' },
    limitMs: LIMIT_MS,
    changes: group === undefined ? [] : cutOffChanges(old, group, 'if its API answers'),
  };
}
