import { execFileSync } from 'node:child_process';

interface Process {
  pid: number;
  parent: number;
  /** Time it was started: a process id can be given again. */
  started: string;
}

function table(): Process[] {
  return execFileSync('ps', ['-eo', 'pid=,ppid=,lstart='], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*(\d+)\s+(\d+)\s+(.+)$/.exec(line);
      return match === null ? [] : [{ pid: Number(match[1]), parent: Number(match[2]), started: match[3] ?? '' }];
    });
}

/** Follows everything that a process starts, also what it lets go of, to know what it leaves behind. */
export class Family {
  readonly #known = new Map<string, Process>();
  readonly #timer: NodeJS.Timeout;
  readonly #root: number;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.look(), 250);
    this.look();
  }

  look(): void {
    const all = table();
    const pids = new Set([this.#root, ...[...this.#known.values()].map(({ pid }) => pid)]);
    for (let before = -1; before !== pids.size;) {
      before = pids.size;
      for (const { pid, parent } of all) if (pids.has(parent)) pids.add(pid);
    }
    for (const one of all) if (pids.has(one.pid)) this.#known.set(`${one.pid} ${one.started}`, one);
  }

  /** How many there ever were. */
  get size(): number {
    return this.#known.size;
  }

  /** Those that are still there. */
  left(): number[] {
    clearInterval(this.#timer);
    return table().flatMap(({ pid, started }) => (this.#known.has(`${pid} ${started}`) ? [pid] : []));
  }
}
