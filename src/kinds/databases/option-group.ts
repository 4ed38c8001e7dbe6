import { findOptionGroup, parameterFamily } from '../../aws/rds.ts';
import type { CallOptions } from '../../aws/call-options.ts';
import type { Looking } from '../../model/step.ts';
import type { Place } from './vpc.ts';

/*
 * An option group is of one region, one engine and one major version, and may be of one VPC. AWS refuses a restore or a new replica with any other,
 * after the first changes may have been made.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithOptionGroups.html
 */

export interface Runs {
  engine: string | undefined;
  version: string | undefined;
}

/** AWS's own groups are there for every engine and major version; they are made when the first instance needs them. */
export function isOwnOptionGroup(name: string | undefined): name is string {
  return name !== undefined && !name.startsWith('default:');
}

/**
 * Why AWS would refuse an instance of this engine and place the option group: it does not exist in that region, or is for another engine, major version
 * or VPC. Empty if it would not. What AWS does not show of the instance is not judged.
 * @throws AwsError
 */
export async function optionGroupUnfit(
  ctx: Looking,
  region: string,
  name: string | undefined,
  { engine, version, place }: Runs & { place: Place },
  options: CallOptions = { signal: ctx.signal },
): Promise<{ missing: string[]; unfit: string[] }> {
  if (!isOwnOptionGroup(name)) return { missing: [], unfit: [] };
  const group = await findOptionGroup(ctx.effects.aws, region, name, options);
  if (group === undefined) return { missing: [`the option group ${name}`], unfit: [] };
  const { EngineName: forEngine = '', MajorEngineVersion: major = '', VpcId: vpc } = group;
  const unfit: string[] = [];
  if (engine !== undefined && engine !== forEngine) unfit.push(`the option group ${name} is for ${forEngine} ${major}, and the data is of ${engine} ${version ?? ''}`.trimEnd());
  else if (version !== undefined && !isOfMajor(version, major)) unfit.push(`the option group ${name} is for ${forEngine} ${major}, and the data is of version ${version}`);
  if (vpc !== undefined && place.vpc !== undefined && vpc !== place.vpc) unfit.push(`the option group ${name} is for ${vpc}, and ${place.name} is in ${place.vpc}`);
  return { missing: [], unfit };
}

/** Families whose end is the major version as versions begin with it. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithDBInstanceParamGroups.html */
const FAMILY = /^(postgres|mysql|mariadb)([\d.]+)$/;

/** The same of a parameter group that somebody made. Other engines are not judged. @throws AwsError */
export async function parameterGroupUnfit(
  ctx: Looking,
  region: string,
  name: string,
  { engine, version }: Runs,
  options: CallOptions = { signal: ctx.signal },
): Promise<{ missing: string[]; unfit: string[] }> {
  const family = await parameterFamily(ctx.effects.aws, region, name, options);
  if (family === undefined) return { missing: [`the parameter group ${name}`], unfit: [] };
  const [, forEngine, major] = FAMILY.exec(family) ?? [];
  if (forEngine === undefined || major === undefined || engine === undefined || version === undefined) return { missing: [], unfit: [] };
  const fits = engine === forEngine && isOfMajor(version, major);
  return { missing: [], unfit: fits ? [] : [`the parameter group ${name} is for ${family}, and the data is of ${engine} ${version}`] };
}

/** Major versions are `17` of PostgreSQL, `8.4` of MySQL, `15.00` of SQL Server. */
function isOfMajor(version: string, major: string): boolean {
  return version === major || version.startsWith(`${major}.`);
}
