import { createInterface } from 'node:readline/promises';
import { formatDuration } from '../base/duration.ts';
import { DrError } from '../base/errors.ts';
import type { RunState } from '../journal/state.ts';
import type { Acceptances, PlanStep } from '../model/step.ts';
import type { Plan } from '../model/plan.ts';
import { regionName } from './names.ts';
import { columns, safe } from './text.ts';
import { isPlannedMove, traitsOf } from '../model/verb.ts';

/** How a person is asked. */
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
}

/** The person types the runbook's name, or gave it with `--confirm`. */
interface Question {
  name: string;
  /** What needs the confirmation, e.g. `A failover`. */
  what: string;
  given: string | undefined;
  /** Shown before the question. */
  text: () => string;
  /** The command with the flag that answers the question. */
  command: string;
}

/**
 * Nothing is guessed.
 * @throws DrError `declined` in every case but one.
 */
async function askName({ name, what, given, text, command }: Question, io: ConfirmIo): Promise<'typed' | 'flag'> {
  const declined = (code: string, title: string) => new DrError({ code, exit: 'declined', title: `${title} Nothing was done.`, next: [command] });
  if (given !== undefined) {
    if (given === name) return 'flag';
    throw declined('CONFIRMATION_MISMATCH', `--confirm says "${given}", but the runbook is "${name}".`);
  }
  if (!io.tty) throw declined('CONFIRMATION_NEEDED', `${what} needs a confirmation, and there is no terminal to ask.`);
  io.write(`${text()}\n`);
  const typed = await io.ask(`Type the name of the runbook (${name}) to go on: `);
  if (typed.trim() === name) return 'typed';
  throw declined('NOT_CONFIRMED', `"${typed.trim()}" is not "${name}".`);
}

/** Asks before a run of any verb begins. @throws DrError `declined`. */
export async function confirm(request: ConfirmRequest, io: ConfirmIo): Promise<'typed' | 'flag'> {
  const { plan, given } = request;
  const { name } = plan.runbook;
  const where = !traitsOf(plan.verb).movesUsers ? `--standby ${plan.source}` : `--region ${plan.target}`;
  const command = `dr ${plan.verb} ${where} --runbook ${name} --confirm ${name}`;
  return askName({ name, what: `A ${plan.verb}`, given, text: () => confirmationText(request), command }, io);
}

export interface AbortQuestion {
  state: RunState;
  /** Steps that have acted, newest first. */
  acted: readonly PlanStep[];
  given: string | undefined;
}

/** Asks before a run is led back. @throws DrError `declined`. */
export async function confirmAbort({ state, acted, given }: AbortQuestion, io: ConfirmIo): Promise<void> {
  const { name } = state.plan.runbook;
  const text = () =>
    [
      `Leads ${state.plan.verb} ${state.run} back: ${name} stays in ${regionName(!traitsOf(state.plan.verb).movesUsers ? state.plan.target : state.plan.source)}.`,
      ...(acted.length === 0 ? ['No step of it has changed anything.'] : ['Is undone, where it can be, in this order:', ...acted.map((step) => `  ${step.title} [${step.id}]`)]),
    ].join('\n');
  await askName({ name, what: 'An abort', given, text, command: `dr abort ${state.run} --confirm ${name}` }, io);
}

export interface ApprovalQuestion {
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

/** What is about to happen, and what of it cannot be taken back. */
export function confirmationText({ plan, expected, acceptances }: ConfirmRequest): string {
  const final = plan.steps.filter((step) => step.reversibility === 'point-of-no-return');
  return [
    ...columns([
      ['verb', plan.verb],
      ['runbook', `${plan.runbook.name} (${plan.runbook.path})`],
      ['account', plan.account],
      ...(!traitsOf(plan.verb).movesUsers
        ? [['stays active', regionName(plan.target)], ['is rebuilt', regionName(plan.source)]]
        : [['from', regionName(plan.source)], ['to', regionName(plan.target)]]),
      ['expected', `about ${seconds(expected.p50)}, ${seconds(expected.p95)} in a slow case, on AWS`],
      ['data loss', lossBound(plan, acceptances)],
    ]),
    ...(final.length === 0
      ? ['No step of it is beyond a point of no return.']
      : ['Cannot be taken back:', ...final.map((step) => `  ${step.title} [${step.id}]`)]),
  ].join('\n');
}

function lossBound(plan: Plan, acceptances: Acceptances): string {
  if (!traitsOf(plan.verb).movesUsers) return 'none: nothing is promoted, and the old instances are kept';
  if (isPlannedMove(plan.verb)) return 'none: writes are stopped, and the promotion waits until every one of them has arrived';
  const accepted = acceptances.dataLossSeconds;
  if (accepted === 'unknown') return 'any, even one that cannot be bounded: accepted with --accept-data-loss unknown';
  if (accepted !== undefined) return `up to ${seconds(accepted)} of writes, accepted with --accept-data-loss`;
  return `up to ${formatDuration(plan.objectives.rpoMs)} of writes (RPO); the RPO gate refuses more, and refuses what it cannot measure`;
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
