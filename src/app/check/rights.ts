import { type ContextEntry, principalOf, simulate, type Simulated } from '../../aws/iam.ts';
import { globalArn, parseArn, regionOfArn } from '../../base/arn.ts';
import { canonicalJson } from '../../base/json.ts';
import { iamRegionFor, partitionOf, route53RegionFor } from '../../base/regions.ts';
import type { Effects } from '../../effects/effects.ts';
import { allow } from '../../kinds/common.ts';
import { ifAllowed } from '../../kinds/inspect.ts';
import { type About, finder, type Finding } from '../../model/finding.ts';
import type { Permission } from '../../model/step.ts';
import type { PathFinding } from './run-findings.ts';
import { knownKind } from '../../kinds/registry.ts';
import type { InspectContext } from '../../model/kind.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';

/*
 * May the caller of this check also run the failover? IAM's own judge is asked, with what `dr iam` lists for the plan. It knows the
 * policies of the caller and no policy of a resource, so a right that such a policy may give is missing only where it is denied
 * outright. What the plan names by a pattern (the unique id of a group, what a launch makes) is asked for as that pattern: a policy may
 * name it more narrowly, so such a right is not proven, and not missing. A caller that may change nothing only looks, and then nothing is
 * known of the person or role that would run it.
 */

const PAGE = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html';

/** Services whose resources have policies of their own, which may give a right that the caller's do not. */
const GIVEN_BY_RESOURCES: ReadonlySet<string> = new Set(['kms', 'sns', 's3', 'lambda']);
const READS = /:(Describe|Get|List)/;
const SHOWN = 5;

/** What `rightsFindings` asks, of a role or user that no runbook names. */
export function rightsLooks(target: string, account: string): Permission {
  const arn = (what: string): string => globalArn(partitionOf(target), 'iam', what, account);
  return allow(['iam:GetRole', 'iam:SimulatePrincipalPolicy'], [arn('role/*'), arn('user/*')]);
}

interface Asking {
  effects: Effects;
  /** The caller's ARN, as STS tells it. */
  caller: string;
  target: string;
  permissions: readonly Permission[];
  signal: AbortSignal;
}

export async function rightsFindings({ effects, caller, target, permissions, signal }: Asking): Promise<PathFinding[]> {
  const region = iamRegionFor(target);
  const about = { resource: `iam:${parseArn(caller)?.resource.replace(/^assumed-role\/([^/]+)\/.*$/, 'role/$1') ?? caller}`, region: '' };
  const found = await ifAllowed(about, async () => {
    const principal = await principalOf(effects.aws, region, caller, { signal });
    // The root user may do everything; of a federated user IAM does not tell.
    if (principal === undefined) return parseArn(caller)?.resource === 'root' ? [] : [unjudged(about, `IAM judges no rights of ${caller}: it is no user and no role`)];
    const asked = questionsOf(permissions, target);
    const judged = await Promise.all(asked.map(async ({ pairs, context }) => {
      const actions = [...new Set(pairs.map(({ action }) => action))].sort();
      const resources = [...new Set(pairs.map(({ resource }) => resource))].sort();
      const results = await simulate(effects.aws, region, { principal, actions, resources, context }, { signal });
      return pairs.map((pair) => ({ ...pair, decision: decisionOf(results, pair) }));
    }));
    const all = judged.flat();
    const open = all.filter(({ decision }) => decision === 'unanswered');
    return [...findingsOf(finder(about), principal, all), ...(open.length === 0 ? [] : [unjudged(about, `IAM gives no answer for ${principal}: ${listOf(open)}`)])];
  });
  return found.map((one) => ({ ...one, path: [] }));
}

/** Nothing is known of rights: that is said, and fails nothing. */
function unjudged(about: About, observed: string): Finding {
  return finder(about).note('not-checked', { observed, wanted: 'an answer of iam:SimulatePrincipalPolicy', consequence: 'whether the caller may run the failover is not known from here', mend: 'run dr check as the role that would run the failover', page: PAGE });
}

interface Pair {
  action: string;
  resource: string;
}

interface Question {
  pairs: Pair[];
  context: ContextEntry[];
}

/** What can be asked together: in one region, under the same conditions. One request each, however many rights there are. */
function questionsOf(permissions: readonly Permission[], target: string): Question[] {
  const questions = new Map<string, Question>();
  for (const { actions, resources, conditions = {} } of permissions) {
    const context = contextOf(conditions);
    if (context === undefined) continue;
    for (const resource of resources) {
      const place = regionOfArn(resource) ?? (parseArn(resource)?.service === 'route53' ? route53RegionFor(target) : target);
      const entries = [{ ContextKeyName: 'aws:RequestedRegion', ContextKeyValues: [place], ContextKeyType: 'string' as const }, ...context];
      // `*` stands for a request that knows no resource, and goes with no others.
      const key = canonicalJson([resource === '*', entries]);
      const question = questions.get(key) ?? { pairs: [], context: entries };
      question.pairs.push(...actions.map((action) => ({ action, resource })));
      questions.set(key, question);
    }
  }
  return [...questions.values()];
}

