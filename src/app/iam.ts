import { globalArn } from '../base/arn.ts';
import { DrError } from '../base/errors.ts';
import { partitionOf } from '../base/regions.ts';
import { parseS3Place } from '../journal/s3-state.ts';
import { type Verb, VERBS } from '../model/verb.ts';
import { knownKind, loadStepKind } from '../kinds/registry.ts';
import type { Permission, PlanStep } from '../model/step.ts';
import { type PolicyDocument, policyOf, policyParts, policySize } from '../plan/policy.ts';
import { type Wildcard, wildcardsOf } from '../plan/wildcards.ts';
import { loadRunbook } from '../runbook/load.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import { ACCOUNT_UNKNOWN, lookPermissions, offlinePlans } from './offline-plan.ts';
import { runbookFiles } from '../runbook/find.ts';
import type { InspectPlace } from '../model/kind.ts';
import { alarmLooks } from './assess/alarms.ts';
import { healthLooks } from './assess/health.ts';
import { certificateLooks } from './check/certificates.ts';
import { rightsLooks } from './check/rights.ts';
import { VCPU_LOOKS } from './check/vcpu-quotas.ts';

/** `abort` needs what leads a run of any verb back; `check` only reads. `resume` and `takeover` need what the run's own verb needs. */
export const IAM_VERBS = [...VERBS, 'abort', 'check'] as const;
export type IamVerb = (typeof IAM_VERBS)[number];

interface IamRequest {
  paths: readonly string[];
  verb?: IamVerb | undefined;
  /** The region that is active when the verb is done. */
  region?: string | undefined;
  /** Twelve digits. */
  account?: string | undefined;
  /** `s3://…`, where runs are kept. */
  state?: string | undefined;
}

/** What one verb needs for one target region, of all the runbooks that name it. */
export interface IamResult {
  verb: IamVerb;
  region: string;
  runbooks: readonly string[];
  /** Each fits into one managed policy. */
  policies: readonly { document: PolicyDocument; size: number }[];
  wildcards: readonly Wildcard[];
  /** What the runbooks cannot say, and so the policies do not either. */
  notes: readonly string[];
}

/** The least that a role needs, from the runbooks alone: no call is made. @throws DrError */
export async function iamPolicies(request: IamRequest): Promise<IamResult[]> {
  const { account = ACCOUNT_UNKNOWN, region, verb } = request;
  const loaded = await Promise.all((await runbookFiles(request.paths)).map(loadRunbook));
  const known = [...new Set(loaded.flatMap(({ runbook }) => runbook.regions.map((r) => r.id)))].sort();
  if (region !== undefined && !known.includes(region)) throw usage('REGION_UNKNOWN', `No runbook names the region ${region}.`, `the regions of these runbooks: ${known.join(', ')}`);
  const results: IamResult[] = [];
  for (const one of verb === undefined ? IAM_VERBS : [verb]) {
    for (const target of region === undefined ? known : [region]) {
      results.push(await policyFor(loaded.filter(({ runbook }) => runbook.regions.some((r) => r.id === target)), one, target, account, request.state));
    }
  }
  return results;
}

async function policyFor(loaded: readonly LoadedRunbook[], verb: IamVerb, region: string, account: string, state: string | undefined): Promise<IamResult> {
  const permissions = statePermissions(state, region, verb === 'check');
  const notes: string[] = [];
  for (const runbook of loaded) {
    const needs = await needsOf(runbook, verb, region, account);
    permissions.push(...needs.permissions);
    notes.push(...needs.notes);
  }
  const document = policyOf(permissions);
  const policies = policyParts(document).map((part) => ({ document: part, size: policySize(part) }));
  const wildcards = wildcardsOf(document).map((w) => ({ ...w, why: w.why ?? 'no reason is known: please report this' }));
  return { verb, region, runbooks: loaded.map((l) => l.runbook.name), policies, wildcards, notes: [...new Set([...notes, ...documentNotes(document, policies.map((p) => p.size), account)])] };
}

async function needsOf(loaded: LoadedRunbook, verb: IamVerb, region: string, account: string): Promise<{ permissions: Permission[]; notes: string[] }> {
  const regions = loaded.runbook.regions.map((r) => r.id);
  if (verb === 'check') return { permissions: (await checkPermissions(loaded, account)).map((p) => boundToRegions(p, regions)), notes: [] };
  const verbs: readonly Verb[] = verb === 'abort' ? VERBS : [verb];
  const permissions: Permission[] = [];
  const notes: string[] = [];
  for (const one of verbs) {
    const { plans, impossible } = await offlinePlans(loaded, one, region, account);
    if (verb !== 'abort') permissions.push(...(await lookPermissions(loaded, one, region, account)));
    for (const { source, because } of impossible) notes.push(`${loaded.runbook.name}: no ${one} from ${source}: ${because}`);
    for (const step of plans.flatMap((plan) => plan.steps)) {
      if (verb === 'abort' && (await loadStepKind(step.kind)).undo === undefined) continue;
      permissions.push(...step.permissions);
      notes.push(...stepNotes(loaded.runbook.name, step));
    }
  }
  return { permissions: permissions.map((p) => boundToRegions(p, regions)), notes };
}

