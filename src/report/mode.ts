import type { Evidence } from './evidence-schema.ts';

/** What must stand on every page of a report that is not of a run against AWS itself. */
export interface ModeMark {
  chip: string;
  ribbon: string;
}

/** Undefined only for a live run against AWS's own endpoints. */
export function modeMark(evidence: Evidence): ModeMark | undefined {
  switch (evidence.test.kind) {
    case 'lab':
      return { chip: 'LAB', ribbon: `LAB RUN: a two-region lab on one machine; ${outside(evidence)}` };
    case 'simulated':
      return { chip: 'SIMULATED', ribbon: 'SIMULATED RUN: a model in simulated time; nothing real was touched' };
    case 'live':
      return evidence.endpoints.length === 0
        ? undefined
        : { chip: 'NOT AWS ITSELF', ribbon: 'AWS ENDPOINTS OVERRIDDEN: this was not a run against AWS itself' };
  }
}

/** Custom steps may reach whatever they want, if a person lets them run. */
function outside({ steps }: Evidence): string {
  const ran = steps.filter(({ outside, acted }) => acted && outside !== null).map(({ id }) => id);
  return ran.length === 0 ? 'no AWS account was involved' : `these custom steps ran for real: ${ran.join(', ')}`;
}
