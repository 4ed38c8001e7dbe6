import * as z from 'zod';
import { soleFact } from '../model/fact.ts';
import type { Signal } from '../model/signals.ts';
import type { StepContext } from '../model/step.ts';

/** When a signal last said that the source lives, milliseconds since the epoch. */
export const seenAliveFact = soleFact('source.seen-alive', z.number());

/** When a signal first said down in this run, ms since the epoch: recorded where neither a probe nor a person says when users were hit. */
export const seenDownFact = soleFact('source.seen-down', z.number());

/** The outage had begun by then, ms since the epoch; undefined where nothing has said down yet. What was written later shows that the source lives. */
export function outageBegunBy(ctx: Pick<StepContext, 'impactAt' | 'fact'>): number | undefined {
  return ctx.impactAt() ?? seenDownFact.read(ctx);
}

/** Something says now that the source lives. Replication says until when it does; what users get may come from the other side. */
export function saysAlive(signals: readonly Signal[]): boolean {
  const unreached = signals.some((s) => s.vantage === 'health-checkers' && s.says === 'down');
  // An instance of which nothing is sure may take writes.
  if (signals.some((s) => s.unsettled === true)) return true;
  return signals.some((s) => s.says === 'up' && (s.vantage === 'source-api' || s.vantage === 'health-checkers' || (s.vantage === 'users' && (s.atSource === true || !unreached))));
}

/** Up to when loss counts: the impact, or now where that is not known or the source lived after it. `livedAt`: until when something says that it lived. */
export function outageAt(ctx: Pick<StepContext, 'impactAt' | 'fact'>, livedAt: number | undefined, now: number): number {
  const impactAt = ctx.impactAt();
  const seenAt = seenAliveFact.read(ctx);
  const lived = Math.max(livedAt ?? Number.NEGATIVE_INFINITY, seenAt ?? Number.NEGATIVE_INFINITY);
  return impactAt === undefined || lived > impactAt ? now : impactAt;
}
