/**
 * AWS regions and the city or area each one is in, from the partitions that the AWS SDK of November 2026 knows
 * (https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html).
 * Used to name a region and to notice a slip offline; what exists is decided by AWS, so `isRegionShaped` decides
 * what may pass.
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

/** What every AWS region's name looks like. */
export const REGION_SHAPE =
  /^[a-z]{2,4}(-[a-z]{2,4})?-(north|south|east|west|central|northeast|northwest|southeast|southwest)-[1-9]$/;

/** Could this be the name of an AWS region? True also for one that opens after this version of `dr`. */
export function isRegionShaped(name: string): boolean {
  return REGION_SHAPE.test(name);
}
