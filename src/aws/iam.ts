import { parseArn } from '../base/arn.ts';
import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { InputOf, OutputOf } from './operations.ts';
import { allPages } from './pages.ts';

export type Simulated = NonNullable<OutputOf<'iam', 'SimulatePrincipalPolicy'>['EvaluationResults']>[number];
export type ContextEntry = NonNullable<InputOf<'iam', 'SimulatePrincipalPolicy'>['ContextEntries']>[number];

/**
 * The user or role whose policies decide what a caller may do. The ARN of a session names its role without the path, which only IAM tells.
 * Undefined for a caller without policies that could be simulated: the root user, a federated user.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
 * @throws AwsError
 */
export async function principalOf(aws: AwsCaller, region: string, caller: string, options?: CallOptions): Promise<string | undefined> {
  const { service, resource = '' } = parseArn(caller) ?? {};
  if (service === 'iam') return resource.startsWith('user/') || resource.startsWith('role/') ? caller : undefined;
  const role = /^assumed-role\/([^/]+)\//.exec(resource)?.[1];
  if (service !== 'sts' || role === undefined) return undefined;
  return (await outputOf(aws, { service: 'iam', region, operation: 'GetRole', input: { RoleName: role } }, options)).Role?.Arn;
}

/**
 * The roles in an instance profile: one, or none yet. Undefined when there is no such profile.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html
 * @throws AwsError
 */
export async function rolesInProfile(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<string[] | undefined> {
  try {
    const { InstanceProfile } = await outputOf(aws, { service: 'iam', region, operation: 'GetInstanceProfile', input: { InstanceProfileName: name } }, options);
    return (InstanceProfile?.Roles ?? []).flatMap(({ Arn }) => Arn ?? []);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'NoSuchEntity') return undefined;
    throw error;
  }
}

/** Results in one answer, at most. */
const RESULTS_PAGE = 1000;

/**
 * What IAM's own judge says of each action on each resource. It does not know the policies of the resources themselves.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 * @throws AwsError
 */
export async function simulate(
  aws: AwsCaller,
  region: string,
  asked: { principal: string; actions: readonly string[]; resources: readonly string[]; context: readonly ContextEntry[] },
  options?: CallOptions,
): Promise<Simulated[]> {
  const request = { service: 'iam', region, operation: 'SimulatePrincipalPolicy' } as const;
  return allPages(request, async (Marker) => {
    const input = {
      PolicySourceArn: asked.principal,
      ActionNames: [...asked.actions],
      ResourceArns: [...asked.resources],
      ContextEntries: [...asked.context],
      MaxItems: RESULTS_PAGE,
      ...(Marker === undefined ? {} : { Marker }),
    };
    const output = await outputOf(aws, { ...request, input }, options);
    return { items: output.EvaluationResults, next: output.IsTruncated === true ? output.Marker : undefined };
  });
}
