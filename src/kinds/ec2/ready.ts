import { type Ec2Instance, findInstances } from '../../aws/ec2.ts';
import { ec2InstanceState } from '../../aws/states/capacity.ts';
import { inRegion } from '../common.ts';
import { looked, peek } from '../inspect.ts';
import { notOffered } from './launch-parts.ts';
import { finder, type Finding } from '../../model/finding.ts';
import type { InspectContext, LaunchContext, Launches } from '../../model/kind.ts';

/* Would the instances that wait carry what runs now, and could they be started? A stopped instance holds no capacity. */

const PAGE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html';
const SHORTAGE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html';

interface Waiting {
  instances: Readonly<Record<string, readonly string[]>>;
  spares?: Readonly<Record<string, readonly string[]>> | undefined;
  types?: readonly string[] | undefined;
}

export async function inspectInstances(ctx: InspectContext, name: string, resource: Waiting): Promise<Finding[]> {
  const about = (region: string) => ({ resource: `ec2:${region}:${name}`, region });
  const find = (region: string, ids: readonly string[]) => peek(about(region), () => findInstances(ctx.effects.aws, region, { InstanceIds: [...ids] }, { signal: ctx.signal }));
  const spares = resource.spares?.[ctx.target] ?? [];
  const [here, there] = await Promise.all([find(ctx.target, [...inRegion(resource.instances, ctx.target), ...spares]), find(ctx.source, inRegion(resource.instances, ctx.source))]);
  if (here.value === undefined) return [...here.findings, ...there.findings];
  const mine = here.value.filter(({ InstanceId = '' }) => !spares.includes(InstanceId));
  const { warning } = finder(about(ctx.target));
  const findings: Finding[] = [];
  const gone = here.value.filter((instance) => spares.includes(instance.InstanceId ?? '') && ec2InstanceState(instance).gone !== 'no');
  if (gone.length > 0) {
    findings.push(warning('spare-missing', { observed: `spares of ${name} are terminated, or in no state that can be started: ${gone.map(({ InstanceId = '' }) => InstanceId).join(', ')}`, wanted: 'spares that can be started', consequence: 'a shortage in one zone ends the run', mend: 'correct `spares` in the runbook', page: PAGE }));
  }
  const zones = new Set(here.value.map(zoneOf));
  if (mine.length > 1 && zones.size === 1) {
    findings.push(warning('zones', { observed: `all instances of ${name} are in ${[...zones].join('')}`, wanted: 'two zones or more', consequence: 'a shortage in that zone, or its loss, ends the recovery', mend: 'make some of them, or `spares`, in another zone', page: SHORTAGE }));
  }
  const byZone = Map.groupBy(here.value, zoneOf);
  const wanted = new Map([...byZone].map(([zone, own]) => [zone, [...new Set([...own.flatMap(({ InstanceType }) => InstanceType ?? []), ...(resource.types ?? [])])]]));
  findings.push(...(await looked(about(ctx.target), () => notOffered(ctx, about(ctx.target), wanted))));
  return [...here.findings, ...there.findings, ...findings, ...(there.value === undefined ? [] : comparison(ctx, name, mine, there.value))];
}

/** The instances that a failover would start, each as the type that it is. @throws AwsError */
export async function instanceLaunches(ctx: LaunchContext, _name: string, resource: Waiting): Promise<Launches[]> {
  const found = await findInstances(ctx.effects.aws, ctx.target, { InstanceIds: [...inRegion(resource.instances, ctx.target)] }, { signal: ctx.signal });
  const waiting = found.filter((instance) => ec2InstanceState(instance).alive === 'no' && ec2InstanceState(instance).gone === 'no');
  return [...Map.groupBy(waiting, ({ InstanceType }) => InstanceType)].flatMap(([type, own]) => (type === undefined ? [] : [{ types: [type], count: own.length }]));
}

function comparison(ctx: InspectContext, name: string, mine: readonly Ec2Instance[], theirs: readonly Ec2Instance[]): Finding[] {
  const { warning } = finder({ resource: `ec2:${ctx.target}:${name}`, region: ctx.target });
  const running = theirs.filter((instance) => ec2InstanceState(instance).running === 'yes');
  const findings: Finding[] = [];
  if (mine.length < running.length) {
    findings.push(warning('active-size', { observed: `${running.length} instances of ${name} run in ${ctx.source}, and ${mine.length} wait in ${ctx.target}`, wanted: 'at least what serves users now', consequence: 'the recovered application would be smaller than the one that was lost', mend: 'make more instances, and name them in the runbook' }));
  }
  const [own, other] = [typesOf(mine), typesOf(running)];
  if (other !== '' && own !== other) {
    findings.push(warning('instance-type', { observed: `instances of ${name} are ${own} in ${ctx.target}, and ${other} in ${ctx.source}`, wanted: 'the same types on both sides', consequence: 'they may not carry the load of all users', mend: `aws ec2 modify-instance-attribute --region ${ctx.target} --instance-id … --instance-type …`, page: PAGE }));
  }
  return findings;
}

function zoneOf(instance: Ec2Instance): string {
  return instance.Placement?.AvailabilityZone ?? '';
}

function typesOf(instances: readonly Ec2Instance[]): string {
  return [...new Set(instances.map((instance) => instance.InstanceType ?? 'unknown'))].sort().join(', ');
}
