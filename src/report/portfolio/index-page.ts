import { formatDuration } from '../../base/duration.ts';
import { plural } from '../../base/plural.ts';
import { html, type Html } from '../escape.ts';
import { formatMs, routeText, utcDateTime } from '../format.ts';
import { renderPage } from '../html.ts';
import type { ModeMark } from '../mode.ts';
import { objectiveTone, verdictTone } from '../sections/top.ts';
import { code, list, pill, section, table, type Tone } from '../tables.ts';
import { type PackDocument, packMark } from './pack-document.ts';
import { type ApplicationView, inDrill, type Measured, type RunRow } from './rows.ts';

/** Where an application was tested, on every row: a rehearsal is never taken for a test on AWS. */
export const MODES: Record<RunRow['mode'], [Tone, string]> = { live: ['good', 'AWS'], lab: ['warn', 'LAB'], simulated: ['warn', 'SIMULATED'] };

export function renderIndex(pack: PackDocument): string {
  const mark = packMark(pack);
  return renderPage({
    title: `Evidence of recovery, ${pack.from} to ${pack.to}`,
    mark,
    main: [top(pack), applications(pack, mark), overdue(pack, mark), issues(pack, mark), runs(pack, mark), verification(mark), controls(pack, mark), limits(pack, mark)],
    footer: `Made by ${pack.madeBy.name} ${pack.madeBy.version} from the journals in this folder and nothing else, as of ${utcDateTime(pack.asOf)}.`,
  });
}

/** What somebody reads who reads nothing else. */
function top(pack: PackDocument): Html {
  const live = pack.applications.filter(({ mode }) => mode === 'live');
  const late = live.filter(({ overdue: why }) => why !== null);
  const bare = pack.applications.filter(({ unprotectedSince }) => unprotectedSince !== null);
  const open = pack.applications.flatMap((view) => view.issues).filter(({ closed }) => closed === null);
  const good = live.length > 0 && late.length === 0 && bare.length === 0;
  const verdict = live.length === 0 ? 'No application has a run on AWS in this period.' : `${live.length - late.length} of ${plural(live.length, 'application')} on AWS met RTO and RPO in time.${bare.length === 0 ? '' : ` ${plural(bare.length, 'application')} without a standby.`}`;
  return html`<header>
<p class="over">Evidence of recovery</p>
<h1>${pack.from} to ${pack.to}</h1>
<p class="sub">${plural(pack.applications.reduce((sum, view) => sum + view.runs.length, 0), 'run')} · a test is due again after ${formatDuration(pack.dueMs)} and after a change of the runbook</p>
<p class="verdict ${good ? 'good' : 'warn'}">${verdict}</p>
</header>
<div class="cards">
${figure('Tests overdue on AWS', late.length, live.length === 0 ? 'No application has a run on AWS.' : late.map(({ name }) => name).join(', ') || 'none')}
${figure('Without a standby', bare.length, bare.map(({ name, unprotectedSince }) => `${name} since ${utcDateTime(unprotectedSince ?? '')}`).join(', ') || 'none, as far as these runs tell')}
${figure('Open issues', open.length, open.length === 0 ? 'none' : `the next is due on ${open.map(({ due }) => due).sort()[0] ?? ''}`)}
${figure('Journals that cannot be read', pack.damaged.length, pack.damaged.length === 0 ? 'none' : 'named below')}
</div>
`;
}

function figure(title: string, count: number, text: string): Html {
  return html`<div class="card"><h2>${title}</h2><p class="big">${count}</p><p>${text}</p></div>\n`;
}

const modePill = (mode: RunRow['mode']): Html => pill(...MODES[mode]);

/** `8.2 s of 15m`, with its verdict. */
export function measuredCell(measured: Measured | null): Html {
  if (measured === null) return html`<span class="why">does not apply</span>`;
  const { objectiveMs, actualMs, atLeast, verdict } = measured;
  const value = actualMs === null ? '' : `${atLeast ? '≥ ' : ''}${formatMs(actualMs)} `;
  return html`${value}<span class="why">of ${formatMs(objectiveMs)}</span> ${pill(objectiveTone(verdict), verdict)}`;
}

function applications(pack: PackDocument, mark: ModeMark | undefined): Html {
  const columns = [{ head: 'Application' }, { head: 'Where' }, { head: 'Runs', number: true }, { head: 'Last run that met its objectives' }, { head: 'RTO' }, { head: 'RPO' }, { head: 'Standby' }];
  const rows = pack.applications.map((view) => [
    html`${view.name}<span class="why">account ${view.account}</span>`,
    modePill(view.mode),
    view.runs.length,
    view.lastGreen === null ? html`<span class="nm">none</span>` : html`${utcDateTime(view.lastGreen.startedAt)}<span class="why">${view.lastGreen.verb}</span>`,
    shownRto(view),
    measuredCell(view.lastGreen?.rpo ?? newestMeasured(view)?.rpo ?? null),
    view.unprotectedSince === null ? 'no loss known' : html`${pill('bad', 'none')}<span class="why">since ${utcDateTime(view.unprotectedSince)}</span>`,
  ]);
  return section('Objectives against actual', mark, table(columns, rows, mark, 'There is no run in this period.'));
}

