import { DrError, messageOf } from '../../base/errors.ts';
import { chooseRunbook } from '../make-plan.ts';
import { type Account, ACCOUNT_SCHEMA } from '../../rehearsal/account.ts';
import { DURATION_NAMES, type DurationName, DURATIONS } from '../../rehearsal/durations.ts';
import { formatDuration, parseDuration } from '../../base/duration.ts';
import type { JournalRecord } from '../../journal/events.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { rehearseOnThreads } from '../rehearse-threads.ts';
import { type Figures, type Rehearsal, rehearseOnce, rehearsable } from './one.ts';
import { type Proof, prove } from './prove.ts';
import { summarize, type Summary } from './statistics.ts';
import { readFile, writeFile } from 'node:fs/promises';
import { AwsError } from '../../aws/errors.ts';
import { lookingCaller } from '../../aws/looking.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Effects } from '../../effects/effects.ts';
import { impliedBy, missingIn } from '../../rehearsal/implied.ts';
import { readAccount } from '../../rehearsal/read-account.ts';
import { liveEffects } from '../live-effects.ts';
import { awsFailure } from '../observe.ts';

export interface RehearseRequest {
  runbook?: string;
  runbooks: string;
  region: string;
  from?: string | undefined;
  runs: number;
  /** The first seed; each rehearsal has the next one. */
  seed: number;
  threads: number;
  /** `name=DURATION` or `name=P50/P95`. */
  durations: readonly string[];
  faults: boolean;
  assertions: readonly string[];
  /** How the application of the lost region fails its users: no answer until their time is up (default), or a refused connection. */
  lostApplications?: 'silent' | 'refuses' | undefined;
  /** Where the world of a rehearsal comes from. Default: the runbook alone. */
  world?: WorldSource | undefined;
  progress?: ((done: number) => void) | undefined;
}

export interface RehearseResult {
  /** Nothing real was touched, and nothing was measured on AWS. */
  simulated: true;
  runbook: { name: string; path: string; sha256: string; strategy: string };
  source: string;
  target: string;
  seeds: { from: number; to: number };
  summary: Summary;
  assertions: readonly Assertion[];
  /** Every assertion holds, and without one: both objectives are met in 95 of 100. */
  ok: boolean;
  durations: readonly { name: string; what: string; p50Ms: number; p95Ms: number; source: string }[];
  /** What the world was made from; of an account, in words: what was read, what was not, and what the simulator cannot say. */
  world: { from: 'runbook' } | ({ from: 'account' } & Pick<Account, 'account' | 'at' | 'seen' | 'assumed' | 'unlike'>);
  /** What the world of a rehearsal does not have. */
  assumptions: readonly string[];
  cost: { seconds: number; cpuMsPerRun: number; threads: number };
  /** RTO of every rehearsal in the order of seeds, milliseconds; null: not recovered. */
  rtoMs: readonly (number | null)[];
}

/** A runbook rehearsed again and again in simulated time, offline. @throws DrError */
export async function rehearse(request: RehearseRequest): Promise<RehearseResult> {
  const judges = request.assertions.map(parseAssertion);
  const rehearsal = await rehearsalFor(request);
  const { loaded } = rehearsal;
  const [began, used] = [performance.now(), process.cpuUsage()];
  const { figures, threads } = await rehearseOnThreads({ ...rehearsal, path: loaded.path }, { from: request.seed, runs: request.runs, threads: request.threads, progress: request.progress });
  const { user, system } = process.cpuUsage(used);
  const summary = summarize(figures, loaded.runbook.objectives);
  const assertions = judges.map((one) => ({ text: one.text, ...one.judge(summary) }));
  const { runbook, path, sha256 } = loaded;
  return {
    simulated: true,
    runbook: { name: runbook.name, path, sha256, strategy: runbook.strategy },
    source: rehearsal.source,
    target: rehearsal.target,
    seeds: { from: request.seed, to: request.seed + request.runs - 1 },
    summary,
    assertions,
    ok: assertions.length === 0 ? enough(summary) : assertions.every(({ holds }) => holds),
    durations: durationsOfResult(rehearsal),
    world: worldOf(rehearsal),
    assumptions: assumptionsOf(loaded, rehearsal),
    cost: { seconds: (performance.now() - began) / 1000, cpuMsPerRun: (user + system) / 1000 / request.runs, threads },
    rtoMs: figures.map(({ rtoMs }) => rtoMs ?? null),
  };
}

function durationsOfResult({ durations, account }: Rehearsal): RehearseResult['durations'] {
  return DURATION_NAMES.flatMap((name) => {
    const given = durations[name];
    // Each replica has the lag that was read of it.
    if (name === 'lagMs' && given === undefined && account !== undefined) return [];
    const { p50, p95 } = given ?? DURATIONS[name];
    return [{ name, what: DURATIONS[name].what, p50Ms: p50, p95Ms: p95, source: given === undefined ? DURATIONS[name].source : 'given' }];
  });
}

const ENOUGH = 0.95;

function enough({ rto, rpo }: Summary): boolean {
  return rto.met.share >= ENOUGH && (rpo.met?.share ?? 1) >= ENOUGH;
}

