import { DrError } from '../../base/errors.ts';
import type { Effects } from '../../effects/effects.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { type MadePlan, planFor } from '../make-plan.ts';

/* Which failovers an application may need: from each region that is active to each other one. */

export interface Way {
  source: string;
  target: string;
  made: MadePlan | DrError;
}

/** Nothing can be said without these. */
const NEEDED: ReadonlySet<string> = new Set(['NO_CREDENTIALS', 'CLOCK_OFF', 'REGION_UNKNOWN']);

interface Asking {
  effects: Effects;
  loaded: LoadedRunbook;
  /** The only region that may become active. */
  region: string | undefined;
}

/** @throws DrError where nothing can be known at all: no credentials, a clock that is wrong, no such region */
export async function waysOf(asking: Asking): Promise<Way[]> {
  const { loaded, region } = asking;
  const { home } = loaded.runbook;
  const regions = loaded.runbook.regions.map(({ id }) => id);
  // Says which regions there are.
  if (region !== undefined && !regions.includes(region)) await planned(asking, region, undefined);
  const seen = await Promise.all(regions.map(async (target) => ({ target, made: await planned(asking, target, undefined) })));
  const active = new Set(seen.flatMap(({ target, made }) => (made instanceof DrError ? (made.code === 'ALREADY_ACTIVE' ? [target] : []) : [made.plan.source])));
  const ways = await Promise.all(seen.map(async ({ target, made }): Promise<Way[]> => {
    if (!(made instanceof DrError)) return [{ source: made.plan.source, target, made }];
    if (made.code === 'ALREADY_ACTIVE' || active.has(target)) return [];
    const others = regions.filter((id) => id !== target);
    // Several regions serve: any of them may be lost.
    if (made.code === 'SOURCE_UNKNOWN') return Promise.all(others.map(async (source) => ({ source, target, made: await planned(asking, target, source) })));
    const [source] = [...active];
    return [{ source: source ?? (home === target ? (others[0] ?? target) : home), target, made }];
  }));
  return ways.flat().filter(({ target }) => region === undefined || target === region);
}

async function planned({ effects, loaded }: Asking, region: string, from: string | undefined): Promise<MadePlan | DrError> {
  try {
    return await planFor(effects, loaded, { verb: 'failover', region, from });
  } catch (error) {
    if (!(error instanceof DrError) || NEEDED.has(error.code)) throw error;
    return error;
  }
}
