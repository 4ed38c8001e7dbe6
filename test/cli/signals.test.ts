import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';

const signals = join(import.meta.dirname, '..', '..', 'src', 'cli', 'signals.ts');
const script = `
  import { drainOnSignals } from ${JSON.stringify(signals)};
  const drain = drainOnSignals((signal) => console.log('first ' + signal), () => 'last words', process.argv[1] === 'json');
  drain.signal.addEventListener('abort', () => {
    const signal = drain.signal.reason.message;
    console.log('draining because of ' + signal);
    // The same keypress, as npm sends it on.
    process.kill(process.pid, signal);
  });
  process.stdin.on('data', () => { drain.dispose(); process.stdin.destroy(); console.log('disposed'); });
  console.log('ready');
`;

let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

/** A process that drains, and everything it printed so far. */
async function draining(...args: string[]): Promise<{ child: ChildProcess; out: () => string; ended: Promise<[number | null, string | null]> }> {
  const started = spawn(process.execPath, ['--input-type=module', '-e', script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  child = started;
  let out = '';
  for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise<[number | null, string | null]>((resolve) => started.on('close', (code, signal) => resolve([code, signal])));
  const text = () => out;
  await seen(text, 'ready');
  return { child: started, out: text, ended };
}

async function seen(out: () => string, text: string): Promise<void> {
  for (let i = 0; i < 500 && !out().includes(text); i++) await sleep(10);
  expect(out()).toContain(text);
}

describe('signals of a run', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('the first %s drains, a later one leaves at once', async (signal) => {
    const run = await draining();
    run.child.kill(signal);
    await seen(run.out, `draining because of ${signal}`);
    await sleep(700);
    expect(run.child.exitCode).toBeNull();
    run.child.kill(signal);
    expect(await run.ended).toEqual([EXIT.interrupted, null]);
    expect(run.out()).toContain('last words');
    expect(run.out().match(/first/g)).toHaveLength(1);
  });

  it('leave one document on stdout, where that was asked for', async () => {
    const run = await draining('json');
    run.child.kill('SIGTERM');
    await seen(run.out, 'draining because of SIGTERM');
    await sleep(700);
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual([EXIT.interrupted, null]);
    const document = run.out().slice(run.out().indexOf('{'), run.out().lastIndexOf('}') + 1);
    expect(JSON.parse(document)).toMatchObject({ ok: false, exit: 'interrupted', exitCode: EXIT.interrupted, error: { code: 'INTERRUPTED', message: 'last words' } });
  });

  it('are nobody\'s business once the run has ended', async () => {
    const run = await draining();
    run.child.stdin?.write('x');
    await seen(run.out, 'disposed');
    await expect(run.ended).resolves.toEqual([0, null]);
  });
});
