import * as z from 'zod';
import type { DbInstance } from '../../aws/rds.ts';
import { nameInArn } from '../../base/arn.ts';
import type { Json } from '../../base/json.ts';
import type { DrillContext, StepDraft } from '../../model/kind.ts';
import { instanceSchema } from '../common.ts';
import { productionKind, productionStep } from '../production.ts';
import { isTwinName } from '../twins.ts';
import { type Asserted, askedSchema, valueNow } from './assertions.ts';
import { envOf, loginTo } from './login.ts';
import { type Database, instanceNow, lookRights, sourceOf } from './instance.ts';
import { shownSettings } from './carried.ts';

const params = z.strictObject({ key: z.string(), instances: z.array(instanceSchema), same: z.array(askedSchema).default([]) });
type Params = z.infer<typeof params>;

/** What is configuration of an instance, and no state that passes. Twins of drills are no part of production. */
function configuration(instance: DbInstance | undefined): Json {
  if (instance === undefined) return 'not there';
  return {
    ...shownSettings(instance),
    role: sourceOf(instance) ?? 'writer',
    class: instance.DBInstanceClass ?? null,
    engine: `${instance.Engine ?? ''} ${instance.EngineVersion ?? ''}`,
    'Multi-AZ': instance.MultiAZ ?? null,
    'security groups': (instance.VpcSecurityGroups ?? []).map((group) => group.VpcSecurityGroupId ?? '').sort(),
    'parameter group': instance.DBParameterGroups?.[0]?.DBParameterGroupName ?? null,
    'backups kept, days': instance.BackupRetentionPeriod ?? null,
    replicas: (instance.ReadReplicaDBInstanceIdentifiers ?? []).filter((name) => !isTwinName(nameInArn(name))).sort(),
  };
}

export const production = productionKind<Params>(params, (ctx, { instances, same }) =>
  Object.fromEntries([
    ...instances.map(({ region, id }) => [`${id} in ${region}`, async () => configuration(await instanceNow(ctx, { region, id }))] as const),
    ...same.map((one) => [`${one.name} of ${one.id}`, () => valueNow(ctx, one)] as const),
  ]),
);

/** `asked`: the instance that is asked for what must stay the same, by the assertions of the runbook. */
export function databaseProductionStep(ctx: DrillContext, name: string, instances: Readonly<Record<string, string>>, asked?: Database, { drill, canary }: Asserted = {}): StepDraft {
  const all = Object.entries(instances).map(([region, id]) => ({ region, id }));
  const same = asked === undefined || canary === undefined ? [] : (drill?.assertions ?? []).flatMap(({ name: of, sql, unchanged }) => (unchanged === true ? [{ ...loginTo({ region: asked.region, id: asked.id }, canary), name: of, sql }] : []));
  const step = productionStep(`the database ${name}`, { key: `databases.${name}`, instances: all, ...(same.length === 0 ? {} : { same }) }, [lookRights(ctx, ...all)]);
  return same.length === 0 || canary === undefined ? step : { ...step, env: envOf(canary) };
}
