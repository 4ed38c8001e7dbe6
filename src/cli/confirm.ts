import { createInterface } from 'node:readline/promises';
import { formatDuration, parseDuration } from '../base/duration.ts';
import { DrError, messageOf } from '../base/errors.ts';
import type { LivePlan } from '../app/live-drill.ts';
import type { Preview } from '../engine/preview.ts';
import type { RunState } from '../journal/state.ts';
import type { Acceptances, PlanStep } from '../model/step.ts';
import type { Plan } from '../model/plan.ts';
import { LIVE_PARTS } from '../report/format.ts';
import { regionName } from './names.ts';
import { previewLines, wouldBeRefused } from './refusal-view.ts';
import { parsePastTime } from './flag-values.ts';
import { columns, painterFor, safe } from './text.ts';
import { isPlannedMove, traitsOf } from '../model/verb.ts';

export interface ConfirmIo {
  /** Is there a person at a terminal? */
  tty: boolean;
  write(text: string): void;
  ask(question: string): Promise<string>;
}

export interface ConfirmRequest {
  plan: Plan;
  /** Seconds along the critical path. */
  expected: { p50: number; p95: number };
  acceptances: Acceptances;
  /** `--confirm NAME`. */
  given: string | undefined;
  /** What would refuse the run now; asked only where a person is about to decide. */
  look?: () => Promise<Preview>;
}

/** The person types the runbook's name, or gave it with `--confirm`. */
interface Question {
  name: string;
  /** What needs the confirmation, e.g. `A failover`. */
  what: string;
  given: string | undefined;
  /** Shown before the question. */
  text: () => string | Promise<string>;
  /** The command with the flag that answers the question. */
  command: string;
  /** What is typed, where it is not the name of the runbook. */
  words?: string;
}

/** Nothing is guessed. @throws DrError `declined` in every case but one. */
async function askName({ name: runbook, what, given, text, command, words }: Question, io: ConfirmIo): Promise<'typed' | 'flag'> {
  const name = words ?? runbook;
  const declined = (code: string, title: string) => new DrError({ code, exit: 'declined', title: `${title} Nothing was done.`, next: [command] });
  if (given !== undefined) {
    if (given === name) return 'flag';
    throw declined('CONFIRMATION_MISMATCH', `--confirm says "${given}", but ${words === undefined ? 'the runbook' : 'what needs to be said'} is "${name}".`);
  }
  if (!io.tty) throw declined('CONFIRMATION_NEEDED', `${what} needs a confirmation, and there is no terminal to ask.`);
  io.write(`${await text()}\n`);
  const typed = await io.ask(words === undefined ? `Type the name of the runbook (${name}) to continue: ` : `Type the words "${words}" to continue: `);
  if (typed.trim() === name) return 'typed';
  throw declined('NOT_CONFIRMED', `"${typed.trim()}" is not "${name}".`);
}

/** Asks before a run of any verb begins. @throws DrError `declined`. */
export async function confirm(request: ConfirmRequest, io: ConfirmIo): Promise<'typed' | 'flag'> {
  const { plan, given } = request;
  const { name } = plan.runbook;
  const where = traitsOf(plan.verb).rebuilds ? `--standby ${plan.source}` : `--region ${plan.target}`;
  const command = `dr ${plan.verb} ${where} --runbook ${name} --confirm ${name}`;
  return askName({ name, what: `A ${plan.verb}`, given, text: () => whatIsAsked(request, io), command }, io);
}

interface LiveQuestion extends Omit<ConfirmRequest, 'expected'> {
  live: LivePlan;
  /** Milliseconds. */
  backWithinMs: number;
}

/** Asks before users are moved there and back. The name of the runbook alone confirms nothing here. @throws DrError `declined`. */
export async function confirmLive({ live, backWithinMs, plan, given, acceptances, look }: LiveQuestion, io: ConfirmIo): Promise<'typed' | 'flag'> {
  const { name } = plan.runbook;
  const words = `live ${name}`;
  const command = `dr drill --live --region ${plan.target} --back-within ${Math.ceil(backWithinMs / 60_000)}m --runbook ${name} --confirm "${words}"`;
  const text = async () => [await whatIsAsked({ plan, given, acceptances, expected: live.steps[0]?.expected ?? { p50: 0, p95: 0 }, ...(look === undefined ? {} : { look }) }, io), liveText(live, backWithinMs)].join('\n\n');
  return askName({ name, words, what: 'A live drill', given, text, command }, io);
}

/** Both ways, and the window. */
export function liveText({ home, away, steps, backP95 }: LivePlan, backWithinMs: number): string {
  return [
    `LIVE DRILL: users are really moved from ${regionName(home)} to ${regionName(away)}, and home again. Writes stop for a moment in each move.`,
    ...columns(steps.map(({ part, verb, expected }, i) => [`${i + 1}. ${LIVE_PARTS[part]}`, verb, `about ${seconds(expected.p50)}, ${seconds(expected.p95)} in a slow case`])),
    `Back within ${formatDuration(backWithinMs)} of now; in a slow case it takes ${seconds(backP95)}. After that no way home is begun by itself.`,
  ].join('\n');
}

/** What would refuse it stands above the rest: it is read before anything is typed. */
async function whatIsAsked(request: ConfirmRequest, io: ConfirmIo): Promise<string> {
  const { look, plan } = request;
  if (look === undefined) return confirmationText(request);
  io.write('Checking what would refuse it now. Nothing is changed.\n');
  const seen = await look().catch((error: unknown) => messageOf(error));
  const refusals = typeof seen === 'string' ? [`What would refuse it now could not be checked: ${seen}`] : [...previewLines(seen, process.stderr.columns, painterFor(process.stderr)), `This ${plan.verb}: ${wouldBeRefused(seen)}.`];
  return [...refusals, confirmationText(request)].join('\n\n');
}

