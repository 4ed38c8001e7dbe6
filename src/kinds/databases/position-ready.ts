import { dbInstanceState } from '../../aws/states/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import { LIMITS } from '../../base/limits.ts';
import type { SqlPosition } from '../../effects/effects.ts';
import { finder } from '../../model/finding.ts';
import type { InspectContext, PositionSeen } from '../../model/kind.ts';
import { type Database, instanceNow, replicates } from './instance.ts';
import { sampleLag } from './lag.ts';
import { lsnText } from './line-position.ts';
import { missingLogin, type NamedLogin, sqlTarget } from './login.ts';
import { aboutSide } from './sides.ts';

/* Where the replica has replayed to: by SQL where there is a login, else as AWS shows it. That the login is let in is found out before a promotion. */

const PAGE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Monitoring.html';

/** @throws AwsError */
export async function replicaPosition(ctx: InspectContext, copy: Database, login: NamedLogin | undefined): Promise<PositionSeen> {
  const inside = login === undefined || missingLogin(ctx, login) !== undefined ? undefined : await bySql(ctx, copy, login);
  if (inside?.shown !== undefined) return inside;
  const { newestValid: sample } = await sampleLag(ctx, copy.region, copy.id);
  const age = (at: number): string => formatDuration(ctx.effects.clock.now() - at);
  return { findings: inside?.findings ?? [], ...(sample === undefined ? {} : { shown: `${copy.id} was ${formatDuration(sample.lagMs)} behind ${age(sample.sampledAt)} ago (CloudWatch)` }) };
}

async function bySql(ctx: InspectContext, copy: Database, login: NamedLogin): Promise<PositionSeen | undefined> {
  const instance = await instanceNow(ctx, copy);
  // What is no replica, or where no engine runs, others say.
  if (instance === undefined || !replicates(instance) || dbInstanceState(instance.DBInstanceStatus).writes === 'no') return undefined;
  const target = sqlTarget(ctx, copy.id, login, instance);
  if (typeof target === 'string') return undefined;
  try {
    return seen(ctx, copy, await ctx.effects.sql.position(target, LIMITS.sqlMs, ctx.signal));
  } catch {
    ctx.signal.throwIfAborted();
    // That it refuses the login, or is not reached, the check of a run says.
    return undefined;
  }
}

function seen(ctx: InspectContext, copy: Database, { role, at, replayedAt }: SqlPosition): PositionSeen {
  if (role === 'writer') {
    const said = { observed: `${copy.id} itself says that it replays nothing: it is a writer`, wanted: 'a replica of the writer', consequence: 'what users write now does not arrive in it', mend: `dr reprotect --standby ${copy.region}    makes it a replica again`, page: PAGE };
    return { shown: `${copy.id} is a writer of its own at ${lsnText(at)}`, findings: [finder(aboutSide(copy)).error('replica-role', said)] };
  }
  const newest = replayedAt === undefined ? '' : `; the newest commit that it has is ${formatDuration(Math.max(0, ctx.effects.clock.now() - replayedAt))} old`;
  return { shown: `${copy.id} has replayed up to ${lsnText(at)}${newest} (asked of it)`, findings: [] };
}
