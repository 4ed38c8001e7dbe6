import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { operation } from './schedule.ts';

/*
 * A folder in memory behind `node:fs/promises`, for runners only: everybody else gets the real one. What others can see is an
 * operation of the schedule; a line is written in two halves.
 */

const HOOKED = ['link', 'mkdir', 'open', 'readdir', 'readFile', 'rename', 'rm', 'stat', 'truncate', 'writeFile'] as const;

export class Disk {
  readonly files = new Map<string, string>();
  /** Nobody else sees it: what happens on it needs no place in the schedule. */
  readonly isPrivate: boolean;

  constructor(isPrivate = false) {
    this.isPrivate = isPrivate;
  }

  key(): string {
    return [...this.files].map(([name, text]) => `${name}:${text}`).sort().join('\n');
  }
}

/** Which disk an operation is on; undefined for the real one. */
export type DiskOf = (path: string) => Disk | undefined;

/** @returns puts the real one back */
export function hookFiles(diskOf: DiskOf): () => void {
  const real = Object.fromEntries(HOOKED.map((name) => [name, fs[name]]));
  for (const name of HOOKED) {
    Object.assign(fs, {
      [name]: (path: string, ...rest: never[]) => {
        const disk = typeof path === 'string' ? diskOf(path) : undefined;
        if (disk === undefined) return (real[name] as (...all: unknown[]) => unknown)(path, ...rest);
        return (CALLS[name] as (disk: Disk, ...all: unknown[]) => Promise<unknown>)(disk, path, ...rest);
      },
    });
  }
  syncBuiltinESMExports();
  return () => {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  };
}

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function textOf(disk: Disk, path: string): string {
  const text = disk.files.get(path);
  if (text === undefined) throw errno('ENOENT', path);
  return text;
}

/** Files that only their maker knows: `<claim>.<token>`. */
function isTemporary(path: string): boolean {
  return /\.json\.[^/]*$/.test(path);
}

function on<T>(disk: Disk, call: string, path: string, effect: () => T): Promise<T> {
  if (disk.isPrivate || isTemporary(path)) return new Promise((resolve) => resolve(effect()));
  return operation(`${call} ${path.slice(path.lastIndexOf('/') + 1)}`, effect);
}

/** No file is ever put in the place of another one here. */
function statOf(disk: Disk, path: string) {
  return { size: Buffer.byteLength(textOf(disk, path)), dev: 1, ino: 1, isFile: () => true };
}

const CALLS = {
  // A folder is there as soon as something is in it.
  mkdir: () => Promise.resolve(undefined),
  readdir: (disk: Disk, path: string) =>
    on(disk, 'readdir', path, () => {
      const names = [...disk.files.keys()].filter((name) => name.startsWith(`${path}/`) && !isTemporary(name)).map((name) => name.slice(path.length + 1).split('/')[0] ?? '');
      if (names.length === 0) throw errno('ENOENT', path);
      return [...new Set(names)].sort();
    }),
  readFile: (disk: Disk, path: string) => on(disk, 'readFile', path, () => textOf(disk, path)),
  stat: (disk: Disk, path: string) => on(disk, 'stat', path, () => statOf(disk, path)),
  writeFile: (disk: Disk, path: string, text: string, options?: { flag?: string }) =>
    on(disk, 'writeFile', path, () => void disk.files.set(path, (options?.flag === 'a' ? (disk.files.get(path) ?? '') : '') + text)),
  link: (disk: Disk, from: string, to: string) =>
    on(disk, 'link', to, () => {
      if (disk.files.has(to)) throw errno('EEXIST', to);
      disk.files.set(to, textOf(disk, from));
    }),
  rename: (disk: Disk, from: string, to: string) =>
    on(disk, 'rename', to, () => {
      disk.files.set(to, textOf(disk, from));
      disk.files.delete(from);
    }),
  rm: (disk: Disk, path: string) => on(disk, 'rm', path, () => void disk.files.delete(path)),
  truncate: (disk: Disk, path: string, bytes: number) => on(disk, 'truncate', path, () => void disk.files.set(path, Buffer.from(textOf(disk, path)).subarray(0, bytes).toString())),
  open: (disk: Disk, path: string, flags: number | string) =>
    on(disk, 'open', path, () => {
      if (!disk.files.has(path)) {
        if (flags === 'r+') throw errno('ENOENT', path);
        disk.files.set(path, '');
      }
      return {
        // Where the file ends when a half is written, anyone who has written on.
        appendFile: async (text: string) => {
          const middle = disk.isPrivate ? text.length : Math.floor(text.length / 2);
          for (const part of [text.slice(0, middle), text.slice(middle)]) {
            if (part !== '') await on(disk, 'append', path, () => void disk.files.set(path, (disk.files.get(path) ?? '') + part));
          }
        },
        // Its own file: what others can see of it stands above.
        stat: () => new Promise((resolve) => resolve(statOf(disk, path))),
        datasync: () => Promise.resolve(),
        close: () => Promise.resolve(),
      };
    }),
};
