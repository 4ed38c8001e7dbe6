import type { Clock } from '../../base/clock.ts';
import type { HttpPort } from '../../effects/effects.ts';
import { LIMITS } from '../../base/limits.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { judgeSample } from '../../measure/probe.ts';

/** What users saw of the application, from the loss of the region on. */
export interface UsersSeen {
  /** Inside of simulated time. */
  begin(): void;
  stop(): void;
  /** From `since` to the first good answer after the last bad one; undefined: they never saw it down, or it is down still. Milliseconds. */
  backMs(since: number): number | undefined;
}

/** Between two looks: as exact as an RTO of minutes has to be. */
const EVERY_MS = 10_000;

/** Users who ask the first probe's page all the time. Without a probe nobody knows what users see. */
export function watchUsers(http: HttpPort, { runbook }: LoadedRunbook, clock: Clock): UsersSeen {
  const [probe] = runbook.probes;
  let on = probe !== undefined;
  let down = false;
  let backAt: number | undefined;
  const look = async (): Promise<void> => {
    while (on && probe !== undefined) {
      const sample = await http.request({ url: probe.http, timeoutMs: LIMITS.probeMs });
      if (!judgeSample(sample, probe).up) [down, backAt] = [true, undefined];
      else if (down) backAt ??= clock.now();
      await clock.sleep(EVERY_MS);
    }
  };
  return {
    begin: () => void look(),
    stop: () => {
      on = false;
    },
    backMs: (since) => (down && backAt !== undefined ? backAt - since : undefined),
  };
}
