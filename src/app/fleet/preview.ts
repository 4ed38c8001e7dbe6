import { messageOf } from '../../base/errors.ts';
import type { Effects } from '../../effects/effects.ts';
import type { Preview } from '../../engine/preview.ts';
import { inParallel } from '../../engine/parallel.ts';
import { previewRun, type PreviewRequest } from '../preview.ts';
import type { PlannedMember } from './plans.ts';

/** What would refuse each member now, by its name; a text: why that could not be checked. */
export type FleetPreviews = ReadonlyMap<string, Preview | string>;

const LOOKED_AT_ONCE = 8;

/** Looks at each planned member as at one application alone. Changes nothing; one that cannot be looked at does not stop the others. */
export async function previewFleet(effects: Effects, members: readonly PlannedMember[], person: Pick<PreviewRequest, 'state' | 'acceptances' | 'impactAt'>): Promise<FleetPreviews> {
  const seen = new Map<string, Preview | string>();
  await inParallel(members, LOOKED_AT_ONCE, async (member) => {
    if (member.state !== 'planned') return;
    const { plan, identity } = member;
    seen.set(member.name, await previewRun({ ...person, plan, identity, effects }).catch((error: unknown) => messageOf(error)));
  });
  return seen;
}
