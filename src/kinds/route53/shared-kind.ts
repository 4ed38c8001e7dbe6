import type { RecordKey, RecordSet } from '../../aws/route53.ts';
import { allow, inRegion, READS } from '../common.ts';
import type { LintFinding, PlanContext, ResourceKind, ResourceState, StepDraft } from '../../model/kind.ts';
import type { Change } from '../../model/step.ts';
import type { RecordSetSeed } from '../../simulator/seeds.ts';
import type { Aim, RegionAnswer } from './aim.ts';
import { carry } from './carry.ts';
import { flipObject } from './flip-object.ts';
import { changeDraft, checksDraft, objectDraft } from './drafts.ts';
import { lintShared, sharedRegions } from './lint.ts';
import { observeRegions } from './observe-regions.ts';
import { readRights } from './rights.ts';
import { recordsOf, type SharedTraffic } from './schema.ts';
import { routingKind, type RoutingPolicy } from './routing-kind.ts';
import { shiftChecks } from './shift-checks.ts';
import { shiftRecords } from './shift-records.ts';
import { simulatedAnswer, simulateShared } from './simulate.ts';
import { isPlannedMove, type Strategy, traitsOf } from '../../model/verb.ts';

/*
 * What weighted, latency and geolocation records have in common, of an active-active application or of a weighted standby. A region is
 * taken out of every answer (failover: at once; switchover: in steps), or brought back (reprotect, in steps). Weighted sets go
 * by shares, geolocation sets place by place, latency sets name by name: what is one piece moves at once.
 *
 * Invariants:
 * 1. Before anybody is moved, and between two steps of a drain, the regions that stay are seen to carry the load.
 * 2. A region that is out already is not brought in by taking another one out, unless it is the target.
 * 3. A reprotect touches the sets of the region that comes back, and no others.
 */

/** What a policy knows of its own records. */
export interface Policy {
  setsOf: (region: string) => string[];
  /** Every answer from these regions; the others out, but for `leaving`, which keeps a part of what it has. */
  aim(inside: readonly string[], leaving?: { region: string; percent: number }): Aim;
  /** Of one region the sets that are back when it has that part of what is its own; the others are not named, and stay as they are. */
  back(region: string, percent: number): Aim;
  /** The sets that come back between two such parts, as they were before: answered by others. */
  away(region: string, part: { from: number; to: number }, others: readonly string[]): Aim;
  /** What a region keeps in each step of a planned drain, percent; `[0]` for a name that moves at once. */
  pace(region: string): readonly number[];
  /** What such a part is, in words, e.g. `75 % of its share`. */
  part(region: string, percent: number): string;
  /** Names of one resource are drained one after the other. */
  byName?: true;
  /** What a region answers with, as the runbook says it. */
  answer(region: string): RegionAnswer | undefined;
  /** How often a name must be right: more than once where Route 53 draws lots. */
  samples: number;
}

/** Steps of a drain, at most. */
export const PACE_MAX = 9;

/** A kind by which several regions answer, from what its routing policy knows. */
interface SharedPolicy<T extends SharedTraffic> extends Pick<RoutingPolicy<T>, 'strategies' | 'summary' | 'schema' | 'regions' | 'discover'> {
  policyOf: (t: T) => Policy;
  /** Whether any of these sets leads users to the region. */
  answers(t: T, region: string, sets: readonly RecordSet[]): boolean;
  lint?(t: T, strategy: Strategy): LintFinding[];
  setRegions(t: T): string[];
  /** The sets that belong to a region there. */
  simulated(t: T, record: RecordSetSeed, region: string, at: { strategy: Strategy; home: string }): RecordSetSeed[];
}

