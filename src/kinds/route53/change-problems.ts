import { AwsError } from '../../aws/errors.ts';
import { BATCH_LIMITS, packBatches } from '../../aws/route53-batches.ts';
import { listManyRecordSets, readHealthCheck, type RecordKey, type RecordSet } from '../../aws/route53.ts';
import { messageOf } from '../../base/errors.ts';
import type { Signal } from '../../model/signals.ts';
import type { StepContext } from '../../model/step.ts';
import { changeTo } from './aim.ts';
import { type BatchProblem, createdSets, type PlannedSets, setProblems } from './batch-rules.ts';
import { askCheckers } from './checkers.ts';
import { keyOf } from './sets.ts';

/*
 * What Route 53 would refuse in a change: the rules of the sets themselves, and what the change names that must be there.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
 */

/** Health checks asked in a check: their status may be asked for once a second. */
const CHECKS_ASKED = 4;
/** Types that cannot be beside a CNAME. The apex of a zone always has NS and SOA: a CNAME cannot be there. */
const BESIDE_CNAME = ['NS', 'SOA', 'A', 'AAAA', 'MX', 'TXT', 'CAA', 'SRV'] as const;

/** @throws AwsError */
export async function changeProblems(ctx: StepContext, zone: string, planned: readonly PlannedSets[], asked: AskedChecks): Promise<BatchProblem[]> {
  const created = planned.flatMap((one) => createdSets(one));
  return [
    ...planned.flatMap(setProblems),
    ...planned.flatMap(tooLarge),
    ...(await besideCname(ctx, zone, planned)),
    ...(await missingTargets(ctx, zone, planned, created)),
    ...missingChecks(created, asked),
  ];
}

/** All sets of a name change at once, in one request. */
function tooLarge({ record, current, wanted }: PlannedSets): BatchProblem[] {
  try {
    packBatches([changeTo(current, wanted)]);
    return [];
  } catch (error) {
    const limits = `${BATCH_LIMITS.elements} elements and ${BATCH_LIMITS.characters} characters`;
    return [{ observed: messageOf(error), fix: `keep the sets of ${record.name} within ${limits} of one request` }];
  }
}

/** Only a name without such a record can conflict: what is there already was accepted. */
async function besideCname(ctx: StepContext, zone: string, planned: readonly PlannedSets[]): Promise<BatchProblem[]> {
  const fresh = planned.filter(({ current, wanted }) => current.length === 0 && wanted.length > 0);
  const beside = fresh.flatMap(({ record }) => (record.type === 'CNAME' ? BESIDE_CNAME : (['CNAME'] as const)).map((type): RecordKey => ({ name: record.name, type })));
  const found = (await listManyRecordSets(ctx.effects.aws, zone, beside, { region: ctx.target, signal: ctx.signal })).flatMap((sets, i) => (sets.length > 0 ? (beside[i] ?? []) : []));
  return found.map(({ name, type }) => ({ observed: `${name} has a record of type ${type}: a CNAME cannot be beside another record, nor at the apex of a zone`, fix: `delete the ${type} record of ${name}, or use another type` }));
}

/** An alias to a record of the same zone: that record must exist, with the same type. */
async function missingTargets(ctx: StepContext, zone: string, planned: readonly PlannedSets[], created: readonly RecordSet[]): Promise<BatchProblem[]> {
  const own = new Set(planned.filter(({ wanted }) => wanted.length > 0).map(({ record }) => keyOf(zone, record)));
  const targets = new Map<string, RecordKey>();
  for (const { Type: type, AliasTarget: alias } of created) {
    if (alias?.HostedZoneId !== zone || type === undefined) continue;
    const target: RecordKey = { name: alias.DNSName ?? '', type };
    if (!own.has(keyOf(zone, target))) targets.set(keyOf(zone, target), target);
  }
  const all = [...targets.values()];
  const found = await listManyRecordSets(ctx.effects.aws, zone, all, { region: ctx.target, signal: ctx.signal });
  const missing = all.filter((_, i) => found[i]?.length === 0);
  return missing.map(({ name, type }) => ({ observed: `the alias target ${name} ${type} is not in zone ${zone}`, fix: `create ${name} ${type}, or correct \`alias\` in the runbook` }));
}

/** A health check that the change names and that does not exist. One that cannot be asked about is not missing. */
function missingChecks(created: readonly RecordSet[], asked: AskedChecks): BatchProblem[] {
  const ids = [...new Set(created.map((set) => set.HealthCheckId ?? ''))];
  return ids.flatMap((id) => {
    const seen = asked.get(id);
    if (!(seen instanceof AwsError) || seen.code !== 'NoSuchHealthCheck') return [];
    return [{ observed: `the health check ${id} does not exist`, fix: 'create it, or correct `healthCheck` in the runbook or the record set' }];
  });
}

export type AskedChecks = ReadonlyMap<string, Signal | AwsError>;

/** Asks the health checks of these sets, the first few only; of the first few `others`, whether they exist. */
export async function askChecks(ctx: StepContext, sets: readonly RecordSet[], others: readonly RecordSet[]): Promise<AskedChecks> {
  const asked = new Map<string, Signal | AwsError>();
  for (const id of idsOf(sets).slice(0, CHECKS_ASKED)) asked.set(id, await askCheckers(ctx, id, 'if-free'));
  for (const id of idsOf(others).filter((one) => !asked.has(one)).slice(0, CHECKS_ASKED)) {
    try {
      await readHealthCheck(ctx.effects.aws, id, { region: ctx.target, signal: ctx.signal, attempts: 1 });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      asked.set(id, error);
    }
  }
  return asked;
}

function idsOf(sets: readonly RecordSet[]): string[] {
  return [...new Set(sets.map((set) => set.HealthCheckId))].filter((id) => id !== undefined);
}
