import { LIMITS } from '../base/limits.ts';
import { stopController } from '../base/stop.ts';
import type { Effects } from '../effects/effects.ts';
import type { Journal } from '../journal/journal.ts';
import { judgeSample } from '../measure/probe.ts';
import type { PlanProbe } from '../model/plan.ts';

interface ProbeWatch {
  /** Time of the first failed sample of the outage that is going on, or of the first one seen at all. */
  impactAt: () => number | undefined;
  /** Ends the sampling and journals how much was sampled. After a run that succeeded, a probe that was bad is asked once more. */
  stop(succeeded?: boolean): Promise<void>;
}

interface Track {
  up: boolean | undefined;
  samples: number;
  failed: number;
}

/** Samples every probe for the whole run; journals each change between up and down. */
export function watchProbes(
  probes: readonly PlanProbe[],
  effects: Effects,
  journal: Journal,
  impactBefore: number | undefined,
): ProbeWatch {
  const end = stopController(effects.clock);
  let impactAt = impactBefore;
  let recovered = false;
  /** False when it was cut short. */
  const sample = async (probe: PlanProbe, track: Track, signal?: AbortSignal): Promise<boolean> => {
    const sampledAt = effects.clock.now();
    const answer = await effects.http.request({ url: probe.http, timeoutMs: LIMITS.probeMs, signal });
    if (signal?.aborted === true) return false;
    const seen = judgeSample(answer, probe);
    track.samples += 1;
    if (!seen.up) {
      track.failed += 1;
      impactAt ??= sampledAt;
    }
    if (seen.up !== track.up) {
      track.up = seen.up;
      const address = answer.address === undefined ? {} : { address: answer.address };
      const error = seen.up ? {} : { error: seen.because };
      // A good answer counts from when it came, a bad one from when it was asked for.
      const at = seen.up ? effects.clock.now() : sampledAt;
      await journal.append({ type: 'probe.changed', probe: probe.name, up: seen.up, status: answer.status, ...address, ...error, sampledAt: at });
    }
    return true;
  };
  const watch = async (probe: PlanProbe): Promise<void> => {
    const track: Track = { up: undefined, samples: 0, failed: 0 };
    while (!end.signal.aborted) {
      const sampledAt = effects.clock.now();
      if (!(await sample(probe, track, end.signal))) break;
      const rest = probe.everyMs - (effects.clock.now() - sampledAt);
      if (rest > 0) await effects.clock.sleep(rest, end.signal).catch(() => undefined);
    }
    // Seen good by the steps since the last look from here: one that ends on a bad sample would deny the recovery.
    if (recovered && track.up === false) await sample(probe, track);
    if (track.samples > 0) {
      await journal.append({ type: 'probe.summary', probe: probe.name, samples: track.samples, failed: track.failed, lastUp: track.up === true });
    }
  };
  const watching = Promise.all(probes.map(watch));
  // A journal that fails is reported by the next append, and by stop().
  watching.catch(() => undefined);
  return {
    impactAt: () => impactAt,
    stop: async (succeeded = false) => {
      recovered = succeeded;
      end.abort(new Error('the run has ended'));
      await watching;
    },
  };
}
