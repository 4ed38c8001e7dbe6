import { html, type Html } from '../escape.ts';
import type { Evidence } from '../evidence-schema.ts';
import { formatCount } from '../../base/plural.ts';
import { formatMs, routeText, utcDateTime, utcTime } from '../format.ts';
import { CONFIRMED } from '../log-evidence.ts';
import type { ModeMark } from '../mode.ts';
import { code, facts, list, pill, section, table } from '../tables.ts';

/** What users saw, from outside. */
export function probesSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const summary = table(
    [{ head: 'Probe' }, { head: 'Request' }, { head: 'Every', number: true }, { head: 'Samples', number: true }, { head: 'Failed', number: true }],
    evidence.probes.map((p) => [p.name, code(p.http), formatMs(p.everyMs), formatCount(p.samples), formatCount(p.failed)]),
    mark,
    'The runbook has no probe: what users saw was not measured.',
  );
  const changes = evidence.probes.flatMap((p) =>
    p.changes.map((c) => [utcTime(c.at), p.name, c.up ? pill('good', 'good') : pill('bad', 'bad'), c.status === 0 ? '–' : c.status, c.address ?? '–', c.error ?? '']),
  );
  const columns = [{ head: 'UTC', number: true }, { head: 'Probe' }, { head: 'Became' }, { head: 'Status', number: true }, { head: 'Address' }, { head: 'Why' }];
  const leftOut = evidence.probes.reduce((sum, p) => sum + p.changesLeftOut, 0);
  return section(
    'Probes',
    mark,
    summary,
    html`<h3>Changes</h3>`,
    table(columns, changes, mark, 'No change was seen.'),
    leftOut > 0 && html`<p class="why">${leftOut} more changes are in the journal.</p>`,
  );
}

export function logSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  return section('Log', mark, table([{ head: 'UTC', number: true }, { head: 'Event' }], evidence.log.map((l) => [utcTime(l.at), l.text]), mark, 'empty'));
}

/** What a person does next. */
export function nextSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  return section('Next', mark, html`<ol class="next">${evidence.next.map((line) => html`<li>${line}</li>`)}</ol>`);
}

/** Who, what, with which version: the frame of the evidence. */
export function scopeSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const { scope, test, people, tool } = evidence;
  const { git } = scope.runbook;
  const person = (p: Evidence['people']['operator']): Html => html`${code(p.identity)} <span class="why">${p.user}@${p.host}, process ${p.pid}</span>`;
  return section(
    'Scope and people',
    mark,
    facts([
      ['Test', html`${code(test.id)} <span class="why">${test.kindText}</span>`],
      ['Scenario', test.scenario],
      ['Assumptions', list(test.assumptions)],
      ['Regions', routeText(test.verb, scope)],
      ['Account', scope.account],
      ['Strategy', scope.strategy],
      ['Resources changed by the plan', list(scope.resources.map(code))],
      ['Runbook', html`${scope.runbook.name} <span class="why">${scope.runbook.path}</span>`],
      ['Runbook SHA-256', code(scope.runbook.sha256)],
      ['Runbook Git commit', git === null ? 'not in a Git repository' : html`${code(git.commit)}${git.dirty && html` ${pill('warn', 'with uncommitted changes')}`}`],
      ['Plan', html`${code(scope.plan.hash)} <span class="why">made ${utcDateTime(scope.plan.madeAt)}</span>`],
      ['Tool', `${tool.name} ${tool.version}, Node ${tool.node}`],
      ['AWS endpoints overridden', list(evidence.endpoints.map(code))],
      ['Operator', person(people.operator)],
      ['Resumed by', list(people.resumedBy.map(person), 'nobody')],
      ['Confirmed', CONFIRMED[people.confirmedBy]],
      ['Approved by (as claimed)', list(people.approvedBy, 'nobody named')],
      ['Acceptances', list(people.acceptances)],
    ]),
    html`<h3>Approvals</h3>`,
    table(
      [{ head: 'Gate' }, { head: 'Who' }, { head: 'How' }, { head: 'Signed, UTC' }, { head: 'Key' }, { head: 'SHA-256 of the signature' }],
      people.approvals.map((a) => [code(a.gate), a.name, a.how === 'verified' ? pill('good', 'verified') : pill('warn', 'claimed, not verified'), a.at === null ? '–' : utcDateTime(a.at), a.key === null ? '–' : code(a.key), a.signature === null ? '–' : code(a.signature)]),
      mark,
      'No gate was opened by anybody.',
    ),
  );
}

/** How to see that nothing was changed afterwards. */
export function integritySection(evidence: Evidence, evidenceSha256: string, mark: ModeMark | undefined): Html {
  const { integrity } = evidence;
  return section(
    'Tamper evidence and retention',
    mark,
    facts([
      ['Journal head', code(integrity.head)],
      ['Journal records', formatCount(integrity.records)],
      ['How to check', integrity.text],
      ['SHA-256 of report.json', code(evidenceSha256)],
      ['Retention', integrity.retention],
      ['Next test due', 'not set: the runbook names no interval'],
    ]),
  );
}
