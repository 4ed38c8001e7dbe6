import { html, type Html, type HtmlValue } from '../escape.ts';
import type { Evidence } from '../evidence-schema.ts';
import { plural } from '../../base/plural.ts';
import { boundAgainstLoss, formatMs, regionName, utcTime } from '../format.ts';
import type { ModeMark } from '../mode.ts';
import { NOTHING_PROMOTED } from '../objectives.ts';
import { requestedText } from '../requests.ts';
import { facts, list, notMeasured, pill, section, table, type Tone } from '../tables.ts';
import { objectiveTone } from './top.ts';
import { traitsOf } from '../../model/verb.ts';

/** Every objective with its verdict, and the rule that makes a run pass. */
export function objectivesSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  const rows = evidence.objectives.map((o) => [
    o.name,
    formatMs(o.objectiveMs),
    o.actualMs === null ? notMeasured('') : `${o.name === 'RPO' ? 'at most ' : o.atLeast ? 'at least ' : ''}${formatMs(o.actualMs)}`,
    pill(objectiveTone(o.verdict), o.verdict),
    o.because,
  ]);
  const columns = [{ head: 'Objective' }, { head: 'Required', number: true }, { head: 'Actual', number: true }, { head: 'Verdict' }, { head: 'Because' }];
  return section('Objectives', mark, table(columns, rows, mark, 'the plan has no objectives'), html`<p class="why">Pass rule. ${evidence.passRule}</p>`);
}

/** RPO, fence and data integrity of every database; in the lab, the truth beside the bound. */
export function dataSection(evidence: Evidence, mark: ModeMark | undefined): Html {
  if (traitsOf(evidence.test.verb).rebuilds) return standbySection(evidence, mark);
  const { databases, lab } = evidence;
  const applies = !evidence.objectives.some((o) => o.name === 'RPO' && o.verdict === 'not applicable');
  const columns = [
    { head: 'Database' },
    { head: 'Maximum loss', number: true },
    { head: 'Method', firm: true },
    { head: 'Lag in sample', number: true },
    { head: 'Age of sample', number: true },
    { head: 'Loss counted to (UTC)', number: true },
    { head: 'Because', wide: true },
  ];
  const rows = databases.map(({ name, promotion, requestedAt, rpo }) => [
    html`${name}${promotion === 'requested' && html` ${pill('bad', requestedText(requestedAt))}`}${promotion === 'not-requested' && applies && html` ${pill('warn', 'not promoted')}`}`,
    !applies ? 'does not apply' : rpo.boundMs === null ? notMeasured('') : `at most ${formatMs(rpo.boundMs)}`,
    rpo.method,
    orDash(rpo.lagMs),
    orDash(rpo.ageMs),
    rpo.outageAt === null ? '–' : utcTime(rpo.outageAt),
    applies ? rpo.because : NOTHING_PROMOTED,
  ]);
  return section(
    'Data',
    mark,
    html`<h3>Recovery point</h3>`,
    table(columns, rows, mark, 'The plan promotes no database: RPO not measured.'),
    html`<h3>Position of the data right before the promotion</h3>`,
    table([{ head: 'Database' }, { head: 'Position' }, { head: 'Read (UTC)', number: true }, { head: 'Because', wide: true }], databases.map(positionRow), mark, 'no database'),
    lab !== null && labTruth(lab, evidence),
    html`<h3>Fence: what kept the old writer from writing</h3>`,
    table([{ head: 'Database' }, { head: 'Verdict' }, { head: 'Because' }, { head: 'Evidence' }], databases.map(fenceRow), mark, 'no database'),
    html`<h3>Integrity: a write read back after the promotion</h3>`,
    table([{ head: 'Database' }, { head: 'Result' }, { head: 'Because' }, { head: 'Evidence' }], databases.map(canaryRow), mark, 'no database'),
  );
}

/** What follows the active side again, and what was kept. */
function standbySection({ standbys }: Evidence, mark: ModeMark | undefined): Html {
  const columns = [{ head: 'Database' }, { head: 'Region' }, { head: 'Standby' }, { head: 'Lag', number: true }, { head: 'Sampled (UTC)', number: true }, { head: 'Old instance, kept as' }];
  const rows = standbys.map(({ database, region, by, id, lagMs, sampledAt, kept }) => [
    database,
    regionName(region),
    id === '' ? notMeasured('not in sync') : by === 'backups' ? `backups of ${id}` : id,
    orDash(lagMs),
    sampledAt === null ? '–' : utcTime(sampledAt),
    kept ?? '–',
  ]);
  return section('Standbys', mark, table(columns, rows, mark, 'no standby was rebuilt'));
}

function orDash(ms: number | null): string {
  return ms === null ? '–' : formatMs(ms);
}

const FENCE_TONES: Readonly<Record<string, Tone>> = { fenced: 'good', 'source-down': 'good', 'read-only': 'good', attested: 'warn', undone: 'mute' };

function fenceRow({ name, fence }: Evidence['databases'][number]): HtmlValue[] {
  const tone = FENCE_TONES[fence.verdict ?? ''] ?? 'bad';
  const verdict = fence.verdict === null ? html`<span class="nm">not recorded</span>` : pill(tone, fence.verdict);
  return [name, verdict, fence.because, list(fence.details, '–')];
}

function positionRow({ name, position }: Evidence['databases'][number]): HtmlValue[] {
  const { by, lsn, replayedAt, lagMs, sampledAt, at, because } = position;
  const said =
    by === 'sql'
      ? `${lsn ?? ''}${replayedAt === null ? '' : `, last transaction of ${utcTime(replayedAt)}`}`
      : by === 'lag-sample' && sampledAt !== null
        ? `lag ${orDash(lagMs)} at ${utcTime(sampledAt)}`
        : html`<span class="nm">not known</span>`;
  return [name, said, at === null ? '–' : utcTime(at), because];
}

function canaryRow({ name, canary }: Evidence['databases'][number]): HtmlValue[] {
  const result =
    canary.verified === null ? html`<span class="nm">not measured</span>` : canary.verified ? pill('good', 'read back') : pill('bad', 'not read back');
  return [name, result, canary.because, list(canary.details, '–')];
}

function labTruth(lab: NonNullable<Evidence['lab']>, evidence: Evidence): Html {
  const bounds = evidence.databases.flatMap((db) => (db.rpo.boundMs === null ? [] : [db.rpo.boundMs]));
  const against = bounds.length === 0 ? html`<span class="nm">no bound to compare with</span>` : boundAgainstLoss(Math.max(...bounds), lab);
  return html`<h3>What the lab's ledger knows</h3>
${lab.boundHolds === false && html`<p class="alarm">The bound did not hold: more was lost than the measured RPO allows. This is a defect in the measurement.</p>`}
${facts([
  ['Bound against truth', against],
  ['Acknowledged orders', plural(lab.acknowledged, 'order')],
  ['Lost orders', plural(lab.lost, 'order')],
  ['Client saw it down', lab.clientDowntimeMs === null ? notMeasured('it saw no good response after') : formatMs(lab.clientDowntimeMs)],
  ['Database', lab.postgres === 'real' ? 'two real PostgreSQL servers in streaming replication' : 'a model: PostgreSQL did not run on this machine'],
])}`;
}
