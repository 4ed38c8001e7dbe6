import { LIMITS } from '../base/limits.ts';
import type { Effects } from '../effects/effects.ts';
import type { Journal } from '../journal/journal.ts';
import { judgeSample } from '../measure/probe.ts';
import type { PlanProbe } from '../plan/plan.ts';

/** Probes that run beside the steps. */
export interface ProbeWatch {
  /** Time of the first failed sample of the outage that is going on, or of the first one seen at all. */
  impactAt: () => number | undefined;
  /** Ends the sampling and journals how much was sampled. */
  stop(): Promise<void>;
}

/** Samples every probe for the whole run; journals each change between up and down. */
export function watchProbes(
  probes: readonly PlanProbe[],
  effects: Effects,
  journal: Journal,
  impactBefore: number | undefined,
): ProbeWatch {
  const end = new AbortController();
  const ended = (): boolean => end.signal.aborted;
  let impactAt = impactBefore;
  const watch = async (probe: PlanProbe): Promise<void> => {
    let up: boolean | undefined;
    let samples = 0;
    let failed = 0;
    while (!ended()) {
      const sampledAt = effects.clock.now();
      const sample = await effects.http.request({ url: probe.http, timeoutMs: LIMITS.probeMs, signal: end.signal });
      if (ended()) break;
      const seen = judgeSample(sample, probe);
      samples += 1;
      if (!seen.up) {
        failed += 1;
        impactAt ??= sampledAt;
      }
      if (seen.up !== up) {
        up = seen.up;
        const address = sample.address === undefined ? {} : { address: sample.address };
        const error = seen.up ? {} : { error: seen.because };
        // A good answer counts from when it came, a bad one from when it was asked for.
        const at = up ? effects.clock.now() : sampledAt;
        await journal.append({ type: 'probe.changed', probe: probe.name, up, status: sample.status, ...address, ...error, sampledAt: at });
      }
      const rest = probe.everyMs - (effects.clock.now() - sampledAt);
      if (rest > 0) await effects.clock.sleep(rest, end.signal).catch(() => undefined);
    }
    if (samples > 0) {
      await journal.append({ type: 'probe.summary', probe: probe.name, samples, failed, lastUp: up === true });
    }
  };
  const watching = Promise.all(probes.map(watch));
  // A journal that fails is reported by whoever appends next, and by stop().
  watching.catch(() => undefined);
  return {
    impactAt: () => impactAt,
    stop: async () => {
      end.abort(new Error('the run has ended'));
      await watching;
    },
  };
}
