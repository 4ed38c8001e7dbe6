/** Changes of an instance on request: they begin, and end when their time is over and the driver, if there is one, has done its part. */
import type { Core } from './core.ts';
import type { DbEndpoint, DbRef } from './database-driver.ts';
import { downAt, type Change, type DbInstance } from './db-instance.ts';
import { NOTHING_PENDING, together, withSettings } from './db-settings.ts';
import type { SecurityGroups } from './security-groups.ts';
import { outliveChange } from './sessions.ts';

interface Rows {
  row(ref: DbRef): DbInstance | undefined;
  put(row: DbInstance, at: number): void;
  changed(ref: DbRef, at: number): void;
  fail(ref: DbRef): void;
  rename(row: DbInstance, id: string, endpoint: DbEndpoint | undefined, at: number): void;
}

/** With `immediately` what waits for the maintenance window is made too. The caller has checked that it may. */
export function beginModification(core: Core, groups: SecurityGroups, row: DbInstance, asked: { change: Change; immediately: boolean }, now: number, rows: Rows): DbInstance {
  const { timings } = core;
  const change: Change = asked.immediately ? { ...asked.change, ...together(row.pending, asked.change) } : asked.change;
  const lasts = change.newId !== undefined ? timings.renameMs : restarts(change) ? timings.classMs : timings.modifyMs;
  const modification = { ...change, startedAt: now, endsAt: now + lasts };
  const next: DbInstance = { ...row, modification, ...(asked.immediately ? { pending: NOTHING_PENDING } : {}) };
  rows.put(next, now);
  const down = downAt(modification);
  if (down !== undefined) core.agenda.at(down, (at) => rows.changed(row.ref, at));
  const work = driverWork(core, groups, row, change);
  let endpoint: DbEndpoint | undefined;
  let waiting = work === undefined ? 1 : 2;
  const oneDone = (at: number): void => {
    waiting -= 1;
    if (waiting === 0) end(groups, row.ref, endpoint, at, rows);
  };
  core.agenda.at(modification.endsAt, oneDone);
  const done = (moved: DbEndpoint | undefined): void => {
    endpoint = moved ?? undefined;
    oneDone(core.now());
  };
  work?.then(done, () => rows.fail(row.ref));
  return next;
}

/** It waits for the maintenance window, which does not come while the world runs. */
export function queue(row: DbInstance, change: Change): DbInstance {
  return { ...row, pending: together(row.pending, change) };
}

/** A change that takes the engine down for a while. */
function restarts({ instanceClass, settings }: Change): boolean {
  return instanceClass !== undefined || settings?.engineVersion !== undefined;
}

function driverWork({ driver }: Core, groups: SecurityGroups, row: DbInstance, { groups: to, newId }: Change): Promise<DbEndpoint | undefined> | undefined {
  if (newId !== undefined) return driver?.rename?.(row.ref, { region: row.ref.region, id: newId });
  return to === undefined ? undefined : driver?.quarantine(row.ref, groups.allClosed(row.ref.region, to)).then(() => undefined);
}

function end(groups: SecurityGroups, ref: DbRef, endpoint: DbEndpoint | undefined, at: number, rows: Rows): void {
  const row = rows.row(ref);
  if (row?.modification === undefined) return;
  const { modification } = row;
  const { instanceClass = row.instanceClass, multiAz = row.multiAz, backupRetentionDays = row.backupRetentionDays, parameterGroup, newId } = modification;
  const next: DbInstance = {
    ...row,
    modification: undefined,
    groups: modification.groups ?? row.groups,
    instanceClass,
    multiAz,
    backupRetentionDays,
    deletionProtection: modification.deletionProtection ?? row.deletionProtection,
    settings: withSettings(row.settings, modification.settings),
    oldSessions: outliveChange(row, modification, groups),
    ...(parameterGroup === undefined ? {} : { parameterGroup, pendingReboot: true }),
    // A change that takes the engine down reboots it.
    ...(restarts(modification) ? { pendingReboot: false } : {}),
  };
  if (newId === undefined) rows.put(next, at);
  else rows.rename(next, newId, endpoint, at);
}
