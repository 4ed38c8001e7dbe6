import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bench, refusalOf } from './fixture.ts';

/** A folder of locks that cannot be used any more. */
function breakLocks(state: string): void {
  renameSync(join(state, 'locks'), join(state, 'locks-away'));
  writeFileSync(join(state, 'locks'), '');
}

describe('what fails after the end of a run', () => {
  it('a lock that cannot be given back is a warning line, and the result stays', async () => {
    const b = await bench();
    const result = await b.start({ onRecord: ({ type }) => type === 'run.finished' && breakLocks(b.state) });
    expect(result).toMatchObject({ exit: 'ok', state: { outcome: 'succeeded' } });
    expect(result.summary.at(-1)).toMatch(new RegExp(`^Warning: the lock of run ${result.state.run} could not be given back: The state folder .* cannot be used\\..*dr takeover ${result.state.run}$`));
  });

  it('so is a report that cannot be written', async () => {
    const b = await bench();
    const result = await b.start({ onRecord: ({ type, run }) => type === 'run.finished' && mkdirSync(join(b.state, 'runs', run, 'report.json')) });
    expect(result).toMatchObject({ exit: 'ok', state: { outcome: 'succeeded' } });
    expect(result.report).toBeUndefined();
    expect(result.summary.at(-1)).toMatch(new RegExp(`^Warning: there is no report yet\\. Make it with: dr report ${result.state.run} `));
  });
});

describe('a state folder that fails in the middle of a run', () => {
  it('is said by its own error, with the way to resume; and a resume ends the run', async () => {
    const b = await bench();
    const error = await refusalOf(b.start({ onRecord: ({ type }) => type === 'checks.green' && breakLocks(b.state) }));
    const [run = ''] = await readdir(join(b.state, 'runs'));
    expect(error).toMatchObject({ code: 'STATE_UNUSABLE', exit: 'journal', next: [`make room or give access to ${b.state}, then: dr resume ${run}`] });
    expect((await refusalOf(b.goOn())).code).toBe('STATE_UNUSABLE');
    await rm(join(b.state, 'locks'));
    await rename(join(b.state, 'locks-away'), join(b.state, 'locks'));
    expect((await b.goOn({ takeOver: true })).state.outcome).toBe('succeeded');
  });

  it('that never worked is another matter: nothing has begun', async () => {
    const b = await bench();
    await mkdir(b.state);
    await writeFile(join(b.state, 'locks'), '');
    expect(await refusalOf(b.start())).toMatchObject({ code: 'STATE_UNUSABLE', next: ['give another folder: --state DIR'] });
  });
});
