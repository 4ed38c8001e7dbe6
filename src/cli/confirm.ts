import { createInterface } from 'node:readline/promises';
import { formatDuration } from '../base/duration.ts';
import { DrError } from '../base/errors.ts';
import type { Acceptances } from '../kinds/step.ts';
import type { Plan } from '../plan/plan.ts';
import { regionName } from './names.ts';
import { columns } from './text.ts';

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

/**
 * Nothing is guessed: the person types the runbook's name, or gave it with `--confirm`.
 * @throws DrError `declined` in every other case.
 */
export async function confirm(request: ConfirmRequest, io: ConfirmIo): Promise<'typed' | 'flag'> {
  const { plan, given } = request;
  const name = plan.runbook.name;
  if (given !== undefined) {
    if (given === name) return 'flag';
    throw declined('CONFIRMATION_MISMATCH', `--confirm says "${given}", but the runbook is "${name}". Nothing was done.`, request);
  }
  if (!io.tty) {
    throw declined('CONFIRMATION_NEEDED', `A ${plan.verb} needs a confirmation, and there is no terminal to ask. Nothing was done.`, request);
  }
  io.write(`${confirmationText(request)}\n`);
  const typed = await io.ask(`Type the name of the runbook (${name}) to go on: `);
  if (typed.trim() === name) return 'typed';
  throw declined('NOT_CONFIRMED', `"${typed.trim()}" is not "${name}". Nothing was done.`, request);
}

function declined(code: string, title: string, { plan }: ConfirmRequest): DrError {
  const next = [`dr ${plan.verb} --region ${plan.target} --runbook ${plan.runbook.name} --confirm ${plan.runbook.name}`];
  return new DrError({ code, exit: 'declined', title, next });
}

/** What is about to happen, and what of it cannot be taken back. */
export function confirmationText({ plan, expected, acceptances }: ConfirmRequest): string {
  const final = plan.steps.filter((step) => step.reversibility === 'point-of-no-return');
  return [
    ...columns([
      ['verb', plan.verb],
      ['runbook', `${plan.runbook.name} (${plan.runbook.path})`],
      ['account', plan.account],
      ['from', regionName(plan.source)],
      ['to', regionName(plan.target)],
      ['expected', `about ${seconds(expected.p50)}, ${seconds(expected.p95)} in a slow case, on AWS`],
      ['data loss', lossBound(plan, acceptances)],
    ]),
    ...(final.length === 0
      ? ['No step of it is beyond a point of no return.']
      : ['Cannot be taken back:', ...final.map((step) => `  ${step.title} [${step.id}]`)]),
  ].join('\n');
}

function lossBound(plan: Plan, acceptances: Acceptances): string {
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
    write: (text) => void process.stderr.write(text),
    ask: async (question) => {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      // Ctrl-C and Ctrl-D at the question mean no.
      const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      try {
        return await Promise.race([lines.question(question), closed]);
      } finally {
        lines.close();
      }
    },
  };
}
