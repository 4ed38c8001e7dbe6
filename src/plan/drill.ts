import { isTwinName, TWIN } from '../kinds/twins.ts';
import type { PlanStep } from '../model/step.ts';

/** The name in `<service>:<region or zone>:<name>`, as plans name what they change. */
function nameOf(resource: string): string {
  return resource.split(':').slice(2).join(':');
}

export function makesTwin({ changes }: Pick<PlanStep, 'changes'>): boolean {
  return changes.some(({ field }) => field === TWIN);
}

/** What in the plan of a drill would change something that is no twin, or could not be taken back: empty for a sound one. */
export function drillProblems(steps: readonly PlanStep[]): string[] {
  return steps.flatMap((step) => {
    const foreign = step.origin === 'custom' ? [] : step.changes.filter(({ resource }) => !isTwinName(nameOf(resource)));
    return [
      ...foreign.map(({ resource, field }) => `${step.id} would change ${field === TWIN ? resource : `${field} of ${resource}`}, which is no twin of a drill`),
      ...(step.reversibility === 'point-of-no-return' ? [`${step.id} cannot be taken back, and a drill takes everything back`] : []),
    ];
  });
}
