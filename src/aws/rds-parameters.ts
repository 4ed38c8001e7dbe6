import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { allPages } from './pages.ts';

/**
 * Values of some parameters of a DB parameter group; one that nobody has set, and has no default of its own, is left out.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameters.html
 * @throws AwsError
 */
export async function parametersOf(
  aws: AwsCaller,
  region: string,
  group: string,
  names: readonly string[],
  options?: CallOptions,
): Promise<Record<string, string>> {
  const all = await allParameters(aws, region, { DBParameterGroupName: group }, options);
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

/** The parameters of a group that somebody has set, and their values. @throws AwsError */
export function userParameters(aws: AwsCaller, region: string, group: string, options?: CallOptions): Promise<Record<string, string>> {
  return allParameters(aws, region, { DBParameterGroupName: group, Source: 'user' }, options);
}

async function allParameters(aws: AwsCaller, region: string, which: { DBParameterGroupName: string; Source?: string }, options?: CallOptions): Promise<Record<string, string>> {
  const request = { service: 'rds', region, operation: 'DescribeDBParameters' } as const;
  const all = await allPages(request, async (Marker) => {
    const input = { ...which, MaxRecords: 100, ...(Marker === undefined ? {} : { Marker }) };
    const output = await outputOf(aws, { ...request, input }, options);
    return { items: output.Parameters, next: output.Marker };
  });
  const found: Record<string, string> = {};
  for (const { ParameterName: name, ParameterValue: value } of all) if (name !== undefined && value !== undefined) found[name] = value;
  return found;
}
