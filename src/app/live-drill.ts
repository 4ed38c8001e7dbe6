import { iso } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import { DrError } from '../base/errors.ts';
import type { ExitName } from '../base/exit-codes.ts';
import type { Preview } from '../engine/preview.ts';
import type { LiveDrillRecord, LivePart } from '../journal/events.ts';
import { isOver } from '../journal/state.ts';
import type { Plan } from '../model/plan.ts';
import { traitsOf, type Verb } from '../model/verb.ts';
import { criticalPath } from '../plan/feasibility.ts';
import { LIVE_PARTS, regionName } from '../report/format.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import { liveEffects } from './live-effects.ts';
import { chooseRunbook } from './make-plan.ts';
import { offlinePlans } from './offline-plan.ts';
import { thisOperator } from './operator.ts';
import type { RunResult, RunWatchers } from './run-to-the-end.ts';
import { startRun, type StartRequest } from './start-run.ts';

/*
 * A live drill: users are moved to the other region and home again, by the same runs that a person would start one after the other. Each has its
 * journal, and says that it is a part of it. Nothing is begun unless both ways can be planned and the way home fits into the window.
 */

interface LiveStep {
  part: LivePart;
  verb: Verb;
  /** Active when it has ended. */
  region: string;
  /** Of a reprotect: what is rebuilt. Of a move: what is left. */
  other: string;
  /** Seconds, as the runbook alone gives them. */
  expected: { p50: number; p95: number };
}

export interface LivePlan {
  home: string;
  away: string;
  steps: readonly LiveStep[];
  /** Seconds until users are back, in a slow case. */
  backP95: number;
}

export interface LiveDrillRequest extends Omit<StartRequest, 'verb' | 'confirm' | 'planFile' | keyof RunWatchers> {
  /** Users must be back so long after the confirmation, milliseconds. */
  backWithinMs: number;
  /** Asks the person, who sees both ways. @throws DrError (declined) */
  confirm: (live: LivePlan, out: Plan, look: () => Promise<Preview>) => ReturnType<StartRequest['confirm']>;
  /** Each run is shown as one, and listens for signals. */
  each: <T>(run: (watch: RunWatchers) => Promise<T>) => Promise<T>;
  /** Between the runs, in one line. */
  onMessage: (text: string) => void;
}

/** The parts, as the strategy needs them. Where all regions serve, the one that was left comes back by a reprotect. */
function partsOf(loaded: LoadedRunbook, home: string, away: string): Omit<LiveStep, 'expected'>[] {
  const out = { part: 'out', verb: 'switchover', region: away, other: home } as const;
  if (loaded.runbook.strategy === 'active-active') return [out, { part: 'home', verb: 'reprotect', region: away, other: home }];
  return [out, { part: 'rebuild', verb: 'reprotect', region: away, other: home }, { part: 'home', verb: 'switchover', region: home, other: away }, { part: 'protect', verb: 'reprotect', region: home, other: away }];
}

/**
 * Both ways, before anything is begun. Only the way out can be planned from what is seen now; the rest is planned from the runbook alone.
 * @throws DrError: the way home cannot be planned, or does not fit into the window
 */