export function sharedKind<T extends SharedTraffic>(own: SharedPolicy<T>): ResourceKind<T> {
  const { policyOf, strategies, summary, schema, discover } = own;
  const parts = (ctx: PlanContext, name: string, t: T, state?: ResourceState): Parts => ({ ctx, name, t, policy: policyOf(t), named: own.setRegions(t).flatMap(policyOf(t).setsOf), now: state?.activeIn ?? [] });
  return routingKind<T>({
    strategies,
    summary,
    schema,
    ...(discover === undefined ? {} : { discover }),
    regions: (t) => [...own.regions(t), ...sharedRegions(t)],
    lint: (t, { strategy }) => [...(own.lint?.(t, strategy) ?? []), ...lintShared(t)],
    observe: (ctx, t) => observeRegions(ctx, t, { setsOf: policyOf(t).setsOf, answers: (region, sets) => own.answers(t, region, sets) }),
    setOf: (t, region) => policyOf(t).setsOf(region)[0],
    watches: (t) => Object.entries(t.object ?? {}).flatMap(([region, { bucket }]) => policyOf(t).setsOf(region).map((set) => ({ set, bucket }))),
    question: ({ source }) => `What do Route 53's checkers see of ${source}?`,
    moves: (ctx, name, t, state) => sharedMoves(parts(ctx, name, t, state)),
    followed: (ctx, t) => followed(parts(ctx, '', t)),
    steps: { carry, shift: shiftRecords, hold: carry, shiftChecks, raiseObject: flipObject, clearObject: flipObject },
    simulate: (world, name, t, home, strategy) => {
      const regions = own.setRegions(t);
      simulateShared(world, name, t, regions, (record, region) =>
        own.simulated(t, { ...record, ...simulatedAnswer(t.answers?.[region], record.type, regions, region) }, region, { strategy, home }),
      );
    },
  });
}

interface Parts {
  ctx: PlanContext;
  name: string;
  t: SharedTraffic;
  policy: Policy;
  named: readonly string[];
  now: readonly string[];
}

function sharedMoves(parts: Parts): StepDraft[] {
  const { ctx, now } = parts;
  if (!traitsOf(ctx.verb).rebuilds) return [carryStep(parts, 'carry', staying(parts)), ...moves(parts)];
  // Where one region serves, a standby gets no users back.
  return ctx.strategy === 'active-active' ? [carryStep(parts, 'carry', [...now, ctx.source]), ...moves(parts)] : [];
}

/** The regions that answer when the region is out. */
function staying({ ctx, now }: Parts): string[] {
  return ctx.survivors.filter((region) => region === ctx.target || now.includes(region));
}

function resourceName({ t }: Parts): string {
  const records = recordsOf(t);
  return records.length === 1 ? (records[0]?.name ?? '') : `${records.length} names`;
}

function moves(parts: Parts): StepDraft[] {
  switch (parts.t.switch) {
    case 'record':
      return recordMoves(parts);
    case 'health-check':
      return [checksMove(parts)];
    case 'object':
      return objectMoves(parts);
  }
}

function carryStep({ ctx, name, t, policy }: Parts, label: string, regions: readonly string[], holdMs = 0): StepDraft {
  const survivors = regions.map((region) => ({ region, set: policy.setsOf(region)[0] ?? '', ...(t.capacity?.[region] === undefined ? {} : { capacity: t.capacity[region] }) }));
  return {
    step: holdMs === 0 ? 'carry' : 'hold',
    label,
    phase: 'traffic',
    ...READS,
    gate: holdMs === 0,
    title: holdMs === 0 ? `${regions.join(' and ')} can carry the load` : `All stays healthy for ${holdMs / 1000} s`,
    params: { key: `${name}.${label}`, zone: t.zone, records: recordsOf(t).slice(0, 1), survivors, mustKnow: !traitsOf(ctx.verb).sourceMayBeDead, holdMs },
    permissions: [...readRights(ctx, t), allow(['autoscaling:DescribeAutoScalingGroups', 'elasticloadbalancing:DescribeTargetHealth'], ['*'])],
    estimate: { p50: 1 + holdMs / 1000, p95: 60 + holdMs / 1000, basis: holdMs === 0 ? 'a look at each region' : 'the time of the runbook' },
    limitMs: 600_000 + holdMs,
  };
}

