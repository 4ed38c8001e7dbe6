import type { RunState } from '../journal/state.ts';
import { signedFact } from '../kinds/common-steps/approval.ts';
import type { Evidence } from './evidence-schema.ts';

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
