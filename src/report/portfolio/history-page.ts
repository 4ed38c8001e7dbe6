import { plural } from '../../base/plural.ts';
import { html, type Html, type HtmlValue } from '../escape.ts';
import { formatMs, formatRound, routeText, utcDateTime } from '../format.ts';
import { renderPage } from '../html.ts';
import type { ModeMark } from '../mode.ts';
import { verdictTone } from '../sections/top.ts';
import { code, pill, section, table } from '../tables.ts';
import { MODES, measuredCell } from './index-page.ts';
import { packMark } from './pack-document.ts';
import { type ApplicationView, inDrill, type Measured, type RunRow } from './rows.ts';

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

const WIDTH = 520;
const HEIGHT = 200;
const LEFT = 58;
const RIGHT = 14;
const TOP = 14;
const BOTTOM = 30;
/** Recoveries take seconds or hours: the axis is logarithmic. */
const TICKS = [100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 864_000_000];

interface Point {
  run: RunRow;
  measured: Measured;
}

/** RTO and RPO of an application over time; those of drills, if there are any, apart. */
function objectivePlots(runs: readonly RunRow[]): Html[] {
  const [moves, drills] = [runs.filter((run) => !inDrill(run)), runs.filter(inDrill)];
  const plots = (of: readonly RunRow[], where: string): Html[] => (of.length === 0 ? [] : [objectivePlot('RTO', of, where), objectivePlot('RPO', of, where)]);
  return [...plots(moves, ''), ...plots(drills, ' in drills')];
}

/** One objective over time, against what was wanted then. `where`: said behind its name. */
function objectivePlot(name: 'RTO' | 'RPO', runs: readonly RunRow[], where: string): Html {
  const points = runs.flatMap((run): Point[] => {
    const measured = name === 'RTO' ? run.rto : run.rpo;
    return measured === null || measured.verdict === 'not applicable' ? [] : [{ run, measured }];
  });
  const times = points.map(({ run }) => Date.parse(run.startedAt));
  const values = points.flatMap(({ measured }) => [measured.objectiveMs, ...(measured.actualMs === null ? [] : [measured.actualMs])]);
  const known = points.filter(({ measured }) => measured.actualMs !== null);
  if (known.length === 0) return html`<p class="none">${name}${where}: no run has measured it.</p>`;
  const y = scale(values);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const x = (run: RunRow): number => (first === last ? (LEFT + WIDTH - RIGHT) / 2 : LEFT + 10 + ((Date.parse(run.startedAt) - first) / (last - first)) * (WIDTH - LEFT - RIGHT - 20));
  const met = known.filter(({ measured }) => measured.verdict === 'met').length;
  const label = `${name}${where} over time: ${known.length} measured, ${met} met; the last ${formatMs(known.at(-1)?.measured.actualMs ?? 0)} of ${formatMs(known.at(-1)?.measured.objectiveMs ?? 0)}. The table below has every figure.`;
  return html`<figure><figcaption>${name}${where}</figcaption><svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${y.ticks.map((tick) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.at(tick)}" y2="${y.at(tick)}"/><text class="tick" x="${LEFT - 6}" y="${y.at(tick)}" dy="4" text-anchor="end">${formatRound(tick)}</text>`)}
${objectiveLine(points, x, y.at)}
<polyline class="way" points="${known.map(({ run, measured }) => `${x(run).toFixed(1)},${y.at(measured.actualMs ?? 0)}`).join(' ')}"/>
${points.map(({ run, measured }) => mark(measured, x(run), measured.actualMs === null ? undefined : y.at(measured.actualMs)))}
<text class="tick" x="${LEFT}" y="${HEIGHT - 8}">${utcDateTime(new Date(first).toISOString()).slice(0, 10)}</text><text class="tick" x="${WIDTH - RIGHT}" y="${HEIGHT - 8}" text-anchor="end">${utcDateTime(new Date(last).toISOString()).slice(0, 10)}</text>
</svg></figure>`;
}

/** A step where the objective was changed. */
function objectiveLine(points: readonly Point[], x: (run: RunRow) => number, y: (ms: number) => string): Html {
  const [firstPoint] = points;
  if (firstPoint === undefined) return html``;
  let path = `M${LEFT},${y(firstPoint.measured.objectiveMs)}`;
  for (const { run, measured } of points) path += `H${x(run).toFixed(1)}V${y(measured.objectiveMs)}`;
  return html`<path class="wanted" d="${path}H${WIDTH - RIGHT}"/>`;
}

/** A dot where it was met, a cross where it was missed, an open ring where only a bound is known, a bar at the foot where nothing is. */
function mark({ verdict }: Measured, x: number, y: string | undefined): Html {
  const at = x.toFixed(1);
  if (y === undefined) return html`<rect class="unknown" x="${(x - 1.5).toFixed(1)}" y="${HEIGHT - BOTTOM - 10}" width="3" height="10"/>`;
  if (verdict === 'met') return html`<circle class="good" cx="${at}" cy="${y}" r="4.5"/>`;
  if (verdict === 'missed') return html`<path class="cross" d="M${(x - 5).toFixed(1)},${(Number(y) - 5).toFixed(1)}l10,10m0,-10l-10,10"/>`;
  return html`<circle class="ring" cx="${at}" cy="${y}" r="4.5"/>`;
}

interface Scale {
  at: (ms: number) => string;
  ticks: number[];
}

function scale(values: readonly number[]): Scale {
  const floor = 100;
  const smallest = Math.max(floor, Math.min(...values));
  const largest = Math.max(smallest * 2, ...values);
  const low = TICKS.findLast((tick) => tick <= smallest) ?? floor;
  const high = TICKS.find((tick) => tick >= largest) ?? largest;
  const share = (ms: number): number => Math.log(Math.max(ms, low) / low) / Math.log(high / low);
  return { at: (ms) => (HEIGHT - BOTTOM - share(ms) * (HEIGHT - TOP - BOTTOM)).toFixed(1), ticks: TICKS.filter((tick) => tick >= low && tick <= high) };
}
