import { sha256 } from '../base/json.ts';
import { type Call, type ServiceModel } from './call.ts';

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsAnalyses.html: 1 to 100. */
const PAGE = 100;

function must(id: string, call: Call) {
  const found = call.state.networkPaths.get(call.region, id);
  // The code is that of AWS's own CloudFormation handler; EC2's list of errors does not name it.
  if (found === undefined) throw call.error('InvalidNetworkInsightsPathId.NotFound', 400, `The networkInsightsPath ID '${id}' does not exist`);
  return found;
}

/**
 * Reachability Analyzer, what only reads.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsPaths.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsAnalyses.html
 */
export const networkPathOperations = {
  DescribeNetworkInsightsPaths: {
    accepts: ['NetworkInsightsPathIds', 'MaxResults', 'NextToken'],
    handle(input, call) {
      const ids = input.NetworkInsightsPathIds ?? [];
      const chosen = ids.length === 0 ? call.state.networkPaths.in(call.region) : ids.map((id) => must(id, call));
      const { page, next } = call.pageOf(chosen, ({ id }) => id, input.NextToken, input.MaxResults ?? PAGE);
      return {
        NetworkInsightsPaths: page.map(({ id, name }) => ({ NetworkInsightsPathId: id, Protocol: 'tcp' as const, Tags: name === undefined ? [] : [{ Key: 'Name', Value: name }] })),
        ...(next === undefined ? {} : { NextToken: next }),
      };
    },
  },

  DescribeNetworkInsightsAnalyses: {
    accepts: ['NetworkInsightsPathId', 'MaxResults', 'NextToken'],
    handle(input, call) {
      if (input.NetworkInsightsPathId === undefined) throw call.unsupported('analyses without a path');
      const path = must(input.NetworkInsightsPathId, call);
      const all = path.analyses.map((one, i) => ({ ...one, id: `nia-0${sha256(`${path.id} ${i}`).slice(0, 16)}` })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      const { page, next } = call.pageOf(all, ({ id }) => id, input.NextToken, input.MaxResults ?? PAGE);
      const NetworkInsightsAnalyses = page.map(({ id, ageMs, status = 'succeeded', message, found, codes = [] }) => ({
        NetworkInsightsAnalysisId: id,
        NetworkInsightsPathId: path.id,
        StartDate: new Date(path.seededAt - ageMs),
        Status: status,
        ...(status === 'failed' && message !== undefined ? { StatusMessage: message } : {}),
        ...(status === 'succeeded' && found !== undefined ? { NetworkPathFound: found, Explanations: codes.map((ExplanationCode) => ({ ExplanationCode })) } : {}),
      }));
      return { NetworkInsightsAnalyses, ...(next === undefined ? {} : { NextToken: next }) };
    },
  },
} satisfies Partial<ServiceModel<'ec2'>>;
