import { lookingCaller } from '../../aws/looking.ts';
import { iso } from '../../base/clock.ts';
import { DrError } from '../../base/errors.ts';
import type { ExitName } from '../../base/exit-codes.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Effects } from '../../effects/effects.ts';
import type { Signal } from '../../model/signals.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { type Way, waysOf } from '../check/ways.ts';
import { liveEffects } from '../live-effects.ts';
import { chooseRunbook } from '../make-plan.ts';
import type { StatePlace } from '../state.ts';
import { apisOf, type Row, rowsOf } from './evidence.ts';
import { judge, type Judgement, usersOf } from './judge.ts';
import { lookAt, type Looked, whyNoPlan } from './look.ts';
import type { Obstacle } from '../../engine/preview.ts';
import type { Plan } from '../../model/plan.ts';
import { secondsShown } from '../../plan/feasibility.ts';

export interface AssessRequest {
  /** Name or path; default: the only one of the folder. */
  runbook?: string;
  runbooks: string;
  /** The region that would become active; default: each that is not active now. */
  region?: string | undefined;
  /** When users began to suffer, ms since the epoch. */
  impactAt?: number | undefined;
  state: StatePlace;
  effects?: Effects;
  signal?: AbortSignal;
}

/** One direction: what is broken, and whether moving there helps. */
export interface AssessedWay extends Judgement {
  source: string;
  target: string;
  /** What users get, of all who see it. */
  users: Signal['says'];
  rows: readonly Row[];
  cost: Cost;
  /** Absent where no failover can be planned now. */
  failover?: Command;
  noPlan?: string;
}

export interface Assessment {
  runbook: string;
  /** Its file, as given. */
  file: string;
  /** ISO 8601. */
  at: string;
  ways: readonly AssessedWay[];
  /** Requests to AWS, and the most that there may be. */
  calls: { made: number; limit: number };
}

/** What is broken, and would moving help? Reads only. A region that gives no answer is an answer. @throws DrError */
export async function assess(request: AssessRequest): Promise<Assessment> {
  return assessLoaded(await chooseRunbook(request), request);
}

export async function assessLoaded(loaded: LoadedRunbook, request: AssessRequest): Promise<Assessment> {
  const signal = request.signal ?? new AbortController().signal;
  const live = request.effects ?? liveEffects();
  const { aws, asked } = lookingCaller(live.aws, { calls: LIMITS.checkCalls, signal, hurried: true });
  const effects: Effects = { ...live, aws };
  const ways = directions(loaded, await waysOf({ effects, loaded, region: request.region }), request.region);
  const looker = { effects, loaded, state: request.state, impactAt: request.impactAt, signal };
  const looked = await Promise.all(ways.map(async (way) => ({ way, seen: await lookAt(looker, way) })));
  const apis = apisOf(asked);
  return {
    runbook: loaded.runbook.name,
    file: loaded.path,
    at: iso(live.clock.now()),
    ways: looked.map(({ way, seen }) => {
      const { source, target } = way;
      const evidence = { ...seen, apis };
      const command = commandOf(loaded, way, seen);
      const noPlan = whyNoPlan(way);
      const cost = costOf(loaded, seen, live.clock.now());
      return {
        source,
        target,
        users: usersOf(evidence.signals.map(({ signal }) => signal), evidence.alarms),
        ...asAgreed(judge(evidence, command !== undefined), cost, live.clock.now()),
        rows: rowsOf(evidence),
        cost,
        ...(command === undefined ? {} : { failover: command }),
        ...(noPlan === undefined ? {} : { noPlan }),
      };
    }),
    calls: { made: asked.length, limit: LIMITS.checkCalls },
  };
}

/** Where nothing tells which region is active, home is left. @throws DrError where the region is active already */
function directions({ runbook }: LoadedRunbook, ways: readonly Way[], region: string | undefined): readonly Way[] {
  if (ways.length === 0) {
    throw new DrError({
      code: 'ALREADY_ACTIVE',
      exit: 'usage',
      title: `${runbook.name} is active in ${region ?? 'every region'} already.`,
      next: ['--region is the region that would become active; without it, each that is not active is looked at'],
    });
  }
  const dark = ways.every(({ made }) => made instanceof DrError);
  const fromHome = ways.filter(({ target }) => target !== runbook.home);
  return dark && region === undefined && fromHome.length > 0 ? fromHome : ways;
}

/** The one rule of the exit code: something that says `move`, else something unknown, else nothing to do. */
export function exitOf({ ways }: Pick<Assessment, 'ways'>): ExitName {
  if (ways.some(({ recommendation }) => recommendation === 'move')) return 'changes';
  return ways.some(({ recommendation }) => recommendation === 'unknown') ? 'unclear' : 'ok';
}

/* What waiting costs, what going loses, and the one command. Pure. */

