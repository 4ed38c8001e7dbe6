import { LIMITS } from '../../base/limits.ts';
import type { Effects } from '../../effects/effects.ts';
import { judgeSample } from '../../measure/probe.ts';
import type { PlanProbe } from '../../model/plan.ts';
import type { PlannedMember } from './plans.ts';

/** When users of a waiting application began to suffer, as far as it was seen. */
export interface WaitingImpact {
  of(name: string): { impactAt?: number; impactSource?: string };
  stop(): void;
}

/**
 * Watches the probes of those that have to wait for others, from the beginning. A run that begins minutes after the outage
 * would otherwise have to count the loss of data up to its own beginning, and would be refused for it.
 */
export function watchWaiting(members: readonly PlannedMember[], effects: Effects, said: number | undefined): WaitingImpact {
  const end = new AbortController();
  const seen = new Map<string, number>();
  const waiting = said === undefined ? members.filter((m) => m.needs.length + m.follows.length > 0) : [];
  for (const member of waiting) {
    if (member.state !== 'planned') continue;
    for (const probe of member.plan.probes) void watchUntilBad(probe, effects, end.signal, (at) => seen.set(member.name, Math.min(at, seen.get(member.name) ?? at)));
  }
  return {
    of: (name) => {
      const impactAt = seen.get(name);
      return impactAt === undefined ? {} : { impactAt, impactSource: 'first failed probe while it waited for others' };
    },
    stop: () => end.abort(new Error('all of them have ended')),
  };
}

async function watchUntilBad(probe: PlanProbe, effects: Effects, signal: AbortSignal, bad: (at: number) => void): Promise<void> {
  const { clock, http } = effects;
  const ended = (): boolean => signal.aborted;
  while (!ended()) {
    const at = clock.now();
    const sample = await http.request({ url: probe.http, timeoutMs: LIMITS.probeMs, signal });
    if (!judgeSample(sample, probe).up) {
      // A sample that was cut off by the end says nothing.
      if (!ended()) bad(at);
      return;
    }
    await clock.sleep(Math.max(1, probe.everyMs - (clock.now() - at)), signal).catch(() => undefined);
  }
}
