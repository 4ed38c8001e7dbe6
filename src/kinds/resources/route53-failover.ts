import { allow, inRegion } from '../common.ts';
import type { PlanContext, ResourceKind, ResourceState, StepDraft } from '../kind.ts';
import { assessHealthCheck } from '../route53/health-signal.ts';
import { flipObject } from '../route53/flip-object.ts';
import { flipRecord } from '../route53/flip-record.ts';
import { type Route53Failover, schema } from '../route53/schema.ts';
import { objectExists, roleOf, setsOf } from '../route53/sets.ts';
import { settle } from '../route53/settle.ts';
import { simulateRecord } from '../route53/simulate.ts';

/*
 * One PRIMARY and one SECONDARY record set of a name.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-failover.html
 */

/** Without asking Route 53, where traffic is switched without it. */
async function observe(ctx: Parameters<ResourceKind<Route53Failover>['observe']>[0], t: Route53Failover): Promise<ResourceState> {
  if (t.switch === 'object') return observeObject(ctx, t);
  const sets = await setsOf(ctx.effects.aws, t, { signal: ctx.signal });
  const primary = ctx.regions.find((region) => roleOf(sets, inRegion(t.sets, region)) === 'PRIMARY');
  return {
    activeIn: primary === undefined ? [] : [primary],
    because: primary === undefined ? `${t.record.name} has no PRIMARY set that the runbook names` : `the PRIMARY set of ${t.record.name} is ${inRegion(t.sets, primary)}`,
    facts: { primary },
  };
}

async function observeObject(ctx: Parameters<ResourceKind<Route53Failover>['observe']>[0], t: Route53Failover): Promise<ResourceState> {
  const watched = t.object?.[ctx.target];
  if (watched === undefined) {
    return { activeIn: [], because: `${ctx.target} is primary: it is active while no other region's object exists`, facts: {} };
  }
  const there = await objectExists(ctx.effects.aws, ctx.target, watched, { signal: ctx.signal });
  const where = `s3://${watched.bucket}/${watched.key}`;
  if (there) return { activeIn: [ctx.target], because: `${where} exists`, facts: { raised: true } };
  const other = ctx.regions.find((region) => region !== ctx.target);
  return { activeIn: ctx.regions.length === 2 && other !== undefined ? [other] : [], because: `${where} does not exist`, facts: { raised: false } };
}

function plan(ctx: PlanContext, name: string, t: Route53Failover, state: ResourceState): StepDraft[] {
  const common = { zone: t.zone, name: t.record.name, type: t.record.type };
  const to = inRegion(t.sets, ctx.target);
  const from = inRegion(t.sets, ctx.source);
  const zoneArn = `arn:aws:route53:::hostedzone/${t.zone}`;
  const read = allow(['route53:ListResourceRecordSets'], [zoneArn]);
  return [
    {
      step: 'assessHealthCheck',
      phase: 'assess',
      reversibility: 'reversible',
      title: `What do Route 53's checkers see of ${from}?`,
      params: { signal: `health-check.${name}`, ...common, set: from },
      controlPlanes: [],
      permissions: [read, allow(['route53:GetHealthCheckStatus'], ['arn:aws:route53:::healthcheck/*'])],
      estimate: { p50: 1, p95: 3, basis: 'two API calls, not needed' },
      limitMs: 30_000,
      changes: [],
    },
    t.switch === 'record' ? recordStep(ctx, t, state, read, zoneArn) : objectStep(ctx, t),
    {
      step: 'settle',
      phase: 'traffic',
      after: [t.switch === 'record' ? 'flip' : 'flipObject'],
      reversibility: 'reversible',
      title: `${t.record.name} answers with ${to} from outside`,
      params: { ...common, set: to },
      controlPlanes: [],
      permissions: [read],
      estimate: { p50: t.switch === 'record' ? 60 : 90, p95: t.switch === 'record' ? 120 : 150, basis: 'TTL of 60 s; by health check also 3 × 10 s until it flips' },
      limitMs: 900_000,
      changes: [],
    },
  ];
}

function recordStep(ctx: PlanContext, t: Route53Failover, state: ResourceState, read: StepDraft['permissions'][number], zoneArn: string): StepDraft {
  const to = inRegion(t.sets, ctx.target);
  const from = inRegion(t.sets, ctx.source);
  const primaryNow = state.facts.primary === ctx.target ? to : from;
  return {
    step: 'flip',
    phase: 'traffic',
    reversibility: 'compensable',
    title: `Make ${to} the PRIMARY set of ${t.record.name}`,
    params: { zone: t.zone, name: t.record.name, type: t.record.type, to, from },
    controlPlanes: ['route53@us-east-1'],
    permissions: [read, allow(['route53:ChangeResourceRecordSets'], [zoneArn]), allow(['route53:GetChange'], ['arn:aws:route53:::change/*'])],
    estimate: { p50: 30, p95: 60, basis: 'AWS: changes are INSYNC usually within 60 s' },
    limitMs: 900_000,
    changes: [{ resource: `route53:${t.zone}:${t.record.name} ${t.record.type}`, field: 'PRIMARY', before: primaryNow, after: to }],
  };
}

function objectStep(ctx: PlanContext, t: Route53Failover): StepDraft {
  const raise = t.object?.[ctx.target];
  const watched = raise ?? t.object?.[ctx.source];
  if (watched === undefined) throw new Error('neither region has an object to watch');
  const region = raise === undefined ? ctx.source : ctx.target;
  return {
    step: 'flipObject',
    phase: 'traffic',
    reversibility: 'compensable',
    title: raise === undefined ? `Take away s3://${watched.bucket}/${watched.key}` : `Put s3://${watched.bucket}/${watched.key}`,
    params: { region, ...watched, present: raise !== undefined },
    // S3 objects are a data plane: no control plane is needed.
    controlPlanes: [],
    permissions: [allow(['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], [`arn:aws:s3:::${watched.bucket}/${watched.key}`])],
    estimate: { p50: 1, p95: 3, basis: 'one request to S3' },
    limitMs: 120_000,
    changes: [{ resource: `s3:${region}:${watched.bucket}/${watched.key}`, field: 'object', before: raise === undefined ? 'there' : 'absent', after: raise === undefined ? 'absent' : 'there' }],
  };
}

const kind: ResourceKind<Route53Failover> = {
  section: 'traffic',
  strategies: ['backup-restore', 'pilot-light', 'warm-standby'],
  summary: 'A failover pair of Route 53 record sets, switched by record or by a watched object',
  schema,
  regions: (t) => [{ path: ['sets'], regions: Object.keys(t.sets) }],
  lint: (t) =>
    t.switch === 'record' && t.object !== undefined
      ? [{ path: ['object'], severity: 'warning', message: '`object` is not used by `switch: record`' }]
      : [],
  observe,
  plan,
  steps: { assessHealthCheck, flip: flipRecord, flipObject, settle },
  simulate: simulateRecord,
};

export default kind;