async function planLive(loaded: LoadedRunbook, out: Plan, backWithinMs: number): Promise<LivePlan> {
  const { source: home, target: away } = out;
  const steps: LiveStep[] = [];
  for (const part of partsOf(loaded, home, away)) {
    if (part.part === 'out') {
      steps.push({ ...part, expected: criticalPath(out) });
      continue;
    }
    const { plans, impossible } = await offlinePlans(loaded, part.verb, part.region, out.account);
    const mine = moves(part) ? plans.filter(({ source }) => source === part.other) : plans;
    const no = impossible.find(({ source }) => !moves(part) || source === part.other);
    if (no !== undefined || mine.length === 0) {
      throw new DrError({ code: 'LIVE_NO_WAY_HOME', exit: 'refused', title: `A live drill of ${out.runbook.name} would have no way home: ${commandOf(part, out.runbook.name)} cannot be planned${no === undefined ? '' : `: ${no.because}`}. Nothing was done.`, next: [`dr drill --region ${away} --runbook ${out.runbook.name}    practises on twins, and moves nobody`] });
    }
    const times = mine.map(criticalPath);
    steps.push({ ...part, expected: { p50: Math.max(...times.map(({ p50 }) => p50)), p95: Math.max(...times.map(({ p95 }) => p95)) } });
  }
  const backP95 = untilHome(steps).reduce((sum, { expected }) => sum + expected.p95, 0);
  if (backP95 * 1000 > backWithinMs) {
    throw new DrError({
      code: 'LIVE_WINDOW',
      exit: 'refused',
      title: `Users would not be back within ${formatDuration(backWithinMs)} in a slow case: there and back takes up to ${formatDuration(backP95 * 1000)}. Nothing was done.`,
      detail: untilHome(steps).map(({ part, expected }) => `${LIVE_PARTS[part]}: about ${formatDuration(expected.p50 * 1000)}, ${formatDuration(expected.p95 * 1000)} in a slow case`).join('\n'),
      next: [`--back-within ${Math.ceil(backP95 / 60)}m    or longer`],
    });
  }
  return { home, away, steps, backP95 };
}

function untilHome<T extends { part: LivePart }>(steps: readonly T[]): T[] {
  return steps.slice(0, steps.findIndex(({ part }) => part === 'home') + 1);
}

function moves({ verb }: Pick<LiveStep, 'verb'>): boolean {
  return traitsOf(verb).movesUsers;
}

/** The command that does the same, for a person who continues by hand. */
function commandOf(step: Omit<LiveStep, 'expected'>, runbook: string): string {
  const { verb, region, other, part } = step;
  const rebuilt = moves(step) ? '' : ` --standby ${other}`;
  return `dr ${verb} --region ${region}${rebuilt} --runbook ${runbook}${moves(step) && part === 'home' ? ' --acknowledge-flap NAME --reason "the way home of a live drill"' : ''}`;
}

/** Runs there and back. What has been done, and what is left to do, stands in the summary however it ends. @throws DrError: refused before anything was begun */
export async function liveDrill(request: LiveDrillRequest): Promise<RunResult> {
  const { backWithinMs, each, confirm, onMessage, ...start } = request;
  const effects = request.effects ?? liveEffects();
  const { clock } = effects;
  const loaded = await chooseRunbook(request);
  const drill = { id: `live-${effects.ids.hex(4)}`, home: '', away: '', backBy: 0 };
  const partOf = (part: LivePart): LiveDrillRecord => ({ ...drill, part });
  let agreed: { live: LivePlan; by: Awaited<ReturnType<StartRequest['confirm']>> } | undefined;
  const done: Done[] = [];
  const out = await each((watch) =>
    startRun({
      ...start,
      ...watch,
      runbook: loaded.path,
      verb: 'switchover',
      live: () => partOf('out'),
      confirm: async (plan, look) => {
        const live = await planLive(loaded, plan, backWithinMs);
        agreed = { live, by: await confirm(live, plan, look) };
        Object.assign(drill, { home: live.home, away: live.away, backBy: clock.now() + backWithinMs });
        return agreed.by;
      },
    }),
  );
  if (agreed === undefined) throw new Error('a live drill began without a confirmation');
  const { live, by } = agreed;
  const name = loaded.runbook.name;
  done.push({ step: live.steps[0] as LiveStep, result: out });
  for (const step of live.steps.slice(1)) {
    const last = done.at(-1)?.result ?? out;
    if (last.state.outcome !== 'succeeded') break;
    // Nobody is moved after the window: people have agreed to it.
    if (step.part !== 'protect' && clock.now() + homeMs(live) > drill.backBy) return ended({ live, name, done, backBy: drill.backBy }, 'failed', `The window ends at ${iso(drill.backBy)}, and the way home takes up to ${formatDuration(homeMs(live))}: it is not begun.`);
    onMessage(`Live drill: ${LIVE_PARTS[done.at(-1)?.step.part ?? 'out']} is done. Next: ${LIVE_PARTS[step.part]} (${step.verb}).`);
    try {
      const direction = moves(step) ? { region: step.region, from: step.other } : { region: step.region, standby: step.other, from: undefined };
      const { user } = thisOperator('');
      const acceptances = step.part === 'home' ? { ...start.acceptances, flap: user, reason: start.acceptances.reason ?? `the way home of the live drill ${drill.id}` } : start.acceptances;
      const result = await each((watch) => startRun({ ...start, ...watch, ...direction, acceptances, runbook: loaded.path, verb: step.verb, live: () => partOf(step.part), confirm: () => Promise.resolve(by) }));
      done.push({ step, result });
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      return ended({ live, name, done, backBy: drill.backBy }, error.exit, `${capital(LIVE_PARTS[step.part])} was not begun: ${error.message}`);
    }
  }
  const last = done.at(-1)?.result ?? out;
  const bad = done.map(({ result }) => result.exit).find((exit) => exit !== 'ok');
  return ended({ live, name, done, backBy: drill.backBy }, last.state.outcome === 'succeeded' ? (bad ?? 'ok') : last.exit);
}

