import { messageOf } from '../../base/errors.ts';
import type { Effects } from '../../effects/effects.ts';
import type { Preview } from '../../engine/preview.ts';
import { inParallel } from '../../engine/schedule.ts';
import { previewRun, type PreviewRequest } from '../preview.ts';
import type { OnProgress, PlannedMember } from './plans.ts';

/** What would refuse each member now, by its name; a text: why that could not be checked. */
export type FleetPreviews = ReadonlyMap<string, Preview | string>;

/** Each waits for what does not answer: many at a time. Rates of AWS's APIs are kept by the one caller that they share. */
const LOOKED_AT_ONCE = 32;

/** Looks at each planned member as at one application alone. Changes nothing; one that cannot be looked at does not stop the others. */
export async function previewFleet(effects: Effects, members: readonly PlannedMember[], person: Pick<PreviewRequest, 'state' | 'acceptances' | 'impactAt'>, onProgress?: OnProgress): Promise<FleetPreviews> {
  const seen = new Map<string, Preview | string>();
  const planned = members.filter((member) => member.state === 'planned');
  await inParallel(planned, LOOKED_AT_ONCE, async (member) => {
    const { plan, identity } = member;
    seen.set(member.name, await previewRun({ ...person, plan, identity, effects }).catch((error: unknown) => messageOf(error)));
    onProgress?.('checked', seen.size, planned.length);
  });
  return seen;
}
