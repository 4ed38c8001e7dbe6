/*
 * What the runbooks of the simulation have in common, and in what they differ.
 */

export const SEOUL = 'ap-northeast-2';
export const TOKYO = 'ap-northeast-1';
export const OSAKA = 'ap-northeast-3';
export const NAME = 'shop.example.com';
/** Where the state lies that is kept away from both machines. */
export const BUCKET = { region: TOKYO, bucket: 'shop-dr-state', prefix: 'dr' } as const;

/** What differs from one runbook to the next. */
export interface Shape {
  strategy: 'warm-standby' | 'pilot-light' | 'backup-restore' | 'active-active';
  /** One database, or two that are moved side by side. */
  databases: 1 | 2;
  fence: boolean;
  canary: boolean;
  /** How users are moved. Shared kinds only where both regions answer. */
  traffic: 'route53-failover' | 'route53-weighted' | 'route53-latency' | 'route53-geolocation';
  switch: 'record' | 'object' | 'health-check';
  compute: 'none' | 'group' | 'instances' | 'image';
  probe: boolean;
  /** By whom the line may be crossed: a name on the command line, or two signatures. */
  approval: 'none' | 'named' | 'signed';
  /** Steps of the user's own: a wait, a request, a program, a person. */
  own: boolean;
  /** A third region, with a replica and a group of its own. */
  third?: true;
  rpoMinutes: 3 | 10 | 30;
}

const CITIES: Readonly<Record<string, string>> = { [SEOUL]: 'seoul', [TOKYO]: 'tokyo', [OSAKA]: 'osaka' };

/** The regions of a runbook. */
export function regionsOf({ third }: Pick<Shape, 'third'>): readonly string[] {
  return [SEOUL, TOKYO, ...(third === true ? [OSAKA] : [])];
}

/** The one that has nothing to do with a move, where there are three. */
export function bystanderOf(shape: Pick<Shape, 'third'>, { source, target }: { source: string; target: string }): string | undefined {
  return regionsOf(shape).find((region) => region !== source && region !== target);
}

export const DATABASES = ['orders', 'stock'] as const;

export function instanceOf(database: string, region: string): string {
  return `shop-${database}-${CITIES[region] ?? region}`;
}

export function targetGroupOf(region: string): string {
  return `arn:aws:elasticloadbalancing:${region}:111122223333:targetgroup/shop-api/0${region === SEOUL ? 'a' : 'b'}1b2c3d4e5f6071`;
}
