import { analysesOf, findNetworkPath, type NetworkAnalysis } from '../../aws/ec2.ts';
import { analysisStatus } from '../../aws/states/capacity.ts';
import { plural } from '../../base/plural.ts';
import { type About, finder, type Finding } from '../../model/finding.ts';
import { ifAllowed } from '../inspect.ts';
import type { Database } from './instance.ts';
import type { Looking } from '../../model/step.ts';

/*
 * Does the network let the application reach the database in the region that becomes active? Reachability Analyzer says it of the
 * configuration; AWS charges for each analysis, so that none is started here.
 * https://docs.aws.amazon.com/vpc/latest/reachability/how-reachability-analyzer-works.html
 */

const PAGE = 'https://docs.aws.amazon.com/vpc/latest/reachability/how-reachability-analyzer-works.html';
const CODES_PAGE = 'https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html';
const DAY_MS = 86_400_000;
/** What was so longer ago says little of now. */
const FRESH_MS = 30 * DAY_MS;

export async function pathFindings(ctx: Looking, side: Database, path: string | undefined): Promise<Finding[]> {
  if (path === undefined) return [];
  const { region } = side;
  const about = { resource: `ec2:${region}:${path}`, region };
  return ifAllowed(about, async () => {
    const options = { signal: ctx.signal };
    if ((await findNetworkPath(ctx.effects.aws, region, path, options)) === undefined) {
      return [finder(about).warning('reachability-unproven', { observed: `there is no path ${path} in ${region}`, wanted: `a path from the application to ${side.id}`, consequence: UNKNOWN, mend: 'correct `reachability` in the runbook, or make the path: aws ec2 create-network-insights-path', page: PAGE })];
    }
    return judged(about, side, path, await analysesOf(ctx.effects.aws, region, path, options), ctx.effects.clock.now());
  });
}

const UNKNOWN = 'nobody knows whether the application reaches the database there';

/** `analyses`: the newest first. One that still runs says nothing yet; the one before it counts. */
function judged(about: About, side: Database, path: string, analyses: readonly NetworkAnalysis[], now: number): Finding[] {
  const { error, warning } = finder(about);
  const start = `aws ec2 start-network-insights-analysis --region ${about.region} --network-insights-path-id ${path}    AWS charges for it, and dr starts none`;
  const unproven = (observed: string): Finding[] => [warning('reachability-unproven', { observed, wanted: 'an analysis of the last 30 days that has found a path', consequence: UNKNOWN, mend: start, page: PAGE })];
  const newest = analyses.find(({ Status }) => analysisStatus(Status).ended !== 'no');
  if (newest === undefined) return unproven(analyses.length === 0 ? `the path ${path} to ${side.id} was never analyzed` : `the first analysis of the path ${path} to ${side.id} is still running`);
  const { NetworkInsightsAnalysisId: id = '', Status, StatusMessage, NetworkPathFound: found, StartDate, Explanations = [] } = newest;
  const status = analysisStatus(Status);
  if (status.says !== 'yes' || found === undefined) {
    return unproven(`the newest analysis of the path ${path} to ${side.id}, ${id}, is ${status.shown}${StatusMessage === undefined || StatusMessage === '' ? '' : `: ${StatusMessage}`}${status.says === 'yes' ? ' and does not say whether there is a path' : ''}`);
  }
  if (!found) {
    const codes = [...new Set(Explanations.flatMap(({ ExplanationCode }) => ExplanationCode ?? []))];
    return [error('reachability', { observed: `the analysis ${id} of ${StartDate?.toISOString().slice(0, 10) ?? 'an unknown day'} has found no path to ${side.id}: ${codes.join(', ') || 'AWS gives no reason'}`, wanted: 'a path from the application to the database', consequence: 'the application does not reach the database in that region', mend: `mend what the codes name, then: ${start}`, page: CODES_PAGE })];
  }
  if (StartDate === undefined) return unproven(`the newest analysis of the path ${path} to ${side.id}, ${id}, has no date`);
  const days = Math.floor((now - StartDate.getTime()) / DAY_MS);
  return now - StartDate.getTime() > FRESH_MS ? unproven(`the newest analysis of the path ${path} to ${side.id}, ${id}, is ${plural(days, 'day')} old`) : [];
}
