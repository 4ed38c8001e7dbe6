import { canonicalJson, type Json } from '../base/json.ts';
import { knownKind } from '../kinds/registry.ts';
import type { LoadedRunbook } from './runbook.ts';

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

type Add = (loaded: LoadedRunbook, path: readonly PropertyKey[], message: string) => void;

/** Names of the records and groups of these runbooks: a file that holds none of them shares nothing with them. */
export async function sharableNames(runbooks: readonly LoadedRunbook[]): Promise<string[]> {
  const claims = await Promise.all(runbooks.map(claimsOf));
  return [...new Set(claims.flat().map(({ id }) => id))];
}

/** One error for each record or group that another runbook moves too. */
export async function checkMovedTwice(runbooks: readonly LoadedRunbook[], add: Add): Promise<void> {
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
