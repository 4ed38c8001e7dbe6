import { allow, inRegion } from '../common.ts';
import type { PlanContext, ResourceState, StepDraft } from '../kind.ts';
import type { AnyStepKind } from '../step.ts';
import type { Aim, RegionAnswer } from './aim.ts';
import { carry } from './carry.ts';
import { flipObject } from './flip-object.ts';
import { assessHealthCheck } from './health-signal.ts';
import { changeRights, checkRights, listRights, objectRights, readRights } from './rights.ts';
import { recordsOf, type Route53Failover, type SharedTraffic } from './schema.ts';
import { settle } from './settle.ts';
import { shiftChecks } from './shift-checks.ts';
import { shiftRecords } from './shift-records.ts';

/*
 * What weighted, latency and geolocation records have in common: several regions answer at once. A region is taken out
 * of every answer (failover: at once; switchover: in steps where the policy knows shares), or brought back (reprotect).
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
  /** Every answer from these regions; the others out, but for `leaving`, which keeps a share of its weight. */
  aim(inside: readonly string[], leaving?: { region: string; percent: number }): Aim;
  /** Only the sets of one region: with that share of their own answer. */
  back(region: string, percent: number): Aim;
  /** Shares that a planned drain goes through, percent; `[0]` where the policy knows none. */
  pace: readonly number[];
  /** What a region answers with, as the runbook says it. */
  answer(region: string): RegionAnswer | undefined;
  /** How often a name must be right: more than once where Route 53 draws lots. */
  samples: number;
}

const PACE_MAX = 9;

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
  if (ctx.verb === 'reprotect') return [carryStep(parts, 'carry', [...parts.now, ctx.source]), ...moves(parts)];
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
    params: { signal: `health-check.${name}`, zone: t.zone, records, from, watched: t.switch !== 'object' },
    controlPlanes: [],
    permissions: readRights(t),
    estimate: { p50: 1, p95: 3, basis: 'two API calls, not needed' },
    limitMs: 30_000,
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
    params: { key: `${name}.${step}`, zone: t.zone, records: recordsOf(t).slice(0, 1), survivors, mustKnow: ctx.verb !== 'failover', holdMs },
    controlPlanes: [],
    permissions: [...readRights(t), allow(['autoscaling:DescribeAutoScalingGroups', 'elasticloadbalancing:DescribeTargetHealth'], ['*'])],
    estimate: { p50: 1 + holdMs / 1000, p95: 60 + holdMs / 1000, basis: holdMs === 0 ? 'a look at each region' : 'the time of the runbook' },
    limitMs: 600_000 + holdMs,
    changes: [],
  };
}

/** At once in a failover; in the policy's steps, with a hold after each, in a switchover and on the way back. */
function recordMoves(parts: Parts): StepDraft[] {
  const { ctx, policy, t, now } = parts;
  const inside = staying(parts);
  const source = ctx.source;
  // A region that answers nobody has nothing to drain, and a dead one has no time for it.
  const leaves = now.includes(source);
  const out = ctx.verb === 'switchover' && leaves ? policy.pace : [0];
  const shares = ctx.verb === 'reprotect' ? rising(policy.pace) : out;
  const aimAt = (percent: number): Aim => {
    if (ctx.verb === 'reprotect') return policy.back(source, percent);
    return percent === 0 ? policy.aim(inside) : policy.aim(inside, { region: source, percent });
  };
  const first = ctx.verb === 'reprotect' ? policy.back(source, now.includes(source) ? 100 : 0) : policy.aim(now.filter((region) => region !== source), ...(leaves ? [{ region: source, percent: 100 }] : []));
  const drafts: StepDraft[] = [];
  for (const [i, percent] of shares.entries()) {
    const before = i === 0 ? first : aimAt(shares[i - 1] ?? 0);
    const after = i === 0 ? ['carry'] : [drafts.at(-1)?.step ?? 'carry'];
    drafts.push(shiftStep(parts, `shift${i + 1}`, { aim: aimAt(percent), before, percent, from: i === 0 ? (leaves ? 100 : 0) : (shares[i - 1] ?? 0), after }));
    if (i < shares.length - 1 && t.between > 0) {
      const carriers = ctx.verb === 'reprotect' ? [...now, source] : inside;
      drafts.push({ ...carryStep(parts, `hold${i + 1}`, carriers, t.between), after: [`shift${i + 1}`] });
    }
  }
  return drafts;
}

/** `[75, 50, 25, 0]` the other way: `[25, 50, 75, 100]`. */
function rising(pace: readonly number[]): number[] {
  return pace.map((percent) => 100 - percent);
}

