import { formatMs, utcDateTime } from '../report/format.ts';
import { type ApplicationView, inDrill, type Measured, type RunRow } from '../report/portfolio/rows.ts';
import type { Painter } from './text.ts';

/** Runs whose figures stand in one line. */
const SHOWN = 6;
const WHERE: Record<RunRow['mode'], string> = { live: 'on AWS', lab: 'in the lab', simulated: 'simulated' };

/** One block an application: its figures over time, oldest first, and what is not as it should be. */
export function trendsText(views: readonly ApplicationView[], paint: Painter): string[] {
  return views.map((view) => {
    const { name, account, mode, runs, slow, overdue, unprotectedSince, unprotectedBecause } = view;
    const lines = [
      ...figuresOf('', runs.filter((run) => !inDrill(run)), paint),
      ...figuresOf(' in drills', runs.filter(inDrill), paint),
      ...slow.map((step) => `${paint('yellow', 'slower')}  ${step.step}: ${formatMs(step.ms)}, median of ${step.runs} before ${formatMs(step.medianMs)}`),
      ...(unprotectedSince === null ? [] : [`${paint('red', 'no standby')} since ${utcDateTime(unprotectedSince)}: ${unprotectedBecause}`]),
      ...(overdue === null ? [] : [`${paint('yellow', 'test due')}: ${overdue}`]),
    ];
    return [`${paint('bold', name)} ${WHERE[mode]}, account ${account}`, ...lines.map((line) => `  ${line}`)].join('\n');
  });
}

function figuresOf(where: string, runs: readonly RunRow[], paint: Painter): string[] {
  return [...figures(`RTO${where}`, runs.map(({ rto }) => rto), paint), ...figures(`RPO${where}`, runs.map(({ rpo }) => rpo), paint)];
}

/** `RTO  8.2 s → 13 s missed → at least 5.0 s; objective 15m; the last +4.8 s against the one before` */
function figures(name: string, all: readonly (Measured | null)[], paint: Painter): string[] {
  const measured = all.flatMap((one) => (one === null || one.verdict === 'not applicable' ? [] : [one]));
  const last = measured.at(-1);
  if (last === undefined) return [];
  const shown = measured.slice(-SHOWN).map(({ actualMs, atLeast, verdict }) => {
    if (actualMs === null) return paint('yellow', 'not measured');
    const text = `${atLeast ? 'at least ' : ''}${formatMs(actualMs)}`;
    return verdict === 'met' ? text : verdict === 'missed' ? paint('red', `${text} missed`) : paint('yellow', atLeast ? text : `${text}, verdict not known`);
  });
  const before = measured.at(-2)?.actualMs ?? null;
  const change = last.actualMs === null || before === null ? '' : last.actualMs === before ? '; the same as before' : `; ${last.actualMs > before ? '+' : '−'}${formatMs(Math.abs(last.actualMs - before))} against the one before`;
  return [`${name}  ${measured.length > SHOWN ? '… ' : ''}${shown.join(' → ')}; objective ${formatMs(last.objectiveMs)}${change}`];
}
