import { REGIONS, regionsIn } from '../../base/regions.ts';

/** A name as a runbook takes it: lowercase letters, digits and hyphens. */
export function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40).replace(/-+$/, '');
}

/** Words that tell a region in a name, the longest first: `ap-northeast-2`, `seoul`. */
function regionWords(regions: readonly string[]): string[] {
  return regions.flatMap((region) => [region, slug(REGIONS[region] ?? region)]).sort((a, b) => b.length - a.length);
}

/** The same without a region at its end or its beginning: `tickets-seoul` and `tickets-tokyo` are both `tickets`. */
export function withoutRegion(name: string, regions: readonly string[]): string {
  const plain = slug(name);
  const word = regionWords(regions).find((one) => plain.endsWith(`-${one}`) || plain.startsWith(`${one}-`));
  if (word === undefined) return plain;
  return plain.endsWith(`-${word}`) ? plain.slice(0, -word.length - 1) : plain.slice(word.length + 1);
}

/** What a resource is called in the runbook of its application: `shop-orders` of shop is `orders`. `otherwise` where nothing is left. */
export function ownName(name: string, application: string, regions: readonly string[], otherwise: string): string {
  const plain = withoutRegion(name, regions);
  const own = plain === application ? '' : plain.startsWith(`${application}-`) ? plain.slice(application.length + 1) : plain;
  return own === '' ? otherwise : own;
}

/** The region that a text tells, among some: by its name, or by what people call it. */
export function regionToldBy(text: string, regions: readonly string[]): string | undefined {
  const named = regionsIn(text).filter((region) => regions.includes(region));
  if (named.length > 0) return named.length === 1 ? named[0] : undefined;
  const words = new Set(slug(text).split('-'));
  const called = regions.filter((region) => slug(REGIONS[region] ?? region).split('-').every((word) => words.has(word)));
  return called.length === 1 ? called[0] : undefined;
}

/** `Seoul (ap-northeast-2)` */
export function people(region: string): string {
  return REGIONS[region] === undefined ? region : `${REGIONS[region]} (${region})`;
}

/** Values by region, in the order of `regions`; undefined where one is missing. */
export function forAll<T>(regions: readonly string[], of: (region: string) => T | undefined): Record<string, T> | undefined {
  const found: Record<string, T> = {};
  for (const region of regions) {
    const value = of(region);
    if (value === undefined) return undefined;
    found[region] = value;
  }
  return found;
}

/** The first, then the others in their order. */
export function firstOf(regions: readonly string[], first: string | undefined): string[] {
  return first === undefined ? [...regions] : [first, ...regions.filter((region) => region !== first)];
}
