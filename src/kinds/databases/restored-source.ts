import type { Observation, StepContext } from '../../model/step.ts';
import { notShown, showSigns, signsOfLife } from '../../model/signals.ts';
import { refused } from '../common.ts';
import { lastsFor, lastsNot } from '../looks.ts';
import { outageBegunBy, seenAliveFact } from '../outage.ts';
import { lookAtBackups } from './backup-signal.ts';
import { weighAtLine } from './loss.ts';
import { fenceOf, type FenceVerdict, recordFence } from './verdict.ts';

/* A restore takes minutes or hours: before users are let in, the source is looked at once more, and what is lost is weighed up to then. */

interface Restored {
  name: string;
  region: string;
  id: string;
  /** The original, whose recovery points are looked at. */
  source?: { region: string; id: string } | undefined;
  /** In a failover: what may be lost. */
  rpoMs?: number | undefined;
}

/** An old writer that lives has taken writes until the fence: they are lost too. */
export function weighRestored(ctx: StepContext, { name, id, rpoMs }: Restored): Observation | undefined {
  return weighAtLine(ctx, { name, rpoMs, measured: `the recovery point of ${id}`, act: 'a restore' });
}

/** So long the region of the backups is asked what has arrived: it has just made the copy and lives, and its silence is no outage of the source. Milliseconds. */
const BACKUPS_ASKED_MS = 60_000;

/** Looked at again after a restore of minutes, where only signals or a person's word say that the old writer is lost. No answer leaves that word as it is. */
export async function sourceLives(ctx: StepContext, p: Restored): Promise<Observation | undefined> {
  const { name, id, region, source } = p;
  const fence = fenceOf(ctx, name);
  if (source === undefined || (fence?.verdict !== 'source-down' && fence?.verdict !== 'attested')) return undefined;
  const signal = await lookAtBackups(ctx, { region, source });
  const signs = signsOfLife([signal], outageBegunBy(ctx));
  const word = ctx.acceptances.sourceDown;
  const unknown = word === undefined && signal.notAsked === true;
  const unasked = `backups-unasked.${name}`;
  if (unknown && lastsFor(ctx, unasked) < BACKUPS_ASKED_MS) return { state: 'pending', because: `whether backups of ${source.id} still arrive could not be asked: ${signal.because}`, waitingFor: 'aws' };
  if (!unknown) lastsNot(ctx, unasked);
  // A word that was given after this was shown has heard of it.
  if (!unknown && (word === undefined ? signs : notShown(ctx, signs)).length === 0) {
    return livedOn(ctx, p, signs.length === 0 ? fence : { verdict: 'attested', because: `${signal.because}: ${source.id} lived after the impact; attested by ${word ?? ''}` }, signal.livedAt);
  }
  showSigns(ctx, signs);
  return refused({
    rule: 'source-down',
    observed: unknown ? `whether backups of ${source.id} still arrive could not be asked: ${signal.because}` : `${signal.because}: it was written after the impact, so that ${source.id} in ${source.region} lives`,
    threshold: 'no sign of life from the source since it was judged to be lost',
    consequence: `users would write to ${id} while others may write to ${source.id}, and their data can no longer be joined`,
    override: 'dr resume: looks at the source again; or --attest-source-down NAME --reason "who has seen it, and how"',
  });
}

/** What the source has written after the impact is lost too, up to this look: it is weighed again, and the verdict is one of now. Undefined: nothing more is lost. */
function livedOn(ctx: StepContext, p: Restored, verdict: FenceVerdict, livedAt: number | undefined): Observation | undefined {
  if (livedAt === undefined || livedAt <= (outageBegunBy(ctx) ?? Number.POSITIVE_INFINITY)) return undefined;
  if ((fenceOf(ctx, p.name)?.at ?? Number.NEGATIVE_INFINITY) <= livedAt) {
    seenAliveFact.record(ctx, livedAt);
    recordFence(ctx, p.name, { ...verdict, at: ctx.effects.clock.now() });
  }
  return weighRestored(ctx, p);
}
