import { parseArn } from '../base/arn.ts';
import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputIfThere, outputOf } from './call-options.ts';
import type { InputOf, OutputOf } from './operations.ts';
import { listed } from './pages.ts';

export type Simulated = NonNullable<OutputOf<'iam', 'SimulatePrincipalPolicy'>['EvaluationResults']>[number];
export type ContextEntry = NonNullable<InputOf<'iam', 'SimulatePrincipalPolicy'>['ContextEntries']>[number];

/**
 * The user or role whose policies decide what a caller may do. The ARN of a session names its role without the path, which only IAM tells.
 * Undefined for a caller without policies that could be simulated: the root user, a federated user.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
 */
export async function principalOf(aws: AwsCaller, region: string, caller: string, options?: CallOptions): Promise<string | undefined> {
  const { service, resource = '' } = parseArn(caller) ?? {};
  if (service === 'iam') return resource.startsWith('user/') || resource.startsWith('role/') ? caller : undefined;
  const role = /^assumed-role\/([^/]+)\//.exec(resource)?.[1];
  if (service !== 'sts' || role === undefined) return undefined;
  return (await outputOf(aws, { service: 'iam', region, operation: 'GetRole', input: { RoleName: role } }, options)).Role?.Arn;
}

/** The roles in an instance profile: one, or none yet. Undefined when there is no such profile. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html */
export async function rolesInProfile(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<string[] | undefined> {
  const request = { service: 'iam', region, operation: 'GetInstanceProfile', input: { InstanceProfileName: name } } as const;
  const output = await outputIfThere(aws, request, /^NoSuchEntity$/, options);
  return output === undefined ? undefined : (output.InstanceProfile?.Roles ?? []).flatMap(({ Arn }) => Arn ?? []);
}

/** Results in one answer, at most. */
const RESULTS_PAGE = 1000;

/**
 * What IAM's own judge says of each action on each resource. It does not know the policies of the resources themselves.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export function simulate(
  aws: AwsCaller,
  region: string,
  { principal, actions, resources, context }: { principal: string; actions: readonly string[]; resources: readonly string[]; context: readonly ContextEntry[] },
  options?: CallOptions,
): Promise<Simulated[]> {
  const input = { PolicySourceArn: principal, ActionNames: [...actions], ResourceArns: [...resources], ContextEntries: [...context], MaxItems: RESULTS_PAGE };
  return listed(aws, { service: 'iam', region, operation: 'SimulatePrincipalPolicy', input }, ({ EvaluationResults }) => EvaluationResults, options);
}