function shownRto(view: ApplicationView): Html {
  const row = view.lastGreen?.rto === undefined || view.lastGreen.rto === null ? newestMeasured(view) : view.lastGreen;
  return html`${measuredCell(row?.rto ?? null)}${row !== undefined && inDrill(row) && html`<span class="why">in a drill: without detection, fence and DNS</span>`}`;
}

function newestMeasured({ runs: rows }: ApplicationView): RunRow | undefined {
  return rows.findLast(({ rto }) => rto !== null);
}

function overdue(pack: PackDocument, mark: ModeMark | undefined): Html {
  const rows = pack.applications.flatMap((view) => (view.overdue === null ? [] : [[view.name, modePill(view.mode), view.overdue]]));
  return section('Overdue', mark, table([{ head: 'Application' }, { head: 'Where' }, { head: 'Why' }], rows, mark, 'Nothing is overdue.'));
}

function issues(pack: PackDocument, mark: ModeMark | undefined): Html {
  const rows = pack.applications.flatMap((view) => view.issues.map((issue) => [view.name, issue.title, issue.owner, issue.due, issue.closed === null ? pill('warn', 'open') : html`${pill('good', 'closed')}<span class="why">${issue.closed.note}</span>`, runLink(issue.run)]));
  const columns = [{ head: 'Application' }, { head: 'Issue', wide: true }, { head: 'Owner' }, { head: 'Due', firm: true }, { head: 'State' }, { head: 'Run' }];
  return section('Issues', mark, table(columns, rows, mark, 'No issue was noted.'));
}

function runLink(run: string): Html {
  return html`<a href="runs/${run}/report.html">${code(run)}</a>`;
}

function runs(pack: PackDocument, mark: ModeMark | undefined): Html {
  const before = new Set(pack.before);
  const columns = [{ head: 'Run' }, { head: 'Where' }, { head: 'What' }, { head: 'Result' }, { head: 'RTO' }, { head: 'RPO' }, { head: 'Signed off' }];
  const rows = pack.applications.flatMap((view) => view.runs).map((row) => [
    html`${runLink(row.run)}<span class="why">${utcDateTime(row.startedAt)}${before.has(row.run) && ', before the period'}</span>`,
    modePill(row.mode),
    html`${row.application}<span class="why">${row.live === undefined ? '' : 'live drill: '}${row.verb}, ${routeText(row.verb, row, (region) => region)}</span>`,
    html`${pill(verdictTone(row.verdict.word), row.verdict.word)}<span class="why">${plural(row.deviations, 'deviation')}</span>`,
    measuredCell(row.rto),
    measuredCell(row.rpo),
    list(row.signOffs.map(({ name, verified }) => html`${name} <span class="why">${verified === 'named' ? 'verified' : verified}</span>`), 'nobody'),
  ]);
  const damaged = table([{ head: 'Run' }, { head: 'Why' }], pack.damaged.map(({ run, why }) => [code(run), why]), mark, 'Every journal of the period can be read.');
  return section('Runs and drills', mark, table(columns, rows, mark, 'There is no run in this period.'), html`<h3>Journals that cannot be read</h3>`, damaged);
}

function verification(mark: ModeMark | undefined): Html {
  return section(
    'How to verify this folder',
    mark,
    html`<ol class="next">
<li>With dr, offline: ${code('dr verify .')} in this folder. ${code('--signers FILE')} names the keys that may sign, one a line: ${code('alice@example.com ssh-ed25519 AAAA…')}</li>
<li>The manifest with OpenSSH alone: ${code('ssh-keygen -Y verify -f allowed_signers -I NAME -n dr-evidence -s manifest.json.sig < manifest.json')}</li>
<li>Each file with any tool: ${code('manifest.json')} has the SHA-256 of each.</li>
<li>Each journal with any tool: each line holds, as ${code('hash')}, the SHA-256 of its other fields as JSON with sorted keys and no spaces, and, as ${code('prev')}, the hash of the line before.</li>
</ol>
<p class="why">A chain of hashes shows every change but one: anyone who may write a folder can write all of it again. What somebody has signed cannot be written again without their key. So compare the keys with a list that you have from somebody else.</p>`,
  );
}

function controls(pack: PackDocument, mark: ModeMark | undefined): Html {
  const rows = pack.controls.map((control) => [
    html`${control.framework}<span class="why">${control.control}</span>`,
    control.asks,
    list(control.here.map(({ there, text }) => html`${pill(there ? 'good' : 'warn', there ? 'here' : 'missing')} ${text}`)),
    control.notCovered,
  ]);
  const columns = [{ head: 'Control' }, { head: 'Asks for', wide: true }, { head: 'In this pack', wide: true }, { head: 'Not covered', wide: true }];
  return section('Controls', mark, html`<p class="why">Where evidence for a control is found, in our words. It is no opinion on whether the control is met.</p>`, table(columns, rows, mark, ''));
}

function limits(pack: PackDocument, mark: ModeMark | undefined): Html {
  return section(
    'What this folder does not show',
    mark,
    list([
      'Applications that have no run: a folder of runs cannot know of them. Compare with your own list of applications.',
      'Runs that were kept in another state, and runs whose journals were deleted.',
      'Whether an application has a standby where no run of it was begun, or where its standby was lost without a run.',
      `What was done after ${utcDateTime(pack.asOf)}.`,
      'Rehearsals in the lab and simulated runs show that the steps are in order. They are no tests on AWS, and are marked on every row.',
    ]),
  );
}
