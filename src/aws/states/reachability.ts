import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

/** What the status of an analysis of Reachability Analyzer means. */
export interface AnalysisMeaning {
  /** Does it say whether there is a path? */
  says: Answer;
  /** Is it over? */
  ended: Answer;
  note?: string;
}

export const ANALYSIS_STATUSES: StateTable<AnalysisMeaning> = {
  field: 'NetworkInsightsAnalysis.Status',
  page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInsightsAnalysis.html',
  states: {
    running: { says: 'no', ended: 'no' },
    succeeded: { says: 'yes', ended: 'yes', note: 'also where it has found no path' },
    failed: { says: 'no', ended: 'yes' },
  },
  unlisted: { says: 'unknown', ended: 'unknown' },
};

export function analysisStatus(status: string | undefined): Stated<AnalysisMeaning> {
  return stateIn(ANALYSIS_STATUSES, status);
}
