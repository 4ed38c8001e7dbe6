import { iso } from '../../base/clock.ts';
import type { ModeMark } from '../mode.ts';
import { type ApplicationView, applicationViews, isTest, type RunRow, type ToldRun } from './rows.ts';
import { plural } from '../../base/plural.ts';

/** Bumped when a field changes its meaning or goes away. */
const PACK_SCHEMA = 'dr.evidence/1';

/** Which runs a pack is about. Days in UTC, both included. */
export interface Period {
  from: string;
  to: string;
  /** How old a passed test may be, milliseconds. */
  dueMs: number;
}

/** Everything that the index of a pack says; the page is made from it alone. */
export interface PackDocument extends Period {
  schema: typeof PACK_SCHEMA;
  madeBy: { name: string; version: string };
  /** The end of the period: what is overdue is overdue then. */
  asOf: string;
  applications: ApplicationView[];
  /** Ids of runs before the period that are here because they say how things stand: the last green one, a move without a reprotect. */
  before: string[];
  /** Runs of the period whose journals cannot be read, and why. */
  damaged: { run: string; why: string }[];
  controls: (Control & { here: Shown[] })[];
}

export function startOf({ from }: Period): number {
  return Date.parse(`${from}T00:00:00Z`);
}

/** The first moment after the period. */
export function endOf({ to }: Period): number {
  return Date.parse(`${to}T00:00:00Z`) + 86_400_000;
}

/** Pure: the same runs and period give the same document. */
export function packDocument(runs: readonly ToldRun[], parts: { period: Period; damaged: PackDocument['damaged']; madeBy: PackDocument['madeBy'] }): PackDocument {
  const { period, damaged, madeBy } = parts;
  const asOf = endOf(period);
  const applications = applicationViews(runs, { asOf, dueMs: period.dueMs });
  const shown = shownIn(applications);
  return {
    schema: PACK_SCHEMA,
    madeBy,
    ...period,
    asOf: iso(asOf),
    applications,
    before: runs.flatMap(({ state }) => (state.startedAt < startOf(period) ? [state.run] : [])).sort(),
    damaged,
    controls: CONTROLS.map((control) => ({ ...control, here: control.shown.map((sort) => shown[sort]) })),
  };
}

/** A page that shows nothing of AWS itself says so at its head. */
export function packMark({ applications }: Pick<PackDocument, 'applications'>): ModeMark | undefined {
  if (applications.length === 0 || applications.some(({ mode }) => mode === 'live')) return undefined;
  return { chip: 'NO RUN ON AWS', ribbon: 'NO RUN ON AWS: every run here was made in a lab or simulated' };
}

/*
 * What a pack shows of controls that auditors ask about, and what it does not. Written from the public texts that are named here; a mapping
 * is a help to find evidence, and no opinion on whether a control is met.
 */

/** A sort of evidence that a pack may hold. */
type Sort = 'tests' | 'objectives' | 'data' | 'issues' | 'signOffs' | 'approvals' | 'wayBack' | 'trail';

export interface Control {
  framework: string;
  control: string;
  /** What it asks for, in our words. */
  asks: string;
  shown: readonly Sort[];
  notCovered: string;
}