/** From now until users are back, in a slow case, when only the way home is left. Milliseconds. */
function homeMs({ steps }: LivePlan): number {
  return (steps.find(({ part }) => part === 'home')?.expected.p95 ?? 0) * 1000;
}

interface Done {
  step: LiveStep;
  result: RunResult;
}

interface Story {
  live: LivePlan;
  name: string;
  done: readonly Done[];
  backBy: number;
}

/** How it stands, and what a person does to continue. */
function ended({ live, name, done, backBy }: Story, exit: ExitName, why?: string): RunResult {
  const newest = done.at(-1);
  if (newest === undefined) throw new Error('nothing was begun');
  const last = { ...newest.result, step: newest.step };
  const runs = done.map(({ step, result }, i) => `  ${i + 1} of ${live.steps.length}, ${LIVE_PARTS[step.part]}: ${result.state.outcome ?? 'interrupted'} (${result.state.run})`);
  const home = done.find(({ step }) => step.part === 'home')?.result.state;
  const back = home?.outcome === 'succeeded' ? home.lastAt : undefined;
  const late = back !== undefined && back > backBy;
  const rest = live.steps.slice(done.length).map((step) => commandOf(step, name));
  const isWhole = last.state.outcome === 'succeeded' && rest.length === 0;
  // A run that is over without success has changed nothing, or has taken it back.
  const open = last.state.outcome === 'succeeded' ? [] : [isOver(last.state) ? commandOf(last.step, name) : `dr resume ${last.state.run}`];
  const stayed = last.step.part === 'out' && last.state.outcome !== 'succeeded' && isOver(last.state);
  const next = stayed ? [] : [...open, ...rest];
  return {
    ...newest.result,
    exit: exit === 'ok' && late ? 'objectiveMissed' : exit,
    summary: [
      `LIVE DRILL of ${name}: ${isWhole ? 'users were moved there and back' : stayed ? 'users were not moved' : 'it is not over'}.`,
      ...(why === undefined ? [] : [why]),
      whereText(live, done),
      ...(back === undefined ? [] : [late ? `Users were back at ${iso(back)}, after the window, which ended at ${iso(backBy)}.` : `Users were back at ${iso(back)}, within the window.`]),
      ...runs,
      ...(next.length === 0 ? [] : ['To continue:', ...next.map((command) => `  ${command}`)]),
      ...last.summary,
    ],
  };
}

/** Where users are, as far as the runs tell. */
function whereText({ home, away }: LivePlan, done: readonly Done[]): string {
  const of = (part: LivePart) => done.find(({ step }) => step.part === part)?.result.state;
  const [out, back] = [of('out'), of('home')];
  const unsure = [out, back].find((state) => state !== undefined && state.outcome !== 'succeeded' && state.outcome !== 'aborted' && state.outcome !== 'refused');
  if (unsure !== undefined) return `Users are on the way between ${regionName(home)} and ${regionName(away)}: dr status ${unsure.run}    says how far.`;
  const at = back?.outcome === 'succeeded' || out?.outcome !== 'succeeded' ? home : away;
  return `Users are in ${regionName(at)}.`;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
