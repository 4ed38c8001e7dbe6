import { findReservation } from '../../aws/ec2.ts';
import { reservationState } from '../../aws/states/capacity.ts';
import { plural } from '../../base/plural.ts';
import { type About, finder, type Finding } from '../../model/finding.ts';
import type { InspectContext } from '../../model/kind.ts';

/*
 * Capacity reservations that a launch is bound to: into one that is gone, or has too little left, AWS launches nothing.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-launch.html
 */

const PAGE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-launch.html';

export interface Bound {
  /** Ids of the reservations; a launch may use any of them. */
  ids: readonly string[];
  /** Types that would be launched; empty where nobody knows. */
  types: readonly string[];
  /** Instances that a failover would launch; undefined where nobody knows. */
  wanted: number | undefined;
  /** Without room in them, instances are launched on demand. */
  preferred?: boolean;
}

/** What keeps a failover from launching into them. @throws AwsError */
export async function reservationFindings(ctx: Pick<InspectContext, 'effects' | 'signal'>, about: About, { ids, types, wanted, preferred = false }: Bound): Promise<Finding[]> {
  if (ids.length === 0) return [];
  const { region } = about;
  const seen = await Promise.all(ids.map(async (id) => ({ id, found: await findReservation(ctx.effects.aws, region, id, { signal: ctx.signal }) })));
  const find = finder(about)[preferred ? 'warning' : 'error'];
  const rest = {
    consequence: preferred ? 'instances are launched on demand, where capacity is not promised' : 'launches fail: they are bound to the reservation',
    mend: `aws ec2 describe-capacity-reservations --region ${region} --capacity-reservation-ids ${ids.join(' ')}; then make it larger, or name another one in the launch template`,
    page: PAGE,
  };
  const findings: Finding[] = [];
  let available = 0;
  for (const { id, found } of seen) {
    const state = reservationState(found?.State);
    if (found === undefined) findings.push(find('capacity-reservation', { observed: `the capacity reservation ${id} is not in ${region}`, wanted: 'a reservation that is active', ...rest }));
    else if (state.usable !== 'yes') findings.push(find('capacity-reservation', { observed: `the capacity reservation ${id} is ${state.shown}`, wanted: 'a reservation that is active', ...rest }));
    else if (types.length > 0 && found.InstanceType !== undefined && !types.includes(found.InstanceType)) findings.push(find('capacity-reservation', { observed: `the capacity reservation ${id} is of ${found.InstanceType}, and ${types.join(', ')} would be launched`, wanted: 'a reservation of the type that is launched', ...rest }));
    else available += found.AvailableInstanceCount ?? Number.POSITIVE_INFINITY;
  }
  if (findings.length === 0 && wanted !== undefined && available < wanted) findings.push(find('capacity-reservation', { observed: `${ids.join(', ')} has room for ${plural(available, 'instance')}, and a failover launches ${wanted}`, wanted: `room for ${plural(wanted, 'instance')}`, ...rest }));
  return findings;
}
