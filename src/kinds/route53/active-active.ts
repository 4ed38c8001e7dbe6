import type { RecordKey } from '../../aws/route53.ts';
import { allow, inRegion } from '../common.ts';
import type { PlanContext, ResourceState, StepDraft } from '../../model/kind.ts';
import type { AnyStepKind, Change } from '../../model/step.ts';
import type { Aim, RegionAnswer } from './aim.ts';
import { carry } from './carry.ts';
import { flipObject } from './flip-object.ts';
import { assessHealthCheck, isPatient, saidBy } from './health-signal.ts';
import { changeRights, checkRights, listRights, objectRights, readRights, route53Plane } from './rights.ts';
import { recordsOf, type Route53Failover, type SharedTraffic } from './schema.ts';
import { settle } from './settle.ts';
import { shiftChecks } from './shift-checks.ts';
import { shiftRecords } from './shift-records.ts';
import { isPlannedMove, traitsOf } from '../../model/verb.ts';

/*
 * What weighted, latency and geolocation records have in common: several regions answer at once. A region is taken out
 * of every answer (failover: at once; switchover: in steps), or brought back (reprotect, in steps). Weighted sets go by shares,
 * geolocation sets place by place, latency sets name by name: what is one piece moves at once.
 *
 * Invariants:
 * 1. Before anybody is moved, and between two steps of a drain, the regions that stay are seen to carry the load.
 * 2. A region that is out already is not brought in by taking another one out, unless it is the target.
 * 3. A reprotect touches the sets of the region that comes back, and no others.
 */

