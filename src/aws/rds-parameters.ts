import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import type { OutputOf } from './operations.ts';

/** A group has some hundreds of parameters, a page a hundred. */
const MAX_PAGES = 50;

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
  const found: Record<string, string> = {};
  let marker: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const input = { DBParameterGroupName: group, MaxRecords: 100, ...(marker === undefined ? {} : { Marker: marker }) };
    const request = { service: 'rds', region, operation: 'DescribeDBParameters', input } as const;
    const output: OutputOf<'rds', 'DescribeDBParameters'> = await outputOf(aws, request, options);
    for (const { ParameterName: name, ParameterValue: value } of output.Parameters ?? []) {
      if (name !== undefined && value !== undefined && names.includes(name)) found[name] = value;
    }
    if (output.Marker === undefined || output.Marker === marker) break;
    marker = output.Marker;
  }
  return found;
}