function shiftStep(parts: Parts, step: string, move: { aim: Aim; before: Aim; percent: number; from: number; after: string[] }): StepDraft {
  const { ctx, name, t, policy } = parts;
  const back = ctx.verb === 'reprotect';
  const whole = movesAtOnce(parts);
  const title = move.percent === 0 ? `Take ${ctx.source} out of ${resourceName(parts)}${whole}` : `${back ? 'Bring' : 'Leave'} ${move.percent} % of its share ${back ? 'back to' : 'with'} ${ctx.source}${whole}`;
  return {
    step,
    phase: 'traffic',
    after: move.after,
    reversibility: 'compensable',
    title,
    params: {
      key: `${name}.${step}`,
      zone: t.zone,
      records: recordsOf(t),
      aim: move.aim,
      before: move.before,
      towards: (back ? [ctx.source] : staying(parts)).flatMap((region) => policy.setsOf(region)),
    },
    controlPlanes: ['route53@us-east-1'],
    permissions: changeRights(t),
    estimate: { p50: 30, p95: 60, basis: 'AWS: changes are INSYNC usually within 60 s' },
    limitMs: 900_000,
    changes: [{ resource: `route53:${t.zone}:${resourceName(parts)}`, field: `share of ${ctx.source}`, before: `${move.from} %`, after: `${move.percent} %` }],
  };
}

function checksMove(parts: Parts): StepDraft {
  const { ctx, t, policy } = parts;
  const out = ctx.verb === 'reprotect' ? [] : [ctx.source];
  const inside = ctx.verb === 'reprotect' ? [ctx.source] : [ctx.target];
  return {
    ...checksStep(t, { out: out.flatMap((r) => policy.setsOf(r)), in: inside.flatMap((r) => policy.setsOf(r)) }),
    after: ['carry'],
    title: out.length > 0 ? `Take ${ctx.source} out by its health check` : `Let the health check of ${ctx.source} speak again`,
    changes: [{ resource: `route53:${t.zone}:${resourceName(parts)}`, field: `health check of ${ctx.source}`, before: 'as it is', after: out.length > 0 ? 'disabled and inverted' : 'enabled' }],
  };
}

/** Said where a planned move has no steps: a name answers either one region's users there or the other's. */
function movesAtOnce({ ctx, t, now }: Parts): string {
  const planned = ctx.verb === 'reprotect' || (ctx.verb === 'switchover' && now.includes(ctx.source));
  return planned && t.kind !== 'route53-weighted' ? `, all its users at once: ${t.kind.replace('route53-', '')} records have no shares` : '';
}

/** The step that forces sets out, and lets others be judged again. */
export function checksStep(t: SharedTraffic | Route53Failover, sets: { out: string[]; in: string[] }): StepDraft {
  return {
    step: 'shiftChecks',
    phase: 'traffic',
    reversibility: 'compensable',
    title: '',
    params: { zone: t.zone, records: recordsOf(t), ...sets },
    controlPlanes: ['route53@us-east-1'],
    permissions: checkRights(t),
    estimate: { p50: 1, p95: 10, basis: 'one request a health check' },
    limitMs: 300_000,
    changes: [],
  };
}

/** The target's object is cleared first, so that at no moment everybody is out. */
function objectMoves(parts: Parts): StepDraft[] {
  const { ctx } = parts;
  const { source, target } = ctx;
  if (ctx.verb === 'reprotect') return [objectStep(parts, 'clearObject', source, false, ['carry'])];
  const clear = parts.now.includes(target) ? [] : [objectStep(parts, 'clearObject', target, false, ['carry'])];
  return [...clear, objectStep(parts, 'raiseObject', source, true, clear.length > 0 ? ['clearObject'] : ['carry'])];
}

function objectStep({ t }: Parts, step: string, region: string, present: boolean, after: string[]): StepDraft {
  const { in: home, bucket, key } = inRegion(t.object ?? {}, region);
  const where = `s3://${bucket}/${key}`;
  return {
    step,
    phase: 'traffic',
    after,
    reversibility: 'compensable',
    title: `${present ? 'Put' : 'Take away'} ${where}, which takes ${region} ${present ? 'out' : 'out no more'}`,
    params: { region: home, bucket, key, present },
    // S3 objects are a data plane: no control plane is needed.
    controlPlanes: [],
    permissions: objectRights(bucket, key),
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
      ...(watched === undefined ? {} : { object: { bucket: watched.bucket, key: watched.key } }),
    },
    controlPlanes: [],
    permissions: [listRights(t)],
    estimate: { p50: t.switch === 'record' ? 60 : 90, p95: t.switch === 'record' ? 120 : 150, basis: 'TTL of 60 s; by health check also 3 × 10 s until it flips' },
    limitMs: 900_000,
    changes: [],
  };
}

function lastShift(parts: Parts): string {
  return recordMoves(parts).at(-1)?.step ?? 'carry';
}