/** The conditions of a permission are what the request of a run brings with it. Undefined where that is a pattern. */
function contextOf(conditions: NonNullable<Permission['conditions']>): ContextEntry[] | undefined {
  const entries = Object.entries(conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([name, values]): ContextEntry => ({ ContextKeyName: name, ContextKeyValues: [...values], ContextKeyType: operator.startsWith('ForAllValues:') ? 'stringList' : 'string' })),
  );
  const plain = entries.filter(({ ContextKeyName }) => ContextKeyName !== 'aws:RequestedRegion');
  return plain.some(({ ContextKeyValues = [] }) => ContextKeyValues.some((value) => value.includes('*'))) ? undefined : plain;
}

type Decision = 'allowed' | 'implicitDeny' | 'explicitDeny' | 'unknown' | 'unanswered';

/** What the answer says of one action on one resource. A denial for which IAM had not all that it wanted to know is none. */
function decisionOf(results: readonly Simulated[], { action, resource }: Pair): Decision {
  const result = results.find(({ EvalActionName }) => EvalActionName?.toLowerCase() === action.toLowerCase());
  const own = result?.ResourceSpecificResults?.find(({ EvalResourceName }) => EvalResourceName === resource);
  const [decision, missing] = own === undefined && resource === '*' ? [result?.EvalDecision, result?.MissingContextValues] : [own?.EvalResourceDecision, own?.MissingContextValues];
  if (decision === undefined) return 'unanswered';
  if (decision !== 'allowed' && (missing ?? []).length > 0) return 'unknown';
  const byResource = GIVEN_BY_RESOURCES.has(action.split(':')[0] ?? '');
  return decision === 'implicitDeny' && byResource ? 'unknown' : decision;
}

function listOf(denied: readonly (Pair & { decision: Decision })[]): string {
  const all = [...new Set(denied.map(({ action, resource, decision }) => `${action} on ${resource}${decision === 'explicitDeny' ? ' (denied outright)' : ''}`))];
  return `${all.slice(0, SHOWN).join('; ')}${all.length > SHOWN ? `; and ${all.length - SHOWN} more` : ''}`;
}

function findingsOf({ error, warning, note }: ReturnType<typeof finder>, principal: string, judged: readonly (Pair & { decision: Decision })[]): Finding[] {
  const changes = judged.filter(({ action }) => !READS.test(action));
  const known = changes.filter(({ decision }) => decision !== 'unknown' && decision !== 'unanswered');
  if (known.length > 0 && known.every(({ decision }) => decision !== 'allowed')) {
    return [note('caller-looks-only', { observed: `${principal} may change nothing that a failover changes: it only looks`, wanted: 'a look with the rights of the role that would run the failover', consequence: 'whether they may is not known from here', mend: 'run dr check now and then as the role that would run the failover', page: PAGE })];
  }
  const denied = judged.filter(({ decision }) => decision === 'implicitDeny' || decision === 'explicitDeny');
  const open = denied.filter(({ resource, decision }) => decision === 'implicitDeny' && resource !== '*' && resource.includes('*'));
  const missing = denied.filter((one) => !open.includes(one));
  const said = { wanted: 'every right that the failover needs', mend: 'dr iam --verb failover prints the policies', page: PAGE };
  return [
    ...(missing.length === 0 ? [] : [error('right-missing', { observed: `${principal} may not: ${listOf(missing)}`, consequence: 'the failover stops where the right is missing', ...said })]),
    ...(open.length === 0 ? [] : [warning('right-unproven', { observed: `${principal} may not, unless a policy names it more narrowly: ${listOf(open)}`, consequence: 'where the right is missing, the failover stops', ...said })]),
  ];
}

/**
 * Where IAM's own judge tells nothing of the caller's rights: what EC2 says to the requests of a failover, asked to do nothing (`DryRun`). No
 * other service that a failover changes offers that.
 */
export async function dryRunFindings(ctx: InspectContext, { runbook }: LoadedRunbook): Promise<PathFinding[]> {
  const all = await Promise.all(runbook.resources.map(async ({ section, name, kind, resource }) => {
    const code = await knownKind(kind);
    const found = await ifAllowed({ resource: `ec2:${ctx.target}:${name}`, region: ctx.target }, async () => (await code.dryRuns?.(ctx, name, resource)) ?? []);
    return found.map((finding) => ({ ...finding, path: [section, name] }));
  }));
  return all.flat();
}
