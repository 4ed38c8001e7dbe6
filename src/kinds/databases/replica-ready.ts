import { type DbInstance, userParameters } from '../../aws/rds.ts';
import { replicationState } from '../../aws/states/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import { inRegion } from '../common.ts';
import { lookedAll, peek } from '../inspect.ts';
import { keyFindings } from '../keys.ts';
import { finder, findingOf, type Finding } from '../../model/finding.ts';
import type { InspectContext } from '../../model/kind.ts';
import { type Database, instanceNow, isWriter, replicates, replicationStatus, replicationTrouble } from './instance.ts';
import { lagHistory } from './lag.ts';
import { pathFindings } from './path-ready.ts';
import { parityFindings } from './parity.ts';
import { proxyFindings } from './proxy-ready.ts';
import { promotionFindings } from './promotion-ready.ts';
import { replicaUnfit } from './refusals.ts';
import type { RdsReadReplica } from './replica-schema.ts';
import { aboutSide, goneFinding, writerFindings } from './sides.ts';
import { groupsUnfit, placeOf, quarantineRefusal } from './vpc.ts';

/* Is the replica ready to become the writer, and would it serve as the writer does now? What a run refuses is not said again here. */

const GUIDE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide';

/** Both sides, as AWS shows them. A side that is not there is what the plan refuses already. */
export async function inspectReplica(ctx: InspectContext, name: string, db: RdsReadReplica): Promise<Finding[]> {
  const copy = { name, region: ctx.target, id: inRegion(db.instances, ctx.target) };
  const main = { name, region: ctx.source, id: inRegion(db.instances, ctx.source) };
  const [here, there] = await Promise.all([peek(aboutSide(copy), () => instanceNow(ctx, copy)), peek(aboutSide(main), () => instanceNow(ctx, main))]);
  const [replica, writer] = [here.value, there.value];
  const both = replica === undefined || writer === undefined ? [] : [
    () => Promise.resolve(parityFindings(copy, replica, writer, db.instanceClass?.active)),
    () => parameterFindings(ctx, { side: copy, seen: replica }, { side: main, seen: writer }),
  ];
  return [
    ...here.findings,
    ...(await lookedAll(aboutSide(copy), [
      ...(replica === undefined ? [] : [() => Promise.resolve([...replicationFindings(copy, replica), ...promotable(copy, replica, db, ctx.effects.clock.now())]), () => groupFindings(ctx, copy, replica, db), () => lagFindings(ctx, copy), () => keyFindings(ctx, aboutSide(copy), replica.KmsKeyId, `the standby ${copy.id}`)]),
      ...both,
      () => proxyFindings(ctx, db.proxy?.[copy.region], { side: copy, writer: replica !== undefined && isWriter(replica), engine: replica?.Engine, vpc: replica?.DBSubnetGroup?.VpcId }),
      () => pathFindings(ctx, copy, db.reachability?.[copy.region]),
    ])),
    ...there.findings,
    ...(await lookedAll(aboutSide(main), writer === undefined ? [() => Promise.resolve(there.findings.length > 0 ? [] : [goneFinding(main)])] : [() => Promise.resolve(writerFindings(main, writer, replicaUnfit(writer))), () => groupFindings(ctx, main, writer, db)])),
  ];
}

/** Replication that a promotion can rest on. How much it lags is the question of the gate. */
function replicationFindings(copy: Database, seen: DbInstance): Finding[] {
  const { error, warning } = finder(aboutSide(copy));
  if (!replicates(seen)) {
    return [error('replica-role', {
      observed: `${copy.id} replicates from no other instance: it is a primary of its own`,
      wanted: 'a replica of the writer',
      consequence: 'what users write now does not arrive in it',
      mend: `dr reprotect --standby ${copy.region}    makes it a replica again`,
      page: `${GUIDE}/USER_ReadRepl.XRgn.html`,
    })];
  }
  const state = replicationState(replicationStatus(seen));
  if (state.normal === true) return [];
  const said = { observed: `replication of ${copy.id} is ${state.shown}${replicationTrouble(seen)}`, wanted: 'replicating', mend: 'see the reason under StatusInfos; where it cannot be mended, make the replica again', page: `${GUIDE}/USER_ReadRepl.Monitoring.html` };
  return [state.receives === 'yes' ? warning('replication', said) : error('replication', { ...said, consequence: 'everything that is written now would be lost' })];
}

/** Fewer samples than a day has say nothing of two weeks. */
const SAMPLES_LEAST = 288;

