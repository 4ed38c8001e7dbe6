import { REGIONS } from '../base/regions.ts';
import type { RunMode } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';
import { traitsOf, type Verb } from '../model/verb.ts';

/** `Seoul (ap-northeast-2)` */
export function regionName(region: string): string {
  const place = REGIONS[region];
  return place === undefined ? region : `${place} (${region})`;
}

/** From where to where: a reprotect stays where it is, and rebuilds the other side. */
export function routeText({ verb, source, target }: { verb: Verb; source: string; target: string }, name: (region: string) => string = regionName): string {
  const { drills, rebuilds } = traitsOf(verb);
  if (drills) return `twins in ${name(target)}; ${name(source)} stays active`;
  return rebuilds ? `${name(target)}, standby ${name(source)}` : `${name(source)} → ${name(target)}`;
}

/** Said wherever a result of such a run is shown, so that it is never taken for one on AWS. */
export function modeTag(mode: RunMode): string {
  return mode === 'live' ? '' : ` [${mode}]`;
}

/** What the command is for that comes next: a drill is not continued, what it made is deleted. */
export function nextLabel({ plan }: RunState): string {
  return traitsOf(plan.verb).drills ? 'To delete its twins:' : 'To continue:';
}

/** The whole command that continues a run, with the overrides that its refusals have named. */
export function resumeCommand(state: RunState): string {
  if (traitsOf(state.plan.verb).drills) return `dr drill clean ${state.run}`;
  const named = [...state.steps.values()].flatMap(({ refusal }) => {
    // Words after a flag and its values say more than can be typed.
    const flags = refusal === undefined ? null : /^(?:--[a-z-]+(?: "[^"]*"| [^\s",;-][^\s",;]*)?(?:[ ,;]+|$))+/.exec(refusal.override);
    return flags === null ? [] : [flags[0].replace(/[ ,;]+$/, '')];
  });
  return ['dr resume', state.run, ...new Set(named)].join(' ');
}
