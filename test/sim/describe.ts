import type { JournalRecord } from '../../src/journal/events.ts';

/** One record in one line. */
export function describeRecord(record: JournalRecord): string {
  const step = 'step' in record ? ` ${record.step}` : '';
  const because = 'because' in record ? `: ${record.because}` : '';
  const refusal = 'refusal' in record ? `: ${record.refusal.rule}: ${record.refusal.observed}` : '';
  const error = 'error' in record && typeof record.error === 'object' ? `: ${record.error.code}: ${record.error.message}` : '';
  const outcome = record.type === 'run.finished' ? `: ${record.outcome}` : '';
  return `■ ${record.seq} ${record.type}${step}${because}${refusal}${error}${outcome}`;
}
