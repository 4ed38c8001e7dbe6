import type { Plan } from '../plan/plan.ts';

/** An IAM policy document. */
export interface PolicyDocument {
  Version: '2012-10-17';
  Statement: { Effect: 'Allow'; Action: string[]; Resource: string[] }[];
}

/**
 * Everything the plan's steps need, one statement for each set of resources, sorted, so that equal plans give equal text.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function policyDocument(plan: Pick<Plan, 'steps'>): PolicyDocument {
  const actionsOf = new Map<string, Set<string>>();
  for (const { actions, resources } of plan.steps.flatMap((step) => step.permissions)) {
    const key = JSON.stringify([...new Set(resources)].sort());
    const known = actionsOf.get(key) ?? new Set();
    for (const action of actions) known.add(action);
    actionsOf.set(key, known);
  }
  return {
    Version: '2012-10-17',
    Statement: [...actionsOf]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, actions]) => ({ Effect: 'Allow', Action: [...actions].sort(), Resource: JSON.parse(key) as string[] })),
  };
}