/** An action without a resource is bound to the regions of the runbook, unless it says to which. */
function boundToRegions(permission: Permission, regions: readonly string[]): Permission {
  if (!permission.resources.includes('*')) return permission;
  const { StringEquals, ...others } = permission.conditions ?? {};
  return { ...permission, conditions: { ...others, StringEquals: { ...StringEquals, 'aws:RequestedRegion': StringEquals?.['aws:RequestedRegion'] ?? [...regions].sort() } } };
}

/** What a step needs and no runbook says. */
function stepNotes(runbook: string, step: PlanStep): string[] {
  const notes: string[] = [];
  const actions = new Set(step.permissions.flatMap((p) => p.actions));
  if (actions.has('ec2:RunInstances')) {
    notes.push(`${runbook}: a launch template with an instance profile needs iam:PassRole on that role; one with encrypted volumes kms:CreateGrant, kms:Decrypt and kms:GenerateDataKeyWithoutPlaintext on their key`);
  }
  if (actions.has('sns:Publish')) notes.push(`${runbook}: an encrypted topic needs kms:Decrypt and kms:GenerateDataKey on its key`);
  if (step.outside === 'program') notes.push(`${runbook}: what the program of the custom step ${step.id} calls is not known`);
  return notes;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const POLICIES_PER_ROLE = 10;

function documentNotes(document: PolicyDocument, sizes: readonly number[], account: string): string[] {
  const notes: string[] = [];
  if (account === ACCOUNT_UNKNOWN && JSON.stringify(document).includes(`:${ACCOUNT_UNKNOWN}:`)) {
    notes.push(`the account is not known: put it in place of ${ACCOUNT_UNKNOWN}, or give --account; AWS refuses the policy as it is`);
  }
  if (sizes.length > POLICIES_PER_ROLE) notes.push(`${sizes.length} policies: AWS attaches ${POLICIES_PER_ROLE} to a role unless the quota is raised; use a role for each runbook`);
  const long = sizes.filter((size) => size > 6_144);
  if (long.length > 0) notes.push(`${long.length} of them are longer than AWS takes: too many record names stand in one condition; move names to another resource under \`traffic\``);
  return notes;
}

/** What reading and writing runs in a bucket needs; the folder of this machine needs nothing. A bucket without a region is one of that partition. */
function statePermissions(state: string | undefined, region: string, readOnly: boolean): Permission[] {
  if (state === undefined || !state.startsWith('s3:')) return [];
  const place = parseS3Place(state.includes('?') ? state : `${state}?region=${region}`);
  if (place === undefined) throw usage('STATE_PLACE_INVALID', `--state ${state} is not a bucket.`, '--state "s3://bucket/prefix?region=ap-northeast-1"');
  const bucket = globalArn(partitionOf(place.region), 's3', place.bucket);
  return [
    { actions: readOnly ? ['s3:GetObject'] : ['s3:GetObject', 's3:PutObject'], resources: [`${bucket}/${place.prefix === '' ? '' : `${place.prefix}/`}*`] },
    // Not bound to the prefix: without it S3 answers 403 for an object that is not there.
    { actions: ['s3:ListBucket'], resources: [bucket] },
  ];
}

function usage(code: string, title: string, next = 'dr iam --help'): DrError {
  return new DrError({ code, exit: 'usage', title, next: [next] });
}

/** What a check takes from the steps of a run: it changes nothing, and uses no key. */
const READ = /^(?!kms:)[a-z0-9-]+:(Describe|Get|List)/;

/** What a check of the application needs, whichever region is active: what the checks of a failover read, and what the kinds look at. */
async function checkPermissions(loaded: LoadedRunbook, account: string): Promise<Permission[]> {
  const { strategy, objectives, resources } = loaded.runbook;
  const regions = loaded.runbook.regions.map(({ id }) => id);
  const permissions: Permission[] = [];
  const own: Permission[] = [...alarmLooks(loaded), ...healthLooks(loaded)];
  const kinds = await Promise.all(resources.map(async (one) => ({ ...one, code: await knownKind(one.kind) })));
  for (const target of regions) {
    const { plans } = await offlinePlans(loaded, 'failover', target, account);
    permissions.push(...(await lookPermissions(loaded, 'failover', target, account)), ...plans.flatMap((plan) => plan.steps.flatMap((step) => step.permissions)));
    for (const source of regions.filter((id) => id !== target)) {
      const place: InspectPlace = { strategy, objectives, regions, source, target, account };
      for (const { code, resource } of kinds) own.push(...(code.inspectRights?.(place, resource) ?? []));
    }
    own.push(rightsLooks(target, account));
    if (kinds.some(({ code }) => code.targetGroups !== undefined)) own.push(...certificateLooks(target, account));
    if (kinds.some(({ code }) => code.launches !== undefined)) own.push(VCPU_LOOKS);
  }
  const ofSteps = permissions.flatMap((permission) => {
    const actions = permission.actions.filter((action) => READ.test(action));
    return actions.length === 0 ? [] : [{ ...permission, actions }];
  });
  return [...ofSteps, ...own];
}
