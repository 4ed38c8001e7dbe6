import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DrError } from '../base/errors.ts';
import { type Approver, fingerprintsOf } from '../approvals/people.ts';
import { fingerprint, readPublicKey } from '../approvals/public-key.ts';
import type { Acceptances, PlanStep } from '../model/step.ts';
import type { Plan } from '../model/plan.ts';

/** A gate of a plan that people open. */
export interface PlannedGate {
  step: PlanStep;
  from: readonly Approver[];
  quorum: number;
  /** Only signatures count. */
  signed: boolean;
}

/** The approvals that a plan asks for, in its order. */
export function gatesOf(plan: Plan): PlannedGate[] {
  return plan.steps.flatMap((step) => {
    if (step.approval === undefined) return [];
    const { from, quorum } = step.approval;
    return [{ step, from, quorum, signed: from.some(({ keys }) => keys.length > 0) }];
  });
}

/** @throws DrError (refused) for a name that is claimed where the runbook names keys: a claim is not enough there. */
export function refuseClaims(plan: Plan, { approvedBy }: Acceptances, run = 'RUN'): void {
  const gates = gatesOf(plan);
  const mayClaim = new Set(gates.filter(({ signed }) => !signed).flatMap(({ from }) => from.map(({ name }) => name)));
  const signers = new Set(gates.filter(({ signed }) => signed).flatMap(({ from }) => from.map(({ name }) => name)));
  const name = approvedBy.find((one) => signers.has(one) && !mayClaim.has(one));
  if (name === undefined) return;
  throw new DrError({
    code: 'CLAIM_NOT_ENOUGH',
    exit: 'refused',
    title: `--approved-by ${name} is a claim, and the runbook names keys for ${name}: only a signature counts.`,
    detail: 'Nothing was done.',
    next: [`leave --approved-by ${name} out; when the run waits, ${name} signs: dr approve ${run}`],
  });
}

const KEY_FILES = 50;

/**
 * Fingerprints of approvers' keys that lie in the home folder of the person who begins a run: those people cannot approve it.
 * Nothing else of the folder is kept.
 */
export function initiatorKeys(plan: Plan, home = homedir()): { initiatorKeys?: string[] } {
  const known = new Set(gatesOf(plan).flatMap(({ from }) => from.flatMap(fingerprintsOf)));
  if (known.size === 0) return {};
  const found = publicKeysIn(join(home, '.ssh')).filter((print) => known.has(print));
  return found.length === 0 ? {} : { initiatorKeys: [...new Set(found)] };
}

function publicKeysIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.pub'));
  } catch {
    return [];
  }
  return names.slice(0, KEY_FILES).flatMap((name) => {
    try {
      return [fingerprint(readPublicKey(readFileSync(join(folder, name), 'utf8')))];
    } catch {
      return [];
    }
  });
}
