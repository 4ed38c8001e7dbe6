import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { OutputOf } from './operations.ts';
import { allPages } from './pages.ts';

export type NetworkPath = NonNullable<OutputOf<'ec2', 'DescribeNetworkInsightsPaths'>['NetworkInsightsPaths']>[number];
export type NetworkAnalysis = NonNullable<OutputOf<'ec2', 'DescribeNetworkInsightsAnalyses'>['NetworkInsightsAnalyses']>[number];

/**
 * A path of Reachability Analyzer by its id; undefined when there is none.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsPaths.html
 * @throws AwsError
 */
export async function findNetworkPath(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<NetworkPath | undefined> {
  try {
    const { NetworkInsightsPaths } = await outputOf(aws, { service: 'ec2', region, operation: 'DescribeNetworkInsightsPaths', input: { NetworkInsightsPathIds: [id] } }, options);
    return NetworkInsightsPaths?.find(({ NetworkInsightsPathId }) => NetworkInsightsPathId === id);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'InvalidNetworkInsightsPathId.NotFound') return undefined;
    throw error;
  }
}

/**
 * Every analysis of a path, the newest first. AWS documents no order. One without a date is the oldest.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsAnalyses.html
 * @throws AwsError
 */
export async function analysesOf(aws: AwsCaller, region: string, path: string, options?: CallOptions): Promise<NetworkAnalysis[]> {
  const request = { service: 'ec2', region, operation: 'DescribeNetworkInsightsAnalyses' } as const;
  const all = await allPages(request, async (NextToken) => {
    const output = await outputOf(aws, { ...request, input: { NetworkInsightsPathId: path, ...(NextToken === undefined ? {} : { NextToken }) } }, options);
    return { items: output.NetworkInsightsAnalyses, next: output.NextToken };
  });
  return all.toSorted((a, b) => (b.StartDate?.getTime() ?? 0) - (a.StartDate?.getTime() ?? 0));
}
