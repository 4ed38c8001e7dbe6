/** Where a resolver stands, as latency and geolocation records see it. */
export interface Place {
  /** The AWS region that is nearest to it. */
  region?: string;
  /** Two letters, e.g. `AS`. */
  continent?: string;
  /** ISO 3166, e.g. `KR`. */
  country?: string;
  subdivision?: string;
}

/** Continent and country of regions. One that is missing is a place that Route 53 cannot tell: only a default answers it. */
const PLACES: Readonly<Record<string, readonly [continent: string, country: string]>> = {
  'af-south-1': ['AF', 'ZA'],
  'ap-east-1': ['AS', 'HK'],
  'ap-northeast-1': ['AS', 'JP'],
  'ap-northeast-2': ['AS', 'KR'],
  'ap-northeast-3': ['AS', 'JP'],
  'ap-south-1': ['AS', 'IN'],
  'ap-south-2': ['AS', 'IN'],
  'ap-southeast-1': ['AS', 'SG'],
  'ap-southeast-2': ['OC', 'AU'],
  'ap-southeast-3': ['AS', 'ID'],
  'ap-southeast-4': ['OC', 'AU'],
  'ca-central-1': ['NA', 'CA'],
  'ca-west-1': ['NA', 'CA'],
  'eu-central-1': ['EU', 'DE'],
  'eu-central-2': ['EU', 'CH'],
  'eu-north-1': ['EU', 'SE'],
  'eu-south-1': ['EU', 'IT'],
  'eu-south-2': ['EU', 'ES'],
  'eu-west-1': ['EU', 'IE'],
  'eu-west-2': ['EU', 'GB'],
  'eu-west-3': ['EU', 'FR'],
  'il-central-1': ['AS', 'IL'],
  'me-central-1': ['AS', 'AE'],
  'me-south-1': ['AS', 'BH'],
  'mx-central-1': ['NA', 'MX'],
  'sa-east-1': ['SA', 'BR'],
  'us-east-1': ['NA', 'US'],
  'us-east-2': ['NA', 'US'],
  'us-west-1': ['NA', 'US'],
  'us-west-2': ['NA', 'US'],
};

export function placeIn(region: string): Place {
  const [continent, country] = PLACES[region] ?? [];
  return { region, ...(continent === undefined ? {} : { continent }), ...(country === undefined ? {} : { country }) };
}
