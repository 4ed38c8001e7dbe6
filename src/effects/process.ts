import { type ChildProcess, spawn } from 'node:child_process';
import type { CommandRequest, CommandResult, ProcessPort } from './effects.ts';

const OUTPUT_LIMIT = 65_536;
/** How long output is read on after the program has ended: something it started may hold the pipe open. */
const DRAIN_MS = 500;

/**
 * Runs programs without a shell, in a process group of their own: at the limit all of it is killed, and the first Ctrl-C
 * at the terminal does not reach it. If `dr` itself ends, so do they, also where it was killed: who resumes the run, or takes back what the
 * program did, must not meet it at work.
 */
export const systemProcess: ProcessPort = { run };

async function run(request: CommandRequest): Promise<CommandResult> {
  request.signal?.throwIfAborted();
  const [program, ...rest] = request.argv;
  const startedAt = performance.now();
  const tail = new Tail();
  const child = spawn(program, rest, { env: { ...request.env }, shell: false, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk: Buffer) => tail.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk));
  const kill = () => killGroup(child);
  const letGo = killedWithUs(child);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, request.timeoutMs);
  process.once('exit', kill);
  request.signal?.addEventListener('abort', kill, { once: true });
  const wasLate = (): boolean => late;
  try {
    const end = await ended(child);
    const result = { output: tail.text(), cut: tail.cut, ms: Math.round(performance.now() - startedAt) };
    if ('error' in end) return { ...result, code: undefined, error: end.error, notStarted: true };
    if (end.code !== null) return { ...result, code: end.code };
    const error = wasLate() ? `killed: it had not ended within ${request.timeoutMs} ms` : `ended by ${end.signal ?? 'a signal'}`;
    return { ...result, code: undefined, error };
  } finally {
    clearTimeout(timer);
    process.off('exit', kill);
    request.signal?.removeEventListener('abort', kill);
    letGo();
    kill();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody is left in the group.
  }
}

/** Waits for the end of its standard input, which comes when this process ends, however it does. */
const SCRIPT = 'cat >/dev/null; kill -s KILL -- "-$1"';

/** Kills a program's group when this process is gone, until what is given back is called. On Windows nobody does. */
function killedWithUs({ pid }: ChildProcess): () => void {
  if (pid === undefined || process.platform === 'win32') return () => undefined;
  const watchdog = spawn('/bin/sh', ['-c', SCRIPT, 'dr-step-watchdog', String(pid)], { env: {}, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  // Without it the program runs all the same.
  for (const part of [watchdog, watchdog.stdin]) part.on('error', () => undefined);
  watchdog.unref();
  return () => killGroup(watchdog);
}

type End = { code: number | null; signal: string | null } | { error: string };

function ended(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error: error.message }));
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('exit', (code, signal) => setTimeout(() => resolve({ code, signal }), DRAIN_MS).unref());
  });
}

/** The last bytes of a stream. */
class Tail {
  cut = false;
  #chunks: Buffer[] = [];
  #size = 0;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size - (this.#chunks[0]?.length ?? 0) >= OUTPUT_LIMIT) {
      this.#size -= this.#chunks.shift()?.length ?? 0;
      this.cut = true;
    }
  }

  text(): string {
    const all = Buffer.concat(this.#chunks);
    if (all.length > OUTPUT_LIMIT) this.cut = true;
    return all.subarray(Math.max(0, all.length - OUTPUT_LIMIT)).toString('utf8');
  }
}
