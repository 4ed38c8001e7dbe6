import { iso } from '../base/clock.ts';
import type { JournalRecord } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';
import type { Evidence } from './evidence-schema.ts';

/** Lines a probe may have in the log, and changes in its table; a flapping one must not bury the rest. */
const PROBE_LINES = 50;

/** The run's turning points in the order in which they were recorded. */
export function logEvidence(state: RunState, records: readonly JournalRecord[]): Evidence['log'] {
  const log: Evidence['log'] = [];
  const probeLines = new Map<string, number>();
  const line = { crossed: false, past: new Set(pastTheLine(state)) };
  for (const record of records) {
    const text = sayRecord(record, line);
    if (text === undefined) continue;
    if (record.type === 'probe.changed') {
      const count = (probeLines.get(record.probe) ?? 0) + 1;
      probeLines.set(record.probe, count);
      if (count > PROBE_LINES) continue;
    }
    log.push({ at: iso(record.type === 'probe.changed' ? record.sampledAt : record.at), text });
  }
  return log.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function pastTheLine(state: RunState): string[] {
  return state.plan.steps.filter((s) => s.reversibility === 'point-of-no-return').map((s) => s.id);
}

function sayRecord(record: JournalRecord, line: { crossed: boolean; past: ReadonlySet<string> }): string | undefined {
  switch (record.type) {
    case 'run.started':
      return `run started by ${record.operator.identity}, confirmed ${CONFIRMED[record.confirmedBy]}`;
    case 'run.resumed':
      return `run resumed by ${record.operator.identity}`;
    case 'check.refused':
      return `check refused: ${record.step}: ${record.refusal.rule}`;
    case 'check.failed':
      return `check could not be made: ${record.step}: ${record.error.message}`;
    case 'checks.green':
      return 'every check is green';
    case 'step.intent':
      return sayIntent(record.step, record.attempt, line);
    case 'step.unclear':
      return `${record.step}: ${record.unsent === true ? 'nothing was changed' : 'no clear answer'}: ${record.error.message}`;
    case 'step.silent':
      return `${record.step}: ${record.because}`;
    case 'step.done':
      return `${record.step}: done`;
    case 'step.refused':
      return `${record.step}: refused: ${record.refusal.rule}${record.unsent === true ? '; nothing was changed' : ''}`;
    case 'step.failed':
      return `${record.step}: failed: ${record.error.message}`;
    case 'step.paused':
      return `${record.step}: a person is needed`;
    case 'undo.started':
      return record.operator === undefined ? `the run rolls back: ${record.because}` : `abort by ${record.operator.identity}: the run rolls back`;
    case 'drill.kept':
      return `the steps are over (${record.ended}); the twins are kept until ${iso(record.until)}`;
    case 'undo.done':
      return `${record.step}: undone`;
    case 'undo.failed':
      return `${record.step}: not undone: ${record.error.message}`;
    case 'probe.changed':
      return `probe ${record.probe}: ${record.up ? 'good' : 'bad'}${record.address === undefined ? '' : ` from ${record.address}`}`;
    case 'run.interrupted':
      return `run interrupted: ${record.signal}`;
    case 'run.finished':
      return `run finished: ${record.outcome}`;
    case 'issue.added':
      return `issue added by ${record.by.user}@${record.by.host}: ${record.issue.title}`;
    case 'issue.closed':
      return `issue ${record.number} closed by ${record.by.user}@${record.by.host}`;
    case 'impact.stated':
      return `impact at ${iso(record.impactAt)}, as ${record.by.user}@${record.by.host} says afterwards`;
    case 'run.signed':
      return `signed off on ${record.by.host} by ${record.by.user}`;
    default:
      return undefined;
  }
}

/** First attempts go without saying, except the one that crosses the line. */
function sayIntent(step: string, attempt: number, line: { crossed: boolean; past: ReadonlySet<string> }): string | undefined {
  if (line.past.has(step) && !line.crossed) {
    line.crossed = true;
    return `point of no return: ${step}`;
  }
  return attempt > 1 ? `${step}: attempt ${attempt}` : undefined;
}

/** How a run was confirmed, in words. */
export const CONFIRMED = {
  typed: 'by typing the name of the runbook',
  flag: 'by a flag on the command line',
  lab: 'by asking for the lab',
} as const;

/** The probes with their changes; the first ones only when there are too many. */
export function probeEvidence(state: RunState, records: readonly JournalRecord[]): Evidence['probes'] {
  return state.plan.probes.map((probe) => {
    const run = state.probes.get(probe.name);
    const changes = records.flatMap((r) => (r.type === 'probe.changed' && r.probe === probe.name ? [r] : []));
    return {
      name: probe.name,
      http: probe.http,
      everyMs: probe.everyMs,
      samples: run?.samples ?? 0,
      failed: run?.failed ?? 0,
      changes: changes.slice(0, PROBE_LINES).map((change) => ({
        at: iso(change.sampledAt),
        up: change.up,
        status: change.status,
        address: change.address ?? null,
        error: change.error ?? null,
      })),
      changesLeftOut: Math.max(0, changes.length - PROBE_LINES),
    };
  });
}