async function lagFindings(ctx: InspectContext, copy: Database): Promise<Finding[]> {
  const lags = await lagHistory(ctx, copy.region, copy.id);
  if (lags.length < SAMPLES_LEAST) return [];
  const { rpoMs } = ctx.objectives;
  const at = (share: number): number => lags[Math.ceil(share * lags.length) - 1] ?? 0;
  const words = (ms: number): string => (Number.isFinite(ms) ? formatDuration(ms) : 'endless: it was not replicating');
  const within = ((100 * lags.filter((ms) => ms <= rpoMs).length) / lags.length).toFixed(1);
  const said = {
    observed: `in the last two weeks the lag of ${copy.id} was ${words(at(0.5))} (p50) and ${words(at(0.99))} (p99); within the RPO ${within} % of the time`,
    wanted: `a lag within the RPO of ${formatDuration(rpoMs)}`,
    consequence: 'an outage at the wrong time loses more than was promised, or the failover is refused',
    mend: 'a larger class or faster storage for the replica, less written at once, or another RPO',
    page: `${GUIDE}/USER_ReadRepl.Monitoring.html`,
  };
  const { error, warning } = finder(aboutSide(copy));
  if (at(0.5) > rpoMs) return [error('rpo-infeasible', said)];
  return at(0.99) > rpoMs ? [warning('rpo-unproven', said)] : [];
}

function promotable(copy: Database, seen: DbInstance, db: RdsReadReplica, now: number): Finding[] {
  const own = seen.BackupRetentionPeriod ?? 0;
  const retentionDays = db.retentionDays ?? (own > 0 ? own : undefined);
  return promotionFindings(copy, seen, { now, proven: db.canary !== undefined, retentionDays });
}

async function groupFindings(ctx: InspectContext, side: Database, seen: DbInstance, db: RdsReadReplica): Promise<Finding[]> {
  const about = aboutSide(side);
  const group = db.fence?.quarantine[side.region];
  const refusal = group === undefined ? undefined : await quarantineRefusal(ctx, side.region, seen, group);
  const named = db.securityGroups?.[side.region] ?? [];
  const unfit = await groupsUnfit(ctx, side.region, placeOf(seen), named);
  const groups = unfit.length === 0 ? [] : [finder(about).warning('security-groups', { observed: unfit.join('; '), wanted: `security groups in the VPC of ${side.id}`, consequence: 'AWS refuses to rebuild the instance with them', mend: `correct securityGroups: { ${side.region}: [sg-…] } in the runbook`, page: `${GUIDE}/USER_VPC.WorkingWithRDSInstanceinaVPC.html` })];
  return [...(refusal === undefined ? [] : [{ ...findingOf(refusal, about), page: `${GUIDE}/Overview.RDSSecurityGroups.html` }]), ...groups];
}

interface SeenSide {
  side: Database;
  seen: DbInstance;
}

/** Parameters that somebody has set on one side only, or to another value. */
async function parameterFindings(ctx: InspectContext, { side: copy, seen: replica }: SeenSide, { side: main, seen: writer }: SeenSide): Promise<Finding[]> {
  const { warning } = finder(aboutSide(copy));
  const group = (seen: DbInstance) => seen.DBParameterGroups?.[0];
  const findings: Finding[] = [];
  const [own = '', other = ''] = [group(replica)?.DBParameterGroupName, group(writer)?.DBParameterGroupName];
  // Groups of AWS itself have nothing set.
  if (own === '' || other === '' || (isAwsOwn(own) && isAwsOwn(other))) return findings;
  const set = (region: string, name: string): Promise<Record<string, string>> =>
    isAwsOwn(name) ? Promise.resolve({}) : userParameters(ctx.effects.aws, region, name, { signal: ctx.signal });
  const [here, there] = await Promise.all([set(copy.region, own), set(main.region, other)]);
  const names = [...new Set([...Object.keys(here), ...Object.keys(there)])].filter((name) => here[name] !== there[name]).sort();
  if (names.length === 0) return findings;
  const shown = names.slice(0, 5).map((name) => `${name} is ${here[name] ?? 'not set'}, there ${there[name] ?? 'not set'}`);
  findings.push(warning('parameters', {
    observed: `the parameter groups ${own} of ${copy.id} and ${other} of ${main.id} differ: ${shown.join('; ')}${names.length > 5 ? `; and ${names.length - 5} more` : ''}`,
    wanted: 'the same parameters on both sides',
    consequence: 'the new writer would not behave as the old one does: fewer connections, other limits',
    mend: `set them in ${own}: aws rds modify-db-parameter-group --region ${copy.region} --db-parameter-group-name ${own}`,
    page: `${GUIDE}/USER_WorkingWithParamGroups.html`,
  }));
  return findings;
}

function isAwsOwn(group: string): boolean {
  return group.startsWith('default.');
}
