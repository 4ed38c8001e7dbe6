import type { DrillContext, PlanContext, ResourceKind, ResourceState, StepDraft } from '../../model/kind.ts';
import type { AnyStepKind } from '../../model/step.ts';
import { traitsOf } from '../../model/verb.ts';
import { DNS_SLA } from '../slas.ts';
import { assessDraft, settleDraft } from './drafts.ts';
import { assessHealthCheck } from './health-signal.ts';
import { lintAnswers, lintPartition } from './lint.ts';
import { inspectRouting, routingRights, routingTiming, type Watched } from './ready.ts';
import { lookRights } from './rights.ts';
import { recordsOf, routingOf, type Traffic } from './schema.ts';
import { settle } from './settle.ts';
import type { RecordKey } from '../../aws/route53.ts';
import type { RegionAnswer } from './aim.ts';
import { production, recordsProductionStep } from './production.ts';
import { twinRecord, twinRecordSteps } from './twin-record.ts';

/* One recipe for all kinds of records: see what users get, make the moves of the policy, see from outside that users followed. A rebuild only moves. */

/** What a routing policy knows of its own records; what `ResourceKind` has beyond it is the same for all. */
export interface RoutingPolicy<T extends Traffic> extends Pick<ResourceKind<T>, 'strategies' | 'summary' | 'schema' | 'regions' | 'lint' | 'observe' | 'discover' | 'simulate'> {
  /** Identifier of the set that leads to a region; undefined where a record has none. */
  setOf: (t: T, region: string) => string | undefined;
  /** What a record of a region answers in a simulated world: see `Routing`. */
  answer?: (t: T, region: string, type: string) => readonly string[];
  /** With `switch: object`: which sets the objects take out. */
  watches?: (t: T, regions: readonly string[]) => Watched[];
  question: (ctx: PlanContext, t: T) => string;
  /** What moves users, with the gates before it, in the order of the plan; nothing where the verb asks nothing of it. */
  moves: (ctx: PlanContext, name: string, t: T, state: ResourceState) => StepDraft[];
  /** How it is seen from outside that users have followed: title and parameters of `settle`. */
  followed: (ctx: PlanContext, t: T) => { title: string; params: Readonly<Record<string, unknown>> };
  steps: { readonly [step: string]: AnyStepKind };
}

export function routingKind<T extends Traffic>(policy: RoutingPolicy<T>): ResourceKind<T> {
  const { setOf, answer, watches, steps, strategies, summary, schema } = policy;
  return {
    section: 'traffic',
    strategies,
    summary,
    schema,
    regions: (t) => policy.regions(t),
    observe: (ctx, t) => policy.observe(ctx, t),
    simulate: (world, name, t, home, strategy) => policy.simulate(world, name, t, home, strategy),
    discover: (inventory, ctx) => policy.discover?.(inventory, ctx) ?? [],
    routing: (t) => ({ ...routingOf(t, (region) => setOf(t, region)), ...(answer === undefined ? {} : { answer: (region: string, type: string) => answer(t, region, type) }) }),
    lint: (t, runbook) => [...lintAnswers(t), ...lintPartition(t, runbook.regions), ...(policy.lint?.(t, runbook) ?? [])],
    inspect: (ctx, _name, t) => inspectRouting(ctx, t, t.switch === 'object' ? watches?.(t, ctx.regions) : []),
    inspectRights: routingRights,
    timing: routingTiming,
    slas: () => Promise.resolve([DNS_SLA]),
    looks: lookRights,
    plan: (ctx, name, t, state) => planOf(policy, ctx, name, t, state),
    drill: (ctx, name, t) => trafficDrill(ctx, name, t.zone, recordsOf(t), { set: setOf(t, ctx.target), answer: t.answers?.[ctx.target] }),
    steps: { ...drillSteps, assessHealthCheck, ...steps, settle },
  };
}

function planOf<T extends Traffic>(policy: RoutingPolicy<T>, ctx: PlanContext, name: string, t: T, state: ResourceState): StepDraft[] {
  const moves = policy.moves(ctx, name, t, state);
  if (traitsOf(ctx.verb).rebuilds) return moves;
  const set = policy.setOf(t, ctx.source);
  const answer = t.answers?.[ctx.source];
  const from = { ...(set === undefined ? {} : { set }), ...(answer === undefined ? {} : { answer }) };
  const last = moves.at(-1);
  const { title, params } = policy.followed(ctx, t);
  return [assessDraft(ctx, name, t, policy.question(ctx, t), from), ...moves, settleDraft(ctx, name, t, { title, after: [last?.label ?? last?.step ?? ''] }, params)];
}

/* The drill of every kind of record traffic: whatever the routing policy, the zone takes a record with the answer of the region. */

const drillSteps: { readonly [step: string]: AnyStepKind } = { production, twinRecord };

/** `to`: the set that leads to the region, or its answer where the runbook has it. */
function trafficDrill(ctx: DrillContext, name: string, zone: string, records: readonly RecordKey[], to: { set?: string | undefined; answer?: RegionAnswer | undefined }): StepDraft[] {
  return [recordsProductionStep(ctx, name, zone, records), ...twinRecordSteps(ctx, zone, records, to)];
}
