import type { DoctorResult } from '../app/doctor/doctor.ts';
import type { Finding } from '../app/doctor/finding.ts';
import { columns, indent, type Painter } from './text.ts';

const WORDS = { ok: 'ok', 'would-not-run': 'would not run', 'not-known': 'not known' } as const;
const STYLES = { ok: 'green', 'would-not-run': 'red', 'not-known': 'yellow' } as const;

/** Per failover whether it would run; then every finding, what is not ok first, with what to do. */
export function doctorText(result: DoctorResult, paint: Painter): string {
  const ways = columns(result.ways.map((way) => [way.runbook, `${way.source} → ${way.target}`, paint(STYLES[way.verdict], way.verdict === 'ok' ? 'would run' : WORDS[way.verdict])]));
  const order = ['would-not-run', 'not-known', 'ok'] as const;
  const sorted = order.flatMap((verdict) => result.findings.filter((f) => f.verdict === verdict));
  const rows = columns(sorted.map((f) => [paint(STYLES[f.verdict], WORDS[f.verdict]), f.area, ofWhom(f), f.what, f.because]));
  const lines = rows.flatMap((row, i) => {
    const next = sorted[i]?.next;
    return next === undefined ? [row] : [row, `               → ${next}`];
  });
  const bad = sorted.filter((f) => f.verdict !== 'ok').length;
  const end = bad === 0 ? 'Nothing of it is needed.' : `${bad} of ${sorted.length} are not ok.`;
  return [
    paint('bold', `Without ${result.without.join(', ')}`),
    indent(ways.join('\n'), 2),
    '',
    ...lines,
    '',
    `${end} Not checked: whether what the runbooks name exists (dr plan --region REGION does).`,
  ].join('\n');
}

function ofWhom(finding: Finding): string {
  if (finding.runbook === undefined) return '';
  return finding.target === undefined ? finding.runbook : `${finding.runbook} to ${finding.target}`;
}
