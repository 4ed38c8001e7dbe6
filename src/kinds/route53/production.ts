import * as z from 'zod';
import { listManyRecordSets, type RecordKey } from '../../aws/route53.ts';
import { globalArn } from '../../base/arn.ts';
import type { Json } from '../../base/json.ts';
import { partitionOf } from '../../base/regions.ts';
import type { DrillContext, StepDraft } from '../../model/kind.ts';
import { allow, hostedZoneId } from '../common.ts';
import { productionKind, productionStep } from '../production.ts';
import { recordKeys } from './shift-records.ts';

const params = z.strictObject({ key: z.string(), zone: hostedZoneId, records: recordKeys });
type Params = z.infer<typeof params>;

export const production = productionKind<Params>(params, (ctx, p) => ({
  [`the records of ${p.zone}`]: async () => {
    const sets = await listManyRecordSets(ctx.effects.aws, p.zone, p.records, { region: ctx.target, signal: ctx.signal });
    return Object.fromEntries(p.records.map(({ name, type }, i) => [`${name} ${type}`, JSON.parse(JSON.stringify(sets[i] ?? [])) as Json]));
  },
}));

export function recordsProductionStep(ctx: DrillContext, name: string, zone: string, records: readonly RecordKey[]): StepDraft {
  const read = allow(['route53:ListResourceRecordSets'], [globalArn(partitionOf(ctx.target), 'route53', `hostedzone/${zone}`)]);
  const keys = records.map(({ name: of, type }) => ({ name: of, type: type as Params['records'][number]['type'] }));
  return productionStep(`the traffic ${name}`, { key: `traffic.${name}`, zone, records: keys } satisfies Params, [read]);
}