interface Cost {
  /** Seconds of the objective. */
  rto: number;
  /** Seconds since users began to suffer; absent where nobody has said when that was. */
  used?: number;
  /** Seconds until users are served, begun now: typical, and an upper bound. Absent where no failover can be planned. */
  failover?: { p50: number; p95: number };
  /** ISO 8601: begun later, even the typical failover misses the RTO. */
  latestStart?: string;
  /** What the runbook has agreed on: seconds after the impact, and when that is (ISO 8601), where the impact is known. */
  decide?: { after: number; at?: string };
  /** Going: what would be lost, at most, by database; absent bound: unknown. Milliseconds. */
  losses: readonly { database: string; boundMs?: number; rpoMs: number; because: string }[];
}

function costOf({ runbook }: LoadedRunbook, { losses, feasibility, impactAt }: Looked, now: number): Cost {
  const { rtoMs, rpoMs } = runbook.objectives;
  const { decideAfterMs } = runbook;
  const decide = decideAfterMs === undefined ? undefined : { after: decideAfterMs / 1000, ...(impactAt === undefined ? {} : { at: iso(impactAt + decideAfterMs) }) };
  const failover = feasibility === undefined ? undefined : { p50: feasibility.p50, p95: feasibility.p95 };
  return {
    rto: rtoMs / 1000,
    ...(impactAt === undefined ? {} : { used: Math.round((now - impactAt) / 1000) }),
    ...(failover === undefined ? {} : { failover }),
    ...(failover === undefined || impactAt === undefined ? {} : { latestStart: iso(impactAt + rtoMs - failover.p50 * 1000) }),
    ...(decide === undefined ? {} : { decide }),
    losses: losses.map(({ database, boundMs, because }) => ({ database, ...(boundMs === undefined ? {} : { boundMs }), rpoMs, because })),
  };
}

/** Before the time that the runbook has agreed on, nobody moves: what ends by itself loses nothing. Where the impact is not known, that time is not. */
function asAgreed(judgement: Judgement, { decide }: Cost, now: number): Judgement {
  if (judgement.recommendation !== 'move' || decide?.at === undefined || now >= Date.parse(decide.at)) return judgement;
  const reasons = [...judgement.reasons, `not yet: the runbook has agreed to leave a region ${secondsShown(decide.after)} after the impact (decide.after)`];
  return { ...judgement, recommendation: 'do-not-move', reasons, look: [`moving would help: run it again at ${decide.at}, and move where it still says so`] };
}

/** The command of a failover, with the flags that its gates ask for now, and what no flag overrides. */
export interface Command {
  command: string;
  /** What would refuse it all the same, and how that is mended; absent where it is not known what would. */
  refusedBy?: readonly { rule: string; observed: string; mend: string }[];
  approvals: readonly string[];
}

const REASON = ' --reason ';

function commandOf(loaded: LoadedRunbook, { made, target }: Way, { refusals, impactAt }: Looked): Command | undefined {
  if (made instanceof DrError) return undefined;
  const overridable = (refusals ?? []).flatMap(({ refusal }) => (refusal?.override.startsWith('--') === true ? [refusal.override] : []));
  const reason = overridable.some((override) => override.includes(REASON)) ? ['--reason "…"'] : [];
  const impact = impactAt === undefined ? [] : [`--impact-at ${iso(impactAt)}`];
  const approvals = approversOf(made.plan);
  const flags = new Set([...approvals.names.map((name) => `--approved-by ${name}`), ...overridable.map((override) => override.split(REASON)[0] ?? override)]);
  const command = ['dr failover', `--region ${target}`, `--runbook ${loaded.runbook.name}`, ...impact, ...flags, ...reason].join(' ');
  const left = refusals?.flatMap((obstacle) => (obstacle.refusal?.override.startsWith('--') === true ? [] : [mendOf(obstacle)]));
  return { command, ...(left === undefined ? {} : { refusedBy: left }), approvals: approvals.words };
}

function approversOf(plan: Plan): { names: string[]; words: string[] } {
  const gates = plan.steps.flatMap(({ approval }) => (approval === undefined ? [] : [approval]));
  const unsigned = gates.filter(({ from }) => from.every(({ keys }) => keys.length === 0));
  const names = [...new Set(unsigned.flatMap(({ from, quorum }) => from.slice(0, quorum).map(({ name }) => name)))];
  return { names, words: gates.map(({ from, quorum }) => `${quorum} of ${from.map(({ name }) => name).join(', ')}`) };
}

function mendOf({ title, refusal, error, held }: Obstacle): { rule: string; observed: string; mend: string } {
  if (refusal !== undefined) return { rule: refusal.rule, observed: refusal.observed, mend: refusal.override };
  if (held !== undefined) return { rule: 'held', observed: [title, held[0] ?? ''].join(' ').trim(), mend: held.slice(1).join('; ') };
  return { rule: 'not-seen', observed: `${title}: ${error ?? 'no answer'}`, mend: 'see what it says, and look again' };
}
