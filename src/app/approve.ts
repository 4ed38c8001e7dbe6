import { type Clock, iso } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import type { RunStore } from '../journal/state-store.ts';
import { isOver, type RunState } from '../journal/state.ts';
import { type ApprovalGate, decide, judge, type Judgement, statementProblem } from '../approvals/judge.ts';
import { CLOCK_SKEW_MS, fileName, fileText, readStatement, type SignedFile, type Statement, statementText, VALID_MAX_MS } from '../approvals/statement.ts';
import { loadRun } from './runs.ts';
import { openState, type StatePlace } from './state.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Approver, fingerprintsOf } from '../approvals/people.ts';
import { fingerprint, readPublicKey } from '../approvals/public-key.ts';
import type { Acceptances, PlanStep } from '../model/step.ts';
import type { Plan } from '../model/plan.ts';

export interface WaitingGate {
  state: RunState;
  gate: PlannedGate;
  /** What has been signed so far. */
  judgement: Judgement;
  store: RunStore;
}

interface GateChoice {
  /** Id of its step. Default: the first that waits. */
  id?: string | undefined;
  /** It may be taken back: then a gate that was passed is meant, too, while nothing of no return has been asked for. */
  mayReject?: boolean;
}

/** A run's gate that waits for signatures. @throws DrError: no such run, over, not waiting, no keys named. */
export async function waitingGate(place: StatePlace, run: string, now: number, choice: GateChoice = {}): Promise<WaitingGate> {
  const { state, store } = await loadRun(openState(place), run);
  return waitingGateOf(state, store, now, choice);
}

/** The same of a run whose journal was read. @throws DrError as `waitingGate` */
export async function waitingGateOf(state: RunState, store: RunStore, now: number, choice: GateChoice = {}): Promise<WaitingGate> {
  refuseEnded(state);
  const gates = gatesOf(state.plan);
  const gate = choose(state, gates, choice);
  if (!gate.signed) {
    throw new DrError({
      code: 'NO_KEYS',
      exit: 'refused',
      title: `The runbook names no keys for ${gate.step.id}: there is nothing to sign.`,
      next: [`dr resume ${state.run} --approved-by NAME`],
    });
  }
  return { state, gate, store, judgement: judge(await store.approvals(), approvalGate(state, gate), now) };
}

function refuseEnded(state: RunState): void {
  const { run, outcome, leadingBack } = state;
  const over = (title: string) => new DrError({ code: 'RUN_ENDED', exit: 'refused', title, next: [`dr report ${run}`] });
  if (outcome === 'aborted' || leadingBack !== undefined) throw over(`Run ${run} was rolled back: there is nothing to approve.`);
  if (isOver(state)) throw over(`Run ${run} has succeeded: there is nothing to approve.`);
}

/** The gate that was named, or the first that waits. */
function choose(state: RunState, gates: readonly PlannedGate[], { id, mayReject = false }: GateChoice): PlannedGate {
  const standing = ({ step }: PlannedGate) => state.steps.get(step.id);
  const waits = (gate: PlannedGate) => {
    const step = standing(gate);
    return step !== undefined && (step.check === 'refused' || !['waiting', 'done', 'undone'].includes(step.state));
  };
  const ahead = state.plan.steps.every((step) => step.reversibility !== 'point-of-no-return' || state.steps.get(step.id)?.intendedAt === undefined);
  const passed = (gate: PlannedGate) => mayReject && ahead && standing(gate)?.state === 'done';
  const named = gates.filter((gate) => id === undefined || gate.step.id === id);
  const found = named.find(waits) ?? named.find(passed);
  if (found !== undefined) return found;
  throw new DrError({
    code: 'NOT_WAITING',
    exit: 'refused',
    title: `Run ${state.run} does not wait for an approval${id === undefined ? '' : ` at ${id}`}.`,
    detail: gates.map((gate) => `${gate.step.id}: ${standing(gate)?.state === 'done' ? 'approved already' : 'not its turn yet'}`).join('\n') || 'Its plan asks for none.',
    next: [`dr status ${state.run}`],
  });
}

