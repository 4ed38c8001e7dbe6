import { rekey } from './database-driver.ts';

/** Changes of one database's setting that are remembered. */
const CHANGES_MAX = 64;

/** Which databases are read-only, by time. A change travels with the log, so that replicas get it with their lag. */
export class ReadOnlySettings {
  private readonly changes = new Map<string, { at: number; on: boolean }[]>();

  set(key: string, on: boolean, at: number): void {
    this.changes.set(key, [...(this.changes.get(key) ?? []), { at, on }].slice(-CHANGES_MAX));
  }

  on(key: string, at: number): boolean {
    return this.changes.get(key)?.findLast((change) => change.at <= at)?.on ?? false;
  }

  lastChange(key: string, at: number): number | undefined {
    return this.changes.get(key)?.findLast((change) => change.at <= at)?.at;
  }

  rename(from: string, to: string): void {
    rekey(this.changes, from, to);
  }

  forget(key: string): void {
    this.changes.delete(key);
  }
}
