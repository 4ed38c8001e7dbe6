import * as z from 'zod';
import { outputOf } from '../../aws/call-options.ts';
import type { DbInstance } from '../../aws/rds.ts';
import { cannotWrite, dbInstanceState, mayBeAsked, membershipStatus } from '../../aws/states/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import { LIMITS } from '../../base/limits.ts';
import { fact } from '../../model/fact.ts';
import type { Change, Observation, Permission, StepContext } from '../../model/step.ts';
import { modifyWhenFree, whenFree } from './change.ts';
import { groupsOf, quarantineOf } from './quarantine.ts';
import { recordFence } from './verdict.ts';
import { allow } from '../common.ts';
import type { PlanContext } from '../../model/kind.ts';
import { type Database, dbArn, instanceNow, rdsResource } from './instance.ts';

/*
 * How an old writer is cut off, in two changes. The quarantine keeps new connections out, and ends none: those that were
 * tracked live on. So it is rebooted, which restarts the engine and with it every session.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RebootInstance.html
 *
 * Invariants:
 * 1. Only a reboot that was asked for while the quarantine was in force counts.
 * 2. Its sessions have ended when it was `rebooting`, and is not any more: AWS does not say when within that status the
 *    engine stops.
 * 3. Where it is not known whether a reboot was made, it is made again: nobody is on the instance.
 */

interface OldWriter {
  name: string;
  region: string;
  id: string;
  group: string;
}

type CutOff =
  | { state: 'cut-off'; because: string }
  /** The quarantine was not asked for, or somebody has taken it back. */
  | { state: 'open' }
  /** Closed to new connections, and its sessions cannot be ended. */
  | { state: 'stuck'; because: string }
  | Extract<Observation, { state: 'pending' | 'absent' }>;

/** A read may lag behind the change: nothing that looks like the end of a reboot is believed sooner. No reboot on AWS is that short. */
const SHOWN_MS = 10_000;
/** A database that recovers for longer than that is not waited for: then the source itself must be known to be down. */
const STUCK_MS = 120_000;

/** Journaled with the intent, so that a resume knows whose reboot it sees. */
const sessionsFact = fact('sessions', z.object({ asked: z.boolean().optional(), rebootingAt: z.number().optional() }));

export function cutOff(ctx: StepContext, p: OldWriter, instance: DbInstance): CutOff {
  const quarantine = quarantineOf(instance, p.group);
  if (quarantine === 'open') {
    sessionsFact.record(ctx, p.name, {});
    return { state: 'open' };
  }
  if (quarantine === 'closing') return { state: 'pending', because: `${p.group} is being applied to ${p.id}`, waitingFor: 'aws' };
  const closed = `its only security group is ${p.group}`;
  const state = dbInstanceState(instance.DBInstanceStatus);
  if (cannotWrite(state)) return { state: 'cut-off', because: `${p.id} is ${state.shown}, and accepts no connection: ${closed}` };
  const { asked, rebootingAt } = sessionsFact.read(ctx, p.name) ?? {};
  if (asked === true && state.rebooting === true) return rebooting(ctx, p, rebootingAt);
  if (rebootingAt !== undefined) {
    if (ctx.effects.clock.now() - rebootingAt < SHOWN_MS) return { state: 'pending', because: `${p.id} is being rebooted`, waitingFor: 'aws' };
    return { state: 'cut-off', because: `${p.id} accepts no connection: ${closed}, and a reboot has ended every session` };
  }
  // AWS's refusal is the answer: some states last for a day.
  if (mayBeAsked(state)) {
    sessionsFact.record(ctx, p.name, { asked: true });
    const because = `${p.id} accepts no new connection: ${closed}. Sessions from before it may still write`;
    return asked === true ? { state: 'absent', because } : { state: 'absent', because, further: true };
  }
  return { state: 'pending', because: `${p.id} is closed to new connections, and ${state.shown}`, waitingFor: 'aws' };
}

