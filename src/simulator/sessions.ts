import type { Core } from './core.ts';
import type { DbRef } from './database-driver.ts';
import { type DbInstance, downAt, type Modification, shutDownAt } from './db-instance.ts';
import type { SecurityGroups } from './security-groups.ts';

/** True when sessions write on after a change: a change of groups ends none that are there, a restart ends all. */
export function outliveChange(row: DbInstance, change: Modification, groups: SecurityGroups): boolean {
  const closed = (ids: readonly string[]) => groups.allClosed(row.ref.region, ids);
  if (downAt(change) !== undefined || !closed(change.groups ?? row.groups)) return false;
  return row.oldSessions || !closed(row.groups);
}

interface Rows {
  row(ref: DbRef): DbInstance | undefined;
  put(row: DbInstance, at: number): void;
  fail(ref: DbRef): void;
}

/** Restarts the engine of an instance. Whatever was connected is not any more; changes that waited for it hold. */
export function beginReboot(core: Core, row: DbInstance, now: number, rows: Rows): DbInstance {
  const { driver, timings, agenda } = core;
  const work = driver?.reboot?.(row.ref);
  const reboot = { startedAt: now, endsAt: now + timings.rebootMs, driverDone: work === undefined };
  const next: DbInstance = { ...row, reboot };
  rows.put(next, now);
  const end = (at: number): void => {
    const current = rows.row(row.ref);
    if (current?.reboot === undefined || !current.reboot.driverDone || current.reboot.endsAt > at) return;
    rows.put({ ...current, reboot: undefined, pendingReboot: false }, at);
  };
  agenda.at(shutDownAt(reboot), (at) => {
    const current = rows.row(row.ref);
    if (current?.reboot !== undefined) rows.put({ ...current, oldSessions: false }, at);
  });
  agenda.at(reboot.endsAt, end);
  const done = (): void => {
    const current = rows.row(row.ref);
    if (current?.reboot === undefined) return;
    rows.put({ ...current, reboot: { ...current.reboot, driverDone: true } }, core.now());
    end(core.now());
  };
  work?.then(done, () => rows.fail(row.ref));
  return next;
}
