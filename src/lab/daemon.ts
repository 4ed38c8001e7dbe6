/* eslint-disable no-console, no-restricted-properties -- This file is a process: it ends it, and stderr is its log. */
/**
 * The lab's own process: what `spawnLab` starts, with its settings as the only argument.
 * 1. Owned by its parent, it ends when that ends, however it ends: the channel between them closes.
 * 2. On its own, it ends by the control server or a signal, and its state file goes with it.
 * 3. Whichever way it ends, its processes and files go. If it is killed, the watchdog does that.
 */
import { loadRunbook } from '../runbook/load.ts';
import { DrError } from '../base/errors.ts';
import { controlServer, type ControlAddress } from './control-server.ts';
import { lab, type Lab } from './lab.ts';
import { toPlain, type PlainError } from './plain-error.ts';
import { claimState, releaseState } from './state-file.ts';
import type { LabInfo } from './status.ts';

export interface DaemonSettings {
  /** Absolute path, or several. */
  runbook: string | readonly string[];
  ownedByParent: boolean;
  stateFile?: string | undefined;
  port?: number | undefined;
}

/** What it tells its parent, once. */
export type DaemonMessage = { ready: { control: ControlAddress; info: LabInfo } } | { failed: PlainError };

/** A stop that takes longer is cut short; the watchdog does the rest. */
const STOP_MS = 10_000;
/** For the answer to the one who asked it to stop. */
const LAST_ANSWER_MS = 500;

const settings = JSON.parse(process.argv[2] ?? '{}') as DaemonSettings;
let ready = false;
let running: Lab | undefined;
let control: Awaited<ReturnType<typeof controlServer>> | undefined;
let stopping: Promise<void> | undefined;

process.title = 'dr-lab';
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leave(0));
process.on('disconnect', () => {
  if (settings.ownedByParent || !ready) void leave(0);
});
process.on('uncaughtException', (error) => {
  console.error(error);
  void leave(1);
});
// Who started it may be gone, and with it the reader of this.
process.stderr.on('error', () => undefined);

try {
  await start();
} catch (error) {
  await tell({ failed: toPlain(error) });
  await leave(1);
}

async function start(): Promise<void> {
  const { runbook, port, stateFile } = settings;
  running = await lab({ runbook: await Promise.all([runbook].flat().map((path) => loadRunbook(path))), port, env: process.env, onDefect: (error) => console.error(error) });
  control = await controlServer(running, stop);
  const address = { url: control.url, token: control.token };
  if (stateFile !== undefined && !(await claimState(stateFile, { schema: 'dr.lab/1', control: address, info: running.info }))) {
    throw new DrError({ code: 'LAB_RUNNING', exit: 'lab', title: 'Another lab was started at the same time.', next: ['dr lab status', 'dr lab stop'] });
  }
  ready = true;
  await tell({ ready: { control: address, info: running.info } });
  if (!settings.ownedByParent && process.connected) process.disconnect();
}

/** Once; also for several who ask. */
function stop(): Promise<void> {
  stopping ??= (async () => {
    setTimeout(() => process.exit(1), STOP_MS).unref();
    await running?.stop();
    if (settings.stateFile !== undefined) await releaseState(settings.stateFile, process.pid);
    // No more listener and no more channel: the process ends when the last answer is out.
    control?.close();
    if (process.connected) process.disconnect();
    setTimeout(() => process.exit(), LAST_ANSWER_MS).unref();
  })();
  return stopping;
}

async function leave(code: number): Promise<void> {
  // Half started, there is nothing yet that could be stopped in order: the watchdog clears it away.
  if (running === undefined) process.exit(code);
  process.exitCode = code;
  await stop();
  process.exit(code);
}

function tell(message: DaemonMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}