interface Move {
  records: readonly RecordKey[];
  /** What the source has before and after it, percent. */
  from: number;
  to: number;
}

/** At once in a failover; in steps, with a hold after each, in a switchover and on the way back. */
function recordMoves(parts: Parts): StepDraft[] {
  const { ctx, t, now } = parts;
  const moves = movesOf(parts);
  const drafts: StepDraft[] = [];
  for (const [i, move] of moves.entries()) {
    const label = `shift${i + 1}`;
    drafts.push(shiftStep(parts, label, move, moves.length, [drafts.at(-1)?.label ?? 'carry']));
    if (i < moves.length - 1 && t.between > 0) {
      const carriers = traitsOf(ctx.verb).rebuilds ? [...now, ctx.source] : staying(parts);
      drafts.push({ ...carryStep(parts, `hold${i + 1}`, carriers, t.between), after: [label] });
    }
  }
  return drafts;
}

function movesOf(parts: Parts): Move[] {
  const { ctx, policy, t, now } = parts;
  const records = recordsOf(t);
  const back = traitsOf(ctx.verb).rebuilds;
  // A region that answers nobody has nothing to drain, and a dead one has no time for it.
  const leaves = now.includes(ctx.source);
  const stepwise = back || (isPlannedMove(ctx.verb) && leaves);
  if (stepwise && policy.byName === true) return inParts(records, PACE_MAX).map((some) => ({ records: some, from: back ? 0 : 100, to: back ? 100 : 0 }));
  // Where one region serves, users move at once, after the data.
  const pace = stepwise && ctx.strategy === 'active-active' ? policy.pace(ctx.source) : [0];
  const shares = back ? rising(pace) : pace;
  return shares.map((to, i) => ({ records, from: i === 0 ? (leaves ? 100 : 0) : (shares[i - 1] ?? 0), to }));
}

/** `[75, 50, 25, 0]` the other way: `[25, 50, 75, 100]`. */
function rising(pace: readonly number[]): number[] {
  return pace.map((percent) => 100 - percent);
}

/** In at most so many parts, of about the same size and in their order. */
export function inParts<T>(all: readonly T[], most: number): T[][] {
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, i) => all.slice(Math.round((i * all.length) / count), Math.round(((i + 1) * all.length) / count)));
}

function aimOf(parts: Parts, { to }: Move): Aim {
  const { ctx, policy } = parts;
  if (traitsOf(ctx.verb).rebuilds) return policy.back(ctx.source, to);
  return to === 0 ? policy.aim(staying(parts)) : policy.aim(staying(parts), { region: ctx.source, percent: to });
}

/** The sets before it: what an undo restores. Before the first one a target that is out is out. */
function beforeOf(parts: Parts, move: Move, first: boolean): Aim {
  const { ctx, policy, now } = parts;
  const others = now.filter((region) => region !== ctx.source);
  if (traitsOf(ctx.verb).rebuilds) return policy.away(ctx.source, move, others);
  const inside = first ? others : staying(parts);
  return move.from === 0 ? policy.aim(inside) : policy.aim(inside, { region: ctx.source, percent: move.from });
}

function shiftStep(parts: Parts, label: string, move: Move, of: number, after: string[]): StepDraft {
  const { ctx, name, t, policy } = parts;
  const { source } = ctx;
  const back = traitsOf(ctx.verb).rebuilds;
  const what = move.records.length === recordsOf(t).length ? resourceName(parts) : move.records.map((record) => record.name).join(' and ');
  const title = move.to === 0 ? `Take ${source} out of ${what}` : back ? `Bring ${policy.part(source, move.to)} of ${what} back to ${source}` : `Leave ${policy.part(source, move.to)} of ${what} with ${source}`;
  const aim = aimOf(parts, move);
  const before = beforeOf(parts, move, label === 'shift1' || policy.byName === true);
  const words = (percent: number) => (percent === 0 ? 'nothing' : policy.part(source, percent));
  const resource = `route53:${t.zone}:${what}`;
  const own = {
    label,
    after,
    title: `${title}${of === 1 ? movesAtOnce(parts) : ''}`,
    changes: [{ resource, field: `answered by ${source}`, before: words(move.from), after: words(move.to) }, ...weightChanges(resource, before, aim)],
  };
  const towards = (back ? [source] : staying(parts)).flatMap((region) => policy.setsOf(region));
  return changeDraft(ctx, t, 'shift', own, { key: `${name}.${label}`, records: move.records, aim, before, towards });
}

