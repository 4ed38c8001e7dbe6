import * as z from 'zod';
import { canonicalJson, type Json } from '../base/json.ts';
import type { LoadedRunbook } from './runbook.ts';

/*
 * What two runbooks of a folder may not both move: a record belongs to one application; an Auto Scaling group may serve two, if both want
 * it of the same size.
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
  /** What both must say; undefined: nobody else may name it. */
  says?: string;
}

type Add = (loaded: LoadedRunbook, path: readonly PropertyKey[], message: string) => void;

/** Names of the records and groups of these runbooks: a file that holds none of them shares nothing with them. */
export function sharableNames(runbooks: readonly LoadedRunbook[]): string[] {
  return [...new Set(runbooks.flatMap(claimsOf).map(({ id }) => id))];
}

/** One error for each record or group that another runbook moves too. */
export function checkMovedTwice(runbooks: readonly LoadedRunbook[], add: Add): void {
  const claims = Map.groupBy(runbooks.flatMap(claimsOf), ({ key }) => key);
  for (const group of claims.values()) {
    for (const claim of group) {
      const other = group.find((o) => o.loaded.runbook.name !== claim.loaded.runbook.name && (claim.says === undefined || o.says !== claim.says));
      if (other === undefined) continue;
      const by = `${other.loaded.runbook.name} (${other.loaded.path}:${other.loaded.at(other.path).line})`;
      add(claim.loaded, claim.path, claim.says === undefined ? `${claim.what} is also moved by ${by}: a record belongs to one runbook` : `${claim.what} is also scaled by ${by}, to another size: \`active\` and \`standby\` must be the same`);
    }
  }
}

function claimsOf(loaded: LoadedRunbook): Claim[] {
  return loaded.runbook.resources.flatMap(({ section, name, resource }) => {
    const at = { loaded, section, name, resource: resource as Record<string, Json | undefined> };
    return section === 'traffic' ? recordClaims(at) : section === 'compute' ? groupClaims(at) : [];
  });
}

const record = z.looseObject({ name: z.string(), type: z.string() });
const movesRecords = z.looseObject({ zone: z.string(), record: record.optional(), records: z.array(record).optional() });
const movesGroups = z.looseObject({ groups: z.record(z.string(), z.string()) });

interface At {
  loaded: LoadedRunbook;
  section: string;
  name: string;
  resource: Record<string, Json | undefined>;
}

function recordClaims({ loaded, section, name, resource }: At): Claim[] {
  const moved = movesRecords.safeParse(resource).data;
  if (moved === undefined) return [];
  const path = [section, name, moved.records === undefined ? 'record' : 'records'];
  return [moved.record ?? [], moved.records ?? []].flat().map(({ name: host, type }) => {
    const id = host.replace(/\.$/, '');
    return { loaded, path, key: `${moved.zone} ${id.toLowerCase()} ${type}`, id, what: `the record ${id} ${type}` };
  });
}

function groupClaims({ loaded, section, name, resource }: At): Claim[] {
  const { groups = {} } = movesGroups.safeParse(resource).data ?? {};
  const says = canonicalJson({ active: resource['active'] ?? null, standby: resource['standby'] ?? null });
  return Object.entries(groups).map(([region, id]) => ({ loaded, path: [section, name, 'groups', region], key: `group ${region} ${id}`, id, what: `the Auto Scaling group ${id} in ${region}`, says }));
}
