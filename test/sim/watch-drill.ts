import { nameKey, normalName } from '../../src/simulator/record-set.ts';
import { isDryRun, namesChanged } from '../engine/drills.ts';
import type { SeenCall } from './watch.ts';
import type { Stage } from './stage.ts';

const TWINS = 'dr-drill-';

/** Before anything is made AWS is asked to delete what is not there, or to do nothing: it says whether it might. */
export function asksForARight({ world }: Stage, { by, operation, region, input }: Pick<SeenCall, 'by' | 'operation' | 'region' | 'input'>): boolean {
  if (isDryRun(input)) return true;
  const changes = (input as { ChangeBatch?: { Changes?: readonly { Action?: string }[] } }).ChangeBatch?.Changes;
  const deletes = operation.startsWith('Delete') || (changes?.every(({ Action }) => Action === 'DELETE') ?? false);
  if (by?.part !== 'check' || !deletes) return false;
  const { databases, groups, zones } = world.state;
  return namesChanged(world, { region, operation, input }).every((name) => name.startsWith(TWINS) && databases.row({ region, id: name }, world.now()) === undefined && groups.get(region, name) === undefined && zones.forName(normalName(name))?.edgeNames.has(nameKey(normalName(name))) !== true);
}

/** A drill changes nothing that is not its own (26), and deletes nothing that somebody else has made (28). A notification names nothing that it changes. */
export function judgeDrillCall({ history, strangers, world }: Stage, { service, region, operation, input }: Pick<SeenCall, 'service' | 'region' | 'operation' | 'input'>): void {
  if (service === 'sns') return;
  const names = namesChanged(world, { region, operation, input });
  const foreign = names.filter((name) => !name.startsWith(TWINS));
  if (names.length === 0 || foreign.length > 0) history.violate(26, `a drill asks for ${operation} of ${foreign.join(', ') || 'something without a name'}`);
  const theirs = /^(Create|Restore|Run)/.test(operation) ? [] : names.filter((name) => strangers.has(name));
  if (theirs.length > 0) history.violate(28, `a drill asks for ${operation} of ${theirs.join(', ')}, which somebody else has made`);
}
