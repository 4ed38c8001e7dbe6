import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DrError } from '../base/errors.ts';
import type { LabApi } from './api.ts';
import { controlClient } from './control-client.ts';
import type { ControlAddress } from './control-server.ts';
import type { DaemonMessage, DaemonSettings } from './daemon.ts';
import { fromPlain } from './plain-error.ts';
import type { LabInfo } from './status.ts';

interface SpawnOptions {
  /** One or several. Their paths are given to the lab, which reads them again. */
  runbook: { path: string } | readonly { path: string }[];
  /** The lab ends when this process ends. Otherwise it continues, and needs a `stateFile` to be found again. */
  ownedByParent: boolean;
  stateFile?: string;
  port?: number | undefined;
  /** Default: that of this process. `DR_LAB_POSTGRES` is read from it. */
  env?: NodeJS.ProcessEnv;
}

/** A lab in another process. `stop` resolves when that is gone, and with it everything it started. */
export interface LabHandle extends LabApi {
  readonly pid: number;
  readonly info: LabInfo;
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when its process ends, for whatever reason. Keeps this process alive until then; the handle alone does not. */
  untilEnded(): Promise<void>;
}

/** The first start copies programs and makes databases; a slow machine may take its time. */
const START_MS = 90_000;
/** For each application more. */
const START_EACH_MS = 2_000;
const STOP_MS = 15_000;

/**
 * Starts a lab in its own process and waits until users are served.
 * @throws DrError: what the lab says, with exit `lab`.
 */
export async function spawnLab(options: SpawnOptions): Promise<LabHandle> {
  const settings: DaemonSettings = {
    runbook: [options.runbook].flat().map(({ path }) => resolve(path)),
    ownedByParent: options.ownedByParent,
    stateFile: options.stateFile,
    port: options.port,
  };
  const log = options.stateFile === undefined || options.ownedByParent ? undefined : await openLog(dirname(options.stateFile));
  // The entry has this file's own extension: .ts in src, .js once built. There this file is part of one in another folder.
  const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../lab/daemon.ts' : '../lab/daemon.js', import.meta.url));
  const child = spawn(process.execPath, [entry, JSON.stringify(settings)], {
    cwd: '/',
    env: options.env ?? process.env,
    stdio: ['ignore', 'ignore', log === undefined ? 'pipe' : log.fd, 'ipc'],
    // Its own session: Ctrl-C is for the failover that uses it, which stops it in its own time.
    detached: true,
  });
  await log?.close();
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4096);
  });
  const ended = new Promise<void>((end) => child.once('exit', () => end()));
  const { control, info } = await readiness(child, settings.runbook.length, () => said);
  child.unref();
  child.channel?.unref();
  (child.stderr as Socket | null)?.unref();
  return handleOf(child, control, info, ended);
}

function readiness(child: ChildProcess, applications: number, said: () => string): Promise<{ control: ControlAddress; info: LabInfo }> {
  const limitMs = START_MS + applications * START_EACH_MS;
  return new Promise((resolve, reject) => {
    const next = applications > 1 ? ['dr lab start --runbook PATH    serves fewer applications'] : ['try again; the machine may have been busy'];
    const failed = (title: string) => reject(new DrError({ code: 'LAB_START', exit: 'lab', title, ...(said().trim() === '' ? {} : { detail: said().trim() }), next }));
    const late = setTimeout(() => {
      failed(`The lab was not up after ${limitMs / 1000} s, and has been stopped.`);
      child.kill('SIGTERM');
    }, limitMs);
    child.once('message', (message) => {
      clearTimeout(late);
      const told = message as DaemonMessage;
      if ('ready' in told) resolve(told.ready);
      else reject(fromPlain(told.failed));
    });
    child.once('error', (error) => {
      clearTimeout(late);
      failed(`The lab could not be started: ${error.message}`);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(late);
      failed(`The lab ended before it was up (${signal ?? `exit code ${String(code)}`}).`);
    });
  });
}

function handleOf(child: ChildProcess, control: ControlAddress, info: LabInfo, ended: Promise<void>): LabHandle {
  const client = controlClient(control);
  let stopping: Promise<void> | undefined;
  return {
    pid: info.pid,
    info,
    env: info.env,
    ...client,
    stop: () => (stopping ??= stopChild(child, client, ended)),
    untilEnded: () => {
      child.ref();
      return ended;
    },
  };
}

async function stopChild(child: ChildProcess, client: LabApi, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  // If it does not listen any more, a signal says the same; if that does not help, the watchdog of the lab cleans up.
  await client.stop().catch(() => child.kill('SIGTERM'));
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}

async function openLog(folder: string) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return open(join(folder, 'lab.log'), 'w', 0o600);
}
