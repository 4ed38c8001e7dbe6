import { REGIONS } from '../base/regions.ts';
import type { RunMode } from '../journal/events.ts';

/** `Seoul (ap-northeast-2)` */
export function regionName(region: string): string {
  const place = REGIONS[region];
  return place === undefined ? region : `${place} (${region})`;
}

/** Said wherever a result of such a run is shown, so that it is never taken for one on AWS. */
export function modeTag(mode: RunMode): string {
  return mode === 'live' ? '' : ` [${mode}]`;
}

/** What to type to go on with a run. */
export function resumeCommand(run: string): string {
  return `dr resume ${run}`;
}