/** One seed, with everything that its journal says. */
export async function replay(request: RehearseRequest): Promise<{ figures: Figures; records: readonly JournalRecord[]; loaded: LoadedRunbook; rehearsal: Rehearsal }> {
  const rehearsal = await rehearsalFor(request);
  const { loaded } = rehearsal;
  const { figures, played } = await rehearseOnce(rehearsal, request.seed);
  return { figures, records: played?.records ?? [], loaded, rehearsal };
}

/** Troubles planted into the runbook's world, one after the other. */
export async function proveRunbook(request: RehearseRequest): Promise<{ name: string; way: string; proofs: Proof[] }> {
  const rehearsal = await rehearsalFor(request);
  const { loaded } = rehearsal;
  return { name: loaded.runbook.name, way: `${rehearsal.source} to ${rehearsal.target}`, proofs: await prove(rehearsal) };
}

/** What was typed is read before any runbook is. */
async function rehearsalFor(request: RehearseRequest): Promise<Rehearsal> {
  durationsOf(request.durations);
  const loaded = await chooseRunbook(request);
  const rehearsal = rehearsalOf(loaded, request);
  return request.world === undefined ? rehearsal : { ...rehearsal, account: await accountFor(loaded, request.world) };
}

function worldOf({ account: read }: Rehearsal): RehearseResult['world'] {
  if (read === undefined) return { from: 'runbook' };
  const { account, at, seen, assumed, unlike } = read;
  return { from: 'account', account, at, seen, assumed, unlike };
}

/** @throws DrError where the runbook has no such failover */
export function rehearsalOf(loaded: LoadedRunbook, { region, from, durations, faults, lostApplications }: Pick<RehearseRequest, 'region' | 'from' | 'durations' | 'faults' | 'lostApplications'>): Rehearsal {
  const { runbook, path } = loaded;
  const regions = runbook.regions.map(({ id }) => id);
  const usage = (code: string, title: string, next: string[]) => new DrError({ code, exit: 'usage', title, next });
  for (const named of [region, ...(from === undefined ? [] : [from])]) if (!regions.includes(named)) throw usage('REGION_UNKNOWN', `${runbook.name} has no region "${named}".`, [`${path} names ${regions.join(', ')}`]);
  const source = from ?? (region === runbook.home && runbook.strategy === 'active-active' ? regions.find((id) => id !== region) : runbook.home);
  if (source === undefined || source === region) throw usage('ALREADY_ACTIVE', `${runbook.name} runs in ${region} when nothing is wrong: rehearse the way out of it.`, [`dr rehearse --region ${regions.find((id) => id !== region) ?? ''} --runbook ${path}`]);
  const odd = runbook.probes.find(({ status }) => status !== 200);
  if (odd !== undefined) throw usage('PROBE_NOT_SIMULATED', `The probe ${odd.name} expects status ${odd.status}, and the application of a rehearsal answers 200.`, ['rehearse a copy of the runbook whose probe expects 200']);
  const given = durationsOf(durations);
  return { loaded: rehearsable(loaded, given), source, target: region, durations: given, faults, lostApplications };
}

function wrongDuration(text: string, name: string | undefined): DrError {
  const expected = 'a duration is expected, or two with a slash (half of the time, 19 of 20).';
  if (name === 'decide') return new DrError({ code: 'BAD_VALUE', exit: 'usage', title: `--decide ${text.slice('decide='.length)}: ${expected}`, next: ['for example: --decide 5m', 'for example: --decide 5m/15m'] });
  const names = DURATION_NAMES.map((one) => one.replace(/Ms$/, '')).join(', ');
  return new DrError({ code: 'BAD_VALUE', exit: 'usage', title: `--duration ${text}: a name, = and ${expected}`, detail: `Names: ${names}.`, next: ['for example: --duration promotion=8m', 'for example: --duration promotion=4m/12m'] });
}

function durationsOf(given: readonly string[]): Rehearsal['durations'] {
  return Object.fromEntries(
    given.map((text): [DurationName, { p50: number; p95: number }] => {
      const [, name, low, high] = /^(\w+)=([^/]+)(?:\/(.+))?$/.exec(text) ?? [];
      const known = DURATION_NAMES.find((one) => one === name || one === `${name ?? ''}Ms`);
      const [p50, p95] = [parseDuration(low ?? ''), parseDuration(high ?? low ?? '')];
      if (known === undefined || p50 === undefined || p95 === undefined || p95 < p50) {
        throw wrongDuration(text, name);
      }
      return [known, { p50, p95 }];
    }),
  );
}

