import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { isPatient, saidBy } from './health-signal.ts';
import { changeRights, checkRights, listRights, objectRights, readRights, route53Plane } from './rights.ts';
import { recordsOf, type RegionAnswer, type Route53Failover, type SharedTraffic, type Traffic } from './schema.ts';
import { READS } from '../common.ts';

/** All that a draft takes from the kind: what differs from one to the next. */
type Own = Pick<StepDraft, 'title' | 'changes' | 'after' | 'label'>;

/** What users get, and what Route 53's checkers see, before anything is changed. `from` is the source's set, and what it answers. */
export function assessDraft(ctx: PlanContext, name: string, t: Traffic, title: string, from: { set?: string; answer?: RegionAnswer }): StepDraft {
  // A simple record has no health check; one that watches an object says nothing of the region that its set leads to.
  const watched = t.kind !== 'route53-simple' && t.switch !== 'object';
  const patient = t.kind !== 'route53-simple' && isPatient(ctx);
  return {
    step: 'assessHealthCheck',
    phase: 'assess',
    ...READS,
    title: t.kind === 'route53-simple' || watched ? title : 'What do users get now?',
    signal: `health-check.${name}`,
    sourceAnswers: saidBy(recordsOf(t), from.answer),
    params: { signal: `health-check.${name}`, zone: t.zone, records: recordsOf(t), from: { ...from }, watched, patient },
    permissions: t.kind === 'route53-simple' ? [] : readRights(ctx, t),
    estimate: { p50: 1, p95: 3, basis: t.kind === 'route53-simple' ? 'one DNS query for each name' : 'two API calls, not needed' },
    limitMs: patient ? 330_000 : 30_000,
  };
}

export function changeDraft(ctx: PlanContext, t: Traffic, step: string, own: Own, params: Readonly<Record<string, unknown>>): StepDraft {
  return {
    ...own,
    step,
    phase: 'traffic',
    reversibility: 'compensable',
    params: { zone: t.zone, records: recordsOf(t), ...params },
    controlPlanes: [route53Plane(ctx)],
    permissions: changeRights(ctx, t),
    estimate: { p50: 30, p95: 60, basis: 'AWS: changes are INSYNC usually within 60 s' },
    limitMs: 900_000,
  };
}

/** Forces sets out by their health checks, and lets others be judged again. */
export function checksDraft(ctx: PlanContext, t: SharedTraffic | Route53Failover, own: Own, sets: { out: string[]; in: string[] }): StepDraft {
  return {
    ...own,
    step: 'shiftChecks',
    phase: 'traffic',
    reversibility: 'compensable',
    params: { zone: t.zone, records: recordsOf(t), ...sets },
    controlPlanes: [route53Plane(ctx)],
    permissions: checkRights(ctx, t),
    estimate: { p50: 1, p95: 10, basis: 'one request a health check' },
    limitMs: 300_000,
  };
}

/** Puts or deletes the object that a health check watches. S3 objects are a data plane: no control plane is needed. */
export function objectDraft(ctx: PlanContext, step: string, own: Omit<Own, 'changes'>, object: { region: string; bucket: string; key: string; present: boolean }): StepDraft {
  const { region, bucket, key, present } = object;
  return {
    ...own,
    step,
    phase: 'traffic',
    reversibility: 'compensable',
    params: { region, bucket, key, present },
    ...(present ? {} : { regionMayBeLost: true }),
    controlPlanes: [],
    permissions: objectRights(ctx, bucket, key),
    estimate: { p50: 1, p95: 3, basis: 'one request to S3' },
    limitMs: 120_000,
    changes: [{ resource: `s3:${region}:${bucket}/${key}`, field: 'object', before: present ? 'absent' : 'there', after: present ? 'there' : 'absent' }],
  };
}

/** The names answer from outside as they must. */
export function settleDraft(ctx: PlanContext, name: string, t: Traffic, own: Omit<Own, 'changes'>, params: Readonly<Record<string, unknown>>): StepDraft {
  const byRecord = t.switch === 'record';
  const simple = t.kind === 'route53-simple';
  return {
    ...own,
    step: 'settle',
    phase: 'traffic',
    ...READS,
    params: { key: name, zone: t.zone, records: recordsOf(t), by: t.switch, ...params },
    permissions: simple ? [] : [listRights(ctx, t)],
    estimate: { p50: byRecord ? 60 : 90, p95: byRecord ? 120 : 150, basis: simple ? 'TTL of the record' : 'TTL of 60 s; by health check also 3 × 10 s until it flips' },
    limitMs: 900_000,
  };
}
