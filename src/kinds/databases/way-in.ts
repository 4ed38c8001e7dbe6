import * as z from 'zod';
import { arnIn } from '../../base/arn.ts';
import type { InspectPlace } from '../../model/kind.ts';
import type { Permission } from '../../model/step.ts';
import type { World } from '../../simulator/world.ts';
import { allow, perRegion, regionsAt } from '../common.ts';

/* What stands between the application and a database: a proxy of RDS, and the network. No step changes either; `dr check` looks at them where the runbook names them. */

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBProxy.html */
const proxyName = z.string().regex(/^[A-Za-z](?:-?[A-Za-z0-9])*$/, 'expected the name of an RDS Proxy: letters, digits and single hyphens, starting with a letter').max(63);
const pathId = z.string().regex(/^nip-[0-9a-f]{8,17}$/, 'expected the id of a path of Reachability Analyzer such as nip-0123456789abcdef0');

export const proxyField = perRegion(proxyName)
  .optional()
  .describe('RDS Proxy by which the application reaches the database in each region. `dr check` looks at it; `dr` registers no target');
export const reachabilityField = perRegion(pathId)
  .optional()
  .describe('Path of Reachability Analyzer from the application to the database in each region. `dr check` reads its newest analysis, and starts none: AWS charges for each');

interface WayIn {
  proxy?: Readonly<Record<string, string>> | undefined;
  reachability?: Readonly<Record<string, string>> | undefined;
}

/** For the kind's `regions`. Of a region that is not named nothing is said. */
export function wayInRegions({ proxy, reachability }: WayIn): { path: string[]; regions: string[]; partial: true }[] {
  return [...regionsAt(proxy, 'proxy'), ...regionsAt(reachability, 'reachability')].map((map) => ({ ...map, partial: true }));
}

/** What a look at both needs. Ids of proxies and of their target groups are AWS's own, and stand in no runbook. */
export function wayInLooks({ target, account }: InspectPlace, { proxy, reachability }: WayIn): Permission[] {
  const arns = (...parts: string[]): string[] => parts.map((part) => arnIn(target, 'rds', account, part));
  return [
    ...(proxy?.[target] === undefined ? [] : [allow(['rds:DescribeDBProxies'], arns('db-proxy:*')), allow(['rds:DescribeDBProxyTargets'], arns('db-proxy:*', 'target-group:*', 'db:*', 'cluster:*'))]),
    ...(reachability?.[target] === undefined ? [] : [allow(['ec2:DescribeNetworkInsightsPaths', 'ec2:DescribeNetworkInsightsAnalyses'], ['*'])]),
  ];
}

/** In a world where all is well. `writers`: the instance of each region that takes writes; AWS lets a proxy lead to no other. */
export function simulateWayIn(world: World, { proxy = {}, reachability = {} }: WayIn, writers: Readonly<Record<string, string>>, engine: 'postgres' | 'mysql' = 'postgres'): void {
  for (const [region, name] of Object.entries(proxy)) {
    world.state.dbProxies.add({ region, name, engineFamily: engine === 'mysql' ? 'MYSQL' : 'POSTGRESQL', ...(writers[region] === undefined ? {} : { target: writers[region] }) });
  }
  for (const [region, id] of Object.entries(reachability)) world.state.networkPaths.add({ region, id, analyses: [{ ageMs: 0, found: true }] });
}
