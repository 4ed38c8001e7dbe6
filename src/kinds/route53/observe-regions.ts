import { listManyRecordSets, readHealthCheck, type RecordSet } from '../../aws/route53.ts';
import type { ObserveContext, ResourceState } from '../../model/kind.ts';
import { recordsOf, type SharedTraffic } from './schema.ts';
import { objectSeen } from './sets.ts';
import { isForcedOut } from './shift-checks.ts';

interface Reader {
  setsOf: (region: string) => string[];
  /** Whether any of these sets leads users to the region. */
  answers(region: string, sets: readonly RecordSet[]): boolean;
}

/** Every region that answers, from Route 53; from objects that the target can see, where traffic is switched without it. */
export async function observeRegions(ctx: ObserveContext, t: SharedTraffic, reader: Reader): Promise<ResourceState> {
  if (t.switch === 'object') return byObjects(ctx, t);
  const records = recordsOf(t);
  const names = records.length === 1 ? (records[0]?.name ?? '') : `${records.length} names`;
  const sets = (await listManyRecordSets(ctx.effects.aws, t.zone, records, { region: ctx.target, signal: ctx.signal })).flat();
  const named = ctx.regions.filter((region) => reader.answers(region, sets));
  const forced = t.switch === 'health-check' ? await forcedOut(ctx, named, sets, reader) : [];
  const activeIn = named.filter((region) => !forced.includes(region));
  const out = ctx.regions.filter((region) => !activeIn.includes(region));
  const because = `${names} ${records.length === 1 ? 'leads' : 'lead'} to ${activeIn.join(' and ') || 'no region of the runbook'}${out.length > 0 ? `, not to ${out.join(' and ')}` : ''}`;
  return { activeIn, ...protectedIn(ctx, activeIn), because, facts: { active: [...activeIn] } };
}

/** A region that answers needs no standby; where one region serves, that says nothing of the others. */
function protectedIn(ctx: ObserveContext, activeIn: readonly string[]): Pick<ResourceState, 'standbys'> {
  return ctx.strategy === 'active-active' ? { standbys: activeIn } : {};
}

async function forcedOut(ctx: ObserveContext, regions: readonly string[], sets: readonly RecordSet[], reader: Reader): Promise<string[]> {
  const forced: string[] = [];
  for (const region of regions) if (await isForced(ctx, sets, ...reader.setsOf(region))) forced.push(region);
  return forced;
}

/** Whether every health check of the named sets is forced to unhealthy; false where there is none. @throws AwsError */
export async function isForced(ctx: ObserveContext, sets: readonly RecordSet[], ...identifiers: string[]): Promise<boolean> {
  const ids = new Set(sets.filter((set) => identifiers.includes(set.SetIdentifier ?? '')).map((set) => set.HealthCheckId));
  ids.delete(undefined);
  const states = await Promise.all([...ids].map((id) => readHealthCheck(ctx.effects.aws, id ?? '', { region: ctx.target, signal: ctx.signal })));
  return states.length > 0 && states.every(isForcedOut);
}

/** Only the target may be asked: a region whose object lives elsewhere counts as one that answers. */
async function byObjects(ctx: ObserveContext, t: SharedTraffic): Promise<ResourceState> {
  const looks = await Promise.all(
    ctx.regions.map(async (region) => {
      const object = t.object?.[region];
      if (object?.in !== ctx.target) return { region, out: false };
      return { region, out: (await objectSeen(ctx.effects.aws, ctx.target, object, { signal: ctx.signal })).there };
    }),
  );
  const out = looks.filter((look) => look.out).map((look) => look.region);
  const activeIn = ctx.regions.filter((region) => !out.includes(region));
  const because = out.length === 0 ? `no object in ${ctx.target} takes a region out` : `an object in ${ctx.target} takes ${out.join(' and ')} out`;
  return { activeIn, ...protectedIn(ctx, activeIn), because, facts: { out } };
}
