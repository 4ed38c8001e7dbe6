import { execFileSync } from 'node:child_process';
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { thisMachine } from '../../src/app/operator.ts';
import { DrError } from '../../src/base/errors.ts';
import { systemIds } from '../../src/base/ids.ts';
import type { Operator } from '../../src/journal/events.ts';
import { Journal } from '../../src/journal/journal.ts';
import { acquireLease, busy, isAlive, isHeld, type Lease, type LockRecord, lockOf, superseded } from '../../src/journal/lease.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { RUN, started, T0, tickingClock } from './fixture.ts';

const ME: Operator = { identity: 'arn:aws:iam::111122223333:user/kim', user: 'kim', host: 'ops-1', machine: { start: 'boot-1/pid:[1]', startedAt: T0 - 3_600_000, id: 'a' }, pid: process.pid };
let state = '';
const children: ChildProcess[] = [];

const folders: string[] = [];

async function newState(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dr-lease-'));
  folders.push(folder);
  return folder;
}

beforeEach(async () => {
  state = await newState();
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

function acquire(run = RUN, operator = ME, above = 0): Promise<Lease> {
  return acquireLease(state, { lock: 'shop', run, operator, now: T0, ids: systemIds, above });
}

/** A process that has ended: its id belongs to nobody. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '0']).pid;
}

type Left = { [K in keyof LockRecord]?: LockRecord[K] | undefined };

/** As a run leaves it that has died. */
async function leaveBehind(lock: Left): Promise<void> {
  await mkdir(join(state, 'locks'), { recursive: true });
  const term = lock.term ?? 7;
  const record = { run: 'old', term, token: 'old', user: 'lee', host: ME.host, machine: ME.machine, pid: deadPid(), since: '2026-11-20T00:00:00.000Z', ...lock };
  await writeFile(join(state, 'locks', `shop.${term}.json`), `${JSON.stringify(record)}\n`);
}

async function refusalOf(work: Promise<unknown>): Promise<DrError> {
  const error: unknown = await work.then(() => undefined, (e: unknown) => e);
  expect(error).toBeInstanceOf(DrError);
  return error as DrError;
}

describe('the lock of an application', () => {
  it('is held by one: the second is given by whom, since when, and what to do', async () => {
    const lease = await acquire();
    expect(lease.term).toBe(1);
    const error = await refusalOf(acquire('other'));
    expect(error).toMatchObject({
      code: 'RUN_IN_PROGRESS',
      exit: 'busy',
      message: 'Another run holds shop.',
      detail: `Run ${RUN}, term 1, by kim on ops-1 (process ${process.pid}) since 2026-11-20T10:15:00.000Z.`,
    });
    expect(error.next).toEqual([
      `dr status ${RUN}    shows where it stands`,
      `dr takeover ${RUN}    if that runner is gone for good`,
      `rm ${join(state, 'locks', 'shop.1.json')}    only if that process is gone for good, and you will not resume any of its runs`,
    ]);
    await lease.assertHeld();
    expect(await lockOf(state, 'shop')).toMatchObject({ run: RUN, term: 1, user: 'kim' });
  });

  it('is free again after release, and the term grows each time', async () => {
    for (const term of [1, 2, 3]) {
      const lease = await acquire();
      expect(lease.term).toBe(term);
      await lease.release();
      expect(await lockOf(state, 'shop')).toBeUndefined();
    }
    expect(await readdir(join(state, 'locks'))).toEqual(['shop.3.json']);
  });

  it('of one application does not hold another whose name begins alike', async () => {
    await acquire();
    await acquireLease(state, { lock: 'shop-2', run: RUN, operator: ME, now: T0, ids: systemIds });
    await acquireLease(state, { lock: 'sho', run: RUN, operator: ME, now: T0, ids: systemIds });
    expect((await lockOf(state, 'shop'))?.term).toBe(1);
  });

  it('of a dead process is taken over with a higher term', async () => {
    await leaveBehind({ term: 7 });
    const lease = await acquire();
    expect(lease.term).toBe(8);
    await lease.assertHeld();
    expect(await readdir(join(state, 'locks'))).toEqual(['shop.8.json']);
  });

  it('of a live process of this machine, or of any process of another, is respected', async () => {
    await leaveBehind({ pid: process.ppid });
    expect((await refusalOf(acquire())).code).toBe('RUN_IN_PROGRESS');
    await leaveBehind({ term: 8, host: 'ops-2', machine: { start: 'boot-2/pid:[1]', startedAt: 0 } });
    expect((await refusalOf(acquire())).detail).toContain('by lee on ops-2');
  });

  const earlier = { start: 'boot-0/pid:[1]', startedAt: 0, id: 'a' };
  it.each<[string, Left]>([
    ['another machine of the same host name', { machine: { ...earlier, id: 'b' } }],
    ['another one of which neither knows its id', { machine: { start: 'boot-0/pid:[1]', startedAt: 0 } }],
    ['another container of the same host name, on the same kernel', { machine: { ...earlier, start: 'boot-1/pid:[2]' }, since: '2026-11-20T10:00:00.000Z' }],
    ['a machine of another host name', { machine: earlier, host: 'ops-2' }],
    ['a machine that does not tell itself', { machine: undefined }],
  ])('of %s is respected, whatever this one knows of its process id', async (_what, lock) => {
    await leaveBehind({ run: RUN, ...lock });
    const error = await refusalOf(acquire('other'));
    expect(error).toMatchObject({ code: 'RUN_IN_PROGRESS', detail: expect.stringContaining('by lee on ops-') as string });
    expect(error.next).toContain(`dr takeover ${RUN}    if that runner is gone for good`);
  });

  it('of this machine from before it was started again is free', async () => {
    await leaveBehind({ pid: process.pid, machine: earlier, since: '2026-11-20T09:00:00.000Z' });
    expect((await acquire()).term).toBe(8);
  });

  it('is taken from nobody by a machine that does not know itself', async () => {
    const { machine: _, ...unknown } = ME;
    await leaveBehind({ machine: undefined });
    expect((await refusalOf(acquire(RUN, unknown))).code).toBe('RUN_IN_PROGRESS');
  });

  it('that cannot be read is respected', async () => {
    await mkdir(join(state, 'locks'), { recursive: true });
    await writeFile(join(state, 'locks', 'shop.3.json'), '{"run": "x", "te');
    expect(await refusalOf(acquire())).toMatchObject({ code: 'RUN_IN_PROGRESS', detail: expect.stringContaining('Run unknown, term 3') as string });
  });

  it('has a term above that of the journal that is written on', async () => {
    expect((await acquire(RUN, ME, 4)).term).toBe(5);
  });

  it('also where a lower claim is there: the journal was written on another machine', async () => {
    await leaveBehind({ term: 2 });
    expect((await acquire(RUN, ME, 4)).term).toBe(5);
    await leaveBehind({ term: 9 });
    expect((await acquire(RUN, ME, 4)).term).toBe(10);
  });

  it('is a file of its owner alone', async () => {
    await acquire();
    expect((await stat(join(state, 'locks'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(state, 'locks', 'shop.1.json'))).mode & 0o777).toBe(0o600);
  });

  it('leaves one file, and nothing half written', async () => {
    const lease = await acquire();
    expect(await readdir(join(state, 'locks'))).toEqual(['shop.1.json']);
    await lease.release();
    expect(await readdir(join(state, 'locks'))).toEqual(['shop.1.json']);
  });

  it('is taken by force from the claim that is meant, and from no other', async () => {
    const other = { ...ME, host: 'ops-2' };
    await acquire('one', other);
    const by = (meant: string) => acquireLease(state, { lock: 'shop', run: RUN, operator: ME, now: T0, ids: systemIds, force: ({ run }) => run === meant });
    expect((await refusalOf(by('two'))).code).toBe('RUN_IN_PROGRESS');
    expect((await by('one')).term).toBe(2);
  });

  it('that cannot be written, or looked for, is an error and no other holder; of a run that has begun it says how it continues', async () => {
    const wish = { lock: 'no/such', run: RUN, operator: ME, now: T0, ids: systemIds };
    expect(await refusalOf(acquireLease(state, wish))).toMatchObject({ code: 'STATE_UNUSABLE', next: ['give another folder: --state DIR'] });
    expect(await refusalOf(acquireLease(state, { ...wish, above: 1 }))).toMatchObject({ code: 'STATE_UNUSABLE', next: [`make room or give access to ${state}, then: dr resume ${RUN}`] });
    const broken = await newState();
    await writeFile(join(broken, 'locks'), 'a file');
    await expect(lockOf(broken, 'shop')).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
  });

  it('in a folder that cannot be used is an error that says so', async () => {
    await writeFile(join(state, 'file'), '');
    const error = await refusalOf(acquireLease(join(state, 'file'), { lock: 'shop', run: RUN, operator: ME, now: T0, ids: systemIds }));
    expect(error).toMatchObject({ code: 'STATE_UNUSABLE', exit: 'journal', message: `The state folder ${join(state, 'file')} cannot be used.`, next: ['give another folder: --state DIR'] });
  });
});

describe('claims beside each other', () => {
  const taken = async (...names: string[]) => {
    await mkdir(join(state, 'locks'), { recursive: true });
    for (const name of names) await writeFile(join(state, 'locks', name), JSON.stringify({ run: name, term: 1, token: name, user: 'lee', host: 'ops-2', pid: 1, since: 'long ago' }));
  };

  it('the highest term holds, by number and not by name; a term of many digits too', async () => {
    await taken('shop.9.json', 'shop.10.json', 'shop.2.json', 'shop.100.json');
    expect(await lockOf(state, 'shop')).toMatchObject({ run: 'shop.100.json', term: 100 });
  });

  it('what is no claim of it is none: other names, half-written files, copies', async () => {
    await taken('shop.1.json', 'ship.9.json', 'shop.9.json.bak', 'shop.x.json', 'shop.x9.json', 'shop.json', 'shopp.9.json', 'xshop.9.json', '.9.json', '9.json', 'shop.9.json.cafe');
    expect(await lockOf(state, 'shop')).toMatchObject({ run: 'shop.1.json', term: 1 });
    expect(await lockOf(state, 'sho')).toBeUndefined();
    expect(await lockOf(join(state, 'nowhere'), 'shop')).toBeUndefined();
  });

  it('one that cannot be understood is somebody’s, of nobody’s name', async () => {
    await mkdir(join(state, 'locks'), { recursive: true });
    await writeFile(join(state, 'locks', 'shop.3.json'), 'half');
    expect(await lockOf(state, 'shop')).toEqual({ run: 'unknown', term: 3, token: '', user: 'unknown', host: '', pid: 0, since: 'unknown' });
    const other = join(state, 'locks', 'shop.4.json');
    for (const make of [() => mkdir(other), () => Promise.resolve(execFileSync('mkfifo', [other]))]) {
      await make();
      await expect(lockOf(state, 'shop')).rejects.toMatchObject({ code: 'STATE_UNUSABLE', detail: `${other}: It is not a file.` });
      await rm(other, { recursive: true });
    }
  });

  it('a list that changes all the time is an error, and no free lock', async () => {
    await mkdir(join(state, 'locks'), { recursive: true });
    // A link to nothing: it is in the list, and cannot be read.
    await symlink(join(state, 'nowhere'), join(state, 'locks', 'shop.5.json'));
    await expect(lockOf(state, 'shop')).rejects.toMatchObject({ code: 'STATE_UNUSABLE', detail: 'the locks of shop change all the time' });
    expect(await refusalOf(acquire())).toMatchObject({ code: 'STATE_UNUSABLE', detail: 'the locks of shop change all the time' });
  });

  it('anyone who comes second to the same term makes way, and leaves nothing behind', async () => {
    await taken('shop.1.json');
    const lock = { host: ME.host, machine: ME.machine, pid: deadPid(), released: undefined };
    await writeFile(join(state, 'locks', 'shop.1.json'), JSON.stringify({ run: 'old', term: 1, token: 'old', user: 'lee', since: '', ...lock }));
    // Between its look and its claim another one takes the next term.
    const ids = { ...systemIds, hex: (bytes: number) => {
      const other = JSON.stringify({ run: 'faster', term: 2, token: 'other', user: 'lee', host: 'ops-2', pid: 7, since: 'now' });
      writeFileSync(join(state, 'locks', 'shop.2.json'), other);
      return systemIds.hex(bytes);
    } };
    const error = await refusalOf(acquireLease(state, { lock: 'shop', run: RUN, operator: ME, now: T0, ids }));
    expect(error).toMatchObject({ code: 'RUN_IN_PROGRESS', detail: 'Run faster, term 2, by lee on ops-2 (process 7) since now.', next: ['dr status faster    shows where it stands'] });
    expect((await readdir(join(state, 'locks'))).sort()).toEqual(['shop.1.json', 'shop.2.json']);
    expect(await lockOf(state, 'shop')).toMatchObject({ run: 'faster', token: 'other' });
  });

  it('anyone who finds a higher term than the one just claimed takes it back', async () => {
    // The next term but one: its own can be claimed, and does not hold.
    const ids = { ...systemIds, hex: (bytes: number) => {
      writeFileSync(join(state, 'locks', 'shop.2.json'), JSON.stringify({ run: 'higher', term: 2, token: 'other', user: 'lee', host: 'ops-2', pid: 7, since: 'now' }));
      return systemIds.hex(bytes);
    } };
    expect(await refusalOf(acquireLease(state, { lock: 'shop', run: RUN, operator: ME, now: T0, ids }))).toMatchObject({ code: 'RUN_IN_PROGRESS', detail: expect.stringContaining('Run higher, term 2') as string });
    expect(await readdir(join(state, 'locks'))).toEqual(['shop.2.json']);
  });

  it('a person may take over what a live process holds', async () => {
    await leaveBehind({ host: 'ops-2', term: 7 });
    const lease = await acquireLease(state, { lock: 'shop', run: RUN, operator: ME, now: T0, ids: systemIds, force: true });
    expect(lease.term).toBe(8);
    await lease.assertHeld();
  });
});

describe('who holds it', () => {
  const lock = { run: 'R', term: 3, token: 't', user: 'lee', host: 'ops-1', machine: { start: 'a', startedAt: 0 }, pid: process.pid, since: 'then' };

  it('a process that lives, of whomever; of another machine any; a lock given back nobody', () => {
    expect(isAlive(process.pid)).toBe(true);
    // The first process of the machine: it lives, whether or not it may be asked.
    expect(isAlive(1)).toBe(true);
    expect(isAlive(deadPid())).toBe(false);
    const at = (start: string) => ({ host: 'ops-1', machine: { start, startedAt: 0 } });
    expect(isHeld(lock, at('a'))).toBe(true);
    expect(isHeld({ ...lock, pid: deadPid() }, at('a'))).toBe(false);
    expect(isHeld({ ...lock, pid: deadPid() }, at('b'))).toBe(true);
    expect(isHeld({ ...lock, pid: deadPid() }, { host: 'ops-1' })).toBe(true);
    const { machine: _, ...unknown } = lock;
    expect(isHeld({ ...unknown, pid: deadPid() }, { host: 'ops-1' })).toBe(true);
    expect(isHeld({ ...lock, released: true }, at('b'))).toBe(false);
  });

  it('one whose process may not be asked lives', () => {
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('not yours'), { code: 'EPERM' });
    });
    expect(isAlive(4242)).toBe(true);
    kill.mockRestore();
  });

  it('is given in the same words, with what can be done', () => {
    expect(busy('shop', lock, 'do this', 'or that')).toMatchObject({
      code: 'RUN_IN_PROGRESS', exit: 'busy', message: 'Another run holds shop.', detail: `Run R, term 3, by lee on ops-1 (process ${process.pid}) since then.`, next: ['dr status R    shows where it stands', 'do this', 'or that'],
    });
    expect(superseded('shop', undefined)).toMatchObject({ code: 'SUPERSEDED', exit: 'busy', detail: 'Its lock is gone.' });
  });

  it('given back twice, or after a takeover, nothing of the other one is touched', async () => {
    const lease = await acquire();
    await lease.release();
    const first = await readFile(join(state, 'locks', 'shop.1.json'), 'utf8');
    expect(JSON.parse(first)).toMatchObject({ run: RUN, term: 1, released: true });
    expect((await stat(join(state, 'locks', 'shop.1.json'))).mode & 0o777).toBe(0o600);
    await leaveBehind({ term: 2, run: 'next', host: 'ops-2' });
    await lease.release();
    expect(await lockOf(state, 'shop')).toMatchObject({ run: 'next' });
    expect(await readFile(join(state, 'locks', 'shop.1.json'), 'utf8')).toBe(first);
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED', detail: 'Run next with term 2, by lee on ops-2, has taken over.' });
  });

  it('a claim of the same term by another token is another’s', async () => {
    const lease = await acquire();
    await leaveBehind({ term: 1, run: 'thief' });
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED' });
    await lease.release();
    expect(await lockOf(state, 'shop')).toMatchObject({ run: 'thief' });
  });
});

