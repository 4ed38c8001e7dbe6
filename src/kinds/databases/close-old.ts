import * as z from 'zod';
import type { DbInstance } from '../../aws/rds.ts';
import { dbInstanceState } from '../../aws/states/rds.ts';
import { refused, stepKind } from '../common.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { notReady } from './change.ts';
import { askForQuarantine, groupsOf, quarantineOf } from './quarantine.ts';
import { fact } from '../../model/fact.ts';
import { inRegionOf, keptFact } from './facts.ts';
import { activeIsThere, backedUpParams } from './keep-old.ts';
import { follows, keptBefore, learn, standbyFact, standbyParams, type StandbyParams } from './standby.ts';
import { memberRefusal } from './refusals.ts';
import { recordFence } from './verdict.ts';
import { quarantineRefusal } from './vpc.ts';
import { type Database, instanceNow, rdsResource } from './instance.ts';
import type { StepDraft } from '../../model/kind.ts';

/* Of reprotect: the old instance goes into quarantine before it gets another name: nobody reaches it by mistake, also where no fence was possible. */

interface Closing {
  name: string;
  region: string;
  id: string;
}

/** Looks at the instance that is to be closed; `before` is called when it is open, just before it is closed: what it answers is waited for. */
async function observeClosing(
  ctx: StepContext,
  p: Closing,
  group: string,
  instance: DbInstance | undefined,
  before: (instance: DbInstance) => Observation | undefined,
): Promise<Observation> {
  if (instance === undefined) return { state: 'reached', because: `there is no old ${p.id} in ${p.region} to close` };
  const id = instance.DBInstanceIdentifier ?? p.id;
  const state = quarantineOf(instance, group);
  if (state === 'closed') {
    const because = `${id} accepts no new connection: its only security group is ${group}`;
    recordFence(ctx, p.name, { verdict: 'closed', because, at: ctx.effects.clock.now() });
    return { state: 'reached', because };
  }
  if (state === 'closing') return { state: 'pending', because: `${group} is being applied to ${id}`, waitingFor: 'aws' };
  const not = notReady(id, dbInstanceState(instance.DBInstanceStatus), ': only an available instance can be put into quarantine');
  if (not !== undefined) return not;
  const unknown = before(instance);
  if (unknown !== undefined) return unknown;
  closedFact.record(ctx, inRegionOf(p), { id, groups: groupsOf(instance) });
  return { state: 'absent', because: `${id} in ${p.region} still lets connections in` };
}

const closedFact = fact('closed', z.object({ id: z.string(), groups: z.array(z.string()) }));

async function closeIt(ctx: StepContext, p: Closing, group: string): Promise<void> {
  const closed = closedFact.read(ctx, inRegionOf(p));
  if (closed === undefined) throw new Error('nothing was found that is to be closed');
  await askForQuarantine(ctx, p.region, closed.id, group);
}

/** No way back: open again, it would be a second writer beside the active one. Its groups are said, for a person and for the runbook. */
function staysClosed(ctx: Pick<StepContext, 'fact'>, p: Closing): string {
  const closed = closedFact.read(ctx, inRegionOf(p));
  const groups = closed === undefined || closed.groups.length === 0 ? 'unknown' : closed.groups.join(', ');
  return `${p.id} in ${p.region} stays in quarantine: open again it would be a second writer. It had ${groups}; a later dr reprotect takes them from securityGroups: { ${p.region}: [${groups}] } in the runbook`;
}

/** The old instance under either of its names. */
async function oldOne(ctx: StepContext, p: StandbyParams): Promise<DbInstance | undefined> {
  const old = await instanceNow(ctx, p);
  if (old !== undefined && !follows(old, p)) return old;
  const kept = standbyFact.read(ctx, inRegionOf(p))?.kept ?? undefined;
  if (kept !== undefined) return instanceNow(ctx, { region: p.region, id: kept });
  return old === undefined ? keptBefore(ctx, p) : undefined;
}

const closeOldParams = standbyParams.required({ quarantine: true });

export const closeOld = stepKind<z.infer<typeof closeOldParams>>({
  params: closeOldParams,
  check: () => Promise.resolve({ state: 'ok', because: 'the gate has looked at it' } as const),
  // Its own groups are part of what the new replica gets.
  observe: async (ctx, p) => observeClosing(ctx, p, p.quarantine, await oldOne(ctx, p), (instance) => (standbyFact.read(ctx, inRegionOf(p)) === undefined ? learn(ctx, p, instance, null) : undefined)),
  act: (ctx, p) => closeIt(ctx, p, p.quarantine),
  stays: staysClosed,
});

const closedUpParams = backedUpParams.required({ quarantine: true });

/** The old instance under either of its names. */
async function backedUp(ctx: StepContext, p: Closing): Promise<DbInstance | undefined> {
  const kept = keptFact.read(ctx, inRegionOf(p));
  return (await instanceNow(ctx, p)) ?? (kept === undefined ? undefined : instanceNow(ctx, { region: p.region, id: kept }));
}

/** The old instance of a database that was restored elsewhere. */
export const closeBackedUp = stepKind<z.infer<typeof closedUpParams>>({
  params: closedUpParams,
  check: async (ctx, p) => {
    const verdict = await activeIsThere(ctx, p);
    const old = verdict.state === 'ok' ? await backedUp(ctx, p) : undefined;
    const refusal = old === undefined ? undefined : (memberRefusal('rds-backup', p.region, old) ?? (await quarantineRefusal(ctx, p.region, old, p.quarantine)));
    return refusal === undefined ? verdict : refused(refusal);
  },
  observe: async (ctx, p) => observeClosing(ctx, p, p.quarantine, await backedUp(ctx, p), () => undefined),
  act: (ctx, p) => closeIt(ctx, p, p.quarantine),
  stays: staysClosed,
});

type Rights = Pick<StepDraft, 'params' | 'permissions'>;

export function closeOldStep({ region, id }: Database, quarantine: string | undefined, rights: Rights): StepDraft[] {
  if (quarantine === undefined) return [];
  return [
    {
      ...rights,
      step: 'closeOld',
      phase: 'fence',
      reversibility: 'compensable',
      title: `Put the old ${id} in ${region} into quarantine`,
      controlPlanes: [`rds@${region}`],
      estimate: { p50: 30, p95: 120, basis: 'a change of security groups' },
      limitMs: 1_800_000,
      changes: [{ resource: rdsResource(region, id), field: 'VpcSecurityGroups', before: 'as it is', after: quarantine }],
    },
  ];
}
