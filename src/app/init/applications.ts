import { nameInArn } from '../../base/arn.ts';
import { slug, withoutRegion } from '../../kinds/discovery/names.ts';
import type { Inventory, SeenRecord, Tags } from '../../model/discovery.ts';

/*
 * Which resources belong together. A tag says it, else the first word of a name does; a replica belongs to its source, and a target to
 * its group. Nothing is guessed that a person could not see: the word is the name of the runbook.
 */

/** What of an account belongs to one application. */
export interface ApplicationPart {
  name: string;
  inventory: Inventory;
}

const TAGS = ['application', 'app', 'awsapplication'];
/** Words that say which copy of an application it is: alone they name none. */
const STAGES = /^(prod|production|prd|live|stage|staging|stg|test|qa|uat|dev|development|demo|sandbox)$/;

/** The application that a name begins with: `shop-orders` is of `shop`, `prod-shop-db` of `prod-shop`. */
function applicationOf(name: string, tags: Tags, regions: readonly string[]): string {
  const tag = Object.entries(tags).find(([key, value]) => TAGS.includes(key.toLowerCase()) && value !== '')?.[1];
  if (tag !== undefined) return slug(nameInArn(tag).split('/').at(-1) ?? tag);
  const words = withoutRegion(name, regions).split('-');
  return slug((STAGES.test(words[0] ?? '') ? words.slice(0, 2) : words.slice(0, 1)).join('-'));
}

/** The last label before the zone's own name: `www.shop.example.com` in `example.com` is of `shop`. */
function applicationOfRecord({ name, zoneName }: SeenRecord): string {
  const inside = name === zoneName ? '' : name.slice(0, -zoneName.length - 1);
  const labels = (inside === '' ? zoneName.split('.')[0] ?? '' : inside).split('.');
  return slug((labels.at(-1) ?? '').replace('*', ''));
}

/** Every application that an account seems to have, by name. Security groups, images and topics are every application's. */
export function applicationsIn(all: Inventory): ApplicationPart[] {
  const names = new Names();
  const { regions } = all;
  const ofDatabase = new Map(all.databases.map((one) => [`${one.region}/${one.id}`, applicationOf(one.id, one.tags, regions)]));
  for (const { region, id, source } of all.databases) {
    const own = ofDatabase.get(`${region}/${id}`);
    const parent = source === undefined ? undefined : ofDatabase.get(`${source.region}/${source.id}`);
    if (own !== undefined && parent !== undefined) names.same(parent, own);
  }
  const ofTarget = new Map(all.targetGroups.flatMap(({ name, targets }) => targets.map((id) => [id, applicationOf(name, {}, regions)] as const)));
  const ofInstance = (one: Inventory['instances'][number]): string => {
    const named = one.tags.Name ?? '';
    const told = applicationOf(named, one.tags, regions);
    if (told !== '') return told;
    const template = all.templates.find(({ region, id }) => region === one.region && id === one.template);
    return ofTarget.get(one.id) ?? (template === undefined ? '' : applicationOf(template.name, {}, regions));
  };
  const part = <T>(items: readonly T[], of: (item: T) => string): Map<string, T[]> => Map.groupBy(items, (item) => names.of(of(item)));
  const databases = part(all.databases, ({ region, id }) => ofDatabase.get(`${region}/${id}`) ?? '');
  const backups = part(all.backups, ({ source }) => ofDatabase.get(`${source.region}/${source.id}`) ?? applicationOf(source.id, {}, regions));
  const groups = part(all.groups, ({ name, tags }) => applicationOf(name, tags, regions));
  const instances = part(all.instances, ofInstance);
  const targetGroups = part(all.targetGroups, ({ name }) => applicationOf(name, {}, regions));
  const templates = part(all.templates, ({ name }) => applicationOf(name, {}, regions));
  const images = part(all.images, ({ name }) => applicationOf(name, {}, regions));
  const records = part(all.records, applicationOfRecord);
  const found = new Set([...databases.keys(), ...groups.keys(), ...instances.keys(), ...records.keys(), ...templates.keys()].filter((name) => name !== ''));
  const of = <T>(map: Map<string, T[]>, name: string): T[] => map.get(name) ?? [];
  return [...found].sort().map((name) => ({
    name,
    inventory: {
      ...all,
      databases: of(databases, name),
      backups: of(backups, name),
      groups: of(groups, name),
      instances: of(instances, name),
      targetGroups: of(targetGroups, name),
      templates: of(templates, name),
      images: of(images, name),
      records: of(records, name),
    },
  }));
}

/** Names that turn out to be of one application: the first one said. */
class Names {
  readonly #first = new Map<string, string>();

  of(name: string): string {
    const first = this.#first.get(name);
    return first === undefined || first === name ? name : this.of(first);
  }

  same(first: string, other: string): void {
    const [a, b] = [this.of(first), this.of(other)];
    if (a !== b) this.#first.set(b, a);
  }
}
