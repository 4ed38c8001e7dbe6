import { plural } from '../../base/plural.ts';
import { html, type Html, type HtmlValue } from '../escape.ts';
import { formatMs, routeText, utcDateTime } from '../format.ts';
import { renderPage } from '../html.ts';
import type { ModeMark } from '../mode.ts';
import { verdictTone } from '../sections/top.ts';
import { code, pill, section, table } from '../tables.ts';
import { MODES, measuredCell } from './index-page.ts';
import { packMark } from './pack-document.ts';
import { objectivePlots } from './plot.ts';
import { type ApplicationView, inDrill } from './rows.ts';

/** How recoveries went over time, an application a section. `asOf` is ISO 8601. */
export function renderHistory(views: readonly ApplicationView[], { asOf, damaged, madeBy }: { asOf: string; damaged: readonly string[]; madeBy: { name: string; version: string } }): string {
  const mark = packMark({ applications: [...views] });
  const bare = views.filter(({ unprotectedSince }) => unprotectedSince !== null);
  const late = views.filter(({ overdue }) => overdue !== null);
  const good = bare.length === 0 && late.length === 0;
  const sentence = views.length === 0 ? 'There is no run yet.' : `${plural(views.length, 'application')}: ${bare.length} without a standby, ${late.length} due for a test.`;
  return renderPage({
    title: 'History of recoveries',
    mark,
    main: [
      html`<header><p class="over">as of ${utcDateTime(asOf)}</p><h1>History of recoveries</h1><p class="verdict ${good ? 'good' : 'warn'}">${sentence}</p></header>
<div class="cards">${views.map(viewCard)}</div>`,
      damaged.length > 0 && html`<p class="why">Left out, for their journals cannot be read: ${damaged.join(', ')}</p>`,
      html`<ul class="key"><li>dot: met</li><li>cross: missed</li><li>ring: only a bound is known</li><li>bar at the foot: not measured</li><li>dashed line: the objective</li><li>the scale is logarithmic</li></ul>`,
      views.map((view) => viewSection(view, mark)),
    ],
    footer: `Made by ${madeBy.name} ${madeBy.version} from journals and nothing else.`,
  });
}

function viewCard({ name, mode, runs, lastGreen, unprotectedSince, overdue }: ApplicationView): Html {
  return html`<div class="card"><h2><span>${name}</span>${pill(...MODES[mode])}</h2>
<p class="big">${(lastGreen?.rto?.actualMs ?? null) === null ? html`<span class="nm">not met yet</span>` : html`${formatMs(lastGreen?.rto?.actualMs ?? 0)}<small> RTO${inDrill(lastGreen ?? { verb: 'failover' }) ? ' of a drill' : ''}, last met</small>`}</p>
<p>${plural(runs.length, 'run')}</p>${unprotectedSince !== null && html`<p>${pill('bad', 'no standby')} since ${utcDateTime(unprotectedSince)}</p>`}${overdue !== null && html`<p>${pill('warn', 'test due')} ${overdue}</p>`}</div>
`;
}

function viewSection(view: ApplicationView, mark: ModeMark | undefined): Html {
  const columns = [{ head: 'Run' }, { head: 'What' }, { head: 'Result' }, { head: 'RTO' }, { head: 'RPO' }, { head: 'Took', number: true }];
  const rows = view.runs.toReversed().map((row): HtmlValue[] => [
    html`${code(row.run)}<span class="why">${utcDateTime(row.startedAt)}</span>`,
    html`${row.live === undefined ? '' : 'live drill: '}${row.verb}<span class="why">${routeText(row.verb, row, (region) => region)}</span>`,
    pill(verdictTone(row.verdict.word), row.verdict.word),
    measuredCell(row.rto),
    measuredCell(row.rpo),
    row.endedAt === null ? '–' : formatMs(Date.parse(row.endedAt) - Date.parse(row.startedAt)),
  ]);
  const slow = view.slow.map((step) => [html`${step.title}<span class="why">${code(step.step)}</span>`, formatMs(step.ms), formatMs(step.medianMs), step.runs]);
  const slowColumns = [{ head: 'Step', wide: true }, { head: 'Newest run', number: true }, { head: 'Median before', number: true }, { head: 'Of runs', number: true }];
  return section(
    `${view.name} (${MODES[view.mode][1]}, account ${view.account})`,
    mark,
    html`<div class="plots">${objectivePlots(view.runs)}</div>`,
    table(columns, rows, mark, 'no run'),
    html`<h3>Slower than usual in the newest run</h3>`,
    table(slowColumns, slow, mark, 'No step took much longer than its own median.'),
  );
}