function rebooting(ctx: StepContext, p: OldWriter, since: number | undefined): CutOff {
  const now = ctx.effects.clock.now();
  // Seen first by a machine whose clock is ahead: counted again.
  const at = since === undefined || since > now ? now : since;
  if (at !== since) sessionsFact.record(ctx, p.name, { asked: true, rebootingAt: at });
  if (now - at >= STUCK_MS) return { state: 'stuck', because: `it has been rebooting for ${formatDuration(now - at)}` };
  return { state: 'pending', because: `${p.id} is rebooting, which ends its sessions`, waitingFor: 'aws' };
}

/** Makes the change that is due. `quarantine` asks for the first. @throws AwsError when the reboot is refused, or has no answer */
export async function cutOffFurther(ctx: StepContext, p: OldWriter, quarantine: () => Promise<void>): Promise<void> {
  if (sessionsFact.read(ctx, p.name)?.asked !== true) return quarantine();
  // In place, without ForceFailover: the sessions are to end, wherever the engine runs, and a failover takes longer.
  const input = { DBInstanceIdentifier: p.id };
  const options = { signal: ctx.signal, timeoutMs: LIMITS.awsCallMs, attempts: 1 };
  await whenFree(ctx, p, async () => {
    const { DBInstance } = await outputOf(ctx.effects.aws, { service: 'rds', region: p.region, operation: 'RebootDBInstance', input }, options);
    if (dbInstanceState(DBInstance?.DBInstanceStatus).rebooting === true) sessionsFact.record(ctx, p.name, { asked: true, rebootingAt: ctx.effects.clock.now() });
  });
}

const beforeFact = fact('groups-before', z.array(z.string()));

/** Journaled with the intent: what an undo gives back. */
export function rememberGroups(ctx: StepContext, { name }: Pick<OldWriter, 'name'>, instance: DbInstance): void {
  beforeFact.record(ctx, name, groupsOf(instance));
}

/** Takes a quarantine back. Only where the copy has not taken over: a run that has crossed the line is not undone. @throws Error when the groups it had are not known */
export async function letInAgain(ctx: StepContext, p: Omit<OldWriter, 'group'>): Promise<void> {
  const groups = beforeFact.read(ctx, p.name);
  if (groups === undefined) throw new Error('the security groups it had are not known');
  if (groups.length === 0) throw new Error(`${p.id} had no security group to give back`);
  for (;;) {
    const instance = await instanceNow(ctx, p);
    if (instance === undefined) throw new Error(`${p.id} is not in ${p.region} any more`);
    const now = instance.VpcSecurityGroups ?? [];
    const back = now.length === groups.length && now.every((g) => groups.includes(g.VpcSecurityGroupId ?? ''));
    if (back && now.every((g) => membershipStatus(g.Status).inForce === 'yes')) break;
    if (!back && mayBeAsked(dbInstanceState(instance.DBInstanceStatus))) {
      // Without ApplyImmediately, see quarantine.ts.
      await modifyWhenFree(ctx, p, { VpcSecurityGroupIds: groups });
    }
    await ctx.wait('aws', LIMITS.pollMaxMs);
  }
  recordFence(ctx, p.name, { verdict: 'undone', because: `${p.id} has its security groups again: ${groups.join(', ')}` });
}

export function cutOffRights(ctx: PlanContext, { region, id }: Database, group: string | undefined): Permission[] {
  const arn = dbArn(region, ctx.account, id);
  if (group === undefined) return [allow(['rds:DescribeDBInstances'], [arn])];
  return [allow(['rds:DescribeDBInstances', 'rds:ModifyDBInstance', 'rds:RebootDBInstance'], [arn]), allow(['ec2:DescribeSecurityGroups'], ['*'])];
}

export function cutOffChanges({ region, id }: Database, group: string, condition: string): Change[] {
  const resource = rdsResource(region, id);
  return [
    { resource, field: 'VpcSecurityGroups', before: 'as it is', after: `${group} (${condition})` },
    { resource, field: 'sessions', before: 'as they are', after: `ended by a reboot (${condition})` },
  ];
}
