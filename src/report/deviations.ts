import { iso } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import type { JournalRecord } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';
import type { Evidence, EvidenceStep } from './evidence-schema.ts';
import { formatMs } from './format.ts';

type Deviation = Evidence['deviations'][number];

/** Everything that did not go as planned, in the order of time where there is one. */
export function deviationsOf(state: RunState, records: readonly JournalRecord[], steps: readonly EvidenceStep[]): Deviation[] {
  const found = [...ofRun(state), ...records.flatMap(ofRecord), ...steps.flatMap(ofStep)];
  const order = ({ at }: Deviation): string => at ?? '';
  return found.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
}

function ofRun(state: RunState): Deviation[] {
  const found: Deviation[] = [];
  const add = (sort: string, text: string): void => {
    found.push({ step: null, sort, text, at: null });
  };
  // In the lab it could not be otherwise.
  for (const endpoint of state.mode === 'live' ? state.endpoints : []) add('endpoint', `AWS endpoint overridden: ${endpoint}`);
  if (state.git === undefined) add('runbook', 'the runbook is not in a Git repository: its version is known by its hash only');
  if (state.git?.dirty === true) add('runbook', 'the runbook’s repository had changes that were not committed');
  return found;
}

function ofRecord(record: JournalRecord): Deviation[] {
  const at = iso(record.at);
  switch (record.type) {
    case 'run.resumed':
      return [{ step: null, sort: 'resumed', text: `resumed by ${record.operator.user}@${record.operator.host}`, at }];
    case 'run.interrupted':
      return [{ step: null, sort: 'interrupted', text: `interrupted: ${record.signal}`, at }];
    case 'drill.kept':
      return [{ step: null, sort: 'kept', text: `the twins were kept after the drill, until ${iso(record.until)} at the latest`, at }];
    case 'undo.started':
      return [{ step: null, sort: 'rolled back', text: `the run rolled back: ${record.because}`, at }];
    case 'undo.done':
      return [{ step: record.step, sort: 'undone', text: 'undone', at }];
    case 'undo.failed':
      return [{ step: record.step, sort: 'not undone', text: `not undone: ${record.error.message}`, at }];
    case 'step.unclear':
      return [
        {
          step: record.step,
          sort: 'unclear',
          text: `attempt ${record.attempt} ${record.unsent === true ? 'sent no request' : 'gave no clear answer'} (${record.error.code}): ${record.error.message}`,
          at,
        },
      ];
    default:
      return [];
  }
}

function ofStep(step: EvidenceStep): Deviation[] {
  const found: Deviation[] = [];
  const add = (sort: string, text: string): void => {
    found.push({ step: step.id, sort, text, at: step.endedAt ?? step.startedAt });
  };
  if (step.ms !== null && step.expected.p95Ms > 0 && step.ms > step.expected.p95Ms) {
    add('slow', `took ${formatMs(step.ms)}, expected at most ${formatDuration(step.expected.p95Ms)} (p95)`);
  }
  if (step.attempts > 1) add('retried', `needed ${step.attempts} attempts`);
  for (const warning of step.warnings) add('warning', warning);
  if (step.state === 'failed') {
    const code = step.error === null ? '' : ` (${step.error.code})`;
    add(step.optional ? 'optional step failed' : 'failed', `${step.error?.message ?? step.because}${code}`);
  }
  if (step.state === 'refused' || step.check === 'refused') {
    add('refused', step.refusal === null ? step.because : `${step.refusal.rule}: ${step.refusal.observed}`);
  }
  if (step.state === 'unmet') add('guard', step.because);
  if (step.check === 'failed') add('check not made', step.error?.message ?? step.because);
  return found;
}
