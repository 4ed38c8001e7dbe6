import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DrError } from '../base/errors.ts';
import type { LabApi } from '../lab/api.ts';
import { controlClient } from '../lab/control-client.ts';
import { spawnLab } from '../lab/spawn.ts';
import { readState, stateFileIn, type LabState } from '../lab/state-file.ts';
import type { LabInfo, LabLedger, LabStatus } from '../lab/status.ts';
import { EXAMPLE_RUNBOOK, findRunbooks } from '../runbook/find.ts';
import { loadRunbook } from '../runbook/load.ts';

interface LabStartRequest {
  /** Folder of all state of `dr`; the lab's is in `lab/` below it. */
  state: string;
  /** Paths. Default: the runbook that comes with `dr`. */
  runbooks?: readonly string[] | undefined;
  /** A folder of them: all that are in it. */
  folder?: string | undefined;
  /** Of the AWS endpoint. Default: any that is free. */
  port?: number | undefined;
  /** The lab ends with the process that asks. */
  foreground?: boolean | undefined;
}

interface LabStarted {
  info: LabInfo;
  /** Resolves when the lab has ended; asking for it keeps this process alive until then. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** What to set, and what to unset because it would lead elsewhere. */
export interface LabEnv {
  set: Readonly<Record<string, string>>;
  unset: readonly string[];
  /** Lines for a POSIX shell: `eval "$(dr lab env)"`. */
  shell: string;
}

/** Settings of the user's that lead past the lab's endpoint or credentials. */
const MISLEADING = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'];
/** How long a running lab may take to say so. */
const LIVE_MS = 3_000;
const GONE_MS = 20_000;

/** @throws DrError (lab): already running, port taken, cannot start; (runbook): the runbook is missing or wrong. */
export async function labStart(request: LabStartRequest): Promise<LabStarted> {
  const stateFile = stateFileIn(request.state);
  const runbook = await Promise.all((await pathsOf(request)).map((path) => loadRunbook(path)));
  const state = await readState(stateFile);
  if (state !== undefined && (await isLive(state))) {
    throw new DrError({
      code: 'LAB_RUNNING',
      exit: 'lab',
      title: `A lab is running already (process ${state.info.pid}).`,
      detail: `It serves ${state.info.runbooks.map(({ path }) => path).join(', ')} at ${state.info.awsUrl}.`,
      next: ['dr lab status', 'dr lab stop'],
    });
  }
  // Left by one that was killed, or not readable as state: either way nobody is behind it.
  await rm(stateFile, { force: true });
  const handle = await spawnLab({ runbook, ownedByParent: request.foreground === true, stateFile, port: request.port });
  return {
    info: handle.info,
    get ended() {
      return handle.untilEnded();
    },
    stop: () => handle.stop(),
  };
}

async function pathsOf({ runbooks, folder }: LabStartRequest): Promise<readonly string[]> {
  if (folder === undefined) return runbooks ?? [EXAMPLE_RUNBOOK];
  const found = [...(await findRunbooks(folder)), ...(runbooks ?? [])];
  if (found.length > 0) return found;
  throw new DrError({ code: 'RUNBOOK_NOT_FOUND', exit: 'runbook', title: `There is no runbook in ${folder}.`, next: ['dr lab start --runbook PATH'] });
}

/** @throws DrError when no lab runs. */
export async function labStatus(request: { state: string }): Promise<LabStatus> {
  return (await clientOf(request.state)).client.status();
}

/** @throws DrError when no lab runs. */
export async function labLedger(request: { state: string; runbook?: string }): Promise<LabLedger> {
  return (await clientOf(request.state)).client.ledger(request.runbook);
}

/** Kills a region, or cuts its network only. @throws DrError when no lab runs, or it has no such region. */
export async function labBreak(request: { state: string; region: string; network?: boolean }): Promise<LabStatus> {
  const { client } = await clientOf(request.state);
  await (request.network === true ? client.cutNetwork(request.region) : client.breakRegion(request.region));
  return client.status();
}

/** @throws DrError when no lab runs, or it has no such region. */
export async function labHeal(request: { state: string; region: string }): Promise<LabStatus> {
  const { client } = await clientOf(request.state);
  await client.heal(request.region);
  return client.status();
}

/** Resolves when the lab's process is gone. @throws DrError when no lab runs, or it does not end. */
export async function labStop(request: { state: string }): Promise<{ pid: number }> {
  const { client, state } = await clientOf(request.state);
  const { pid } = state.info;
  await client.stop();
  const until = performance.now() + GONE_MS;
  while (isProcess(pid)) {
    if (performance.now() > until) {
      throw new DrError({ code: 'LAB_STUCK', exit: 'lab', title: `The lab (process ${pid}) does not end.`, next: [`kill -9 ${pid}`] });
    }
    await sleep(20);
  }
  return { pid };
}

/** @throws DrError when no lab runs. */
export async function labEnv(request: { state: string; env?: NodeJS.ProcessEnv }): Promise<LabEnv> {
  const { state } = await clientOf(request.state);
  const set = state.info.env;
  // A service's own endpoint goes before the general one.
  const unset = [...MISLEADING, ...Object.keys(request.env ?? process.env).filter((name) => name.startsWith('AWS_ENDPOINT_URL_'))];
  const lines = [`unset ${unset.join(' ')}`, ...Object.entries(set).map(([name, value]) => `export ${name}=${shellQuote(value)}`)];
  return { set, unset, shell: lines.join('\n') };
}

async function clientOf(stateFolder: string): Promise<{ client: LabApi; state: LabState }> {
  const file = stateFileIn(stateFolder);
  const state = await readState(file);
  if (state !== undefined && (await isLive(state))) return { client: controlClient(state.control), state };
  if (state !== undefined) await rm(file, { force: true });
  throw new DrError({
    code: 'LAB_NOT_RUNNING',
    exit: 'lab',
    title: 'No lab is running.',
    ...(state === undefined ? {} : { detail: `The one that was started before (process ${state.info.pid}) is gone.` }),
    next: ['dr lab start'],
  });
}

/**
 * Its process is there and knows the token: a process id alone may be somebody else's by now.
 * @throws DrError when it is there and says nothing: that one must not be forgotten.
 */
async function isLive(state: LabState): Promise<boolean> {
  const { pid } = state.info;
  if (!isProcess(pid)) return false;
  try {
    return (await controlClient(state.control, LIVE_MS).status()).pid === pid;
  } catch (error) {
    const cause = error instanceof DrError ? error.cause : undefined;
    if (!(cause instanceof Error) || cause.name !== 'TimeoutError') return false;
    throw new DrError({
      code: 'LAB_SILENT',
      exit: 'lab',
      title: `The lab (process ${pid}) does not answer within ${LIVE_MS / 1000} s.`,
      next: ['dr lab status', `kill -9 ${pid}    ends it, and everything it started`],
      cause: error,
    });
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function shellQuote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
