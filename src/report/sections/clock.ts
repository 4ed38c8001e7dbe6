import { html, type Html } from '../escape.ts';
import type { Evidence } from '../evidence-schema.ts';
import { CAUSE_LABELS, formatFigure, formatMs, utcTime } from '../format.ts';
import type { ModeMark } from '../mode.ts';
import { facts, notMeasured, section, table } from '../tables.ts';
import { timelineSvg } from '../timeline-svg.ts';

/** The picture of the run and the key to its colours. */
export function timelineSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const causes = new Set(evidence.steps.flatMap((step) => step.waits.map((wait) => wait.cause)));
  const shown = (Object.keys(CAUSE_LABELS) as (keyof typeof CAUSE_LABELS)[]).filter((c) => c === 'tool' || causes.has(c));
  const key = html`<ul class="key">${shown.map((cause) => html`<li>${swatch(cause)}${cause === 'tool' ? CAUSE_LABELS.tool : `waiting: ${CAUSE_LABELS[cause]}`}</li>`)}<li>outline: expected (p50), line: to p95</li><li>red ground: the application was down</li></ul>`;
  const from = evidence.clock.phases[0]?.at === null ? 'the start of the run' : 'impact';
  return section('Timeline', mark, html`<p class="why">Time counts from ${from}. A grey strip marked // leaves out time in which nothing happened.</p>`, timelineSvg(evidence), key);
}

function swatch(cause: string): Html {
  return html`<svg class="swatch" viewBox="0 0 11 11" aria-hidden="true"><rect class="c-${cause}" width="11" height="11" rx="2"/></svg>`;
}

/** The eight times of the RTO clock, and the figures that follow from them. */
export function clockSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const { clock } = evidence;
  const impact = clock.phases[0]?.at ?? null;
  const rows = clock.phases.map((phase) => {
    if (phase.at === null) return [phase.label, notMeasured(''), '', phase.because];
    const time = `${phase.atOrBefore ? '≤ ' : ''}${utcTime(phase.at)}`;
    const after = impact === null ? '' : signed(Date.parse(phase.at) - Date.parse(impact));
    return [phase.label, time, after, phase.because];
  });
  const columns = [{ head: 'Phase' }, { head: 'UTC', number: true }, { head: 'After impact', number: true }, { head: 'How it is known' }];
  return section(
    'RTO clock',
    mark,
    table(columns, rows, mark, 'nothing was recorded'),
    html`<h3>Figures</h3>`,
    facts([
      ['RTO from impact', figureText(clock.rtoFromImpact)],
      ['RTO from start of the run', figureText(clock.rtoFromStart)],
      ...(clock.timeToFailure === null ? [] : [['Time to failure', figureText(clock.timeToFailure)] as const]),
    ]),
  );
}

function signed(ms: number): string {
  if (ms === 0) return '0';
  return ms < 0 ? `−${formatMs(-ms)}` : `+${formatMs(ms)}`;
}

function figureText(figure: Evidence['clock']['rtoFromImpact']): Html {
  if (figure.ms === null) return notMeasured(figure.because);
  return html`${formatFigure(figure)} <span class="why">${figure.because}</span>`;
}

/** Whose the downtime was: in the lab over the client's window, else over what the probes saw. */
export function downtimeSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const { lab, downtime } = evidence;
  const byClient = lab !== null && lab.breakdown.length > 0;
  const rows = byClient ? lab.breakdown : downtime.breakdown;
  const total = rows.reduce((sum, row) => sum + row.ms, 0);
  if (rows.length === 0) return section('Where the downtime went', mark, notMeasured(downtime.because));
  const window = byClient
    ? `What the lab's client saw: from its last good response, ${utcTime(lab.lastGoodAt ?? '')}, to the first good one after, ${utcTime(lab.firstGoodAt ?? '')} UTC.`
    : `From ${downtime.atLeast ? 'the first sample, or before,' : 'impact,'} ${utcTime(downtime.from ?? '')}, to ${utcTime(downtime.to ?? '')} UTC.`;
  const percent = (ms: number): string => (total === 0 ? '' : `${Math.round((ms / total) * 100)} %`);
  return section(
    'Where the downtime went',
    mark,
    html`<p>${window} Every millisecond is counted once; dr's own share is all that nobody else was waited for.</p>`,
    stack(rows, total),
    table(
      [{ head: 'Cause' }, { head: 'Time', number: true }, { head: 'Share', number: true }],
      [
        ...rows.map((row) => [html`${swatch(row.cause)}${CAUSE_LABELS[row.cause]}`, formatMs(row.ms), percent(row.ms)]),
        [html`<b>all</b>`, html`<b>${formatMs(total)}</b>`, ''],
      ],
      mark,
      'nothing',
    ),
  );
}

function stack(rows: Evidence['downtime']['breakdown'], total: number): Html {
  let x = 0;
  const bars = rows.map((row) => {
    const width = total === 0 ? 0 : (row.ms / total) * 1000;
    const bar = html`<rect class="c-${row.cause}" x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="26"><title>${CAUSE_LABELS[row.cause]}: ${formatMs(row.ms)}</title></rect>`;
    x += width;
    return bar;
  });
  return html`<svg class="stack" viewBox="0 0 1000 26" preserveAspectRatio="none" role="img" aria-label="Shares of the downtime. The table below has the same figures.">${bars}</svg>`;
}
