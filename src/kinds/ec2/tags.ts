import type { Filter } from '../../aws/ec2.ts';

/** Tags by which instances are known again that a run has launched. */
export const RUNBOOK_TAG = 'dr:runbook';
export const COMPUTE_TAG = 'dr:compute';

/** With which a run launches instances of a compute resource. */
export function launchedTags(runbook: string, name: string): { Key: string; Value: string }[] {
  return [
    { Key: RUNBOOK_TAG, Value: runbook },
    { Key: COMPUTE_TAG, Value: name },
  ];
}

/** Finds the instances that runs of a runbook launched for one of its compute resources. */
export function launchedFilters(runbook: string, name: string, states: readonly string[]): Filter[] {
  return [
    { Name: `tag:${RUNBOOK_TAG}`, Values: [runbook] },
    { Name: `tag:${COMPUTE_TAG}`, Values: [name] },
    { Name: 'instance-state-name', Values: [...states] },
  ];
}
