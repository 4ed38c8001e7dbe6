import { DrError } from '../base/errors.ts';
import type { LoginNames, NamedIds, Routing } from '../model/kind.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import type { DbRef } from '../simulator/database-driver.ts';
import type { HostedZoneSeed } from '../simulator/seeds.ts';
import type { World } from '../simulator/world.ts';
import type { DatabaseWish, Login } from './server.ts';

export interface AppScenario {
  runbook: string;
  path: string;
  regions: readonly string[];
  home: string;
  /** The name that users know, and all others that it answers to. */
  host: string;
  hosts: ReadonlySet<string>;
  /** Users near different regions may be answered differently. */
  sharedTraffic: boolean;
  /** Loopback address of a region that it has. */
  addressOf(region: string): string;
  /** What the application of a region writes into; undefined where it needs no database. */
  databaseOf(region: string): (DbRef & { login: Login }) | undefined;
  /** Without a healthy one of these a region's application answers nobody: the first of each that the compute names. */
  computeOf(region: string): { group?: string; targetGroup?: string };
}

/** A resource of a runbook, and what its kind makes of it in a simulated world. */
export interface Part {
  name: string;
  section: string;
  resource: unknown;
  ids: readonly NamedIds[];
  login: LoginNames | undefined;
  routing: Routing | undefined;
  simulate: (world: World) => void;
}

/**
 * @param databases of the application, in the order of its runbook
 * @param zones what its traffic puts into Route 53
 * @throws DrError when the runbook has nothing that a lab can show
 */
export function appScenario(loaded: LoadedRunbook, parts: readonly Part[], databases: readonly DatabaseWish[], zones: readonly HostedZoneSeed[]): AppScenario {
  const { runbook, path } = loaded;
  const records = zones.flatMap((zone) => zone.records);
  const [first] = databases;
  const hosts = new Set(records.map(({ name }) => plain(name)));
  refuseProbes(loaded, hosts);
  return {
    runbook: runbook.name,
    path,
    regions: runbook.regions.map(({ id }) => id),
    home: runbook.home,
    ...usersView(loaded, parts, records),
    hosts,
    sharedTraffic: records.some((r) => r.weight !== undefined || r.region !== undefined || r.geo !== undefined),
    databaseOf: (region) => {
      if (first === undefined) return undefined;
      const id = first.names[region];
      if (id === undefined) throw nothingToShow(path, `its first database has no instance in ${region}`);
      return { region, id, login: first.login };
    },
    computeOf: computeIn(parts.filter((part) => part.section === 'compute').flatMap((part) => part.ids)),
  };
}

function plain(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}

function computeIn(named: readonly NamedIds[]): AppScenario['computeOf'] {
  const [groups, targets] = ['autoscaling:group', 'elbv2:target-group'].map((type) => named.find((one) => one.type === type)?.ids);
  return (region) => {
    const [group, targetGroup] = [groups?.[region], targets?.[region]];
    return { ...(group === undefined ? {} : { group }), ...(targetGroup === undefined ? {} : { targetGroup }) };
  };
}

/**
 * The name that users ask for, and the address of each region: both as the traffic of the runbook has them. A name that a probe
 * asks comes first, and an A record before a CNAME.
 */
function usersView({ runbook, path }: LoadedRunbook, parts: readonly Part[], records: HostedZoneSeed['records']): Pick<AppScenario, 'host' | 'addressOf'> {
  const probed = new Set(runbook.probes.map((probe) => new URL(probe.http).hostname));
  const [best] = parts.flatMap(({ routing }) => (routing === undefined ? [] : routing.records.map(({ name, type }) => ({ name: plain(name), type, routing }))))
    .filter(({ type }) => type === 'A' || type === 'CNAME')
    .sort((a, b) => Number(probed.has(b.name)) - Number(probed.has(a.name)) || (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
  if (best === undefined) throw nothingToShow(path, noRecordForUsers(records));
  const { name, type, routing } = best;
  const sets = records.filter((record) => plain(record.name) === name && record.type === type);
  const answer = (region: string) => (routing.answer === undefined ? sets.find(({ setIdentifier }) => setIdentifier === routing.setOf(region))?.values : routing.answer(region, type))?.[0];
  const behind = (target: string | undefined) => records.find((record) => record.type === 'A' && target !== undefined && plain(record.name) === plain(target))?.values[0];
  return {
    host: name,
    addressOf: (region) => {
      const said = answer(region);
      const address = type === 'CNAME' ? behind(said) : said;
      if (address === undefined) throw nothingToShow(path, `no record of ${name} leads users to ${region}`);
      if (!/^127\./.test(address)) throw nothingToShow(path, `${name} answers with ${address} for ${region}, and here only 127.0.0.2, 127.0.0.3 and so on can listen`);
      return address;
    },
  };
}

function noRecordForUsers(records: HostedZoneSeed['records']): string {
  const types = [...new Set(records.map(({ type }) => type))];
  if (types.length === 0) return 'it has no traffic with an A record or a CNAME, by which users would find the application';
  return `its traffic has ${types.join(' and ')} records, and users of the lab find the application by an A record or a CNAME`;
}

/** The lab answers plain HTTP at the names of its records, and nothing else: a probe of anything else would be down for ever. */
function refuseProbes({ runbook, path }: LoadedRunbook, hosts: ReadonlySet<string>): void {
  for (const probe of runbook.probes) {
    const { protocol, hostname, port } = new URL(probe.http);
    const asks = `its probe ${probe.name} asks ${probe.http}`;
    if (protocol !== 'http:') throw nothingToShow(path, `${asks}, and the lab has no certificates: practise with a copy of the runbook whose probes begin with http://`);
    if (port !== '') throw nothingToShow(path, `${asks}, and the lab answers at port 80 only`);
    if (!hosts.has(hostname)) throw nothingToShow(path, `${asks}, and none of its traffic records has this name`);
  }
}

export function nothingToShow(path: string, why: string): DrError {
  return new DrError({
    code: 'LAB_RUNBOOK',
    exit: 'lab',
    title: `The lab cannot serve ${path}: ${why}.`,
    next: ['dr lab start --runbook runbooks/shop.yaml'],
  });
}
