import type { Assessment, AssessedWay } from '../app/assess/assess.ts';
import type { Row } from '../app/assess/evidence.ts';
import { formatDuration } from '../base/duration.ts';
import { secondsShown } from '../plan/feasibility.ts';
import { fit, type Painter } from './text.ts';

const STYLES = { up: 'green', down: 'red', unknown: 'yellow' } as const;
const ADVICE = { move: 'MOVE', 'do-not-move': 'DO NOT MOVE', unknown: 'UNKNOWN' } as const;
const ADVICE_STYLES = { move: 'red', 'do-not-move': 'green', unknown: 'yellow' } as const;

const SCOPES: Readonly<Record<Exclude<AssessedWay['scope'], 'nothing'>, string>> = {
  service: 'one service',
  application: 'the application, or your own deploy: the trouble would follow the traffic',
  zone: 'one zone',
  region: 'the region',
  observer: 'this machine cannot see it',
  unknown: 'not known',
};

/** What to do first; then why, what it costs, and what was seen by whom. */
export function assessText(result: Assessment, paint: Painter, width: number | undefined): string {
  const blocks = result.ways.map((way) => wayText(result.runbook, way, paint));
  return fit([...blocks, '', `${result.calls.made} requests to AWS; nothing was changed. dr recommends; a person decides.`].join('\n'), width);
}

function wayText(runbook: string, way: AssessedWay, paint: Painter): string {
  const { source, target, scope, what, recommendation, reasons, look, failover, noPlan } = way;
  const trouble = scope === 'nothing' ? 'Nothing was seen to be wrong' : `In trouble: ${SCOPES[scope]}${what === undefined ? '' : ` (${what})`}`;
  const command = recommendation === 'move' && failover !== undefined ? ['', `  ${failover.command}`, ...beforeIt(failover)] : [];
  return [
    paint('bold', `${runbook}: ${source} → ${target}`),
    `  ${paint(ADVICE_STYLES[recommendation], ADVICE[recommendation])}. ${trouble}.`,
    ...reasons.map((reason) => `  - ${reason}`),
    ...(noPlan === undefined ? [] : [`  - no failover can be planned: ${noPlan}`]),
    ...command,
    ...(look.length === 0 ? [] : ['', '  Look at:', ...look.map((one) => `  - ${one}`)]),
    '',
    ...costLines(way),
    '',
    paint('bold', '  What was seen, and by whom'),
    ...rowLines(way, paint),
  ].join('\n');
}

/** One signal a line, and below it why. Services that answer stand together: what is in trouble is to be seen. */
function rowLines({ rows }: AssessedWay, paint: Painter): string[] {
  const answering = (row: Row): boolean => row.api !== undefined && row.says === 'up';
  const regions = Map.groupBy(rows.filter(answering), ({ region }) => region);
  const said = ({ says }: Pick<Row, 'says'>): string => paint(STYLES[says], says.padEnd(7));
  return [
    ...rows.filter((row) => !answering(row)).flatMap((row) => [`  ${said(row)}  ${row.signal} (${row.observer})`, `           ${row.because}`]),
    ...[...regions].map(([region, all]) => `  ${said({ says: 'up' })}  APIs of ${region} (this machine): ${all.map(({ api }) => api).join(', ')}`),
  ];
}

function beforeIt({ refusedBy, approvals }: NonNullable<AssessedWay['failover']>): string[] {
  const left = refusedBy?.map(({ rule, observed, mend }) => `  - refused by ${rule}: ${observed}. ${mend}`) ?? ['  - whether it would be refused is not known'];
  return [...approvals.map((words) => `  - has to agree: ${words}`), ...left];
}

function costLines({ cost }: AssessedWay): string[] {
  const { rto, used, failover, latestStart, decide, losses } = cost;
  const clock = used === undefined ? 'since when users suffer is not known (--impact-at)' : `${secondsShown(used)} of it used`;
  const takes = failover === undefined ? 'how long a failover takes is not known' : `a failover takes about ${secondsShown(failover.p50)} (up to ${secondsShown(failover.p95)})`;
  const until = latestStart === undefined ? '' : `; begun after ${latestStart} it misses the RTO`;
  const going = losses.length === 0 ? ['  A failover would lose: not known'] : losses.map(({ database, boundMs, rpoMs, because }) => `  A failover would lose of ${database}: ${boundMs === undefined ? `unknown (${because})` : `at most ${formatDuration(boundMs)} of writes`}; RPO ${formatDuration(rpoMs)}`);
  const agreed = decide === undefined ? [] : [`  Agreed: to leave a region ${secondsShown(decide.after)} after the impact${decide.at === undefined ? '' : `, at ${decide.at}`}`];
  return [`  Waiting: RTO ${secondsShown(rto)}, ${clock}; ${takes}${until}`, ...agreed, ...going];
}
