import { LIMITS } from '../base/limits.ts';
import { stopController } from '../base/stop.ts';
import type { Effects } from '../effects/effects.ts';
import type { Journal } from '../journal/journal.ts';
import { judgeSample } from '../measure/probe.ts';
import type { PlanProbe } from '../model/plan.ts';

interface ProbeWatch {
  /** When the outage that is going on began: as a person said, else the first failed sample of it. */
  impactAt: () => number | undefined;
  /** Ends the sampling and journals how much was sampled. After a run that succeeded, a probe that was bad is asked once more. */
  stop(succeeded?: boolean): Promise<void>;
}

/** What a probe has seen so far: where it was last good before it failed, and since when and where it fails. */
export interface Seen {
  good?: string | undefined;
  failing?: { at: number; address: string | undefined };
}

/**
 * What it has seen after one more of its changes. What is good again where it had been good, and failed, was an outage that is over: the loss of a later one
 * counts from that. What is good elsewhere is another region, to which users are led.
 */
export function seenAfter({ good, failing }: Seen, { up, at, address }: { up: boolean; at: number; address?: string | undefined }): Seen {
  if (!up) return { good, failing: failing ?? { at, address } };
  const isBack = address !== undefined && address === good && address === failing?.address;
  return failing === undefined || isBack ? { good: address } : { good, failing };
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
  before: { named?: number; seen: ReadonlyMap<string, Seen> },
): ProbeWatch {
  const end = stopController(effects.clock);
  const so = new Map(before.seen);
  let recovered = false;
  /** False when it was cut short. */
  const sample = async (probe: PlanProbe, track: Track, signal?: AbortSignal): Promise<boolean> => {
    const sampledAt = effects.clock.now();
    const answer = await effects.http.request({ url: probe.http, timeoutMs: LIMITS.probeMs, signal });
    if (signal?.aborted === true) return false;
    const seen = judgeSample(answer, probe);
    track.samples += 1;
    if (!seen.up) track.failed += 1;
    if (seen.up !== track.up) {
      track.up = seen.up;
      const address = answer.address === undefined ? {} : { address: answer.address };
      const error = seen.up ? {} : { error: seen.because };
      // A good answer counts from when it came, a bad one from when it was asked for.
      const at = seen.up ? effects.clock.now() : sampledAt;
      so.set(probe.name, seenAfter(so.get(probe.name) ?? {}, { up: seen.up, at, address: answer.address }));
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
    impactAt: () => before.named ?? beginningOf(so.values()),
    stop: async (succeeded = false) => {
      recovered = succeeded;
      end.abort(new Error('the run has ended'));
      await watching;
    },
  };
}

/** The first beginning of what fails. */
function beginningOf(probes: Iterable<Seen>): number | undefined {
  const times = [...probes].flatMap(({ failing }) => failing?.at ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}
