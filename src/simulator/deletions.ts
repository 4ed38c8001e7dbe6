import type { Core } from './core.ts';
import type { DbRef } from './database-driver.ts';
import type { DbInstance } from './db-instance.ts';

interface Rows {
  row(ref: DbRef): DbInstance | undefined;
  put(row: DbInstance, at: number): void;
  forget(row: DbInstance, at: number): void;
}

/** Ends an instance: `deleting` until its time is over, then its name is free. It takes no writes from the request on: our reading. */
export function beginDeletion(core: Core, row: DbInstance, now: number, rows: Rows): DbInstance {
  const { driver, timings, agenda } = core;
  const next: DbInstance = { ...row, deletion: { startedAt: now } };
  rows.put(next, now);
  // What a real server says at its end changes nothing any more.
  driver?.remove?.(row.ref).catch(() => undefined);
  agenda.at(now + timings.deleteMs, (at) => {
    const current = rows.row(row.ref);
    if (current?.deletion?.startedAt === now) rows.forget(current, at);
  });
  return next;
}