/** What a policy knows of its own records. */
export interface Policy {
  /** Identifiers of the sets that belong to a region. */
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

/** All steps of such a kind: a drain has up to nine of some. */
export const steps: { readonly [step: string]: AnyStepKind } = {
  assessHealthCheck,
  carry,
  shiftChecks,
  raiseObject: flipObject,
  clearObject: flipObject,
  settle,
  ...Object.fromEntries(Array.from({ length: PACE_MAX }, (_, i) => [`shift${i + 1}`, shiftRecords])),
  ...Object.fromEntries(Array.from({ length: PACE_MAX }, (_, i) => [`hold${i + 1}`, carry])),
};

interface Parts {
  ctx: PlanContext;
  name: string;
  t: SharedTraffic;
  policy: Policy;
  /** Regions that answer now. */
  now: readonly string[];
}

export function planActiveActive(ctx: PlanContext, name: string, t: SharedTraffic, state: ResourceState, policy: Policy): StepDraft[] {
  const parts: Parts = { ctx, name, t, policy, now: state.activeIn };
  if (traitsOf(ctx.verb).rebuilds) return [carryStep(parts, 'carry', [...parts.now, ctx.source]), ...moves(parts)];
  const looks = [assessStep(parts)];
  return [...looks, carryStep(parts, 'carry', staying(parts)), ...moves(parts), settleStep(parts)];
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

function assessStep({ ctx, name, t, policy }: Parts): StepDraft {
  const [set] = policy.setsOf(ctx.source);
  const records = recordsOf(t);
  const answer = policy.answer(ctx.source);
  const from = { ...(set === undefined ? {} : { set }), ...(answer === undefined ? {} : { answer }) };
  return {
    step: 'assessHealthCheck',
    phase: 'assess',
    reversibility: 'reversible',
    title: t.switch === 'object' ? 'What do users get now?' : `What do Route 53's checkers see of ${ctx.source}?`,
    signal: `health-check.${name}`,
    sourceAnswers: saidBy(records, answer),
    params: { signal: `health-check.${name}`, zone: t.zone, records, from, watched: t.switch !== 'object', patient: isPatient(ctx) },
    controlPlanes: [],
    permissions: readRights(ctx, t),
    estimate: { p50: 1, p95: 3, basis: 'two API calls, not needed' },
    limitMs: isPatient(ctx) ? 330_000 : 30_000,
    changes: [],
  };
}

function carryStep({ ctx, name, t, policy }: Parts, step: string, regions: readonly string[], holdMs = 0): StepDraft {
  const survivors = regions.map((region) => ({ region, set: policy.setsOf(region)[0] ?? '', ...(t.capacity?.[region] === undefined ? {} : { capacity: t.capacity[region] }) }));
  return {
    step,
    phase: 'traffic',
    reversibility: 'reversible',
    gate: holdMs === 0,
    title: holdMs === 0 ? `${regions.join(' and ')} can carry the load` : `All stays healthy for ${holdMs / 1000} s`,
    params: { key: `${name}.${step}`, zone: t.zone, records: recordsOf(t).slice(0, 1), survivors, mustKnow: !traitsOf(ctx.verb).sourceMayBeDead, holdMs },
    controlPlanes: [],
    permissions: [...readRights(ctx, t), allow(['autoscaling:DescribeAutoScalingGroups', 'elasticloadbalancing:DescribeTargetHealth'], ['*'])],
    estimate: { p50: 1 + holdMs / 1000, p95: 60 + holdMs / 1000, basis: holdMs === 0 ? 'a look at each region' : 'the time of the runbook' },
    limitMs: 600_000 + holdMs,
    changes: [],
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
    drafts.push(shiftStep(parts, `shift${i + 1}`, move, moves.length, [drafts.at(-1)?.step ?? 'carry']));
    if (i < moves.length - 1 && t.between > 0) {
      const carriers = traitsOf(ctx.verb).rebuilds ? [...now, ctx.source] : staying(parts);
      drafts.push({ ...carryStep(parts, `hold${i + 1}`, carriers, t.between), after: [`shift${i + 1}`] });
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
  const pace = stepwise ? policy.pace(ctx.source) : [0];
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

/** The sets after a move. */
function aimOf(parts: Parts, { to }: Move): Aim {
  const { ctx, policy } = parts;
  if (traitsOf(ctx.verb).rebuilds) return policy.back(ctx.source, to);
  return to === 0 ? policy.aim(staying(parts)) : policy.aim(staying(parts), { region: ctx.source, percent: to });
}

/** The sets before it: what an undo leads back to. Before the first one a target that is out is out. */
function beforeOf(parts: Parts, move: Move, first: boolean): Aim {
  const { ctx, policy, now } = parts;
  const others = now.filter((region) => region !== ctx.source);
  if (traitsOf(ctx.verb).rebuilds) return policy.away(ctx.source, move, others);
  const inside = first ? others : staying(parts);
  return move.from === 0 ? policy.aim(inside) : policy.aim(inside, { region: ctx.source, percent: move.from });
}

function shiftStep(parts: Parts, step: string, move: Move, of: number, after: string[]): StepDraft {
  const { ctx, name, t, policy } = parts;
  const { source } = ctx;
  const back = traitsOf(ctx.verb).rebuilds;
  const what = move.records.length === recordsOf(t).length ? resourceName(parts) : move.records.map((record) => record.name).join(' and ');
  const title = move.to === 0 ? `Take ${source} out of ${what}` : back ? `Bring ${policy.part(source, move.to)} of ${what} back to ${source}` : `Leave ${policy.part(source, move.to)} of ${what} with ${source}`;
  const aim = aimOf(parts, move);
  const before = beforeOf(parts, move, step === 'shift1' || policy.byName === true);
  const words = (percent: number) => (percent === 0 ? 'nothing' : policy.part(source, percent));
  return {
    step,
    phase: 'traffic',
    after,
    reversibility: 'compensable',
    title: `${title}${of === 1 ? movesAtOnce(parts) : ''}`,
    params: {
      key: `${name}.${step}`,
      zone: t.zone,
      records: move.records,
      aim,
      before,
      towards: (back ? [source] : staying(parts)).flatMap((region) => policy.setsOf(region)),
    },
    controlPlanes: [route53Plane(ctx)],
    permissions: changeRights(ctx, t),
    estimate: { p50: 30, p95: 60, basis: 'AWS: changes are INSYNC usually within 60 s' },
    limitMs: 900_000,
    changes: [{ resource: `route53:${t.zone}:${what}`, field: `answered by ${source}`, before: words(move.from), after: words(move.to) }, ...weightChanges(`route53:${t.zone}:${what}`, before, aim)],
  };
}

/** Every weight that a move changes, by set. */
function weightChanges(resource: string, before: Aim, after: Aim): Change[] {
  if (before.policy !== 'weighted' || after.policy !== 'weighted') return [];
  return Object.entries(after.weights)
    .map(([set, weight]) => ({ resource, field: `weight of ${set}`, before: String(before.weights[set] ?? 'as it is'), after: String(weight) }))
    .filter((change) => change.before !== change.after);
}

function checksMove(parts: Parts): StepDraft {
  const { ctx, t, policy } = parts;
  const out = traitsOf(ctx.verb).rebuilds ? [] : [ctx.source];
  const inside = traitsOf(ctx.verb).rebuilds ? [ctx.source] : [ctx.target];
  return {
    ...checksStep(ctx, t, { out: out.flatMap((r) => policy.setsOf(r)), in: inside.flatMap((r) => policy.setsOf(r)) }),
    after: ['carry'],
    title: out.length > 0 ? `Take ${ctx.source} out by its health check` : `Let the health check of ${ctx.source} speak again`,
    changes: [{ resource: `route53:${t.zone}:${resourceName(parts)}`, field: `health check of ${ctx.source}`, before: 'as it is', after: out.length > 0 ? 'disabled and inverted' : 'enabled' }],
  };
}

/** Said where a planned move has no steps. */
function movesAtOnce({ ctx, t, now }: Parts): string {
  const planned = traitsOf(ctx.verb).rebuilds || (isPlannedMove(ctx.verb) && now.includes(ctx.source));
  if (!planned || t.kind === 'route53-weighted') return '';
  return `, all its users at once: ${t.kind === 'route53-latency' ? 'one latency name has no parts' : 'it answers one place only'}`;
}

/** The step that forces sets out, and lets others be judged again. */
export function checksStep(ctx: PlanContext, t: SharedTraffic | Route53Failover, sets: { out: string[]; in: string[] }): StepDraft {
  return {
    step: 'shiftChecks',
    phase: 'traffic',
    reversibility: 'compensable',
    title: '',
    params: { zone: t.zone, records: recordsOf(t), ...sets },
    controlPlanes: [route53Plane(ctx)],
    permissions: checkRights(ctx, t),
    estimate: { p50: 1, p95: 10, basis: 'one request a health check' },
    limitMs: 300_000,
    changes: [],
  };
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
  const where = `s3://${bucket}/${key}`;
  return {
    step,
    phase: 'traffic',
    after,
    reversibility: 'compensable',
    title: `${present ? 'Put' : 'Take away'} ${where}, which takes ${region} ${present ? 'out' : 'out no more'}`,
    params: { region: home, bucket, key, present },
    ...(present ? {} : { regionMayBeLost: true }),
    // S3 objects are a data plane: no control plane is needed.
    controlPlanes: [],
    permissions: objectRights(ctx, bucket, key),
    estimate: { p50: 1, p95: 3, basis: 'one request to S3' },
    limitMs: 120_000,
    changes: [{ resource: `s3:${home}:${bucket}/${key}`, field: 'object', before: present ? 'absent' : 'there', after: present ? 'there' : 'absent' }],
  };
}

function settleStep(parts: Parts): StepDraft {
  const { ctx, name, t, policy } = parts;
  const { source } = ctx;
  const last = { record: lastShift(parts), 'health-check': 'shiftChecks', object: 'raiseObject' }[t.switch];
  const answer = policy.answer(source);
  const watched = t.switch === 'object' ? t.object?.[source] : undefined;
  return {
    step: 'settle',
    phase: 'traffic',
    after: [last],
    reversibility: 'reversible',
    title: `${resourceName(parts)} ${recordsOf(t).length === 1 ? 'leads' : 'lead'} nobody to ${source}, seen from outside`,
    params: {
      key: name,
      zone: t.zone,
      records: recordsOf(t),
      gone: { sets: policy.setsOf(source), answers: answer === undefined ? [] : [answer] },
      samples: policy.samples,
      by: t.switch,
      ...(watched === undefined ? {} : { object: { bucket: watched.bucket, key: watched.key } }),
    },
    controlPlanes: [],
    permissions: [listRights(ctx, t)],
    estimate: { p50: t.switch === 'record' ? 60 : 90, p95: t.switch === 'record' ? 120 : 150, basis: 'TTL of 60 s; by health check also 3 × 10 s until it flips' },
    limitMs: 900_000,
    changes: [],
  };
}

function lastShift(parts: Parts): string {
  return recordMoves(parts).at(-1)?.step ?? 'carry';
}
