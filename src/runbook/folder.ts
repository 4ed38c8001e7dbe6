import { knownKind } from '../kinds/registry.ts';
import type { AnyResourceKind, NamedIds } from '../model/kind.ts';
import { formatDuration } from '../base/duration.ts';
import { shortestWay } from '../base/graph.ts';
import { canonicalJson, type Json } from '../base/json.ts';
import { prefix, unknownName } from './explain.ts';
import type { Problem } from './problem.ts';
import type { LoadedRunbook } from './runbook.ts';

/*
 * What only a whole folder of runbooks can tell: whether they depend on each other in a circle, whether those that share a database
 * say the same about it, and whether two of them move the same record or group.
 */

/** Problems by the path of the runbook, each with its line. `others`: names of runbooks of the folder that could not be read; they exist all the same. */
export async function folderProblems(runbooks: readonly LoadedRunbook[], others: readonly string[] = []): Promise<Map<string, Problem[]>> {
  const problems = new Map<string, Problem[]>();
  const add = (loaded: LoadedRunbook, path: readonly PropertyKey[], message: string): void => {
    const list = problems.get(loaded.path) ?? [];
    problems.set(loaded.path, list);
    list.push({ ...loaded.at(path), message: prefix(path) + message, severity: 'error' });
  };
  checkDependencies(runbooks, others, add);
  checkShared(await sharedDatabases(runbooks), add);
  await checkMovedTwice(runbooks, add);
  return problems;
}

type Add = (loaded: LoadedRunbook, path: readonly PropertyKey[], message: string) => void;

function checkDependencies(runbooks: readonly LoadedRunbook[], others: readonly string[], add: Add): void {
  const byName = new Map(runbooks.map((loaded) => [loaded.runbook.name, loaded]));
  const names = [...byName.keys(), ...others];
  for (const loaded of runbooks) {
    const { name, dependsOn } = loaded.runbook;
    dependsOn.forEach((other, i) => {
      if (!names.includes(other)) return add(loaded, ['dependsOn', i], unknownName('runbook', other, names.filter((known) => known !== name)));
      const way = shortestWay(other, name, (one) => byName.get(one)?.runbook.dependsOn ?? []);
      if (way !== undefined) add(loaded, ['dependsOn', i], `a circle: ${[name, ...way].join(' → ')}: none of them could be first`);
    });
  }
}

/** One owner of a database that several runbooks name. */
export interface Owner {
  loaded: LoadedRunbook;
  /** Name under `databases`. */
  name: string;
  kind: string;
  /** Its own ids by region, and where they stand in the resource. */
  named: NamedIds;
  /** Everything that it says by region, the ids first. */
  maps: readonly (readonly (string | number)[])[];
  resource: unknown;
  code: AnyResourceKind;
}

/** Texts of which a file must hold one to share a database, a record or a group with these runbooks. */
export async function sharedIds(runbooks: readonly LoadedRunbook[]): Promise<string[]> {
  const owners = (await Promise.all(runbooks.map(ownersIn))).flat();
  return [...new Set([...owners.flatMap(({ named }) => Object.values(named.ids)), ...(await sharableNames(runbooks))])];
}

/** Databases that more than one runbook names, each with all its owners: the same type of AWS resource, and the same id in at least one region. */
export async function sharedDatabases(runbooks: readonly LoadedRunbook[]): Promise<Owner[][]> {
  const owners = (await Promise.all(runbooks.map(ownersIn))).flat();
  const groups: Owner[][] = [];
  const byId = new Map<string, Owner[]>();
  for (const owner of owners) {
    const keys = Object.entries(owner.named.ids).map(([region, id]) => `${owner.named.type} ${region} ${id}`);
    const known = [...new Set(keys.map((key) => byId.get(key)).filter((group) => group !== undefined))];
    const group = known[0] ?? [];
    if (known.length === 0) groups.push(group);
    // One that names ids of two groups makes one of them.
    for (const other of known.slice(1)) {
      group.push(...other);
      groups.splice(groups.indexOf(other), 1);
      for (const [key, value] of byId) if (value === other) byId.set(key, group);
    }
    group.push(owner);
    for (const key of keys) byId.set(key, group);
  }
  return groups.filter((group) => new Set(group.map((owner) => owner.loaded.path)).size > 1);
}

