import { listManyRecordSets } from '../../aws/route53.ts';
import { inRegion, regionsAt, warnIf } from '../common.ts';
import type { LintFinding, ObserveContext, PlanContext, ResourceState, StepDraft } from '../../model/kind.ts';
import { type Aim, answersOf } from '../route53/aim.ts';
import { changeDraft, checksDraft, objectDraft } from '../route53/drafts.ts';
import { flipObject } from '../route53/flip-object.ts';
import { isForced } from '../route53/observe-regions.ts';
import { routingKind } from '../route53/routing-kind.ts';
import { failoverSchema, recordsOf, type Route53Failover } from '../route53/schema.ts';
import { objectSeen, roleOf } from '../route53/sets.ts';
import { shiftChecks } from '../route53/shift-checks.ts';
import { shiftRecords } from '../route53/shift-records.ts';
import { simulateRecord } from '../route53/simulate.ts';
import { traitsOf } from '../../model/verb.ts';
import { discoverFailover } from '../discovery/failover.ts';

/*
 * One PRIMARY and one SECONDARY record set of a name, or of several that move together. A switchover flips as a failover
 * does. A reprotect changes nothing but an object that a dead region kept.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-failover.html
 */

/** Without asking Route 53, where traffic is switched without it. */
async function observe(ctx: ObserveContext, t: Route53Failover): Promise<ResourceState> {
  if (t.switch === 'object') return observeObject(ctx, t);
  const records = recordsOf(t);
  const sets = await listManyRecordSets(ctx.effects.aws, t.zone, records, { region: ctx.target, signal: ctx.signal });
  const primaries = ctx.regions.filter((region) => sets.some((own) => roleOf(own, inRegion(t.sets, region)) === 'PRIMARY'));
  const what = `${records[0]?.name ?? ''}${records.length > 1 ? ` and ${records.length - 1} more` : ''}`;
  const [primary] = primaries;
  if (primary === undefined) return { activeIn: [], because: `${what} has no PRIMARY set that the runbook names`, facts: {} };
  const names = primaries.map((region) => inRegion(t.sets, region)).join(' and ');
  if (t.switch === 'health-check' && (await isForced(ctx, sets.flat(), inRegion(t.sets, primary)))) {
    const other = ctx.regions.find((region) => region !== primary);
    return { activeIn: other === undefined ? [] : [other], because: `the health check of ${names} is disabled and inverted: it counts as unhealthy`, facts: { primary, out: true } };
  }
  return { activeIn: primaries, because: `the PRIMARY set of ${what} is ${names}`, facts: { primary: primaries.length > 1 ? [...primaries] : primary } };
}

async function observeObject(ctx: ObserveContext, t: Route53Failover): Promise<ResourceState> {
  const watched = t.object?.[ctx.target];
  if (watched === undefined) {
    return { activeIn: [], because: `${ctx.target} is primary: it is active while no other region's object exists`, facts: {} };
  }
  const { there } = await objectSeen(ctx.effects.aws, ctx.target, watched, { signal: ctx.signal });
  const where = `s3://${watched.bucket}/${watched.key}`;
  if (there) return { activeIn: [ctx.target], because: `${where} exists`, facts: { raised: true } };
  const other = ctx.regions.find((region) => region !== ctx.target);
  return { activeIn: ctx.regions.length === 2 && other !== undefined ? [other] : [], because: `${where} does not exist`, facts: { raised: false } };
}

function moves(ctx: PlanContext, name: string, t: Route53Failover, state: ResourceState): StepDraft[] {
  if (t.switch === 'object') return objectSteps(ctx, t);
  if (traitsOf(ctx.verb).rebuilds) return [];
  return [t.switch === 'record' ? recordStep(ctx, name, t, state) : checkStep(ctx, t, state)];
}

function recordStep(ctx: PlanContext, name: string, t: Route53Failover, state: ResourceState): StepDraft {
  const to = inRegion(t.sets, ctx.target);
  const from = inRegion(t.sets, ctx.source);
  const records = recordsOf(t);
  const aim: Aim = { policy: 'failover', primary: to, secondary: from };
  const before: Aim = { policy: 'failover', primary: from, secondary: to };
  const own = {
    title: `Make ${to} the PRIMARY set of ${records.length === 1 ? (records[0]?.name ?? '') : `${records.length} names`}`,
    changes: [{ resource: whole(t), field: 'PRIMARY', before: state.facts.primary === ctx.target ? to : from, after: to }],
  };
  return changeDraft(ctx, t, 'flip', own, { key: `${name}.flip`, aim, before, towards: [to] });
}

function whole(t: Route53Failover): string {
  const [record] = recordsOf(t);
  const more = recordsOf(t).length - 1;
  return `route53:${t.zone}:${record?.name ?? ''} ${record?.type ?? ''}${more > 0 ? ` and ${more} more` : ''}`;
}

