import type { Evidence } from '../evidence-schema.ts';
import { formatFigure, formatMs, routeText, utcDateTime, utcTime, visible } from '../format.ts';
import { modeMark } from '../mode.ts';

/** A report for a pull request, a wiki or the summary of a CI job. */
export function renderMarkdown(evidence: Evidence): string {
  const { scope, test, clock, verdict, madeBy } = evidence;
  const mark = modeMark(evidence);
  return [
    `# ${mark === undefined ? '' : `[${mark.chip}] `}${plain(scope.runbook.name)}: ${test.verb} ${plain(routeText(test.verb, scope))}`.replace('# [', '# \\['),
    ...(mark === undefined ? [] : [`**${plain(mark.ribbon)}**`]),
    `**${plain(verdict.sentence)}**`,
    ...evidence.requests.map((r) => `**Requested, result not yet known:** ${plain(r.title)} (${code(r.step)})`),
    objectives(evidence),
    ...section('Next', list(evidence.next)),
    ...section('Issues', list(evidence.issues.map((i) => `${i.number}. ${i.title} (${i.owner}, due ${i.due}): ${i.closed === null ? 'open' : `closed: ${i.closed.note}`}`))),
    ...section('Clock', table(['Time', 'UTC', 'Because'], clock.phases.map((p) => [p.label, p.at === null ? 'not measured' : utcTime(p.at), p.because]))),
    ...section('Data', table(['Database', 'Promotion', 'Loss at most', 'Method', 'Fence', 'Write verified'], evidence.databases.map((d) => [d.name, d.promotion, d.rpo.boundMs === null ? 'not measured' : formatMs(d.rpo.boundMs), d.rpo.method, d.fence.verdict ?? 'no verdict', d.canary.verified === null ? 'no' : d.canary.verified ? 'yes' : 'NOT']))),
    ...section('Deviations', list(evidence.deviations.map((d) => `${d.step === null ? '' : `${d.step}: `}${d.sort}: ${d.text}`))),
    ...section('Not done by this run', list(evidence.leftOut.map((l) => `${l.step} (${l.how}): ${l.because}`))),
    ...section('Steps', table(['Step', 'Result', 'Took', 'Expected at most (p95)', 'Because'], evidence.steps.map((s) => [s.title, s.state, s.ms === null ? '–' : formatMs(s.ms), s.expected.p95Ms > 0 ? formatMs(s.expected.p95Ms) : '–', s.because]))),
    ...section('People', table(['Who', 'Part'], evidence.people.participants.map((p) => [p.name, p.roles.join(', ')]))),
    ...section('Sign-off', table(['Who', 'Signed', 'Key', 'Signature', 'Records'], evidence.signOffs.map((s) => [s.name, utcDateTime(s.at), s.key ?? '–', s.verified, `1 to ${s.records}`]))),
    ...section('Scope', table(['', ''], scopeRows(evidence))),
    `Made by ${plain(madeBy.name)} ${plain(madeBy.version)} from the journal of run ${code(test.id)} and nothing else, as of its last record, ${utcDateTime(evidence.asOf)}.`,
    '',
  ].join('\n\n');
}

function objectives({ objectives: all, clock, passRule }: Evidence): string {
  const rows = all.map((o) => [o.name, formatMs(o.objectiveMs), formatFigure({ ms: o.actualMs, atLeast: o.atLeast }), o.verdict, o.because]);
  const failure = clock.timeToFailure === null ? [] : [['Time to failure', '', formatFigure(clock.timeToFailure), 'not an RTO', clock.timeToFailure.because]];
  return `${table(['Objective', 'Target', 'Actual', 'Verdict', 'Because'], [...rows, ...failure])}\n\nPass rule: ${plain(passRule)}`;
}

function scopeRows({ scope, test, tool, integrity, people }: Evidence): string[][] {
  return [
    ['Run', test.id],
    ['Kind', test.kindText],
    ['Scenario', test.scenario],
    ['Assumptions', test.assumptions.join(' ')],
    ['Account', scope.account],
    ['Runbook', `${scope.runbook.path}, SHA-256 ${scope.runbook.sha256}`],
    ['Runbook Git commit', scope.runbook.git === null ? 'not in a Git repository' : `${scope.runbook.git.commit}${scope.runbook.git.dirty ? ', with uncommitted changes' : ''}`],
    ['Plan', scope.plan.hash],
    ['Operator', people.operator.identity],
    ['Tool', `${tool.name} ${tool.version}, Node ${tool.node}`],
    ['Journal', `${integrity.records} records, head ${integrity.head}`],
  ];
}

/** Nothing where there is nothing to say. */
function section(title: string, body: string): string[] {
  return body === '' ? [] : [`## ${title}`, body];
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${plain(item)}`).join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(plain)))].join('\n');
}

/** A text from outside stays a text: nothing in it is markup, a link or a cell of its own. */
function plain(text: string): string {
  return visible(text)
    .replace(/[\\`*_{}[\]<>|#~&!]/g, (char) => `\\${char}`)
    .replace(/\b(https?|mailto|ftp)(:)/gi, '$1\\$2')
    .replace(/\bwww\./gi, 'www\\.')
    .replace(/^(\s*)([-+]|\d+[.)])(\s)/, '$1\\$2$3')
    .replace(/@/g, '&#64;');
}

function code(text: string): string {
  return `\`${visible(text).replaceAll('`', "'")}\``;
}
