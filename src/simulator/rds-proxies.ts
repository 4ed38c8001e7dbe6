import { sha256 } from '../base/json.ts';
import type { Call, ServiceModel } from './call.ts';
import type { DbProxySeed } from './db-proxies.ts';
import { VPC } from './security-groups.ts';

function must(name: string | undefined, call: Call): DbProxySeed {
  const found = name === undefined ? undefined : call.state.dbProxies.get(call.region, name);
  if (found === undefined) throw call.error('DBProxyNotFoundFault', 404, `DB proxy ${name ?? ''} doesn't exist.`);
  return found;
}

/**
 * Proxies of RDS, what only reads.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxies.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxyTargets.html
 */
export const proxyOperations: Pick<ServiceModel<'rds'>, 'DescribeDBProxies' | 'DescribeDBProxyTargets'> = {
  DescribeDBProxies: {
    accepts: ['DBProxyName'],
    handle(input, call) {
      if (input.DBProxyName === undefined) throw call.unsupported('all proxies');
      const { region, name, vpc = VPC, status = 'available', engineFamily = 'POSTGRESQL' } = must(input.DBProxyName, call);
      const DBProxyArn = `arn:aws:rds:${region}:${call.state.core.account}:db-proxy:prx-${sha256(name).slice(0, 17)}`;
      return { DBProxies: [{ DBProxyName: name, DBProxyArn, Status: status, EngineFamily: engineFamily, VpcId: vpc, VpcSecurityGroupIds: [], VpcSubnetIds: [] }] };
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
};
