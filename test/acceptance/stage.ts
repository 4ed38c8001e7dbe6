import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalRecord } from '../../src/journal/events.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { type LabHandle, spawnLab } from '../../src/lab/spawn.ts';
import { stateFileIn } from '../../src/lab/state-file.ts';
import { dr, type Ran, ROOT } from '../commands/run-dr.ts';
import { AwsProxy } from './aws-proxy.ts';

export const SEOUL = 'ap-northeast-2';
export const TOKYO = 'ap-northeast-1';
export const APPROVED = ['--approved-by', 'shop-lead@example.com'] as const;

/** A running lab, a proxy before its AWS endpoint, and a folder for what `dr` writes. */
export interface Stage {
  lab: LabHandle;
  proxy: AwsProxy;
  folder: string;
  runbook: string;
  state: string;
  /** What a process needs to see this lab, through the proxy. */
  env: Record<string, string>;
  /** The built command against this lab. */
  dr(args: readonly string[], options?: { env?: Record<string, string>; nodeArgs?: readonly string[] }): Promise<Ran>;
  /** Kills Seoul and gives the time before it, for `--impact-at`. */
  breakSeoul(): Promise<string>;
  /** Records of the only run. */
  journal(): Promise<JournalRecord[]>;
  close(): Promise<void>;
}

export interface StageOptions {
  /** Changes to the text of the example runbook. */
  edit?: (text: string) => string;
  /** Of the lab's process, e.g. TMPDIR. */
  labEnv?: Record<string, string>;
}

/** The example, with a short hold: what holding is for is tested elsewhere. */
const BRISK = (text: string): string => text.replace('hold: 5s', 'hold: 300ms');

export async function stage(options: StageOptions = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'dr-stage-'));
  const state = join(folder, 'state');
  const runbook = join(folder, 'runbooks', 'shop.yaml');
  const example = BRISK(await readFile(join(ROOT, 'runbooks', 'shop.yaml'), 'utf8'));
  await mkdir(join(folder, 'runbooks'));
  await writeFile(runbook, options.edit?.(example) ?? example);
  const lab = await spawnLab({ runbook: { path: runbook }, ownedByParent: true, stateFile: stateFileIn(state), env: { ...process.env, ...options.labEnv } });
  const proxy = await AwsProxy.start(lab.info.awsUrl);
  const env = { ...lab.env, AWS_ENDPOINT_URL: proxy.url, DR_STATE: state, HOME: folder };
  return {
    lab,
    proxy,
    folder,
    runbook,
    state,
    env,
    dr: (args, { env: more = {}, nodeArgs = [] } = {}) => dr(args, { cwd: folder, env: { ...env, ...more }, nodeArgs }),
    breakSeoul: async () => {
      const at = new Date().toISOString();
      await lab.breakRegion(SEOUL);
      return at;
    },
    journal: async () => readJournal(state),
    close: async () => {
      await proxy.close();
      await lab.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * From its promotion on Tokyo's database is shown as under way, until the function returned is called: no run that asks
 * through this proxy gets past it before.
 */
export function holdPromotion(proxy: AwsProxy): () => void {
  return proxy.lay(({ region, operation }) => region === TOKYO && operation === 'DescribeDBInstances' && proxy.accepted('PromoteReadReplica').length > 0, {
    status: 200,
    body: (answer) => Buffer.from(answer.toString().replaceAll(/<DBInstanceStatus>(?:available|backing-up)</g, '<DBInstanceStatus>modifying<')),
  });
}

/** Runs that a state folder holds. */
export async function runsIn(state: string): Promise<string[]> {
  return readdir(join(state, 'runs')).catch(() => []);
}

async function readJournal(state: string): Promise<JournalRecord[]> {
  const [run, ...more] = await runsIn(state);
  if (run === undefined || more.length > 0) throw new Error(`one run is expected, not ${more.length + (run === undefined ? 0 : 1)}`);
  return new LocalStore(state, run).read();
}

/** The document that `--json` prints. */
export interface Envelope {
  ok: boolean;
  exit: string;
  exitCode: number;
  result: {
    run: string;
    standing: string;
    steps: { id: string; state: string; already?: boolean }[];
    summary: string[];
    report: { html: string; json: string };
  };
  error?: { code: string; message: string };
}

export function envelopeOf({ stdout, stderr, code }: Ran): Envelope {
  try {
    return JSON.parse(stdout) as Envelope;
  } catch {
    throw new Error(`exit ${String(code)}, stdout is no document: ${stdout}\n${stderr}`);
  }
}

/** What must be the same whichever way the run went: roles, sizes, records, who serves users. No times, no lag. */
export async function endState({ lab }: Stage): Promise<unknown> {
  const { world, databases, users } = await lab.status();
  const { loss } = await lab.ledger();
  return {
    databases: world.databases.map(({ region, id, status, role, acceptsWrites, securityGroups }) => ({ region, id, status, role, acceptsWrites, securityGroups })),
    servers: databases.map(({ region, state, door }) => ({ region, state, door })),
    groups: world.groups,
    // What checkers say of the lost region turns half a minute after its end, wherever the run is then.
    records: world.records.map(({ healthy: _, ...record }) => record),
    applications: world.applications,
    usersServedBy: users.outages.at(-1)?.firstGoodAt === undefined ? undefined : users.lastGood?.region,
    everyOrderLookedFor: loss?.notChecked === 0,
  };
}
