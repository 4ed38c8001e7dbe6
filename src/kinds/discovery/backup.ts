import type { DiscoverContext, Discovered, Inventory, SeenBackup, SeenDatabase, SeenDbGroup, SeenSecurityGroup } from '../../model/discovery.ts';
import { firstOf, ownName, people, slug } from './names.ts';
import { quarantineOf } from './quarantine.ts';
import { wayInOf } from './way-in.ts';

/** Each instance whose automated backups are replicated into another region, and that has no replica there. */
export function discoverBackups(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  const replicated = new Set(inventory.databases.filter(({ source, region }) => source !== undefined && source.region !== region).map(({ source }) => `${source?.region ?? ''}/${source?.id ?? ''}`));
  return inventory.databases.flatMap((database) => {
    const backups = inventory.backups.filter(({ source }) => source.region === database.region && source.id === database.id);
    const [first] = backups;
    if (first === undefined || database.source !== undefined || replicated.has(`${database.region}/${database.id}`)) return [];
    return [discovered(inventory, ctx, database, backups)];
  });
}

interface Settings {
  value: Record<string, unknown>;
  open: Discovered['open'];
}

function discovered(inventory: Inventory, ctx: DiscoverContext, database: SeenDatabase, backups: readonly SeenBackup[]): Discovered {
  const regions = firstOf([...new Set([database.region, ...backups.map(({ region }) => region)])], database.region);
  const restored = (region: string) => (region === database.region ? database.id : `${database.id}-${slug(people(region).replace(/ \(.*/, ''))}`.slice(0, 63));
  const settings = Object.fromEntries(regions.map((region) => [region, settingsIn(inventory, database, region)]));
  const keyOf = (region: string) => (region === database.region ? database.kmsKey : backups.find((one) => one.region === region)?.kmsKey);
  const keys = regions.flatMap((region) => (keyOf(region)?.startsWith('arn:') === true ? [[region, keyOf(region)] as const] : []));
  const fence = quarantineOf(inventory, regions, (region) => (region === database.region ? database.vpc : vpcIn(inventory, database, region)));
  const way = wayInOf(inventory, regions.map((region) => ({ region, id: restored(region) })), { reachability: false });
  return {
    name: ownName(database.id, ctx.application, inventory.regions, 'database'),
    regions,
    home: database.region,
    resource: {
      instances: Object.fromEntries(regions.map((region) => [region, restored(region)])),
      restore: Object.fromEntries(regions.map((region) => [region, settings[region]?.value])),
      ...(keys.length === regions.length ? { kmsKeys: Object.fromEntries(keys) } : {}),
      ...way.resource,
      ...fence.resource,
    },
    comments: {
      '': `${database.engine}. ${database.id} is backed up into ${regions.slice(1).map(people).join(' and ')}; nothing runs there`,
      instances: `only ${database.id} exists; the other name is that of the instance that a restore makes`,
      restore: `as ${database.id} is now; in the other region by what is called alike there`,
      ...(keys.length === regions.length ? { kmsKeys: `of ${database.id}, and of its replicated backups` } : {}),
      ...way.comments,
      ...fence.comments,
    },
    open: [
      { path: 'instances', what: `the name that a restored instance is to have: ${regions.slice(1).map(restored).join(', ')} is only a proposal` },
      ...regions.flatMap((region) => settings[region]?.open ?? []),
      ...fence.open,
      ...way.open,
      { path: '', what: 'name the SQL login that proves writes once it is open: canary: { database: NAME, table: dr_canary, userEnv: DB_USER, passwordEnv: DB_PASSWORD }' },
    ],
    suggests: { strategy: 'backup-restore', because: `${database.id} is only backed up into another region` },
    uses: [database.arn, ...way.uses],
  };
}

/** Where a restore would be: the subnet group that is called alike, else the only one. */
function subnetGroupIn({ subnetGroups }: Inventory, { subnetGroup }: SeenDatabase, region: string): SeenDbGroup | undefined {
  const there = subnetGroups.filter((group) => group.region === region);
  return there.find(({ name }) => name === subnetGroup) ?? (there.length === 1 ? there[0] : undefined);
}

function vpcIn(inventory: Inventory, database: SeenDatabase, region: string): string | undefined {
  return subnetGroupIn(inventory, database, region)?.vpc;
}

/** A group of that name in the VPC, else the only one that lets somebody in. */
function openGroupsIn({ securityGroups }: Inventory, database: SeenDatabase, region: string, vpc: string | undefined): SeenSecurityGroup[] {
  const there = securityGroups.filter((group) => group.region === region && !group.closed && (vpc === undefined || group.vpc === vpc));
  const names = new Set(securityGroups.filter(({ id }) => database.securityGroups.includes(id)).map(({ name }) => name));
  const alike = there.filter(({ name }) => names.has(name));
  return alike.length > 0 ? alike : there.length === 1 ? there : [];
}

/** What AWS replaces by a default unless a restore says it. */
function settingsIn(inventory: Inventory, database: SeenDatabase, region: string): Settings {
  const home = region === database.region;
  const subnetGroup = home ? database.subnetGroup : subnetGroupIn(inventory, database, region)?.name;
  const groups = home ? database.securityGroups : openGroupsIn(inventory, database, region, vpcIn(inventory, database, region)).map(({ id }) => id);
  const parameters = inventory.parameterGroups.filter((group) => group.region === region).map(({ name }) => name);
  const parameterGroup = home || parameters.includes(database.parameterGroup ?? '') || (database.parameterGroup ?? '').startsWith('default.') ? database.parameterGroup : undefined;
  const open = [
    ...(subnetGroup === undefined ? [{ path: `restore.${region}`, what: `the DB subnet group in ${people(region)}: none is called ${database.subnetGroup ?? ''}, and default is only a placeholder` }] : []),
    ...(groups.length === 0 ? [{ path: `restore.${region}`, what: `the security groups of the restored instance in ${people(region)}: sg-00000000 is only a placeholder` }] : []),
    ...(parameterGroup === undefined ? [{ path: `restore.${region}`, what: `the DB parameter group in ${people(region)}: there is none called ${database.parameterGroup ?? ''} yet` }] : []),
  ];
  return {
    value: {
      class: database.class,
      subnetGroup: subnetGroup ?? 'default',
      securityGroups: groups.length === 0 ? ['sg-00000000'] : [...groups],
      parameterGroup: parameterGroup ?? database.parameterGroup ?? 'default',
      ...(database.optionGroup === undefined ? {} : { optionGroup: database.optionGroup }),
      ...(database.iamAuthentication ? { iamAuthentication: true } : {}),
      ...(database.publiclyAccessible ? { publiclyAccessible: true } : {}),
      ...(database.copyTagsToSnapshot ? { copyTagsToSnapshot: true } : {}),
      ...(database.deletionProtection ? { deletionProtection: true } : {}),
      ...(database.logExports.length === 0 ? {} : { logExports: [...database.logExports] }),
      multiAz: database.multiAz,
      retentionDays: Math.max(1, database.retentionDays),
    },
    open,
  };
}