async function ownersIn(loaded: LoadedRunbook): Promise<Owner[]> {
  const found: Owner[] = [];
  for (const { section, name, kind, resource } of loaded.runbook.resources) {
    if (section !== 'databases') continue;
    const code = await knownKind(kind);
    const [named] = code.ids?.(resource) ?? [];
    const maps = code.regions(resource).map(({ path }) => path);
    if (named !== undefined) found.push({ loaded, name, kind, named, maps, resource, code });
  }
  return found;
}

function mapAt(value: unknown, path: readonly (string | number)[]): Record<string, Json> | undefined {
  let here = value;
  for (const part of path) here = typeof here === 'object' && here !== null ? (here as Record<PropertyKey, unknown>)[part] : undefined;
  return typeof here !== 'object' || here === null ? undefined : (here as Record<string, Json>);
}

/** Every owner must say the same of it: it is failed over once, as one of them says. Only the login is each application's own. */
function checkShared(shared: readonly Owner[][], add: Add): void {
  for (const group of shared) {
    for (const owner of group) {
      const other = group.find((o) => o.loaded.path !== owner.loaded.path && disagreement(owner, o) !== undefined);
      const found = other === undefined ? undefined : disagreement(owner, other);
      if (other === undefined || found === undefined) continue;
      const what = `${other.loaded.runbook.name} (${other.loaded.path}:${other.loaded.at(found.otherPath).line})`;
      add(owner.loaded, found.path, `${what} shares this database and ${found.says}: both runbooks must use the same value`);
    }
  }
}

/** What two owners of a database say differently; undefined when nothing. Paths are those of the whole files. */
function disagreement(a: Owner, b: Owner): { path: PropertyKey[]; otherPath: PropertyKey[]; says: string } | undefined {
  const at = (owner: Owner, path: readonly PropertyKey[]) => ['databases', owner.name, ...path];
  if (a.kind !== b.kind) return { path: at(a, ['kind']), otherPath: at(b, ['kind']), says: `calls it ${b.kind}` };
  const maps = new Map([...a.maps, ...b.maps].map((path) => [path.join('.'), path]));
  for (const map of maps.values()) {
    const [mine, its] = [mapAt(a.resource, map), mapAt(b.resource, map)];
    const where = (owner: Owner, has: Readonly<Record<string, Json>> | undefined, region: string) => {
      if (has === undefined) return at(owner, []);
      return at(owner, has[region] === undefined ? map : [...map, region]);
    };
    for (const region of new Set([...Object.keys(mine ?? {}), ...Object.keys(its ?? {})])) {
      const [one, other] = [mine?.[region], its?.[region]];
      if (same(one, other)) continue;
      return { path: where(a, mine, region), otherPath: where(b, its, region), says: saysThere(map, isPath(map, b.named.path), region, other) };
    }
  }
  const [mine, its] = [methodOf(a), methodOf(b)];
  if (mine !== its) return { path: at(a, ['rpo']), otherPath: at(b, ['rpo']), says: `measures its loss by ${its ?? 'nothing'}` };
  const setting = otherSetting(a, b);
  if (setting !== undefined) return { path: at(a, setting.mine ? [setting.key] : []), otherPath: at(b, setting.its ? [setting.key] : []), says: setting.says };
  const [rpo, other] = [a.loaded.runbook.objectives.rpoMs, b.loaded.runbook.objectives.rpoMs];
  if (rpo === other) return undefined;
  return { path: ['objectives', 'rpo'], otherPath: ['objectives', 'rpo'], says: `has an RPO of ${formatDuration(other)}` };
}

function isPath(a: readonly PropertyKey[], b: readonly PropertyKey[]): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}

function saysThere(map: readonly (string | number)[], isIds: boolean, region: string, its: Json | undefined): string {
  const what = isIds ? '' : ` \`${map.join('.')}\``;
  if (its === undefined) return `has no${what === '' ? 'ne' : what} in ${region}`;
  return typeof its === 'string' ? `names ${its}${what === '' ? '' : ` as${what}`} in ${region}` : `has another${what} in ${region}`;
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));
}

