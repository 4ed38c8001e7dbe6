import { AwsError } from '../../aws/errors.ts';
import { hasAuthority, type Offer, offersOf } from '../../aws/rds.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Looking, Warning } from '../../model/step.ts';
import type { Runs } from './option-group.ts';

/*
 * What RDS offers in a region: not every class is there for every engine, version and zone, and not every certificate authority is in every region. AWS
 * says so when the instance is asked for, and then the old one may have been closed and renamed, or the data moved.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html#Concepts.DBInstanceClass.Support
 */

const PAGE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html';
/** What AWS answers to a version or class that it does not know. */
const NOT_KNOWN = /^InvalidParameter(Value|Combination)$/;

/** An instance that is to be made, or changed. What is not known is not judged. */
export interface Ordered extends Runs {
  region: string;
  id: string;
  instanceClass: string;
  multiAz?: boolean | undefined;
  /** Zones that it may be made in: those of its subnet group. */
  zones?: readonly string[] | undefined;
  storageType?: string | undefined;
  iamAuthentication?: boolean | undefined;
  performanceInsights?: boolean | undefined;
  authority?: string | undefined;
}

/** Why RDS would refuse it, and what is said of it besides. Where AWS does not tell, it is a warning: AWS refuses it itself, later. */
export async function offerFor(ctx: Looking, ordered: Ordered): Promise<{ unfit: string[]; warnings: Warning[] }> {
  const options = { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 2 };
  const { region, id, engine, version, instanceClass, authority } = ordered;
  try {
    const unknown = authority === undefined || (await hasAuthority(ctx.effects.aws, region, authority, options)) ? [] : [`${region} does not have the certificate authority ${authority}`];
    if (engine === undefined || version === undefined) return { unfit: unknown, warnings: [] };
    const offers = (where: { version?: string }) => offersOf(ctx.effects.aws, region, { engine, instanceClass, ...where }, options).catch(noneKnown);
    const exact = await offers({ version });
    if (exact.length > 0) return { unfit: [...unknown, ...lacking(ordered, exact)], warnings: [] };
    // A version that is offered for new instances no more may still be restored and replicated; another major version says nothing of this one.
    const ofMajor = (await offers({})).filter((offer) => majorOf(engine, offer.EngineVersion ?? '') === majorOf(engine, version));
    if (ofMajor.length === 0) return { unfit: [...unknown, `RDS does not offer ${instanceClass} for ${engine} ${version} in ${region}`], warnings: [] };
    const observed = `RDS offers ${instanceClass} for ${engine} in ${region}, and not for the version ${version}, which ${id} would have: AWS may refuse it, or make it of a newer one`;
    return { unfit: [...unknown, ...lacking(ordered, ofMajor)], warnings: [{ rule: 'engine-not-offered', observed, wanted: 'a version that RDS offers for new instances', mend: 'upgrade the writer and its standby to a version that is offered', page: PAGE }] };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const observed = `whether RDS offers ${instanceClass} for ${id} in ${region} is not known: ${error.message}`;
    return { unfit: [], warnings: [{ rule: 'offer-unknown', observed, wanted: 'an answer to rds:DescribeOrderableDBInstanceOptions and rds:DescribeCertificates', mend: 'allow it: dr iam --verb check prints all that a check needs', page: PAGE }] };
  }
}

function noneKnown(error: unknown): Offer[] {
  if (error instanceof AwsError && NOT_KNOWN.test(error.code)) return [];
  throw error;
}

/** `17` of PostgreSQL 17.5, `8.4` of MySQL 8.4.5, `15.00` of SQL Server. */
function majorOf(engine: string, version: string): string {
  const [first = '', second = ''] = version.split('.');
  return engine === 'postgres' && Number(first) >= 10 ? first : `${first}.${second}`;
}

/** The first demand that no offer meets which meets those before it, in words. */
function lacking({ instanceClass, region, multiAz, zones = [], storageType, iamAuthentication, performanceInsights }: Ordered, offers: readonly Offer[]): string[] {
  const of = `${instanceClass} in ${region}`;
  const zonesOf = (offer: Offer): string[] => (offer.AvailabilityZones ?? []).flatMap(({ Name }) => Name ?? []);
  const inZones = (offer: Offer): number => zonesOf(offer).filter((zone) => zones.includes(zone)).length;
  const needed = multiAz === true ? 2 : 1;
  const demands: [boolean, (offer: Offer) => boolean, string][] = [
    [storageType !== undefined, (offer) => offer.StorageType === storageType, `RDS does not offer ${of} with the storage ${storageType ?? ''}`],
    [multiAz === true, (offer) => offer.MultiAZCapable !== false, `RDS does not offer ${of} as Multi-AZ`],
    [zones.length > 0, (offer) => offer.AvailabilityZones === undefined || inZones(offer) >= Math.min(needed, zones.length), `RDS offers ${of} in ${needed === 1 ? 'none' : 'fewer than two'} of the zones ${zones.join(', ')}`],
    [iamAuthentication === true, (offer) => offer.SupportsIAMDatabaseAuthentication !== false, `RDS does not offer ${of} with IAM authentication`],
    [performanceInsights === true, (offer) => offer.SupportsPerformanceInsights !== false, `RDS does not offer ${of} with Performance Insights`],
  ];
  let left = offers;
  for (const [asked, meets, says] of demands) {
    if (!asked) continue;
    left = left.filter(meets);
    if (left.length === 0) return [says];
  }
  return [];
}

export function zonesOf(group: { Subnets?: readonly { SubnetAvailabilityZone?: { Name?: string | undefined } | undefined }[] | undefined } | undefined): string[] {
  return [...new Set((group?.Subnets ?? []).flatMap(({ SubnetAvailabilityZone: zone }) => zone?.Name ?? []))].sort();
}
