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
import { asAgreed, type Command, commandOf, type Cost, costOf } from './advice.ts';
import { apisOf, type Row, rowsOf } from './evidence.ts';
import { judge, type Judgement, usersOf } from './judge.ts';
import { lookAt, whyNoPlan } from './look.ts';

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