describe('a runner that has been superseded', () => {
  it('is refused before its next record, and does not release what is no longer its own', async () => {
    const old = await acquire();
    const store = new LocalStore(state, RUN, () => old.assertHeld());
    const journal = new Journal({ store, clock: tickingClock(), run: RUN, term: old.term });
    await journal.append(started());
    await leaveBehind({ term: 2, run: 'new' });
    const error = await refusalOf(journal.append({ type: 'checks.green' }));
    expect(error).toMatchObject({
      code: 'SUPERSEDED',
      exit: 'busy',
      message: 'This run no longer holds shop: it stops before it changes anything more.',
      detail: 'Run new with term 2, by lee on ops-1, has taken over.',
    });
    await old.release();
    await store.close();
    expect((await readFile(store.path, 'utf8')).split('\n')).toHaveLength(2);
    expect((await lockOf(state, 'shop'))?.run).toBe('new');
  });

  it('sees that its lock is gone', async () => {
    const lease = await acquire();
    await rm(join(state, 'locks'), { recursive: true });
    expect(await refusalOf(lease.assertHeld())).toMatchObject({ code: 'SUPERSEDED', detail: 'Its lock is gone.' });
  });
});

describe('many who try at once', () => {
  it.each([['a lock that nobody has', false], ['a lock that a dead process left', true]])('%s: one gets it', async (_name, dead) => {
    for (let round = 0; round < 20; round++) {
      state = await newState();
      if (dead) await leaveBehind({ term: 7 });
      const ends = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => acquire(`run-${i}`)));
      const won = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
      expect(won.map((lease) => lease.term)).toEqual([dead ? 8 : 1]);
      for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'RUN_IN_PROGRESS' });
      await won[0]?.assertHeld();
      expect(await readdir(join(state, 'locks'))).toEqual([dead ? 'shop.8.json' : 'shop.1.json']);
    }
  });

  it('processes too; when the holder is killed the next one gets it', async () => {
    await leaveBehind({ term: 7, machine: thisMachine() });
    const script = fileURLToPath(new URL('./lease-process.ts', import.meta.url));
    const start = async (): Promise<ChildProcess> => {
      const child = fork(script, [state], { execArgv: [] });
      children.push(child);
      await new Promise((resolve) => child.once('message', resolve));
      return child;
    };
    const ask = (child: ChildProcess) =>
      new Promise<{ term?: number; code?: string }>((resolve) => {
        child.once('message', (answer) => resolve(answer as { term?: number }));
        child.send('go');
      });
    const group = await Promise.all(Array.from({ length: 4 }, start));
    const late = await start();
    const answers = await Promise.all(group.map(ask));
    expect(answers.filter((a) => a.term !== undefined)).toEqual([{ term: 8 }]);
    expect(answers.filter((a) => a.code !== undefined).map((a) => a.code)).toEqual(Array(3).fill('RUN_IN_PROGRESS'));
    const holder = group[answers.findIndex((a) => a.term === 8)];
    const gone = new Promise((resolve) => holder?.once('exit', resolve));
    holder?.kill('SIGKILL');
    await gone;
    expect(await ask(late)).toEqual({ term: 9 });
  });
});
