import { nearest } from './nearest.ts';

/**
 * AWS regions and the city or area of each, from the partitions that the AWS SDK of November 2026 knows
 * (https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html).
 * Used to name a region and to notice a typing error offline; AWS decides what exists, so anything of `REGION_SHAPE` passes.
 */
export const REGIONS: Readonly<Record<string, string>> = {
  'af-south-1': 'Cape Town',
  'ap-east-1': 'Hong Kong',
  'ap-east-2': 'Taipei',
  'ap-northeast-1': 'Tokyo',
  'ap-northeast-2': 'Seoul',
  'ap-northeast-3': 'Osaka',
  'ap-south-1': 'Mumbai',
  'ap-south-2': 'Hyderabad',
  'ap-southeast-1': 'Singapore',
  'ap-southeast-2': 'Sydney',
  'ap-southeast-3': 'Jakarta',
  'ap-southeast-4': 'Melbourne',
  'ap-southeast-5': 'Malaysia',
  'ap-southeast-6': 'New Zealand',
  'ap-southeast-7': 'Thailand',
  'ca-central-1': 'Central Canada',
  'ca-west-1': 'Calgary',
  'cn-north-1': 'Beijing',
  'cn-northwest-1': 'Ningxia',
  'eu-central-1': 'Frankfurt',
  'eu-central-2': 'Zurich',
  'eu-north-1': 'Stockholm',
  'eu-south-1': 'Milan',
  'eu-south-2': 'Spain',
  'eu-west-1': 'Ireland',
  'eu-west-2': 'London',
  'eu-west-3': 'Paris',
  'eusc-de-east-1': 'Brandenburg',
  'il-central-1': 'Tel Aviv',
  'me-central-1': 'UAE',
  'me-south-1': 'Bahrain',
  'me-west-1': 'Saudi Arabia',
  'mx-central-1': 'Central Mexico',
  'sa-east-1': 'São Paulo',
  'sa-west-1': 'Chile',
  'us-east-1': 'N. Virginia',
  'us-east-2': 'Ohio',
  'us-gov-east-1': 'GovCloud (US-East)',
  'us-gov-west-1': 'GovCloud (US-West)',
  'us-west-1': 'N. California',
  'us-west-2': 'Oregon',
};

/** The shape of every AWS region's name. */
export const REGION_SHAPE =
  /^[a-z]{2,4}(-[a-z]{2,4})?-(north|south|east|west|central|northeast|northwest|southeast|southwest)-[1-9]$/;

/** The region that somebody may have meant: by its city, or by a slip. */
export function nearestRegion(name: string): string | undefined {
  const city = Object.entries(REGIONS).find(([, place]) => place.toLowerCase() === name.toLowerCase());
  return city?.[0] ?? nearest(name, Object.keys(REGIONS));
}

/** The same, anywhere in a text, e.g. in an ARN or an address. */
const REGION_IN_TEXT = new RegExp(`\\b${REGION_SHAPE.source.slice(1, -1)}\\b`, 'g');

/** Every region that a text names, each once. */
export function regionsIn(text: string): string[] {
  return [...new Set(text.match(REGION_IN_TEXT) ?? [])];
}

/**
 * A partition: accounts, credentials, ARNs and global services of one know nothing of another.
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
 */
export type Partition = 'aws' | 'aws-cn' | 'aws-us-gov' | 'aws-eusc';

interface PartitionFacts {
  /** Regions of the partition begin with it. */
  prefix: string;
  /** Where Route 53 and IAM are controlled from, and the region that their requests are signed for. From the SDK's own endpoint rules. */
  route53: string;
  iam: string;
  /** Where AWS Health is asked: the active endpoint first, then the one that takes over. */
  health: readonly string[];
  /** What follows the region in the names of services. */
  dnsSuffix: string;
}

const PARTITIONS: Readonly<Record<Partition, PartitionFacts>> = {
  aws: { prefix: '', route53: 'us-east-1', iam: 'us-east-1', health: ['us-east-1', 'us-east-2'], dnsSuffix: 'amazonaws.com' },
  'aws-cn': { prefix: 'cn-', route53: 'cn-northwest-1', iam: 'cn-north-1', health: [], dnsSuffix: 'amazonaws.com.cn' },
  'aws-us-gov': { prefix: 'us-gov-', route53: 'us-gov-west-1', iam: 'us-gov-west-1', health: [], dnsSuffix: 'amazonaws.com' },
  'aws-eusc': { prefix: 'eusc-', route53: 'eusc-de-east-1', iam: 'eusc-de-east-1', health: [], dnsSuffix: 'amazonaws.eu' },
};

export function partitionOf(region: string): Partition {
  const special = (['aws-cn', 'aws-us-gov', 'aws-eusc'] as const).find((partition) => region.startsWith(PARTITIONS[partition].prefix));
  return special ?? 'aws';
}

/** The region from which Route 53 is controlled for applications in `region`: each partition has a Route 53 of its own. */
export function route53RegionFor(region: string): string {
  return PARTITIONS[partitionOf(region)].route53;
}

/** The region from which roles and policies are changed, for applications in `region`. */
export function iamRegionFor(region: string): string {
  return PARTITIONS[partitionOf(region)].iam;
}

/** The regions in which AWS Health is asked about `region`, in that order; none in a partition where `dr` does not ask it. */
export function healthRegionsFor(region: string): readonly string[] {
  return PARTITIONS[partitionOf(region)].health;
}

/** The domain of AWS's endpoints in that region, e.g. `amazonaws.com`. */
export function dnsSuffixOf(region: string): string {
  return PARTITIONS[partitionOf(region)].dnsSuffix;
}
