import type { CheckResult, PlacedFinding } from '../app/check/check.ts';
import { SEVERITIES, type Severity } from '../model/finding.ts';
import { secondsShown, sumOf } from '../plan/feasibility.ts';
import { fit, type Painter } from './text.ts';

const STYLES = { error: 'red', warning: 'yellow', note: 'cyan' } as const;

/** Every finding with what to do, the worst first; then the count, and what was asked. */
export function checkText(result: CheckResult, paint: Painter, width: number | undefined): string {
  const head = [paint('bold', `${result.runbook}: would a failover work?`), ...result.ways.map(wayLine)].join('\n');
  const lines = result.findings.flatMap((finding) => ['', ...findingLines(finding, paint)]);
  return fit([head, ...lines, '', countOf(result), `${result.calls.made} requests to AWS, of at most ${result.calls.limit}; nothing was changed.`].join('\n'), width);
}

/** The direction, and what stands in control planes between the outage and users. */
function wayLine({ source, target, positions = [], stability, feasibility, availability, lastTest }: CheckResult['ways'][number]): string {
  const way = `  ${source} → ${target}`;
  const copies = positions.map(({ resource, position }) => `\n    ${resource}: ${position}`).join('');
  if (stability === undefined) return `${way}: no failover can be planned${copies}`;
  const { grade, changes, planes } = stability;
  const named = Object.keys(planes).join(', ');
  const words = { static: 'no control plane is needed', regional: `control planes of ${target}: ${named}`, elsewhere: `control planes, not only of ${target}: ${named}` }[grade];
  const time = feasibility === undefined ? '' : `\n    RTO ${secondsShown(feasibility.rto)}: about ${secondsShown(feasibility.p50)} until users are served (up to ${secondsShown(feasibility.p95)}): ${sumOf(feasibility.steps)}`;
  const agreed = availability === undefined ? '' : `\n    SLAs of AWS: ${availability.one} % of a month in one region (${availability.parts.map(({ what, percent }) => `${what} ${percent} %`).join(' × ')}), at most ${availability.two} % in two that fail independently`;
  const tested = lastTest === undefined ? '' : `\n    last tested by the ${lastTest.verb} ${lastTest.run}`;
  return `${way}: ${changes} ${changes === 1 ? 'change' : 'changes'} before users are served; ${words}${[copies, time, agreed, tested].join('')}`;
}

function findingLines(f: PlacedFinding, paint: Painter): string[] {
  const row = (label: string, text: string | undefined): string[] => (text === undefined ? [] : [`  ${label.padEnd(9)}${text}`]);
  const { accepted } = f;
  return [
    `${paint(STYLES[f.severity], f.severity.padEnd(7))}  ${paint('bold', f.rule)}  ${f.resource}`,
    ...row('accepted', accepted === undefined ? undefined : `by ${accepted.owner} until ${accepted.until}${accepted.why === undefined ? '' : `: ${accepted.why}`}`),
    ...row('observed', f.observed),
    ...row('wanted', f.wanted),
    ...row('else', f.consequence),
    ...row('mend', f.mend),
    ...row('AWS', f.page),
  ];
}

function countOf({ findings }: CheckResult): string {
  if (findings.length === 0) return 'Ready: nothing was found that a failover would need and does not have.';
  const count = (severity: Severity): string[] => {
    const n = findings.filter((f) => f.severity === severity && f.accepted === undefined).length;
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? '' : 's'}`];
  };
  const accepted = findings.filter((f) => f.accepted !== undefined).length;
  return `${[...SEVERITIES.flatMap(count), ...(accepted === 0 ? [] : [`${accepted} accepted`])].join(', ')}.`;
}
