import { type DbProxy, type DbProxyTarget, findProxy, proxyTargets } from '../../aws/rds.ts';
import { proxyStatus, proxyTargetState } from '../../aws/states/rds.ts';
import { type About, finder, type Finding } from '../../model/finding.ts';
import { ifAllowed } from '../inspect.ts';
import type { Database } from './instance.ts';
import type { Looking } from '../../model/step.ts';

/*
 * Would the application reach the new writer through its proxy? A proxy has one target, and AWS lets it lead to a writer only: in front of
 * a read replica it waits without a target, and somebody must register the new writer.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.html#rds-proxy.limitations
 */

const LIMITS_PAGE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.html';
const TROUBLE_PAGE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.troubleshooting.html';

/** The database that the proxy is to lead to, as far as AWS shows it. */
interface Behind {
  side: Database;
  /** It takes writes now; else it is a replica, or is yet to be restored. */
  writer: boolean;
  engine: string | undefined;
  vpc: string | undefined;
}

export async function proxyFindings(ctx: Looking, name: string | undefined, behind: Behind): Promise<Finding[]> {
  if (name === undefined) return [];
  const { region } = behind.side;
  const about = { resource: `rds:${region}:proxy/${name}`, region };
  return ifAllowed(about, async () => {
    const proxy = await findProxy(ctx.effects.aws, region, name, { signal: ctx.signal });
    const own = ownFindings(about, name, proxy, behind);
    // Its targets say nothing while it does not work itself.
    if (own.some(({ rule }) => rule === 'proxy')) return own;
    return [...own, ...targetFindings(about, name, await proxyTargets(ctx.effects.aws, region, name, { signal: ctx.signal }), behind)];
  });
}

function ownFindings(about: About, name: string, proxy: DbProxy | undefined, { side, engine, vpc }: Behind): Finding[] {
  const { error } = finder(about);
  const look = `aws rds describe-db-proxies --region ${about.region} --db-proxy-name ${name}`;
  const consequence = 'the application does not reach the database in that region';
  const status = proxyStatus(proxy?.Status);
  if (proxy === undefined || status.usable !== 'yes') {
    const observed = proxy === undefined ? `there is no proxy ${name} in ${about.region}` : `the proxy ${name} of ${side.name} is ${status.shown}`;
    return [error('proxy', { observed, wanted: 'a proxy that is available', consequence, mend: proxy === undefined ? 'make it, or correct `proxy` in the runbook' : look, page: 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBProxy.html' })];
  }
  const findings: Finding[] = [];
  if (vpc !== undefined && proxy.VpcId !== undefined && proxy.VpcId !== vpc) {
    findings.push(error('proxy-vpc', { observed: `the proxy ${name} is in ${proxy.VpcId}, and ${side.id} is in ${vpc}`, wanted: `a proxy in the VPC of ${side.id}`, consequence, mend: 'make a proxy in that VPC, and name it under `proxy` in the runbook: the VPC of a proxy cannot be changed', page: LIMITS_PAGE }));
  }
  const family = familyOf(engine);
  if (family !== undefined && proxy.EngineFamily !== undefined && proxy.EngineFamily !== family) {
    findings.push(error('proxy-engine', { observed: `the proxy ${name} is for ${proxy.EngineFamily}, and ${side.id} is ${engine ?? ''}`, wanted: `a proxy for ${family}`, consequence, mend: 'make a proxy for that engine, and name it under `proxy` in the runbook', page: 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBProxy.html' }));
  }
  return findings;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBProxy.html; undefined for an engine of which AWS names no family. */
function familyOf(engine: string | undefined): string | undefined {
  if (engine === 'mysql' || engine === 'mariadb') return 'MYSQL';
  if (engine === 'postgres') return 'POSTGRESQL';
  return engine?.startsWith('sqlserver-') === true ? 'SQLSERVER' : undefined;
}

function targetFindings(about: About, name: string, targets: readonly DbProxyTarget[], { side, writer }: Behind): Finding[] {
  const { error, warning } = finder(about);
  const register = `aws rds register-db-proxy-targets --region ${about.region} --db-proxy-name ${name} --db-instance-identifiers ${side.id}`;
  const isOwn = ({ Type, RdsResourceId }: DbProxyTarget): boolean => Type === 'RDS_INSTANCE' && RdsResourceId?.toLowerCase() === side.id;
  const others = targets.filter((one) => !isOwn(one)).map(({ RdsResourceId, TargetArn, TrackedClusterId }) => RdsResourceId ?? TrackedClusterId ?? TargetArn ?? 'something that AWS does not name');
  if (others.length > 0) {
    return [error('proxy-target', { observed: `the proxy ${name} leads to ${others.join(', ')}`, wanted: `a proxy that leads to ${side.id}`, consequence: 'after a failover the application would write elsewhere, or not at all', mend: `aws rds deregister-db-proxy-targets --region ${about.region} --db-proxy-name ${name}, then: ${register}`, page: LIMITS_PAGE })];
  }
  const [target] = targets;
  if (target === undefined) {
    const said = { observed: `the proxy ${name} of ${side.name} leads to nothing`, wanted: `a proxy that leads to ${side.id}`, page: LIMITS_PAGE };
    if (writer) return [error('proxy-target', { ...said, consequence: 'the application does not reach the database in that region', mend: register })];
    return [warning('proxy-target-later', { ...said, consequence: 'AWS lets a proxy lead to a writer only, and `dr` registers no target: users wait until somebody does', mend: `in the runbook, a custom step after the database is open: ${register}` })];
  }
  const state = proxyTargetState(target.TargetHealth?.State);
  if (state.usable === 'yes') return [];
  const { Reason, Description } = target.TargetHealth ?? {};
  const why = [Reason, Description].filter((one) => one !== undefined && one !== '').join(': ');
  const said = { observed: `the proxy ${name} does not reach ${side.id}: it is ${state.shown}${why === '' ? '' : `, ${why}`}`, wanted: 'a target that is AVAILABLE', mend: `aws rds describe-db-proxy-targets --region ${about.region} --db-proxy-name ${name}`, page: TROUBLE_PAGE };
  // That of a replica may end with its promotion, and AWS does not say that it does.
  if (!writer && Reason === 'INVALID_REPLICATION_STATE') return [warning('proxy-target-health', { ...said, consequence: 'AWS lets a proxy lead to a writer only; it does not say whether a promotion is enough to make the target available' })];
  return [error('proxy-target-health', { ...said, consequence: 'the application does not reach the database in that region' })];
}