export function approvalGate(state: RunState, { step, from, quorum }: PlannedGate): ApprovalGate {
  const { plan, operator } = state;
  return {
    subject: { run: state.run, plan: plan.hash, application: plan.runbook.name, account: plan.account, verb: plan.verb, from: plan.source, to: plan.target, gate: step.id },
    from,
    quorum,
    initiator: { identity: operator.identity, user: operator.user, keys: state.initiatorKeys ?? [] },
  };
}

interface StatementRequest {
  approver: string;
  decision: Statement['decision'];
  /** How long it holds, milliseconds. */
  holdsMs: number;
}

/** The text that an approver signs. @throws DrError (refused) where their signature would not count. */
export function statementFor({ state, gate, judgement }: WaitingGate, { approver, decision, holdsMs }: StatementRequest, clock: Clock): string {
  // After what they signed before, also on a machine whose clock went ahead. An approval says that its author knows of the rejection: it
  // is dated after it by as much as clocks may differ.
  const own = [...judgement.approved, ...judgement.rejected].filter((one) => one.approver === approver);
  const signed = Math.max(clock.now(), ...own.map((one) => one.signed + (one.decision === 'reject' && decision === 'approve' ? CLOCK_SKEW_MS : 1)));
  const whole = approvalGate(state, gate);
  const statement: Statement = { ...whole.subject, decision, approver, signed, expires: signed + Math.min(holdsMs, VALID_MAX_MS) };
  const wrong = statementProblem(statement, whole, clock.now());
  if (wrong !== undefined) throw doesNotCount(wrong);
  refuseTwice(judgement, statement, gate);
  return statementText(statement);
}

function refuseTwice({ approved }: Judgement, { approver, decision }: Statement, { quorum, from }: PlannedGate): void {
  const before = decision === 'approve' ? approved.find((one) => one.approver === approver) : undefined;
  if (before === undefined) return;
  const others = from.map(({ name }) => name).filter((name) => name !== approver);
  const missing = quorum - approved.length;
  throw new DrError({
    code: 'APPROVED_ALREADY',
    exit: 'refused',
    title: `${approver} approved this at ${iso(before.signed)} already: one person counts once.`,
    ...(missing > 0 ? { detail: `${approved.length} of ${quorum}; still to come: ${missing} of ${others.join(', ')}.` } : {}),
  });
}

function doesNotCount(why: string): DrError {
  return new DrError({ code: 'APPROVAL_REFUSED', exit: 'refused', title: `This does not count: ${why}.`, detail: 'Nothing was kept.' });
}

interface Kept {
  run: string;
  gate: string;
  decision: Statement['decision'];
  approver: string;
  /** Type and fingerprint. */
  key: string;
  /** SHA-256 of the signature, as the journal will name it. */
  signature: string;
  expires: string;
  /** With this one. */
  approvals: number;
  quorum: number;
}

/** Puts a signed text into the state, where the run finds it. @throws DrError (refused) where it does not count. */
export async function keepApproval(waiting: WaitingGate, file: SignedFile, clock: Clock): Promise<Kept> {
  const { state, gate, store } = waiting;
  const whole = approvalGate(state, gate);
  const found = decide(file, whole, clock.now());
  if (typeof found === 'string') throw doesNotCount(found);
  const statement = readStatement(file.text);
  if (statement !== undefined) refuseTwice(waiting.judgement, statement, gate);
  await store.addApproval(fileName(file), fileText(file));
  const { approved } = judge(await store.approvals(), whole, clock.now());
  const { decision, approver, key, signature, expires } = found;
  return { run: state.run, gate: gate.step.id, decision, approver, key, signature, expires: iso(expires), approvals: approved.length, quorum: gate.quorum };
}

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
