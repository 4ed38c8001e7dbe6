import { MUTATIONS, nameOf } from '../aws/operations.ts';

/** Whether a request to AWS changes something: those that read are never asked whether this runner may continue. */
export function isMutation({ service, operation }: { service: string; operation: string }): boolean {
  return MUTATIONS.has(nameOf(service, operation));
}
