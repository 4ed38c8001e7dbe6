import type { PlanContext } from '../../model/kind.ts';
import type { Observation, Permission, StepContext } from '../../model/step.ts';
import { notShown, type Sign, showSigns, type Signal, signalFact, signsOfLife } from '../../model/signals.ts';
import { traitsOf } from '../../model/verb.ts';
import { refused } from '../common.ts';
import { lastsFor, lastsNot } from '../looks.ts';
import { outageBegunBy, seenAliveFact } from '../outage.ts';
import { lookAtBackups } from './backup-signal.ts';
import { type Database, lookRights } from './instance.ts';
import { weighAtLine } from './loss.ts';
import { lookAtReplication, lookAtSource, seenJustNow, sourceApiSignal } from './signals.ts';
import { fenceOf, type FenceVerdict, recordFence } from './verdict.ts';

/*
 * A restore takes minutes or hours, a change of class minutes: before the line the source is looked at once more, where only signals or a person's word
 * say that it is lost. Its own API is asked once, for two seconds: no answer leaves that word as it is.
 */

interface Copy {
  name: string;
  region: string;
  id: string;
  /** The original. */
  source?: { region: string; id: string } | undefined;
  /** In a failover: what may be lost. */
  rpoMs?: number | undefined;
}

/** An old writer that lives has taken writes until the fence: they are lost too. */
export function weighRestored(ctx: StepContext, { name, id, rpoMs }: Copy): Observation | undefined {
  return weighAtLine(ctx, { name, rpoMs, measured: `the recovery point of ${id}`, act: 'a restore' });
}

/** The verdict on the old writer, where nobody has closed it. */
function lostBySigns(ctx: StepContext, name: string): FenceVerdict | undefined {
  const fence = fenceOf(ctx, name);
  return fence?.verdict === 'source-down' || fence?.verdict === 'attested' ? fence : undefined;
}

/** What the API of the source says, if it answers for a database that may take writes. Undefined also if it said so when the source was judged: the fence has weighed that. */
async function answersAgain(ctx: StepContext, name: string, source: { region: string; id: string }): Promise<Signal | undefined> {
  const mayWrite = (signal: Signal | undefined): boolean => signal?.says === 'up' || signal?.unsettled === true;
  if (mayWrite(signalFact.read(ctx, sourceApiSignal(name)))) return undefined;
  const signal = await lookAtSource(ctx, source);
  return mayWrite(signal) ? { ...signal, because: `${signal.because}: the API of ${source.region} answers again` } : undefined;
}

/** To look at the source again, where it may be lost. */
export function sourceAgainRights(ctx: PlanContext, old: Database): Permission[] {
  return traitsOf(ctx.verb).sourceMayBeDead ? [lookRights(ctx, old)] : [];
}

/** What was seen of the source, and what a person reads of it. */
interface Seen {
  signs: readonly Sign[];
  because: string;
}

function refusedAlive(ctx: StepContext, { id, source }: Copy, { signs, because }: Seen): Observation {
  showSigns(ctx, signs);
  return refused({
    rule: 'source-down',
    observed: because,
    threshold: 'no sign of life from the source since it was judged to be lost',
    consequence: `users would write to ${id} while others may write to ${source?.id ?? 'the old writer'}, and their data can no longer be joined`,
    override: 'dr resume: looks at the source again, and fences it where it can; or --attest-source-down NAME --reason "who has seen it, and how"',
  });
}

/** A word that was given after these signs were shown has heard of them. */
function speaksAgainst(ctx: StepContext, signs: readonly Sign[]): boolean {
  return (ctx.acceptances.sourceDown === undefined ? signs : notShown(ctx, signs)).length > 0;
}

function attested(ctx: StepContext, because: string): FenceVerdict {
  return { verdict: 'attested', because: `${because}; attested by ${ctx.acceptances.sourceDown ?? ''}` };
}

/** What the source has written after the impact is lost too, up to this look: the loss is weighed again, and the verdict is one of now. False if nothing more is lost. */
function livedOn(ctx: StepContext, name: string, verdict: FenceVerdict, livedAt: number | undefined): boolean {
  if (livedAt === undefined || livedAt <= (outageBegunBy(ctx) ?? Number.POSITIVE_INFINITY)) return false;
  if ((fenceOf(ctx, name)?.at ?? Number.NEGATIVE_INFINITY) <= livedAt) {
    seenAliveFact.record(ctx, livedAt);
    recordFence(ctx, name, { ...verdict, at: ctx.effects.clock.now() });
  }
  return true;
}

/** Before a promotion that had to wait, e.g. for a larger class: whether the source lives, by its API or because the copy receives from it again. `weigh`: the loss, against what is accepted. */
export async function replicatedSourceLives(ctx: StepContext, p: Copy, weigh: () => Observation | undefined): Promise<Observation | undefined> {
  const { name, id, region, source } = p;
  const fence = lostBySigns(ctx, name);
  if (source === undefined || fence === undefined || seenJustNow(ctx, fence.at)) return undefined;
  const [api, link] = await Promise.all([answersAgain(ctx, name, source), lookAtReplication(ctx, { region, id })]);
  const receives = link.receiving === true;
  const signs: Sign[] = [...(api === undefined ? [] : (['answers'] as const)), ...(receives ? (['receives'] as const) : [])];
  if (signs.length === 0) return undefined;
  const because = [api?.because, receives ? `${link.because}: it receives from ${source.id} again` : undefined].filter((part) => part !== undefined).join('; ');
  if (speaksAgainst(ctx, signs)) return refusedAlive(ctx, p, { signs, because });
  return livedOn(ctx, name, attested(ctx, because), ctx.effects.clock.now()) ? weigh() : undefined;
}

/** So long the region of the backups is asked what has arrived: it has just made the copy and lives, and its silence is no outage of the source. Milliseconds. */
const BACKUPS_ASKED_MS = 60_000;

/** Before a restored copy is opened, or users are led to it: whether the source lives, by its API or by backups that arrived meanwhile. */
export async function restoredSourceLives(ctx: StepContext, p: Copy): Promise<Observation | undefined> {
  const { name, region, source } = p;
  const fence = lostBySigns(ctx, name);
  if (source === undefined || fence === undefined) return undefined;
  const [api, backups] = await Promise.all([answersAgain(ctx, name, source), lookAtBackups(ctx, { region, source })]);
  const arrived = signsOfLife([backups], outageBegunBy(ctx));
  const signs: Sign[] = [...(api === undefined ? [] : (['answers'] as const)), ...arrived];
  const unknown = ctx.acceptances.sourceDown === undefined && backups.notAsked === true;
  const notAsked = `whether backups of ${source.id} still arrive could not be asked: ${backups.because}`;
  const unasked = `backups-unasked.${name}`;
  if (api === undefined && unknown && lastsFor(ctx, unasked) < BACKUPS_ASKED_MS) return { state: 'pending', because: notAsked, waitingFor: 'aws' };
  if (!unknown) lastsNot(ctx, unasked);
  const because = [api?.because, arrived.length === 0 ? undefined : `${backups.because}: it was written after the impact, so that ${source.id} in ${source.region} lives`, unknown ? notAsked : undefined]
    .filter((part) => part !== undefined)
    .join('; ');
  if (unknown || speaksAgainst(ctx, signs)) return refusedAlive(ctx, p, { signs, because });
  const livedAt = api === undefined ? backups.livedAt : ctx.effects.clock.now();
  return livedOn(ctx, name, signs.length === 0 ? fence : attested(ctx, because), livedAt) ? weighRestored(ctx, p) : undefined;
}
