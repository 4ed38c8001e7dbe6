import type { OutputOf } from '../aws/operations.ts';
import { sha256 } from '../base/json.ts';
import { type Call, type ServiceModel } from './call.ts';
import type { DbProxySeed } from './seeds.ts';
import { VPC } from './security-groups.ts';

type DbProxy = NonNullable<OutputOf<'rds', 'DescribeDBProxies'>['DBProxies']>[number];

/** Unless MaxRecords says fewer. */
const PAGE = 100;

function must(name: string | undefined, call: Call): DbProxySeed {
  const found = name === undefined ? undefined : call.state.dbProxies.get(call.region, name.toLowerCase());
  if (found === undefined) throw call.error('DBProxyNotFoundFault', 404, `DB proxy ${name ?? ''} doesn't exist.`);
  return found;
}

/**
 * Proxies of RDS, what only reads.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxies.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxyTargets.html
 */
export const proxyOperations = {
  DescribeDBProxies: {
    accepts: ['DBProxyName', 'MaxRecords', 'Marker'],
    handle(input, call) {
      if (input.DBProxyName !== undefined) return { DBProxies: [viewOf(must(input.DBProxyName, call), call)] };
      const { page, next } = call.pageOf(call.state.dbProxies.in(call.region), ({ name }) => name.toLowerCase(), input.Marker, input.MaxRecords ?? PAGE);
      return { DBProxies: page.map((proxy) => viewOf(proxy, call)), ...(next === undefined ? {} : { Marker: next }) };
    },
  },

  DescribeDBProxyTargets: {
    accepts: ['DBProxyName', 'Marker'],
    handle(input, call) {
      if (input.Marker !== undefined) throw call.error('InvalidParameterValue', 400, 'Invalid value for the paging token');
      const { target, health = { State: 'AVAILABLE' } } = must(input.DBProxyName, call);
      return { Targets: target === undefined ? [] : [{ Type: 'RDS_INSTANCE', RdsResourceId: target, TargetHealth: health }] };
    },
  },
} satisfies Partial<ServiceModel<'rds'>>;

function viewOf({ region, name, vpc = VPC, status = 'available', engineFamily = 'POSTGRESQL' }: DbProxySeed, call: Call): DbProxy {
  const DBProxyArn = `arn:aws:rds:${region}:${call.state.core.account}:db-proxy:prx-${sha256(name).slice(0, 17)}`;
  return { DBProxyName: name, DBProxyArn, Status: status, EngineFamily: engineFamily, VpcId: vpc, VpcSecurityGroupIds: [], VpcSubnetIds: [] };
}
