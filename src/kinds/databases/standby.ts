import type { Json } from '../../base/json.ts';
import * as z from 'zod';
import { type DbInstance, listDbInstances } from '../../aws/rds.ts';
import { carriedSettings, shownSettings } from './carried.ts';
import { allow, databasePart, inRegion, securityGroupId } from '../common.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, Permission, StepContext } from '../../model/step.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { inRegionOf } from './facts.ts';
import { dbArn, rdsArns } from './instance.ts';
import type { RdsReadReplica } from './replica-schema.ts';

/* What the steps share that rebuild a read replica where the old primary was: that is kept, with another name, `<id>-old-YYYYMMDD`. */

export const standbyParams = z.strictObject({
  ...databasePart,
  /** Full ARN of the writer. */
  writer: z.string().startsWith('arn:'),
  securityGroups: z.array(securityGroupId).optional(),
  /** The group of the runbook's fence: never one of the new replica's. */
  quarantine: securityGroupId.optional(),
  instanceClass: z.string().optional(),
});
export type StandbyParams = z.infer<typeof standbyParams>;

const settingsSchema = z.strictObject({
  instanceClass: z.string(),
  subnetGroup: z.string().optional(),
  parameterGroup: z.string().optional(),
  /** Empty if unknown. */
  securityGroups: z.array(z.string()),
  multiAz: z.boolean(),
  kmsKeyId: z.string().optional(),
  publiclyAccessible: z.boolean(),
  deletionProtection: z.boolean(),
  /** Further parameters of the request, by name. Absent in journals of earlier versions. */
  carried: z.custom<Readonly<Record<string, Json>>>((value) => typeof value === 'object' && value !== null).optional(),
  /** What was shown of the old instance, by name. Absent in journals of earlier versions. */
  shown: z.record(z.string(), z.string()).optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

/** The name under which the old instance is kept, and the settings that the new one gets from it: by database and region. */
export const standbyFact = fact('standby', z.strictObject({ kept: z.string().nullable(), settings: settingsSchema }));

/** What the request for a new replica says, and AWS does not show of the old instance: unknown, and neither off nor AWS's default. */
export function notShown(old: DbInstance, p: Pick<StandbyParams, 'instanceClass'>): string[] {
  const needed = {
    DBInstanceClass: p.instanceClass ?? old.DBInstanceClass,
    MultiAZ: old.MultiAZ,
    PubliclyAccessible: old.PubliclyAccessible,
    DeletionProtection: old.DeletionProtection,
  };
  return Object.entries(needed).flatMap(([name, value]) => (value === undefined ? [name] : []));
}

/** AWS defaults whatever is omitted, so the old instance's settings are copied. */
export function settingsOf(old: DbInstance, p: StandbyParams): Settings {
  const groups = (old.VpcSecurityGroups ?? []).flatMap((g) => g.VpcSecurityGroupId ?? []);
  return {
    instanceClass: p.instanceClass ?? old.DBInstanceClass ?? '',
    subnetGroup: old.DBSubnetGroup?.DBSubnetGroupName,
    // AWS's own is given by AWS, for the version that the new replica has.
    parameterGroup: own(old.DBParameterGroups?.[0]?.DBParameterGroupName),
    securityGroups: p.securityGroups ?? groups.filter((id) => id !== p.quarantine),
    multiAz: old.MultiAZ ?? false,
    kmsKeyId: old.KmsKeyId,
    publiclyAccessible: old.PubliclyAccessible ?? false,
    deletionProtection: old.DeletionProtection ?? false,
    carried: carriedSettings(old, p.instanceClass),
    shown: shownSettings(old),
  };
}

/**
 * Writes down what the new replica gets from the old instance, and the name by which that is kept. What was written down once stays: in quarantine
 * nobody could tell its groups. What AWS does not show of it is asked for again.
 */
export function learn(ctx: StepContext, p: StandbyParams, old: DbInstance, kept: string | null): Observation | undefined {
  const known = standbyFact.read(ctx, inRegionOf(p))?.settings;
  const settings = known ?? settingsOf(old, p);
  const unknown = known === undefined ? [...notShown(old, p), ...(settings.securityGroups.length === 0 ? ['VpcSecurityGroups'] : [])] : [];
  if (unknown.length > 0) return { state: 'pending', because: `AWS does not show ${unknown.join(', ')} of ${old.DBInstanceIdentifier ?? p.id}, which the new replica is to have`, waitingFor: 'aws' };
  standbyFact.record(ctx, inRegionOf(p), { kept, settings });
  return undefined;
}

function own(group: string | undefined): string | undefined {
  return group?.startsWith('default.') === true ? undefined : group;
}

/** It replicates from the writer, or is being made to. */
export function follows(instance: DbInstance, p: StandbyParams): boolean {
  return instance.ReadReplicaSourceDBInstanceIdentifier?.toLowerCase() === p.writer.toLowerCase();
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html */
const ID_MAX = 63;

/** `<id><tail>`, cut to what AWS allows: no two hyphens in a row, none at the end of what is cut. */
function keptName(id: string, tail: string): string {
  return `${id.toLowerCase().slice(0, ID_MAX - tail.length).replace(/-$/, '')}${tail}`;
}

/** Every name that `keptName` can make of an id, with * for what is not known before. */
export function keptPattern(id: string): string {
  const longestTail = '-old-20261231-999'.length;
  const whole = id.length + longestTail <= ID_MAX;
  return whole ? `${id.toLowerCase()}-old-*` : `${id.toLowerCase().slice(0, ID_MAX - longestTail).replace(/-$/, '')}*-old-*`;
}

export async function freeName(ctx: StepContext, p: { region: string; id: string }): Promise<string> {
  const taken = new Set((await listDbInstances(ctx.effects.aws, p.region, { signal: ctx.signal })).map((i) => i.DBInstanceIdentifier));
  const day = new Date(ctx.effects.clock.now()).toISOString().slice(0, 10).replaceAll('-', '');
  for (let n = 1; ; n++) {
    const name = keptName(p.id, `-old-${day}${n === 1 ? '' : `-${n}`}`);
    if (!taken.has(name)) return name;
  }
}

/** The old instance that an earlier run has renamed, the newest first: what a run finds that was not resumed. */
export async function keptBefore(ctx: StepContext, p: StandbyParams): Promise<DbInstance | undefined> {
  const all = await listDbInstances(ctx.effects.aws, p.region, { signal: ctx.signal });
  const found = all.flatMap((instance) => {
    const name = instance.DBInstanceIdentifier ?? '';
    const [tail, day, n] = /-old-(\d{8})(?:-(\d+))?$/.exec(name) ?? [];
    return tail !== undefined && name === keptName(p.id, tail) ? [{ instance, day: Number(day), n: Number(n ?? 1) }] : [];
  });
  return found.sort((a, b) => b.day - a.day || b.n - a.n)[0]?.instance;
}

export interface Rebuild {
  params: StandbyParams;
  /** The instance under its name, and under every name by which it may be kept. */
  mine: readonly string[];
  /** A free name is found by listing all that there are. */
  look: Permission;
  change: Permission;
  shared: Pick<StepDraft, 'params' | 'controlPlanes' | 'reversibility' | 'phase' | 'changes'>;
}

export function rebuildOf(ctx: PlanContext, name: string, db: Runbook): Rebuild {
  const { source: region, account } = ctx;
  const groups = db.securityGroups?.[region];
  const quarantine = db.fence?.quarantine[region];
  const params: StandbyParams = {
    name,
    region,
    id: inRegion(db.instances, region),
    writer: dbArn(ctx.target, account, inRegion(db.instances, ctx.target)),
    ...(groups === undefined ? {} : { securityGroups: groups }),
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(db.instanceClass === undefined ? {} : { instanceClass: db.instanceClass.standby }),
  };
  const mine = [dbArn(region, account, params.id), ...rdsArns(region, account, `db:${keptPattern(params.id)}`)];
  return {
    params,
    mine,
    look: allow(['rds:DescribeDBInstances'], [...rdsArns(region, account, 'db:*'), params.writer]),
    // The parameter group is that of the old instance, which only AWS knows.
    change: allow(['rds:ModifyDBInstance'], [...mine, ...rdsArns(region, account, 'pg:*', 'og:*')]),
    shared: { params: { ...params }, controlPlanes: [`rds@${region}`], reversibility: 'reversible', phase: 'data', changes: [] },
  };
}

type Runbook = Pick<RdsReadReplica, 'instances' | 'securityGroups' | 'fence' | 'instanceClass'>;