/** In sentences, for people and for the page. */
function assumptionsOf({ runbook }: LoadedRunbook, { source, faults, account, lostApplications }: Rehearsal): string[] {
  return [
    account === undefined ? 'the world is made from the runbook alone: what it names is there, healthy, and as it says' : `what was read is so until ${source} is lost; the rest is as the runbook says`,
    `${source} is lost at once, with everything in it, and stays lost: ${lostApplications === 'refuses' ? 'its addresses refuse connections, and AWS gives no answer there' : 'nothing in it gives an answer'}`,
    ...(runbook.approvals.length > 0 ? ['everybody who has to agree agrees within the time to decide'] : []),
    ...(runbook.steps.length > 0 ? ['custom steps that reach something outside of AWS are passed over'] : []),
    ...(faults ? ['in three of ten rehearsals a service of AWS throttles, is slow, or loses answers'] : ['AWS answers as it should']),
    'a person reads a refusal or a failure, and resumes after a minute, up to four times',
    ...(runbook.probes.length === 0 ? ['the runbook names no probe: nobody knows what users see, so that RTO is not measured'] : []),
  ];
}

/** What `--assert` says, e.g. `rto.p95 < 15m` or `recovered >= 99%`. */
interface Assertion {
  text: string;
  holds: boolean;
  because: string;
}

const TIMES = ['rto', 'rpo', 'trueLoss'] as const;
const PERCENTILES = ['p50', 'p95', 'p99', 'max'] as const;
const SHARES = { recovered: (s: Summary) => s.recovered.share, 'rto.met': (s: Summary) => s.rto.met.share, 'rpo.met': (s: Summary) => s.rpo.met?.share ?? 1 } as const;
const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = { '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b };

function wrong(text: string): DrError {
  return new DrError({
    code: 'ASSERTION_WRONG',
    exit: 'usage',
    title: `--assert "${text}" cannot be understood.`,
    detail: `A name, a comparison and a limit: ${TIMES.flatMap((time) => PERCENTILES.map((p) => `${time}.${p}`)).join(', ')} with a duration; ${Object.keys(SHARES).join(', ')} with a share in percent.`,
    next: ['--assert "rto.p95 < 15m"', '--assert "recovered >= 99%"'],
  });
}

interface Parsed {
  text: string;
  judge(summary: Summary): { holds: boolean; because: string };
}

/** @throws DrError `usage`, before anything is rehearsed */
function parseAssertion(text: string): Parsed {
  const [, name = '', operator = '', limit = ''] = /^\s*([\w.]+)\s*(<=|>=|<|>)\s*(\S+)\s*$/.exec(text) ?? [];
  const compare = COMPARE[operator];
  if (compare === undefined) throw wrong(text);
  if (Object.hasOwn(SHARES, name)) {
    const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(limit) ?? [];
    if (percent === undefined) throw wrong(text);
    return { text, judge: (summary) => {
      const share = SHARES[name as keyof typeof SHARES](summary);
      return { holds: compare(share, Number(percent) / 100), because: `${name} is ${(100 * share).toFixed(1)} %` };
    } };
  }
  const [time, which] = name.split('.');
  const ms = parseDuration(limit);
  const known = TIMES.find((one) => one === time);
  const percentile = PERCENTILES.find((one) => one === which);
  if (known === undefined || percentile === undefined || ms === undefined) throw wrong(text);
  return { text, judge: (summary) => {
    const value = summary[known][percentile];
    // What did not recover has taken longer than any limit.
    return { holds: compare(value ?? Number.POSITIVE_INFINITY, ms), because: value === null ? `${name} is unknown: too many rehearsals did not recover, or were not measured` : `${name} is ${formatDuration(value)}` };
  } };
}

/** An account that is read now, and kept in `save` if that is given; or the file that was kept. */
export type WorldSource = { save?: string | undefined; effects?: Effects } | { file: string };

/** @throws DrError where the account, or the file, cannot be read as a whole */
export async function accountFor(loaded: LoadedRunbook, source: WorldSource): Promise<Account> {
  if ('file' in source) return keptAccount(loaded, source.file);
  const { signal } = new AbortController();
  const live = source.effects ?? liveEffects();
  try {
    const account = await readAccount({ ...live, aws: lookingCaller(live.aws, { calls: LIMITS.checkCalls, signal }).aws }, loaded, signal);
    if (source.save !== undefined) await writeFile(source.save, `${JSON.stringify(account, undefined, 2)}\n`);
    return account;
  } catch (error) {
    throw error instanceof AwsError ? awsFailure(error, error.region) : error;
  }
}

async function keptAccount(loaded: LoadedRunbook, path: string): Promise<Account> {
  const bad = (detail: string) => new DrError({ code: 'ACCOUNT_FILE_INVALID', exit: 'usage', title: `${path} is not an account that this rehearsal can use.`, detail, next: ['dr rehearse --from-account --save-account FILE    reads it again'] });
  let kept: Partial<Account> | null;
  try {
    kept = JSON.parse(await readFile(path, 'utf8')) as Partial<Account> | null;
  } catch (error) {
    throw bad(messageOf(error));
  }
  if (kept?.schema !== ACCOUNT_SCHEMA) throw bad(`It is not of the schema ${ACCOUNT_SCHEMA}.`);
  if (kept.sha256 !== loaded.sha256) throw bad(`It was read for another version of ${loaded.path}.`);
  const missing = missingIn(kept, await impliedBy(loaded));
  if (missing.length > 0) throw bad(`It lacks ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? `, and ${missing.length - 5} more` : ''}.`);
  return kept as Account;
}
