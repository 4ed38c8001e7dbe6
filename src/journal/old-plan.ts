import { approvalOf, originOf } from '../kinds/registry.ts';
import type { Plan } from '../model/plan.ts';
import type { PlanStep } from '../model/step.ts';

/**
 * A plan of a journal, whatever version has written it: what steps did not say then is added, so that old runs can be listed and
 * reported. They cannot be resumed (`PLAN_SCHEMA`).
 */
export function readablePlan(plan: Plan): Plan {
  if (plan.steps.every((step) => (step as Partial<PlanStep>).origin !== undefined)) return plan;
  return { ...plan, steps: plan.steps.map((step) => ({ ...step, origin: originOf(step.kind), env: [], ...approvalOf(step) })) };
}
