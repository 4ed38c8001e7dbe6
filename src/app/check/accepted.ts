import type { Accepted } from '../../runbook/accepts.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { finder, type Finding } from '../../model/finding.ts';
import type { PathFinding } from './run-findings.ts';

/* What the runbook says that somebody lives with. It is still shown, and fails nothing until its day is over. */

/** Milliseconds in the day that `until` names, which is the last one that counts. */
const DAY_MS = 86_400_000;

function isOver({ until }: Accepted, now: number): boolean {
  return now >= Date.parse(`${until}T00:00:00Z`) + DAY_MS;
}

/** The acceptance of a finding that counts now. */
export function acceptanceOf(accepts: readonly Accepted[], finding: Finding, now: number): Accepted | undefined {
  return accepts.find((one) => matches(one, finding) && !isOver(one, now));
}

function matches({ rule, resource }: Accepted, finding: Finding): boolean {
  return rule === finding.rule && (resource === undefined || resource === finding.resource);
}

/** Acceptances whose day is over while what they accept is still so, and those that accept nothing that was found. */
export function staleAcceptances({ runbook }: LoadedRunbook, findings: readonly Finding[], now: number): PathFinding[] {
  return runbook.accepts.flatMap((one, i) => {
    const { warning, note } = finder({ resource: `runbook:${runbook.name}`, region: '' });
    const path = ['accepts', String(i)];
    const what = `${one.rule}${one.resource === undefined ? '' : ` of ${one.resource}`}, accepted by ${one.owner}`;
    if (!findings.some((finding) => matches(one, finding))) return [{ ...note('accept-unused', { observed: `${what}: nothing of it was found`, wanted: 'acceptances of what is so', mend: 'take it out of `accepts` of the runbook' }), path }];
    return isOver(one, now) ? [{ ...warning('accept-expired', { observed: `${what}: its last day was ${one.until}`, wanted: 'a finding that is mended, or accepted again', mend: 'mend it, or agree on another day' }), path }] : [];
  });
}
