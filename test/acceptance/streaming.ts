import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { JournalRecord } from '../../src/journal/events.ts';
import { BIN, type Ran } from '../commands/run-dr.ts';
import type { Stage } from './stage.ts';
import { told } from './told.ts';

/** A `dr` that streams its journal. It leads a process group of its own. */
export interface Streaming {
  child: ChildProcess;
  ended: Promise<Ran>;
  /** Records so far. */
  records: readonly JournalRecord[];
  /** Resolves with the first record that is so, also one that was streamed before. Rejects when the process ends without it. */
  until(is: (record: JournalRecord) => boolean): Promise<JournalRecord>;
}

export function streaming(
  on: Pick<Stage, 'folder' | 'env'>,
  args: readonly string[],
  { nodeArgs = [] }: { nodeArgs?: readonly string[] } = {},
): Streaming {
  const env = { PATH: process.env.PATH ?? '', ...on.env };
  const child = spawn(process.execPath, [...nodeArgs, BIN, ...args, '--output', 'jsonl'], { cwd: on.folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const records: JournalRecord[] = [];
  const waiting: { is: (record: JournalRecord) => boolean; seen: (record: JournalRecord) => void }[] = [];
  createInterface(child.stdout).on('line', (line) => {
    const record = JSON.parse(line) as JournalRecord;
    records.push(record);
    for (const { is, seen } of waiting) if (is(record)) seen(record);
  });
  const ended = once(child, 'close').then(([code]): Ran => ({ code: code as number | null, stdout: '', stderr }));
  return {
    child,
    ended,
    records,
    until: (is) => {
      const before = records.find(is);
      if (before !== undefined) return Promise.resolve(before);
      return Promise.race([
        new Promise<JournalRecord>((seen) => waiting.push({ is, seen })),
        ended.then((ran): never => { throw new Error(`it ended before: ${told(ran)}`); }),
      ]);
    },
  };
}
