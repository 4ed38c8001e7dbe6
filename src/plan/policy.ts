import { sha256 } from '../base/json.ts';
import type { Conditions, Permission } from '../model/step.ts';

/*
 * Permissions as IAM policies. Pure: the same permissions give the same text, whatever their order.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */

interface PolicyStatement {
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: string[];
  Condition?: Conditions;
}

export interface PolicyDocument {
  Version: '2012-10-17';
  Statement: PolicyStatement[];
}

/** Characters of a managed policy, white space not counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const POLICY_LIMIT = 6_144;

/** As AWS counts it. */
export function policySize(document: PolicyDocument): number {
  return JSON.stringify(document).replace(/\s/g, '').length;
}

/** One statement for each set of resources and conditions of a service; equal action lists are put together. */
export function policyOf(permissions: readonly Permission[]): PolicyDocument {
  const byResources = grouped(permissions.flatMap(perService), (p) => [p.service, sorted(p.resources), conditionsText(p.conditions)]);
  const wide = [...byResources.values()].map((same) => ({ ...first(same), actions: sorted(same.flatMap((p) => p.actions)), resources: sorted(first(same).resources) }));
  const byActions = grouped(wide, (p) => [p.actions, conditionsText(p.conditions)]);
  const merged = [...byActions.values()].map((same) => ({ ...first(same), resources: sorted(same.flatMap((p) => p.resources)) }));
  const statements = merged.map(({ actions, resources, conditions }) => statement(actions, resources, conditions));
  return { Version: '2012-10-17', Statement: statements.toSorted((a, b) => (a.Sid < b.Sid ? -1 : 1)) };
}

/** Parts that each fit into one managed policy. A statement that is too long by its resources is cut; one by its conditions cannot be. */
export function policyParts(document: PolicyDocument, limit = POLICY_LIMIT): PolicyDocument[] {
  const whole = (statements: PolicyStatement[]): PolicyDocument => ({ Version: '2012-10-17', Statement: statements });
  const fits = (statements: PolicyStatement[]) => policySize(whole(statements)) <= limit;
  const parts: PolicyStatement[][] = [];
  const open = [...document.Statement];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const it = next;
    const room = parts.find((part) => fits([...part, it]));
    if (room !== undefined) room.push(it);
    else if (fits([it]) || it.Resource.length === 1) parts.push([it]);
    else {
      const half = Math.ceil(it.Resource.length / 2);
      open.unshift(statement(it.Action, it.Resource.slice(0, half), it.Condition), statement(it.Action, it.Resource.slice(half), it.Condition));
    }
  }
  return parts.map(whole);
}

type Served = Permission & { service: string };

function perService(permission: Permission): Served[] {
  const services = Map.groupBy(permission.actions, (action) => action.split(':')[0] ?? '');
  return [...services].map(([service, actions]) => ({ ...permission, service, actions }));
}

/** The Sid comes from what is said and from nothing else, so that a policy that grows keeps the names of its statements. */
function statement(actions: readonly string[], resources: readonly string[], conditions: Conditions | undefined): PolicyStatement {
  const service = actions[0]?.split(':')[0] ?? '';
  const reads = actions.every(isRead);
  const mark = sha256(JSON.stringify([actions, resources, conditionsText(conditions)])).slice(0, 8);
  return {
    Sid: `${service[0]?.toUpperCase() ?? ''}${service.slice(1)}${reads ? 'Read' : 'Write'}${mark}`,
    Effect: 'Allow',
    Action: [...actions],
    Resource: [...resources],
    ...(conditions === undefined ? {} : { Condition: conditions }),
  };
}

function isRead(action: string): boolean {
  return /:(Describe|Get|List|Head)/.test(action);
}

function grouped<T>(list: readonly T[], key: (item: T) => unknown): Map<string, T[]> {
  return Map.groupBy(list, (item) => JSON.stringify(key(item)));
}

/** Keys in order, so that equal conditions are equal text. */
function conditionsText(conditions: Conditions | undefined): string {
  const inOrder = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  return JSON.stringify(conditions ?? {}, inOrder);
}

function sorted(list: readonly string[]): string[] {
  return [...new Set(list)].sort();
}

function first<T>(list: readonly T[]): T {
  const [one] = list;
  if (one === undefined) throw new Error('an empty group');
  return one;
}