function weightChanges(resource: string, before: Aim, after: Aim): Change[] {
  if (before.policy !== 'weighted' || after.policy !== 'weighted') return [];
  return Object.entries(after.weights)
    .map(([set, weight]) => ({ resource, field: `weight of ${set}`, before: String(before.weights[set] ?? 'as it is'), after: String(weight) }))
    .filter((change) => change.before !== change.after);
}

function checksMove(parts: Parts): StepDraft {
  const { ctx, t, policy } = parts;
  const back = traitsOf(ctx.verb).rebuilds;
  const own = {
    after: ['carry'],
    title: back ? `Let the health check of ${ctx.source} speak again` : `Take ${ctx.source} out by its health check`,
    changes: [{ resource: `route53:${t.zone}:${resourceName(parts)}`, field: `health check of ${ctx.source}`, before: 'as it is', after: back ? 'enabled' : 'disabled and inverted' }],
  };
  return checksDraft(ctx, t, own, { out: back ? [] : policy.setsOf(ctx.source), in: policy.setsOf(back ? ctx.source : ctx.target) });
}

/** Said where a planned move has no steps. */
function movesAtOnce({ ctx, t, now }: Parts): string {
  const planned = traitsOf(ctx.verb).rebuilds || (isPlannedMove(ctx.verb) && now.includes(ctx.source));
  if (!planned || t.kind === 'route53-weighted') return '';
  return `, all its users at once: ${t.kind === 'route53-latency' ? 'one latency name has no parts' : 'it answers one place only'}`;
}

/** The target's object is cleared first, so that at no moment everybody is out. */
function objectMoves(parts: Parts): StepDraft[] {
  const { ctx } = parts;
  const { source, target } = ctx;
  if (traitsOf(ctx.verb).rebuilds) return [objectStep(parts, 'clearObject', source, false, ['carry'])];
  const clear = parts.now.includes(target) ? [] : [objectStep(parts, 'clearObject', target, false, ['carry'])];
  return [...clear, objectStep(parts, 'raiseObject', source, true, clear.length > 0 ? ['clearObject'] : ['carry'])];
}

function objectStep({ ctx, t }: Parts, step: string, region: string, present: boolean, after: string[]): StepDraft {
  const { in: home, bucket, key } = inRegion(t.object ?? {}, region);
  const title = `${present ? 'Put' : 'Take away'} s3://${bucket}/${key}, which takes ${region} ${present ? 'out' : 'out no more'}`;
  return objectDraft(ctx, step, { title, after }, { region: home, bucket, key, present });
}

function followed(parts: Parts): { title: string; params: Readonly<Record<string, unknown>> } {
  const { ctx, t, policy, named } = parts;
  const { source } = ctx;
  const answer = policy.answer(source);
  const watched = t.switch === 'object' ? t.object?.[source] : undefined;
  return {
    title: `${resourceName(parts)} no longer ${recordsOf(t).length === 1 ? 'resolves' : 'resolve'} to ${source}, seen from outside`,
    params: {
      gone: { sets: policy.setsOf(source), answers: answer === undefined ? [] : [answer] },
      named,
      samples: policy.samples,
      ...(watched === undefined ? {} : { object: { bucket: watched.bucket, key: watched.key } }),
    },
  };
}
