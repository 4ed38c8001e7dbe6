import type { RecordKey } from '../../aws/route53.ts';
import type { DrillContext, StepDraft } from '../../model/kind.ts';
import type { AnyStepKind } from '../../model/step.ts';
import type { RegionAnswer } from './aim.ts';
import { production, recordsProductionStep } from './production.ts';
import { twinRecord, twinRecordSteps } from './twin-record.ts';

/* The drill of every kind of record traffic: whatever the routing policy, the zone takes a record with the answer of the region. */

export const drillSteps: { readonly [step: string]: AnyStepKind } = { production, twinRecord };

/** `to`: the set that leads to the region, or its answer where the runbook has it. */
export function trafficDrill(ctx: DrillContext, name: string, zone: string, records: readonly RecordKey[], to: { set?: string | undefined; answer?: RegionAnswer | undefined }): StepDraft[] {
  return [recordsProductionStep(ctx, name, zone, records), ...twinRecordSteps(ctx, zone, records, to)];
}
