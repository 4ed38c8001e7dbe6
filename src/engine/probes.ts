import { LIMITS } from '../base/limits.ts';
import { stopController } from '../base/stop.ts';
import type { Effects } from '../effects/effects.ts';
import type { Journal } from '../journal/journal.ts';
import type { ProbeChange, RunState } from '../journal/state.ts';
import { judgeSample } from '../measure/probe.ts';
import type { PlanProbe } from '../model/plan.ts';

interface ProbeWatch {
  /** Ends the sampling and journals how much was sampled. After a run that succeeded, a probe that was bad is asked once more. False if one is bad then. */
  stop(succeeded?: boolean): Promise<boolean>;
}

/** When the outage that is going on began, ms since the epoch: as a person said, else the first bad sample of it. */
export function impactOf({ impactAt, probes, steps }: Pick<RunState, 'impactAt' | 'probes' | 'steps'>): number | undefined {
  if (impactAt !== undefined) return impactAt;
  const actedAt = Math.min(Number.POSITIVE_INFINITY, ...[...steps.values()].flatMap(({ intendedAt }) => intendedAt ?? []));
  const begun = [...probes.values()].flatMap(({ changes }) => failingSince(changes, actedAt) ?? []);
  return begun.length === 0 ? undefined : Math.min(...begun);
}

/**
 * A probe that is good again where it had been good, or, before this run has changed anything, where it failed, has seen an outage that is over: the loss
 * of a later one counts from that. What is good elsewhere is another region, to which users are led; so may be what failed at first, and is good by now.
 */
function failingSince(changes: readonly ProbeChange[], actedAt: number): number | undefined {
  const good = new Set<string | undefined>();
  let failing: ProbeChange | undefined;
  for (const change of changes) {
    const { up, at, address } = change;
    if (!up) failing ??= change;
    else if (failing === undefined || (address !== undefined && (good.has(address) || (address === failing.address && at < actedAt)))) {
      failing = undefined;
      good.add(address);
    }
  }
  return failing?.at;
}

interface Track {
  up: boolean | undefined;
  samples: number;
  failed: number;
}

/** Samples every probe for the whole run; journals each change between up and down. */
export function watchProbes(probes: readonly PlanProbe[], effects: Effects, journal: Journal): ProbeWatch {
  const end = stopController(effects.clock);
  let recovered = false;
  const sample = async (probe: PlanProbe, track: Track, signal?: AbortSignal): Promise<void> => {
    const sampledAt = effects.clock.now();
    const answer = await effects.http.request({ url: probe.http, timeoutMs: LIMITS.probeMs, signal });
    // Cut short: it says nothing.
    if (signal?.aborted === true) return;
    const seen = judgeSample(answer, probe);
    track.samples += 1;
    if (!seen.up) track.failed += 1;
    if (seen.up !== track.up) {
      track.up = seen.up;
      const address = answer.address === undefined ? {} : { address: answer.address };
      const error = seen.up ? {} : { error: seen.because };
      // A good answer counts from when it came, a bad one from when it was asked for.
      const at = seen.up ? effects.clock.now() : sampledAt;
      await journal.append({ type: 'probe.changed', probe: probe.name, up: seen.up, status: answer.status, ...address, ...error, sampledAt: at });
    }
  };
  const watch = async (probe: PlanProbe): Promise<boolean> => {
    const track: Track = { up: undefined, samples: 0, failed: 0 };
    while (!end.signal.aborted) {
      const sampledAt = effects.clock.now();
      await sample(probe, track, end.signal);
      const rest = probe.everyMs - (effects.clock.now() - sampledAt);
      if (rest > 0) await effects.clock.sleep(rest, end.signal).catch(() => undefined);
    }
    // Seen good by the steps since the last look from here: one that ends on a bad sample would deny the recovery.
    if (recovered && track.up === false) await sample(probe, track);
    if (track.samples > 0) {
      await journal.append({ type: 'probe.summary', probe: probe.name, samples: track.samples, failed: track.failed, lastUp: track.up === true });
    }
    return track.up !== false;
  };
  const watching = Promise.all(probes.map(watch));
  // A journal that fails is reported by the next append, and by stop().
  watching.catch(() => undefined);
  return {
    stop: async (succeeded = false) => {
      recovered = succeeded;
      end.abort(new Error('the run has ended'));
      return (await watching).every((good) => good);
    },
  };
}