/** Compared by themselves. */
const APART = new Set(['kind', 'rpo']);

/** The first setting besides the maps that only one of them has, or that they have differently. */
function otherSetting(a: Owner, b: Owner): { key: string; mine: boolean; its: boolean; says: string } | undefined {
  const maps = new Set([...a.maps, ...b.maps].map(([root]) => root));
  const [mine, its] = [a.resource as Record<string, Json | undefined>, b.resource as Record<string, Json | undefined>];
  const keys = [...new Set([...Object.keys(mine), ...Object.keys(its)])].filter((key) => !maps.has(key) && !APART.has(key) && !(a.code.ownKeys ?? []).includes(key));
  const key = keys.find((k) => !same(mine[k], its[k]));
  if (key === undefined) return undefined;
  const value = its[key];
  const says = value === undefined ? `has no \`${key}\`` : typeof value === 'object' ? `has another \`${key}\`` : `has the \`${key}\` ${String(value)}`;
  return { key, mine: mine[key] !== undefined, its: value !== undefined, says };
}

function methodOf(owner: Owner): string | undefined {
  return owner.code.lossMethod?.(owner.resource);
}

/*
 * What two runbooks of a folder may not both move: a record belongs to one application; what a kind lets two of them share (`alike`) may
 * serve two, if both want the same of it.
 */

/** One runbook's word about a record or a group. */
interface Claim {
  loaded: LoadedRunbook;
  path: readonly (string | number)[];
  /** Two claims with the same key are about the same thing. */
  key: string;
  /** The text in the file that names it. */
  id: string;
  /** For people. */
  what: string;
  /** What both must say, and what to print where they do not; undefined: nobody else may name it. */
  alike?: { says: string; otherwise: (by: string) => string };
}

/** Names of the records and groups of these runbooks: a file that holds none of them shares nothing with them. */
async function sharableNames(runbooks: readonly LoadedRunbook[]): Promise<string[]> {
  const claims = await Promise.all(runbooks.map(claimsOf));
  return [...new Set(claims.flat().map(({ id }) => id))];
}

/** One error for each record or group that another runbook moves too. */
async function checkMovedTwice(runbooks: readonly LoadedRunbook[], add: Add): Promise<void> {
  const claims = Map.groupBy((await Promise.all(runbooks.map(claimsOf))).flat(), ({ key }) => key);
  for (const group of claims.values()) {
    for (const claim of group) {
      const other = group.find((o) => o.loaded.runbook.name !== claim.loaded.runbook.name && (claim.alike === undefined || o.alike?.says !== claim.alike.says));
      if (other === undefined) continue;
      const by = `${other.loaded.runbook.name} (${other.loaded.path}:${other.loaded.at(other.path).line})`;
      add(claim.loaded, claim.path, `${claim.what} is also ${claim.alike?.otherwise(by) ?? `moved by ${by}: a record belongs to one runbook`}`);
    }
  }
}

async function claimsOf(loaded: LoadedRunbook): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const { section, name, kind, resource } of loaded.runbook.resources) {
    const code = await knownKind(kind);
    const at = (path: readonly (string | number)[]) => ({ loaded, path: [section, name, ...path] });
    const { zone, records, path } = code.routing?.(resource) ?? { zone: '', records: [], path: [] };
    for (const { name: host, type } of records) {
      const id = host.replace(/\.$/, '');
      claims.push({ ...at(path), key: `${zone} ${id.toLowerCase()} ${type}`, id, what: `the record ${id} ${type}` });
    }
    for (const { type, path: named, ids, alike } of code.ids?.(resource) ?? []) {
      if (alike === undefined) continue;
      const has = resource as Readonly<Record<string, Json | undefined>>;
      const says = canonicalJson(alike.keys.map((key) => has[key] ?? null));
      const otherwise = (by: string) => `${alike.changed} by ${by}, ${alike.otherwise}: ${alike.keys.map((key) => `\`${key}\``).join(' and ')} must be the same`;
      for (const [region, id] of Object.entries(ids)) {
        claims.push({ ...at([...named, region]), key: `${type} ${region} ${id}`, id, what: `the ${alike.what} ${id} in ${region}`, alike: { says, otherwise } });
      }
    }
  }
  return claims;
}