/** PRIMARY is answered while it counts as healthy: its check decides alone. */
function checkStep(ctx: PlanContext, t: Route53Failover, state: ResourceState): StepDraft {
  const to = inRegion(t.sets, ctx.target);
  const from = inRegion(t.sets, ctx.source);
  const home = state.facts.primary === ctx.target;
  const own = {
    title: home ? `Let the health check of ${to}, the PRIMARY set, speak again` : `Let ${from}, the PRIMARY set, count as unhealthy`,
    changes: [{ resource: whole(t), field: `health check of ${home ? to : from}`, before: home ? 'disabled and inverted' : 'enabled', after: home ? 'enabled' : 'disabled and inverted' }],
  };
  return checksDraft(ctx, t, own, home ? { out: [], in: [to] } : { out: [from], in: [to] });
}

/** The target's object is put, where it has one; the source's is taken away, if its region answers. */
function objectSteps(ctx: PlanContext, t: Route53Failover): StepDraft[] {
  const steps: StepDraft[] = [];
  const { [ctx.target]: raise, [ctx.source]: clear } = t.object ?? {};
  if (raise !== undefined) steps.push(objectStep(ctx, 'flipObject', ctx.target, raise, true));
  if (clear !== undefined) {
    const step = raise === undefined ? 'flipObject' : 'clearObject';
    steps.push({ ...objectStep(ctx, step, ctx.source, clear, false), ...(raise === undefined ? {} : { after: ['flipObject'] }) });
  }
  if (steps.length === 0) throw new Error('neither region has an object to watch');
  return steps;
}

function objectStep(ctx: PlanContext, step: string, region: string, { bucket, key }: { bucket: string; key: string }, present: boolean): StepDraft {
  return objectDraft(ctx, step, { title: `${present ? 'Put' : 'Take away'} s3://${bucket}/${key}` }, { region, bucket, key, present });
}

function followed(ctx: PlanContext, t: Route53Failover): { title: string; params: Readonly<Record<string, unknown>> } {
  const set = inRegion(t.sets, ctx.target);
  const records = recordsOf(t);
  const answer = t.answers?.[ctx.target];
  const object = t.switch === 'object' ? (t.object?.[ctx.target] ?? t.object?.[ctx.source]) : undefined;
  return {
    title: `${records.length === 1 ? `${records[0]?.name ?? ''} answers` : `${records.length} names answer`} with ${set} from outside`,
    params: { to: { set, ...(answer === undefined ? {} : { answer }) }, ...(object === undefined ? {} : { object }) },
  };
}

/** Route 53 refuses a PRIMARY set that is no alias and has no health check. Either set may have to become PRIMARY. */
function lintPrimaries(t: Route53Failover): LintFinding[] {
  if (t.switch !== 'record') return [];
  const plain = Object.entries(t.answers ?? {}).filter(([, said]) => answersOf(said).some(({ answer }) => 'values' in answer && answer.healthCheck === undefined));
  const message = 'values without `healthCheck`: Route 53 refuses a PRIMARY set that is no alias and has no health check, so traffic could not move here; if the set has one, name it';
  return plain.flatMap(([region]) => warnIf(true, message, 'answers', region));
}

export default routingKind<Route53Failover>({
  strategies: ['backup-restore', 'pilot-light', 'warm-standby'],
  summary: 'A failover pair of Route 53 record sets, switched by record, by health check or by a watched object',
  schema: failoverSchema,
  regions: (t) => [...regionsAt(t.sets, 'sets'), ...regionsAt(t.object, 'object').map((map) => ({ ...map, partial: true })), ...regionsAt(t.answers, 'answers')],
  lint: (t, runbook) => [
    ...lintPrimaries(t),
    ...(runbook.regions.length > 2
      ? [{ path: ['sets'], severity: 'error' as const, message: 'route53-failover supports exactly two regions: use route53-weighted, with the weight 0 for each standby' }]
      : []),
    ...warnIf(t.switch !== 'object' && t.object !== undefined, `\`object\` is not used by \`switch: ${t.switch}\``, 'object'),
    ...warnIf(t.switch === 'object' && t.answers === undefined, 'without `answers` a move is recognised by its leaving the old answer only, when the Route 53 API is silent'),
  ],
  observe,
  setOf: (t, region) => t.sets[region],
  // While the object of one region exists, the set of the other one is out.
  watches: (t, regions) => Object.entries(t.object ?? {}).flatMap(([region, { bucket }]) => regions.filter((other) => other !== region).map((other) => ({ set: inRegion(t.sets, other), bucket }))),
  question: (ctx, t) => `What do Route 53's checkers see of ${inRegion(t.sets, ctx.source)}?`,
  moves,
  followed,
  steps: { flip: shiftRecords, shiftChecks, flipObject, clearObject: flipObject },
  discover: discoverFailover,
  simulate: simulateRecord,
});