/** Unknown, after answers that are no time. */
const IMPACT_ASKED = 3;

/** Asks when users began to suffer. Undefined: not known, or there is nobody to ask. `now`: milliseconds since the epoch. */
export async function askImpact(io: ConfirmIo, now: () => number): Promise<number | undefined> {
  if (!io.tty) return undefined;
  io.write('When did users begin to suffer? The RTO counts from there.\n');
  for (let i = 0; i < IMPACT_ASKED; i++) {
    const answer = (await io.ask('A time (2026-11-20T03:04:05Z), or how long ago (7m) [unknown]: ')).trim();
    if (answer === '' || answer === 'unknown') return undefined;
    const ago = parseDuration(answer);
    const at = ago === undefined ? parsePastTime(answer, now()) : now() - ago;
    if (at !== undefined) return at;
    io.write(`"${answer}" is neither a past time with its zone nor a duration.\n`);
  }
  return undefined;
}

interface AbortQuestion {
  state: RunState;
  /** Steps that have acted, newest first. */
  acted: readonly PlanStep[];
  given: string | undefined;
}

/** Asks before a run is rolled back. @throws DrError `declined`. */
export async function confirmAbort({ state, acted, given }: AbortQuestion, io: ConfirmIo): Promise<void> {
  const { name } = state.plan.runbook;
  const text = () =>
    [
      `Rolls back ${state.plan.verb} ${state.run}: ${name} stays in ${regionName(traitsOf(state.plan.verb).rebuilds ? state.plan.target : state.plan.source)}.`,
      ...(acted.length === 0 ? ['No step of it has changed anything.'] : ['These steps are undone where possible, in this order:', ...acted.map((step) => `  ${step.title} [${step.id}]`)]),
    ].join('\n');
  await askName({ name, what: 'An abort', given, text, command: `dr abort ${state.run} --confirm ${name}` }, io);
}

interface ApprovalQuestion {
  /** Of the runbook. */
  name: string;
  run: string;
  reject: boolean;
  given: string | undefined;
}

/** Asks before an approval is signed, which has been shown. @throws DrError `declined`. */
export async function confirmApproval({ name, run, reject, given }: ApprovalQuestion, io: ConfirmIo): Promise<void> {
  const command = `dr approve ${run}${reject ? ' --reject' : ''} --confirm ${name}`;
  await askName({ name, what: reject ? 'A rejection' : 'An approval', given, text: () => '', command }, io);
}

/** Asks before a run is signed off, whose text has been shown. @throws DrError `declined`. */
export async function confirmSignOff({ name, run, given }: Omit<ApprovalQuestion, 'reject'>, io: ConfirmIo): Promise<void> {
  await askName({ name, what: 'A sign-off', given, text: () => '', command: `dr sign ${run} --confirm ${name}` }, io);
}

/** What is about to happen, and what of it is irreversible. */
export function confirmationText({ plan, expected, acceptances }: ConfirmRequest): string {
  const final = plan.steps.filter((step) => step.reversibility === 'point-of-no-return');
  return [
    ...columns([
      ['verb', plan.verb],
      ['runbook', `${plan.runbook.name} (${plan.runbook.path})`],
      ['account', plan.account],
      ...(traitsOf(plan.verb).drills
        ? [['stays active', regionName(plan.source)], ['practised on twins in', regionName(plan.target)]]
        : traitsOf(plan.verb).rebuilds
        ? [['stays active', regionName(plan.target)], ['standby to rebuild', regionName(plan.source)]]
        : [['from', regionName(plan.source)], ['to', regionName(plan.target)]]),
      ['expected', `about ${seconds(expected.p50)}, ${seconds(expected.p95)} in a slow case, on AWS`],
      ['data loss', lossBound(plan, acceptances)],
    ]),
    ...(final.length === 0
      ? ['All steps are reversible.']
      : ['Irreversible:', ...final.map((step) => `  ${step.title} [${step.id}]`)]),
  ].join('\n');
}

function lossBound(plan: Plan, acceptances: Acceptances): string {
  if (traitsOf(plan.verb).drills) return 'none: only twins are promoted, and they are deleted at the end';
  if (traitsOf(plan.verb).rebuilds) return 'none: nothing is promoted, and the old instances are kept';
  if (isPlannedMove(plan.verb)) return 'none: writes are stopped, and the promotion waits until every one of them has arrived';
  const accepted = acceptances.dataLossSeconds;
  if (accepted === 'unknown') return 'any, even one that cannot be bounded: accepted with --accept-data-loss unknown';
  if (accepted !== undefined) return `up to ${seconds(accepted)} of writes, accepted with --accept-data-loss`;
  return `up to ${formatDuration(plan.objectives.rpoMs)} of writes (the RPO); a loss that is larger, or cannot be measured, is refused`;
}

function seconds(value: number): string {
  return formatDuration(value * 1000);
}

/** The terminal: questions on stderr, answers from stdin. */
export function terminalIo(): ConfirmIo {
  return {
    tty: process.stdin.isTTY && process.stderr.isTTY,
    write: (text) => void process.stderr.write(safe(text)),
    ask: async (question) => {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      // Ctrl-C and Ctrl-D at the question mean no, and so does a terminal that has gone.
      lines.once('error', () => lines.close());
      const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      try {
        return await Promise.race([lines.question(question), closed]);
      } finally {
        lines.close();
      }
    },
  };
}
