import * as Flags from '@oclif/core/flags';
import { DrError } from '../base/errors.ts';
import type { Acceptances } from '../model/step.ts';
import { lossFlag, pastTimeFlag, regionFlag } from './flag-values.ts';

/** Which runbook, made into which plan. Shared by `plan` and every verb. */
export const targetFlags = {
  region: regionFlag({ description: 'Region to make active, e.g. ap-northeast-1' }),
  runbook: Flags.string({ description: 'Runbook, by name or path. Default: the one in the folder', helpValue: 'NAME|PATH' }),
  runbooks: Flags.string({ description: 'Folder of the runbooks', helpValue: 'DIR', default: './runbooks' }),
};

/** Which of the folder's runbooks, where there are many. */
export const fleetFlags = {
  only: Flags.string({ description: 'Of the folder, these runbooks and no other, with commas', helpValue: 'NAME,...', exclusive: ['runbook', 'plan', 'except'] }),
  except: Flags.string({ description: 'Of the folder, all but these, with commas', helpValue: 'NAME,...', exclusive: ['runbook', 'plan'] }),
};

/** A list with commas; an empty one stays empty, and is refused by the code that chooses. */
export function names(text: string | undefined): string[] | undefined {
  return text?.split(',').map((name) => name.trim()).filter((name) => name !== '');
}

/** The region to leave, where the resources do not tell which one it is. */
export const fromFlag = {
  from: regionFlag({ description: 'Region to leave, where it cannot be inferred' }),
};

/** The one region that a reprotect rebuilds. */
export const standbyFlag = {
  standby: regionFlag({ description: 'Region to rebuild as the standby. Default: every region that does not follow' }),
};

export const startFlags = {
  plan: Flags.string({ description: 'Run a plan that `dr plan --out` saved', helpValue: 'FILE', exclusive: ['region', 'runbook', 'lab'] }),
  confirm: Flags.string({ description: 'Name of the runbook, instead of typing it', helpValue: 'NAME' }),
};

export const peopleFlags = {
  reason: Flags.string({ description: 'Why, for the record', helpValue: 'TEXT' }),
  'approved-by': Flags.string({
    description: 'Somebody who approved; can be given more than once',
    helpValue: 'NAME',
    multiple: true,
    multipleNonGreedy: true,
  }),
  done: Flags.string({
    description: 'Custom step of the runbook that is done, as you say: a manual one, or one that cannot be known to have run',
    helpValue: 'STEP',
    multiple: true,
    multipleNonGreedy: true,
  }),
  again: Flags.string({
    description: 'Custom step of the runbook that may be run once more although it may have run',
    helpValue: 'STEP',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'run-custom-steps': Flags.boolean({ description: 'In the lab: run the custom steps of the runbook for real. Without it they are simulated' }),
};

/** For the verbs that move an application. */
export const flapFlag = {
  'acknowledge-flap': Flags.string({
    description: 'State, in your name, that it may move again although it moved within the flap guard of its runbook. Needs --reason',
    helpValue: 'NAME',
  }),
};

/** What a person can say about a run; it is journaled with their reason. */
export const acceptanceFlags = {
  'accept-data-loss': lossFlag({ description: 'Accept losing up to that much, e.g. 90s, or `unknown`: any loss. Needs --reason' }),
  'attest-source-down': Flags.string({
    description: 'State, in your name, that the source region is down now; a resume asks again. Needs --reason',
    helpValue: 'NAME',
  }),
  ...flapFlag,
  ...peopleFlags,
};

export const outputFlags = {
  output: Flags.string({
    description: 'jsonl: stream the journal on stdout, one record a line',
    options: ['text', 'jsonl'],
    default: 'text',
  }),
};

export interface AcceptanceInput {
  /** Milliseconds. */
  'accept-data-loss'?: number | 'unknown' | undefined;
  'attest-source-down'?: string | undefined;
  'acknowledge-flap'?: string | undefined;
  reason?: string | undefined;
  'approved-by'?: string[] | undefined;
  done?: string[] | undefined;
  again?: string[] | undefined;
  'run-custom-steps'?: boolean | undefined;
  /** Milliseconds. */
  keep?: number | undefined;
}

/** What a person says in their name. */
const NAMED = ['attest-source-down', 'acknowledge-flap'] as const;

/** @throws DrError `usage` for an acceptance without a reason. */
export function acceptances(flags: AcceptanceInput): Acceptances {
  const loss = flags['accept-data-loss'];
  const reason = flags.reason?.trim();
  const unreasoned = (['accept-data-loss', ...NAMED] as const).find((name) => flags[name] !== undefined);
  if (unreasoned !== undefined && (reason === undefined || reason === '')) {
    throw usage('REASON_NEEDED', `--${unreasoned} needs --reason "why": it is kept with the run.`);
  }
  for (const name of NAMED) if (flags[name]?.trim() === '') throw usage('NAME_NEEDED', `--${name} needs the name of the person who says so.`);
  const attested = flags['attest-source-down'];
  const flap = flags['acknowledge-flap'];
  return {
    ...(loss === undefined ? {} : { dataLossSeconds: loss === 'unknown' ? loss : loss / 1000 }),
    ...(attested === undefined ? {} : { sourceDown: attested.trim() }),
    ...(flap === undefined ? {} : { flap: flap.trim() }),
    ...(reason === undefined || reason === '' ? {} : { reason }),
    approvedBy: flags['approved-by'] ?? [],
    ...(flags.done === undefined ? {} : { done: flags.done }),
    ...(flags.again === undefined ? {} : { again: flags.again }),
    ...(flags.keep === undefined ? {} : { keepTwinsMs: flags.keep }),
    ...(flags['run-custom-steps'] === true ? { customSteps: true as const } : {}),
  };
}

/** `--impact-at`, of whatever begins a run or continues one. */
export const impactFlag = {
  'impact-at': pastTimeFlag({ description: 'When users began to suffer, e.g. 2026-11-20T03:04:05Z: the RTO clock starts there, and loss counts up to it. Default: the first failed probe' }),
};

/** As requests of a run take it. */
export function impactTime(at: number | undefined): { impactAt?: number } {
  return at === undefined ? {} : { impactAt: at };
}

function usage(code: string, title: string): DrError {
  return new DrError({ code, exit: 'usage', title, next: ['dr failover --help'] });
}
