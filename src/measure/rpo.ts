/** A bound on what a promotion loses: the measured RPO. "at most this much" rests on a sample, so it comes with its method and the sample's age. */
export interface RpoBound {
  database: string;
  method: string;
  /** Undefined: not measured. Printed so, and never taken for zero. */
  boundMs: number | undefined;
  lagMs: number | undefined;
  sampledAt: number | undefined;
  /** Age of the sample when it was used. */
  ageMs: number | undefined;
  /** Loss is counted up to here: impact, or the time of the decision when impact is not known. */
  outageAt: number;
  because: string;
}

/** A replica's lag at a time: everything committed before `sampledAt - lagMs` has arrived. */
export interface LagSample {
  lagMs: number;
  sampledAt: number;
}

/** Loss bound = outage start − (sample time − lag). Lag that is missing, negative (RDS: −1) or from the future is unknown, and that is never zero. */
export function rpoFromLag(
  database: string,
  sample: LagSample | undefined,
  outageAt: number,
  now: number,
): RpoBound {
  const method = 'replica-lag';
  const unknown = (because: string): RpoBound => ({
    database,
    method,
    boundMs: undefined,
    lagMs: sample?.lagMs,
    sampledAt: sample?.sampledAt,
    ageMs: sample === undefined ? undefined : now - sample.sampledAt,
    outageAt,
    because,
  });
  if (sample === undefined) return unknown('no lag sample was found');
  if (!Number.isFinite(sample.lagMs) || sample.lagMs < 0) return unknown('the replica reports that it is not replicating');
  if (sample.sampledAt > now) return unknown('the newest lag sample lies in the future: a clock is wrong');
  const caughtUpTo = sample.sampledAt - sample.lagMs;
  return {
    database,
    method,
    boundMs: Math.max(0, outageAt - caughtUpTo),
    lagMs: sample.lagMs,
    sampledAt: sample.sampledAt,
    ageMs: now - sample.sampledAt,
    outageAt,
    because: 'everything committed before the sample minus its lag has reached the replica',
  };
}

/** Loss bound = outage start − recovery point. `method`: `restorable-time` of continuous backups, or `snapshot-time` of a snapshot. */
export function rpoFromRecoveryPoint(
  database: string,
  method: 'restorable-time' | 'snapshot-time',
  pointAt: number | undefined,
  outageAt: number,
  now: number,
): RpoBound {
  const rest = { database, method, lagMs: undefined, sampledAt: pointAt, outageAt };
  const unknown = (because: string): RpoBound => ({ ...rest, boundMs: undefined, ageMs: pointAt === undefined ? undefined : now - pointAt, because });
  if (pointAt === undefined || !Number.isFinite(pointAt)) return unknown('no usable recovery point was found');
  if (pointAt > now) return unknown('the newest recovery point lies in the future: a clock is wrong');
  const because = 'everything committed before the recovery point is restored';
  return { ...rest, boundMs: Math.max(0, outageAt - pointAt), ageMs: now - pointAt, because };
}

/** Nothing is lost: writes were stopped at `quiescedAt`, and afterwards the replica was seen to have replayed the whole log. The caller has compared the positions. */
export function rpoFromPosition(database: string, quiescedAt: number, now: number, because: string): RpoBound {
  return { database, method: 'position', boundMs: 0, lagMs: 0, sampledAt: now, ageMs: 0, outageAt: quiescedAt, because };
}
