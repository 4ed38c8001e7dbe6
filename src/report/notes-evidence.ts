import { judgeSignOff, type SignOffSubject } from '../approvals/sign-off.ts';
import type { Approver } from '../approvals/people.ts';
import { iso } from '../base/clock.ts';
import type { RunSignature, RunState } from '../journal/state.ts';
import type { Evidence, EvidenceStep } from './evidence-schema.ts';
import { signedFact } from '../kinds/common-steps/approval.ts';

/** What has to be done about what the run showed, by number. */
export function issueEvidence(state: RunState): Evidence['issues'] {
  return state.issues.map(({ number, title, owner, due, at, by, closed }) => ({
    number,
    title,
    owner,
    due,
    addedAt: iso(at),
    addedBy: { ...by },
    closed: closed === undefined ? null : { at: iso(closed.at), by: { ...closed.by }, note: closed.note },
  }));
}

/** Every sign-off, weighed again each time: nothing is believed because it was written. */
export function signOffEvidence(state: RunState): Evidence['signOffs'] {
  return state.signatures.map((made) => {
    const { signOff, key = null, named, own, problem } = judgeSignOff(made, contextOf(state, made));
    const verified = problem !== undefined ? 'not valid' : named ? 'named' : 'key only';
    return {
      name: signOff?.name ?? `${made.by.user}@${made.by.host}`,
      at: iso(signOff?.signed ?? made.at),
      comment: signOff?.comment ?? '',
      key,
      verified,
      because: problem ?? (named ? 'the runbook names this key for this person' : 'the signature fits; the runbook names no key for this person'),
      own,
      records: made.before.records,
      head: made.before.head,
      report: signOff?.report ?? '',
    };
  });
}

function contextOf(state: RunState, { before }: RunSignature): Parameters<typeof judgeSignOff>[1] {
  return { subject: signOffSubject(state, before), people: approversOf(state), initiator: { identity: state.operator.identity, user: state.operator.user, keys: state.initiatorKeys ?? [] } };
}

/** What a sign-off of the records before it has to name. */
export function signOffSubject({ run, plan }: RunState, before: RunSignature['before']): SignOffSubject {
  return {
    run,
    plan: plan.hash,
    application: plan.runbook.name,
    account: plan.account,
    verb: plan.verb,
    outcome: before.outcome ?? '',
    records: String(before.records),
    head: before.head,
  };
}

/** Everybody whom the plan names for a gate, with all of their keys. */
export function approversOf(state: RunState): Approver[] {
  const keys = new Map<string, Set<string>>();
  for (const { approval } of state.plan.steps) for (const { name, keys: own } of approval?.from ?? []) keys.set(name, new Set([...(keys.get(name) ?? []), ...own]));
  return [...keys].map(([name, own]) => ({ name, keys: [...own] }));
}

/** Everybody who had a part in the run, with what they did. */
export function participantsOf(state: RunState): Evidence['people']['participants'] {
  const roles = new Map<string, Set<string>>();
  const add = (name: string, role: string): void => void roles.set(name, (roles.get(name) ?? new Set()).add(role));
  const who = ({ identity, user, host }: RunState['operator']): string => (identity === '' ? `${user}@${host}` : `${identity} (${user}@${host})`);
  add(who(state.operator), 'began the run');
  for (const operator of state.resumedBy) add(who(operator), 'resumed it');
  if (state.leadingBack?.by !== undefined) add(who(state.leadingBack.by), 'rolled it back');
  for (const { name, how, gate } of approvalEvidence(state)) add(name, `approved ${gate}${how === 'claimed' ? ' (as claimed)' : ''}`);
  for (const { owner, number } of state.issues) add(owner, `owns issue ${number}`);
  for (const { name, verified } of signOffEvidence(state)) add(name, verified === 'not valid' ? 'a sign-off that is not valid' : 'signed off');
  return [...roles].map(([name, own]) => ({ name, roles: [...own] }));
}

/** Steps that this run did not do itself. */
export function leftOutOf(steps: readonly EvidenceStep[]): Evidence['leftOut'] {
  return steps.flatMap(({ id: step, title, state, outside, because }): Evidence['leftOut'] => {
    if (state === 'skipped' || state === 'simulated' || state === 'not-run') return [{ step, title, how: state, because }];
    return outside === 'person' ? [{ step, title, how: 'manual', because }] : [];
  });
}

type Approval = Evidence['people']['approvals'][number];


/** Who opened each gate that was opened: by a signature that was verified, or by a name that was claimed. */
export function approvalEvidence(state: RunState): Approval[] {
  const gates = state.plan.steps.filter((step) => step.approval !== undefined && state.steps.get(step.id)?.state === 'done');
  return gates.flatMap((step): Approval[] => {
    const signed = signedFact.read(state, step.id);
    if (signed !== undefined) {
      return signed.map(({ approver, signed: at, expires, key, signature }) => ({ gate: step.id, name: approver, how: 'verified', at, expires, key, signature }));
    }
    const known = new Set(step.approval?.from.map(({ name }) => name));
    const claimed = [...new Set(state.acceptances.approvedBy)].filter((name) => known.has(name));
    return claimed.map((name) => ({ gate: step.id, name, how: 'claimed', at: null, expires: null, key: null, signature: null }));
  });
}
