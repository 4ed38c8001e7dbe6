import * as z from 'zod';
import { findDbInstance } from '../../aws/rds.ts';
import { dbInstanceId, regionName, securityGroupId, stepKind } from '../common.ts';
import { closeIt, observeClosing, staysClosed } from './close-old.ts';
import { activeIsThere, chosen } from './keep-backed-up.ts';

/* Of reprotect: the old instance of the region that waits is put into quarantine before it gets another name. */

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  id: dbInstanceId,
  active: z.strictObject({ region: regionName, id: dbInstanceId }),
  quarantine: securityGroupId,
});
type Params = z.infer<typeof params>;

export const closeOld = stepKind<Params>({
  params,
  check: activeIsThere,
  observe: async (ctx, p) => {
    const find = (id: string) => findDbInstance(ctx.effects.aws, p.region, id, { signal: ctx.signal });
    const kept = chosen(ctx, p);
    const old = (await find(p.id)) ?? (kept === undefined ? undefined : await find(kept));
    return observeClosing(ctx, p, p.quarantine, old, () => undefined);
  },
  act: (ctx, p) => closeIt(ctx, p, p.quarantine),
  stays: staysClosed,
});