const CONTROLS: readonly Control[] = [
  { framework: 'SOC 2', control: 'A1.2', asks: 'Recovery infrastructure and backups are built, run and watched.', shown: ['objectives', 'data'], notCovered: 'How the infrastructure was designed and approved, environmental protections, monitoring of backups between runs.' },
  { framework: 'SOC 2', control: 'A1.3', asks: 'Recovery procedures are tested, and plans are revised by what tests show.', shown: ['tests', 'objectives', 'issues', 'signOffs'], notCovered: 'Scenarios other than the loss of a region, absence of key people, integrity of backups that no run has restored.' },
  { framework: 'ISO 22301:2019', control: '8.5', asks: 'An exercise programme at planned intervals, with scenarios, reports and improvements.', shown: ['tests', 'issues', 'signOffs'], notCovered: 'The programme itself, exercises of people, suppliers and premises, and how far exercises cover the business impact analysis.' },
  { framework: 'ISO 22301:2019', control: '8.6', asks: 'Continuity documents and capabilities are evaluated after tests and incidents.', shown: ['issues', 'signOffs'], notCovered: 'Reviews by management, evaluation of suppliers.' },
  { framework: 'ISO/IEC 27001:2022', control: 'A.5.29', asks: 'Information security is kept during a disruption.', shown: ['approvals', 'trail'], notCovered: 'Security controls of the recovery site: no run compares them with those of the primary site.' },
  { framework: 'ISO/IEC 27001:2022', control: 'A.5.30', asks: 'ICT readiness is planned, kept and tested by continuity objectives.', shown: ['tests', 'objectives', 'wayBack'], notCovered: 'The business impact analysis from which objectives come.' },
  { framework: 'DORA (EU) 2022/2554', control: 'Art. 11(6)', asks: 'Continuity and recovery plans are tested at least yearly and after substantive changes, with switchovers to redundant capacity.', shown: ['tests', 'objectives', 'wayBack'], notCovered: 'Scenarios of cyber-attacks, crisis communication, plans of ICT providers.' },
  { framework: 'DORA (EU) 2022/2554', control: 'Art. 12', asks: 'Restoration and recovery with recovery time and point objectives, and checks that data are whole.', shown: ['objectives', 'data'], notCovered: 'Backup policy, separation of backup systems, reconciliation with other parties.' },
  { framework: 'RTS (EU) 2024/1774', control: 'Art. 24–26', asks: 'Continuity plans are tested by documented results, deficiencies are analysed and reported to management.', shown: ['tests', 'issues', 'signOffs'], notCovered: 'The policy, the test plan over all critical functions, reports to the management body.' },
  { framework: 'FFIEC BCM', control: 'VII', asks: 'Exercises and tests are planned, measured against objectives, reported, and followed up.', shown: ['tests', 'objectives', 'issues'], notCovered: 'The enterprise-wide programme, tests with third parties, independent review of the tests.' },
  { framework: 'NIST SP 800-53 Rev. 5', control: 'CP-4', asks: 'The contingency plan is tested, results are reviewed, corrections are begun.', shown: ['tests', 'issues', 'signOffs'], notCovered: 'Coordination with related plans (CP-4(1)), how often the organization decided to test.' },
  { framework: 'NIST SP 800-53 Rev. 5', control: 'CP-10', asks: 'The system is recovered and brought back to a known state within its objectives.', shown: ['objectives', 'data', 'wayBack'], notCovered: 'Reconstitution of what the runbook does not name.' },
  { framework: 'NIST SP 800-53 Rev. 5', control: 'AU-3, AU-10', asks: 'Records say what, when, where, by whom and with which outcome, and cannot be denied.', shown: ['trail', 'approvals', 'signOffs'], notCovered: 'Audit records of AWS itself (CloudTrail): request ids lead there.' },
  { framework: 'HIPAA', control: '164.308(a)(7)(ii)(B)', asks: 'Procedures restore lost data.', shown: ['data'], notCovered: 'Data outside the databases of the runbook.' },
  { framework: 'HIPAA', control: '164.308(a)(7)(ii)(D)', asks: 'Contingency plans are tested and revised from time to time.', shown: ['tests', 'issues', 'signOffs'], notCovered: 'Emergency mode operation, revision of the written plan.' },
  { framework: 'PCI DSS v4', control: '12.10.2', asks: 'The incident response plan, with its recovery procedures, is reviewed and tested at least once a year.', shown: ['tests', 'issues'], notCovered: 'All parts of incident response but recovery: detection, notification of payment brands, forensics.' },
];

/** What a pack holds of a sort of evidence, in words; `there` is false where it holds none. */
interface Shown {
  there: boolean;
  text: string;
}

/** What of each sort is there. Only runs on AWS are tests; rehearsals are counted apart. */
function shownIn(views: readonly ApplicationView[]): Record<Sort, Shown> {
  const all = views.flatMap(({ runs }) => runs);
  const live = all.filter(({ mode }) => mode === 'live');
  const tests = live.filter(isTest);
  const rehearsals = all.filter((row) => row.mode !== 'live' && isTest(row));
  const both = (row: RunRow): boolean => (row.rto?.actualMs ?? null) !== null && (row.rpo === null || row.rpo.verdict === 'not applicable' || row.rpo.actualMs !== null);
  const issues = views.flatMap((view) => view.issues);
  const open = issues.filter(({ closed }) => closed === null);
  const count = (n: number, what: [noun: string, rest: string], none: string): Shown => (n === 0 ? { there: false, text: none } : { there: true, text: `${plural(n, what[0])} ${what[1]}` });
  return {
    tests: count(tests.length, ['test', `on AWS (${tests.filter(({ verdict }) => verdict.word === 'met').length} met)${rehearsals.length === 0 ? '' : `; ${plural(rehearsals.length, 'rehearsal')} in a lab or simulated`}`], rehearsals.length === 0 ? 'no test' : `no test on AWS; ${plural(rehearsals.length, 'rehearsal')} in a lab or simulated, and that is no test on AWS`),
    objectives: count(tests.filter(both).length, ['test', 'on AWS with RTO and RPO measured'], 'no test on AWS with RTO and RPO measured'),
    data: count(live.filter(({ rpo }) => (rpo?.actualMs ?? null) !== null).length, ['run', 'on AWS with a bound on the loss of data and a write that was read back where SQL is possible'], 'no run on AWS with a bound on the loss of data'),
    issues: issues.length === 0 ? { there: false, text: 'no issue was noted' } : { there: true, text: `${plural(issues.length, 'issue')} with owner and due date, ${open.length} open` },
    signOffs: count(all.filter(({ signOffs }) => signOffs.some(({ verified }) => verified !== 'not valid')).length, ['run', 'signed off'], 'no run was signed off'),
    approvals: count(all.filter(({ approvals }) => approvals > 0).length, ['run', 'with signed approvals'], 'no run with a signed approval'),
    wayBack: count(live.filter(({ protection }) => protection.state === 'restored').length, ['run', 'on AWS that rebuilt a standby'], 'no run on AWS that rebuilt a standby'),
    trail: count(all.length, ['journal', 'with a chain of hashes, callers and AWS request ids'], 'no journal'),
  };
}
