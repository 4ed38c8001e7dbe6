import { iamRegionFor } from '../../base/regions.ts';

/* What may be lost, and what a survival check says of one thing. */

/** Global control planes. Each partition has its own Route 53 and IAM; only the commercial one has a global STS endpoint. */
export const PLANES = ['route53-control-plane', 'iam', 'sts-global'] as const;
type Plane = (typeof PLANES)[number];

export type Env = Readonly<Record<string, string | undefined>>;

export interface Losses {
  regions: ReadonlySet<string>;
  planes: ReadonlySet<Plane>;
}

/**
 * The plane that is lost with a region. https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
 * Route 53 is not here: a plan names its control plane with the region, so that the runbooks of another partition keep theirs.
 */
const HOMES: Partial<Record<Plane, (region: string) => boolean>> = {
  iam: (region) => iamRegionFor(region) === region,
  'sts-global': (region) => region === 'us-east-1',
};

export function lossesOf(names: readonly string[]): Losses {
  const planes = PLANES.filter((plane) => names.some((name) => name === plane || HOMES[plane]?.(name) === true));
  return { regions: new Set(names.filter((name) => !PLANES.some((plane) => plane === name))), planes: new Set(planes) };
}

/**
 * - ok: it would run
 * - would-not-run: it needs what is lost
 * - not-known: it cannot be told from here; counts as not ok
 */
export type SurvivalVerdict = 'ok' | 'would-not-run' | 'not-known';

export interface Finding {
  /** `plan`, `traffic`, `state`, … */
  area: string;
  /** Of a runbook's own, with the region that would become active. */
  runbook?: string;
  target?: string;
  what: string;
  verdict: SurvivalVerdict;
  /** A failover would stop for it. Of a thing that would not run: a message that nobody gets stops nothing. */
  blocks: boolean;
  because: string;
  /** What to do; absent where it is ok. */
  next?: string;
}

type Parts = Omit<Finding, 'verdict' | 'blocks' | 'next'>;

export function fine(parts: Parts): Finding {
  return { ...parts, verdict: 'ok', blocks: false };
}

export function lost(parts: Parts & { next: string }, blocks = true): Finding {
  return { ...parts, verdict: 'would-not-run', blocks };
}

export function unknown(parts: Parts & { next: string }): Finding {
  return { ...parts, verdict: 'not-known', blocks: false };
}
