import { zonesOffering } from '../../aws/ec2.ts';
import { type About, finder, type Finding } from '../../model/finding.ts';
import type { InspectContext } from '../../model/kind.ts';

const PAGE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-discovery.html';

/** Zones in which none of the types could be launched: AWS does not offer every type everywhere. `wanted` names each zone with the types that it may have. */
export async function notOffered(ctx: InspectContext, about: About, wanted: ReadonlyMap<string, readonly string[]>): Promise<Finding[]> {
  const types = [...new Set([...wanted.values()].flat())].filter((type) => type !== '');
  const offered = await zonesOffering(ctx.effects.aws, about.region, types, { signal: ctx.signal });
  const without = [...wanted].filter(([zone, own]) => own.length > 0 && !own.some((type) => offered.get(type)?.has(zone) === true));
  return without.map(([zone, own]) => finder(about).warning('type-not-offered', {
    observed: `${zone} offers none of ${own.join(', ')}`,
    wanted: 'a zone that offers the type, or another type',
    consequence: without.length === wanted.size ? 'no instance can be launched' : 'fewer zones are left when one has no capacity',
    mend: 'name other types or zones',
    page: PAGE,
  }));
}
