import * as z from 'zod';
import type { Observation, StepContext } from '../../model/step.ts';
import { noCheck, stepKind } from '../common.ts';
import { probeSchema } from '../probe.ts';
import { zonesOfName } from '../route53/sets.ts';
import { askStandby, drillAddress } from '../route53/twin-record.ts';

const params = z.strictObject({ probe: probeSchema, zones: zonesOfName });
type Params = z.infer<typeof params>;

/**
 * One request to the standby, by the name that users ask for and to the address that the drill's record leads to. The application there
 * may well say that it is not active: its database is a replica. That it answers at all is what a drill can see, unless the runbook says
 * with which status.
 */
async function observe(ctx: StepContext, { probe, zones }: Params): Promise<Observation> {
  const at = await drillAddress(ctx, zones, new URL(probe.http).hostname);
  if (at === undefined) return { state: 'reached', says: 'not judged', because: 'not judged: no record of this drill leads to the standby, so it was not asked' };
  const asked = await askStandby(ctx, probe.http, at);
  if ('state' in asked) return asked;
  const [{ status }, { standbyStatus }] = [asked, probe];
  if (standbyStatus !== undefined && status !== standbyStatus) {
    return { state: 'pending', because: `${at} answers with status ${status}, and the runbook expects ${standbyStatus} of the standby`, waitingFor: 'users' };
  }
  if (status === standbyStatus) return { state: 'reached', because: `${at} answers with status ${status}, as the runbook expects of the standby` };
  if (status === probe.status) return { state: 'reached', because: `${at} answers with status ${status}` };
  return { state: 'reached', says: 'not judged', because: `not judged: ${at} answers with status ${status}, not ${probe.status}. That users would get ${probe.status} after a failover is not shown: a standby whose database is a replica may answer so` };
}

export default stepKind<Params>({ params, check: noCheck, observe });
